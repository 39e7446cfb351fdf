"""A time limit for rules: one timer for as many evaluations as a call makes.

The timer ticks by CPU time. A tick that finds the evaluation that an earlier one found, and the main thread
`MAX_CPU_SECONDS` further, raises RuleBudgetError in it; and only where the interrupted code is that of a rule or of its
budget, which keep nothing from one evaluation to the next: never in a library, in the engine or between evaluations.
Signals reach the main thread alone, and interrupt no call of C code: the budget bounds how much one call looks at.
"""

from __future__ import annotations

import signal
import threading
import time
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType
    from typing import ParamSpec

    P = ParamSpec("P")

from cloudtrail_to_slack.errors import RuleBudgetError
from cloudtrail_to_slack.rules.expressions.limits import MAX_CPU_SECONDS

T = TypeVar("T")

RULE_FILE = "<rule>"  # the file name of compiled rules
TICK_SECONDS = 0.1
_INTERRUPTIBLE = {RULE_FILE, __file__.replace("time_limit", "budget")}


class _Watch:
    """The evaluation that the last tick found, and the thread's CPU time when a tick first found it."""

    armed = False
    evaluation: FrameType | None = None
    since = 0.0


def limited(function: Callable[P, T], *args: P.args, **keywords: P.kwargs) -> T:
    """Call `function` with a limit on the time of each evaluation in it; nothing is left of the timer afterwards.

    Does no more than the call inside another one, outside the main thread, or where somebody else uses the timer.
    """
    if _Watch.armed or not _is_available():
        return function(*args, **keywords)
    before = signal.signal(signal.SIGVTALRM, _tick)
    _Watch.armed = True
    try:
        signal.setitimer(signal.ITIMER_VIRTUAL, TICK_SECONDS, TICK_SECONDS)
        return function(*args, **keywords)
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)  # first lets our handler have a signal that is pending
        _Watch.armed, _Watch.evaluation = False, None


def _is_available() -> bool:
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "setitimer"):
        return False
    free = signal.getitimer(signal.ITIMER_VIRTUAL) == (0.0, 0.0)
    return free and signal.getsignal(signal.SIGVTALRM) is not None  # None cannot be put back


def _tick(_signal: int, frame: FrameType | None) -> None:
    evaluation, outer = None, frame
    while outer:
        evaluation = outer if outer.f_code.co_filename == RULE_FILE else evaluation  # the outermost
        outer = outer.f_back
    now = time.thread_time()
    if evaluation is None or evaluation is not _Watch.evaluation:
        _Watch.evaluation, _Watch.since = evaluation, now
    elif now - _Watch.since > MAX_CPU_SECONDS - TICK_SECONDS and frame and frame.f_code.co_filename in _INTERRUPTIBLE:
        raise RuleBudgetError(f"more than {MAX_CPU_SECONDS} seconds")
