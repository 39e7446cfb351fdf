"""The command `suggest`: the narrowest ignore rule for an alert that should not have come."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings

from cloudtrail_to_slack.events.event import read_event
from cloudtrail_to_slack.testing import make_event
from cloudtrail_to_slack_cli import samples
from cloudtrail_to_slack_cli.errors import CommandError
from cloudtrail_to_slack_cli.suggestion import attack_samples, suggest
from support.command_line import Ran, cloudtrail_to_slack, write
from support.strategies import records

DENIED = samples.load("get-bucket-acl-denied")
ALERTING = [
    name
    for name in samples.names()
    if json.loads(cloudtrail_to_slack("explain", name, "--format", "json").out)["decision"] == "alert"
]


def rule(ran: Ran) -> dict[str, Any]:
    """Return the ignore rule that was suggested."""
    (found,) = yaml.safe_load(ran.out)["ignore_rules"]
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("name", ALERTING)
def test_the_rule_ignores_the_event_and_no_other_caller(tmp_path: Path, name: str) -> None:
    """For every sample that alerts: what is printed is a clean rule file whose tests pass, and ignores the event."""
    ran = cloudtrail_to_slack("suggest", name)
    assert (ran.code, ran.err) == (0, "")
    path = write(tmp_path, "ignore.yaml", ran.out)
    checked = json.loads(cloudtrail_to_slack("check", path, "--format", "json").out)["findings"]
    assert [each["message"] for each in checked if each["code"] != "CT011"] == []  # AWS has newer events than we know
    assert cloudtrail_to_slack("test", path, "--min-tests", 1).code == 0
    explained = json.loads(cloudtrail_to_slack("explain", name, "--rule-file", path, "--format", "json").out)
    assert explained["decision"] == "ignored"
    assert "# Ignores this event: yes" in ran.out
    assert f"# Ignores none of {len(attack_samples())} attacks that the detection packs detect" in ran.out


def test_the_rule_is_narrow() -> None:
    """It fixes the role and not the session, the call, the account, the result and the resources."""
    expression = rule(cloudtrail_to_slack("suggest", "get-bucket-acl-denied"))["expression"]
    issuer = DENIED["userIdentity"]["sessionContext"]["sessionIssuer"]["arn"]
    assert expression.split(" and ") == [
        f'event.get("userIdentity.sessionContext.sessionIssuer.arn") == "{issuer}"',
        'event.get("eventSource") == "s3.amazonaws.com"',
        'event.get("eventName") == "GetBucketAcl"',
        'event.get("recipientAccountId") == "111122223333"',
        'event.get("errorCode") == "AccessDenied"',
        f'event.get("requestParameters.bucketName") == "{DENIED["requestParameters"]["bucketName"]}"',
    ]
    wider = rule(cloudtrail_to_slack("suggest", "get-bucket-acl-denied", "--any-resource"))["expression"]
    assert wider == expression.rpartition(" and ")[0]


def test_the_logs_say_what_it_would_ignore(tmp_path: Path) -> None:
    """--logs counts the alerts that the rule would ignore, among all that the configuration has."""
    others = [samples.load("stop-logging"), samples.load("describe-vpcs"), make_event("DeleteTrail")]
    write(tmp_path, "logs/a.json", json.dumps({"Records": [DENIED, DENIED, *others]}))
    write(tmp_path, "logs/b.json", "{")
    ran = cloudtrail_to_slack("suggest", "get-bucket-acl-denied", "--logs", tmp_path / "logs")
    assert f"# Ignores 2 of 4 alerts in {tmp_path}/logs" in ran.out
    assert ran.err.startswith(f"damaged: {tmp_path}/logs/b.json")
    assert "give --logs" in cloudtrail_to_slack("suggest", "get-bucket-acl-denied").out


def test_only_an_alert_needs_an_ignore_rule(tmp_path: Path) -> None:
    """An event that does not alert, or is ignored already, has no suggestion: exit code 1."""
    ran = cloudtrail_to_slack("suggest", "describe-vpcs")
    assert (ran.code, ran.out, ran.err) == (1, "", "the event does not alert: no rule matches\n")
    ignoring = write(tmp_path, "i.yaml", "ignore_rules:\n  - {id: all, expression: 'True'}\n")
    ran = cloudtrail_to_slack("suggest", "stop-logging", "--rule-file", ignoring)
    assert (ran.code, ran.err) == (1, "the event is ignored already, by all\n")


def test_a_caller_that_is_not_known_is_refused(tmp_path: Path) -> None:
    """Without a caller every ignore rule would be too wide, so none is suggested; a service is one."""
    event = write(
        tmp_path, "e.json", json.dumps({"eventName": "StopLogging", "eventSource": "cloudtrail.amazonaws.com"})
    )
    ran = cloudtrail_to_slack("suggest", event)
    assert ran.code == 2
    assert "does not say who made the call" in ran.err
    service = read_event({"eventName": "X", "userIdentity": {"type": "AWSService", "invokedBy": "x.amazonaws.com"}})
    assert suggest(service).conditions[0] == ("userIdentity.invokedBy", "==", "x.amazonaws.com")
    session = "arn:aws:sts::111122223333:assumed-role/scanner/"
    role = read_event({"eventName": "X", "userIdentity": {"type": "AssumedRole", "arn": f"{session}weekly"}})
    assert suggest(role).conditions[0] == ("userIdentity.arn", "startswith", session)
    assert suggest(role).warnings == ()


def test_an_attack_among_what_is_ignored_is_said(tmp_path: Path) -> None:
    """A rule that would ignore an attack of a detection pack is printed with a warning, and exit code 1."""
    attack = next(each for each in attack_samples() if each["event"].get("userIdentity", {}).get("arn"))
    path = write(tmp_path, "e.json", json.dumps(attack["event"]))
    all_of_them = write(tmp_path, "r.yaml", "rules:\n  - {id: all, expression: 'True'}\n")
    ran = cloudtrail_to_slack("suggest", path, "--rule-file", all_of_them, "--any-resource")
    assert ran.code == 1
    assert "# IGNORES " in ran.out
    assert f"#   {attack['rule']}: {attack['name']}" in ran.out


@settings(max_examples=100)
@given(record=records())
def test_whatever_an_event_holds_its_rule_ignores_it(record: dict[str, Any]) -> None:
    """For hostile records, too, the rule can be used, ignores the record, and is YAML that says the same."""
    try:
        suggestion = suggest(read_event(record))
    except CommandError:
        return
    assert suggestion.matches(record)
    (written,) = yaml.safe_load(suggestion.as_yaml(date(2026, 11, 1)))["ignore_rules"]
    assert written["expression"] == suggestion.expression
    assert written["expires"] == "2027-01-30"
