"""Text of strangers made safe for Slack: visible, escaped and cut to fit.

Sources: Slack API docs, "Formatting text for app surfaces" (escaping) and "Block Kit reference" (limits).
"""

import functools
import json
import re
import unicodedata
from collections.abc import Callable

# Characters that show nothing or turn the text around them: controls, bidi overrides, surrogates, line separators.
_HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Me", "Zl", "Zp"})
# Characters of other categories that are blank to the eye, or strike out what stands before them. Source: Unicode
# Character Database, property Default_Ignorable_Code_Point, and the combining overlays.
_HIDDEN_RANGES = (
    (0x0334, 0x0338), (0x034F, 0x034F), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F), (0x2065, 0x2065),
    (0x2800, 0x2800), (0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFFA0, 0xFFA0), (0xE0000, 0xE0FFF),
)  # fmt: skip
_UNUSUAL = re.compile(r"[^ -~]")  # what is neither of these is never hidden
_SAFE_WORD = re.compile(r"[A-Za-z0-9-]{1,100}")
_BACKTICK, _LOOKS_LIKE_BACKTICK = (
    "`",
    "\u02cb",
)  # a backtick would end the code it stands in; Slack has no escape for it
CUT_MARK = "…"
_LONGEST_BLOCK = 3000  # no section takes more


@functools.lru_cache(4096)
def is_hidden(character: str) -> bool:
    """Whether a character shows nothing, or turns the text around it."""
    if unicodedata.category(character) in _HIDDEN_CATEGORIES:
        return True
    return any(first <= ord(character) <= last for first, last in _HIDDEN_RANGES)


def replace_hidden(text: str, show: Callable[[str], str]) -> str:
    """Return `text` with each hidden character as `show` writes it."""

    def shown(match: re.Match[str]) -> str:
        return show(match[0]) if is_hidden(match[0]) else match[0]

    return _UNUSUAL.sub(shown, text)


def slack_length(text: str) -> int:
    """Return the length as Slack may count it at most: in UTF-16 units, an emoji being two."""
    return len(text) + sum(character > "\uffff" for character in text)


def json_length(text: str) -> int:
    """Return how many characters `text` takes inside a JSON document."""
    return slack_length(json.dumps(text, ensure_ascii=False)) - 2  # without the quotes around it


def visible(text: str, *, keep_lines: bool = False) -> str:
    r"""Show hidden characters as `\u202e`, so that text cannot disguise itself; line breaks may be kept."""

    def show(character: str) -> str:
        if character == "\n" and keep_lines:
            return character
        return f"\\u{ord(character):04x}" if character <= "\uffff" else f"\\U{ord(character):08x}"

    if text.isascii() and text.isprintable():
        return text
    return replace_hidden(text.replace("\r\n", "\n"), show)


def escape(text: str) -> str:
    """Escape Slack's three control characters."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def plain(text: str, limit: int) -> str:
    """Return `text` for a notification or between formatting: one line, escaped, at most `limit` long."""
    return cut(_shown(text, limit), limit, escape)


def code(text: str, limit: int) -> str:
    """Return `text` as inline code: formatting, emoji, mentions and links mean nothing in it."""
    shown = _shown(text, limit)
    return f"`{cut(shown, limit - 2, escape)}`" if shown else "`(empty)`"


def word(text: str, limit: int = 102) -> str:
    """Return `text` in bold when it is a plain word such as an event name, else as code."""
    return f"*{text}*" if _SAFE_WORD.fullmatch(text) and len(text) <= limit - 2 else code(text, limit)


def code_block(text: str, fits: Callable[[str], bool]) -> str:
    """Return `text` as a code block, cut to the longest that `fits` and saying that it is cut; "" if none does."""

    def block(length: int) -> str:
        shown = visible(text[:length], keep_lines=True).replace(_BACKTICK, _LOOKS_LIKE_BACKTICK)
        body = f"```{escape(shown)}```"
        if length == len(text):
            return body
        return f"{body}\n_{CUT_MARK} cut: the first {length:,} of {len(text):,} characters_"

    longest = _longest(min(len(text), _LONGEST_BLOCK), lambda length: fits(block(length)))
    return block(longest) if longest else ""


def cut(text: str, limit: int, render: Callable[[str], str]) -> str:
    """Return `render(text)`, of as much of `text` as keeps it within `limit`; an ellipsis shows that it was cut.

    The limit is kept inside a JSON document too, where a quote takes two characters: what bounds every text this way
    bounds the message they make up.
    """
    whole = render(text)
    if json_length(whole) <= limit:
        return whole
    return render(text[: _longest(len(text), lambda length: json_length(render(text[:length])) < limit)]) + CUT_MARK


def _shown(text: str, limit: int) -> str:
    # Making characters visible only lengthens a text, so more than limit + 1 of them is never needed.
    return visible(text.strip()[: limit + 1]).replace(_BACKTICK, _LOOKS_LIKE_BACKTICK)


def _longest(top: int, fits: Callable[[int], bool]) -> int:
    """Return the greatest length from 0 to `top` that fits, given that whatever is shorter than a fitting one fits."""
    if fits(top):
        return top
    low, high = 0, top
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low
