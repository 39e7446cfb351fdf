"""An invocation's clock: the current time, whether enough is left to wait, and how long a call may take."""

import math
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from cloudtrail_to_slack.errors import TransientError

_LEAST_TIMEOUT_SECONDS = 0.5
_MARGIN_SECONDS = 3.0  # kept for finishing cleanly
_MARGIN_SHARE = 0.2  # of a short invocation
_AFTER_THE_END = 2  # seconds: Lambda stops a function in time, give or take
_REPEAT_SECONDS = 1.0  # an error raised inside a finalizer is swallowed; the next signal raises again


class _Interrupted(BaseException):  # not an Exception: clients would treat it as a socket error and retry
    """A block has used up its time."""


class Clock:
    """Knows the time, and waits as long as the invocation's deadline allows.

    `remaining` returns the seconds until Lambda stops the function, infinite where nothing does; `margin` of them are
    kept for finishing cleanly. `now` returns the seconds since 1970.
    """

    def __init__(
        self,
        remaining: Callable[[], float],
        *,
        margin: float = _MARGIN_SECONDS,
        now: Callable[[], float] | None = None,
        sleep: Callable[[float], None] | None = None,
    ) -> None:
        self.remaining = remaining
        self.now = now or time.time
        self._margin = margin
        self._sleep = sleep or time.sleep

    def spare(self) -> float:
        """Return how many seconds the invocation has left, less those for finishing cleanly; may be infinite."""
        return self.remaining() - self._margin

    def has_time_for(self, seconds: float) -> bool:
        """Return whether the invocation has `seconds` to spare."""
        return seconds <= self.spare()

    def wait(self, seconds: float) -> bool:
        """Wait, and return True; return False at once if the invocation has no time for it."""
        if not self.has_time_for(seconds):
            return False
        if seconds > 0:
            self._sleep(seconds)
        return True

    def lease(self, most: float) -> float:
        """Return for how many seconds a lease lasts: until the invocation has surely ended, but at most `most`."""
        return min(self.remaining() + _AFTER_THE_END, most)

    def timeout(self, most: float) -> float:
        """Return how many seconds a request may take: at most `most`, and no more than the invocation has left."""
        return max(_LEAST_TIMEOUT_SECONDS, min(most, self.remaining() - self._margin / 2))

    @contextmanager
    def call(self, most: float) -> Iterator[float]:
        """Limit a whole request, and yield the seconds that it may take; see `timeout`.

        Raises:
            TransientError: it took longer.
        """
        seconds = self.timeout(most)
        try:
            with interrupt_after(seconds):
                yield seconds
        except TimeoutError:
            raise TransientError("timed_out") from None


def invocation_clock(context: Any) -> Clock:  # noqa: ANN401 (Lambda's, or none)
    """Return the clock of an invocation, from the context object that Lambda gives its handler."""
    in_millis = getattr(context, "get_remaining_time_in_millis", None)

    def remaining() -> float:
        return in_millis() / 1000 if callable(in_millis) else math.inf

    return Clock(remaining, margin=min(_MARGIN_SECONDS, remaining() * _MARGIN_SHARE))


@contextmanager
def interrupt_after(seconds: float) -> Iterator[None]:
    """Raise TimeoutError if the block takes longer than `seconds`: clients limit only each wait on a socket.

    This works only in the main thread, which receives signals, and where Lambda runs the handler. Elsewhere, or if the
    process already uses the timer, the block runs without this limit.
    """
    if threading.current_thread() is not threading.main_thread() or signal.getitimer(signal.ITIMER_REAL)[0]:
        yield
        return
    running = True

    def interrupt(_signal: int, frame: FrameType | None) -> None:
        # Not while the block is entered or left, where nothing would catch it: the next signal comes in the block. A
        # signal may also be pending when the block ends.
        if running and not (frame and frame.f_globals.get("__name__") == "contextlib"):
            raise _Interrupted

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        try:
            signal.setitimer(signal.ITIMER_REAL, seconds, _REPEAT_SECONDS)
            yield
        finally:
            running = False
    except _Interrupted:
        raise TimeoutError("the call took too long") from None
    finally:
        running = False  # the signal may have come just before it was set above
        signal.setitimer(signal.ITIMER_REAL, 0)
        if before is not signal.SIG_DFL:  # which would end the process if a signal were still pending
            signal.signal(signal.SIGALRM, before)
