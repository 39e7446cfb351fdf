"""The identity of an event: copies have the same ID, and the same content as far as alerts and rules use it. Pure.

A caller who can forge an event chooses its ID, so the same ID with other content is another event. EventBridge's copy
and the one in the log file may be written differently: see docs/realtime.md.
"""

import hashlib
import json
from typing import Any

from cloudtrail_to_slack.events.event import Event, as_text

_MATTERS = (
    "userIdentity", "eventSource", "eventName", "awsRegion", "sourceIPAddress", "userAgent", "requestParameters",
    "responseElements", "errorCode", "errorMessage", "additionalEventData", "resources", "serviceEventDetails",
    "insightDetails", "vpcEndpointId", "addendum",
)  # fmt: skip
_ACCOUNT = "recipientAccountId"  # if the record lacks it, the account is known by other means
# CloudTrail's replacement of a field that is too large. Source: AWS CloudTrail User Guide, "CloudTrail record
# contents for management, data, and network activity events".
_OMISSION = frozenset({"omitted", "originalSize", "reason"})
_DEEPEST = 64  # the deepest real event we know nests 11 deep


def event_identity(event: Event) -> list[object]:
    """Return the identity of an event as JSON values: the same for all its copies, and for no other event.

    Copies share their `eventID` "in most cases" (AWS CloudTrail User Guide, "CloudTrail record contents"). An event
    without one is identified by everything in its record.
    """
    names = _MATTERS if event.event_id else event.record.keys() - {_ACCOUNT}
    time = event.time.isoformat() if event.time else event.text("eventTime")
    content = {**{name: event.record[name] for name in names if name in event.record}, "eventTime": time}
    account = event.text(_ACCOUNT) or event.account
    return [_plain(event.record.get("eventID")), account, time, _digest(_plain(content))]


def identity_digest(*parts: object) -> str:
    """Return the digest (64 hexadecimal digits) of an identity and any other parts of a key."""
    return _digest(parts)


def _digest(parts: object) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


def _plain(value: Any, depth: int = 0) -> Any:  # noqa: ANN401 (JSON)
    """Return `value` in a canonical form, whichever way it is written; None: it is as good as missing.

    Among leaves, 5, 5.0 and "5" are the same, as are true and "true", null and "null".
    """
    if value is None or value in ("", "null"):
        return None
    if isinstance(value, dict | list):
        if isinstance(value, dict) and value.get("omitted") is True and value.keys() <= _OMISSION:
            return "(omitted)"
        if depth >= _DEEPEST:
            return as_text(value)
        if isinstance(value, list):
            items = [_plain(child, depth + 1) for child in value]
            return items if any(item is not None for item in items) else None
        inner = {name: _plain(child, depth + 1) for name, child in value.items()}
        return {name: child for name, child in inner.items() if child is not None} or None
    if isinstance(value, bool):
        return str(value).lower()
    return str(int(value) if isinstance(value, float) and value.is_integer() else value)
