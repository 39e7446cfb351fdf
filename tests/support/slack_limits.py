"""Slack's limits on a message, as assertions that share nothing with the code under test.

Sources: https://docs.slack.dev/reference/block-kit/ (per block and per object), chat.postMessage (`text`), and
github.com/slackapi/bolt-js issues 2509 and 2867 (all blocks together). Lengths are counted in UTF-16 units.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

MOST_BLOCKS = 50
LONGEST_ALL_BLOCKS = 13_200
LONGEST_TEXT = 40_000
LONGEST_SECTION_TEXT = 3000
MOST_FIELDS = 10
LONGEST_FIELD = 2000
LONGEST_HEADER = 150
MOST_CONTEXT_ELEMENTS = 10
LONGEST_CONTEXT_TEXT = 3000
MOST_ACTIONS = 25
LONGEST_BUTTON_TEXT = 75
LONGEST_BUTTON_VALUE = 2000
LONGEST_URL = 3000
LONGEST_ID = 255


def units(text: str) -> int:
    """Return the length of `text` in UTF-16 units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def assert_within_limits(text: str, blocks: Sequence[Mapping[str, Any]]) -> None:
    """Assert that Slack would take a message of this `text` and these `blocks`."""
    assert text.strip(), "a message needs a text"
    assert units(text) <= LONGEST_TEXT
    assert len(blocks) <= MOST_BLOCKS
    size = units(json.dumps(blocks, ensure_ascii=False, separators=(",", ":")))
    assert size <= LONGEST_ALL_BLOCKS, f"{size} characters of blocks"
    ids = [block["block_id"] for block in blocks if "block_id" in block]
    assert len(set(ids)) == len(ids), "block_ids repeat"
    for block in blocks:
        assert units(block.get("block_id", "")) <= LONGEST_ID
        _CHECKS[block["type"]](block)


def texts_of(blocks: object) -> Iterator[str]:
    """Yield every text of the text objects in `blocks`."""
    if isinstance(blocks, Mapping):
        if blocks.get("type") in ("mrkdwn", "plain_text"):
            yield blocks["text"]
        for child in blocks.values():
            yield from texts_of(child)
    elif isinstance(blocks, list | tuple):
        for child in blocks:
            yield from texts_of(child)


def _section(block: Mapping[str, Any]) -> None:
    assert "text" in block or "fields" in block, "a section needs a text or fields"
    if "text" in block:
        _text(block["text"], LONGEST_SECTION_TEXT)
    if "fields" in block:
        assert 1 <= len(block["fields"]) <= MOST_FIELDS
        for field in block["fields"]:
            _text(field, LONGEST_FIELD)
    if "accessory" in block:
        _element(block["accessory"])


def _context(block: Mapping[str, Any]) -> None:
    assert 1 <= len(block["elements"]) <= MOST_CONTEXT_ELEMENTS
    for element in block["elements"]:
        _text(element, LONGEST_CONTEXT_TEXT)


def _actions(block: Mapping[str, Any]) -> None:
    assert 1 <= len(block["elements"]) <= MOST_ACTIONS
    for element in block["elements"]:
        _element(element)


def _header(block: Mapping[str, Any]) -> None:
    assert block["text"]["type"] == "plain_text"
    _text(block["text"], LONGEST_HEADER)


def _divider(block: Mapping[str, Any]) -> None:
    assert set(block) <= {"type", "block_id"}


def _element(element: Mapping[str, Any]) -> None:
    assert element["type"] == "button", "buttons are all we use"
    assert element["text"]["type"] == "plain_text"
    _text(element["text"], LONGEST_BUTTON_TEXT)
    assert units(element.get("value", "")) <= LONGEST_BUTTON_VALUE
    assert units(element.get("url", "")) <= LONGEST_URL
    assert units(element.get("action_id", "")) <= LONGEST_ID


def _text(text_object: Mapping[str, Any], longest: int) -> None:
    assert text_object["type"] in ("mrkdwn", "plain_text")
    text = text_object["text"]
    assert text.strip(), "a text object may not be empty"
    assert units(text) <= longest, f"{units(text)} characters where {longest} are allowed: {text[:60]!r}"


_CHECKS = {
    "section": _section,
    "context": _context,
    "actions": _actions,
    "header": _header,
    "divider": _divider,
}
