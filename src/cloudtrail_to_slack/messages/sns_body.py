"""An alert as the JSON body and subject of an SNS message."""

import json
import math
from typing import Any

from cloudtrail_to_slack.alerts import Alert
from cloudtrail_to_slack.messages.slack_text import is_hidden, visible

MAX_BODY_BYTES = 256 * 1024  # Amazon SNS: a message is at most 256 KiB, attributes included
_ROOM = 4 * 1024  # for attributes, and the keys and punctuation between the parts
_MAX_SUBJECT = 100  # Amazon SNS API Reference, Publish: printable ASCII, fewer than 100 characters


def alert_body(alert: Alert) -> str:
    """Return the body, at most `MAX_BODY_BYTES` in UTF-8; what is too large is replaced by a note that says so."""
    event = alert.event
    return _fit(
        {
            "title": alert.title,
            "error_message": event.error_message or None,
            "request_parameters": event.record.get("requestParameters"),
            "response_elements": event.record.get("responseElements"),
            "additional_details": event.record.get("additionalEventData"),
            "account_id": event.account,
            "event_time": event.text("eventTime") or None,
            "event_id": event.event_id or None,
            "actor": event.actor.arn or event.actor.name,
            "source_file": alert.origin.url if alert.origin else None,
            "rules": [rule.name for rule in alert.rules],
            "event_name": event.name or None,
            "event_source": event.source or None,
            "region": event.region or None,
            "severity": alert.severity.word,
            "error_code": event.error_code or None,
            **({"insight_details": event.record.get("insightDetails")} if event.insight else {}),
        }
    )


def notice_body(title: str, text: str, source_file: str | None, account: str | None) -> str:
    """Return the body of a notice that is about no event, with the same keys."""
    return _fit({"title": title, "error_message": text, "account_id": account, "source_file": source_file})


def subject(title: str) -> str:
    """Return `title` as SNS takes subjects: printable ASCII, short, beginning with a letter or digit."""
    ascii_only = visible(title).encode("ascii", "replace").decode().strip()
    text = "".join(character if character.isprintable() else " " for character in ascii_only)
    text = text if text[:1].isalnum() else f"Alert: {text}"
    return text[: _MAX_SUBJECT - 1].rstrip()


def _fit(body: dict[str, Any]) -> str:
    """Dump the body, with the largest parts replaced by a note until it fits."""
    parts = {key: _dump(value) for key, value in body.items()}
    for key in sorted(parts, key=lambda name: -_size(parts[name])):
        if all(parts.values()) and sum(map(_size, parts.values())) <= MAX_BODY_BYTES - _ROOM:
            break
        what = f"{_size(parts[key]):,} bytes" if parts[key] else "it is no JSON, or nested too deeply"
        parts[key] = _dump(f"cut: {what}; see source_file")
    return "{" + ", ".join(f'"{key}": {part}' for key, part in parts.items()) + "}"


def _dump(value: object) -> str:
    """Return `value` as JSON; empty for what is none, such as infinity, or is nested too deeply to dump.

    Hidden characters are written as JSON escapes: they mean the same, and turn no e-mail around.
    """
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, default=str)
    except (ValueError, RecursionError):
        return ""
    # Half a surrogate pair can be dumped, and is no valid UTF-8.
    text = text.encode("utf-8", "replace").decode()
    return "".join(json.dumps(character)[1:-1] if is_hidden(character) else character for character in text)


def _size(text: str) -> float:
    return len(text.encode()) if text else math.inf
