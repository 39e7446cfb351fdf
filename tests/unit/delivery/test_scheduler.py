"""Scheduler: many deliveries in one thread, each queue in its order, none holding up another."""

import contextlib
from dataclasses import dataclass, field

import pytest

from cloudtrail_to_slack.clock import Clock
from cloudtrail_to_slack.delivery.scheduler import Scheduler
from cloudtrail_to_slack.errors import DeadlineExceededError, TransientError
from cloudtrail_to_slack.retry import Steps, run_to_completion, with_retries
from support.still_clock import StillTime


@dataclass
class Task:
    """A delivery that waits for given seconds, and records when it is done."""

    name: str
    waits: list[float]
    time: StillTime
    log: list[str] = field(default_factory=list)

    def run(self) -> Steps[None]:
        """Wait, and be done."""
        try:
            yield from self.waits
        except DeadlineExceededError as error:
            self.log.append(f"{self.name} {error.code}")
            return
        self.log.append(f"{self.name} at {self.time.now:g}")

    def fail(self, code: str) -> None:
        """Write down that it was not begun."""
        self.log.append(f"{self.name} not begun: {code}")


def test_a_queue_that_waits_does_not_hold_up_another() -> None:
    """While one queue waits for ten seconds, another is done; the first keeps its order."""
    time, log = StillTime(), list[str]()
    scheduler = Scheduler(time.clock())
    scheduler.add("a", 1, Task("a1", [10], time, log))
    scheduler.add("a", 2, Task("a2", [], time, log))
    scheduler.add("b", 1, Task("b1", [1, 1], time, log))
    scheduler.run()
    assert log == ["b1 at 2", "a1 at 10", "a2 at 10"]


def test_a_queue_keeps_the_given_order_and_then_that_of_arrival() -> None:
    """What has the smaller order comes first, however it was added."""
    time, log = StillTime(), list[str]()
    scheduler = Scheduler(time.clock())
    for name, order in (("third", 2), ("first", 1), ("fourth", 2), ("second", 1)):
        scheduler.add("a", order, Task(name, [], time, log))
    scheduler.run()
    assert [line.split()[0] for line in log] == ["first", "second", "third", "fourth"]


def test_without_time_everything_left_is_abandoned() -> None:
    """When no one can go on before the invocation ends, what is under way ends and what waits is not begun."""
    time, log = StillTime(end=10), list[str]()
    scheduler = Scheduler(time.clock())
    scheduler.add("a", 1, Task("a1", [60], time, log))
    scheduler.add("a", 2, Task("a2", [], time, log))
    scheduler.add("b", 1, Task("b1", [2], time, log))
    scheduler.run()
    assert log == ["b1 at 2", "a1 out_of_time", "a2 not begun: out_of_time"]


def test_a_delivery_that_would_go_on_waiting_is_ended() -> None:
    """A job that waits once more after the deadline was thrown in is closed."""
    time = StillTime(end=5)
    closed: list[str] = []

    class Stubborn(Task):
        def run(self) -> Steps[None]:
            with contextlib.suppress(DeadlineExceededError):
                yield 60
            try:
                yield 60
            finally:
                closed.append(self.name)

    scheduler = Scheduler(time.clock())
    scheduler.add("a", 1, Stubborn("a1", [], time))
    scheduler.run()
    assert closed == ["a1"]


def test_work_alone_waits_by_itself() -> None:
    """`run_to_completion` waits where the work does, and raises if there is no time to."""
    time = StillTime(end=10)

    def work(seconds: float) -> Steps[str]:
        yield seconds
        return "done"

    assert run_to_completion(time.clock(), work(4)) == "done"
    assert time.now == 4
    with pytest.raises(DeadlineExceededError):
        run_to_completion(time.clock(), work(4))


def test_who_says_when_to_come_back_is_asked_again_and_again() -> None:
    """A destination that names a time is asked for as long as there is time; the last refusal is what is raised."""
    time, asked = StillTime(end=103), list[float]()

    def send() -> None:
        asked.append(time.now)
        raise TransientError("ratelimited", 10)

    with pytest.raises(TransientError, match="ratelimited"):
        run_to_completion(time.clock(), with_retries(send))
    assert asked == [0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100]


def test_a_request_takes_no_longer_than_the_invocation() -> None:
    """A request's time limit is what is left, less half the margin, and never nothing."""
    limits = [Clock(lambda left=left: left, margin=2.0).timeout(10) for left in (60.0, 5.0, 0.2)]  # type: ignore[misc]  # mypy and default arguments
    assert limits == [10, 4.0, 0.5]
