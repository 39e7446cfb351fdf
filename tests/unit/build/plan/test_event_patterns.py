"""The event patterns derived from rules let through whatever the rules match, and keep to EventBridge's limits."""

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from moto.events.models import EventPattern

from cloudtrail_to_slack.events.event import flatten
from cloudtrail_to_slack.rules import Rule, RuleSet
from cloudtrail_to_slack.rules.packs import default_rules
from cloudtrail_to_slack_build.plan.alternatives import alternatives
from cloudtrail_to_slack_build.plan.patterns import MAX_PATTERN_CHARACTERS, event_patterns

_TODAY = date(2026, 11, 21)
_FIELDS = (
    "eventName", "errorCode", "eventSource", "awsRegion", "userIdentity.type", "userIdentity.sessionContext",
    "userIdentity.sessionContext.sessionIssuer.userName", "requestParameters.name", "requestParameters.0",
    "requestParameters.a.b", "additionalEventData.MFAUsed", "readOnly", "resources.0.ARN",
)  # fmt: skip
_TEXTS = ("DeleteTrail", "Delete", "Trail", "AccessDenied", "Root", "", "None", "True", "5", "e", "a<b", "é")


def _conditions() -> st.SearchStrategy[str]:
    """Single conditions, those a pattern can say and their near relations that it cannot."""
    field, text = st.sampled_from(_FIELDS), st.sampled_from(_TEXTS)
    access = st.one_of(
        field.map(lambda key: f"event[{key!r}]"),
        field.map(lambda key: f"event.get({key!r})"),
        st.tuples(field, text).map(lambda pair: f"event.get({pair[0]!r}, {pair[1]!r})"),
    )
    forms = (
        "{a} == {t!r}", "{t!r} == {a}", "{a} != {t!r}", "{a} in ({t!r}, {u!r})", "{a} in {{{t!r}}}",
        "{a} in [{t!r}, None]",
        "{a} in ()", "{a} not in [{t!r}]", "{a} is None", "{a} == 5", "{a}", "not {a} == {t!r}", "{t!r} in str({a})",
        "{a}.startswith({t!r})", "{a}.endswith(({t!r}, {u!r}))", "str({a}).startswith(({t!r}, {u!r}))",
        "str({a}).endswith({t!r})", "{a}.startswith({t!r}, 1)", "{a}.lower() == {t!r}", "{a} == {b}",
        "{a} == {t!r} == {u!r}", "({a} == {t!r} if {b} == {u!r} else {b} == {t!r})", "(({a} or {t!r}) == {t!r})",
        "any(value == {t!r} for value in event.values())", "True", "False", "None", "str(event) == {t!r}",
    )  # fmt: skip
    return st.tuples(st.sampled_from(forms), access, access, text, text).map(
        lambda drawn: drawn[0].format(a=drawn[1], b=drawn[2], t=drawn[3], u=drawn[4])
    )


def _expressions() -> st.SearchStrategy[str]:
    joined = st.recursive(
        _conditions(),
        lambda inner: st.tuples(st.lists(inner, min_size=2, max_size=3), st.sampled_from((" and ", " or "))).map(
            lambda drawn: f"({drawn[1].join(drawn[0])})"
        ),
        max_leaves=6,
    )
    return joined.filter(_is_valid)


def _is_valid(expression: str) -> bool:
    try:
        RuleSet([Rule(expression)], ())
    except ValueError:
        return False
    return True


def _records() -> st.SearchStrategy[dict[str, Any]]:
    """Records whose fields are what rules look for, or what no field should be; CloudTrail's own names hold no dot."""
    value = st.one_of(
        st.sampled_from(_TEXTS), st.sampled_from(_TEXTS), st.none(), st.integers(0, 9), st.booleans(),
        st.just(["Root"]), st.just({"ARN": "Root"}), st.just([{"ARN": "Root"}]),
    )  # fmt: skip
    issuer = st.one_of(st.fixed_dictionaries({}, optional={"userName": value}), value)
    context = st.one_of(st.fixed_dictionaries({}, optional={"sessionIssuer": issuer}), value)
    return st.fixed_dictionaries(
        {"mark": st.just("x")},
        optional={
            "eventName": value, "errorCode": value, "eventSource": value, "awsRegion": value, "readOnly": value,
            "userIdentity": st.one_of(
                st.fixed_dictionaries({}, optional={"type": value, "sessionContext": context}), value
            ),
            "requestParameters": st.one_of(
                st.fixed_dictionaries(
                    {}, optional={"name": value, "a": st.just({"b": "Root"}), "a.b": value, "0": value}
                ),
                value,
            ),
            "additionalEventData": st.fixed_dictionaries({}, optional={"MFAUsed": value}),
            "resources": st.just([{"ARN": "Root"}]),
        },
    )  # fmt: skip


def _envelope(record: Mapping[str, Any], **others: Any) -> dict[str, Any]:
    return {"source": "aws.cloudtrail", "detail-type": "AWS API Call via CloudTrail", "detail": dict(record), **others}


def _lets_through(patterns: list[str], envelope: dict[str, Any]) -> bool:
    """Ask the matcher of moto's bus."""
    return any(EventPattern.load(pattern).matches_event(envelope) for pattern in patterns)


@settings(deadline=None, max_examples=300)
@given(expressions=st.lists(_expressions(), min_size=1, max_size=5), log=st.lists(_records(), min_size=1, max_size=8))
def test_what_the_rules_match_is_let_through(expressions: list[str], log: list[dict[str, Any]]) -> None:
    """An event that a rule matches fulfils one of the patterns, unless the rule is one that no pattern speaks for."""
    said = [found for found in map(alternatives, expressions) if found is not None]
    patterns = event_patterns(alternative for found in said for alternative in found)
    spoken_for = RuleSet([Rule(text) for text in expressions if alternatives(text) is not None], ())
    for record in log:
        if spoken_for.evaluate(flatten(record), _TODAY).matched:
            assert _lets_through(patterns, _envelope(record)), (record, patterns)


@settings(deadline=None, max_examples=100)
@given(expressions=st.lists(_expressions(), max_size=5), log=st.lists(_records(), min_size=1, max_size=4))
def test_merging_and_packing_change_nothing(expressions: list[str], log: list[dict[str, Any]]) -> None:
    """The patterns of several rules let through what the rules' own patterns let through, and nothing else."""
    said = [found for found in map(alternatives, expressions) if found is not None]
    together = event_patterns(alternative for found in said for alternative in found)
    alone = [pattern for found in said for alternative in found for pattern in event_patterns([alternative])]
    for record in log:
        assert _lets_through(together, _envelope(record)) == _lets_through(alone, _envelope(record))


@pytest.mark.parametrize(
    "expression",
    [
        "'x' in str(event)",
        "event.get('eventName') != 'Decrypt'",
        "not event['eventName'].startswith('Get')",
        "event['awsRegion'] == 'eu-west-3'",
        "event['eventType'] == 'AwsApiCall' and event['recipientAccountId'] == '111122223333'",
        "event['recipientAccountId'] == '111122223333'",
        "event['eventName'] == 'A' or event['resources.0.ARN'] == 'x'",
        "event.get('eventName', 'A') == 'A'",
        "str(event.get('errorCode')).startswith('N')",
        "event['requestParameters.tags.a'] == 'x'",
        "re_search('A', event['eventName'])",
    ],
)
def test_what_a_pattern_cannot_say_is_left_to_the_log_files(expression: str) -> None:
    """A rule that says too little about its events, or nothing that a pattern can say, has no pattern."""
    assert alternatives(expression) is None


@pytest.mark.parametrize("expression", ["False", "event['eventName'] in ()", "event['eventName'] == 'A' and None"])
def test_a_rule_that_cannot_match_asks_for_nothing(expression: str) -> None:
    """Where no event can match there is no pattern, and nothing is left over either."""
    assert event_patterns(alternatives(expression) or []) == []
    assert alternatives(expression) == []


def test_conditions_on_other_fields_narrow_the_pattern() -> None:
    """All that a rule demands of an event is demanded by the pattern, not the name alone."""
    found = alternatives(
        "event['eventName'] == 'PutObject' and event.get('requestParameters.bucketName') in ('a', 'b')"
        " and event.get('userIdentity.sessionContext.sessionIssuer.userName') == 'ci' and len(event) > 3"
    )
    (pattern,) = event_patterns(found or [])
    assert json.loads(pattern)["detail"] == {
        "eventName": ["PutObject"],
        "requestParameters": {"bucketName": ["a", "b"]},
        "userIdentity": {"sessionContext": {"sessionIssuer": {"userName": ["ci"]}}},
    }


def test_two_conditions_on_one_field_leave_what_fits_both() -> None:
    """Names that the rule's other condition on the name excludes are not asked for."""
    found = alternatives(
        "event['eventName'].startswith('Delete') and event['eventName'] in ('DeleteTrail', 'StopLogging')"
    )
    (pattern,) = event_patterns(found or [])
    assert json.loads(pattern)["detail"] == {"eventName": ["DeleteTrail"]}


def test_rules_that_differ_in_one_field_share_a_pattern() -> None:
    """A thousand event names become lists in as few patterns as the limit allows."""
    rules = [f"event['eventName'] == 'Delete{'Thing' * 3}{number}'" for number in range(1000)]
    patterns = event_patterns(alternative for rule in rules for alternative in alternatives(rule) or [])
    names = [name for pattern in patterns for name in json.loads(pattern)["detail"]["eventName"]]
    assert len(names) == len(set(names)) == 1000
    assert len(patterns) < 25
    assert all(len(pattern) <= MAX_PATTERN_CHARACTERS for pattern in patterns)


@settings(deadline=None, max_examples=100)
@given(
    texts=st.lists(
        st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=600), min_size=1, max_size=12
    ),
    fields=st.lists(st.sampled_from(_FIELDS), min_size=1, max_size=4, unique=True),
)
def test_no_pattern_is_longer_than_eventbridge_takes(texts: list[str], fields: list[str]) -> None:
    """However long the texts of the rules, a pattern keeps to the limit, as Terraform writes it too."""
    expression = " and ".join(f"event[{field!r}] in {texts!r}" for field in fields)
    for pattern in event_patterns(alternatives(expression) or []):
        assert len(pattern) <= MAX_PATTERN_CHARACTERS
        assert json.loads(pattern)["detail"]
        assert not set(pattern) & set("<>&")


def test_long_lists_of_several_fields_do_not_multiply() -> None:
    """Of two long lists the names are asked for, and the other not: each part of one would need each of the other."""
    names = [f"DeleteSomething{number}" for number in range(400)]
    roles = [f"arn:aws:iam::111122223333:role/someone-{number}" for number in range(400)]
    issuer = "event.get('userIdentity.sessionContext.sessionIssuer.arn')"
    patterns = event_patterns(alternatives(f"event['eventName'] in {names!r} and {issuer} in {roles!r}") or [])
    assert len(patterns) < 10
    assert all(set(json.loads(pattern)["detail"]) == {"eventName"} for pattern in patterns)
    assert sorted(name for pattern in patterns for name in json.loads(pattern)["detail"]["eventName"]) == sorted(names)


def test_a_rule_with_very_many_alternatives_stays_small() -> None:
    """Conditions whose combinations would explode are let go; what is left still lets through what the rule matches."""
    either = "(event['requestParameters.{0}'] == 'x' or event['responseElements.{0}'] == 'x')"
    found = alternatives(" and ".join(either.format(letter) for letter in "ABCDEFGHIJKLMNOP"))
    assert found is not None
    assert 1 <= len(found) <= 64


def test_events_of_others_are_not_let_through() -> None:
    """What someone puts on the bus as if it came from CloudTrail has another source, and is left out."""
    patterns = event_patterns(alternatives("event['eventName'] == 'StopLogging'") or [])
    record = {"eventName": "StopLogging"}
    assert _lets_through(patterns, _envelope(record))
    assert not _lets_through(patterns, _envelope(record, source="com.example"))
    assert not _lets_through(patterns, _envelope(record, **{"detail-type": "Object Created"}))


def test_each_default_rule_has_a_pattern() -> None:
    """No default rule is left to the log files."""
    for rule in default_rules("cloudtrail-to-slack"):
        assert alternatives(rule.expression)
