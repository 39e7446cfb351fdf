"""The default rules."""

import io
import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from moto.events.models import EventPattern

from cloudtrail_to_slack.alerts.remediation import REMEDIATED_EVENTS
from cloudtrail_to_slack.evaluation.prefilter import Prefilter
from cloudtrail_to_slack.events.event import read_event
from cloudtrail_to_slack.ingest.log_files import read_stream
from cloudtrail_to_slack.rules import RuleSet
from cloudtrail_to_slack.rules.packs import default_rules, events_to_track_rule
from cloudtrail_to_slack_build.plan.alternatives import alternatives
from cloudtrail_to_slack_build.plan.patterns import event_patterns
from support.samples import record
from support.strategies import records

OWN = "cloudtrail-to-slack"
RULES = RuleSet(default_rules(OWN), [])
TODAY = date(2026, 3, 14)
MFA, DENIED, UNAUTHORIZED, ROOT = (
    "default/console-sign-in-without-mfa",
    "default/access-denied",
    "default/unauthorized-operation",
    "default/root-activity",
)
ROOT_IDENTITY = {"type": "Root", "arn": "arn:aws:iam::111122223333:root", "accountId": "111122223333"}
SSO = {"type": "AssumedRole", "arn": "arn:aws:sts::1:assumed-role/AWSReservedSSO_Ops_0123456789abcdef/jo"}
SSO_ISSUER = {"arn": "arn:aws:iam::1:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Ops_0123456789abcdef"}
OWN_ISSUER = {"arn": "arn:aws:iam::1:role/AWSReservedSSO_Ops_0123456789abcdef"}
# Everything here but the last is a name that someone may choose.
NOT_SSO: dict[str, dict[str, Any]] = {
    "a user's path": {"type": "IAMUser", "arn": "arn:aws:iam::1:user/assumed-role/AWSReservedSSO_x/jo"},
    "a user's path that looks like an ARN": {
        "type": "IAMUser",
        "arn": "arn:aws:iam::1:user/:sts::1:assumed-role/AWSReservedSSO_x/jo",
    },
    "a user's name": {"type": "IAMUser", "arn": "arn:aws:iam::1:user/AWSReservedSSO_x", "userName": "AWSReservedSSO_x"},
    "a session's name": {"type": "AssumedRole", "arn": "arn:aws:sts::1:assumed-role/web/AWSReservedSSO_x"},
    "a federated user's name": {"type": "FederatedUser", "arn": "arn:aws:sts::1:federated-user/AWSReservedSSO_x"},
    "a role of an own making": {**SSO, "sessionContext": {"sessionIssuer": OWN_ISSUER}},
    "another type": {**SSO, "type": "IAMUser"},
    "no ARN": {"type": "AssumedRole", "arn": "AWSReservedSSO_x"},
    "a list": {"type": "AssumedRole", "arn": [SSO["arn"]]},
    "the name begins otherwise": {"type": "AssumedRole", "arn": "arn:aws:sts::1:assumed-role/AWSReservedSSOx/jo"},
}
LIKE_SSO = {"type": "AssumedRole", "arn": "arn:aws:sts::1:assumed-role/MyAWSReservedSSO/jo"}
ASSUMED_ROOT = {**ROOT_IDENTITY, "sessionContext": {"assumedRoot": "true"}}
ANONYMOUS = {"type": "AWSAccount", "accountId": "ANONYMOUS_PRINCIPAL"}
TRAIL = {"eventSource": "cloudtrail.amazonaws.com"}
LAMBDA = {"eventSource": "lambda.amazonaws.com"}


def matched(**changes: Any) -> list[str | None]:
    """The ids of the default rules that match an ordinary record with `changes`."""
    evaluation = RULES.evaluate(read_event(record(**changes)).flat, TODAY)
    assert evaluation.problems == ()
    return [rule.id for rule in evaluation.matched]


def sign_in(**changes: Any) -> dict[str, Any]:
    """A console sign-in."""
    return {"eventName": "ConsoleLogin", "eventSource": "signin.amazonaws.com", **changes}


def own(event_name: str, function: object = OWN, **changes: Any) -> dict[str, Any]:
    """A change of a Lambda function."""
    return {**LAMBDA, "eventName": event_name, "responseElements": {"functionName": function}, **changes}


CASES: dict[str, tuple[dict[str, Any], list[str]]] = {
    "an ordinary call": ({}, []),
    "sign-in without MFA": (sign_in(additionalEventData={"MFAUsed": "No"}), [MFA]),
    "sign-in with MFA": (sign_in(additionalEventData={"MFAUsed": "Yes"}), []),
    "sign-in that says nothing of MFA": (sign_in(additionalEventData=None), [MFA]),
    "sign-in with an odd word for MFA": (sign_in(additionalEventData={"MFAUsed": "yes"}), [MFA]),
    "sign-in through Identity Center": (sign_in(additionalEventData={"MFAUsed": "No"}, userIdentity=SSO), []),
    "sign-in through Identity Center, with the role": (
        sign_in(
            additionalEventData={"MFAUsed": "No"}, userIdentity={**SSO, "sessionContext": {"sessionIssuer": SSO_ISSUER}}
        ),
        [],
    ),
    "sign-in through Identity Center in China": (
        sign_in(userIdentity={**SSO, "arn": SSO["arn"].replace("arn:aws:", "arn:aws-cn:")}),
        [],
    ),
    "failed sign-in": (
        sign_in(additionalEventData={"MFAUsed": "No"}, responseElements={"ConsoleLogin": "Failure"}),
        [MFA],
    ),
    **{
        f"sign-in with {name}": (sign_in(additionalEventData={"MFAUsed": "No"}, userIdentity=identity), [MFA])
        for name, identity in NOT_SSO.items()
    },
    "sign-in of a role named like it": (sign_in(additionalEventData={"MFAUsed": "No"}, userIdentity=LIKE_SSO), [MFA]),
    "sign-in without an ARN": (sign_in(userIdentity={"type": "IAMUser"}), [MFA]),
    "switching roles without MFA": ({"eventName": "SwitchRole", "additionalEventData": {"MFAUsed": "No"}}, []),
    "unauthorized": ({"errorCode": "Client.UnauthorizedOperation"}, [UNAUTHORIZED]),
    "unauthorized without prefix": ({"errorCode": "UnauthorizedOperation"}, [UNAUTHORIZED]),
    "unauthorized in the middle": ({"errorCode": "UnauthorizedOperationX"}, []),
    "denied": ({"errorCode": "AccessDenied"}, [DENIED]),
    "denied, longer": ({"errorCode": "AccessDeniedException"}, [DENIED]),
    "denied by an endpoint": ({"errorCode": "VpceAccessDenied"}, []),
    "denied to anyone": ({"errorCode": "AccessDenied", "userIdentity": ANONYMOUS}, []),
    "denied, with an object as its error": ({"errorCode": {"x": "AccessDenied"}}, []),
    "root": ({"userIdentity": ROOT_IDENTITY}, [ROOT]),
    "root without a name": ({"userIdentity": ROOT_IDENTITY, "eventName": None}, [ROOT]),
    **{
        f"root, {verb}": ({"userIdentity": ROOT_IDENTITY, "eventName": f"{verb}Something"}, [])
        for verb in ("Get", "List", "Describe", "Head")
    },
    "root, reading in lower case": ({"userIdentity": ROOT_IDENTITY, "eventName": "getSomething"}, [ROOT]),
    "root, denied": ({"userIdentity": ROOT_IDENTITY, "errorCode": "AccessDenied"}, [DENIED, ROOT]),
    "root, reading, denied": (
        {"userIdentity": ROOT_IDENTITY, "eventName": "GetX", "errorCode": "AccessDenied"},
        [DENIED],
    ),
    **{
        f"root, by {service}": ({"userIdentity": {**ROOT_IDENTITY, "invokedBy": service}}, [])
        for service in ("support.amazonaws.com", "autoscaling.amazonaws.com", "ec2.amazonaws.com.cn", "AWS Internal")
    },
    **{
        f"root in the console, by {service!r}": ({"userIdentity": {**ROOT_IDENTITY, "invokedBy": service}}, [ROOT])
        for service in ("signin.amazonaws.com", "eu-west-1.signin.amazonaws.com", "console.amazonaws.com")
    },
    **{
        f"root, invoked by {service!r}": ({"userIdentity": {**ROOT_IDENTITY, "invokedBy": service}}, [ROOT])
        for service in ("", None, 5, "support.amazonaws.com.example.com", {"x": "support.amazonaws.com"})
    },
    "root in the console, by a service": (
        {
            "userIdentity": {**ROOT_IDENTITY, "invokedBy": "cloudformation.amazonaws.com"},
            "sessionCredentialFromConsole": "true",
        },
        [ROOT],
    ),
    "root, a service's own event": ({"userIdentity": ROOT_IDENTITY, "eventType": "AwsServiceEvent"}, []),
    "root, a service's name in what a caller writes": (
        {
            "userIdentity": ROOT_IDENTITY,
            "userAgent": "support.amazonaws.com",
            "requestParameters": {
                "userIdentity": {"invokedBy": "support.amazonaws.com"},
                "invokedBy": "support.amazonaws.com",
                "eventType": "AwsServiceEvent",
            },
        },
        [ROOT],
    ),
    "assumed root": ({"userIdentity": ASSUMED_ROOT}, ["default/assumed-root-activity"]),
    "assumed root, true itself": (
        {"userIdentity": {**ROOT_IDENTITY, "sessionContext": {"assumedRoot": True}}},
        ["default/assumed-root-activity"],
    ),
    "assumed root, reading": ({"userIdentity": ASSUMED_ROOT, "eventName": "GetBucketPolicy"}, []),
    "not assumed root": ({"userIdentity": {**ROOT_IDENTITY, "sessionContext": {"assumedRoot": "false"}}}, [ROOT]),
    "a role that may assume root": (
        {"userIdentity": {"type": "AssumedRole", "sessionContext": {"assumedRoot": "true"}}, "eventName": "AssumeRoot"},
        [],
    ),
    "event selectors": ({**TRAIL, "eventName": "PutEventSelectors"}, ["default/cloudtrail-put-event-selectors"]),
    "Insights": ({**TRAIL, "eventName": "PutInsightSelectors"}, ["default/cloudtrail-put-insight-selectors"]),
    "event data store deleted": (
        {**TRAIL, "eventName": "DeleteEventDataStore"},
        ["default/cloudtrail-delete-event-data-store"],
    ),
    "ingestion stopped": (
        {**TRAIL, "eventName": "StopEventDataStoreIngestion"},
        ["default/cloudtrail-stop-event-data-store-ingestion"],
    ),
    "logging stopped": ({**TRAIL, "eventName": "StopLogging"}, ["default/cloudtrail-stop-logging"]),
    "trail changed": ({**TRAIL, "eventName": "UpdateTrail"}, ["default/cloudtrail-update-trail"]),
    "trail deleted": ({**TRAIL, "eventName": "DeleteTrail"}, ["default/cloudtrail-delete-trail"]),
    "logging started": ({**TRAIL, "eventName": "StartLogging"}, []),
    "another service's StopLogging": ({"eventSource": "iot.amazonaws.com", "eventName": "StopLogging"}, []),
    "own code": (own("UpdateFunctionCode20150331v2"), ["default/own-function-code-changed"]),
    "own configuration": (own("UpdateFunctionConfiguration20150331v2"), ["default/own-function-configuration-changed"]),
    "another function's code": (own("UpdateFunctionCode20150331v2", f"{OWN}-2"), []),
    "own function, another call": (own("PublishVersion20150331"), []),
    "own function, another service": (own("UpdateFunctionCode20150331v2", eventSource="x.amazonaws.com"), []),
    "a function without a name": (own("UpdateFunctionCode20150331v2", None), []),
}


@pytest.mark.parametrize(("changes", "ids"), CASES.values(), ids=CASES)
def test_matches(changes: dict[str, Any], ids: list[str]) -> None:
    """Each default rule matches what it means and nothing beside it."""
    assert matched(**changes) == ids


def test_ids() -> None:
    """There are fourteen default rules, each with an id of its own, a title and a description."""
    rules = default_rules(OWN)
    assert len({rule.id for rule in rules}) == len(rules) == 14
    assert all(rule.id and rule.title and rule.description for rule in rules)


@pytest.mark.parametrize("name", [None, ""])
def test_without_a_name(name: str | None) -> None:
    """Without the function's name the two rules that need it are left out."""
    assert [rule.id for rule in default_rules(name)] == [rule.id for rule in default_rules(OWN)][:-2]


def test_each_call_that_can_be_repaired_has_a_rule() -> None:
    """What the alert has a command for raises an alert in the first place."""
    for name in REMEDIATED_EVENTS:
        assert matched(**TRAIL, eventName=name), name


TRACKED = events_to_track_rule(("UpdateFunctionCode", "CreateDistribution", "ListObjectsV2", "Invoke20150331", "it's"))
TRACKED_NAMES = {
    "UpdateFunctionCode": True,
    "UpdateFunctionCode20150331": True,
    "UpdateFunctionCode20150331v2": True,
    "UpdateFunctionCode20150331v10": True,
    "CreateDistribution2020_05_31": True,
    "ListObjectsV2": True,
    "ListObjectsV220260101": True,
    "Invoke20150331": True,
    "it's": True,
    "UpdateFunctionConfiguration20150331v2": False,
    "UpdateFunctionCodeSigning20150331": False,
    "UpdateFunctionCode2": False,
    "UpdateFunctionCode20150331Alias": False,
    "MyUpdateFunctionCode20150331": False,
    "updateFunctionCode20150331": False,
    "ListObjects": False,
    "ListObjects20260101": False,
    "Invoke": False,
    "": False,
}


@pytest.mark.parametrize(("name", "tracked"), TRACKED_NAMES.items())
def test_tracked_names_with_api_dates(name: str, tracked: bool) -> None:  # noqa: FBT001 (what is expected)
    """A tracked name matches as it is and with the date of an API; the index and the event patterns let it through."""
    rules = RuleSet([TRACKED], [])
    event = record(eventName=name)
    assert (rules.evaluate(read_event(event).flat, TODAY).matched == (TRACKED,)) is tracked
    patterns = event_patterns(alternatives(TRACKED.expression) or [])
    envelope: Any = {"source": "aws.any", "detail-type": "AWS API Call via CloudTrail", "detail": event}
    if tracked:
        assert any(EventPattern.load(pattern).matches_event(envelope) for pattern in patterns)
        content = json.dumps({"Records": [event]}, separators=(",", ":")).encode()
        (window,) = read_stream(io.BytesIO(content), Prefilter(rules))
        assert window.scanned == [1]


@pytest.mark.parametrize("name", ["it's", '"', "\\", "\n", "', True, '"])
def test_a_name_is_data(name: str) -> None:
    """A function's name cannot change what its rules mean."""
    rule_set = RuleSet(default_rules(name), [])
    for function, expected in ((name, ["default/own-function-code-changed"]), ("x", [])):
        flat = read_event(record(**own("UpdateFunctionCode2015", function))).flat
        assert [rule.id for rule in rule_set.evaluate(flat, TODAY).matched] == expected


@settings(deadline=None, max_examples=100)
@given(value=records())
def test_none_raises(value: dict[str, Any]) -> None:
    """No default rule raises or gives anything but True or False, whatever a record looks like."""
    rules = RuleSet((*default_rules(OWN), events_to_track_rule(("A", "B"))), [])
    assert rules.evaluate(read_event(value).flat, TODAY).problems == ()
