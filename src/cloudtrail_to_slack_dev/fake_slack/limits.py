"""Slack's limits on a message's content, as a pure function.

Sources: https://docs.slack.dev/reference/block-kit/ (blocks, elements, text objects) and
https://docs.slack.dev/reference/methods/chat.postMessage. Where Slack leaves a question open, the stricter reading
is taken: characters are UTF-16 code units, so one emoji may count as two. Blocks and elements that Slack knows but
that are not listed here (selects, inputs, videos) are refused too.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from cloudtrail_to_slack_dev.fake_slack.records import JsonObject

MOST_BLOCKS: Final = 50
LONGEST_TEXT: Final = 40_000
# Slack's reference gives `chat.update` no number; users meet `msg_too_long` from about 4,000 characters.
LONGEST_UPDATE_TEXT: Final = 4_000
LONGEST_BLOCKS: Final = 13_200
LONGEST_ID: Final = 255
LONGEST_URL: Final = 3_000
LONGEST_TEXT_OBJECT: Final = 3_000
LONGEST_MARKDOWN: Final = 12_000

_SCHEME: Final = re.compile(r"[a-z][a-z0-9+.-]*:\S+\Z", re.IGNORECASE)
_RICH_TEXT_PARTS: Final = ("rich_text_section", "rich_text_list", "rich_text_preformatted", "rich_text_quote")


@dataclass(frozen=True)
class Violation:
    """Slack's error code and, for blocks, the detail Slack gives with it."""

    code: str
    detail: str | None = None


class _Invalid(Exception):  # noqa: N818 (never leaves this module: it only unwinds the checks)
    def __init__(self, detail: str, pointer: str) -> None:
        super().__init__(f"{detail} [json-pointer:{pointer}]")


def characters(text: str) -> int:
    """The length of `text` in UTF-16 code units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def blocks_length(blocks: list[JsonObject]) -> int:
    """The size that counts towards `msg_blocks_too_long`.

    An approximation: Slack documents neither the limit nor its measure. Reports (bolt-js 2509 and 2867) put it near
    13,200 characters with each block's container counted in, which compact JSON comes close to.
    """
    return characters(json.dumps(blocks, ensure_ascii=False, separators=(",", ":")))


def violation(payload: Mapping[str, Any], *, longest_text: int | None = None) -> str | None:
    """Slack's error code for this message content, or `None` when Slack would take it.

    Args:
        payload: The message: `text`, `blocks`; other keys are ignored, but `attachments` count as content.
        longest_text: Above it the text is refused. `None` for `chat.postMessage`, which cuts the text instead.
    """
    found = find_violation(payload, longest_text=longest_text)
    return found.code if found else None


def find_violation(payload: Mapping[str, Any], *, longest_text: int | None = None) -> Violation | None:
    """Like `violation`, with the detail that Slack puts into `response_metadata.messages`."""
    return _text_violation(payload, longest_text) or _blocks_violation(payload.get("blocks"))


def _text_violation(payload: Mapping[str, Any], longest_text: int | None) -> Violation | None:
    text = payload.get("text")
    if text is not None and not isinstance(text, str):
        return Violation("invalid_arguments")
    if not text and not payload.get("blocks") and not payload.get("attachments"):
        return Violation("no_text")
    if text and longest_text is not None and characters(text) > longest_text:
        return Violation("msg_too_long")
    return None


def _blocks_violation(blocks: object) -> Violation | None:
    if blocks is None:
        return None
    if not isinstance(blocks, list) or not all(isinstance(block, dict) for block in blocks):
        return Violation("invalid_blocks_format")
    try:
        _check_blocks(blocks)
    except _Invalid as invalid:
        return Violation("invalid_blocks", str(invalid))
    return Violation("msg_blocks_too_long") if blocks_length(blocks) > LONGEST_BLOCKS else None


def _check_blocks(blocks: list[JsonObject]) -> None:
    if len(blocks) > MOST_BLOCKS:
        raise _Invalid(f"no more than {MOST_BLOCKS} items allowed", "/blocks")
    ids: set[str] = set()
    for number, block in enumerate(blocks):
        pointer = f"/blocks/{number}"
        kind = block.get("type")
        check = _BLOCKS.get(kind) if isinstance(kind, str) else None
        if check is None:
            raise _Invalid(f"unsupported type: {kind}", f"{pointer}/type")
        _string(block, "block_id", pointer, most=LONGEST_ID)
        block_id = block.get("block_id")
        if block_id in ids:
            raise _Invalid("block_id already exists", f"{pointer}/block_id")
        if block_id:
            ids.add(block_id)
        check(block, pointer)


def _keys(found: JsonObject, pointer: str, *, required: set[str], optional: set[str]) -> None:
    if missing := sorted(required - found.keys()):
        raise _Invalid(f"missing required field: {missing[0]}", pointer)
    if extra := sorted(found.keys() - required - optional):
        raise _Invalid(f"invalid additional property: {extra[0]}", pointer)


def _string(found: JsonObject, key: str, pointer: str, *, most: int, least: int = 0) -> None:
    if key not in found:
        return
    value = found[key]
    if not isinstance(value, str):
        raise _Invalid("must be a string", f"{pointer}/{key}")
    if characters(value) < least:
        raise _Invalid(f"must be more than {least - 1} characters", f"{pointer}/{key}")
    if characters(value) > most:
        raise _Invalid(f"must be less than {most + 1} characters", f"{pointer}/{key}")


def _url(found: JsonObject, key: str, pointer: str) -> None:
    _string(found, key, pointer, most=LONGEST_URL)
    if key in found and not _SCHEME.match(found[key]):
        raise _Invalid("invalid url", f"{pointer}/{key}")


def _flag(found: JsonObject, key: str, pointer: str) -> None:
    if key in found and not isinstance(found[key], bool):
        raise _Invalid("must be a boolean", f"{pointer}/{key}")


def _objects(found: JsonObject, key: str, pointer: str, *, most: int) -> list[tuple[JsonObject, str]]:
    items = found[key]
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise _Invalid("must be an array of objects", f"{pointer}/{key}")
    if not items:
        raise _Invalid("no fewer than 1 items allowed", f"{pointer}/{key}")
    if len(items) > most:
        raise _Invalid(f"no more than {most} items allowed", f"{pointer}/{key}")
    return [(item, f"{pointer}/{key}/{number}") for number, item in enumerate(items)]


def _text(found: object, pointer: str, *, most: int, plain_only: bool = False) -> None:
    if not isinstance(found, dict):
        raise _Invalid("must be an object", pointer)
    kind = found.get("type")
    if kind != "plain_text" and (plain_only or kind != "mrkdwn"):
        raise _Invalid(f"unsupported type: {kind}", f"{pointer}/type")
    flag = "emoji" if kind == "plain_text" else "verbatim"
    _keys(found, pointer, required={"type", "text"}, optional={flag})
    _flag(found, flag, pointer)
    _string(found, "text", pointer, most=most, least=1)


def _image(found: JsonObject, pointer: str, optional: set[str]) -> None:
    _keys(found, pointer, required={"type", "image_url", "alt_text"}, optional=optional)
    _url(found, "image_url", pointer)
    _string(found, "alt_text", pointer, most=2_000, least=1)


def _button(found: JsonObject, pointer: str) -> None:
    optional = {"action_id", "url", "value", "style", "confirm", "accessibility_label"}
    _keys(found, pointer, required={"type", "text"}, optional=optional)
    _text(found["text"], f"{pointer}/text", most=75, plain_only=True)
    _string(found, "action_id", pointer, most=LONGEST_ID)
    _string(found, "value", pointer, most=2_000)
    _string(found, "accessibility_label", pointer, most=75)
    _url(found, "url", pointer)
    if found.get("style", "primary") not in ("primary", "danger"):
        raise _Invalid("must be a valid enum value", f"{pointer}/style")


def _section_block(block: JsonObject, pointer: str) -> None:
    _keys(block, pointer, required={"type"}, optional={"block_id", "text", "fields", "accessory", "expand"})
    if "text" not in block and "fields" not in block:
        raise _Invalid("must define either `text` or `fields`", pointer)
    if "text" in block:
        _text(block["text"], f"{pointer}/text", most=LONGEST_TEXT_OBJECT)
    if "fields" in block:
        for field, at in _objects(block, "fields", pointer, most=10):
            _text(field, at, most=2_000)
    _flag(block, "expand", pointer)
    if "accessory" in block:
        accessory, at = block["accessory"], f"{pointer}/accessory"
        if not isinstance(accessory, dict) or accessory.get("type") not in ("button", "image"):
            raise _Invalid("unsupported element", at)
        if accessory["type"] == "button":
            _button(accessory, at)
        else:
            _image(accessory, at, optional=set())


def _header_block(block: JsonObject, pointer: str) -> None:
    _keys(block, pointer, required={"type", "text"}, optional={"block_id"})
    _text(block["text"], f"{pointer}/text", most=150, plain_only=True)


def _divider_block(block: JsonObject, pointer: str) -> None:
    _keys(block, pointer, required={"type"}, optional={"block_id"})


def _context_block(block: JsonObject, pointer: str) -> None:
    _keys(block, pointer, required={"type", "elements"}, optional={"block_id"})
    for element, at in _objects(block, "elements", pointer, most=10):
        if element.get("type") == "image":
            _image(element, at, optional=set())
        else:
            _text(element, at, most=LONGEST_TEXT_OBJECT)


def _actions_block(block: JsonObject, pointer: str) -> None:
    _keys(block, pointer, required={"type", "elements"}, optional={"block_id"})
    ids: set[str] = set()
    for element, at in _objects(block, "elements", pointer, most=25):
        if element.get("type") != "button":
            raise _Invalid(f"unsupported type: {element.get('type')}", f"{at}/type")
        _button(element, at)
        action_id = element.get("action_id")
        if action_id in ids:
            raise _Invalid("action_id already exists", f"{at}/action_id")
        if action_id:
            ids.add(action_id)


def _image_block(block: JsonObject, pointer: str) -> None:
    _image(block, pointer, optional={"block_id", "title"})
    if "title" in block:
        _text(block["title"], f"{pointer}/title", most=2_000, plain_only=True)


def _markdown_block(block: JsonObject, pointer: str) -> None:
    _keys(block, pointer, required={"type", "text"}, optional={"block_id"})
    _string(block, "text", pointer, most=LONGEST_MARKDOWN, least=1)


def _rich_text_block(block: JsonObject, pointer: str) -> None:
    _keys(block, pointer, required={"type", "elements"}, optional={"block_id"})
    for part, at in _objects(block, "elements", pointer, most=LONGEST_TEXT):
        if part.get("type") not in _RICH_TEXT_PARTS:
            raise _Invalid(f"unsupported type: {part.get('type')}", f"{at}/type")
        if not isinstance(part.get("elements"), list):
            raise _Invalid("missing required field: elements", at)
        for element in part["elements"]:
            if not isinstance(element, dict) or not isinstance(element.get("type"), str):
                raise _Invalid("must be an object with a type", f"{at}/elements")


_BLOCKS: Final[Mapping[str, Callable[[JsonObject, str], None]]] = {
    "actions": _actions_block,
    "context": _context_block,
    "divider": _divider_block,
    "header": _header_block,
    "image": _image_block,
    "markdown": _markdown_block,
    "rich_text": _rich_text_block,
    "section": _section_block,
}
