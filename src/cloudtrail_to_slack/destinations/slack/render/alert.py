"""An alert as a Slack message, for a person on a phone at night.

The first two lines say what happened and where; then why it matters; who, from where, on what, with which result and
when; links and ids; last the details, cut to fit. Every text of the event passes through `slack_text`.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from cloudtrail_to_slack.alerts.alert import Alert
from cloudtrail_to_slack.alerts.remediation import remediation_caution, remediation_command
from cloudtrail_to_slack.alerts.text import escape, how_long, json_length, utf16_length
from cloudtrail_to_slack.aws.console_links import event_link, insights_link, log_file_link
from cloudtrail_to_slack.destinations.slack.render.alert_fields import fields, reply_fields
from cloudtrail_to_slack.destinations.slack.render.headline import (
    by_severity,
    headline,
    lead,
    notification_text,
    rule_titles,
    why,
)
from cloudtrail_to_slack.destinations.slack.render.message import (
    MAX_ALL_BLOCKS,
    MAX_SECTION_TEXT,
    Block,
    SlackMessage,
    blocks_length,
    context,
    section,
)
from cloudtrail_to_slack.destinations.slack.render.relations import event_relations
from cloudtrail_to_slack.destinations.slack.render.text import CUT_MARK, code, code_block, link, plain
from cloudtrail_to_slack.events.call_outcome import CallOutcome
from cloudtrail_to_slack.events.event import Event, as_text

_RULES_SHOWN = 5
_TECHNIQUES_SHOWN = 5
_STEPS_SHOWN, _STEP_LENGTH = 5, 300
_ERROR_ROOM = 900
_DETAILS = (
    ("requestParameters", "Request parameters"),
    ("responseElements", "Response"),
    ("additionalEventData", "Additional event data"),
    ("serviceEventDetails", "Service event details"),
)
_SECTION_ROOM = 150  # JSON characters around the text of one section
_LEAST_DETAIL = 200
_LONGEST_NUMBER = 15
_MOST_INDENTED = 40  # levels; the deepest real record we know has 11
_BARE = re.compile(r"[^A-Za-z0-9_./:=+-]")
_REPLY_ROOM = 4000  # a thread is read as a whole; the parent message has the rest


def alert_message(alert: Alert) -> SlackMessage:
    """Return the full message of an alert, within every limit of Slack whatever the event holds."""
    blocks = [
        section(lead(alert)),
        *_why(alert),
        section("", fields(alert.event, alert.outcome)),
        *_error(alert.event),
        *_repair(alert),
        *_first_steps(alert),
        *_relations(alert),
        context(_links_and_ids(alert)),
    ]
    details = _details(alert.event, _DETAILS, MAX_ALL_BLOCKS - blocks_length(blocks))
    return SlackMessage(text=notification_text(alert), blocks=[*blocks, *details])


def reply_message(alert: Alert) -> SlackMessage:
    """Return the message of an alert that answers in a thread: what may differ from the alert that opened it."""
    blocks = [
        section(f"{headline(alert)}\n{rule_titles(alert)}"),
        section("", reply_fields(alert.event)),
        *_repair(alert),
        *_relations(alert),
        context(_links_and_ids(alert)),
    ]
    details = _details(alert.event, _DETAILS[:1], _REPLY_ROOM)
    return SlackMessage(text=notification_text(alert), blocks=[*blocks, *details])


def compact_message(alert: Alert) -> SlackMessage:
    """Return the alert without request and response, for when Slack rejects the full message."""
    blocks = [
        section(headline(alert)),
        *_repair(alert),
        context([_identifiers(alert)]),
        context([_refused_note(alert, code)]),
    ]
    return SlackMessage(text=notification_text(alert), blocks=blocks)


def plain_message(alert: Alert) -> SlackMessage:
    """Return the alert as a few lines of text without blocks, for when Slack refuses those."""
    event = alert.event
    error = f"\n{plain(event.error_message, 300)}" if event.error_message else ""
    event_id = plain(event.event_id or "without id", 100)
    command = remediation_command(event, alert.origin)
    caution = f" ({caution})" if (caution := remediation_caution(event)) else ""
    repair = f"\nto repair it{caution}: {escape(command)}" if command else ""
    return SlackMessage(f"{notification_text(alert)}{error}\nevent {event_id}{repair}\n{_refused_note(alert, plain)}")


def minimal_message(alert: Alert) -> SlackMessage:
    """Return the alert as one short line of plain ASCII, in which there is nothing left to refuse."""
    event = alert.event
    ended = "" if alert.outcome is CallOutcome.SUCCEEDED else alert.outcome.value.replace(" ", "-")
    parts = (event.name, ended, event.account, event.event_id, alert.origin.url if alert.origin else "EventBridge")
    shown = [_BARE.sub("?", part)[:300] for part in parts if part]
    return SlackMessage(f"CloudTrail alert: {' / '.join(shown)}")


def _refused_note(alert: Alert, quote: Callable[[str, int], str]) -> str:
    origin = quote(alert.origin.url, 600) if alert.origin else "none, the event came from EventBridge"
    return f"{CUT_MARK} shortened, because Slack rejected the whole alert; see the log file: {origin}"


def _why(alert: Alert) -> list[Block]:
    text = why(alert)
    return [section(text)] if text else []


def _error(event: Event) -> list[Block]:
    if not event.error_message:
        return []
    error = code_block(event.error_message, lambda text: json_length(text) <= _ERROR_ROOM)
    return [section(f":x: *Error message*\n{error}")]


def _repair(alert: Alert) -> list[Block]:
    command = remediation_command(alert.event, alert.origin)
    if command is None:
        return []
    block = code_block(command, lambda _: True)  # it is bounded, and half a command must not be run
    caution = f" ({caution})" if (caution := remediation_caution(alert.event)) else ""
    return [section(f":wrench: *To repair it*{caution}\n{block}")]


def _first_steps(alert: Alert) -> list[Block]:
    """Return what to do first, as the most severe rule with such steps says."""
    wanted = next((rule.first_steps for rule in by_severity(alert) if rule.first_steps), ())
    if not wanted:
        return []
    steps = [plain(step, _STEP_LENGTH) for step in wanted[:_STEPS_SHOWN]]
    lines = [f"{number}. {step}" for number, step in enumerate(steps, 1)]
    return [section("\n".join([":footprints: *First steps*", *lines]))]


def _relations(alert: Alert) -> list[Block]:
    relations = event_relations(alert.event)
    return [context(relations)] if relations else []


def _links_and_ids(alert: Alert) -> list[str]:
    event = alert.event
    event_address = insights_link(event.region) if event.insight else event_link(event.region, event.event_id)
    object_address = log_file_link(alert.origin, event.region) if alert.origin else None
    links = [
        link(event_address, ":mag: Show event in CloudTrail"),
        link(object_address, ":page_facing_up: Log file"),
    ]
    if alert.origin and object_address is None:
        links.append(code(alert.origin.url, 500))
    links.append(_path(alert))
    return [" · ".join(filter(None, links)), _identifiers(alert)]


def _path(alert: Alert) -> str | None:
    """Return where the event came from, and how long that took; None where the links say all there is to say."""
    after = f", {how_long(alert.lag)} after the event" if alert.lag is not None else ""
    if alert.origin is None:
        return f"received from EventBridge{after}"
    return f"read from the log file{after}" if after else None


def _identifiers(alert: Alert) -> str:
    event = alert.event
    rules = [code(rule.id, 80) for rule in alert.rules[:_RULES_SHOWN] if rule.id]
    techniques = alert.techniques[:_TECHNIQUES_SHOWN]
    identifiers = [
        f"account {code(event.account or 'unknown', 20)}",
        f"region {code(event.region or 'unknown', 60)}",
        f"event {code(event.event_id or 'without id', 100)}",
        f"severity {alert.severity.word}",
        *([f"rules {', '.join(rules)}"] if rules else []),
        *([f"MITRE ATT&amp;CK {', '.join(map(_technique, techniques))}"] if techniques else []),
    ]
    return " · ".join(identifiers)


def _technique(technique: str) -> str:
    """Return a technique with a link to its page. Source of the address: attack.mitre.org, "Techniques"."""
    return link(f"https://attack.mitre.org/techniques/{technique.replace('.', '/')}/", plain(technique, 20)) or ""


def _details(event: Event, wanted: tuple[tuple[str, str], ...], room: int) -> list[Block]:
    """Return the sections of what was asked and answered, within `room` characters of JSON."""
    wanted = (("insightDetails", "Insight"),) if event.insight else wanted
    present = [(label, event.record.get(key)) for key, label in wanted]
    present = [(label, value) for label, value in present if value not in (None, "", "null", {}, [])]
    blocks: list[Block] = []
    for left, (label, value) in zip(range(len(present), 0, -1), present, strict=True):
        share = room // left - _SECTION_ROOM
        block = _detail(label, _pretty(value), share) if share > _LEAST_DETAIL else None
        blocks.append(block or context([f"*{label}*: {CUT_MARK} cut, no room left; see the event"]))
        room -= blocks_length(blocks[-1:])
    return blocks


def _detail(label: str, text: str, room: int) -> Block | None:
    title = f"*{label}*\n"

    def fits(block: str) -> bool:
        return utf16_length(title + block) <= MAX_SECTION_TEXT and json_length(title + block) <= room

    block = code_block(text, fits)
    return section(title + block) if block else None


def _pretty(value: object) -> str:
    if isinstance(value, str):
        return value
    if _is_deeper(value, _MOST_INDENTED):
        return as_text(value)
    try:
        return json.dumps(_readable(value), indent=2, ensure_ascii=False, default=str)
    except (ValueError, RecursionError):
        return as_text(value)


def _is_deeper(value: object, levels: int) -> bool:
    """Whether a value is nested more than `levels` deep: indented, it would grow with the square of its depth."""
    level = [value]
    for _ in range(levels):
        level = [
            child
            for parent in level
            if isinstance(parent, Mapping | list)
            for child in (parent.values() if isinstance(parent, Mapping) else parent)
        ]
        if not level:
            return False
    return True


def _readable(value: Any) -> Any:  # noqa: ANN401 (any JSON in, any JSON out)
    """Unpack JSON documents that stand in a value as text, as policies do."""
    if isinstance(value, Mapping):
        return {key: _readable(child) for key, child in value.items()}
    if isinstance(value, str) and value.startswith("{"):
        try:
            return json.loads(
                value, object_pairs_hook=_unrepeated, parse_float=_refused, parse_int=_short, parse_constant=_refused
            )
        except (ValueError, RecursionError):
            return value
    return value


def _unrepeated(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse a document that says a key twice: unpacked, it would say something else."""
    if len(dict(pairs)) < len(pairs):
        raise ValueError("a key is repeated")
    return dict(pairs)


def _short(digits: str) -> int:
    if len(digits) > _LONGEST_NUMBER:
        raise ValueError("a number is too long")
    return int(digits)


def _refused(number: str) -> float:
    """Refuse a document with numbers that might be written otherwise than they were."""
    raise ValueError(f"{len(number)} characters of a number")
