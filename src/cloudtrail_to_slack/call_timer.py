"""A time limit for a whole call. A client's own timeout bounds each wait on its socket, not the sum of the waits."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_REPEAT_SECONDS = 1.0  # an error raised inside a finalizer is swallowed; the next signal raises again


@contextmanager
def interrupt_after(seconds: float) -> Iterator[None]:
    """Raise TimeoutError in the block when it takes longer than `seconds`, as a socket does whose timeout passes.

    Only in the main thread, where Lambda runs the handler: signals reach no other. Elsewhere, or where the process
    uses the timer otherwise, the block runs without this limit.
    """
    if threading.current_thread() is not threading.main_thread() or signal.getitimer(signal.ITIMER_REAL)[0]:
        yield
        return
    running = True

    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        if running:  # a signal may be pending when the block ends
            raise TimeoutError("the call took too long")

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        signal.setitimer(signal.ITIMER_REAL, seconds, _REPEAT_SECONDS)
        yield
    finally:
        running = False
        signal.setitimer(signal.ITIMER_REAL, 0)
        if before is not signal.SIG_DFL:  # which ends the process, were a thread to get its signal only now
            signal.signal(signal.SIGALRM, before)
