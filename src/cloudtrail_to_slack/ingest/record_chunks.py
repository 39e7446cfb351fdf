"""Splitting a log file that arrives in pieces into chunks of whole records, in bounded memory. It does no I/O.

A file is one JSON document with a list of `Records`, or several of them, one after the other, as when files were
concatenated. Every record is yielded, or the file is damaged: nothing in it is skipped.

CloudTrail's files can be larger than the function's memory, so never more than a chunk is kept. Where one record ends
and the next begins is first guessed: CloudTrail's records begin with their version, and within a JSON text a quote that
is not escaped is never part of a string. A guess inside a nested list leaves brackets open, so that the chunk cannot
be decoded; then the brackets are counted.
"""

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import msgspec

from cloudtrail_to_slack.errors import LogFileError
from cloudtrail_to_slack.ingest.json_stream import JsonText, check_json, without_lone_surrogates
from cloudtrail_to_slack.ingest.read_limits import (
    MAX_JSON_BYTES,
    MAX_OTHER_BYTES,
    MAX_RECORD_BYTES,
    MAX_RECORD_VALUES,
    Intake,
)

T = TypeVar("T")

CHUNK_BYTES = 128 * 1024

_GUESSES = (b'},{"eventVersion":', b'}, {"eventVersion":', b"},{")
_PARTS_AT_ONCE = 5_000
_NO_LIST = "it has no list of Records"
_TOO_LARGE = f"it has a record of more than {MAX_RECORD_BYTES:,} bytes or {MAX_RECORD_VALUES:,} values"
_TOO_MUCH_ELSE = f"it has a key or value besides its Records of more than {MAX_OTHER_BYTES:,} bytes"
_ARRAY_DECODER = msgspec.json.Decoder(list[msgspec.Raw])
_KEY_DECODER = msgspec.json.Decoder(str)


class Scan(Protocol):
    """Looks at many records at once."""

    def scan_array(self, text: bytes) -> list[int]:
        """Return a number for each record of a JSON array; raises what msgspec raises."""


@dataclass(slots=True)
class Chunk:
    """Some records of a file, maybe none. `scanned` has a number for each, None when they must be looked at one by one.

    `parts` are the records where there is no `text`, a JSON array, that can be decoded as a whole: some are broken.
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
_Steps = Generator[Chunk | None, None, T]  # yields chunks, and None now and then while there is none


def chunks(
    pieces: Iterable[bytes], scan: Scan, *, chunk_bytes: int = CHUNK_BYTES, intake: Intake | None = None
) -> Iterator[Chunk]:
    """Yield the records of a log file in order, in chunks; among them, while there is much to skip, empty ones.

    `intake` is what the pieces are taken from, as far as it was read; None: records are not limited by it.

    Raises:
        LogFileError: the file is no log file or is beyond a limit, or its pieces end in this error; after all records
            before that place.
    """
    splitter = _Splitter(pieces, scan, chunk_bytes, intake or Intake(stored=MAX_JSON_BYTES))
    return (chunk or _NOTHING for chunk in splitter.documents())


class _Splitter:
    """Splits one file."""

    def __init__(self, pieces: Iterable[bytes], scan: Scan, chunk_bytes: int, intake: Intake) -> None:
        self._text = JsonText(pieces)
        self._scan = scan
        self._chunk_bytes = chunk_bytes
        self._intake = intake
        self._guessed_until = 0  # what is before this position in the file was looked through in vain

    def documents(self) -> _Steps[None]:
        """Yield the records of every document."""
        text, any_read = self._text, False
        yield from text.skip_to_document()
        while text.next:
            yield from self._document()
            any_read = True
            self._intake.add_records(1)
            yield from text.skip_to_document()
            if text.next:
                yield None
        if text.failure or not any_read:
            raise text.error("it is not JSON: it is empty")

    def _document(self) -> _Steps[None]:
        """Yield the records of a document, and see that everything else in it is JSON."""
        text, has_records = self._text, False
        if text.next != b"{":
            yield from self._other(check_json)
            raise text.error(_NO_LIST)
        yield from text.skip(b"{")
        closed = text.next == b"}"
        while not closed:
            key = yield from self._other(lambda key: _KEY_DECODER.decode(without_lone_surrogates(key)))
            yield from text.skip(b":")
            if key == "Records" and text.next == b"[":
                has_records = True
                yield from self._records()
            else:
                yield from self._other(check_json)
                if key == "Records":
                    raise text.error(_NO_LIST)
                yield None
            yield from text.skip_space()
            closed = text.next == b"}"
            if not closed:
                yield from text.skip(b",")
        text.at += 1
        if not has_records:
            raise text.error(_NO_LIST)

    def _other(self, decode: Callable[[bytes], T]) -> _Steps[T]:
        """Pass over a key, or a value that is no list of records; return what it is decoded to, for it must be JSON."""
        text = self._text
        value = yield from text.next_value(MAX_OTHER_BYTES, _TOO_MUCH_ELSE)
        try:
            decoded = decode(value)
        except (ValueError, RecursionError):
            raise text.error() from None
        self._intake.add_other(len(value))
        text.at += len(value)
        return decoded

    def _records(self) -> _Steps[None]:
        """Yield the records of a list."""
        text = self._text
        yield from text.skip(b"[")
        closed = text.next == b"]"
        text.at += closed
        while not closed:
            yield from text.skip_space()
            yield from text.fill(self._chunk_bytes)
            chunk = self._guessed_chunk()
            if chunk is None:
                closed = yield from self._counted()
                continue
            self._intake.add_records(chunk.count())
            text.drop_read()  # a file may have to wait for others here, and must not keep much
            yield chunk
            closed = text.next == b"]"
            text.at += closed

    def _guessed_chunk(self) -> Chunk | None:
        """Return a chunk whose end is guessed, and go there; None where no guess is right."""
        text = self._text
        for end, after in self._guesses():
            chunk = self._chunk(b"".join((b"[", memoryview(text.buffer)[text.at : end], b"]")))
            if chunk:
                text.at = after
                return chunk
        self._guessed_until = text.end
        return None

    def _guesses(self) -> Iterator[tuple[int, int]]:
        """Yield where a chunk may end, and where to go on: with the file, else before the last record in memory."""
        text = self._text
        if text.ended and (end := _list_end(text.buffer)) > text.at:
            yield end, end
        start = max(text.at, len(text.buffer) - (text.end - self._guessed_until))
        for guess in _GUESSES:
            found = text.buffer.rfind(guess, start)
            if found >= 0:
                yield found + 1, found + 2

    def _counted(self) -> _Steps[bool]:
        """Yield a chunk of records whose brackets were counted; return whether the list was closed after them."""
        text, parts, size, closed = self._text, list[bytes](), 0, False
        damage: LogFileError | None = None
        try:
            while not closed and size < self._chunk_bytes and len(parts) < _PARTS_AT_ONCE:
                part = yield from text.next_value(MAX_RECORD_BYTES, _TOO_LARGE)
                parts.append(part)
                size += len(part)
                text.at += len(part)
                yield from text.skip_space()
                closed = text.next == b"]"
                yield from text.skip(b"]" if closed else b",")
        except LogFileError as error:
            damage = error
        if parts:
            self._intake.add_records(len(parts))
            text.drop_read()
            chunk = self._chunk(b"[" + b",".join(parts) + b"]") or Chunk(b"", None, parts)
            if chunk.parts is None:
                parts.clear()
            yield chunk
        if damage:
            raise damage
        return closed

    def _chunk(self, array: bytes) -> Chunk | None:
        """Return the chunk of a JSON array; None when it cannot be decoded."""
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


def _list_end(text: bytes) -> int:
    """Return where the list ends that ends a text together with its document; -1 where none does."""
    end = len(text)
    for bracket in (b"}", b"]"):
        end = len(text[:end].rstrip(b" \t\r\n")) - 1
        if text[end : end + 1] != bracket:
            return -1
    return end
