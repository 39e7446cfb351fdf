"""Limit the time and memory of evaluations, with one timer for all evaluations in a call.

Only the main thread receives signals, and they do not interrupt C code: guards bound how much one call can do.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any, TypeVar

from cloudtrail_to_slack.errors import RuleBudgetError
from cloudtrail_to_slack.rules.expressions.limits import MAX_CPU_SECONDS, MAX_MEMORY

T = TypeVar("T")
RULE_FILE = "<rule>"  # the file name of compiled rules
TICK_SECONDS = 0.005
# Modules that rules call, where an error may be raised: our own, and libraries that keep no state between calls.
_CALLED = {*(f"{__package__}.{name}" for name in ("guards", "functions")), "re2", "json", "json.decoder", "ipaddress"}
_MEMORY = Path("/proc/self/statm")  # in pages of 4 KB; other systems than Linux limit only time


class _Watch:
    """The evaluation that the last tick found, and the CPU time and memory when a tick first found it."""

    armed = False
    evaluation: FrameType | None = None
    since = 0.0
    memory = 0


def limited(function: Callable[..., T], *args: Any) -> T:  # noqa: ANN401 (those of the function)
    """Call `function` with limits for each evaluation in it; the timer is removed afterwards.

    Nested calls, other threads and processes that already use the timer get no limits from this call.
    """
    if _Watch.armed or not _is_available():
        return function(*args)
    before = signal.signal(signal.SIGPROF, _tick)
    _Watch.armed = True
    try:
        signal.setitimer(signal.ITIMER_PROF, TICK_SECONDS, TICK_SECONDS)
        return function(*args)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        if before is not signal.SIG_DFL:  # which would end the process if a signal were still pending
            signal.signal(signal.SIGPROF, before)
        _Watch.armed, _Watch.evaluation = False, None


def _is_available() -> bool:
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "setitimer"):
        return False
    return signal.getitimer(signal.ITIMER_PROF) == (0.0, 0.0) and signal.getsignal(signal.SIGPROF) is not None


def _tick(_signal: int, frame: FrameType | None) -> None:
    evaluation, outer = None, frame
    while outer:
        evaluation = outer if outer.f_code.co_filename == RULE_FILE else evaluation  # the outermost
        outer = outer.f_back
    if evaluation is None or evaluation is not _Watch.evaluation:
        _Watch.evaluation, _Watch.since, _Watch.memory = evaluation, time.thread_time(), (evaluation and _memory()) or 0
    elif frame and (frame.f_code.co_filename == RULE_FILE or frame.f_globals.get("__name__") in _CALLED):
        if time.thread_time() - _Watch.since > MAX_CPU_SECONDS - TICK_SECONDS:
            raise RuleBudgetError(f"more than {MAX_CPU_SECONDS} seconds")
        if _memory() - _Watch.memory > MAX_MEMORY:
            raise RuleBudgetError(f"more than {MAX_MEMORY:,} bytes of memory")


def _memory() -> int:
    """Return how many bytes of memory the process uses; 0: unknown."""
    try:
        return int(_MEMORY.read_bytes().split()[1]) * 4096
    except OSError:
        return 0
