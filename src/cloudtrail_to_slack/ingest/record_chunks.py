"""Splitting a log file that arrives in pieces into chunks of whole records, in bounded memory. It does no I/O.

A file is one JSON document with a list of `Records`, or several of them, one after the other, as when files were
concatenated. Every record is yielded, or the file is damaged: nothing in it is skipped.

CloudTrail's files can be larger than the function's memory, so never more than a chunk is kept. Where one record ends
and the next begins is first guessed: CloudTrail's records begin with their version, and within a JSON text a quote that
is not escaped is never part of a string. A guess inside a nested list leaves brackets open, so that the chunk cannot
be decoded; then the brackets are counted.
"""

from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import msgspec

from cloudtrail_to_slack.errors import LogFileError
from cloudtrail_to_slack.ingest.json_stream import SPACE, JsonText, is_json, without_lone_surrogates
from cloudtrail_to_slack.ingest.read_limits import (
    MAX_JSON_BYTES,
    MAX_OTHER_BYTES,
    MAX_RECORD_BYTES,
    MAX_RECORD_VALUES,
    Intake,
)

T = TypeVar("T")

WINDOW_BYTES = 128 * 1024

_GUESSES = (b'},{"eventVersion":', b'}, {"eventVersion":', b"},{")
_DOCUMENT = b'{"Records":['
_PARTS_AT_ONCE = 5_000
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
    pieces: Iterable[bytes], scan: Scan, *, chunk_bytes: int = WINDOW_BYTES, intake: Intake | None = None
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
        self._documents = 0
        # Positions in the file: what is before them was looked through in vain.
        self._guessed_until = 0
        self._searched_until = 0
        self._tail_tried_at = -1

    def documents(self) -> _Steps[None]:
        """Yield the records of every document.

        Raises:
            LogFileError: as `chunks`.
        """
        text = self._text
        while True:
            yield from text.skip_space()
            yield from text.skip_mark()
            yield from text.skip_space()
            if not text.next:
                break
            if self._documents:
                yield None
            yield from self._document()
            self._documents += 1
            self._intake.add_records(1)
        if text.failure or not self._documents:
            raise text.error("it is not JSON: it is empty")

    def _document(self) -> _Steps[None]:
        """Yield the records of a document, and see that everything else in it is JSON."""
        text, has_records = self._text, False
        if text.next != b"{":
            yield from self._other_value()
            raise text.error("it has no list of Records")
        yield from text.skip(b"{")
        while text.next != b"}":
            if (yield from self._key()) == "Records":
                has_records = True
                yield from self._records()
            else:
                yield from self._other_value()
                yield None
            yield from text.skip_space()
            if text.next != b"}":
                yield from text.skip(b",")
                if text.next != b'"':
                    raise text.error()
        text.at += 1
        if not has_records:
            raise text.error("it has no list of Records")

    def _key(self) -> _Steps[str]:
        """Read a key, and go to its value."""
        text = self._text
        if text.next != b'"':
            raise text.error()
        end = yield from text.value_end(MAX_OTHER_BYTES, _TOO_MUCH_ELSE)
        try:
            key = _KEY_DECODER.decode(without_lone_surrogates(text.buffer[text.at : end]))
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise text.error() from None
        self._intake.add_other(end - text.at)
        text.at = end
        yield from text.skip(b":")
        return key

    def _other_value(self) -> _Steps[None]:
        """Pass over a value that is no list of records; it must be JSON."""
        text = self._text
        end = yield from text.value_end(MAX_OTHER_BYTES, _TOO_MUCH_ELSE)
        if not is_json(text.buffer[text.at : end]):
            raise text.error()
        self._intake.add_other(end - text.at)
        text.at = end

    def _records(self) -> _Steps[None]:
        """Yield the records of a list."""
        text = self._text
        if text.next != b"[":
            yield from self._other_value()
            raise text.error("it has no list of Records")
        yield from text.skip(b"[")
        closed = text.next == b"]"
        if closed:
            text.at += 1
        while not closed:
            yield from text.skip_space()
            yield from text.fill(self._chunk_bytes)
            stop = self._next_document()
            chunk = self._tail(stop) or self._guessed(stop)
            if chunk:
                self._intake.add_records(chunk.count())
                text.trim()  # a file may have to wait for others here, and must not keep much
                yield chunk
                closed = text.next == b"]"
                text.at += closed
            else:
                closed = yield from self._counted()

    def _tail(self, stop: int) -> Chunk | None:
        """Return a chunk up to the end of the list where the document ends with it, and go to the closing bracket.

        `stop` is where the next document seems to begin; -1 where that is not known.
        """
        text = self._text
        if stop < 0 and (not text.ended or self._tail_tried_at == text.end):
            return None
        if stop < 0:
            self._tail_tried_at = text.end
        inside = _inside(text.buffer[text.at : stop if stop >= 0 else None])
        chunk = self._chunk(b"".join((b"[", inside, b"]"))) if inside else None
        text.at += len(inside) if chunk and inside else 0
        return chunk

    def _guessed(self, stop: int) -> Chunk | None:
        """Return a chunk up to where the last record before `stop` is guessed to begin, and go there."""
        text = self._text
        buffer, at = text.buffer, text.at
        stop = stop if stop >= 0 else len(buffer)
        start = max(at, at + self._guessed_until - text.position)
        for guess in _GUESSES:
            found = buffer.rfind(guess, start, stop)
            chunk = self._chunk(b"".join((b"[", memoryview(buffer)[at : found + 1], b"]"))) if found >= 0 else None
            if chunk:
                text.at = found + 2
                return chunk
        self._guessed_until = max(self._guessed_until, text.position + stop - at)
        return None

    def _next_document(self) -> int:
        """Return where in the buffer the next document seems to begin; -1 where that is not known."""
        if not self._documents:
            return -1
        text = self._text
        start = max(text.at, text.at + self._searched_until - text.position)
        found = text.buffer.find(_DOCUMENT, start)
        # The beginning of one may be at the end of the buffer.
        self._searched_until = text.position - text.at + found if found >= 0 else text.end - len(_DOCUMENT)
        return found

    def _counted(self) -> _Steps[bool]:
        """Yield a chunk of records whose brackets were counted; return whether the list was closed after them.

        Raises:
            LogFileError: what follows a record is neither another one nor the end of the list.
        """
        text, parts, size, closed = self._text, list[bytes](), 0, False
        damage: LogFileError | None = None
        try:
            while not closed and size < self._chunk_bytes and len(parts) < _PARTS_AT_ONCE:
                end = yield from text.value_end(MAX_RECORD_BYTES, _TOO_LARGE)
                parts.append(text.buffer[text.at : end])
                size += end - text.at
                text.at = end
                yield from text.skip_space()
                closed = text.next == b"]"
                if closed:
                    text.at += 1
                else:
                    yield from text.skip(b",")
        except LogFileError as error:
            damage = error
        if parts:
            self._intake.add_records(len(parts))
            text.trim()
            yield self._of_parts(parts)
        if damage:
            raise damage
        return closed

    def _of_parts(self, parts: list[bytes]) -> Chunk:
        """Return the chunk of records that were split already, and empty the list where it is not needed."""
        array = b"[" + b",".join(parts) + b"]"
        chunk = self._chunk(array)
        if chunk is None:
            return Chunk(b"", None, parts)
        parts.clear()
        return chunk

    def _chunk(self, text: bytes) -> Chunk | None:
        """Return the chunk of a JSON array; None when it cannot be decoded."""
        try:
            return Chunk(text, self._scan.scan_array(text))
        except msgspec.DecodeError as error:
            refused = isinstance(error, msgspec.ValidationError)
        except (UnicodeDecodeError, RecursionError):
            refused = True
        replaced = without_lone_surrogates(text)
        candidates = [text] if refused else []
        for candidate in candidates if replaced is text else [*candidates, replaced]:
            chunk = Chunk(candidate, None)
            try:
                chunk.records()
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                continue
            return chunk
        return None


def _inside(text: bytes) -> bytes | None:
    """Return what is inside a list when `text`, which begins inside it, ends with it and its document, or None."""
    head = text.rstrip(SPACE)
    if not head.endswith(b"}"):
        return None
    head = head[:-1].rstrip(SPACE)
    return head[:-1] if head.endswith(b"]") else None
