"""Gathering what rules raise."""

from collections.abc import Sequence

from cloudtrail_to_slack.rules import IgnoreRule, Rule, RuleProblem, Severity
from cloudtrail_to_slack.rules.evaluation_errors import MOST_IDS, RuleErrorReport, RuleErrors
from support.samples import LOG_FILE, event

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
        errors.add(
            found, event(eventID=f"event-{number}"), LOG_FILE if number == 0 else None, frozenset({f"m{number}"})
        )
    return errors.reports


def test_no_errors() -> None:
    """Events without problems make no report."""
    assert reports([], []) == []


def test_once_a_rule_and_cause() -> None:
    """A rule that fails for one cause on many events is one report, with their ids and all that asked for them."""
    (report,) = reports([problem()], [problem(detail="KeyError: another")], [problem()])
    assert report == RuleErrorReport(
        rule_name="broken",
        expression=BROKEN.expression,
        cause="KeyError: 'a'",
        detail="KeyError: 'a'",
        events=3,
        event_ids=("event-0", "event-1", "event-2"),
        log_file=LOG_FILE,
        severity=Severity.MEDIUM,
        message_ids=frozenset({"m0", "m1", "m2"}),
    )


def test_another_cause_or_rule_is_another_report() -> None:
    """Another cause, or another rule with the same cause, is a report of its own, in order of first occurrence."""
    found = reports([problem(), problem(OTHER)], [problem(cause="TypeError"), problem()])
    reported = [(report.rule_name, report.cause, report.events) for report in found]
    assert reported == [
        ("broken", "KeyError: 'a'", 2),
        (OTHER.expression, "KeyError: 'a'", 1),
        ("broken", "TypeError", 1),
    ]


def test_details_are_bounded() -> None:
    """An endless detail, which may quote the event, is kept short."""
    (report,) = reports([problem(detail="x" * 1_000_000)])
    assert report.detail == "x" * 1000


def test_ids_are_plain_and_bounded() -> None:
    """Of very many events the first ids are kept and all are counted; an id that is none is made harmless."""
    errors = RuleErrors()
    for event_id in ("", "\ud800<!channel>", "x" * 1000, *(f"event-{number}" for number in range(2 * MOST_IDS))):
        errors.add([problem()], event(eventID=event_id), LOG_FILE, frozenset())
    (report,) = errors.reports
    assert report.event_ids[:3] == ("without id", "???channel?", "x" * 64)
    assert (len(report.event_ids), report.events) == (MOST_IDS, 2 * MOST_IDS + 3)


def test_an_ignore_rule_has_no_severity() -> None:
    """The report of an ignore rule states no severity."""
    (report,) = reports([problem(OTHER)])
    assert report.severity is None
