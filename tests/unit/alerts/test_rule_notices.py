"""Notices about rules that raised an error, and about rules that cannot be used."""

import html
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudtrail_to_slack.alerts.notice import Notice
from cloudtrail_to_slack.alerts.self_notices import (
    rule_error_notices,
    unusable_rules_identity,
    unusable_rules_notice,
)
from cloudtrail_to_slack.config.loader import read_config
from cloudtrail_to_slack.config.rule_reader import RuleIssue
from cloudtrail_to_slack.destinations.slack.render.notice import notice_message
from cloudtrail_to_slack.destinations.sns.render import notice_to_sns
from cloudtrail_to_slack.errors import ConfigurationIssue
from cloudtrail_to_slack.ingest.payloads import LogFile
from cloudtrail_to_slack.rules import Severity
from cloudtrail_to_slack.rules.evaluation_errors import RuleErrorReport
from cloudtrail_to_slack_dev.fake_slack import violation
from support.samples import LOG_FILE
from support.slack_limits import assert_within_limits, texts_of
from support.slack_markup import assert_all_harmless, assert_escaped, assert_visible
from support.strategies import hostile_text, object_keys


def report(**changes: Any) -> RuleErrorReport:
    """A rule error with `changes`."""
    fields: dict[str, Any] = {
        "rule_name": "broken",
        "expression": 'event["a"] == 1',
        "cause": "KeyError: 'a'",
        "detail": "KeyError: 'a'",
        "events": 2,
        "event_ids": ("event-1", "event-2"),
        "log_file": LOG_FILE,
        "severity": Severity.HIGH,
        **changes,
    }
    return RuleErrorReport(**fields)


def shown(notice: Notice) -> str:
    """All texts of a notice's message, checked, as people see them."""
    assert_good(notice)
    return html.unescape("\n".join(texts_of(notice_message(notice).blocks)))


def assert_good(notice: Notice) -> None:
    """Assert that Slack and SNS take the notice, and that nothing in it does anything."""
    message = notice_message(notice)
    assert_within_limits(message.text, message.blocks)
    assert violation({"text": message.text, "blocks": message.blocks}, longest_text=4000) is None
    assert_all_harmless(texts_of(message.blocks))
    assert_escaped(message.text)
    assert_visible(message.text)
    assert json.loads(notice_to_sns(notice).body)


def test_rule_error() -> None:
    """A rule error shows the rule, its expression, its severity, what was raised, and on which events."""
    ((notice, covered),) = rule_error_notices([report()])
    found = shown(notice)
    parts = [
        "rule `broken`",
        '`event["a"] == 1`',
        "severity high",
        ":x: `KeyError: 'a'`",
        f"on 2 events, first in `{LOG_FILE.url}`",
        "`event-1`, `event-2`",
    ]
    assert [part for part in parts if part not in found] == []
    assert notice_message(notice).text == "rule broken raised an error and may miss events"
    assert covered == [report()]


def test_rule_error_as_sns_has_it() -> None:
    """In SNS a rule error has the rule's name and severity, and a string with the error and all ids."""
    ((notice, _),) = rule_error_notices([report()])
    message = notice_to_sns(notice)
    body = json.loads(message.body)
    assert (body["severity"], body["rules"], message.attributes["severity"]) == ("high", ["broken"], "high")
    assert all(part in body["error_message"] for part in ("event-1, event-2", "KeyError: 'a'", LOG_FILE.url))


def test_rule_error_of_a_rule_without_id() -> None:
    """A rule without an id is shown by its expression once, an event from EventBridge as such."""
    ((notice, _),) = rule_error_notices(
        [report(rule_name='event["a"] == 1', events=1, event_ids=("without id",), log_file=None, severity=None)]
    )
    found = shown(notice)
    assert "rule `" not in found
    assert "severity" not in found
    assert "on 1 event, first in `an event from EventBridge`" in found
    assert notice.severity is None


def test_many_events_are_listed() -> None:
    """The ids of a hundred events stand in one message; of more, as many as fit, and how many there are."""
    ids = tuple(f"01234567-89ab-cdef-0123-{number:012}" for number in range(500))
    ((notice, _),) = rule_error_notices([report(event_ids=ids[:100], events=100)])
    found = shown(notice)
    assert all(event_id in found for event_id in ids[:100])
    assert "more" not in found
    ((notice, _),) = rule_error_notices([report(event_ids=ids, events=12_345)])
    found = shown(notice)
    assert sum(event_id in found for event_id in ids) == 200
    assert "and 12,145 more; see the log for their IDs" in found
    assert "and 11,845 more; see the log for their IDs" in notice.text


@pytest.mark.parametrize("count", [1, 2, 30, 90])
def test_many_rule_errors(count: int) -> None:
    """However many rules raise, each is in one notice, in as few as Slack's limits ask for, and ten at most."""
    reports = [report(rule_name=f"rule-{number}-", detail="x" * 1000) for number in range(count)]
    notices = rule_error_notices(reports)
    found = "\n".join(shown(notice) for notice, _ in notices)
    assert all(f"`rule-{number}-`" in found for number in range(count))
    assert [each for _, covered in notices for each in covered] == reports
    assert len(notices) <= min(1 + count // 5, 10)


@pytest.mark.parametrize("most", [1, 3])
def test_very_many_rule_errors(most: int) -> None:
    """Beyond the limit of messages the least severe rules have a line each, and what has no room is counted."""
    reports = [report(rule_name=f"rule-{number}-" + "x" * 80) for number in range(500)]
    reports.append(report(rule_name="worst", severity=Severity.CRITICAL))
    notices = rule_error_notices(reports, most)
    assert len(notices) == most
    assert sorted(each.rule_name for _, covered in notices for each in covered) == sorted(
        each.rule_name for each in reports
    )
    assert "`worst`" in shown(notices[0][0])
    found = shown(notices[-1][0])
    listed = found.count("2 events, such as `event-1`")
    assert listed > 30
    assert f"and {len(notices[-1][1]) - listed} more rules; see the log" in found


def test_no_rule_errors() -> None:
    """Without rule errors there is no notice."""
    assert rule_error_notices([]) == []


def test_notices_about_the_same_events_are_the_same() -> None:
    """The identity of a notice depends on rule, cause and events, in whatever order, and on nothing else."""
    (one, _), (other, _) = (rule_error_notices([report(event_ids=ids)])[0] for ids in (("a", "b"), ("b", "a")))
    assert one.identity == other.identity
    others = [report(event_ids=("a",)), report(rule_name="x"), report(cause="x")]
    assert len({one.identity, *(rule_error_notices([each])[0][0].identity for each in others)}) == 4


def issues(*rules: Any) -> tuple[RuleIssue, ...]:
    """The issues of a configuration with these rules."""
    return read_config({"rules": list(rules)})[0].rule_issues


def test_unusable_rules() -> None:
    """A rule that cannot be used is shown by its place and id, with what is wrong, where, and what happens to it."""
    notice = unusable_rules_notice(issues({"id": "x", "expression": "event["}, {"expression": "True", "severty": 1}))
    found = shown(notice)
    for text in (found, notice.text):
        assert all(
            part in text for part in ("rules[0]", "left out", "event[", "rules[1]", "evaluated without the wrong part")
        )
        assert "severty: is not a known key" in text
    assert notice.title == "2 rules in the configuration cannot be used as written"
    assert "(id `x`)" in found


def test_one_unusable_rule() -> None:
    """A single rule that cannot be used is not spoken of in the plural."""
    notice = unusable_rules_notice(issues("event["))
    assert notice.title == "1 rule in the configuration cannot be used as written"
    assert "Correct it and deploy again." in shown(notice)


@pytest.mark.parametrize("count", [30, 2000])
def test_very_many_unusable_rules_are_one_notice(count: int) -> None:
    """Of very many rules that cannot be used as many are shown as there is room for, and the others counted."""
    notice = unusable_rules_notice(issues(*["event[" + "x" * 400] * count))
    found = shown(notice)
    listed = found.count("left out")
    assert listed > 5
    assert f"and {count - listed:,} more" in found
    assert f"and {count - listed:,} more" in notice.text


def test_a_rule_with_very_many_faults() -> None:
    """Of very many issues of a rule the first are shown and the others counted."""
    (issue,) = issues({"expression": "True", **{f"key-{number}": 1 for number in range(20)}})
    found = shown(unusable_rules_notice([issue]))
    assert ("key-4" in found, "key-5" in found, "and 15 more issues" in found) == (True, False, True)


def test_what_is_wrong_is_the_identity_of_unusable_rules() -> None:
    """Notices about the same issues have the same identity, and another fault gives another."""
    same = [unusable_rules_identity(issues("event[", 5)) for _ in range(2)]
    assert len({*same, unusable_rules_identity(issues("event[")), unusable_rules_identity(issues(5, "event["))}) == 3


def texts() -> st.SearchStrategy[str]:
    """Short, long and hostile texts."""
    return st.one_of(hostile_text(60), hostile_text(60).map(lambda text: text * 40))


@settings(deadline=None, max_examples=60)
@given(
    reports=st.lists(
        st.builds(
            RuleErrorReport,
            rule_name=texts(), expression=texts(), cause=texts(), detail=texts(), events=st.integers(1, 10**9),
            event_ids=st.lists(hostile_text(60), min_size=1, max_size=60).map(tuple),
            log_file=st.one_of(st.none(), st.builds(LogFile, st.just("trail-bucket"), object_keys())),
            severity=st.sampled_from([None, *Severity]),
        ),
        min_size=1, max_size=12,
    ),
    found=st.lists(
        st.builds(
            RuleIssue, texts(), st.one_of(st.none(), texts()),
            st.lists(st.builds(ConfigurationIssue, texts(), texts()), min_size=1, max_size=8).map(tuple), st.booleans(),
        ),
        min_size=1, max_size=40,
    ),
)  # fmt: skip
def test_any_notices(reports: list[RuleErrorReport], found: list[RuleIssue]) -> None:
    """Whatever rules are called and raise, and whatever is wrong with them, notices keep every limit and do nothing."""
    for notice, _ in [*rule_error_notices(reports), *rule_error_notices(reports, 1)]:
        assert_good(notice)
    assert_good(unusable_rules_notice(found))
