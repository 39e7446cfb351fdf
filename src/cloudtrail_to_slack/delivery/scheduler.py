"""Run many deliveries in one thread, one at a time for each destination.

A delivery is a generator that yields how many seconds it must wait before it can continue, such as after a 429 from
Slack. Meanwhile the other destinations continue. Each address has its own queue, which keeps its order.
"""

import heapq
import itertools
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any, Protocol

from cloudtrail_to_slack.clock import Clock
from cloudtrail_to_slack.errors import DeadlineExceededError
from cloudtrail_to_slack.retry import Steps


class Job(Protocol):
    """One delivery; neither method raises."""

    def run(self) -> Steps[None]:
        """Deliver it; a DeadlineExceededError thrown in while it waits ends it."""

    def fail(self, code: str) -> None:
        """Record that it was not started or not completed."""


@dataclass(slots=True)
class _Queue:
    number: int
    waiting: list[tuple[Any, int, Job]] = field(default_factory=list)  # a heap
    current: tuple[Job, Steps[None]] | None = None
    not_before: float = 0.0
    served: int = 0
    spent: float = 0.0  # seconds


class Scheduler:
    """The queues of one invocation."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._queues: dict[Hashable, _Queue] = {}
        self._numbers = itertools.count()

    def add(self, queue: Hashable, order: Any, job: Job) -> None:  # noqa: ANN401 (anything sortable)
        """Add a job to a queue, sorted by `order`; among equals, the one that was added first comes first."""
        known = self._queues.setdefault(queue, _Queue(len(self._queues)))
        heapq.heappush(known.waiting, (order, next(self._numbers), job))

    def run(self) -> None:
        """Run all jobs while there is time, then fail the rest."""
        while busy := [queue for queue in self._queues.values() if queue.current or queue.waiting]:
            now = self._clock.now()
            # Of those that can continue, choose the one that has taken the least time, so that a destination that does
            # not answer delays no other; among equals, the one that has waited the longest.
            queue = min(busy, key=lambda queue: (max(queue.not_before, now), queue.spent, queue.served, queue.number))
            # If there is no time to wait for this one, there is none for the others.
            if not self._clock.wait(max(queue.not_before - now, 0.0)):
                for each in busy:
                    _fail_all(each)
                continue
            queue.served = next(self._numbers)
            start = self._clock.now()
            self._step(queue)
            queue.spent += self._clock.now() - start

    def _step(self, queue: _Queue) -> None:
        """Continue a queue until it has to wait or one job is done."""
        if queue.current is None:
            job = heapq.heappop(queue.waiting)[2]
            queue.current = job, job.run()
        try:
            queue.not_before = self._clock.now() + next(queue.current[1])
        except StopIteration:
            queue.current = None
            queue.not_before = 0.0


def _fail_all(queue: _Queue) -> None:
    if queue.current:
        job, steps = queue.current
        queue.current = None
        try:
            steps.throw(DeadlineExceededError())
        except StopIteration:
            pass
        else:  # it would wait again, for something else
            steps.close()
            job.fail(DeadlineExceededError.CODE)
    left, queue.waiting = queue.waiting, []
    for _, _, job in sorted(left, key=lambda entry: entry[:2]):
        job.fail(DeadlineExceededError.CODE)
