"""An alert as the JSON body and subject of an SNS message."""

import json
import math
from dataclasses import dataclass, field
from typing import Any

from cloudtrail_to_slack.alerts import Alert
from cloudtrail_to_slack.messages.repair_commands import repair_command
from cloudtrail_to_slack.messages.slack_notices import Notice
from cloudtrail_to_slack.messages.slack_text import replace_hidden, visible

MAX_BODY_BYTES = 256 * 1024  # Amazon SNS: a message is at most 256 KiB, attributes included
_ROOM = 4 * 1024  # for attributes, and the keys and punctuation between the parts
_MAX_SUBJECT = 100  # Amazon SNS API Reference, Publish: printable ASCII, fewer than 100 characters
_LONGEST_ATTRIBUTE = 256
_MOST_RULES = 10


@dataclass(frozen=True, slots=True)
class SnsMessage:
    """What is published: subject, body, attributes that subscriptions can filter by, and what FIFO topics need.

    `group` is in whose order it is delivered, `identity` what the same message has whenever it is published.
    """

    subject: str
    body: str
    attributes: dict[str, str | list[str]] = field(default_factory=dict)
    group: str = "notices"
    identity: str | None = None


def alert_to_sns(alert: Alert, key: str, note: str | None = None) -> SnsMessage:
    """Return the message of an alert; `key` is its identity, `note` says why it comes to another topic than its own."""
    event = alert.event
    attributes: dict[str, str | list[str]] = {
        "account": event.account or "",
        "event_name": event.name,
        "event_source": event.source,
        "region": event.region,
        "severity": alert.severity.word,
        "error_code": event.error_code,
        "rule_id": [rule.id for rule in alert.rules if rule.id][:_MOST_RULES],
    }
    shown = {name: _attribute(value) for name, value in attributes.items()}
    present = {name: value for name, value in shown.items() if value}
    return SnsMessage(subject(alert.title), alert_body(alert, note), present, event.account or "unknown", key)


def notice_to_sns(notice: Notice, note: str | None = None) -> SnsMessage:
    """Return the message of a notice, which has no attributes: it is about no event."""
    body = notice_body(notice.title, notice.text, notice.source_file, notice.account, note)
    return SnsMessage(subject(notice.title), body, identity=notice.identity)


def alert_body(alert: Alert, note: str | None = None) -> str:
    """Return the body, at most `MAX_BODY_BYTES` in UTF-8; what is too large is replaced by a note that says so."""
    event = alert.event
    command = repair_command(event, alert.origin)
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
            "outcome": alert.outcome.value,
            **({"shared_event_id": event.shared_event_id} if event.shared_event_id else {}),
            **({"addendum": event.record.get("addendum")} if event.record.get("addendum") else {}),
            **({"insight_details": event.record.get("insightDetails")} if event.insight else {}),
            **({"repair_command": command} if command else {}),
            **({"route_problem": note} if note else {}),
        }
    )


def notice_body(title: str, text: str, source_file: str | None, account: str | None, note: str | None = None) -> str:
    """Return the body of a notice that is about no event, with the same keys."""
    body = {"title": title, "error_message": text, "account_id": account, "source_file": source_file}
    return _fit(body | ({"route_problem": note} if note else {}))


def subject(title: str) -> str:
    """Return `title` as SNS takes subjects: printable ASCII, short, beginning with a letter or digit."""
    ascii_only = visible(title).encode("ascii", "replace").decode().strip()
    text = "".join(character if character.isprintable() else " " for character in ascii_only)
    text = text if text[:1].isalnum() else f"Alert: {text}"
    return text[: _MAX_SUBJECT - 1].rstrip()


def _attribute(value: str | list[str]) -> str | list[str]:
    """Return an attribute's value without what SNS refuses in one: hidden characters, and too many of any."""
    if isinstance(value, list):
        return [visible(text)[:_LONGEST_ATTRIBUTE] for text in value]
    return visible(value)[:_LONGEST_ATTRIBUTE]


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
    if len(text) > MAX_BODY_BYTES:
        return text  # it will be cut anyway
    return replace_hidden(text, lambda character: json.dumps(character)[1:-1])


def _size(text: str) -> float:
    return len(text.encode()) if text else math.inf
