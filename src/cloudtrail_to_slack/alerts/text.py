"""Lines of text whose untrusted parts are marked, and characters that could disguise text. Pure."""

import functools
import json
import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

# Characters that are invisible or change the direction of text: controls, bidi overrides, surrogates, separators.
_HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Me", "Zl", "Zp"})
# Characters of other categories that look blank, or strike out the character before them. Source: Unicode
# Character Database, property Default_Ignorable_Code_Point, and the combining overlays.
_HIDDEN_RANGES = (
    (0x0334, 0x0338), (0x034F, 0x034F), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F), (0x2065, 0x2065),
    (0x2800, 0x2800), (0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFFA0, 0xFFA0), (0xE0000, 0xE0FFF),
)  # fmt: skip
_UNUSUAL = re.compile(r"[^ -~]")  # what is neither of these is never hidden
_MOST_MARKS = 4  # that stand above or below one character: no script needs more, and a pile of them covers other lines


class Icon(Enum):
    """An icon in our own text, by the short name of its emoji, for destinations that can show it."""

    ALARM = "rotating_light"
    BROKEN = "broken_heart"
    CRITICAL = "red_circle"
    ERROR = "x"
    FILE = "page_facing_up"
    MAINTENANCE = "construction"
    OK = "white_check_mark"
    RECOVERED = "loud_sound"
    REMEDIATION = "wrench"
    REMOVED = "wastebasket"
    REPEATED = "repeat"
    RESTARTED = "arrows_counterclockwise"
    SEARCH = "mag"
    SILENT = "mute"
    STOPPED = "no_entry"
    WAITING = "hourglass"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Value:
    """An untrusted string, such as a part of an event; shown as data, and cut to `limit` characters if needed.

    `is_name`: it is the name of an API call, which is shown in bold if it is a plain word.
    """

    text: str
    limit: int = 200
    is_name: bool = False


@dataclass(frozen=True, slots=True)
class Time:
    """A point in time; `raw` is the original string, even if it is not a time."""

    time: datetime | None
    raw: str


@dataclass(frozen=True, slots=True)
class Link:
    """A link, for destinations that can show it."""

    address: str
    label: str
    icon: Icon


Line = tuple[str | Value | Time | Link | Icon, ...]  # strings are our own


def plain_line(line: Line) -> str:
    """Return a line without formatting and links, with its values in full."""
    return "".join(map(_plain_span, line)).strip()


def _plain_span(span: str | Value | Time | Link | Icon) -> str:
    if isinstance(span, str):
        return span
    if isinstance(span, Value):
        return span.text
    if isinstance(span, Time):
        return span.raw or "unknown"
    return "error:" if span is Icon.ERROR else ""


def joined(values: Iterable[Value]) -> Line:
    """Return values separated by commas."""
    return tuple(span for value in values for span in (", ", value))[1:]


def how_long(seconds: float) -> str:
    """Return a length of time in its largest unit, rounded: `4 s`, `6 min`, `3 h`, `12 days`."""
    for unit, size, least in (("days", 86_400, 2 * 86_400), ("h", 3_600, 3_600), ("min", 60, 60)):
        if seconds >= least:
            return f"{round(seconds / size):,} {unit}"
    return f"{round(seconds)} s"


def utc(time: datetime) -> str:
    """Return `2026-03-14 09:30:12 UTC`."""
    return time.strftime("%Y-%m-%d %H:%M:%S UTC")


def line_length(line: Line) -> int:
    """Return the most characters a line may take when it is escaped in a JSON document."""
    return sum(_span_length(span) for span in line) + 2  # and a line break


def _span_length(span: str | Value | Time | Link | Icon) -> int:
    if isinstance(span, Value):
        return min(span.limit, displayed_length(span.text[: span.limit]) + len("``")) if span.text else len("(empty)``")
    if isinstance(span, Link):
        return displayed_length(span.address) + len(span.label) + 30
    return displayed_length(span) if isinstance(span, str) else 150


def displayed_length(text: str) -> int:
    """Return how many characters `text` takes in a JSON document, with hidden ones shown."""
    return json_length(escape(visible(text, keep_lines=True)))


def escape(text: str) -> str:
    """Escape the three control characters of Slack, and of HTML."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def utf16_length(text: str) -> int:
    """Return the length in UTF-16 units, of which an emoji has two: the most that Slack may count."""
    return len(text) + sum(character > "\uffff" for character in text)


def json_length(text: str) -> int:
    """Return how many characters `text` takes inside a JSON document."""
    return utf16_length(json.dumps(text, ensure_ascii=False)) - 2  # without the quotes around it


@functools.lru_cache(4096)
def is_hidden(character: str) -> bool:
    """Return whether a character is invisible, or changes the direction of the text."""
    if unicodedata.category(character) in _HIDDEN_CATEGORIES:
        return True
    return any(first <= ord(character) <= last for first, last in _HIDDEN_RANGES)


def replace_hidden(text: str, show: Callable[[str], str]) -> str:
    """Return `text` with each hidden character, and each mark that is piled too high, as `show` writes it."""
    return _UNUSUAL.sub(lambda match: show(match[0]) if is_hidden(match[0]) or _is_piled(match) else match[0], text)


def _is_piled(match: re.Match[str]) -> bool:
    """Return whether a character is a combining mark after as many of them as there may be."""
    before = match.string[max(match.start() - _MOST_MARKS, 0) : match.end()]
    return len(before) > _MOST_MARKS and all(unicodedata.category(each) == "Mn" for each in before)


def visible(text: str, *, keep_lines: bool = False) -> str:
    r"""Show hidden characters as `\u202e`, so that text cannot disguise itself; line breaks may be kept."""

    def show(character: str) -> str:
        if character == "\n" and keep_lines:
            return character
        return f"\\u{ord(character):04x}" if character <= "\uffff" else f"\\U{ord(character):08x}"

    if text.isascii() and text.isprintable():
        return text
    return replace_hidden(text.replace("\r\n", "\n"), show)
