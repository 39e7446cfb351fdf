"""Working off many deliveries at once, one after the other at each destination, in one thread.

A delivery is a generator that yields the seconds it must wait before it can go on: what Slack asks for with a 429, say.
Meanwhile the other destinations go on. Each destination has a lane of its own, in which deliveries keep their order.
"""

import heapq
import itertools
from collections.abc import Generator, Hashable
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from cloudtrail_to_slack.clock import Clock
from cloudtrail_to_slack.errors import DeadlineExceededError

T = TypeVar("T")
Steps = Generator[float, None, T]  # yields seconds to wait


class Delivering(Protocol):
    """One delivery. Neither method raises."""

    def run(self) -> Steps[None]:
        """Do it; an DeadlineExceededError thrown in where it waits ends it."""

    def undone(self, code: str) -> None:
        """Note that it was not begun, or not ended."""


@dataclass(slots=True)
class _Lane:
    number: int
    waiting: list[tuple[Any, int, Delivering]] = field(default_factory=list)  # a heap
    current: Steps[None] | None = None
    delivery: Delivering | None = None  # what `current` is at
    not_before: float = 0.0
    served: int = 0
    spent: float = 0.0  # seconds

    @property
    def has_work(self) -> bool:
        return self.current is not None or bool(self.waiting)


class Scheduler:
    """The lanes of one invocation."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lanes: dict[Hashable, _Lane] = {}
        self._numbers = itertools.count()

    def add(self, lane: Hashable, order: Any, delivery: Delivering) -> None:  # noqa: ANN401 (whatever sorts)
        """Add a delivery to a lane; what has the smaller `order` comes first, what came first among equals."""
        known = self._lanes.setdefault(lane, _Lane(len(self._lanes)))
        heapq.heappush(known.waiting, (order, next(self._numbers), delivery))

    def run(self) -> None:
        """Work off everything, as long as there is time; what is left then is undone."""
        while busy := [lane for lane in self._lanes.values() if lane.has_work]:
            now = self._clock.now()
            # Of those that can go on, the one that has taken the least time, so that a destination that does not answer
            # delays no other; among equals, the one that has waited for its turn the longest.
            lane = min(busy, key=lambda lane: (max(lane.not_before, now), lane.spent, lane.served, lane.number))
            # With no time for the one that can go on first there is none for the others.
            if not self._clock.wait(max(lane.not_before - now, 0.0)):
                for each in busy:
                    _abandon(each)
                continue
            lane.served = next(self._numbers)
            start = self._clock.now()
            self._step(lane)
            lane.spent += self._clock.now() - start

    def _step(self, lane: _Lane) -> None:
        """Let a lane go on until it has to wait, or one delivery is done."""
        if lane.current is None:
            lane.delivery = heapq.heappop(lane.waiting)[2]
            lane.current = lane.delivery.run()
        try:
            lane.not_before = self._clock.now() + next(lane.current)
        except StopIteration:
            lane.current = None
            lane.not_before = 0.0


def _abandon(lane: _Lane) -> None:
    if lane.current is not None:
        if not _ended(lane.current) and lane.delivery:
            lane.delivery.undone(DeadlineExceededError.CODE)
        lane.current = None
    left, lane.waiting = lane.waiting, []
    for _, _, delivery in sorted(left, key=lambda entry: entry[:2]):
        delivery.undone(DeadlineExceededError.CODE)


def _ended(running: Steps[None]) -> bool:
    """Let it know that there is no time to wait; False when it would wait once more, for something else."""
    try:
        running.throw(DeadlineExceededError())
    except StopIteration:
        return True
    running.close()
    return False


def run_to_completion(clock: Clock, work: Steps[T]) -> T:
    """Run one piece of work by itself, waiting where it must; return what it gives.

    Raises:
        DeliveryError: as the work does; an DeadlineExceededError where there is no time to wait.
    """
    try:
        seconds = next(work)
        while True:
            seconds = next(work) if clock.wait(seconds) else work.throw(DeadlineExceededError())
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]  # typeshed does not tie it to the generator
