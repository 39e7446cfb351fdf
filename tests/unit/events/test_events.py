"""From a record to what rules and alerts see."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings

from cloudtrail_to_slack.errors import RecordError
from cloudtrail_to_slack.events.event import MAX_KEY_CHARACTERS, as_text, flatten, parse_time, read_event
from support.samples import ACCOUNT, EVENT_ID, KEY, ROLE_ARN, event, record
from support.strategies import json_objects, json_values, records

KEY_OF_ANOTHER = "AWSLogs/444455556666/CloudTrail/eu-west-1/2026/03/14/x.json.gz"


def reference_flatten(value: Any, path: tuple[str, ...] = ()) -> dict[str, Any]:
    """Flatten as the design says, in the most obvious way."""
    if not isinstance(value, dict | list):
        return {".".join(path): value}
    children = value.items() if isinstance(value, dict) else enumerate(value)
    flat: dict[str, Any] = {}
    for name, child in children:
        for key, leaf in reference_flatten(child, (*path, str(name))).items():
            flat.pop(key, None)
            flat[key] = leaf
    return flat


@settings(deadline=None, max_examples=150)
@given(value=json_objects(40))
def test_flatten_is_the_obvious_flattening(value: dict[str, Any]) -> None:
    """Flattening gives what a plain recursion gives, dotted keys, lists in lists and nulls included."""
    assert flatten(value) == reference_flatten(value)


@settings(deadline=None, max_examples=100)
@given(value=records())
def test_flatten_of_records(value: dict[str, Any]) -> None:
    """The flattened view of a record is what a plain recursion gives."""
    assert dict(read_event(value).flat) == reference_flatten(value)


def test_flatten_by_example() -> None:
    """Positions are numbers, null stays, empty objects and lists vanish, order is the reading order."""
    value: dict[str, Any] = {
        "a": {"items": [{"name": "x"}, [1, None]]},
        "none": None,
        "empty": {},
        "list": [],
        "b.c": {"d": False},
    }
    expected = [("a.items.0.name", "x"), ("a.items.1.0", 1), ("a.items.1.1", None), ("none", None), ("b.c.d", False)]
    assert list(flatten(value).items()) == expected


def test_of_two_paths_that_read_the_same_the_later_wins() -> None:
    """A dotted key and a nested one may read the same; the one that stands later counts."""
    assert flatten({"a.b": 1, "a": {"b": 2}}) == {"a.b": 2}
    assert flatten({"a": {"b": 2}, "a.b": 1}) == {"a.b": 1}


def test_nesting_is_no_danger() -> None:
    """A record nested deeper than Python's own stack is flattened like any other."""
    deep: Any = "leaf"
    for _ in range(1000):
        deep = [{"k": deep}]
    assert list(flatten({"deep": deep}).values()) == ["leaf"]


def test_flattening_is_bounded() -> None:
    """A small record that would flatten to gigabytes of keys is refused, saying why."""
    value: Any = "leaf"
    for _ in range(100):
        value = {"k" * 2000: value}
    record_of_a_megabyte = {"requestParameters": {str(number): value for number in range(1000)}}
    with pytest.raises(RecordError, match=f"{MAX_KEY_CHARACTERS:,}"):
        flatten(record_of_a_megabyte)


def test_the_facts_of_a_record() -> None:
    """An ordinary record gives every fact an alert shows."""
    found = event(errorCode="AccessDenied", errorMessage="no")
    facts = (found.name, found.source, found.event_id, found.account, found.region, found.error_code)
    assert facts == ("DeleteBucket", "s3.amazonaws.com", EVENT_ID, ACCOUNT, "eu-west-1", "AccessDenied")
    assert found.time == datetime(2026, 3, 14, 9, 24, 17, tzinfo=UTC)
    assert found.actor.arn == ROLE_ARN
    assert found.error_message == "no"
    assert found.insight is None
    assert found.text("requestParameters.bucketName") == "example-bucket"


def test_flat_is_read_only() -> None:
    """A rule cannot change what the next rule sees."""
    flat: Any = event().flat
    with pytest.raises(TypeError):
        flat["eventName"] = "other"


def test_the_facts_of_an_insight() -> None:
    """An Insight names its API call in `insightDetails` and has no actor."""
    details = {"state": "Start", "eventName": "DeleteVpc", "eventSource": "ec2.amazonaws.com"}
    found = event(eventName=..., eventSource=..., userIdentity=..., insightDetails=details)
    assert (found.name, found.source, found.actor.name) == ("DeleteVpc", "ec2.amazonaws.com", "unknown")
    assert found.insight is not None


def test_an_almost_empty_record_is_an_event() -> None:
    """A record without anything is an event without facts, not an error."""
    found = read_event({})
    assert dict(found.flat) == {}
    facts = (found.name, found.source, found.event_id, found.region, found.error_code, found.error_message)
    assert facts == ("", "", "", "", "", "")
    assert (found.account, found.time, found.insight) == (None, None, None)


@pytest.mark.parametrize(
    ("value", "kind"),
    [(None, "null"), ("x", "a string"), ([], "a list"), (True, "a boolean"), (1, "a number"), (1.5, "a number")],
)
def test_what_is_no_object(value: object, kind: str) -> None:
    """A record that is not an object is refused by its type, and its content is not shown."""
    with pytest.raises(RecordError, match=f"^a record that is {kind} and not an object$"):
        read_event(value)


@pytest.mark.parametrize(
    ("recipient", "caller", "key", "account"),
    [
        ("111122223333", "444455556666", KEY_OF_ANOTHER, "111122223333"),
        (..., "111122223333", KEY_OF_ANOTHER, "111122223333"),
        (None, "ANONYMOUS_PRINCIPAL", KEY_OF_ANOTHER, "444455556666"),
        (111122223333, None, KEY_OF_ANOTHER, "444455556666"),
        ("<!channel>", "1111222233", KEY_OF_ANOTHER, "444455556666"),
        ("١" * 12, ["111122223333"], KEY_OF_ANOTHER, "444455556666"),
        ("", "", "exports/events.json", None),
        ("", "", None, None),
    ],
)
def test_account(recipient: object, caller: object, key: str | None, account: str | None) -> None:
    """The recipient's account counts, else the caller's, else the key's; each only if it is twelve digits."""
    value = record(recipientAccountId=recipient, userIdentity={"accountId": caller})
    assert read_event(value, object_key=key).account == account


@pytest.mark.parametrize("identity", ["a string", None, [], 5, ...])
def test_account_without_an_identity(identity: object) -> None:
    """An identity that is not an object does not keep the key from giving the account."""
    value = record(recipientAccountId=..., userIdentity=identity)
    assert read_event(value, object_key=KEY).account == ACCOUNT


SSO = {"type": "AssumedRole", "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/AWSReservedSSO_Ops_0123456789abcdef/jo"}


@pytest.mark.parametrize(
    ("changes", "without"),
    [
        ({"additionalEventData": {"MFAUsed": "No"}}, True),
        ({"additionalEventData": {"MFAUsed": "Yes"}}, False),
        ({"additionalEventData": {}}, True),
        ({"additionalEventData": None}, True),
        ({}, True),
        ({"additionalEventData": {"MFAUsed": "No"}, "userIdentity": SSO}, False),
        ({"additionalEventData": {"MFAUsed": "No"}, "eventName": "SwitchRole"}, False),
    ],
)
def test_without_mfa(changes: dict[str, Any], *, without: bool) -> None:
    """Only a console sign-in for which AWS saw no MFA is one without, and never one through Identity Center."""
    assert event(**{"eventName": "ConsoleLogin", **changes}).without_mfa is without


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2026-03-14T09:24:17Z", datetime(2026, 3, 14, 9, 24, 17, tzinfo=UTC)),
        (" 2026-03-14T09:24:17Z\n", datetime(2026, 3, 14, 9, 24, 17, tzinfo=UTC)),
        ("2026-03-14T09:24:17", datetime(2026, 3, 14, 9, 24, 17, tzinfo=UTC)),
        ("2026-03-14T11:24:17+02:00", datetime(2026, 3, 14, 9, 24, 17, tzinfo=UTC)),
        ("0001-01-01T00:00:00+23:59", None),
        ("9999-12-31T23:59:59-23:59", None),
        ("yesterday", None),
        ("", None),
        (1773480257, None),
        (None, None),
        (["2026-03-14T09:24:17Z"], None),
    ],
)
def test_times(text: object, time: datetime | None) -> None:
    """Times are read in UTC; what is not a time is None, not an error."""
    assert parse_time(text) == time


@pytest.mark.parametrize(
    ("value", "text"),
    [("x", "x"), (None, ""), (5, "5"), (True, "true"), ({"a": ["ß"]}, '{"a": ["ß"]}'), ([], "[]")],
)
def test_as_text(value: object, text: str) -> None:
    """A string is itself, nothing is empty, anything else is JSON."""
    assert as_text(value) == text


def test_as_text_of_what_is_nested_too_deeply() -> None:
    """What cannot be dumped is named by its type."""
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    assert as_text(deep) == "(a list nested too deeply to show)"


@settings(deadline=None, max_examples=100)
@given(value=json_values(20))
def test_as_text_of_anything(value: object) -> None:
    """Any JSON has a text."""
    assert isinstance(as_text(value), str)


@settings(deadline=None, max_examples=100)
@given(value=records())
def test_reads_any_record(value: Mapping[str, Any]) -> None:
    """No record that is an object raises, and its facts have the types they promise."""
    found = read_event(value, object_key=KEY)
    texts = (found.name, found.source, found.event_id, found.region, found.error_code, found.error_message)
    assert all(isinstance(text, str) for text in texts)
    assert found.account is not None
    assert found.time is None or found.time.tzinfo is UTC
    assert isinstance(found.is_update and found.without_mfa, bool)
