"""Timers that code under test sets, and CPU time compared with that of a fixed piece of work."""

import functools
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import pytest

from cloudtrail_to_slack import clock
from cloudtrail_to_slack.evaluation import file_evaluation

_NO_LIMIT_SECONDS = 600.0


@contextmanager
def given_back(number: signal.Signals, timer: int) -> Iterator[None]:
    """Check that the timer is off afterwards, and the handler what it was, but for one that ends the process."""
    before = signal.getsignal(number)
    yield
    assert signal.getitimer(timer) == (0.0, 0.0)
    assert before is signal.SIG_DFL or signal.getsignal(number) is before


def lift_real_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let calls take as long as they do, where a test has a clock of its own: a slow machine must change nothing."""
    for module in (clock, file_evaluation):
        monkeypatch.setattr(module, "interrupt_after", nullcontext)
    monkeypatch.setattr(clock, "_LEAST_TIMEOUT_SECONDS", _NO_LIMIT_SECONDS)


@functools.cache
def reference_seconds() -> float:
    """CPU time that a fixed piece of work takes here: about 0.05 s on a fast machine, and more on a slow one.

    What is limited to a multiple of it does not depend on how fast or busy the machine is.
    """
    times = []
    for _ in range(3):
        began = time.thread_time()
        sum(number % 7 for number in range(1_000_000))
        times.append(time.thread_time() - began)
    return min(times)
