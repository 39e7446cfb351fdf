"""The details of an alert: request and response as JSON, cut to fit."""

import json
from collections.abc import Mapping, ValuesView
from typing import Any

from cloudtrail_to_slack.alerts.text import json_length, utf16_length
from cloudtrail_to_slack.destinations.slack.render.message import (
    MAX_SECTION_TEXT,
    Block,
    blocks_length,
    context,
    section,
)
from cloudtrail_to_slack.destinations.slack.render.text import CUT_MARK, code_block
from cloudtrail_to_slack.events.event import Event, as_text

REQUEST = {"requestParameters": "Request parameters"}
ALL_DETAILS = {
    **REQUEST,
    "responseElements": "Response",
    "additionalEventData": "Additional event data",
    "serviceEventDetails": "Service event details",
}
_SECTION_ROOM = 150  # JSON characters around the text of one section
_LEAST_DETAIL = 200
_LONGEST_NUMBER = 15
_MOST_INDENTED = 40  # levels; the deepest real record we know has 11
_SHORT_LINES = 5  # a field or two: longer details push an alert over a phone's screen
_PHONE_LINE = 45  # characters of code in one line


def details(event: Event, labels: Mapping[str, str], room: int) -> list[Block]:
    """Return sections with parts of the record, labelled, within `room` characters of JSON."""
    labels = {"insightDetails": "Insight"} if event.insight else labels
    values = {label: event.record.get(key) for key, label in labels.items()}
    present = {label: value for label, value in values.items() if value not in (None, "", "null", {}, [])}
    blocks: list[Block] = []
    for left, (label, value) in zip(range(len(present), 0, -1), present.items(), strict=True):
        share = room // left - _SECTION_ROOM
        block = _detail(label, _pretty(value), share) if share > _LEAST_DETAIL else None
        blocks.append(block or context([f"*{label}*: {CUT_MARK} cut for length; see the event"]))
        room -= blocks_length(blocks[-1:])
    return blocks


def are_short(blocks: list[Block]) -> bool:
    """Return whether an alert with these details still fits on a phone's screen."""
    lines = [line for block in blocks if "text" in block for line in block["text"]["text"].splitlines()]
    return sum(1 + len(line) // _PHONE_LINE for line in lines) <= _SHORT_LINES


def _detail(label: str, text: str, room: int) -> Block | None:
    title = f"*{label}*\n"

    def fits(block: str) -> bool:
        return utf16_length(title + block) <= MAX_SECTION_TEXT and json_length(title + block) <= room

    block = code_block(text, fits)
    return section(title + block, folds=True) if block else None


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
    level: list[object] = [value]
    for _ in range(levels):
        parents = [each.values() if isinstance(each, Mapping) else each for each in level]
        level = [child for parent in parents if isinstance(parent, ValuesView | list) for child in parent]
        if not level:
            return False
    return True


def _readable(value: Any) -> Any:  # noqa: ANN401 (any JSON in, any JSON out)
    """Unpack strings that are JSON documents, such as policies."""
    if isinstance(value, Mapping):
        return {key: _readable(child) for key, child in value.items()}
    if isinstance(value, str) and value.startswith("{"):
        try:
            return json.loads(
                value, object_pairs_hook=_unrepeated, parse_float=_number, parse_int=_number, parse_constant=_number
            )
        except (ValueError, RecursionError):
            return value
    return value


def _unrepeated(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse a document that repeats a key, because unpacking would change its meaning."""
    if len(dict(pairs)) < len(pairs):
        raise ValueError("a key is repeated")
    return dict(pairs)


def _number(text: str) -> int:
    """Read a short whole number; refuse a document with other numbers, which might come out differently."""
    if len(text) > _LONGEST_NUMBER:
        raise ValueError("a number is too long")
    return int(text)
