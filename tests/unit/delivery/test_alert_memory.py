"""How many large alerts may be in memory at once."""

from dataclasses import dataclass, field

import pytest

from cloudtrail_to_slack.delivery.limits import AlertMemory
from cloudtrail_to_slack.delivery.scheduler import Scheduler
from cloudtrail_to_slack.errors import DeadlineExceededError
from cloudtrail_to_slack.retry import Steps, run_to_completion
from support.still_clock import StillTime

_MEGABYTE = 1024**2


@dataclass
class Sending:
    """The delivery of an alert whose record has `size` bytes, to a destination that lets it wait ten seconds."""

    room: AlertMemory
    size: int
    made: list[int]
    most: list[int] = field(default_factory=list)

    def run(self) -> Steps[None]:
        """Make the alert, wait, and be done."""
        yield from self.room.wait_for(self.size)
        with self.room.reserve(self.size):
            self.made.append(self.size)
            self.most.append(sum(self.made))
            yield 10.0
            self.made.remove(self.size)

    def fail(self, code: str) -> None:
        """Fail: everything is to be sent."""
        raise AssertionError(code)


def _most_at_once(*sizes: int) -> tuple[int, float]:
    """Send an alert of each size to a destination of its own; return the most in memory, and how long it took."""
    time, room = StillTime(), AlertMemory()
    scheduler, made, most = Scheduler(time.clock()), list[int](), list[int]()
    for number, size in enumerate(sizes):
        scheduler.add(number, 0, Sending(room, size, made, most))
    scheduler.run()
    assert len(most) == len(sizes)
    assert not made
    return max(most), time.now


def test_large_alerts_wait_for_each_other() -> None:
    """However many destinations wait, only so much of large records is in memory at a time; one always fits."""
    most, seconds = _most_at_once(*[_MEGABYTE] * 6)
    assert most == 2 * _MEGABYTE
    assert 30 <= seconds < 31
    assert _most_at_once(3 * _MEGABYTE, 3 * _MEGABYTE)[0] == 3 * _MEGABYTE


def test_ordinary_alerts_wait_for_none() -> None:
    """Alerts of ordinary size go out at once, beside a large one too."""
    assert _most_at_once(3 * _MEGABYTE, *[8000] * 50) == (3 * _MEGABYTE + 50 * 8000, 10.0)


def test_without_time_to_wait_it_says_so() -> None:
    """Where the invocation ends before there is room, that is the error."""
    time, room = StillTime(end=5.0), AlertMemory()
    with room.reserve(3 * _MEGABYTE), pytest.raises(DeadlineExceededError):
        run_to_completion(time.clock(), room.wait_for(_MEGABYTE))
    run_to_completion(time.clock(), room.wait_for(_MEGABYTE))
    assert time.now < 5
