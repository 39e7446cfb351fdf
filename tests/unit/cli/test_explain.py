"""The command `explain`: why an event alerts, or does not."""

import gzip
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudtrail_to_slack.config.loader import Config
from cloudtrail_to_slack.events.event import read_event
from cloudtrail_to_slack.rules import EventOutcome, IgnoreRule, Rule, RuleSet
from cloudtrail_to_slack.testing import make_event
from cloudtrail_to_slack_cli import options
from cloudtrail_to_slack_cli.decisions import decide
from cloudtrail_to_slack_cli.explanation import explanation_lines, explanation_object
from support.command_line import cloudtrail_to_slack, write
from support.strategies import records

CONFIG: dict[str, Any] = {
    "use_default_rules": False,
    "rules": [
        {
            "id": "deleted",
            "severity": "high",
            "expression": 'event.get("eventName") == "DeleteTrail" and not event.get("userIdentity.type") == "Root"',
        },
        {"id": "raises", "expression": 'event["nothing"] == 1 or True'},
    ],
    "ignore_rules": [
        {"id": "old", "expression": "True", "expires": "2020-01-31"},
        {"id": "region", "expression": 'event.get("awsRegion") == "eu-west-3"', "reason": "a drill"},
    ],
    "slack": {"default_channel_id": "C0DEFAULT", "routes": [{"accounts": ["111122223333"], "slack_channel_id": "C1"}]},
    "sns": {"default_topic_arn": "arn:aws:sns:eu-west-1:111122223333:alerts"},
}


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration with two rules, two ignore rules and routes."""
    return write(tmp_path, "config.json", json.dumps(CONFIG))


def explained(event: dict[str, Any], config: Path, *arguments: object) -> dict[str, Any]:
    """Return the explanation of an event as an object."""
    ran = cloudtrail_to_slack(
        "explain", "-", "--config", config, "--format", "json", *arguments, stdin=json.dumps(event)
    )
    assert (ran.code, ran.err) == (0, "")
    found: dict[str, Any] = json.loads(ran.out)
    return found


def test_an_alert_is_explained_to_its_end(config: Path) -> None:
    """The flattened event, every rule with its parts, the routes, and both messages."""
    found = explained(make_event("DeleteTrail"), config)
    assert found["event"]["userIdentity.userName"] == "alice"
    assert found["decision"] == "alert"
    deleted, raises = found["rules"]
    assert (deleted["rule"], deleted["result"], raises["result"]) == ("deleted", "match", "error")
    assert raises["error"] == "KeyError: 'nothing'"
    parts = deleted["trace"]["parts"]
    assert [(part["source"], part["value"]) for part in parts] == [
        ('event.get("eventName") == "DeleteTrail"', True),
        ('not event.get("userIdentity.type") == "Root"', True),
    ]
    assert parts[0]["reads"] == {"eventName": "'DeleteTrail'"}
    assert [each["result"] for each in found["ignore_rules"]] == ["expired", "no_match"]
    assert found["destinations"][0] == "Slack: channel C1 (the route of account 111122223333)"
    assert found["destinations"][1].endswith("the default channel C0DEFAULT")
    assert "share a thread" in found["destinations"][2]
    assert found["destinations"][3] == "SNS: arn:aws:sns:eu-west-1:111122223333:alerts (the default)"
    assert "alice called DeleteTrail" in found["slack"]["text"]
    assert found["sns"]["body"]["rules"] == ["deleted"]


def test_an_ignored_event_names_the_ignore_rule_and_its_reason(config: Path) -> None:
    """An ignored event says by which rule and why, and what it would have been."""
    event = make_event("DeleteTrail", awsRegion="eu-west-3")
    found = explained(event, config)
    assert (found["decision"], found["ignored_by"], found["ignore_reason"]) == ("ignored", "region", "a drill")
    ran = cloudtrail_to_slack("explain", "-", "--config", config, stdin=json.dumps(event))
    assert "it is ignored by region, because: a drill" in ran.out
    assert "otherwise it would alert: deleted" in ran.out
    assert "Where it would go" in ran.out


def test_an_event_without_alert_shows_what_decided(config: Path) -> None:
    """A rule that does not match shows the parts that were evaluated, and marks the one that decided."""
    event = make_event("DeleteTrail", userIdentity__type="Root")
    ran = cloudtrail_to_slack("explain", "-", "--config", config, "--rule", "deleted", stdin=json.dumps(event))
    assert 'event.get("userIdentity.type") == "Root" is True <- decided' in ran.out
    assert "it does not alert: no rule matches" in ran.out
    assert "reported as a rule error: raises: KeyError: 'nothing'" in ran.out
    assert 'event["nothing"]' not in ran.out  # another rule
    assert explained(event, config, "--rule", "raises")["rules"][0]["decided_by"] == 'event["nothing"] == 1'


def test_events_come_from_everywhere(tmp_path: Path, config: Path) -> None:
    """A record, a log file with --event-id, an envelope, a sample and standard input are read."""
    first, second = make_event("DeleteTrail"), {**make_event("StopLogging"), "eventID": "second"}
    log = tmp_path / "log.json.gz"
    log.write_bytes(gzip.compress(json.dumps({"Records": [first, second]}).encode()))
    ran = cloudtrail_to_slack("explain", log, "--event-id", "second", "--format", "json")
    assert json.loads(ran.out)["event"]["eventName"] == "StopLogging"
    envelope = write(tmp_path, "e.json", json.dumps({"detail-type": "AWS API Call via CloudTrail", "detail": first}))
    assert json.loads(cloudtrail_to_slack("explain", envelope, "--format", "json").out)["decision"] == "alert"
    sample = cloudtrail_to_slack("explain", "root-creates-access-key", "--format", "json")
    assert json.loads(sample.out)["rules"][3]["result"] == "match"
    piped = cloudtrail_to_slack("explain", "--format", "json", stdin=json.dumps(first))
    assert json.loads(piped.out)["event"]["eventName"] == "DeleteTrail"
    several = cloudtrail_to_slack("explain", log)
    assert several.code == 2
    assert "contains 2 records: choose one with --event-id, such as " in several.err
    assert " or second (StopLogging)\n" in several.err
    assert cloudtrail_to_slack("explain", log, "--event-id", "third\x1b[31m").err.endswith("eventID third\\u001b[31m\n")
    wrong = cloudtrail_to_slack("explain", "root-create-access-key")
    assert wrong.code == 3
    assert "did you mean root-creates-access-key?" in wrong.err
    unknown = cloudtrail_to_slack("explain", "-", "--config", config, "--rule", "delete", stdin=json.dumps(first))
    assert unknown.code == 2
    assert "there is no rule 'delete'; there are deleted, old, raises, region" in unknown.err


def test_what_lookup_events_prints_is_read() -> None:
    """The records that `aws cloudtrail lookup-events` prints are strings in a list; each is a record."""
    event = make_event("DeleteTrail")
    found = {"Events": [{"EventName": "DeleteTrail", "CloudTrailEvent": json.dumps(event)}]}
    for text in (found, found["Events"], found["Events"][0]):
        ran = cloudtrail_to_slack("explain", "--format", "json", stdin=json.dumps(text))
        assert json.loads(ran.out)["decision"] == "alert"
    assert cloudtrail_to_slack("explain", stdin='{"CloudTrailEvent": "{"}').code == 3


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (b"", ": is empty"),
        (b"{", ":1:2: is not JSON: Expecting property name enclosed in double quotes"),
        (b'{"eventName": "X"}\n{"eventName": \n', ":2:15: is not JSON: Expecting value"),
        (b'{"eventName": "X"}\n\xff', ":2: is not UTF-8"),
        (b"[" * 10**5, ":1: cannot be read: nested too deeply"),
        (b"1" * 10**4, ":1: cannot be read: a number has too many digits"),
        (b'{"use_default_rules": true}', ": contains no CloudTrail record"),
        (b'"DeleteTrail"', ": contains no CloudTrail record"),
    ],
)
def test_an_event_that_cannot_be_read_is_said(text: bytes, problem: str) -> None:
    """What is wrong with an event, and in which line, is said without a traceback; the exit code is 3."""
    ran = cloudtrail_to_slack("explain", "-", stdin=text)
    assert ran.code == 3
    assert ran.err.startswith(f"Error: standard input{problem}")


def test_events_in_yaml_are_as_json_has_them(tmp_path: Path) -> None:
    """A number as a key of a YAML event is text, as in JSON; a key that JSON cannot have is refused."""
    event = write(tmp_path, "e.yaml", "eventName: DeleteTrail\nrequestParameters: {1: 2, day: 2027-01-31}\n")
    flat = json.loads(cloudtrail_to_slack("explain", event, "--format", "json").out)["event"]
    assert flat == {"eventName": "DeleteTrail", "requestParameters.1": 2, "requestParameters.day": "2027-01-31"}
    ran = cloudtrail_to_slack("explain", write(tmp_path, "f.yaml", "eventName: X\n!!binary aGk=: 2\n"))
    assert ran.code == 3
    assert "has keys that no event has" in ran.err


def test_a_terminal_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an event and without a pipe the command says what is missing, and does not wait for input."""
    monkeypatch.setattr(options, "is_terminal", lambda _stream: True)
    for command in ("explain", "suggest"):
        ran = cloudtrail_to_slack(command)
        assert ran.code == 2
        assert "Missing argument 'EVENT'" in ran.err
        assert cloudtrail_to_slack(command, "--help").code == 0


def test_without_routes_it_says_so(tmp_path: Path) -> None:
    """Webhooks are secrets, so a configuration without channels names none; an unknown account has no thread."""
    found = json.loads(cloudtrail_to_slack("explain", "delete-trail", "--format", "json").out)
    assert found["destinations"] == [
        "Slack: the configuration names no channel; webhooks are secrets and not part of it"
    ]
    config = write(
        tmp_path, "c.json", json.dumps({"slack": {"routes": [{"accounts": ["1" * 12], "slack_channel_id": "C1"}]}})
    )
    found = json.loads(cloudtrail_to_slack("explain", "delete-trail", "--config", config, "--format", "json").out)
    assert found["destinations"] == ["Slack: no route names account 111122223333, and there is no default channel"]


TODAY = date(2026, 11, 1)
_PARTS = (
    'event.get("eventName") == "ConsoleLogin"',
    'event["eventSource"] == "cloudtrail.amazonaws.com"',
    'event["nothing"] == 1',
    'event.get("userIdentity.type") in ("Root", "IAMUser")',
    'str(event.get("errorCode")).startswith("Access")',
    'any(value == "0.0.0.0/0" for value in event.values())',
    'event.get("errorCode")',
    'len(str(event.get("eventName")) * 10_000_000) > 5',
    '"awsRegion" in event',
    "True",
)


def expressions() -> st.SearchStrategy[list[str]]:
    """Return rules of parts that hold, fail, raise, exceed a limit or give no boolean, joined in every way."""
    one = st.recursive(
        st.sampled_from(_PARTS),
        lambda inner: st.one_of(
            st.tuples(inner, inner).map(lambda two: f"({two[0]} and {two[1]})"),
            st.tuples(inner, inner).map(lambda two: f"({two[0]} or {two[1]})"),
            inner.map(lambda each: f"(not {each})"),
            st.tuples(inner, inner, inner).map(lambda three: f"({three[0]} if {three[1]} else {three[2]})"),
        ),
        max_leaves=5,
    )
    return st.lists(one, max_size=4)


@settings(max_examples=80)
@given(record=records(), alerting=expressions(), ignoring=expressions())
def test_the_explanation_is_what_the_engine_decides(
    record: dict[str, Any], alerting: list[str], ignoring: list[str]
) -> None:
    """On random rules and events, errors included, the explanation and the engine agree."""
    rules = tuple(Rule(each, id=f"r{number}") for number, each in enumerate(alerting))
    ignore_rules = tuple(IgnoreRule(each, id=f"i{number}") for number, each in enumerate(ignoring))
    decision = decide(Config(rules=rules, ignore_rules=ignore_rules), record, TODAY)
    evaluation = RuleSet(rules, ignore_rules).evaluate(read_event(record).flat, TODAY)
    assert decision.word == {
        EventOutcome.MATCHED: "alert", EventOutcome.IGNORED: "ignored" if evaluation.silenced else "no_alert",
    }.get(evaluation.outcome, "no_alert")  # fmt: skip
    matching = [each.rule for each in decision.rules if each.word == "match"]
    assert tuple(matching) == (evaluation.matched or evaluation.silenced)
    if evaluation.outcome is not EventOutcome.IGNORED:
        wrong = {problem.rule.name for problem in evaluation.problems if isinstance(problem.rule, Rule)}
        assert {each.rule.name for each in decision.rules if each.word == "error"} == wrong
    for each in explanation_object(decision, Config())["rules"]:
        trace = each["trace"]
        if each["result"] == "error" and "error" not in trace:
            assert not isinstance(trace["value"], bool)
        elif each["result"] != "error":
            assert trace["value"] is (each["result"] == "match")
    assert list(explanation_lines(decision, Config()))
