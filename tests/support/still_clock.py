"""A clock that stands still until something waits."""

from dataclasses import dataclass

from cloudtrail_to_slack.clock import Clock


@dataclass
class StillTime:
    """The time of an invocation that began at 0 and ends at `end`."""

    end: float = 1000.0
    now: float = 0.0

    def clock(self) -> Clock:
        """Return the clock of the invocation."""

        def sleep(seconds: float) -> None:
            self.now += seconds

        return Clock(lambda: self.end - self.now, now=lambda: self.now, sleep=sleep)
