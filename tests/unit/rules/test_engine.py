"""The evaluation of a set of rules on an event."""

import time
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudtrail_to_slack.errors import EvaluationTimeError, ExpressionError
from cloudtrail_to_slack.events.event import read_event
from cloudtrail_to_slack.rules import Evaluation, EventOutcome, IgnoreRule, Rule, RuleSet, engine
from cloudtrail_to_slack.rules.expressions.compile import Evaluate, compile_expression
from support.strategies import records

TODAY = date(2026, 3, 14)
EVENT = {"eventName": "StopLogging", "n": 5}
YES, NO, BROKEN = Rule("True", id="yes"), Rule("False", id="no"), Rule('event["missing"] == 1', id="broken")
QUIET, LOUD = IgnoreRule("True", id="quiet"), IgnoreRule("False", id="loud")


def evaluate(
    rules: list[Rule], ignore: list[IgnoreRule] | None = None, event: Mapping[str, Any] | None = None
) -> Evaluation:
    """The evaluation on the event."""
    return RuleSet(rules, ignore or []).evaluate(EVENT if event is None else event, TODAY)


def test_every_match_is_reported_in_order() -> None:
    """All rules that match are reported, in the order they stand."""
    also = Rule('event.get("eventName") == "StopLogging"')
    assert evaluate([also, NO, YES]) == Evaluation(EventOutcome.MATCHED, (also, YES))


@pytest.mark.parametrize("rules", [[], [NO]])
def test_unmatched(rules: list[Rule]) -> None:
    """An event that no rule matches is unmatched."""
    assert evaluate(rules) == Evaluation(EventOutcome.UNMATCHED)


def test_ignored_whatever_else_matches() -> None:
    """One ignore rule that matches silences every rule, and is named."""
    assert evaluate([YES], [LOUD, QUIET]) == Evaluation(EventOutcome.IGNORED, ignored_by=QUIET, silenced=(YES,))


def test_ignore_rules_are_not_asked_about_what_no_rule_matches() -> None:
    """An event that no rule matches or raises on is unmatched, whatever an ignore rule would say or raise."""
    assert evaluate([NO], [IgnoreRule("1 / 0 == 1"), QUIET]) == Evaluation(EventOutcome.UNMATCHED)
    assert evaluate([Rule("1 / 0 == 1")], [QUIET]).outcome is EventOutcome.IGNORED


def test_denied_calls_are_always_asked_about() -> None:
    """A denied call is counted as ignored when an ignore rule matches, though no rule matches it."""
    denied = {"errorCode": "AccessDeniedException"}
    assert RuleSet([NO], [QUIET]).evaluate(denied, TODAY).outcome is EventOutcome.IGNORED


@pytest.mark.parametrize(
    ("expires", "outcome"),
    [
        (None, EventOutcome.IGNORED),
        (TODAY + timedelta(days=1), EventOutcome.IGNORED),
        (TODAY, EventOutcome.IGNORED),
        (TODAY - timedelta(days=1), EventOutcome.MATCHED),
    ],
)
def test_expiry(expires: date | None, outcome: EventOutcome) -> None:
    """An ignore rule counts through the day it expires, and no longer."""
    assert evaluate([YES], [IgnoreRule("True", expires=expires)]).outcome is outcome


def test_an_expired_ignore_rule_is_not_evaluated() -> None:
    """An expired ignore rule that would raise reports nothing."""
    assert evaluate([YES], [IgnoreRule("1 / 0 == 1", expires=date(2020, 1, 1))]).problems == ()


def test_a_broken_rule_hides_no_other() -> None:
    """A rule that raises is reported, and the rules before and after it count."""
    evaluation = evaluate([YES, BROKEN, Rule("True", id="after")])
    assert [rule.id for rule in evaluation.matched] == ["yes", "after"]
    assert [(problem.rule, problem.cause) for problem in evaluation.problems] == [(BROKEN, "KeyError: 'missing'")]


def test_a_broken_ignore_rule_ignores_nothing() -> None:
    """An ignore rule that raises is reported and silences nothing; the next one may still."""
    broken = IgnoreRule('event["missing"] == 1')
    assert evaluate([YES], [broken]).outcome is EventOutcome.MATCHED
    evaluation = evaluate([YES], [broken, QUIET])
    assert (evaluation.outcome, evaluation.ignored_by) == (EventOutcome.IGNORED, QUIET)
    assert [problem.rule for problem in evaluation.problems] == [broken]


@pytest.mark.parametrize(
    ("expression", "kind"),
    [("1", "int"), ("0", "int"), ("'yes'", "str"), ("''", "str"), ("None", "NoneType"), ("[]", "list"),
     ("event", "dict"), ("1.0", "float"), ("(x for x in event)", "generator")],
)  # fmt: skip
def test_only_true_matches(expression: str, kind: str) -> None:
    """What is neither True nor False matches nothing and is a problem, however true it looks."""
    evaluation = evaluate([Rule(expression)], [IgnoreRule(expression)])
    assert evaluation.outcome is EventOutcome.UNMATCHED
    assert [problem.cause for problem in evaluation.problems] == [f"gave {kind}"] * 2


CAUSES = {
    'event["missing"] == 1': "KeyError: 'missing'",
    'event[event["eventName"]] == 1': "KeyError",
    "event[5] == 1": "KeyError",
    "1 / 0 == 1": "ZeroDivisionError",
    'event["n"].startswith("x")': "AttributeError",
    'int(event["eventName"]) == 1': "ValueError",
    "[x for x in event] and x": "NameError",
    "'x' * event['n'] * 10**18 == ''": "RuleBudgetError",
}


@pytest.mark.parametrize(("expression", "cause"), CAUSES.items())
def test_causes(expression: str, cause: str) -> None:
    """A cause distinguishes a rule's problems and holds only the rule's own words, never the event's."""
    (problem,) = evaluate([Rule(expression)]).problems
    assert problem.cause == cause
    assert problem.detail.startswith(cause.split(":", maxsplit=1)[0])


def test_the_detail_says_what_was_raised() -> None:
    """The detail is the error as Python shows it."""
    (problem,) = evaluate([Rule("int(event['eventName']) == 1")]).problems
    assert problem.detail == "ValueError: invalid literal for int() with base 10: 'StopLogging'"


def test_an_unusable_rule_is_refused_at_once() -> None:
    """A rule set with an expression that cannot be used is not made."""
    with pytest.raises(ExpressionError):
        RuleSet([YES], [IgnoreRule("open('x')")])
    with pytest.raises(ExpressionError):
        RuleSet([Rule("event[")], [])


def test_a_rule_is_named_by_its_id_or_expression() -> None:
    """The name is the id, and without one the expression."""
    assert [YES.name, Rule("True").name, QUIET.name, IgnoreRule("False").name] == ["yes", "True", "quiet", "False"]


EXPRESSIONS = (
    "True", "False", "None", "1 / 0 == 1", 'event["eventName"] == "StopLogging"', 'event.get("errorCode") is None',
    'event["userIdentity.type"] == "Root"', 'event.get("userAgent").startswith("aws")', 'len(event) > 5',
    'any("channel" in str(v) for v in event.values())', 'int(event.get("eventName")) == 1', 'event.get("eventName")',
)  # fmt: skip


@settings(deadline=None, max_examples=100)
@given(
    record=records(),
    rules=st.lists(st.sampled_from(EXPRESSIONS), max_size=6),
    ignore=st.lists(st.sampled_from(EXPRESSIONS), max_size=3),
)
def test_agrees_with_the_plain_way(record: dict[str, Any], rules: list[str], ignore: list[str]) -> None:
    """On any event the evaluation is what evaluating each expression in order gives, errors included."""
    flat = read_event(record).flat
    evaluation = RuleSet([Rule(text) for text in rules], [IgnoreRule(text) for text in ignore]).evaluate(flat, TODAY)

    def plainly(text: str) -> bool | None:
        try:
            result = eval(text, {"event": flat})  # noqa: S307 (the expressions above)
        except Exception:  # noqa: BLE001 (whatever a rule raises)
            return None
        return result if isinstance(result, bool) else None

    ignoring = [plainly(text) for text in ignore]
    results = [plainly(text) for text in rules]
    if not {True, None} & set(results) and not str(flat.get("errorCode")).startswith("AccessDenied"):
        assert evaluation == Evaluation(EventOutcome.UNMATCHED)
        return
    if True in ignoring:
        first = ignoring.index(True)
        assert evaluation.ignored_by == IgnoreRule(ignore[first])
        assert len(evaluation.problems) == ignoring[:first].count(None)
        return
    assert [rule.expression for rule in evaluation.matched] == [
        text for text, result in zip(rules, results, strict=True) if result
    ]
    assert evaluation.outcome is (EventOutcome.MATCHED if True in results else EventOutcome.UNMATCHED)
    assert len(evaluation.problems) == ignoring.count(None) + results.count(None)


def test_no_rule_is_evaluated_after_the_deadline() -> None:
    """Each rule has a limit of its own; when many together take too long, the rest are not evaluated."""
    rule_set = RuleSet([YES], [])
    with pytest.raises(EvaluationTimeError):
        rule_set.evaluate({}, TODAY, None, time.perf_counter())
    assert rule_set.evaluate({}, TODAY, None, time.perf_counter() + 60).matched == (YES,)


def test_rules_of_packs_are_compiled_when_first_evaluated(monkeypatch: pytest.MonkeyPatch) -> None:
    """A rule of a pack costs a cold start no compilation; one of the user's is compiled at once."""
    compiled: list[str] = []

    def counted(text: str) -> Evaluate:
        compiled.append(text)
        return compile_expression(text)

    monkeypatch.setattr(engine, "compile_expression", counted)
    own, shipped = "event['n'] == 1", "event['n'] == 2"
    rules = RuleSet([Rule(own), Rule(shipped, is_shipped=True)], [])
    assert own in compiled
    assert shipped not in compiled
    for _ in range(2):
        assert [rule.expression for rule in rules.evaluate({"n": 2}, TODAY).matched] == [shipped]
    assert compiled.count(shipped) == 1
