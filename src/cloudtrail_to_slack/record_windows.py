"""Splitting a log file that arrives in pieces into windows of whole records, in bounded memory. It does no I/O.

CloudTrail's files can be larger than the function's memory, so never more than a window is kept. Where one record ends
and the next begins is first guessed: CloudTrail's records begin with their version, and within a JSON text a quote that
is not escaped is never part of a string. A guess inside a nested list leaves brackets open, so that the window cannot
be decoded; then the brackets are counted.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import msgspec

from cloudtrail_to_slack.errors import LogObjectError

WINDOW_BYTES = 128 * 1024
# CloudTrail's records have at most 256 KB (AWS CloudTrail User Guide, "Quotas"); this is what we keep for one at most.
MAX_RECORD_BYTES = 2 * 1024**2
# A file whose records do not come first cannot be read in pieces, and is read whole up to this size.
MAX_UNUSUAL_BYTES = 32 * 1024**2

_START = re.compile(rb'\s*\{\s*"Records"\s*:\s*\[')
_START_BYTES = 1024
_GUESS = b'},{"eventVersion":'
# Strings, and runs of brackets. A string cannot fail to match, be it cut off anywhere: what failed would be tried again
# from every quote in it.
_TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)|[{\[]+|[}\]]+', re.DOTALL)
_COMMA = re.compile(rb"\s*,\s*")
# Every escape of a JSON text from left to right, so that an escaped backslash never looks like the start of another.
_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<half>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)


class Scan(Protocol):
    """Looks at many records at once; each method raises what msgspec raises."""

    def scan_array(self, text: bytes) -> list[int]:
        """Return a number for each record of a JSON array."""

    def scan_file(self, text: bytes) -> list[int]:
        """Return a number for each record of a whole log file."""


class _File(msgspec.Struct):
    Records: list[msgspec.Raw]


_FILE_DECODER = msgspec.json.Decoder(_File)
_ARRAY_DECODER = msgspec.json.Decoder(list[msgspec.Raw])


@dataclass(slots=True)
class Window:
    """Some records of a file. `scanned` has a number for each, None when they must be looked at one by one.

    `parts` are the records where `text` cannot be decoded as a whole: one of them is broken, and only one.
    """

    text: bytes
    whole_file: bool
    scanned: list[int] | None
    parts: list[bytes] | None = None

    def records(self) -> Sequence[msgspec.Raw | bytes]:
        """Return the records, undecoded."""
        if self.parts is not None:
            return self.parts
        return _FILE_DECODER.decode(self.text).Records if self.whole_file else _ARRAY_DECODER.decode(self.text)


def windows(pieces: Iterable[bytes], scan: Scan, *, window_bytes: int = WINDOW_BYTES) -> Iterator[Window]:
    """Yield the records of a log file in order, in windows.

    Raises:
        LogObjectError: the file is no log file, or its pieces end in this error; after all records before the fault.
    """
    source = iter(pieces)
    buffer, failure = b"", None
    started, wanted = False, _START_BYTES
    while True:
        try:
            piece = next(source, None)
        except LogObjectError as error:
            piece, failure = None, error
        if piece is None:
            break
        buffer += piece
        if not started and len(buffer) >= _START_BYTES:
            start = _START.match(buffer)
            started, buffer, wanted = (True, buffer[start.end() :], window_bytes) if start else (False, buffer, wanted)
        if not started and len(buffer) > MAX_UNUSUAL_BYTES:
            raise LogObjectError(f"it does not begin with its Records, within {MAX_UNUSUAL_BYTES:,} bytes")
        while started and len(buffer) >= wanted:
            window, rest = _take(buffer, scan)
            if window is None and len(buffer) > MAX_RECORD_BYTES:
                raise LogObjectError(f"it has a record of more than {MAX_RECORD_BYTES:,} bytes")
            # Without a whole record in it, the buffer doubles, so that it is not searched again for every piece.
            wanted = window_bytes if window else min(2 * len(buffer), MAX_RECORD_BYTES + 1)
            if window is None:
                break
            buffer = rest
            yield window
    yield from _last(buffer, scan, failure, started=started)


def _take(buffer: bytes, scan: Scan) -> tuple[Window | None, bytes]:
    """Return a window of the whole records at the start of the buffer, and the rest."""
    guess = buffer.rfind(_GUESS)
    if guess > 0:
        window = _window(_array(buffer, guess + 1), scan, whole_file=False)
        if window:
            return window, buffer[guess + 2 :]
    parts, end, _ = _parts(buffer, followed=True)
    return (_exact_window(buffer, parts, end, scan), buffer[end:]) if parts else (None, buffer)


def _last(buffer: bytes, scan: Scan, failure: LogObjectError | None, *, started: bool) -> Iterator[Window]:
    """Yield what is left at the end of the file, which may end in the middle of it."""
    if not started:
        start = _START.match(buffer)
        started, buffer = bool(start), buffer[start.end() :] if start else buffer
    text = b'{"Records":[' + buffer if started else buffer
    window = _window(text, scan, whole_file=True) if failure is None else None
    if window:
        yield window
        return
    parts, end, closed = _parts(buffer, followed=failure is not None) if started else ([], 0, False)
    if parts:
        yield _exact_window(buffer, parts, end, scan)
    if failure:
        raise failure
    if not (parts and closed):
        raise LogObjectError(_fault(text))


def _exact_window(buffer: bytes, parts: list[bytes], end: int, scan: Scan) -> Window:
    """Return the window of records whose brackets were counted."""
    text = b"[" + buffer[:end].rstrip(b", \t\r\n]") + b"]"
    return _window(text, scan, whole_file=False) or Window(text, whole_file=False, scanned=None, parts=parts)


def _array(buffer: bytes, end: int) -> bytes:
    """Return the JSON array of the records before `end`, copying them once."""
    return b"".join((b"[", memoryview(buffer)[:end], b"]"))


def _window(text: bytes, scan: Scan, *, whole_file: bool) -> Window | None:
    """Return the window of a text; None when it cannot be decoded."""
    scanner = scan.scan_file if whole_file else scan.scan_array
    try:
        return Window(text, whole_file, scanner(text))
    except msgspec.DecodeError as error:
        refused = isinstance(error, msgspec.ValidationError)
    except (UnicodeDecodeError, RecursionError):
        refused = True
    for candidate in (text, _without_halves(text)) if refused else (_without_halves(text),):
        window = Window(candidate, whole_file, None)
        try:
            window.records()
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            continue
        return window
    return None


def _without_halves(text: bytes) -> bytes:
    """Replace every half of a surrogate pair: valid in JSON, and no valid text; one must not hide a whole file."""
    return _ESCAPE.sub(lambda escape: rb"\ufffd" if escape["half"] else escape[0], text)


def _parts(buffer: bytes, *, followed: bool) -> tuple[list[bytes], int, bool]:
    """Count brackets: return the whole elements at the start of an array's inside, where they end, and if it closes.

    `followed`: only elements that a comma follows are whole for sure. The end is after that comma.
    """
    parts: list[bytes] = []
    depth, start, end = 0, 0, 0
    for token in _TOKEN.finditer(buffer):
        kind, length = token[0][:1], token.end() - token.start()
        if kind == b'"':
            continue
        if kind in b"{[":
            start = token.start() if depth == 0 else start
            depth += length
            continue
        if depth > length:
            depth -= length
            continue
        closing, closed = token.start() + depth, depth < length
        depth = 0
        comma = _COMMA.match(buffer, closing) if not closed else None
        if closing > token.start() and (comma or not followed):
            parts += [*_scalars(buffer[end:start]), buffer[start:closing]]
            end = comma.end() if comma else closing
        if closed:
            return parts, end, True
    return parts, end, False


def _scalars(text: bytes) -> list[bytes]:
    """Return the elements of a stretch of an array that holds neither objects nor lists."""
    text = text.strip(b", \t\r\n")
    try:
        return list(map(bytes, _ARRAY_DECODER.decode(b"[" + text + b"]")))
    except (msgspec.DecodeError, UnicodeDecodeError):
        return [text]


def _fault(text: bytes) -> str:
    """Say what is wrong with the text of a file that cannot be decoded."""
    try:
        _FILE_DECODER.decode(text)
    except msgspec.ValidationError:
        return "it has no list of Records"
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    return "it is not JSON"
