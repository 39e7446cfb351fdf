"""What a rule counts and what it leaves out, found by evaluating it on variants of the events in its tests."""

import copy
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Any, TypeAlias

from cloudtrail_to_slack.events.event import read_event
from cloudtrail_to_slack.rules import Rule, RuleSet

Record: TypeAlias = dict[str, Any]

_DAY = date(2026, 3, 14)
_ACCOUNT = "111122223333"
_SSO = f"arn:aws:sts::{_ACCOUNT}:assumed-role/AWSReservedSSO_Admin_0123456789abcdef/alice"
_SERVICE_ROLE = f"arn:aws:iam::{_ACCOUNT}:role/aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig"
_SIGN_IN = "signin.amazonaws.com"


def considered(rule: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """Return what a rule of a pack counts, and what it leaves out, in words.

    It counts a kind of call if one of its matching events still matches after it was made a call of this kind.
    """
    rules = RuleSet([Rule(rule["expression"])], [])
    events = [test["event"] for test in rule["tests"] if test["expect"] == "match" and "event" in test]
    counted: list[str] = []
    left_out: list[str] = []
    for words, change in _KINDS.items():
        variants = list(_variants(events, change))
        if variants:
            is_counted = any(rules.evaluate(read_event(each).flat, _DAY).matched for each in variants)
            (counted if is_counted else left_out).append(words)
    return counted, left_out


def _variants(events: list[Record], change: Callable[[Record], bool]) -> Iterator[Record]:
    for event in events:
        variant = copy.deepcopy(event)
        if change(variant):
            yield variant


def _failed(event: Record) -> bool:
    if event.get("eventSource") == _SIGN_IN:
        event["errorMessage"] = "Failed authentication"
        event["responseElements"] = {event["eventName"]: "Failure"}
    elif event.get("errorCode") is None:
        event["errorCode"] = "AccessDenied"
    return True


def _dry_run(event: Record) -> bool:
    event["errorCode"] = "Client.DryRunOperation"
    return bool(event.get("eventSource") == "ec2.amazonaws.com")


def _through_a_service(event: Record) -> bool:
    event["userIdentity"] = _identity(event) | {"invokedBy": "cloudformation.amazonaws.com"}
    return _is_call(event)


def _service_role(event: Record) -> bool:
    issuer = {"type": "Role", "arn": _SERVICE_ROLE}
    role = {"type": "AssumedRole", "invokedBy": "config.amazonaws.com", "sessionContext": {"sessionIssuer": issuer}}
    event["userIdentity"] = _identity(event) | role
    return _is_call(event)


def _service(event: Record) -> bool:
    event["userIdentity"] = {"type": "AWSService", "invokedBy": "config.amazonaws.com"}
    return _is_call(event)


def _sso(event: Record) -> bool:
    event["userIdentity"] = {"type": "AssumedRole", "arn": _SSO, "principalId": "AROAEXAMPLE:alice"}
    return True


def _sso_in_the_console(event: Record) -> bool:
    event["sessionCredentialFromConsole"] = "true"
    event["userAgent"] = "Mozilla/5.0"
    return _sso(event) and _is_call(event)


def _terraform(event: Record) -> bool:
    event["userAgent"] = "HashiCorp Terraform/1.9.2 (+https://www.terraform.io)"
    return _is_call(event)


def _identity(event: Record) -> Record:
    return dict(event.get("userIdentity") or {"type": "AssumedRole"})


def _is_call(event: Record) -> bool:
    """Whether it is a call of an API, which a sign-in is not."""
    return event.get("eventSource") != _SIGN_IN


# Sources: AWS CloudTrail User Guide, "CloudTrail userIdentity element" and "CloudTrail record contents"; Amazon EC2 API
# Reference, "Error codes" (DryRunOperation).
_KINDS: Mapping[str, Callable[[Record], bool]] = {
    "failed calls": _failed,
    "dry runs": _dry_run,
    "calls through CloudFormation": _through_a_service,
    "service-linked roles": _service_role,
    "AWS services": _service,
    "SSO sessions": _sso,
    "SSO sessions in the console": _sso_in_the_console,
    "Terraform": _terraform,
}
