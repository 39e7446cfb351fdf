"""Showing a place in an expression: its line, and a caret under the place. Pure."""

from __future__ import annotations

import unicodedata

from cloudtrail_to_slack.errors import SourceSpan

WIDTH = 100  # columns that are shown of a longer line
_INDENT = "    "
_CUT = "…"
_LONGEST_CARET = 40
_WIDE = ("W", "F")
_VISIBLE = {"\t": "    "}


def render_caret(text: str, place: SourceSpan) -> str:
    """Return the line of `text` that `place` is in, and a line of carets under the place, both indented."""
    lines = text.split("\n")  # as Python counts lines
    line = lines[min(max(place.line, 1), len(lines)) - 1]
    column = min(max(place.column, 0), len(line))
    first, last = _window(line, column)
    before, under = (
        sum(_columns(shown) for shown in map(_shown, part))
        for part in (line[first:column], line[column:][: place.length])
    )
    left, right = _CUT if first else "", _CUT if last < len(line) else ""
    source = f"{left}{''.join(map(_shown, line[first:last]))}{right}"
    carets = "^" * max(min(under, _LONGEST_CARET, WIDTH - before), 1)
    return f"{_INDENT}{source}\n{_INDENT}{' ' * (len(left) + before)}{carets}"


def excerpt(text: str, longest: int = WIDTH) -> str:
    """Return `text` in one line that holds nothing invisible, cut at its end when it is longer."""
    shown = "".join(map(_shown, text.replace("\n", " ")[: longest + 1]))
    return shown if len(shown) <= longest else f"{shown[: longest - 1]}{_CUT}"


def _window(line: str, column: int) -> tuple[int, int]:
    """Return which characters of `line` to show, so that `column` is among them and they fit."""
    first = last = column
    room = WIDTH
    while room > 0 and (first > 0 or last < len(line)):
        # To both sides in turn; where one side ends, the other takes the rest.
        if last < len(line):
            room -= _columns(_shown(line[last]))
            last += 1
        if first > 0 and room > 0:
            first -= 1
            room -= _columns(_shown(line[first]))
    return first, last


def _shown(character: str) -> str:
    """Return a character as something visible that takes part in nothing: no control, no change of direction."""
    if character in _VISIBLE:
        return _VISIBLE[character]
    if not character.isprintable():
        return character.encode("unicode_escape", "surrogatepass").decode("ascii")
    return character


def _columns(shown: str) -> int:
    return sum(
        0 if unicodedata.combining(character) else 1 + (unicodedata.east_asian_width(character) in _WIDE)
        for character in shown
    )
