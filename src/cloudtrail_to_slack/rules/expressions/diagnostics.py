"""Show a position in an expression: its line, with a caret under it. Pure."""

from __future__ import annotations

import unicodedata

from cloudtrail_to_slack.errors import SourceSpan

WIDTH = 100  # columns that are shown of a longer line
_INDENT = "    "
_CUT = "…"
_LONGEST_CARET = 40


def render_caret(text: str, place: SourceSpan) -> str:
    """Return the line of `text` with `place` in it, and a line of carets under the place, both indented."""
    lines = text.split("\n")  # as Python counts lines
    line = lines[min(max(place.line, 1), len(lines)) - 1]
    first = last = column = min(max(place.column, 0), len(line))
    room = WIDTH
    while room > 0 and (first > 0 or last < len(line)):
        # Extend both sides in turn; when one side ends, the other takes the rest.
        if last < len(line):
            room -= _columns(line[last])
            last += 1
        if first > 0 and room > 0:
            first -= 1
            room -= _columns(line[first])
    before, under = _columns(line[first:column]), _columns(line[column:][: place.length])
    left, right = _CUT if first else "", _CUT if last < len(line) else ""
    carets = "^" * max(min(under, _LONGEST_CARET, WIDTH - before), 1)
    return f"{_INDENT}{left}{_visible(line[first:last])}{right}\n{_INDENT}{' ' * (len(left) + before)}{carets}"


def excerpt(text: str, longest: int = WIDTH) -> str:
    """Return `text` in one line with hidden characters shown, cut if it is longer."""
    shown = _visible(text.replace("\n", " ")[: longest + 1])
    return shown if len(shown) <= longest else f"{shown[: longest - 1]}{_CUT}"


def _visible(text: str) -> str:
    """Return `text` with hidden and control characters shown."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape", "surrogatepass").decode("ascii")
        for character in text.replace("\t", "    ")
    )


def _columns(text: str) -> int:
    return sum(
        0 if unicodedata.combining(character) else 1 + (unicodedata.east_asian_width(character) in ("W", "F"))
        for character in _visible(text)
    )
