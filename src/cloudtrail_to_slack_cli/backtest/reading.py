"""Reading the records of a log file: as CloudTrail writes it, and one record a line."""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Protocol

import msgspec

from cloudtrail_to_slack.errors import ConnectionLostError, LogFileError
from cloudtrail_to_slack.ingest.log_files import Stream, read_stream, unpacked
from cloudtrail_to_slack.ingest.record_chunks import Scan
from cloudtrail_to_slack_cli.backtest.log_file import LINES, unreadable
from cloudtrail_to_slack_cli.errors import CommandError
from cloudtrail_to_slack_cli.event_input import read_records_in, unwrap

_LONGEST_LINE = 16 * 1024 * 1024
_LARGEST_LINES = 2**50  # a file of lines may have any size; a bomb is stopped by how often it is larger than stored
_LARGEST_OTHER = 16 * 1024 * 1024  # of a document that is not a log file, and is read as a whole
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"  # some editors begin a file with it
# What a line has that is more than a record.
_WRAPPED = (b'"Records"', b'"detail-type"', b'"event":', b'"event" :')


class OpenedStream(Stream, Protocol):
    """What can be read from, and is to be closed."""

    def close(self) -> None:
        """Close it."""


class PieceStream:
    """What comes in pieces, to be read like a file, once. Damage is raised again where the reader goes on."""

    def __init__(self, pieces: Iterator[bytes], close: Callable[[], None] = lambda: None) -> None:
        self._pieces = pieces
        self._piece, self._at = b"", 0
        self._damage: LogFileError | None = None
        self.close = close

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes, none at the end.

        Raises:
            LogFileError: what the pieces raise.
        """
        if self._damage is not None:
            raise self._damage
        try:
            while self._at == len(self._piece):
                self._piece, self._at = next(self._pieces), 0
        except StopIteration:
            return b""
        except LogFileError as error:
            self._damage = error
            raise
        taken = self._piece[self._at : self._at + size]
        self._at += len(taken)
        return taken


@dataclass(slots=True)
class Batch:
    """Some records. `masks` are the rules that may match each, as bits; None: all may. `failed` records are unreadable.

    `records` are undecoded bytes, or decoded objects where they came wrapped. `failure` is why records failed.
    """

    records: list[object]
    masks: list[int] | None
    failed: int = 0
    failure: str = "a line that is not JSON"


@dataclass(slots=True)
class Content:
    """The content of one file: its name, and what it is read from. `again` opens it anew, where that is possible.

    `problem` says why there is nothing to read.
    """

    name: str
    stream: Stream | None = None
    again: "Callable[[], OpenedStream] | None" = None
    problem: str | None = None


def read_batches(content: Content, scan: Scan) -> Iterator[Batch]:
    """Yield the records of a file, in bounded memory.

    Raises:
        LogFileError: the file is damaged; raised after all records before the damage.
    """
    if content.problem or content.stream is None:
        raise LogFileError(content.problem or "it cannot be read")
    try:
        if content.name.lower().endswith(LINES):
            yield from _lines(content.stream, scan)
        else:
            yield from _document(content, content.stream, scan)
    except ConnectionLostError:  # for which the function, which reads from S3, takes a file that stops too early
        raise LogFileError("it cannot be read to its end") from None
    except OSError as error:
        raise LogFileError(unreadable(error)) from None


def _document(content: Content, stream: Stream, scan: Scan) -> Iterator[Batch]:
    """Read a log file as the function does; what has no Records may be a record, or several."""
    any_read = False
    try:
        for chunk in read_stream(stream, scan):
            if chunk.count():
                any_read = True
                is_wanted = chunk.scanned is None or any(chunk.scanned)
                records: list[object] = list(chunk.records()) if is_wanted else [None] * chunk.count()
                yield Batch(records, chunk.scanned)
    except LogFileError:
        others = None
        if not any_read and content.again is not None:
            with closing(content.again()) as again:
                others = _other(content.name, again)
        if others is None:
            raise
        yield others


def _other(name: str, stream: Stream) -> Batch | None:
    """Return the records of a file that is not a log file: a record, an envelope, a list, or one of them a line."""
    pieces, size = [], 0
    while size <= _LARGEST_OTHER and (piece := stream.read(_LARGEST_OTHER)):
        pieces.append(piece)
        size += len(piece)
    if size > _LARGEST_OTHER:
        return None
    try:
        records = read_records_in(b"".join(pieces), name, most_bytes=_LARGEST_OTHER)
    except CommandError:
        return None
    known = [record for record in records if "eventName" in record or "eventID" in record or "insightDetails" in record]
    return Batch(list(known), None) if known else None


def _lines(stream: Stream, scan: Scan) -> Iterator[Batch]:
    """Read one record a line, and leave out lines that are too long."""
    pieces: list[bytes] = []  # of a line that has not ended
    size, is_too_long = 0, False
    for piece in unpacked(stream, max_bytes=_LARGEST_LINES):
        if is_too_long:
            _, line_break, piece = piece.partition(b"\n")  # noqa: PLW2901 (what is left of it)
            is_too_long = not line_break
        end = piece.rfind(b"\n")
        if end >= 0:
            yield _batch(b"".join((*pieces, piece[:end])), scan)
            pieces, size = [], 0
        pieces.append(piece[end + 1 :])
        size += len(pieces[-1])
        if size > _LONGEST_LINE:
            yield Batch([], None, 1, f"a line of more than {_LONGEST_LINE:,} bytes")
            pieces, size, is_too_long = [], 0, True
    rest = b"".join(pieces)
    if rest.strip():
        yield _batch(rest, scan)


def _batch(text: bytes, scan: Scan) -> Batch:
    lines = [line for line in text.removeprefix(_BYTE_ORDER_MARK).split(b"\n") if line.strip()]
    if not lines:
        return Batch([], [])
    if not any(sign in text for sign in _WRAPPED):
        try:
            masks = scan.scan_array(b"[" + b",".join(lines) + b"]")
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            masks = []
        if len(masks) == len(lines):
            return Batch(list(lines), masks)
    return _one_by_one(lines)


def _one_by_one(lines: list[bytes]) -> Batch:
    """Return the records of lines, some of which hold several or are broken."""
    records: list[object] = []
    failed = 0
    for line in lines:
        try:
            records += unwrap(msgspec.json.decode(line))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            failed += 1
    return Batch(records, None, failed)
