"""From an invocation's payload to the log files, removed objects and events it names. Pure.

Envelopes nest: an SNS envelope in an SQS message holds an S3 notification.

A log file is read from a bucket that only CloudTrail writes to, so it matters little who sent its notification. A
single event cannot be verified, so it is accepted only if EventBridge itself delivered it: as an invocation's payload,
or as the body of an SQS message that an AWS service sent. Elsewhere, anyone who may publish could have written it.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol
from urllib.parse import unquote_plus

from cloudtrail_to_slack.json_fields import mapping, string, type_name

# "AWS API Call via CloudTrail" and similar ones; AWS adds more. Source: Amazon EventBridge User Guide,
# "AWS service events delivered via AWS CloudTrail".
_VIA_CLOUDTRAIL = " via CloudTrail"
_BY_AWS = "aws."  # the source of events from AWS itself begins with it
_BY_PARTNERS = "aws.partner/"  # but so does that of partners' events
# Source and detail-type, as monitoring.tf sends them.
MISSING_DATA_CHECK = ("cloudtrail-to-slack", "Missing Log Data Check")
# What SNS sends to a subscriber about the subscription itself. Source: Amazon SNS Developer Guide, "Parsing message
# formats". Where a queue's owner subscribes it, which is how this module does it, no confirmation is needed.
_ABOUT_SUBSCRIPTIONS = frozenset({"SubscriptionConfirmation", "UnsubscribeConfirmation"})
_ETAG = re.compile(r"[!#-~]{1,200}")  # printable ASCII without quotes: it is sent in a header
# Who sent an SQS message, where that was an AWS service acting for itself (EventBridge, S3, SNS): the id of a user of
# AWS's own. A role's session is `AROA…:session`, an account its number. Source: Amazon SQS API Reference,
# ReceiveMessage, "SenderId", and messages as they come; triggers.tf keeps IAM users of the account from sending.
_SERVICE = re.compile(r"AIDA[A-Z0-9]{8,60}")
_IN_SNS = "in an SNS message"
_IN_A_MESSAGE = "in a message inside another"
_FROM_ANOTHER_SENDER = "in an SQS message that no AWS service sent"
_OFF = "although enable_realtime is off"
_DEEPEST = 4  # Lambda's SNS record, in it SQS, in it SNS, in it S3: nothing AWS builds is deeper
_NAMED_KEYS = 20
_KEY_LENGTH = 40

# The SQS messages that named an item; None: the invocation did not come from a queue.
MessageIds = frozenset[str | None]


class HasMessageIds(Protocol):
    """Something that belongs to messages."""

    @property
    def message_ids(self) -> MessageIds:
        """The ids of these messages."""


def merge_message_ids(items: Iterable[HasMessageIds]) -> MessageIds:
    """Return the message ids of all items."""
    return MessageIds().union(*(item.message_ids for item in items))


@dataclass(frozen=True, slots=True)
class LogFile:
    """An object that was created in a bucket; two versions are two log files.

    `version` and `etag` (without quotes) identify the content, `region` is the bucket's, and `size` is in bytes; each
    is None if the notification lacks it.
    """

    bucket: str
    key: str
    region: str | None = field(default=None, compare=False)
    version: str | None = None
    etag: str | None = None
    size: int | None = field(default=None, compare=False)

    @property
    def url(self) -> str:
        """The object's address, `s3://bucket/key`."""
        return f"s3://{self.bucket}/{self.key}"


@dataclass(frozen=True, slots=True)
class RemovedObject:
    """An object that was removed from a bucket, and by whom, from where and how, if the notification says so."""

    object: LogFile
    time: str | None
    principal: str | None
    source_ip: str | None
    how: str


@dataclass(frozen=True, slots=True)
class SingleEvent:
    """One CloudTrail record that EventBridge delivered."""

    record: dict[str, Any]


@dataclass(frozen=True, slots=True)
class MissingDataCheckDue:
    """The schedule's request to check for accounts and regions that stopped delivering log files."""


@dataclass(frozen=True, slots=True)
class Ignored:
    """Something that needs no processing."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unrecognized:
    """Something this function cannot read; `description` names its keys, never its content."""

    description: str


OtherItem = RemovedObject | SingleEvent | MissingDataCheckDue | Ignored | Unrecognized
Item = LogFile | OtherItem


@dataclass(frozen=True, slots=True)
class Notification:
    """The items that one message names. `message_id` is SQS's; None: it was not in a queue."""

    items: tuple[Item, ...]
    message_id: str | None = None


def work_items(notifications: Iterable[Notification]) -> list[tuple[Item, MessageIds]]:
    """Return all items, each object once, with the messages that named it."""
    found: dict[object, tuple[Item, MessageIds]] = {}
    for notification in notifications:
        for item in notification.items:
            key = item if isinstance(item, (LogFile, RemovedObject)) else len(found)
            _, message_ids = found.get(key, (item, frozenset[str | None]()))
            found[key] = item, message_ids | {notification.message_id}
    return list(found.values())


def read_payload(payload: object, *, single_events: bool = True) -> list[Notification]:
    """Read the payload of an invocation: one notification per SQS message, or a single one if there is no queue.

    Never raises: what cannot be read becomes an `Unrecognized` item, and the rest is read. Without `single_events`,
    EventBridge delivers no events to this function, so what looks like one is unrecognized.
    """
    doubt = None if single_events else _OFF
    records = payload.get("Records") if isinstance(payload, Mapping) else None
    if not isinstance(records, list) or not records:
        return [Notification(tuple(_items(payload, 0, doubt)))]
    queued: list[Notification] = []
    direct: list[Item] = []
    for record in records:
        items, fields = _record_items(record, 0, doubt), mapping(record)
        message_id = string(fields.get("messageId")) if fields.get("eventSource") == "aws:sqs" else ""
        if message_id:
            queued.append(Notification(tuple(items), message_id))
        else:
            direct.extend(items)
    return [*queued, *([Notification(tuple(direct))] if direct else [])]


def _items(payload: object, depth: int, doubt: str | None) -> list[Item]:
    """Read a payload; `doubt` says why a single event in it cannot be from EventBridge; None: it can."""
    if not isinstance(payload, Mapping) or depth > _DEEPEST:
        return [Unrecognized(_describe(payload))]
    if payload.get("Event") == "s3:TestEvent":
        return [Ignored("s3:TestEvent")]
    if string(payload.get("Type")) in _ABOUT_SUBSCRIPTIONS:
        return [Ignored(f"an SNS {payload['Type']}, whose link this function never opens")]
    if payload == {"Records": []}:
        return [Ignored("a notification without records")]
    records = payload.get("Records")
    if isinstance(records, list) and records:
        return [item for record in records for item in _record_items(record, depth, doubt)]
    if payload.get("Type") == "Notification" and "Message" in payload:
        return _inner(payload["Message"], depth, doubt or _IN_SNS)
    if "s3Bucket" in payload and "s3ObjectKey" in payload:
        return _cloudtrail_notification(payload)
    return [_eventbridge(payload, doubt) if "detail-type" in payload else Unrecognized(_describe(payload))]


def _record_items(record: object, depth: int, doubt: str | None) -> list[Item]:
    fields = mapping(record)
    source = fields.get("eventSource", fields.get("EventSource"))
    if source == "aws:s3":
        return [_s3_record(fields)]
    if source == "aws:sqs":
        return _inner(fields.get("body"), depth, doubt or _doubt_about_sender(fields, depth))
    if source == "aws:sns":
        envelope = mapping(fields.get("Sns"))
        if string(envelope.get("Type")) in _ABOUT_SUBSCRIPTIONS:
            return _items(envelope, depth, doubt or _IN_SNS)
        return _inner(envelope.get("Message"), depth, doubt or _IN_SNS)
    return [Unrecognized(_describe(record))]


def _doubt_about_sender(record: Mapping[str, Any], depth: int) -> str | None:
    """Return why an SQS message cannot be from EventBridge; None: it can. Lambda always passes on the sender."""
    if depth:
        return _IN_A_MESSAGE
    sender = mapping(record.get("attributes")).get("SenderId")
    return None if sender is None or _SERVICE.fullmatch(string(sender)) else _FROM_ANOTHER_SENDER


def _inner(message: object, depth: int, doubt: str | None) -> list[Item]:
    """Read a message that holds a payload as JSON text."""
    # CloudTrail sends this text to a topic when it is configured.
    if isinstance(message, str) and message.startswith("CloudTrail validation message"):
        return [Ignored("CloudTrail validation message")]
    try:
        payload = json.loads(message) if isinstance(message, str) else None
    except (ValueError, RecursionError):
        return [Unrecognized("a message that is not JSON")]
    return _items(payload, depth + 1, doubt)


def _s3_record(record: Mapping[str, Any]) -> Item:
    """Read one record of an S3 event notification.

    Keys in it are form-encoded: `+` is a space. Source: Amazon S3 User Guide, "Event message structure".
    """
    s3, how = mapping(record.get("s3")), string(record.get("eventName"))
    about = mapping(s3.get("object"))
    about = {**about, "key": unquote_plus(string(about.get("key")))}
    log_file = _log_file(s3.get("bucket"), about, record.get("awsRegion"), "versionId", "eTag")
    if log_file is None:
        return Unrecognized(_describe(record))
    principal = mapping(record.get("userIdentity")).get("principalId")
    source_ip = mapping(record.get("requestParameters")).get("sourceIPAddress")
    event = how.removeprefix("s3:").partition(":")[0]
    return _object_item(log_file, event, record.get("eventTime"), principal, source_ip, how)


def _eventbridge(payload: Mapping[str, Any], doubt: str | None) -> Item:
    """Read an event from EventBridge: from S3 (the key is not encoded), from CloudTrail, or from our own schedule."""
    detail, kind = mapping(payload.get("detail")), string(payload.get("detail-type"))
    source = string(payload.get("source"))
    is_from_aws = source.startswith(_BY_AWS) and not source.startswith(_BY_PARTNERS)
    if kind.endswith(_VIA_CLOUDTRAIL) and detail and is_from_aws:
        return _single_event(payload, detail, doubt)
    if (source, kind) == MISSING_DATA_CHECK:
        return MissingDataCheckDue()
    about = mapping(detail.get("object"))
    log_file = _log_file(detail.get("bucket"), about, payload.get("region"), "version-id", "etag")
    if source != "aws.s3" or log_file is None:
        return Unrecognized(_describe(payload))
    how = string(detail.get("reason")) or kind
    if how == "Lifecycle Expiration":  # as S3's own ObjectRemoved events leave these out
        return Ignored("an object that a lifecycle rule removed")
    principal, source_ip = detail.get("requester"), detail.get("source-ip-address")
    return _object_item(log_file, kind.replace(" ", ""), payload.get("time"), principal, source_ip, how)


def _log_file(
    bucket: object, about: Mapping[str, Any], region: object, version_key: str, etag_key: str
) -> LogFile | None:
    """Return the object that a notification is `about`; None where its bucket or key is missing."""
    name, key = string(mapping(bucket).get("name")), string(about.get("key"))
    version, etag, size = string(about.get(version_key)), string(about.get(etag_key)).strip('"'), about.get("size")
    # The version "null" is overwritten in place, so only the ETag identifies the content. Source: Amazon S3 User
    # Guide, "Working with objects in a versioning-suspended bucket".
    if not name or not key:
        return None
    return LogFile(
        bucket=name,
        key=key,
        region=string(region) or None,
        version=version if version != "null" and version else None,
        etag=etag if _ETAG.fullmatch(etag) else None,
        size=size if type(size) is int and size >= 0 else None,
    )


def _object_item(log_file: LogFile, event: str, time: object, principal: object, source_ip: object, how: str) -> Item:
    if event == "ObjectCreated":
        return log_file
    if event not in ("ObjectRemoved", "ObjectDeleted"):
        return Ignored("an S3 event that is neither a creation nor a removal")
    return RemovedObject(
        object=replace(log_file, version=None, etag=None, size=None),
        time=string(time) or None,
        principal=string(principal) or None,
        source_ip=string(source_ip) or None,
        how=how,
    )


def _single_event(payload: Mapping[str, Any], detail: Mapping[str, Any], doubt: str | None) -> Item:
    """Return the record; one without an account gets the bus's, for routing and deduplication."""
    if doubt:
        return Unrecognized(f"a single event {doubt}, so it is not from EventBridge")
    account = string(payload.get("account"))
    is_whole = string(detail.get("recipientAccountId")) or not account
    return SingleEvent(dict(detail) if is_whole else {**detail, "recipientAccountId": account})


def _cloudtrail_notification(payload: Mapping[str, Any]) -> list[Item]:
    """Read CloudTrail's own SNS message, which names several objects of one bucket; their keys are not encoded.

    Source: AWS CloudTrail User Guide, "Configuring Amazon SNS notifications for CloudTrail".
    """
    bucket, keys = string(payload["s3Bucket"]), payload["s3ObjectKey"]
    keys = keys if isinstance(keys, list) else [keys]
    unreadable = Unrecognized(_describe(payload))
    if not bucket or not keys:
        return [unreadable]
    return [LogFile(bucket, key) if isinstance(key, str) and key else unreadable for key in keys]


def _describe(value: object) -> str:
    """Describe a payload without any of its content."""
    if not isinstance(value, Mapping):
        return type_name(value)
    keys = sorted(str(key)[:_KEY_LENGTH] for key in value)
    shown = ", ".join(keys[:_NAMED_KEYS]) + (", …" if len(keys) > _NAMED_KEYS else "")
    return f"an object with the keys {shown}" if keys else "an object without keys"
