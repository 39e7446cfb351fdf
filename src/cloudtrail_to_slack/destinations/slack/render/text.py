"""Untrusted strings made safe for Slack: visible, escaped and cut to fit.

Sources: Slack API docs, "Formatting text for app surfaces" (escaping, `<!date^…>`) and "Block Kit reference" (limits).
"""

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime

from cloudtrail_to_slack.alerts.text import escape, json_length, utc, visible

CUT_MARK = "…"
_SAFE_WORD = re.compile(r"[A-Za-z0-9-]{1,100}")
_BACKTICK, _LOOKS_LIKE_BACKTICK = "`", "\u02cb"  # a backtick ends the code it stands in; Slack has no escape for it
_LONGEST_BLOCK = 3000  # no section takes more
_FIRST, _LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)


def plain(text: str, limit: int) -> str:
    """Return `text` for a notification or between formatting: one line, escaped, at most `limit` long."""
    return cut(_shown(text, limit), limit, escape)


def code(text: str, limit: int) -> str:
    """Return `text` as inline code, in which formatting, emoji, mentions and links have no effect."""
    shown = _shown(text, limit)
    return f"`{cut(shown, limit - 2, escape)}`" if shown else "`(empty)`"


def word(text: str, limit: int = 102) -> str:
    """Return `text` in bold if it is a plain word, such as an event name; otherwise as code."""
    return f"*{text}*" if _SAFE_WORD.fullmatch(text) and len(text) <= limit - 2 else code(text, limit)


def link(address: str | None, label: str) -> str:
    """Return a link to an address, made safe for Slack's markup; empty without one."""
    if not address:
        return ""
    for character, quoted in (("<", "%3C"), (">", "%3E"), ("|", "%7C"), ("`", "%60"), ("&", "&amp;")):
        address = address.replace(character, quoted)
    return f"<{address}|{label}>"


def code_block(text: str, fits: Callable[[str], bool]) -> str:
    """Return `text` as a code block, cut to the longest that `fits`, with a note if it is cut; "": none fits."""

    def block(length: int) -> str:
        shown = visible(text[:length], keep_lines=True).replace(_BACKTICK, _LOOKS_LIKE_BACKTICK)
        body = f"```{escape(shown)}```"
        if length == len(text):
            return body
        return f"{body}\n_{CUT_MARK} cut: the first {length:,} of {len(text):,} characters_"

    longest = _longest(min(len(text), _LONGEST_BLOCK), lambda length: fits(block(length)))
    return block(longest) if longest else ""


def cut(text: str, limit: int, render: Callable[[str], str]) -> str:
    """Return `render(text)`, with `text` cut so that the result is within `limit`, also in JSON; "…" marks a cut."""
    whole = render(text)
    if json_length(whole) <= limit:
        return whole
    return render(text[: _longest(len(text), lambda length: json_length(render(text[:length])) < limit)]) + CUT_MARK


def both_zones(time: datetime | None, raw: str) -> str:
    """Return the time in UTC and in the reader's time zone; `raw` if it is not a time."""
    if time is None or not _FIRST <= time <= _LAST:
        return code(raw, 60) if raw else "unknown"
    shown = utc(time)
    return f"{shown} · <!date^{int(time.timestamp())}^{{date_short_pretty}} {{time_secs}}|{shown}> your time"


def chunked(lines: Iterable[str], room: int, first_room: int | None = None) -> Iterator[list[str]]:
    """Yield lines in chunks of at most `room` characters of JSON (the first: `first_room`), or a single longer line."""
    chunk: list[str] = []
    length, most = 0, room if first_room is None else first_room
    for line in lines:
        size = json_length(line) + 2  # and a line break, which is two characters in JSON
        if chunk and length + size > most:
            yield chunk
            chunk, length, most = [], 0, room
        chunk.append(line)
        length += size
    if chunk:
        yield chunk


def _shown(text: str, limit: int) -> str:
    # Making characters visible only lengthens a string, so more than limit + 1 of them is never needed.
    return visible(text.strip()[: limit + 1]).replace(_BACKTICK, _LOOKS_LIKE_BACKTICK)


def _longest(top: int, fits: Callable[[int], bool]) -> int:
    """Return the greatest length from 0 to `top` that fits, assuming that all shorter ones fit."""
    if fits(top):
        return top
    low, high = 0, top
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low
