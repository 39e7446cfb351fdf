"""The timer that ends rules which take long: when, where, and that nothing is left of it."""

import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from cloudtrail_to_slack.errors import RuleBudgetError
from cloudtrail_to_slack.rules import EventOutcome, IgnoreRule, Rule, RuleSet
from cloudtrail_to_slack.rules.expressions import time_limit
from cloudtrail_to_slack.rules.expressions.compile import compile_expression
from cloudtrail_to_slack.rules.expressions.time_limit import limited
from support.timers import given_back, reference_seconds

TODAY = date(2026, 3, 14)
EVENT = {"n": 10**6, "big": "a" * 250_000, "long": "ab" * 1_000_000, "missing": None}
SLOW = "any('bb' in x for x in [event['big']] for y in range(99_000))"
EARLIER = Rule("True", id="earlier")
LATER = Rule("True", id="later")


@pytest.fixture(autouse=True)
def _nothing_is_left() -> Iterator[None]:
    """After each test the timer is off, and the signal's handler is what it was, but for one that ends the process."""
    with given_back(signal.SIGPROF, signal.ITIMER_PROF):
        yield


def burn(seconds: float) -> None:
    """Use CPU time in code that is not a rule's."""
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        sum(range(1000))


def unrolled(part: str, times: int, between: str = " or ") -> str:
    """The same again and again without a loop; `#` is a number."""
    return between.join(part.replace("#", str(number)) for number in range(times))


def listed(part: str, times: int) -> str:
    """As many of the same in a list."""
    return f"len([{unrolled(part, times, ', ')}]) == 1"


UNROLLED = {
    "patterns": unrolled("re_search('(?:a?){500}b#', event['big'])", 32),
    "patterns of an event": unrolled("re_search('(?:a?){500}b' + str(event['missing']), event['big'])", 32),
    "globs": unrolled("glob('*a?a?a?*b#', event['big'])", 400),
    "lists of characters": listed("list(event['long'])", 32),
    "lists of characters, one by one": unrolled("len(list(event['long'])) == 1", 32),
    "parts": listed("event['long'].split('a')", 7),
    "parts, many": listed("event['long'].split('a')", 32),
    "sorted": unrolled("sorted(event['long']) == 1", 32),
    "copies": listed("event['long'].upper()", 1000),
    "slices": listed("event['long'][#:]", 1000),
    "an f-string": 'f"' + "{event['long']}" * 1000 + "\" == ''",
    "f-strings": listed("f\"{event['long']!r}#\"", 1000),
    "unpacked": f"len([{unrolled(chr(42) + chr(39).join(['event[', 'long', ']']), 1000, ', ')}]) == 1",
    "sums": unrolled("event['long'] + event['long'] == ''", 500),
    "searches": unrolled("'bbbb' in event['long']", 1600),
    "counts": unrolled("event['long'].count('bb') == 1", 900),
    "loops": unrolled("any(character == 'c' for character in event['long'][:90_000])", 300),
}


@pytest.mark.long_cases
@pytest.mark.parametrize("expression", UNROLLED.values(), ids=UNROLLED)
def test_unrolled_loops_end_too(expression: str) -> None:
    """What is written out many times instead of a loop ends just as a loop does, in little time and memory."""
    rules = RuleSet([EARLIER, Rule(expression, id="slow"), LATER], [])
    before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.thread_time()
    evaluation = rules.evaluate(EVENT, TODAY)
    took = time.thread_time() - began
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert [problem.cause for problem in evaluation.problems] in ([], ["RuleBudgetError"])
    assert evaluation.matched == (EARLIER, LATER)
    assert took < 100 * reference_seconds()
    assert grown < 130_000, "in KB"


@pytest.mark.parametrize("ignores", [False, True])
def test_a_slow_rule_is_a_rule_error(ignores: bool) -> None:  # noqa: FBT001 (which kind of rule)
    """A rule that takes too long is reported as one that raises; the rules before and after it count."""
    slow = IgnoreRule(SLOW) if ignores else Rule(SLOW)
    rules = [EARLIER, LATER] if ignores else [EARLIER, slow, LATER]
    evaluation = RuleSet(rules, [slow] if ignores else []).evaluate(EVENT, TODAY)  # type: ignore[arg-type,list-item]  # each where it belongs
    assert (evaluation.outcome, evaluation.matched) == (EventOutcome.MATCHED, (EARLIER, LATER))
    assert [(problem.rule, problem.detail) for problem in evaluation.problems] == [
        (slow, "RuleBudgetError: more than 0.5 seconds")
    ]


def test_an_expression_alone_has_the_limit_too() -> None:
    """An expression with a loop ends without an engine around it."""
    began = time.thread_time()
    with pytest.raises(RuleBudgetError, match=r"more than 0\.5 seconds"):
        compile_expression(SLOW)(EVENT)
    assert 0.3 < time.thread_time() - began < 100 * reference_seconds()


@pytest.mark.long
def test_many_short_evaluations_have_no_limit_together() -> None:
    """The limit is each evaluation's own: many of them may take longer within one call."""
    evaluate = compile_expression("any('bb' in x for x in [event['big']] for y in range(150))")

    def run() -> float:
        began, results = time.thread_time(), set()
        while time.thread_time() - began < 1:
            results.add(evaluate(EVENT))
        assert results == {False}
        return time.thread_time() - began

    assert limited(run) >= 1


@pytest.mark.long
def test_other_code_is_never_interrupted() -> None:
    """Code that is not a rule's may take as long as it takes, also between evaluations."""
    evaluate = compile_expression("any(x == 'c' for x in event['big'][:9000])")

    def run() -> str:
        for _ in range(3):
            burn(0.4)
            evaluate(EVENT)
        return "done"

    assert limited(run) == "done"


def test_what_is_raised_comes_through() -> None:
    """An error of the code inside leaves the timer off; a call inside another leaves the timer to the outer one."""
    with pytest.raises(ZeroDivisionError):
        limited(lambda: 1 / 0)

    def outer() -> bool:
        limited(burn, 0.01)
        return signal.getitimer(signal.ITIMER_PROF) != (0.0, 0.0)

    assert limited(outer)


def test_ticks_at_any_moment_leave_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls that begin and end while the timer ticks as fast as it can leave no signal to what comes after."""
    monkeypatch.setattr(time_limit, "TICK_SECONDS", 0.000_001)
    for _ in range(300):
        limited(burn, 0.001)
    burn(0.05)


def test_a_signal_from_elsewhere_does_nothing() -> None:
    """The signal sent by someone else is not a tick that ends anything."""
    evaluate = compile_expression("any(x == 'c' for x in event['big'][:9000])")

    def run() -> object:
        for _ in range(20):
            os.kill(os.getpid(), signal.SIGPROF)
        return evaluate(EVENT)

    assert limited(run) is False


def test_a_timer_of_someone_else_is_left_alone() -> None:
    """Where the timer is in use already it stays as it is, and guards still end a rule."""
    signal.setitimer(signal.ITIMER_PROF, 1000)
    try:
        assert limited(lambda: signal.getitimer(signal.ITIMER_PROF)[0]) > 900
        with pytest.raises(RuleBudgetError):
            compile_expression("event['big'] * 100 == ''")(EVENT)
        assert signal.getitimer(signal.ITIMER_PROF)[0] > 900
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def test_in_another_thread_the_guards_still_hold() -> None:
    """No signal reaches another thread: there is no timer, and what one operation makes is bounded anyway."""
    found: list[Any] = []

    def run() -> None:
        for expression in ("event['big'] * 100 == ''", "sum(range(event['n'])) == 1", "2 ** event['n'] == 1"):
            try:
                compile_expression(expression)(EVENT)
            except RuleBudgetError as error:
                found.append(str(error))
        found.append(limited(lambda: signal.getitimer(signal.ITIMER_PROF)))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert len(found) == 4
    assert found[3] == (0.0, 0.0)


_BUSY = """
import hashlib, threading, time
from cloudtrail_to_slack.clock import interrupt_after
from cloudtrail_to_slack.rules.expressions.time_limit import limited

def hash_on():
    while True:
        hashlib.sha256(bytes(3_000_000)).digest()

def work():
    end = time.perf_counter() + 0.004
    while time.perf_counter() < end:
        pass

for _ in range(3):
    threading.Thread(target=hash_on, daemon=True).start()
for _ in range(300):
    limited(work)
    try:
        with interrupt_after(0.0005):
            work()
    except TimeoutError:
        pass
"""


@pytest.mark.long
def test_a_signal_that_a_thread_gets_late_does_not_end_the_process() -> None:
    """The timers are started and stopped hundreds of times beside busy threads, and the process lives on."""
    ran = subprocess.run([sys.executable, "-c", _BUSY], capture_output=True, text=True, check=False, timeout=120)  # noqa: S603 (our own interpreter and code)
    assert (ran.returncode, ran.stderr) == (0, "")
