"""The nine default rules."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings

from cloudtrail_to_slack.events import read_event
from cloudtrail_to_slack.rules import RuleSet
from cloudtrail_to_slack.rules.default_rules import default_rules, events_to_track_rule
from support.samples import record
from support.strategies import records

OWN = "cloudtrail-to-slack"
RULES = RuleSet(default_rules(OWN), [])
TODAY = date(2026, 3, 14)
MFA, DENIED, UNAUTHORIZED, ROOT = (
    "console-sign-in-without-mfa",
    "access-denied",
    "unauthorized-operation",
    "root-activity",
)
ROOT_IDENTITY = {"type": "Root", "arn": "arn:aws:iam::111122223333:root", "accountId": "111122223333"}
SSO = {"type": "AssumedRole", "arn": "arn:aws:sts::1:assumed-role/AWSReservedSSO_Ops_0123456789abcdef/jo"}
LIKE_SSO = {"type": "AssumedRole", "arn": "arn:aws:sts::1:assumed-role/MyAWSReservedSSO/jo"}
ANONYMOUS = {"type": "AWSAccount", "accountId": "ANONYMOUS_PRINCIPAL"}
TRAIL = {"eventSource": "cloudtrail.amazonaws.com"}
LAMBDA = {"eventSource": "lambda.amazonaws.com"}


def matched(**changes: Any) -> list[str | None]:
    """The ids of the default rules that match an ordinary record with `changes`."""
    verdict = RULES.judge(read_event(record(**changes)).flat, TODAY)
    assert verdict.problems == ()
    return [rule.id for rule in verdict.matched]


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
    "sign-in that tells nothing of MFA": (sign_in(additionalEventData=None), [MFA]),
    "sign-in with an odd word for MFA": (sign_in(additionalEventData={"MFAUsed": "yes"}), [MFA]),
    "sign-in through Identity Center": (sign_in(additionalEventData={"MFAUsed": "No"}, userIdentity=SSO), []),
    "sign-in of a role named like it": (sign_in(additionalEventData={"MFAUsed": "No"}, userIdentity=LIKE_SSO), [MFA]),
    "sign-in without an ARN": (sign_in(userIdentity={"type": "IAMUser"}), [MFA]),
    "switching roles without MFA": ({"eventName": "SwitchRole", "additionalEventData": {"MFAUsed": "No"}}, []),
    "unauthorized": ({"errorCode": "Client.UnauthorizedOperation"}, [UNAUTHORIZED]),
    "unauthorized without prefix": ({"errorCode": "UnauthorizedOperation"}, [UNAUTHORIZED]),
    "unauthorized in the middle": ({"errorCode": "UnauthorizedOperationX"}, []),
    "denied": ({"errorCode": "AccessDenied"}, [DENIED]),
    "denied, longer": ({"errorCode": "AccessDeniedException"}, [DENIED]),
    "denied by an endpoint": ({"errorCode": "VpceAccessDenied"}, []),
    "denied to anybody": ({"errorCode": "AccessDenied", "userIdentity": ANONYMOUS}, []),
    "denied, told as an object": ({"errorCode": {"x": "AccessDenied"}}, []),
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
    "logging stopped": ({**TRAIL, "eventName": "StopLogging"}, ["cloudtrail-stop-logging"]),
    "trail changed": ({**TRAIL, "eventName": "UpdateTrail"}, ["cloudtrail-update-trail"]),
    "trail deleted": ({**TRAIL, "eventName": "DeleteTrail"}, ["cloudtrail-delete-trail"]),
    "logging started": ({**TRAIL, "eventName": "StartLogging"}, []),
    "another service's StopLogging": ({"eventSource": "iot.amazonaws.com", "eventName": "StopLogging"}, []),
    "own code": (own("UpdateFunctionCode20150331v2"), ["own-function-code-changed"]),
    "own configuration": (own("UpdateFunctionConfiguration20150331v2"), ["own-function-configuration-changed"]),
    "another function's code": (own("UpdateFunctionCode20150331v2", f"{OWN}-2"), []),
    "own function, another call": (own("PublishVersion20150331"), []),
    "own function, another service": (own("UpdateFunctionCode20150331v2", eventSource="x.amazonaws.com"), []),
    "a function without a name": (own("UpdateFunctionCode20150331v2", None), []),
}


@pytest.mark.parametrize(("changes", "ids"), CASES.values(), ids=CASES)
def test_matches(changes: dict[str, Any], ids: list[str]) -> None:
    """Each default rule matches what it means and nothing beside it."""
    assert matched(**changes) == ids


def test_nine_rules() -> None:
    """There are nine default rules, each with an id of its own, a title and a description."""
    rules = default_rules(OWN)
    assert len({rule.id for rule in rules}) == len(rules) == 9
    assert all(rule.id and rule.title and rule.description for rule in rules)


@pytest.mark.parametrize("name", [None, ""])
def test_without_a_name(name: str | None) -> None:
    """Without the function's name the two rules that need it are left out."""
    assert [rule.id for rule in default_rules(name)] == [rule.id for rule in default_rules(OWN)][:7]


@pytest.mark.parametrize("name", ["it's", '"', "\\", "\n", "', True, '"])
def test_a_name_is_data(name: str) -> None:
    """A function's name cannot change what its rules mean."""
    rule_set = RuleSet(default_rules(name), [])
    for function, expected in ((name, ["own-function-code-changed"]), ("x", [])):
        flat = read_event(record(**own("UpdateFunctionCode2015", function))).flat
        assert [rule.id for rule in rule_set.judge(flat, TODAY).matched] == expected


@settings(deadline=None, max_examples=100)
@given(value=records())
def test_none_raises(value: dict[str, Any]) -> None:
    """No default rule raises or gives anything but True or False, whatever a record looks like."""
    rules = RuleSet((*default_rules(OWN), events_to_track_rule(("A", "B"))), [])
    assert rules.judge(read_event(value).flat, TODAY).problems == ()
