"""From the bus to the alert: real-looking events on a moto server's bus, chosen by the derived patterns."""

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from moto.events.models import EventPattern

from cloudtrail_to_slack.config.loader import read_config
from cloudtrail_to_slack.events.event import flatten
from cloudtrail_to_slack.rules import RuleSet
from cloudtrail_to_slack.rules.packs import DEFAULT_RULE_IDS
from cloudtrail_to_slack_build.plan.answer import answer_to
from cloudtrail_to_slack_dev.moto_server import MotoServer
from support.app_environment import CHANNEL, KEY, AppEnvironment, s3_event
from support.event_bridge import Bus
from support.tampering import event

_TODAY = date(2026, 3, 14)
_SAMPLES = {
    path.stem: json.loads(path.read_text())
    for path in sorted((Path(__file__).parents[3] / "events").glob("*.json"))
    if "dotted" not in path.stem  # CloudTrail's own names hold no dot
}
# What looks like something that a default rule matches, and is not.
_NEAR_MISSES = {
    "a call of the same name to another service": event("flightrecorder", "StopLogging"),
    "a look at the trail": event("cloudtrail", "GetTrailStatus"),
    "the name as a part of another": event("cloudtrail", "StopLoggingSoon"),
    "another case": event("cloudtrail", "stoplogging"),
    "another function's code": event(
        "lambda", "UpdateFunctionCode20150331v2", responseElements={"functionName": "cloudtrail-to-slack-2"}
    ),
    "our function in the request alone": event(
        "lambda", "UpdateFunctionCode20150331v2", {"functionName": "cloudtrail-to-slack"}
    ),
    "an error of another kind": event("s3", "GetObject", errorCode="NoSuchKeyAccessDenied"),
    "an error that begins alike": event("ec2", "RunInstances", errorCode="Client.UnauthorizedOperationNot"),
    "someone called Root": event("iam", "CreateUser", userIdentity={"type": "IAMUser", "userName": "Root"}),
    "an error that is an object": event("s3", "GetObject", errorCode={"AccessDenied": "AccessDenied"}),
    "another source": {**event("cloudtrail", "StopLogging"), "source": "my.application"},
    "a source that looks like AWS": {**event("cloudtrail", "StopLogging"), "source": "laws.cloudtrail"},
    "no event of CloudTrail": {**event("cloudtrail", "StopLogging"), "detail-type": "AWS API Call via Telephone"},
}


@pytest.fixture(scope="module")
def server() -> Iterator[MotoServer]:
    """A server that no other test resets."""
    with MotoServer() as server:
        yield server


@pytest.fixture(scope="module")
def bus(server: MotoServer) -> Bus:
    """A bus with the rules that Terraform would make of the default rules."""
    patterns, left = _derived({})
    assert left == []
    return Bus(server.url, {f"realtime-{number}": pattern for number, pattern in enumerate(patterns)})


def _derived(config: dict[str, Any]) -> tuple[list[str], list[str]]:
    """Return the patterns that Terraform asks for, and the rules that are left."""
    answer = answer_to({"config": json.dumps({"function_name": "cloudtrail-to-slack", **config})})
    return json.loads(answer["patterns"]), json.loads(answer["rules_without_event_pattern"])


def _rules(config: dict[str, Any]) -> RuleSet:
    read, issues = read_config({"function_name": "cloudtrail-to-slack", **config})
    assert (issues, read.rule_issues) == ([], ())
    return RuleSet(read.rules, ())


def _on_the_bus(record: dict[str, Any]) -> dict[str, Any]:
    return {"source": "aws.any", "detail-type": "AWS API Call via CloudTrail", "detail": record}


def test_what_each_default_rule_matches_arrives(bus: Bus) -> None:
    """Of all sample events those that a default rule matches reach the function, and each rule has its sample."""
    rules = _rules({})
    records = [sample["record"] for sample in _SAMPLES.values() if isinstance(sample["record"], dict)]
    arrived = bus.rules_for([_on_the_bus(record) for record in records])
    seen: set[str | None] = set()
    for record, by_rule in zip(records, arrived, strict=True):
        matched = rules.evaluate(flatten(record), _TODAY).matched
        seen |= {rule.id for rule in matched}
        assert by_rule or not matched, record["eventName"]
    assert seen == DEFAULT_RULE_IDS
    assert sum(1 for by_rule in arrived if not by_rule) > len(records) / 3  # and it is a choice


def test_hostile_near_misses_stay_outside(bus: Bus) -> None:
    """Nothing that merely looks like what a default rule matches costs an invocation."""
    arrived = bus.rules_for(list(_NEAR_MISSES.values()))
    assert [name for name, by_rule in zip(_NEAR_MISSES, arrived, strict=True) if by_rule] == []


def test_what_the_samples_own_rules_match_is_let_through() -> None:
    """With each sample's own rules: the pattern lets it through, or the rules that match it are said to be left."""
    checked = 0
    for name, sample in _SAMPLES.items():
        if sample["expect"]["outcome"] == "matched":
            config = sample.get("config", {})
            patterns, left = _derived(config)
            envelope: Any = _on_the_bus(sample["record"])
            chosen = any(EventPattern.load(pattern).matches_event(envelope) for pattern in patterns)
            assert chosen or set(sample["expect"]["rules"]) <= set(left), name
            checked += chosen
    assert checked > 30


@pytest.mark.parametrize(
    ("detail_type", "service", "record"),
    [
        ("AWS API Call via CloudTrail", "cloudtrail", "stop_logging"),
        ("AWS Console Sign In via CloudTrail", "signin", "console_login_without_mfa"),
        ("AWS Service Event via CloudTrail", "kms", "kms_rotate_key_tracked"),
        ("AWS Insight via CloudTrail", "cloudtrail", "insight_start"),
    ],
)
def test_an_event_of_each_kind_goes_all_the_way(
    detail_type: str, service: str, record: str, app_env: AppEnvironment, server: MotoServer
) -> None:
    """An event that the pattern chooses is delivered by the function; its log file later repeats nothing."""
    sample = _SAMPLES[record]
    rules = {key: value for key, value in sample.get("config", {}).items() if key in ("rules", "events_to_track")}
    patterns, left = _derived(rules)
    assert left == []
    bus = Bus(server.url, {f"{record.replace('_', '-')}-{number}": pattern for number, pattern in enumerate(patterns)})
    put = {"source": f"aws.{service}", "detail-type": detail_type, "detail": sample["record"]}
    (envelope,) = bus.rules_for([put])[0].values()
    del envelope["detail"]["mark"]

    app_env.configure_bot(**rules)
    app_env.invoke(envelope)
    (thread,) = app_env.slack.threads(CHANNEL)
    assert "received from EventBridge" in json.dumps(thread.root.blocks)
    delivered = app_env.slack.messages(CHANNEL)
    app_env.put_log(sample["record"])
    app_env.invoke(s3_event(KEY))
    assert app_env.slack.messages(CHANNEL) == delivered
