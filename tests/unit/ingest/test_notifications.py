"""From what invoked the function to what there is to do."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudtrail_to_slack.ingest.payloads import (
    Ignored,
    Item,
    LogFile,
    MissingDataCheckDue,
    Notification,
    RemovedObject,
    SingleEvent,
    Unrecognized,
    read_payload,
)
from support.samples import record
from support.strategies import hostile_key, hostile_text, json_values

BUCKET, KEY = "trail-bucket", "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/14/a b+c%20d.json.gz"
OBJECT = LogFile(BUCKET, KEY, "eu-west-1")
TEST_EVENT = {"Service": "Amazon S3", "Event": "s3:TestEvent", "Time": "2026-03-14T09:00:00Z", "Bucket": BUCKET}
SECRET = "correct horse battery staple"


def s3_record(
    event_name: str = "ObjectCreated:Put", key: str = KEY, *, about: Mapping[str, Any] | None = None, **more: Any
) -> dict[str, Any]:
    """A record of an S3 event notification; its key is form-encoded. `about` is what more it has of the object."""
    s3 = {"bucket": {"name": BUCKET}, "object": {"key": quote_plus(key, safe="/"), **(about or {})}}
    return {"eventSource": "aws:s3", "awsRegion": "eu-west-1", "eventName": event_name, "s3": s3, **more}


def s3_notification(*keys: str) -> dict[str, Any]:
    """An S3 event notification about objects that were created."""
    return {"Records": [s3_record(key=key) for key in keys or (KEY,)]}


def sns_envelope(payload: object) -> dict[str, Any]:
    """What SNS puts around a message."""
    return {"Type": "Notification", "MessageId": "m", "TopicArn": "t", "Message": json.dumps(payload)}


def from_sns(payload: object) -> dict[str, Any]:
    """A message as SNS hands it to a function."""
    return {"Records": [{"EventSource": "aws:sns", "EventVersion": "1.0", "Sns": sns_envelope(payload)}]}


def from_sqs(*bodies: object, ids: tuple[str, ...] = ("m-1", "m-2", "m-3")) -> dict[str, Any]:
    """Messages as SQS hands them to a function."""
    pairs = zip(ids, bodies, strict=False)
    return {"Records": [{"eventSource": "aws:sqs", "messageId": i, "body": json.dumps(body)} for i, body in pairs]}


def eventbridge(detail_type: str, detail: object, source: str = "aws.s3") -> dict[str, Any]:
    """An EventBridge event."""
    return {"source": source, "detail-type": detail_type, "region": "eu-west-1", "time": "t", "detail": detail}


S3_DETAIL = {"bucket": {"name": BUCKET}, "object": {"key": KEY}}
NOTIFICATIONS = {
    "S3": s3_notification(),
    "S3 to SNS": from_sns(s3_notification()),
    "S3 to SQS": from_sqs(s3_notification()),
    "S3 to SNS to SQS": from_sqs(sns_envelope(s3_notification())),
    "S3 to SNS to SQS, raw": from_sqs(s3_notification()),
    "S3 to SQS to a pipe that envelopes": from_sqs(sns_envelope(sns_envelope(s3_notification()))),
    "EventBridge": eventbridge("Object Created", S3_DETAIL),
    "EventBridge to SQS": from_sqs(eventbridge("Object Created", S3_DETAIL)),
    "EventBridge to SNS": from_sns(eventbridge("Object Created", S3_DETAIL)),
}


def items(payload: object) -> list[Item]:
    """All items of all notifications."""
    return [item for notification in read_payload(payload) for item in notification.items]


@pytest.mark.parametrize("payload", NOTIFICATIONS.values(), ids=NOTIFICATIONS)
def test_notification(payload: object) -> None:
    """However a log file is announced, its decoded key, bucket and region are read."""
    assert items(payload) == [OBJECT]


_ETAG = "d41d8cd98f00b204e9800998ecf8427e"
_VERSIONS: dict[str, tuple[Any, Any, str | None, str | None]] = {
    "a version": ("096fKKXTRTtl3on89fVO.nfljtsv6qko", _ETAG, "096fKKXTRTtl3on89fVO.nfljtsv6qko", _ETAG),
    "no versioning": (None, _ETAG, None, _ETAG),
    "versioning suspended": ("null", _ETAG, None, _ETAG),
    "put in parts": (None, f"{_ETAG}-3", None, f"{_ETAG}-3"),
    "an ETag in quotes": (None, f'"{_ETAG}"', None, _ETAG),
    "empty": ("", "", None, None),
    "of other types": (7, ["x"], None, None),
    "no ETag for a header": ("v", "x\r\nRange: bytes=0-1", "v", None),
}


@pytest.mark.parametrize(("version", "etag", "wanted", "wanted_etag"), _VERSIONS.values(), ids=_VERSIONS)
def test_the_version_that_was_announced(version: Any, etag: Any, wanted: str | None, wanted_etag: str | None) -> None:
    """S3's notification and EventBridge's name version and ETag in their own words, and both are read."""
    expected = [(wanted, wanted_etag)]
    by_s3 = {"Records": [s3_record(about={"versionId": version, "eTag": etag})]}
    detail = {"bucket": {"name": BUCKET}, "object": {"key": KEY, "version-id": version, "etag": etag}}
    for payload in (by_s3, from_sqs(by_s3), from_sns(by_s3), eventbridge("Object Created", detail)):
        assert [(item.version, item.etag) for item in items(payload) if isinstance(item, LogFile)] == expected


@pytest.mark.parametrize(
    ("size", "wanted"), [(1234, 1234), (0, 0), (None, None), (-1, None), (True, None), ("12", None), (1.5, None)]
)
def test_the_size_that_was_announced(size: Any, wanted: int | None) -> None:
    """S3 and EventBridge say how large an object is; anything that is not a size is ignored."""
    by_s3 = {"Records": [s3_record(about={"size": size})]}
    detail = {"bucket": {"name": BUCKET}, "object": {"key": KEY, "size": size}}
    for payload in (by_s3, {"source": "aws.s3", "detail-type": "Object Created", "detail": detail}):
        assert [item.size for item in items(payload) if isinstance(item, LogFile)] == [wanted]


def test_two_versions_are_two_objects() -> None:
    """Notifications of two versions of a key are about two objects, and a repeated one is about the same."""
    payload = {"Records": [s3_record(about={"versionId": version, "eTag": "e"}) for version in ("1", "2", "2")]}
    first, second, third = items(payload)
    assert len({first, second, third}) == 2
    assert second == third


_ABOUT_SUBSCRIPTIONS = ("SubscriptionConfirmation", "UnsubscribeConfirmation")


@pytest.mark.parametrize("kind", _ABOUT_SUBSCRIPTIONS)
def test_what_sns_sends_about_a_subscription_asks_for_nothing(kind: str) -> None:
    """A confirmation that SNS sends to a queue is ignored, in whatever it comes; its link stays unused."""
    message = {
        "Type": kind,
        "MessageId": "165545c9-2a5c-472c-8df2-7ff2be2b3b1b",
        "Token": "2336412f37",
        "TopicArn": "arn:aws:sns:us-west-2:123456789012:MyTopic",
        "Message": "You have chosen to subscribe to the topic arn:aws:sns:us-west-2:123456789012:MyTopic.",
        "SubscribeURL": "https://sns.us-west-2.amazonaws.com/?Action=ConfirmSubscription",
        "Timestamp": "2012-04-26T20:45:04.751Z",
    }
    expected = [Ignored(f"an SNS {kind}, whose link this function never opens")]
    lambda_record = {"Records": [{"EventSource": "aws:sns", "Sns": message}]}
    for payload in (message, from_sqs(message), from_sqs(sns_envelope(message)), lambda_record):
        assert items(payload) == expected


@pytest.mark.parametrize("payload", [{"Records": []}, from_sqs({"Records": []}), from_sns({"Records": []})])
def test_a_notification_without_records_asks_for_nothing(payload: object) -> None:
    """An empty list of records is not a failure: there is nothing that could be lost."""
    assert items(payload) == [Ignored("a notification without records")]


_OTHER_S3_EVENTS = (
    "s3:TestEvent", "ObjectRestore:Post", "ObjectRestore:Completed", "ObjectRestore:Delete", "ObjectTagging:Put",
    "ObjectTagging:Delete", "ObjectAcl:Put", "IntelligentTiering", "LifecycleTransition", "LifecycleExpiration:Delete",
    "Replication:OperationFailedReplication", "Replication:OperationReplicatedAfterThreshold",
    "ReducedRedundancyLostObject", "AnEventOfTomorrow:Done",
)  # fmt: skip
_OTHER_DETAIL_TYPES = (
    "Object Restore Initiated", "Object Restore Completed", "Object Restore Expired", "Object Tags Added",
    "Object Tags Deleted", "Object ACL Updated", "Object Storage Class Changed", "Object Access Tier Changed",
)  # fmt: skip


@pytest.mark.parametrize("name", _OTHER_S3_EVENTS)
def test_events_of_s3_that_bring_no_object(name: str) -> None:
    """Restores, tags, ACLs, tiers and replication are ignored, with and without the prefix of rules."""
    for written in {name, f"s3:{name.removeprefix('s3:')}"}:
        assert [type(item) for item in items(from_sqs({"Records": [s3_record(written)]}))] == [Ignored]


@pytest.mark.parametrize("name", _OTHER_DETAIL_TYPES)
def test_events_of_s3_on_a_bus_that_bring_no_object(name: str) -> None:
    """The same where EventBridge brings them."""
    assert [type(item) for item in items(eventbridge(name, S3_DETAIL))] == [Ignored]


def test_cloudtrails_own_notification() -> None:
    """CloudTrail's own message names several objects of one bucket, whose keys are not encoded."""
    payload = {"s3Bucket": BUCKET, "s3ObjectKey": ["a+b.json.gz", "c%20d.json.gz"]}
    expected = [LogFile(BUCKET, "a+b.json.gz"), LogFile(BUCKET, "c%20d.json.gz")]
    assert items(from_sns(payload)) == expected
    assert items(payload) == expected


def test_cloudtrails_own_notification_of_one_key() -> None:
    """A single key that is not a list is read too."""
    assert items({"s3Bucket": BUCKET, "s3ObjectKey": KEY}) == [LogFile(BUCKET, KEY)]


def test_one_unreadable_key_leaves_its_neighbours() -> None:
    """A key that is not text is unrecognized, and the keys beside it are read."""
    found = items({"s3Bucket": BUCKET, "s3ObjectKey": ["a", None, 7, "b"]})
    assert [type(item) for item in found] == [LogFile, Unrecognized, Unrecognized, LogFile]


@pytest.mark.parametrize(
    "payload", [TEST_EVENT, from_sqs(TEST_EVENT), from_sns(TEST_EVENT), from_sqs(sns_envelope(TEST_EVENT))]
)
def test_s3_test_event(payload: object) -> None:
    """The message S3 sends when a notification is set up asks for nothing."""
    assert items(payload) == [Ignored("s3:TestEvent")]


def test_cloudtrail_validation_message() -> None:
    """The text CloudTrail sends when a topic is set up asks for nothing."""
    payload = {"Records": [{"EventSource": "aws:sns", "Sns": {"Message": "CloudTrail validation message."}}]}
    assert items(payload) == [Ignored("CloudTrail validation message")]


def test_removed_object_of_s3() -> None:
    """A removal names who removed what, from where, when and how."""
    more: dict[str, Any] = {
        "eventTime": "2026-03-14T09:00:00.000Z",
        "userIdentity": {"principalId": "AWS:AIDAEXAMPLE"},
        "requestParameters": {"sourceIPAddress": "203.0.113.7"},
    }
    payload = {"Records": [s3_record("ObjectRemoved:DeleteMarkerCreated", **more)]}
    expected = RemovedObject(
        OBJECT, "2026-03-14T09:00:00.000Z", "AWS:AIDAEXAMPLE", "203.0.113.7", "ObjectRemoved:DeleteMarkerCreated"
    )
    assert items(payload) == [expected]


def test_removed_object_of_which_nothing_more_is_known() -> None:
    """A removal without identity, address or time is a removal still."""
    payload = {"Records": [s3_record("ObjectRemoved:Delete", userIdentity=None, requestParameters="?", eventTime=5)]}
    assert items(payload) == [RemovedObject(OBJECT, None, None, None, "ObjectRemoved:Delete")]


def test_removed_object_of_eventbridge() -> None:
    """Removals from EventBridge name the same."""
    detail = {**S3_DETAIL, "requester": "111122223333", "source-ip-address": "203.0.113.7", "reason": "DeleteObject"}
    expected = RemovedObject(OBJECT, "t", "111122223333", "203.0.113.7", "DeleteObject")
    assert items(eventbridge("Object Deleted", detail)) == [expected]


def test_expired_object() -> None:
    """A lifecycle rule's removals are no one's doing and are ignored."""
    payload = eventbridge("Object Deleted", {**S3_DETAIL, "reason": "Lifecycle Expiration"})
    assert items(payload) == [Ignored("an object that a lifecycle rule removed")]


@pytest.mark.parametrize(
    "payload",
    [{"Records": [s3_record("ObjectTagging:Put")]}, eventbridge("Object Tags Added", S3_DETAIL)],
    ids=["S3", "EventBridge"],
)
def test_other_s3_events(payload: object) -> None:
    """What is neither a creation nor a removal is ignored and no error."""
    assert [type(item) for item in items(payload)] == [Ignored]


def test_event_name_with_its_long_prefix() -> None:
    """An event name written `s3:ObjectCreated:Put`, as rules write it, is a creation too."""
    assert items({"Records": [s3_record("s3:ObjectCreated:CompleteMultipartUpload")]}) == [OBJECT]


# As the documentation spells them, and as they come.
DETAIL_TYPES = [
    f"AWS {what} via CloudTrail"
    for what in ("API Call", "Console Sign In", "Console Signin", "Console Action", "Service Event", "Insight")
]


@pytest.mark.parametrize("detail_type", DETAIL_TYPES)
def test_single_events(detail_type: str) -> None:
    """Each kind of CloudTrail event that EventBridge brings is handed on as its record."""
    detail = record()
    assert items(eventbridge(detail_type, detail, "aws.s3")) == [SingleEvent(detail)]
    assert items(from_sqs(eventbridge(detail_type, detail, "aws.ec2"))) == [SingleEvent(detail)]


FORGED = eventbridge("AWS API Call via CloudTrail", {"eventName": "StopLogging"}, "aws.cloudtrail")
SENDERS = {
    "a role": "AROAEXAMPLEEXAMPLE123:session",
    "a Lambda function": "AROAEXAMPLEEXAMPLE123:awslambda_39_20161007224708400",
    "a role without session": "AROAEXAMPLEEXAMPLE123",
    "an account": "111122223333",
    "anyone": "203.0.113.7",
    "a federated user": "111122223333:jo",
    "nothing": "",
    "a number": 7,
    "a list": ["AIDAJXNJGGKNS7OSV23OI"],
    "a lookalike": "AIDAJXNJGGKNS7OSV23OI:x",
    "a lookalike on two lines": "AIDAJXNJGGKNS7OSV23OI\n",
}
SOMEWHERE_ELSE = {
    "SNS": (from_sns(FORGED), "in an SNS message"),
    "SNS to SQS": (from_sqs(sns_envelope(FORGED)), "in an SNS message"),
    "an envelope by itself": (sns_envelope(FORGED), "in an SNS message"),
    "SQS to SNS": (from_sns(from_sqs(FORGED)), "in an SNS message"),
    "SQS to SQS": (from_sqs(from_sqs(FORGED)), "in a message inside another"),
    "SNS to SQS to SQS": (from_sqs(from_sqs(sns_envelope(FORGED))), "in a message inside another"),
    "SNS records in SQS": (from_sqs(from_sns(FORGED)), "in an SNS message"),
}


def from_sender(sender: object, payload: object = FORGED) -> dict[str, Any]:
    """A message as SQS hands it to a function, with who sent it."""
    event = from_sqs(payload)
    event["Records"][0]["attributes"] = {"SenderId": sender, "ApproximateReceiveCount": "1"}
    return event


@pytest.mark.parametrize(("payload", "where"), SOMEWHERE_ELSE.values(), ids=SOMEWHERE_ELSE)
def test_a_single_event_that_eventbridge_did_not_deliver(payload: object, where: str) -> None:
    """A single event inside an SNS message or another message is unrecognized, and the description says why."""
    assert items(payload) == [Unrecognized(f"a single event {where}, so it is not from EventBridge")]


@pytest.mark.parametrize("sender", SENDERS.values(), ids=SENDERS)
def test_a_single_event_that_no_service_put_into_the_queue(sender: object) -> None:
    """A single event that a role, an account or anyone else sent to the queue is unrecognized; a log file is not."""
    (found,) = items(from_sender(sender))
    assert found == Unrecognized(
        "a single event in an SQS message that no AWS service sent, so it is not from EventBridge"
    )
    assert items(from_sender(sender, s3_notification())) == [OBJECT]
    assert items(from_sender(sender, eventbridge("Object Created", S3_DETAIL))) == [OBJECT]


@pytest.mark.parametrize("sender", ["AIDAJXNJGGKNS7OSV23OI", "AIDAJ2E4ZHTZPIG4AM4I6", "AIDA4B3L5DHZGA5FAHUSD"])
def test_a_single_event_that_a_service_put_into_the_queue(sender: str) -> None:
    """EventBridge appears in a queue as a user of AWS's own, another one in each region."""
    assert items(from_sender(sender)) == [SingleEvent(FORGED["detail"])]


def test_where_eventbridge_delivers_no_single_event_there_is_none() -> None:
    """With single events off, what looks like one is unrecognized whichever way it comes, and all else is as usual."""
    for payload in (FORGED, from_sqs(FORGED), from_sns(FORGED)):
        (notification,) = read_payload(payload, single_events=False)
        reason = "a single event although enable_realtime is off, so it is not from EventBridge"
        assert notification.items == (Unrecognized(reason),)
    for payload in NOTIFICATIONS.values():
        (notification,) = read_payload(payload, single_events=False)
        assert notification.items == (OBJECT,)


def test_sqs_messages_are_notifications_of_their_own() -> None:
    """Each SQS message is a notification with its id, so that one can be handed back without the others."""
    notifications = read_payload(from_sqs(s3_notification("a"), TEST_EVENT, {"what": "?"}))
    assert [notification.message_id for notification in notifications] == ["m-1", "m-2", "m-3"]
    kinds = [[type(item) for item in notification.items] for notification in notifications]
    assert kinds == [[LogFile], [Ignored], [Unrecognized]]


def test_everything_that_is_not_queued_is_one_notification() -> None:
    """The records of one S3 notification form one notification without a message id."""
    notifications = read_payload(s3_notification("a", "b"))
    objects = (LogFile(BUCKET, "a", "eu-west-1"), LogFile(BUCKET, "b", "eu-west-1"))
    assert notifications == [Notification(objects)]


def test_unreadable_record_leaves_its_neighbours() -> None:
    """A record that is not a record does not hide the one after it."""
    payload = {"Records": [None, 5, {"eventSource": "aws:kinesis"}, {"eventSource": "aws:s3"}, s3_record()]}
    found = items(payload)
    assert [type(item) for item in found[:4]] == [Unrecognized] * 4
    assert found[4:] == [OBJECT]


UNRECOGNISED: dict[str, tuple[Any, str]] = {
    "nothing": (None, "null"),
    "text": ("Hello", "a string"),
    "a number": (7, "a number"),
    "a list": ([1], "a list"),
    "an empty object": ({}, "an object without keys"),
    "unknown keys": ({"b": 1, "a": {"c": 2}}, "an object with the keys a, b"),
    "a message that is no JSON": (
        {"Records": [{"eventSource": "aws:sqs", "messageId": "1", "body": "{"}]},
        "a message that is not JSON",
    ),
    "a message without a body": ({"Records": [{"eventSource": "aws:sqs", "messageId": "1"}]}, "null"),
    "no records, and more": ({"Records": [], "what": 1}, "an object with the keys Records, what"),
    "SNS without an envelope": ({"Records": [{"EventSource": "aws:sns"}]}, "null"),
    "no bucket": ({"s3Bucket": "", "s3ObjectKey": ["a"]}, "an object with the keys s3Bucket, s3ObjectKey"),
    "no key": ({"s3Bucket": BUCKET, "s3ObjectKey": []}, "an object with the keys s3Bucket, s3ObjectKey"),
    "an EventBridge event of another service": (
        eventbridge("EC2 Instance State-change Notification", {}, "aws.ec2"),
        "an object with the keys detail, detail-type, region, source, time",
    ),
    "a CloudTrail event that AWS did not put on the bus": (
        eventbridge("AWS API Call via CloudTrail", {"eventName": "StopLogging"}, "my.application"),
        "an object with the keys detail, detail-type, region, source, time",
    ),
    "a CloudTrail event that a partner put on the bus": (
        eventbridge("AWS API Call via CloudTrail", {"eventName": "StopLogging"}, "aws.partner/example.com/x"),
        "an object with the keys detail, detail-type, region, source, time",
    ),
    "an EventBridge event without detail": (
        eventbridge("AWS API Call via CloudTrail", None, "aws.ec2"),
        "an object with the keys detail, detail-type, region, source, time",
    ),
    "an S3 event of EventBridge without a key": (
        eventbridge("Object Created", {"bucket": {"name": BUCKET}}),
        "an object with the keys detail, detail-type, region, source, time",
    ),
    "envelopes without end": (
        from_sns(sns_envelope(sns_envelope(sns_envelope(sns_envelope(s3_notification()))))),
        "an object with the keys Records",
    ),
}


@pytest.mark.parametrize(("payload", "description"), UNRECOGNISED.values(), ids=UNRECOGNISED)
def test_unrecognized(payload: object, description: str) -> None:
    """What cannot be read is described by its keys, so that the log says what came."""
    assert items(payload) == [Unrecognized(description)]


def test_description_is_short() -> None:
    """Hundreds of endless keys are summed up in a line."""
    (item,) = items({f"{number:03}{'x' * 1000}": 1 for number in range(300)})
    assert isinstance(item, Unrecognized)
    assert len(item.description) < 1000
    assert item.description.endswith(", …")


@pytest.mark.parametrize("detail_type", [[], {}, ["Object Created"], None, 7, True])
def test_detail_type_of_any_type(detail_type: object) -> None:
    """A detail type that is not text makes the payload unrecognized and raises nothing."""
    payload = {"source": "aws.s3", "detail-type": detail_type, "detail": {"a": 1}}
    assert [type(item) for item in items(payload)] == [Unrecognized]


def test_message_nested_beyond_measure() -> None:
    """A message nested a hundred thousand deep is not JSON, and crashes nothing."""
    payload = {"Records": [{"eventSource": "aws:sqs", "messageId": "1", "body": "[" * 100_000}]}
    assert items(payload) == [Unrecognized("a message that is not JSON")]


NAMES = ("Records", "eventSource", "EventSource", "Sns", "Message", "body", "Type", "s3", "detail", "detail-type")
MORE_NAMES = ("source", "bucket", "object", "key", "name", "s3Bucket", "s3ObjectKey", "Event", "messageId", "eventName")
VALUES = ("aws:s3", "aws:sqs", "aws:sns", "aws.s3", "Notification", "Object Created", "Object Deleted", "s3:TestEvent")


def payloads() -> st.SearchStrategy[Any]:
    """JSON made of the words that notifications are made of, in any arrangement, some of it as text."""
    leaves = st.one_of(st.sampled_from(VALUES), st.sampled_from(DETAIL_TYPES), json_values(2))
    keys = st.one_of(st.sampled_from(NAMES), st.sampled_from(MORE_NAMES), hostile_key())

    def wider(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
        objects = st.dictionaries(keys, inner, max_size=5)
        records = st.lists(inner, max_size=3).map(lambda records: {"Records": records})
        texts = inner.map(json.dumps)
        return st.one_of(objects, objects, records, texts, st.lists(inner, max_size=3))

    return st.recursive(leaves, wider, max_leaves=20)


@settings(deadline=None, max_examples=150)
@given(payload=st.one_of(payloads(), payloads().map(from_sqs), payloads().map(from_sns)))
def test_reads_any_payload(payload: object) -> None:
    """No payload whatever raises, and each asks for at least one thing."""
    notifications = read_payload(payload)
    assert notifications
    assert all(notification.items for notification in notifications)


def _with_secrets(value: Any) -> Any:
    """Replace every text that is not a key by a secret."""
    if isinstance(value, dict):
        return {key: _with_secrets(child) for key, child in value.items()}
    if isinstance(value, list):
        return [_with_secrets(child) for child in value]
    return SECRET if isinstance(value, str) and value not in VALUES else value


@settings(deadline=None, max_examples=100)
@given(payload=payloads())
def test_descriptions_leak_nothing(payload: object) -> None:
    """A description names keys only: no text of the content ever stands in one."""
    secret = _with_secrets(payload)
    for message in (secret, from_sqs(secret), from_sns(secret)):
        named = [item.description for item in items(message) if isinstance(item, Unrecognized)]
        assert not any(SECRET in description for description in named)


@given(key=hostile_text(500).filter(bool))
def test_keys_survive_encoding(key: str) -> None:
    """Any key comes back from S3's encoding as it was, `+` and `%` and all."""
    assert items(s3_notification(key)) == [LogFile(BUCKET, key, "eu-west-1")]


def test_url() -> None:
    """A log file's address is what the AWS command line takes."""
    assert OBJECT.url == f"s3://{BUCKET}/{KEY}"


def test_a_check_for_missing_log_data_is_what_the_schedule_sends() -> None:
    """The module's own schedule is known by source and detail type, and nothing that only looks like it is."""
    payload = {"source": "cloudtrail-to-slack", "detail-type": "Missing Log Data Check"}
    assert read_payload(payload) == [Notification((MissingDataCheckDue(),))]
    for changed in ({"source": "aws.events"}, {"detail-type": "Scheduled Event"}, {"source": None}):
        (notification,) = read_payload({**payload, **changed})
        assert isinstance(notification.items[0], Unrecognized)
