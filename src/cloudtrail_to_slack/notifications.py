"""From what invoked the function to what there is to do. Pure.

Each way of being invoked is unwrapped in its own small piece; envelopes nest (an SNS envelope in an SQS message holds
an S3 notification), so the pieces call `_items` again with what they found inside.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_plus

# "AWS API Call via CloudTrail" and its like, of which there come to be more. Source: Amazon EventBridge User Guide,
# "AWS service events delivered via AWS CloudTrail".
_VIA_CLOUDTRAIL = " via CloudTrail"
_BY_AWS = "aws."  # so begins the source of what AWS itself puts on a bus, but for what partners put there
_BY_PARTNERS = "aws.partner/"
SILENCE_CHECK = ("cloudtrail-to-slack", "Silence Check")  # source and detail-type, as silence_alarm.tf sends them
_DEEPEST = 4  # Lambda's SNS record, in it SQS, in it SNS, in it S3: nothing AWS builds is deeper
_NAMED_KEYS = 20
_KEY_LENGTH = 40


@dataclass(frozen=True, slots=True)
class LogObject:
    """An object that arrived in a bucket. `region` is the bucket's, where the announcement tells it."""

    bucket: str
    key: str
    region: str | None = field(default=None, compare=False)

    @property
    def url(self) -> str:
        """Where the object is, as `s3://bucket/key`."""
        return f"s3://{self.bucket}/{self.key}"


@dataclass(frozen=True, slots=True)
class RemovedObject:
    """An object that was removed from a bucket, by whom, from where and how, where the announcement tells it."""

    object: LogObject
    time: str | None
    principal: str | None
    source_ip: str | None
    how: str


@dataclass(frozen=True, slots=True)
class SingleEvent:
    """One CloudTrail record that EventBridge brought by itself."""

    record: dict[str, Any]


@dataclass(frozen=True, slots=True)
class SilenceCheckDue:
    """The module's own schedule asks whether an account and region has fallen silent."""


@dataclass(frozen=True, slots=True)
class Ignored:
    """Something that asks for nothing to be done."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unrecognised:
    """Something this function cannot read; `description` names its keys, never its content."""

    description: str


Item = LogObject | RemovedObject | SingleEvent | SilenceCheckDue | Ignored | Unrecognised


@dataclass(frozen=True, slots=True)
class Notification:
    """What one message asks for. `message_id` is SQS's, and None for what was not queued."""

    items: tuple[Item, ...]
    message_id: str | None = None


def read_payload(payload: object) -> list[Notification]:
    """Read the payload of an invocation: one notification for each SQS message, else one in all.

    Never raises: what cannot be read is an `Unrecognised` item, and its neighbours stay readable.
    """
    records = payload.get("Records") if isinstance(payload, Mapping) else None
    if not isinstance(records, list):
        return [Notification(tuple(_items(payload, 0)))]
    queued: list[Notification] = []
    direct: list[Item] = []
    for record in records:
        message_id = _sqs_message_id(record)
        if message_id is None:
            direct.extend(_record_items(record, 0))
        else:
            queued.append(Notification(tuple(_record_items(record, 0)), message_id))
    if direct or not queued:
        queued.append(Notification(tuple(direct) or (Unrecognised(_describe(payload)),)))
    return queued


def _sqs_message_id(record: object) -> str | None:
    if isinstance(record, Mapping) and record.get("eventSource") == "aws:sqs":
        return _text(record.get("messageId"))
    return None


def _items(payload: object, depth: int) -> list[Item]:
    if not isinstance(payload, Mapping) or depth > _DEEPEST:
        return [Unrecognised(_describe(payload))]
    if payload.get("Event") == "s3:TestEvent":
        return [Ignored("s3:TestEvent")]
    records = payload.get("Records")
    if isinstance(records, list) and records:
        return [item for record in records for item in _record_items(record, depth)]
    if payload.get("Type") == "Notification" and "Message" in payload:
        return _inner(payload["Message"], depth)
    if "s3Bucket" in payload and "s3ObjectKey" in payload:
        return _cloudtrail_notification(payload)
    if "detail-type" in payload:
        return [_eventbridge(payload)]
    return [Unrecognised(_describe(payload))]


def _record_items(record: object, depth: int) -> list[Item]:
    if not isinstance(record, Mapping):
        return [Unrecognised(_describe(record))]
    source = record.get("eventSource", record.get("EventSource"))
    if source == "aws:s3":
        return [_s3_record(record)]
    if source == "aws:sqs":
        return _inner(record.get("body"), depth)
    if source == "aws:sns":
        envelope = record.get("Sns")
        return _inner(envelope.get("Message") if isinstance(envelope, Mapping) else None, depth)
    return [Unrecognised(_describe(record))]


def _inner(message: object, depth: int) -> list[Item]:
    """Read a message that holds a payload as JSON text."""
    # CloudTrail greets a topic with this text when it is set up.
    if isinstance(message, str) and message.startswith("CloudTrail validation message"):
        return [Ignored("CloudTrail validation message")]
    try:
        payload = json.loads(message) if isinstance(message, str) else None
    except (ValueError, RecursionError):
        return [Unrecognised("a message that is not JSON")]
    return _items(payload, depth + 1)


def _s3_record(record: Mapping[str, Any]) -> Item:
    """Read one record of an S3 event notification.

    Keys in it are form-encoded: `+` is a space. Source: Amazon S3 User Guide, "Event message structure".
    """
    event_name = _text(record.get("eventName")) or ""
    s3 = _mapping(record.get("s3"))
    bucket = _text(_mapping(s3.get("bucket")).get("name"))
    key = _text(_mapping(s3.get("object")).get("key"))
    if not bucket or not key:
        return Unrecognised(_describe(record))
    log_object = LogObject(bucket, unquote_plus(key), _text(record.get("awsRegion")))
    kind = event_name.removeprefix("s3:").partition(":")[0]
    if kind == "ObjectCreated":
        return log_object
    if kind == "ObjectRemoved":
        return RemovedObject(
            object=log_object,
            time=_text(record.get("eventTime")),
            principal=_text(_mapping(record.get("userIdentity")).get("principalId")),
            source_ip=_text(_mapping(record.get("requestParameters")).get("sourceIPAddress")),
            how=event_name,
        )
    return Ignored("an S3 event that is neither a creation nor a removal")


def _eventbridge(payload: Mapping[str, Any]) -> Item:
    """Read an EventBridge event: an S3 one (its key is not encoded), a CloudTrail one, or what our schedule sends."""
    detail = _mapping(payload.get("detail"))
    detail_type = _text(payload.get("detail-type"))
    source = _text(payload.get("source")) or ""
    by_aws = source.startswith(_BY_AWS) and not source.startswith(_BY_PARTNERS)
    if (detail_type or "").endswith(_VIA_CLOUDTRAIL) and detail and by_aws:
        return SingleEvent(_whole(detail, payload.get("account")))
    if (source, detail_type) == SILENCE_CHECK:
        return SilenceCheckDue()
    if source != "aws.s3":
        return Unrecognised(_describe(payload))
    bucket = _text(_mapping(detail.get("bucket")).get("name"))
    key = _text(_mapping(detail.get("object")).get("key"))
    if not bucket or not key:
        return Unrecognised(_describe(payload))
    log_object = LogObject(bucket, key, _text(payload.get("region")))
    if detail_type == "Object Created":
        return log_object
    if detail_type == "Object Deleted":
        reason = _text(detail.get("reason")) or "Object Deleted"
        if reason == "Lifecycle Expiration":  # as S3's own ObjectRemoved events leave these out
            return Ignored("an object that a lifecycle rule removed")
        return RemovedObject(
            object=log_object,
            time=_text(payload.get("time")),
            principal=_text(detail.get("requester")),
            source_ip=_text(detail.get("source-ip-address")),
            how=reason,
        )
    return Ignored("an S3 event that is neither a creation nor a removal")


def _whole(detail: Mapping[str, Any], account: object) -> dict[str, Any]:
    """Return the record, with the account that the bus tells where the record does not, as some of AWS's samples don't.

    By it the record is routed, and known again when its log object comes.
    """
    if _text(detail.get("recipientAccountId")) or not _text(account):
        return dict(detail)
    return {**detail, "recipientAccountId": account}


def _cloudtrail_notification(payload: Mapping[str, Any]) -> list[Item]:
    """Read CloudTrail's own SNS message, which names several objects of one bucket, keys not encoded.

    Source: AWS CloudTrail User Guide, "Configuring Amazon SNS notifications for CloudTrail".
    """
    bucket, keys = _text(payload["s3Bucket"]), payload["s3ObjectKey"]
    keys = keys if isinstance(keys, list) else [keys]
    unreadable = Unrecognised(_describe(payload))
    if not bucket or not keys:
        return [unreadable]
    return [LogObject(bucket, key) if isinstance(key, str) and key else unreadable for key in keys]


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _describe(value: object) -> str:
    """Name what arrived without telling any of its content."""
    if not isinstance(value, Mapping):
        names: dict[type, str] = {str: "text", list: "a list", type(None): "nothing"}
        return names.get(type(value), "a value that is no object")
    keys = sorted(str(key)[:_KEY_LENGTH] for key in value)
    shown = ", ".join(keys[:_NAMED_KEYS]) + (", …" if len(keys) > _NAMED_KEYS else "")
    return f"an object with the keys {shown}" if keys else "an object without keys"
