"""Calls of the function's own role, known by its whole ARN."""

from typing import Any

import pytest
from hypothesis import given

from cloudtrail_to_slack.alerts.own_role import (
    MOST_CALLS,
    OwnCalls,
    OwnRoles,
    is_own_work,
    own_call,
    read_own_call,
    role_of_function,
)
from cloudtrail_to_slack.aws.arns import is_role_arn
from cloudtrail_to_slack.config.loader import read_config
from cloudtrail_to_slack.events.event import read_event
from cloudtrail_to_slack.rules import Rule, Severity
from support.samples import ACCOUNT, record
from support.strategies import hostile_text, json_values

ROLE = f"arn:aws:iam::{ACCOUNT}:role/cloudtrail-to-slack"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/cloudtrail-to-slack/cloudtrail-to-slack"
ROLES = OwnRoles([ROLE, f"arn:aws:iam::{ACCOUNT}:role/team/alerts/restart"])
SOURCES = frozenset({"m0"})


def identity(issuer: Any = ROLE, arn: Any = SESSION) -> dict[str, Any]:
    """The identity of a session."""
    return {"type": "AssumedRole", "arn": arn, "sessionContext": {"sessionIssuer": {"type": "Role", "arn": issuer}}}


def own(**changes: Any) -> dict[str, Any]:
    """A record of a call that the role made."""
    return record(userIdentity=identity(), **changes)


OWN = {
    "the issuer": identity(),
    "the issuer alone": identity(arn=None),
    "a role with a path": identity(f"arn:aws:iam::{ACCOUNT}:role/team/alerts/restart"),
    "the session alone": {"type": "AssumedRole", "arn": SESSION},
    "the session of a role with a path": {"arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/restart/x"},
    "an empty issuer": identity(issuer=""),
}
OTHERS = {
    "another account": identity("arn:aws:iam::999999999999:role/cloudtrail-to-slack"),
    "another account, by its session": {"arn": "arn:aws:sts::999999999999:assumed-role/cloudtrail-to-slack/x"},
    "another partition": identity(f"arn:aws-cn:iam::{ACCOUNT}:role/cloudtrail-to-slack"),
    "another path": identity(f"arn:aws:iam::{ACCOUNT}:role/x/cloudtrail-to-slack"),
    "no path": identity(f"arn:aws:iam::{ACCOUNT}:role/restart"),
    "a longer name": identity(f"{ROLE}-2"),
    "a longer name, by its session": {"arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/cloudtrail-to-slack-2/x"},
    "a user of that name": identity(f"arn:aws:iam::{ACCOUNT}:user/cloudtrail-to-slack"),
    "a session of that name": {"arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/x/cloudtrail-to-slack"},
    "another issuer with an own session": identity(f"arn:aws:iam::{ACCOUNT}:role/x"),
    "other letters": identity(ROLE.upper()),
    "the name alone": {"sessionContext": {"sessionIssuer": {"userName": "cloudtrail-to-slack"}}},
    "no identity": None,
    "a string": ROLE,
    "other types": {"sessionContext": {"sessionIssuer": [ROLE]}, "arn": 5},
}


@pytest.mark.parametrize("found", OWN.values(), ids=OWN)
def test_own(found: Any) -> None:
    """A call is the own role's by the role's whole ARN, or by that of a session of it if there is no other."""
    assert ROLES.made(record(userIdentity=found))


@pytest.mark.parametrize("found", OTHERS.values(), ids=OTHERS)
def test_others(found: Any) -> None:
    """A role of another account, partition, path or name is another, and so is what only looks like one."""
    assert not ROLES.made(record(userIdentity=found))


def test_without_an_arn_no_call_is_own() -> None:
    """Where the own role is not known, no call is its own."""
    assert not OwnRoles([]).made(own())


@given(found=json_values())
def test_any_identity(found: Any) -> None:
    """No identity raises."""
    assert ROLES.made(record(userIdentity=found)) is False


@pytest.mark.parametrize(
    ("arn", "role"),
    [
        (f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:f", f"arn:aws:iam::{ACCOUNT}:role/f"),
        (f"arn:aws-cn:lambda:cn-north-1:{ACCOUNT}:function:f:live", f"arn:aws-cn:iam::{ACCOUNT}:role/f"),
        ("", None),
        (None, None),
        (5, None),
        ("arn:aws:lambda:eu-west-1:1:function:f", None),
    ],
)
def test_role_of_function(arn: object, role: str | None) -> None:
    """The role that is named after the function is in the function's account and partition; else it is unknown."""
    assert role_of_function(arn, "f") == role
    assert role_of_function(arn, None) is None


@pytest.mark.parametrize("text", [ROLE, f"arn:aws-us-gov:iam::{ACCOUNT}:role/a/b/c"])
def test_role_arns(text: str) -> None:
    """The ARNs of roles are known in every partition and with paths, and can be configured."""
    assert is_role_arn(text)
    config, issues = read_config({"own_role_arns": [text]})
    assert (config.own_role_arns, issues) == ((text,), [])


@pytest.mark.parametrize("text", ["cloudtrail-to-slack", SESSION, f"{ROLE}\n", "arn:aws:iam::1:role/x", f"{ROLE}/"])
def test_no_role_arns(text: str) -> None:
    """What is not an ARN of a role is a fault of the configuration."""
    assert not is_role_arn(text)
    if text.strip() == text:
        (fault,) = read_config({"own_role_arns": [text]})[1]
        assert fault.path == "own_role_arns"


@pytest.mark.parametrize(
    ("source", "name", "expected"),
    [("sns", "Publish", True), ("kms", "GenerateDataKey", True), ("dynamodb", "UpdateItem", True),
     ("s3", "GetObject", True), ("cloudtrail", "StopLogging", False), ("cloudtrail", "StartLogging", False),
     ("s3", "PutObject", False), ("x", "Publish", False)],
)  # fmt: skip
def test_own_work(source: str, name: str, expected: bool) -> None:  # noqa: FBT001 (a parameter)
    """What the functions call by themselves is their work, and nothing else is."""
    assert is_own_work(record(eventSource=f"{source}.amazonaws.com", eventName=name)) is expected


def test_own_work_of_other_types() -> None:
    """A name or source that is not a string is no one's work."""
    assert not is_own_work(record(eventName=["Publish"], eventSource={}))


RULES = (Rule("True", id="low", severity=Severity.LOW), Rule("True", id="high", severity=Severity.HIGH))


def test_what_is_kept_of_a_call() -> None:
    """Of a call its time, name, error, id, rules and the highest severity are kept, and read again."""
    call = own_call(read_event(own(errorCode="AccessDenied")), RULES)
    assert (call.name, call.error_code, call.rules, call.severity) == (
        "DeleteBucket",
        "AccessDenied",
        ("low", "high"),
        "high",
    )
    assert read_own_call(call.dumped()) == call


@given(text=hostile_text(300))
def test_what_is_kept_is_short(text: str) -> None:
    """Whatever a record holds, what is kept is short, plain ASCII, and read again as it was."""
    event = read_event(own(eventName=text * 50, errorCode=text * 50, eventID=text * 50, eventTime=text * 50))
    call = own_call(event, [Rule("True", id=text * 50)] * 20)
    assert len(call.dumped()) < 12_000
    assert call.dumped().isascii()
    assert read_own_call(call.dumped()) == call


@pytest.mark.parametrize("text", ["", "{", "5", "[]", '["a"]', '["t","s","n","e","i",["r"],"loud"]', "[" * 100_000])
def test_what_was_not_kept_is_not_read(text: str) -> None:
    """What `dumped` did not write is not a call."""
    assert read_own_call(text) is None


def taken(calls: OwnCalls, rules: tuple[Rule, ...] = RULES, **changes: Any) -> bool:
    """Whether a call is gathered."""
    return calls.take(read_event(own(**changes)), rules, SOURCES)


def test_calls_are_gathered_by_kind() -> None:
    """The functions' own work is one kind for each severity, every other call with its outcome one of its own."""
    calls = OwnCalls(ROLES)
    for source, name in (("sns", "Publish"), ("kms", "Decrypt"), ("s3", "GetObject")):
        assert taken(calls, eventSource=f"{source}.amazonaws.com", eventName=name)
    assert taken(calls)
    assert taken(calls, errorCode="AccessDenied")
    assert taken(calls, errorCode="AccessDenied", eventID="another")
    kinds = calls.by_account[ACCOUNT]
    assert sorted((kind.startswith("work, "), found.number) for kind, found in kinds.items()) == [
        (False, 1),
        (False, 2),
        (True, 3),
    ]
    assert all(found.message_ids == SOURCES for found in kinds.values())


def test_a_critical_call_does_not_wait() -> None:
    """A critical call is gathered only where the functions make it as their work."""
    critical = (Rule("True", severity=Severity.CRITICAL),)
    calls = OwnCalls(ROLES)
    assert not taken(calls, critical, eventName="StopLogging", eventSource="cloudtrail.amazonaws.com")
    assert taken(calls, critical, eventName="GetObject")
    assert not calls.take(read_event(record()), RULES, SOURCES)


def test_very_many_calls() -> None:
    """Of very many calls the first are kept and all are counted."""
    calls = OwnCalls(ROLES)
    for number in range(3 * MOST_CALLS):
        taken(calls, eventID=f"e-{number}")
    (found,) = calls.by_account[ACCOUNT].values()
    assert (len(found.calls), found.number) == (MOST_CALLS, 3 * MOST_CALLS)
