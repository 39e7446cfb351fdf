"""Timers that code under test sets."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def given_back(number: signal.Signals, timer: int) -> Iterator[None]:
    """Check that the timer is off afterwards, and the handler what it was, but for one that ends the process."""
    before = signal.getsignal(number)
    yield
    assert signal.getitimer(timer) == (0.0, 0.0)
    assert before is signal.SIG_DFL or signal.getsignal(number) is before
