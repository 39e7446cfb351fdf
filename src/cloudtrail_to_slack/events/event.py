"""From a record to an event: what rules see, and the facts an alert shows. Pure.

Callers of AWS influence records: every field may be missing, null or of another type than documented.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from types import MappingProxyType
from typing import Any

from cloudtrail_to_slack.errors import RecordError
from cloudtrail_to_slack.events.actor import Actor, read_actor
from cloudtrail_to_slack.events.insight import Insight, read_insight
from cloudtrail_to_slack.ingest.object_keys import read_key
from cloudtrail_to_slack.json_fields import mapping, type_name

# Flattening repeats a key's prefix for every leaf under it, so a small record can ask for gigabytes of keys.
# A character may take four bytes.
# The largest real record we know (119 KB) has 3,728 keys of 0.2 million characters.
MAX_KEY_CHARACTERS = 8_000_000
_ACCOUNT = re.compile("[0-9]{12}")


def flatten(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the leaves of `record` by their paths, such as `requestParameters.items.0.name`.

    `None` is kept; empty objects and lists are dropped; of two equal paths, the later one wins.

    Raises:
        RecordError: the keys would take more than `MAX_KEY_CHARACTERS` characters.
    """
    flat: dict[str, Any] = {}
    characters = 0
    # A stack instead of recursion, because an attacker chooses the nesting. It holds each open container, as an
    # iterator over the rest of it and the path to it.
    stack: list[tuple[Iterator[tuple[str, Any]], str]] = [(iter(record.items()), "")]
    while stack:
        children, path = stack[-1]
        for name, value in children:
            kind = value.__class__
            if kind is not dict and kind is not list:
                flat[path + name] = value
                continue
            inner = f"{path}{name}."
            characters += len(inner) * len(value)
            if characters > MAX_KEY_CHARACTERS:
                raise RecordError(f"a record whose keys flatten to more than {MAX_KEY_CHARACTERS:,} characters")
            items = value.items() if kind is dict else zip(map(str, count()), value, strict=False)
            stack.append((iter(items), inner))
            break
        else:
            stack.pop()
    return flat


@dataclass(frozen=True, slots=True)
class Event:
    """A record as rules and alerts see it. Its strings are unescaped and unbounded.

    `flat` is read-only; `account` is where alerts about it are routed to, 12 digits, or None when it is unknown;
    `time` is in UTC. `name` and `source` are empty where the record has none.
    """

    flat: Mapping[str, Any]
    record: Mapping[str, Any]
    name: str
    source: str
    event_id: str
    account: str | None
    region: str
    time: datetime | None
    error_code: str
    error_message: str
    insight: Insight | None
    shared_event_id: str = ""

    @property
    def actor(self) -> Actor:
        """Who acted. It is read when it is asked for, because most events that are evaluated make no alert."""
        return read_actor(self.record.get("userIdentity"))

    def text(self, key: str) -> str:
        """Return the leaf at the flattened `key` as text, empty when there is none."""
        return as_text(self.flat.get(key))

    @property
    def is_service_event(self) -> bool:
        """Whether a service reports its own action, not a call (AWS CloudTrail User Guide, "Non-API events")."""
        return self.text("eventType") == "AwsServiceEvent"

    @property
    def is_update(self) -> bool:
        """Whether this event corrects one that CloudTrail delivered before, as its `addendum` says."""
        return self.text("addendum.reason") == "UPDATED_DATA" or bool(self.text("addendum.originalEventID"))

    @property
    def without_mfa(self) -> bool:
        """Whether this is a console sign-in without MFA; for Identity Center AWS cannot know, so it is False."""
        is_sign_in = self.name == "ConsoleLogin" and self.text("additionalEventData.MFAUsed") != "Yes"
        return is_sign_in and not self.actor.is_sso


def read_event(record: object, *, object_key: str | None = None) -> Event:
    """Read one record; `object_key` (decoded) supplies the account if the record lacks it.

    Raises:
        RecordError: `record` is not an object, or its flattened keys are too long.
    """
    if not isinstance(record, dict):
        raise RecordError(f"a record that is {type_name(record)} and not an object")
    flat = flatten(record)
    insight = read_insight(record.get("insightDetails"))
    accounts = (record.get("recipientAccountId"), mapping(record.get("userIdentity")).get("accountId"))
    account = next((each for each in accounts if isinstance(each, str) and _ACCOUNT.fullmatch(each)), None)
    return Event(
        flat=MappingProxyType(flat),
        record=record,
        name=as_text(record.get("eventName")) or (insight.event_name if insight else ""),
        source=as_text(record.get("eventSource")) or (insight.event_source if insight else ""),
        event_id=as_text(record.get("eventID")),
        account=account or (read_key(object_key).account if object_key else None),
        region=as_text(record.get("awsRegion")),
        time=parse_time(record.get("eventTime")),
        error_code=as_text(record.get("errorCode")),
        error_message=as_text(record.get("errorMessage")),
        insight=insight,
        shared_event_id=as_text(record.get("sharedEventID")).strip(),
    )


def as_text(value: object) -> str:
    """Return `value` as a string: a string unchanged, None as "", anything else as JSON."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    try:
        return json.dumps(value, ensure_ascii=False, default=str)
    except (ValueError, RecursionError):
        return f"({type_name(value)} nested too deeply to show)"


def parse_time(value: object) -> datetime | None:
    """Return CloudTrail's `eventTime` (ISO 8601, UTC) as a datetime in UTC; None: it is not one."""
    if not isinstance(value, str):
        return None
    try:
        time = datetime.fromisoformat(value.strip())
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
