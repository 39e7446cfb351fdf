"""Virtual time, and tasks that take turns in it: races and waits that cost no time and happen again the same way.

Each task is a thread, but only one of them runs at a time: it keeps the turn until it sleeps, and every request it
makes is a short sleep. So two handlers interleave at their requests, in an order that depends on the seed alone.
"""

import heapq
import itertools
import random
import sys
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

_LONGEST_TURN_SECONDS = 180.0  # of real time; a turn has one request at most, and a client gives each up sooner


class StuckError(Exception):
    """A task does not give its turn back; the message has the stacks of all threads."""


class Killed(BaseException):
    """The process of a task has died: nothing that would catch an Exception gets to see it."""


class Interrupted(BaseException):
    """The time limit of a call is over, as where the code under test is interrupted by a signal."""


@dataclass(eq=False)
class Task:
    """Something that runs until it ends, until Lambda ends it at `deadline`, or until its process is `killed`.

    At `interrupt_at` the call that it makes is interrupted; None: it makes none with a limit.
    """

    number: int
    deadline: float
    gate: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    ended: bool = False
    killed: bool = False
    interrupt_at: float | None = None
    joined_by: list[Callable[[], None]] = field(default_factory=list)  # called when it has ended


class VirtualClock:
    """The one clock of a history, and the order in which things happen by it. `current` is the task that runs."""

    def __init__(self, start: float, chance: random.Random) -> None:
        self.now = start
        self.current: Task | None = None
        self._chance = chance
        self._numbers = itertools.count()
        self._coming: list[tuple[float, float, int, Callable[[], None]]] = []
        self._turn_ended = threading.Semaphore(0)

    def time(self) -> float:
        """Replace `time.time`."""
        return self.now

    def at(self, when: float, call: Callable[[], None]) -> None:
        """Call something at a time; what falls on the same time comes in random order."""
        heapq.heappush(self._coming, (when, self._chance.random(), next(self._numbers), call))

    def run(self) -> None:
        """Go on until nothing is coming."""
        while self._coming:
            when, _, _, call = heapq.heappop(self._coming)
            self.now = max(self.now, when)
            call()

    def begin(self, task: Task, work: Callable[[], None]) -> None:
        """Begin a task now; `work` raises nothing."""

        def body() -> None:
            task.gate.acquire()
            try:
                work()
            finally:
                task.ended = True
                for wake in task.joined_by:
                    self.at(self.now, wake)
                self._turn_ended.release()

        threading.Thread(target=body, daemon=True).start()
        self._give_turn(task)

    def sleep(self, seconds: float) -> None:
        """Replace `time.sleep`: let the others go on meanwhile.

        Raises:
            Killed: the task's deadline came first, or its process died meanwhile.
            Interrupted: the limit of the call that it makes came first.
        """
        task = self.current
        if task is None:
            return
        wakes = min(self.now + max(seconds, 0.0), task.deadline)
        interrupted = task.interrupt_at is not None and task.interrupt_at < wakes
        if interrupted:
            wakes = max(task.interrupt_at or 0.0, self.now)
        if self._coming and self._coming[0][0] <= wakes:
            self.at(wakes, partial(self._give_turn, task))
            self._turn_ended.release()
            task.gate.acquire()
        else:
            self.now = wakes
        _check_alive(task, self.now)
        if interrupted:
            raise Interrupted

    def join(self, other: Task, seconds: float) -> None:
        """Replace `Thread.join`: let the others go on until one of them has ended, for at most so many seconds.

        Raises:
            Killed: as `sleep`.
        """
        task = self.current
        assert task
        if not other.ended:
            wake = _once(partial(self._give_turn, task))
            other.joined_by.append(wake)
            self.at(min(self.now + seconds, task.deadline), wake)
            self._turn_ended.release()
            task.gate.acquire()
        _check_alive(task, self.now)

    def _give_turn(self, task: Task) -> None:
        self.current = task
        task.gate.release()
        if not self._turn_ended.acquire(timeout=_LONGEST_TURN_SECONDS):
            raise StuckError(f"task {task.number} has kept its turn for {_LONGEST_TURN_SECONDS:.0f} s:\n{_stacks()}")
        self.current = None


def _stacks() -> str:
    """Return where every thread is."""
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    frames = sys._current_frames().items()  # noqa: SLF001 (it is documented, for debugging)
    return "\n".join(f"{names.get(number)}:\n{''.join(traceback.format_stack(frame))}" for number, frame in frames)


def _check_alive(task: Task, now: float) -> None:
    if task.killed:
        raise Killed("killed while it waited")
    if now >= task.deadline:
        raise Killed("timed out")


def _once(call: Callable[[], None]) -> Callable[[], None]:
    """Return a function that makes a call the first time it is called."""
    calls = [call]
    return lambda: calls.pop()() if calls else None
