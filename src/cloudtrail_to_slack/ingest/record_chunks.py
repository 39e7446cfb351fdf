"""Split a log file that arrives in pieces into chunks of whole records, in bounded memory. It does no I/O.

A file is one JSON document with a list of `Records`, or several, one after the other, if files were concatenated.
Nothing is skipped: every record is yielded, or an error says that the file is damaged.

The end of a chunk is first guessed: CloudTrail's records begin with their version, and an unescaped quote is never part
of a string. After a wrong guess, inside a nested list, brackets are left open and the chunk cannot be decoded. Then
brackets are counted instead.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import msgspec

from cloudtrail_to_slack.errors import LogFileError
from cloudtrail_to_slack.ingest.json_text import check_json, without_lone_surrogates
from cloudtrail_to_slack.ingest.read_limits import (
    MAX_JSON_BYTES,
    MAX_OTHER_BYTES,
    MAX_RECORD_BYTES,
    MAX_RECORD_VALUES,
    Intake,
)

CHUNK_BYTES = 128 * 1024

_SPACE = re.compile(rb"[ \t\r\n]*+")
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_WORD = re.compile(rb'[^\x00-\x20,:"{}\[\]]++')
# The next run of brackets, with the strings before it. It is matched, not searched: in a string that is cut off, a
# match fails at once, and a search would try again from every quote.
_BRACKETS = re.compile(rb'(?:[^"{}\[\]]++|"[^"\\]*+(?:\\.[^"\\]*+)*+")*+(?:([{\[]++)|([}\]]++))', re.DOTALL)
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_GUESSES = (b'},{"eventVersion":', b'}, {"eventVersion":', b"},{")
_PARTS_AT_ONCE = 5_000
_STEPS_AT_ONCE = 5_000
_STEPS_OF_A_PIECE = 1_000  # a piece is as much work as this many steps
_NO_LIST = "it has no list of Records"
_TOO_LARGE = f"it has a record of more than {MAX_RECORD_BYTES:,} bytes or {MAX_RECORD_VALUES:,} values"
_TOO_MUCH_ELSE = f"it has a key or value besides its Records of more than {MAX_OTHER_BYTES:,} bytes"
_ARRAY_DECODER = msgspec.json.Decoder(list[msgspec.Raw])
_KEY_DECODER = msgspec.json.Decoder(str)


class Scan(Protocol):
    """Scans many records at once."""

    def scan_array(self, text: bytes) -> list[int]:
        """Return a number for each record of a JSON array; raises what msgspec raises."""


@dataclass(slots=True)
class Chunk:
    """Some records of a file, maybe none. `scanned` has a number for each; None: each must be decoded in full.

    `text` is a JSON array of the records. If it cannot be decoded as a whole, because some are broken, `parts` has
    them.
    """

    text: bytes
    scanned: list[int] | None
    parts: list[bytes] | None = None

    def records(self) -> Sequence[msgspec.Raw | bytes]:
        """Return the records, undecoded."""
        return self.parts if self.parts is not None else _ARRAY_DECODER.decode(self.text)

    def count(self) -> int:
        """Return how many records there are."""
        return len(self.scanned if self.scanned is not None else self.records())


_NOTHING = Chunk(b"[]", [])


def chunks(
    pieces: Iterable[bytes], scan: Scan, *, chunk_bytes: int = CHUNK_BYTES, intake: Intake | None = None
) -> Iterator[Chunk]:
    """Yield the records of a log file in order, in chunks; some are empty, while there is much else to read.

    `intake` counts what was read of the file; None: records are not limited by it.

    Raises:
        LogFileError: the file is not a log file or exceeds a limit, or reading it failed. It is raised after all
            records before that point.
    """
    return _Splitter(scan, chunk_bytes, intake or Intake(stored=MAX_JSON_BYTES)).chunks(pieces)


# What may come next in a file.
_Next = Literal[
    "document", "marked document", "key or end", "key", "colon", "value", "comma or end", "record or end", "record",
    "comma or end of list",
]  # fmt: skip


class _Splitter:
    """Splits one file. `_buffer` was read up to `_at`; `_dropped` bytes of the file came before the buffer."""

    def __init__(self, scan: Scan, chunk_bytes: int, intake: Intake) -> None:
        self._scan = scan
        self._chunk_bytes = chunk_bytes
        self._intake = intake
        self._buffer = b""
        self._at = 0
        self._dropped = 0
        self._has_ended = False
        self._failure: LogFileError | None = None  # the error that ended the pieces
        self._next: _Next = "document"
        self._key = ""
        self._has_records: bool | None = None  # the document; None: there was no document yet
        self._parts: list[bytes] = []  # records whose brackets were counted, for the next chunk
        self._size = 0  # of the parts, in bytes
        self._brackets = (0, 0, 0)  # of an incomplete value: position, open ones, all
        self._guessed_until = 0  # no guess was right before this position in the file

    def chunks(self, pieces: Iterable[bytes]) -> Iterator[Chunk]:
        """Yield the records of every document, and now and then an empty chunk, so that the caller checks the time."""
        left, steps = iter(pieces), 0
        while not self._has_ended:
            self._take_piece(left)
            steps += _STEPS_OF_A_PIECE
            try:
                while self._skip_space() and (chunk := self._step(self._buffer[self._at : self._at + 1])):
                    steps += 1
                    if chunk is not _NOTHING or steps >= _STEPS_AT_ONCE:
                        self._drop_read()  # a file may have to wait here for others, and must not keep much
                        steps = 0
                        yield chunk
                self._check_end()
            except LogFileError:
                if self._parts:
                    yield self._given_parts()
                raise
            if steps >= _STEPS_AT_ONCE:
                steps = 0
                yield _NOTHING

    def _take_piece(self, left: Iterator[bytes]) -> None:
        try:
            piece = next(left, None)
        except LogFileError as error:
            piece, self._failure = None, error
        self._has_ended = piece is None
        self._drop_read()
        self._buffer += piece or b""

    def _check_end(self) -> None:
        if self._has_ended and (self._failure or not self._next.endswith("document")):
            raise self._error()
        if self._has_ended and self._has_records is None:
            raise LogFileError("it is not JSON: it is empty")

    def _step(self, mark: bytes) -> Chunk | None:  # noqa: C901, PLR0912 (all that a file may hold)
        """Read what begins with the character `mark`; return the records that are ready; None: it is incomplete."""
        match self._next, mark:
            case "record", _:
                return self._record()
            case "document", b"\xef" if len(self._buffer) - self._at < len(_BYTE_ORDER_MARK) and not self._has_ended:
                return None
            case "document", b"\xef" if self._buffer.startswith(_BYTE_ORDER_MARK, self._at):
                self._pass(len(_BYTE_ORDER_MARK), "marked document")
            case "document" | "marked document", b"{":
                self._has_records = False
                self._pass(1, "key or end")
            case "document" | "marked document", _:
                if not self._other(check_json, "document"):
                    return None
                raise self._error(_NO_LIST)
            case "key or end" | "comma or end", b"}":
                if not self._has_records:
                    raise self._error(_NO_LIST)
                self._pass(1, "document")
                self._intake.add_records(1)
            case "key or end" | "key", _:
                return self._other(self._read_key, "colon")
            case "colon", b":":
                self._pass(1, "value")
            case "value", b"[" if self._key == "Records":
                self._has_records = True
                self._pass(1, "record or end")
            case "value", _:
                if not self._other(check_json, "comma or end"):
                    return None
                if self._key == "Records":
                    raise self._error(_NO_LIST)
            case "comma or end", b",":
                self._pass(1, "key")
            case "record or end" | "comma or end of list", b"]":
                self._pass(1, "comma or end")
                return self._given_parts()
            case "comma or end of list", b",":
                self._pass(1, "record")
            case "record or end", _:
                return self._record()
            case _:
                raise self._error()
        return _NOTHING

    def _pass(self, size: int, following: _Next) -> None:
        self._at += size
        self._next = following
        self._brackets = (0, 0, 0)

    def _other(self, check: Callable[[bytes], object], following: _Next) -> Chunk | None:
        """Pass over a key, or a value other than the records, which must be JSON; None: it is incomplete."""
        value = self._value(MAX_OTHER_BYTES, _TOO_MUCH_ELSE)
        if value is None:
            return None
        try:
            check(value)
        except (ValueError, RecursionError):
            raise self._error() from None
        self._intake.add_other(len(value))
        self._pass(len(value), following)
        return _NOTHING

    def _read_key(self, text: bytes) -> None:
        self._key = _KEY_DECODER.decode(without_lone_surrogates(text))

    def _record(self) -> Chunk | None:
        """Read a chunk of records whose end is guessed, otherwise one record; None: it is incomplete."""
        if not self._parts:
            if len(self._buffer) - self._at < self._chunk_bytes and not self._has_ended:
                return None
            if chunk := self._guessed_chunk():
                return chunk
        part = self._value(MAX_RECORD_BYTES, _TOO_LARGE)
        if part is None:
            return None
        self._parts.append(part)
        self._size += len(part)
        self._pass(len(part), "comma or end of list")
        is_full = self._size >= self._chunk_bytes or len(self._parts) >= _PARTS_AT_ONCE
        return self._given_parts() if is_full else _NOTHING

    def _guessed_chunk(self) -> Chunk | None:
        """Read a chunk whose end is guessed; None: no guess was right."""
        for end, after in self._guesses():
            chunk = self._chunk(b"".join((b"[", memoryview(self._buffer)[self._at : end], b"]")))
            if chunk:
                self._intake.add_records(chunk.count())
                self._pass(after - self._at, "comma or end of list" if after == end else "record")
                return chunk
        self._guessed_until = self._dropped + len(self._buffer)
        return None

    def _guesses(self) -> Iterator[tuple[int, int]]:
        """Yield where a chunk may end, and where to continue: at the end of the file, or before the last record."""
        if self._has_ended and (end := _list_end(self._buffer)) > self._at:
            yield end, end
        start = max(self._at, self._guessed_until - self._dropped)
        for guess in _GUESSES:
            found = self._buffer.rfind(guess, start)
            if found >= 0:
                yield found + 1, found + 2

    def _given_parts(self) -> Chunk:
        """Return a chunk of the records whose brackets were counted."""
        if not self._parts:
            return _NOTHING
        parts, self._parts, self._size = self._parts, [], 0
        self._intake.add_records(len(parts))
        return self._chunk(b"[" + b",".join(parts) + b"]") or Chunk(b"", None, parts)

    def _chunk(self, array: bytes) -> Chunk | None:
        """Return the chunk of a JSON array; None: it cannot be decoded."""
        try:
            return Chunk(array, self._scan.scan_array(array))
        except (ValueError, RecursionError):  # msgspec's own errors are ValueErrors
            pass
        for text in (array, without_lone_surrogates(array)):
            chunk = Chunk(text, None)
            try:
                chunk.records()
            except (ValueError, RecursionError):
                continue
            return chunk
        return None

    def _value(self, most: int, problem: str) -> bytes | None:
        """Return the value that begins here, with its brackets counted but not matched; None: it is incomplete.

        Raises:
            LogFileError: there is none, or the file ends in it; or, with `problem`, it has more than `most` bytes or
                more values than a record may have.
        """
        if self._buffer[self._at : self._at + 1] in (b"{", b"["):
            end = self._end_of_brackets(problem)
        else:
            end = self._end_of_scalar()
        if end is None and self._has_ended:
            raise self._error()
        if (len(self._buffer) if end is None else end) - self._at > most:
            raise self._error(problem)
        return None if end is None else self._buffer[self._at : end]

    def _end_of_scalar(self) -> int | None:
        is_string = self._buffer.startswith(b'"', self._at)
        found = (_STRING if is_string else _WORD).match(self._buffer, self._at)
        if found is None and not is_string:
            raise self._error()
        # A word at the end of the buffer may continue.
        is_whole = found and (is_string or found.end() < len(self._buffer) or self._has_ended)
        return found.end() if found and is_whole else None

    def _end_of_brackets(self, problem: str) -> int | None:
        counted, depth, opened = self._brackets
        while found := _BRACKETS.match(self._buffer, self._at + counted):
            start, end = found.span(found.lastindex or 0)
            counted = end - self._at
            if found.lastindex == 1:
                depth, opened = depth + end - start, opened + end - start
                if opened > MAX_RECORD_VALUES:
                    raise self._error(problem)
            elif depth > end - start:
                depth -= end - start
            else:
                return start + depth
        self._brackets = counted, depth, opened
        return None

    def _skip_space(self) -> bool:
        """Go to the next character other than white space; False: there is none yet."""
        found = _SPACE.match(self._buffer, self._at)
        self._at = found.end() if found else self._at
        return self._at < len(self._buffer)

    def _drop_read(self) -> None:
        self._dropped += self._at
        self._buffer, self._at = self._buffer[self._at :], 0

    def _error(self, problem: str = "") -> LogFileError:
        """Return the error that ended the pieces, or one that says what is wrong with the file here."""
        return self._failure or LogFileError(problem or f"it is not JSON at byte {self._dropped + self._at:,}")


def _list_end(text: bytes) -> int:
    """Return where the list ends that, with its document, ends a text; -1: none does."""
    end = len(text)
    for bracket in (b"}", b"]"):
        end = len(text[:end].rstrip(b" \t\r\n")) - 1
        if text[end : end + 1] != bracket:
            return -1
    return end
