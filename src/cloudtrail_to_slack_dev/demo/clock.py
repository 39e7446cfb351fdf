"""What time it is in the story."""

from datetime import datetime


class StoryClock:
    """The present, for the handler and for the fake Slack: it stands still, except when it is set or slept by.

    The story takes three quarters of an hour, and the demo some seconds. With this clock each log file arrives some
    minutes after its events, as it does at AWS.
    """

    def __init__(self, moment: datetime) -> None:
        self._seconds = moment.timestamp()

    def set(self, moment: datetime) -> None:
        """Set the clock."""
        self._seconds = moment.timestamp()

    def now(self) -> float:
        """Return the seconds since 1970."""
        return self._seconds

    def sleep(self, seconds: float) -> None:
        """Let the time pass without waiting."""
        self._seconds += seconds
