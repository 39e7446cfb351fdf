"""The engine against its model: flatten the record, then evaluate each expression with a plain `eval`, in order."""

import gzip
import io
import json
from collections.abc import Iterator, Mapping
from datetime import date
from itertools import repeat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudtrail_to_slack.evaluation.prefilter import Prefilter
from cloudtrail_to_slack.events.event import flatten
from cloudtrail_to_slack.ingest.log_files import decode_record, read_stream
from cloudtrail_to_slack.rules import Evaluation, EventOutcome, IgnoreRule, Rule, RuleSet
from cloudtrail_to_slack.rules.packs import default_rules
from support.strategies import records

_TODAY = date(2026, 11, 21)
_CORPUS = Path(__file__).resolve().parents[4] / "shared" / "corpus" / "events.jsonl.gz"

# Expressions of every kind that the index distinguishes: of one field, none or several, raising, giving no boolean.
_FIELDS = ("eventName", "errorCode", "userIdentity.type", "eventSource", "userIdentity.arn", "readOnly", "a.b", "0")
_TEXTS = ("DeleteTrail", "AccessDenied", "Root", "cloudtrail.amazonaws.com", "", "x")


def _parts() -> st.SearchStrategy[str]:
    """Single conditions."""
    field, text = st.sampled_from(_FIELDS), st.sampled_from(_TEXTS)
    access = st.one_of(
        field.map(lambda key: f"event[{key!r}]"),
        field.map(lambda key: f"event.get({key!r})"),
        st.tuples(field, text).map(lambda pair: f"event.get({pair[0]!r}, {pair[1]!r})"),
    )
    forms = (
        "{a} == {t!r}", "{a} != {t!r}", "{a} in ({t!r}, {u!r})", "{a} not in [{t!r}]", "{a} is None", "{a}",
        "{a}.startswith({t!r})", "{a}.endswith(({t!r}, {u!r}))", "str({a}).startswith(({t!r}, {u!r}))",
        "not str({a}).startswith({t!r})", "not {a} == {t!r}", "{t!r} in str({a})", "{t!r} in {a}", "{t!r} in event",
        "{a} == {b}", "({a} == {t!r} or {a} == {u!r})", "({a} == {t!r} or {b} == {u!r})", "len(event) > 3",
        "any(value == {t!r} for value in event.values())", "({a} or {t!r}) == {t!r}", "{a} in {{{t!r}, {u!r}}}",
        "{a}.lower() == {t!r}", "1 / len({a}) > 0", "{a} == {t!r} == {u!r}", "True", "None",
    )  # fmt: skip
    return st.tuples(st.sampled_from(forms), access, access, text, text).map(
        lambda drawn: drawn[0].format(a=drawn[1], b=drawn[2], t=drawn[3], u=drawn[4])
    )


def _expressions() -> st.SearchStrategy[str]:
    return st.lists(_parts(), min_size=1, max_size=4).flatmap(
        lambda parts: st.sampled_from([" and ".join(parts), " or ".join(parts), f"({' and '.join(parts)}) and True"])
    )


def _log_records() -> st.SearchStrategy[Any]:
    """Records with the indexed fields set to what rules look for, or to what no field should be."""
    value = st.one_of(st.sampled_from(_TEXTS), st.none(), st.integers(0, 2), st.booleans(), st.just({"type": "Root"}))
    identity = st.one_of(st.dictionaries(st.sampled_from(("type", "arn", "accountId", "0")), value), value)
    fields = st.fixed_dictionaries(
        {},
        optional={
            "eventVersion": st.just("1.08"),
            "eventName": value,
            "errorCode": value,
            "eventSource": value,
            "userIdentity": identity,
            "userIdentity.type": value,
            "readOnly": value,
            "a": st.dictionaries(st.sampled_from(("b", "c")), value),
            "nested": st.lists(st.fixed_dictionaries({"eventVersion": st.just("1.08")}), max_size=3),
        },
    )
    return st.one_of(fields, fields, fields, records(), st.sampled_from([None, [], "text", 5]))


def _result(expression: str, event: Mapping[str, Any]) -> object:
    """Return True, False, or the name of the error that the plain way ends in."""
    try:
        result = eval(expression, {"event": event})  # noqa: S307 (the expressions above)
    except Exception as error:  # noqa: BLE001 (whatever a rule raises)
        return type(error).__name__
    return result if isinstance(result, bool) else f"gave {type(result).__name__}"


def _model(record: dict[str, Any], rules: list[str], ignore_rules: list[str]) -> tuple[object, ...]:
    """Return outcome, matches and problems as the plain way gives them, with the two liberties of the engine."""
    event = flatten(record)
    results = [_result(rule, event) for rule in rules]
    denied = str(event.get("errorCode")).startswith("AccessDenied")
    if all(result is False for result in results) and not denied:
        return EventOutcome.UNMATCHED, [], []
    problems: list[tuple[str, object]] = []
    for rule in ignore_rules:
        result = _result(rule, event)
        if result is True:
            return EventOutcome.IGNORED, [], problems
        problems += [(rule, result)] if result is not False else []
    matched = [rule for rule, result in zip(rules, results, strict=True) if result is True]
    problems += [(rule, result) for rule, result in zip(rules, results, strict=True) if isinstance(result, str)]
    return (EventOutcome.MATCHED if matched else EventOutcome.UNMATCHED), matched, problems


def _reported(evaluation: Evaluation) -> tuple[object, ...]:
    problems = [(problem.rule.expression, problem.cause.partition(":")[0]) for problem in evaluation.problems]
    return evaluation.outcome, [rule.expression for rule in evaluation.matched], problems


def _evaluated(content: bytes, rule_set: RuleSet) -> Iterator[tuple[object, tuple[object, ...]]]:
    """Yield each record of a log file with what the engine, its index and its windows say of it."""
    for window in read_stream(io.BytesIO(content), Prefilter(rule_set)):
        raws = window.records()
        for raw, concerned in zip(raws, window.scanned or repeat(None, len(raws)), strict=True):
            record = decode_record(raw)
            if concerned == 0 or not isinstance(record, dict):
                yield record, (EventOutcome.UNMATCHED, [], [])
            else:
                yield record, _reported(rule_set.evaluate(flatten(record), _TODAY, concerned))


@settings(deadline=None, max_examples=300)
@given(
    log=st.lists(_log_records(), max_size=6),
    rules=st.lists(_expressions(), max_size=6, unique=True),
    ignore_rules=st.lists(_expressions(), max_size=2, unique=True),
)
def test_the_engine_agrees_with_the_model(log: list[Any], rules: list[str], ignore_rules: list[str]) -> None:
    """On every record and rule set: the same rules match, the same raise, with the same error, and as many records."""
    rule_set = RuleSet(map(Rule, rules), map(IgnoreRule, ignore_rules))
    content = json.dumps({"Records": log}, separators=(",", ":")).encode()
    evaluated = list(_evaluated(content, rule_set))
    assert [record for record, _ in evaluated] == json.loads(content)["Records"]
    for record, reported in evaluated:
        if isinstance(record, dict):
            assert reported == _model(record, rules, ignore_rules)


@pytest.mark.long
@pytest.mark.skipif(not _CORPUS.exists(), reason="the corpus of real events is not beside this checkout")
def test_the_engine_agrees_with_the_model_on_real_events() -> None:
    """On each of some 2,000 real events the engine gives the default rules' and some more rules' plain results."""
    with gzip.open(_CORPUS) as lines:
        log = [json.loads(line)["event"] for line in lines]
    more = [
        "event['eventName'] == 'DescribeInstances'",
        "event['userIdentity.type'] == 'Root' and event['errorCode'] is None",
        "event.get('eventSource', '').startswith('s3') and event['requestParameters.bucketName'].islower()",
        "any(str(value).endswith('*') for value in event.values())",
    ]
    ignore_rules = ["event['sourceIPAddress'].endswith('.amazonaws.com')"]
    rules = [*(rule.expression for rule in default_rules("f")), *more]
    rule_set = RuleSet(map(Rule, rules), map(IgnoreRule, ignore_rules))
    evaluated = list(_evaluated(gzip.compress(json.dumps({"Records": log}, separators=(",", ":")).encode()), rule_set))
    assert len(evaluated) == len(log) > 2000
    assert [reported for _, reported in evaluated] == [_model(record, rules, ignore_rules) for record in log]


def test_the_index_leaves_few_records_to_look_at() -> None:
    """Of real-looking records that no rule can concern none is decoded in full, whatever the number of rules."""
    rules = [Rule(f"event.get('eventName') == 'Never{number}' and event['x'] == 1") for number in range(1000)]
    rule_set = RuleSet([*default_rules("f"), *rules], [])
    log = [{"eventVersion": "1.08", "eventName": "ListBuckets", "userIdentity": {"type": "IAMUser"}}] * 50
    content = json.dumps({"Records": log}, separators=(",", ":")).encode()
    windows = list(read_stream(io.BytesIO(content), Prefilter(rule_set)))
    assert [window.scanned for window in windows] == [[0] * 50]
