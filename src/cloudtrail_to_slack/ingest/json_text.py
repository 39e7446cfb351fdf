"""Read JSON that msgspec refuses, or that has too many values. It does no I/O."""

import json
import re

import msgspec

_BEFORE_VALUE = re.compile(
    rb'(?:[^",{\[]++|"[^"\\]*+(?:\\.[^"\\]*+)*+"|[{\[][ \t\r\n]*+[}\]])*+[,{\[]', re.DOTALL
)  # what stands before each value that is inside another
# Every escape of a JSON text from left to right, so that an escaped backslash never looks like the start of another.
_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<lone>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_LONG_NUMBER = 4000  # digits; Python refuses to make an integer of more than 4,300
_RAW_DECODER = msgspec.json.Decoder(msgspec.Raw)


def has_more_values(text: bytes, most: int) -> bool:
    """Return whether a JSON text has more than `most` values in it, lists and objects included."""
    if sum(map(text.count, (b",", b"[", b"{"))) <= most:
        return False
    found = _BEFORE_VALUE.match(text)
    while found and most > 0:
        most -= 1
        found = _BEFORE_VALUE.match(text, found.end())
    return found is not None


def without_lone_surrogates(text: bytes) -> bytes:
    """Replace lone surrogates, which JSON allows and UTF-8 does not; one must not hide a whole file."""
    if not _SURROGATE.search(text):
        return text
    return _ESCAPE.sub(lambda escape: rb"\ufffd" if escape["lone"] else escape[0], text)


def lenient_decode(text: bytes) -> object:
    """Decode JSON with the standard library, which accepts numbers that msgspec refuses; replace invalid UTF-8.

    Raises:
        ValueError: it is not JSON.
        RecursionError: it is nested too deeply.
    """
    return json.loads(
        text.decode("utf-8", "replace"),
        parse_int=lambda digits: float(digits) if len(digits) > _LONG_NUMBER else int(digits),
    )


def check_json(text: bytes) -> None:
    """Raise what `lenient_decode` raises if a value is not JSON, or nested too deeply."""
    try:
        _RAW_DECODER.decode(text)
    except (ValueError, RecursionError):  # msgspec's own errors are ValueErrors
        lenient_decode(text)
