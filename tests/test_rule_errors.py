"""Gathering what rules raise."""

from collections.abc import Sequence

from cloudtrail_to_slack.messages.slack_notices import RuleErrorReport
from cloudtrail_to_slack.rule_errors import RuleErrors
from cloudtrail_to_slack.rules import IgnoreRule, Rule, RuleProblem
from support.samples import LOG_OBJECT, event

BROKEN = Rule('event["a"] == 1', id="broken")
OTHER = IgnoreRule('event["b"] == 2')


def problem(
    rule: Rule | IgnoreRule = BROKEN, cause: str = "KeyError: 'a'", detail: str = "KeyError: 'a'"
) -> RuleProblem:
    """A rule's problem."""
    return RuleProblem(rule, cause, detail)


def reports(*problems: Sequence[RuleProblem]) -> list[RuleErrorReport]:
    """The reports after one event for each of the `problems`."""
    errors = RuleErrors()
    for number, found in enumerate(problems):
        errors.add(found, event(eventID=f"event-{number}"), LOG_OBJECT if number == 0 else None)
    return errors.reports


def test_no_errors() -> None:
    """Events without problems make no report."""
    assert reports([], []) == []


def test_once_a_rule_and_cause() -> None:
    """A rule that fails for one cause on many events is one report, which counts them and shows the first."""
    (report,) = reports([problem()], [problem(detail="KeyError: another")], [problem()])
    expected = RuleErrorReport("broken", BROKEN.expression, "KeyError: 'a'", "KeyError: 'a'", 3, "event-0", LOG_OBJECT)
    assert report == expected


def test_another_cause_or_rule_is_another_report() -> None:
    """Another cause, or another rule with the same cause, is a report of its own, in order of first occurrence."""
    found = reports([problem(), problem(OTHER)], [problem(cause="TypeError"), problem()])
    told = [(report.rule_name, report.cause, report.events) for report in found]
    assert told == [
        ("broken", "KeyError: 'a'", 2),
        (OTHER.expression, "KeyError: 'a'", 1),
        ("broken", "TypeError", 1),
    ]


def test_details_are_bounded() -> None:
    """An endless detail, which may quote the event, is kept short."""
    (report,) = reports([problem(detail="x" * 1_000_000)])
    assert report.detail == "x" * 1000
