"""What makes two copies of an event the same event."""

import copy
import json
from typing import Any

import pytest
from hypothesis import given, settings

from cloudtrail_to_slack.events.event import read_event
from cloudtrail_to_slack.events.identity import event_identity, identity_digest
from support.samples import ACCOUNT
from support.strategies import records

_EVENT: dict[str, Any] = {
    "eventVersion": "1.11",
    "userIdentity": {
        "type": "AssumedRole",
        "principalId": "AROAEXAMPLE:jo",
        "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/Admin/jo",
        "accountId": ACCOUNT,
        "accessKeyId": "ASIAEXAMPLE",
        "sessionContext": {
            "sessionIssuer": {"type": "Role", "userName": "Admin", "arn": f"arn:aws:iam::{ACCOUNT}:role/Admin"},
            "webIdFederationData": {},
            "attributes": {"mfaAuthenticated": "false", "creationDate": "2026-03-14T09:00:00Z"},
        },
    },
    "eventTime": "2026-03-14T09:30:12Z",
    "eventSource": "cloudtrail.amazonaws.com",
    "eventName": "StopLogging",
    "awsRegion": "eu-west-1",
    "sourceIPAddress": "203.0.113.7",
    "userAgent": "aws-cli/2.15",
    "requestParameters": {"name": "the-trail", "days": 5, "deep": {"list": [1, {"a": True}], "none": None}},
    "responseElements": None,
    "requestID": "r-1",
    "eventID": "e-1",
    "readOnly": False,
    "eventType": "AwsApiCall",
    "managementEvent": True,
    "recipientAccountId": ACCOUNT,
    "eventCategory": "Management",
    "tlsDetails": {"tlsVersion": "TLSv1.3"},
}
_PARAMETERS = _EVENT["requestParameters"]


def _changed(**changes: Any) -> dict[str, Any]:
    """Return the event with changes; `...` removes a field."""
    return {name: value for name, value in {**_EVENT, **changes}.items() if value is not ...}


def _digest(record: dict[str, Any], key: str | None = None) -> str:
    return identity_digest(event_identity(read_event(record, object_key=key)))


def _reversed(value: Any) -> Any:
    """Return the same with all keys in the other order."""
    if isinstance(value, dict):
        return {name: _reversed(value[name]) for name in reversed(value)}
    return [_reversed(item) for item in value] if isinstance(value, list) else value


SAME: dict[str, dict[str, Any]] = {
    "null left out": _changed(responseElements=...),
    "missing written as null": _changed(errorCode=None, errorMessage=None, additionalEventData=None),
    "missing written as empty": _changed(errorCode="", additionalEventData={}, resources=[]),
    "null as a string": _changed(responseElements="null"),
    "keys in another order": _reversed(_EVENT),
    "fields about the recording": _changed(eventVersion=..., eventCategory=..., tlsDetails=..., managementEvent=...),
    "other fields about the recording": _changed(readOnly="false", eventType=..., apiVersion="2013", requestID=...),
    "numbers as floats": _changed(requestParameters={**_PARAMETERS, "days": 5.0}),
    "numbers as strings": _changed(requestParameters={**_PARAMETERS, "days": "5"}),
    "truth as a string": _changed(requestParameters={**_PARAMETERS, "deep": {"list": ["1", {"a": "true"}]}}),
    "an empty object inside": _changed(requestParameters={**_PARAMETERS, "more": {"more": {"more": []}}}),
    "time with milliseconds": _changed(eventTime="2026-03-14T09:30:12.000Z"),
    "time with an offset": _changed(eventTime="2026-03-14T10:30:12+01:00"),
    "no account of the recipient": _changed(recipientAccountId=...),
    "the account as a number": _changed(recipientAccountId=int(ACCOUNT)),
}
OTHER: dict[str, dict[str, Any]] = {
    "another id": _changed(eventID="e-2"),
    "another name": _changed(eventName="DescribeTrails"),
    "another service": _changed(eventSource="iam.amazonaws.com"),
    "another region": _changed(awsRegion="us-east-1"),
    "another address": _changed(sourceIPAddress="198.51.100.1"),
    "another client": _changed(userAgent="x"),
    "another time": _changed(eventTime="2026-03-14T09:30:13Z"),
    "another account": _changed(recipientAccountId="444455556666"),
    "another trail": _changed(requestParameters={**_PARAMETERS, "name": "another"}),
    "no parameters": _changed(requestParameters=None),
    "parameters that were too large": _changed(requestParameters={"omitted": True, "originalSize": 1, "reason": "x"}),
    "a position in a list": _changed(requestParameters={**_PARAMETERS, "deep": {"list": [{"a": True}, 1]}}),
    "a list for an object": _changed(requestParameters={**_PARAMETERS, "deep": {"list": {"0": 1, "1": {"a": True}}}}),
    "an answer": _changed(responseElements={"x": 1}),
    "refused": _changed(errorCode="AccessDenied"),
    "another message": _changed(errorMessage="x"),
    "with MFA": _changed(additionalEventData={"MFAUsed": "Yes"}),
    "other resources": _changed(resources=[{"ARN": "arn:aws:s3:::x"}]),
    "another user": _changed(userIdentity={**_EVENT["userIdentity"], "arn": "arn:aws:iam::1:user/x"}),
    "another access key": _changed(userIdentity={**_EVENT["userIdentity"], "accessKeyId": "AKIAX"}),
    "no identity": _changed(userIdentity=None),
    "an update of it": _changed(addendum={"reason": "UPDATED_DATA", "originalEventID": "e-1"}),
    "a dotted key that shadows": {"requestParameters.name": "the-trail", **_changed(requestParameters={"name": "x"})},
    "the same leaves under dotted keys": _changed(
        requestParameters={"name": "the-trail", "days": 5, "deep.list.0": 1, "deep.list.1.a": True}
    ),
}


@pytest.mark.parametrize("record", SAME.values(), ids=SAME)
def test_copies_are_the_same_event(record: dict[str, Any]) -> None:
    """However a copy of an event is written, it is that event."""
    assert _digest(record) == _digest(_EVENT)


@pytest.mark.parametrize("record", OTHER.values(), ids=OTHER)
def test_other_content_is_another_event(record: dict[str, Any]) -> None:
    """Whatever an alert or a rule goes by makes another event of it, whose id may well be the same."""
    assert _digest(record) != _digest(_EVENT)


def test_what_is_too_large_is_the_same_however_it_is_left_out() -> None:
    """Parameters that CloudTrail left out are one thing, whatever size or reason it notes; a lookalike is another."""
    sizes: list[dict[str, Any]] = [
        {"omitted": True},
        {"omitted": True, "originalSize": 102_401},
        {"omitted": True, "originalSize": 102_402, "reason": "x"},
    ]
    assert len({_digest(_changed(requestParameters=omitted)) for omitted in sizes}) == 1
    lookalike = {"omitted": True, "name": "another"}
    assert _digest(_changed(requestParameters=lookalike)) != _digest(_changed(requestParameters=sizes[0]))


def test_without_an_id_everything_counts() -> None:
    """An event without an id is known by its whole record, but for how it is written and which account it is for."""
    without = _changed(eventID=None)
    assert _digest(without) == _digest(_changed(eventID=..., responseElements=...))
    assert _digest(without) == _digest(_changed(eventID=..., recipientAccountId=...))
    for name in ("requestID", "eventType", "userAgent"):
        assert _digest(without) != _digest(_changed(eventID=None, **{name: "x"}))


def test_nested_beyond_measure() -> None:
    """Differences at any depth that JSON can be read from make another event, and none raises."""

    def nested(leaf: str, levels: int, parity: int = 1) -> Any:
        value: Any = leaf
        for level in range(levels):
            value = {"a": value} if level % 2 == parity else [value]
        return _changed(requestParameters={"deep": value})

    for levels in (10, 70, 300):
        for parity in (0, 1):
            assert _digest(nested("x", levels, parity)) != _digest(nested("y", levels, parity))
    assert _digest(nested("x", 2000))


@settings(deadline=None, max_examples=150)
@given(record=records())
def test_any_record_has_an_identity(record: dict[str, Any]) -> None:
    """Any record has one, that survives being written as JSON and read in another order, and is itself left alone."""
    before = copy.deepcopy(record)
    digest = _digest(record)
    assert record == before
    assert _digest(_reversed(json.loads(json.dumps(record)))) == digest
    assert len(digest) == 64
