"""From an event and its evaluation to an alert."""

from typing import Any

import pytest
from hypothesis import given, settings

from cloudtrail_to_slack.alerts.alert import make_alert
from cloudtrail_to_slack.events.event import read_event
from cloudtrail_to_slack.rules import Rule, Severity
from support.samples import ACCOUNT, LOG_FILE, ROLE_ARN, RULE, alert, event
from support.strategies import records, rules

IDENTITY = {"type": "AssumedRole", "principalId": "AROAEXAMPLE:session-1", "arn": ROLE_ARN, "accountId": ACCOUNT}


@pytest.mark.parametrize(
    ("changes", "title"),
    [
        ({}, "web/session-1 called DeleteBucket"),
        ({"errorCode": "AccessDenied"}, "web/session-1 called DeleteBucket, which failed with AccessDenied"),
        (
            {"eventName": "ConsoleLogin", "responseElements": {"ConsoleLogin": "Failure"}},
            "web/session-1 called ConsoleLogin, which failed",
        ),
        ({"errorMessage": "not authorized to perform: x"}, "web/session-1 called DeleteBucket, which was denied"),
        (
            {"responseElements": {"failures": [1]}},
            "web/session-1 called DeleteBucket, which failed in part",
        ),
        (
            {"errorCode": "Client.DryRunOperation"},
            "web/session-1 called DeleteBucket as a dry run, which changes nothing",
        ),
        ({"eventName": "SwitchRole"}, "web/session-1 called SwitchRole, with an unknown result"),
        (
            {"eventType": "AwsServiceEvent", "eventName": "RotateKey", "userIdentity": {"invokedBy": "AWS Internal"}},
            "RotateKey by AWS Internal (service event)",
        ),
        (
            {"eventType": "AwsServiceEvent", "serviceEventDetails": {"state": "FAILED"}},
            "DeleteBucket by web/session-1 (service event), which failed",
        ),
        ({"eventName": None, "userIdentity": None}, "unknown called an event without a name"),
        (
            {"eventName": ..., "insightDetails": {"state": "Start", "eventName": "DeleteVpc"}},
            "Insight started: unusual call rate of DeleteVpc",
        ),
        (
            {"eventName": ..., "insightDetails": {"state": "End", "insightType": "ApiErrorRateInsight"}},
            "Insight ended: unusual error rate of an API",
        ),
        (
            {"eventName": ..., "insightDetails": {"insightType": "New", "eventName": "X"}},
            "Insight: unusual call rate of X",
        ),
    ],
)
def test_title(changes: dict[str, Any], title: str) -> None:
    """The title says who called what, and whether it failed and with which code."""
    assert alert(**changes).title == title


def test_the_highest_severity_counts() -> None:
    """Of several rules that matched, the most severe sets the severity; all of them are kept in order."""
    several = tuple(Rule("True", severity=severity) for severity in (Severity.LOW, Severity.HIGH, Severity.INFO))
    made = make_alert(event(), several, LOG_FILE)
    assert (made.severity, made.rules, made.log_file) == (Severity.HIGH, several, LOG_FILE)


SAME: dict[str, dict[str, Any]] = {
    "time and id": {"eventTime": "2026-03-14T10:00:00Z", "eventID": "another-event"},
    "what was asked": {"requestParameters": {"bucketName": "another"}},
    "the error among failures": {"responseElements": {"x": 1}},
    "the address": {"sourceIPAddress": "198.51.100.1"},
    "the recipient's account": {"recipientAccountId": "444455556666"},
    "the rest of the identity": {"userIdentity": {**IDENTITY, "accessKeyId": "ASIAEXAMPLE"}},
}
DIFFERENT: dict[str, dict[str, Any]] = {
    "event name": {"eventName": "CreateBucket"},
    "service": {"eventSource": "s3-outposts.amazonaws.com"},
    "denied": {"errorCode": "AccessDenied"},
    "failed": {"errorCode": "NoSuchBucket"},
    "failed without a code": {"responseElements": {"DeleteBucket": "Failure"}},
    "a dry run": {"errorCode": "Client.DryRunOperation"},
    "failed in part": {"responseElements": {"failures": [{"arn": "a"}]}},
    **{f"identity's {key}": {"userIdentity": {**IDENTITY, key: "other"}} for key in IDENTITY},
    **{f"no {key}": {"userIdentity": {**IDENTITY, key: None}} for key in IDENTITY},
    "parts swapped": {"userIdentity": {**IDENTITY, "arn": ACCOUNT, "accountId": ROLE_ARN}},
}


@pytest.mark.parametrize("changes", SAME.values(), ids=SAME)
def test_same_thread(changes: dict[str, Any]) -> None:
    """Alerts that differ in anything but identity and event name share a fingerprint."""
    assert alert(**changes).fingerprint == alert().fingerprint


@pytest.mark.parametrize("changes", DIFFERENT.values(), ids=DIFFERENT)
def test_another_thread(changes: dict[str, Any]) -> None:
    """Alerts of another identity or event name have another fingerprint."""
    assert alert(**changes).fingerprint not in (alert().fingerprint, None)


def test_other_rules_are_another_thread() -> None:
    """Alerts that other rules matched have another fingerprint; the order of the rules does not matter."""
    one, two = Rule("True", id="one"), Rule("True", id="two")
    assert alert(one, two).fingerprint == alert(two, one).fingerprint
    assert len({alert(one, two).fingerprint, alert(one).fingerprint, alert(two).fingerprint}) == 3


def test_copies_of_one_call_share_a_fingerprint() -> None:
    """What two accounts record of one call shares a fingerprint of its own; another call or outcome does not."""
    shared: dict[str, Any] = {"sharedEventID": "shared-1"}
    owner: dict[str, Any] = {"userIdentity": {"type": "AWSAccount", "accountId": "444455556666"}, "eventID": "another"}
    first = alert(**shared).shared_fingerprint
    assert first is not None
    assert alert(**shared, **owner).shared_fingerprint == first
    assert alert().shared_fingerprint is None
    for other in ({"eventName": "GetObject"}, {"eventSource": "x"}, {"errorCode": "X"}, {"sharedEventID": "shared-2"}):
        assert alert(**{**shared, **other}).shared_fingerprint not in (first, None)


@pytest.mark.parametrize(
    "identity",
    [None, {}, "AWS Internal", {"type": "Unknown"}, {"accountId": ACCOUNT}, {"arn": ROLE_ARN, "type": ""}],
)
def test_no_thread(identity: object) -> None:
    """An identity with three of its four parts missing joins no thread."""
    assert alert(userIdentity=identity).fingerprint is None


def test_two_parts_are_enough() -> None:
    """An identity of two parts is enough to distinguish actors."""
    assert alert(userIdentity={"type": "AWSService", "accountId": ACCOUNT}).fingerprint


def test_fingerprints_stay() -> None:
    """The same alert has the same fingerprint in every process and release, for threads outlive both."""
    assert alert().fingerprint == "5e2212da8ca16d440d9e3c1271ee7fe6862f7bbea5d074843aa2f9029091a615"


@settings(deadline=None, max_examples=100)
@given(record=records(), matched=rules())
def test_any_record(record: dict[str, Any], matched: tuple[Rule, ...]) -> None:
    """Any event makes an alert with a title, and a fingerprint that is 64 hexadecimal digits or none."""
    made = make_alert(read_event(record), matched, None)
    assert made.title.strip()
    assert made.severity == max(rule.severity for rule in matched)
    assert made.fingerprint is None or (len(made.fingerprint) == 64 and int(made.fingerprint, 16) >= 0)


def test_lone_surrogates() -> None:
    """An identity with half a surrogate pair, which has no UTF-8, has a fingerprint."""
    assert alert(RULE, userIdentity={**IDENTITY, "arn": "\ud800"}).fingerprint
