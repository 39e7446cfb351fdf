"""What is kept of an alert until all are known: what orders, routes, limits and threads it. One line of JSON each."""

import json
from collections.abc import Iterable, Iterator

import msgspec

from cloudtrail_to_slack.alerts.alert import make_alert, pending_alert
from cloudtrail_to_slack.events.event import Event
from cloudtrail_to_slack.events.identity import event_identity, identity_digest
from cloudtrail_to_slack.rules import Rule

SAMPLES = 3  # alerts of a rule whose records are kept
_LONGEST = 300  # characters of a string that comes from an event, as the function keeps them


class Place(msgspec.Struct, frozen=True, array_like=True):
    """Where an alert comes from.

    `file` is the log file that brings it, at the time `delivered` (seconds since 1970); `source` the file that it was
    read from, which may hold what many log files brought, and `position` its number in there.
    """

    delivered: float
    file: str
    source: str
    position: int


class RuleError(msgspec.Struct, frozen=True, array_like=True):
    """A rule that raised, for one cause, on events of a log file; `severity` None: it is an ignore rule."""

    rule_name: str
    expression: str
    severity: int | None
    cause: str
    detail: str
    events: int
    event_ids: tuple[str, ...]


class FileRow(msgspec.Struct, frozen=True, array_like=True, tag="file"):
    """A log file: the rules that raised on it, and why it, or records in it, cannot be read."""

    place: Place
    errors: tuple[RuleError, ...] = ()
    unreadable: tuple[str, ...] = ()


class AlertRow(msgspec.Struct, frozen=True, array_like=True, tag="alert"):
    """An event that alerts.

    `identity` (64 hexadecimal digits) is what copies of the event share, `key` what the function knows alerts apart by.
    `record` is the event's record as JSON, where it is needed again; `is_counted`: a rule has a threshold, so whether
    the event alerts, and with which rules, depends on the others. `is_own`: the function's own role made the call.
    """

    place: Place
    rules: tuple[str, ...] = ()
    identity: str = ""
    key: str = ""
    event_id: str = ""
    event_time: str = ""
    name: str = ""
    event_source: str = ""
    account: str | None = None
    region: str = ""
    time: str | None = None
    actor: str = ""
    label: str = ""
    outcome: str = ""
    size: int = 0
    fingerprint: str | None = None
    shared_fingerprint: str | None = None
    is_counted: bool = False
    record: str | None = None
    is_own: bool = False


Row = AlertRow | FileRow


def alert_row(
    event: Event, rules: tuple[Rule, ...], place: Place, size: int, *, keep_record: bool = False, is_own: bool = False
) -> AlertRow:
    """Return what is kept of the alert of an event that `rules` matched; its record has `size` bytes."""
    pending = pending_alert(event, rules, size)
    alert = make_alert(event, rules, None)
    is_counted = any(rule.threshold for rule in rules)
    return AlertRow(
        place=place,
        rules=tuple(rule.name for rule in rules),
        identity=identity_digest(event_identity(event)),
        key=pending.key,
        event_id=pending.event_id,
        event_time=event.text("eventTime")[:_LONGEST],
        name=pending.name,
        event_source=event.source[:_LONGEST],
        account=event.account,
        region=event.region[:_LONGEST],
        time=event.time.isoformat() if event.time else None,
        actor=(event.actor.arn or event.actor.name)[:_LONGEST],
        label=pending.actor,
        outcome=pending.outcome.value,
        size=size,
        fingerprint=alert.fingerprint,
        shared_fingerprint=alert.shared_fingerprint,
        is_counted=is_counted,
        record=json.dumps(event.record) if keep_record or is_counted or is_own else None,
        is_own=is_own,
    )


def write_row(row: Row) -> bytes:
    """Return a row as one line."""
    return json.dumps(msgspec.to_builtins(row)).encode() + b"\n"


def read_row(line: bytes) -> Row:
    """Return the row of a line."""
    row: Row = msgspec.convert(json.loads(line), Row)
    return row


def split_lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the lines of a string that comes in pieces."""
    rest = b""
    for piece in pieces:
        *lines, rest = (rest + piece).split(b"\n")
        yield from lines
    if rest:
        yield rest
