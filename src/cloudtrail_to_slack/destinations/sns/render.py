"""An alert as the JSON body, subject and attributes of an SNS message, in sizes that step down to a bare one. Pure."""

import json
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from cloudtrail_to_slack.alerts.alert import Alert
from cloudtrail_to_slack.alerts.notice import Notice
from cloudtrail_to_slack.alerts.remediation import remediation_command
from cloudtrail_to_slack.alerts.text import Line, plain_line, replace_hidden, visible

# A message is at most 256 KiB, and name, type and value of each attribute and the subject count towards it.
# Source: Amazon SNS API Reference, Publish and MessageAttributeValue.
MAX_MESSAGE_BYTES = 256 * 1024
_MARGIN_BYTES = 1024
MAX_BODY_BYTES = MAX_MESSAGE_BYTES - _MARGIN_BYTES  # where there are neither subject nor attributes
_MAX_SUBJECT = 100  # Amazon SNS API Reference, Publish: printable ASCII, fewer than 100 characters
_LONGEST_NAME = 40  # of an account, in a subject
_ATTRIBUTE_BYTES = 256
_MOST_RULES = 10
_SHORT = 200
_MOST_BARE_TEXT = 100_000  # of a notice
_NOT_PLAIN = re.compile(r"[^ -~]")
# Characters that no message may contain. Source: Amazon SQS API Reference, SendMessage (for subscribed queues).
_NO_CHARACTER = re.compile("[\ufffe\uffff]")
_NOT_BARE = re.compile(r"[^A-Za-z0-9 _.,:/@=+()*-]")
_FREE_PARTS = frozenset(
    {"error_message", "request_parameters", "response_elements", "additional_details", "insight_details", "addendum",
     "remediation_command"}
)  # fmt: skip
_REJECTED = "left out: SNS rejected the whole message; see source_file"
_BARE_ATTRIBUTES = ("account", "severity")  # with a fixed alphabet, so they cannot be the reason for a rejection

Attributes = dict[str, str | list[str]]


@dataclass(frozen=True, slots=True)
class SnsMessage:
    """A message: subject, body, attributes for the filters of subscriptions, and fields for FIFO topics.

    FIFO topics keep the order within a `group`, and drop a message with the `identity` of an earlier one.
    """

    subject: str
    body: str
    attributes: Attributes = field(default_factory=dict)
    group: str = "notices"
    identity: str | None = None


def alert_sizes(alert: Alert, key: str, warning: Line | None) -> Sequence[Callable[[], SnsMessage]]:
    """Return an alert in several sizes: whole, ASCII without request and response, bare, and the bare body alone."""
    note = plain_line(warning) if warning else None

    def reduced(line: str, attributes: Attributes, reduce: Callable[[str, object], object]) -> SnsMessage:
        parts = {name: reduce(name, value) for name, value in _alert_parts(alert, note).items()}
        body = _fit(parts, MAX_BODY_BYTES - _bytes_beside_body(line, attributes), in_ascii=True)
        return SnsMessage(line, body, attributes, alert.event.account or "unknown", key)

    def plain() -> SnsMessage:
        attributes = {
            name: _each(lambda text: _NOT_PLAIN.sub("?", text), value) for name, value in _attributes(alert).items()
        }
        return reduced(_subject_of(alert), attributes, _without_free_part)

    def bare() -> SnsMessage:
        attributes = {name: value for name, value in _attributes(alert).items() if name in _BARE_ATTRIBUTES}
        return reduced(f"CloudTrail alert, severity {alert.severity.word}", attributes, _bare)

    return [partial(alert_to_sns, alert, key, note), plain, bare, lambda: replace(bare(), subject="", attributes={})]


def notice_sizes(notice: Notice, warning: Line | None) -> Sequence[Callable[[], SnsMessage]]:
    """Return a notice in two sizes: whole, and in letters, digits and few other characters."""

    def bare() -> SnsMessage:  # with its text, because no other message has what that lists
        parts = {name: _bare(name, value) for name, value in _notice_parts(notice).items()}
        parts["error_message"] = _NOT_BARE.sub("?", "; ".join(notice.text[:_MOST_BARE_TEXT].splitlines()))
        return SnsMessage("", _fit(parts, MAX_BODY_BYTES, in_ascii=True), identity=notice.identity)

    return [partial(notice_to_sns, notice, plain_line(warning) if warning else None), bare]


def alert_to_sns(alert: Alert, key: str, note: str | None = None) -> SnsMessage:
    """Return an alert's message; `key` is its identity, `note` says why it goes to the default topic."""
    attributes, line = _attributes(alert), _subject_of(alert)
    body = alert_body(alert, note, MAX_BODY_BYTES - _bytes_beside_body(line, attributes))
    return SnsMessage(line, body, attributes, alert.event.account or "unknown", key)


def notice_to_sns(notice: Notice, note: str | None = None) -> SnsMessage:
    """Return a notice's message, whose only attribute is the severity, if it has one."""
    parts = _notice_parts(notice) | ({"route_problem": note} if note else {})
    attributes: Attributes = {"severity": notice.severity} if notice.severity else {}
    body = _fit(parts, MAX_BODY_BYTES - _MAX_SUBJECT - _SHORT)
    return SnsMessage(subject(notice.title), body, attributes, identity=notice.identity)


def attribute(value: str | list[str]) -> tuple[str, str]:
    """Return SNS's type and form of an attribute's value."""
    return ("String.Array", json.dumps(value, ensure_ascii=False)) if isinstance(value, list) else ("String", value)


def alert_body(alert: Alert, note: str | None = None, most_bytes: int = MAX_BODY_BYTES) -> str:
    """Return the body, at most `most_bytes` in UTF-8; parts that are too large are replaced with a note."""
    return _fit(_alert_parts(alert, note), most_bytes)


def _alert_parts(alert: Alert, note: str | None) -> dict[str, Any]:
    event = alert.event
    command = remediation_command(event, alert.log_file)
    return {
        "title": alert.title,
        "error_message": event.error_message or None,
        "request_parameters": event.record.get("requestParameters"),
        "response_elements": event.record.get("responseElements"),
        "additional_details": event.record.get("additionalEventData"),
        "account_id": event.account,
        "event_time": event.text("eventTime") or None,
        "event_id": event.event_id or None,
        "actor": event.actor.arn or event.actor.name,
        "source_file": alert.log_file.url if alert.log_file else None,
        "rules": [rule.name for rule in alert.rules],
        "event_name": event.name or None,
        "event_source": event.source or None,
        "region": event.region or None,
        "severity": alert.severity.word,
        "error_code": event.error_code or None,
        "outcome": alert.outcome.value,
        **({"account_name": alert.account_name} if alert.account_name else {}),
        **({"mitre": alert.techniques} if alert.techniques else {}),
        **({"shared_event_id": event.shared_event_id} if event.shared_event_id else {}),
        **({"addendum": event.record.get("addendum")} if event.record.get("addendum") else {}),
        **({"insight_details": event.record.get("insightDetails")} if event.insight else {}),
        **({"remediation_command": command} if command else {}),
        **({"route_problem": note} if note else {}),
    }


def _notice_parts(notice: Notice) -> dict[str, Any]:
    """Return the parts of a notice's body, with the same keys as an alert's."""
    return {
        "title": notice.title,
        "error_message": notice.text,
        "account_id": notice.account,
        "source_file": notice.source_file,
        **({"severity": notice.severity} if notice.severity else {}),
        **({"rules": list(notice.rules)} if notice.rules else {}),
    }


def subject(title: str) -> str:
    """Return `title` in the form of a subject: printable ASCII, short, beginning with a letter or digit."""
    ascii_only = visible(title).encode("ascii", "replace").decode().strip()
    text = "".join(character if character.isprintable() else " " for character in ascii_only)
    text = text if text[:1].isalnum() else f"Alert: {text}"
    return text[: _MAX_SUBJECT - 1].rstrip()


def _subject_of(alert: Alert) -> str:
    """Return the subject of an alert, which begins with the account's name, if it is known."""
    return subject(f"{alert.account_name[:_LONGEST_NAME]}: {alert.title}" if alert.account_name else alert.title)


def _without_free_part(name: str, value: object) -> object:
    """Leave out parts whose content the caller chooses freely."""
    return _REJECTED if name in _FREE_PARTS and value is not None else value


def _bare(name: str, value: object) -> object:
    """Return a short, harmless form of a part of the body; others are left out."""
    if isinstance(value, list) and name == "rules":
        return [_bare("", rule) for rule in value[:_MOST_RULES]]
    if isinstance(value, str):
        return _NOT_BARE.sub("?", value[:_SHORT])
    return None if value is None else _REJECTED


def _attributes(alert: Alert) -> Attributes:
    """Return the attributes of an alert, cut to few bytes, without empty ones, which SNS rejects."""
    event = alert.event
    attributes: Attributes = {
        "account": event.account or "",
        "event_name": event.name,
        "event_source": event.source,
        "region": event.region,
        "severity": alert.severity.word,
        "error_code": event.error_code,
        "rule_id": [rule.id for rule in alert.rules if rule.id][:_MOST_RULES],
    }
    return {name: _each(_short, value) for name, value in attributes.items() if value}


def _each(change: Callable[[str], str], value: str | list[str]) -> str | list[str]:
    return [change(text) for text in value] if isinstance(value, list) else change(value)


def _short(text: str) -> str:
    """Return an attribute's value without hidden characters, cut, so that SNS does not reject it."""
    shown = _NO_CHARACTER.sub(_escape, visible(text))
    return shown.encode("utf-8", "replace")[:_ATTRIBUTE_BYTES].decode("utf-8", "ignore")


def _bytes_beside_body(subject_line: str, attributes: Attributes) -> int:
    """Return how many bytes of a message are outside its body."""
    texts = [text for name, value in attributes.items() for text in (name, *attribute(value))]
    return len(subject_line.encode()) + sum(len(text.encode()) for text in texts)


def _fit(body: dict[str, Any], most_bytes: int, *, in_ascii: bool = False) -> str:
    """Dump the body, with the largest parts replaced with a note until it fits; keys and punctuation count."""
    parts = {key: _dump(value, in_ascii=in_ascii) for key, value in body.items()}
    room = most_bytes - len("{}") - sum(len(f'"{key}": , ') for key in parts)
    for key in sorted(parts, key=lambda name: -_size(parts[name])):
        if all(parts.values()) and sum(map(_size, parts.values())) <= room:
            break
        what = f"{_size(parts[key]):,} bytes" if parts[key] else "it is not JSON, or is nested too deeply"
        parts[key] = _dump(f"cut: {what}; see source_file", in_ascii=in_ascii)
    return "{" + ", ".join(f'"{key}": {part}' for key, part in parts.items()) + "}"


def _dump(value: object, *, in_ascii: bool = False) -> str:
    """Return `value` as JSON; empty if that is impossible, such as for infinity or a value that is nested too deeply.

    Hidden characters, and those that no message may contain, are escaped, so that they cannot disguise text.
    """
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, default=str)
    except (ValueError, RecursionError):
        return ""
    # A lone surrogate can be dumped, but is not valid UTF-8.
    text = text.encode("utf-8", "replace").decode()
    if in_ascii:
        return _NOT_PLAIN.sub(_escape, text)
    if len(text) > MAX_BODY_BYTES:
        return text  # it is going to be cut
    return _NO_CHARACTER.sub(_escape, replace_hidden(text, lambda character: json.dumps(character)[1:-1]))


def _escape(match: re.Match[str]) -> str:
    return json.dumps(match[0])[1:-1]


def _size(text: str) -> float:
    return len(text.encode()) if text else math.inf
