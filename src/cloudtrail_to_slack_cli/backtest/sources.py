"""Finding log files, and reading the records in each: log files as CloudTrail writes them, and one record a line."""

import os
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import msgspec
from isal import igzip, isal_zlib

from cloudtrail_to_slack.errors import LogObjectError
from cloudtrail_to_slack.ingest.log_files import read_stream
from cloudtrail_to_slack.ingest.object_keys import read_key
from cloudtrail_to_slack.ingest.record_chunks import Scan
from cloudtrail_to_slack_cli.errors import CommandError, UnreadableError
from cloudtrail_to_slack_cli.event_input import read_records, unwrap

_DOCUMENTS = (".json", ".json.gz")
_LINES = (".jsonl", ".jsonl.gz", ".ndjson", ".ndjson.gz")
_GZIP = b"\x1f\x8b"
_CHUNK = 256 * 1024
_LONGEST_LINE = 64 * 1024 * 1024
_LARGEST_OTHER = 64 * 1024 * 1024  # of a document that is no log file, and is read as a whole
# What a line has that is more than a record.
_WRAPPED = (b'"Records"', b'"detail-type"', b'"event":', b'"event" :')


@dataclass(frozen=True, slots=True)
class LogFile:
    """A file with records: its path and its size in bytes."""

    path: str
    size: int


@dataclass(slots=True)
class Batch:
    """Some records. `masks` are the rules that may match each, as bits; None: all may. `failed` records are unreadable.

    `records` are undecoded bytes, or decoded objects where they came wrapped.
    """

    records: list[object]
    masks: list[int] | None
    failed: int = 0


def find_log_files(paths: Iterable[str]) -> Iterator[LogFile]:
    """Yield the files that are named, and those in folders, in order: .json, .json.gz, .jsonl, .jsonl.gz.

    Of a folder, what CloudTrail's layout marks as something else, such as digests, is left out.

    Raises:
        UnreadableError: a path does not exist, or there is no log file.
    """
    found = 0
    for path in paths:
        if os.path.isdir(path):  # noqa: PTH112 (paths stay as they are written)
            for each in _files(path):
                found += 1
                yield each
        elif os.path.exists(path):  # noqa: PTH110 (as above)
            found += 1
            yield LogFile(path, Path(path).stat().st_size)
        else:
            raise UnreadableError(path, "does not exist")
    if not found:
        raise UnreadableError(", ".join(paths), "contains no .json, .json.gz, .jsonl or .jsonl.gz")


def read_batches(path: str, scan: Scan) -> Iterator[Batch]:
    """Yield the records of a file, in bounded memory.

    Raises:
        LogObjectError: the file is damaged; raised after all records before the damage.
    """
    try:
        with Path(path).open("rb") as file:
            if path.lower().endswith(_LINES):
                yield from _lines(file, scan)
            else:
                yield from _document(path, file, scan)
    except OSError as error:
        raise LogObjectError(f"it cannot be read ({error.strerror or type(error).__name__})") from None


def _files(folder: str) -> Iterator[LogFile]:
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = os.path.join(parent, name)  # noqa: PTH118 (as above)
            lower = name.lower()
            is_document = lower.endswith(_DOCUMENTS)
            if name.startswith(".") or not (is_document or lower.endswith(_LINES)):
                continue
            if is_document and read_key(path.replace(os.sep, "/")).skip_reason:
                continue
            yield LogFile(path, os.stat(path).st_size if os.path.exists(path) else 0)  # noqa: PTH110, PTH116 (as above)


def _document(path: str, file: BinaryIO, scan: Scan) -> Iterator[Batch]:
    """Read a log file as the function does; what has no Records may be a record, or several."""
    any_read = False
    try:
        for window in read_stream(file, scan):
            if window.count():
                any_read = True
                is_wanted = window.scanned is None or any(window.scanned)
                records: list[object] = list(window.records()) if is_wanted else [None] * window.count()
                yield Batch(records, window.scanned)
    except LogObjectError as error:
        if str(error).startswith("the connection to S3 broke"):  # the words of the function, which reads from S3
            raise LogObjectError("it cannot be read to its end") from None
        if any_read or os.fstat(file.fileno()).st_size > _LARGEST_OTHER:
            raise
        others = _other(path)
        if others is None:
            raise
        yield others


def _other(path: str) -> Batch | None:
    """Return the records of a file that is no log file: a record, an envelope, a list, or one of them a line."""
    try:
        records = read_records(path)
    except CommandError:
        return None
    known = [record for record in records if "eventName" in record or "eventID" in record or "insightDetails" in record]
    return Batch(list(known), None) if known else None


def _lines(file: BinaryIO, scan: Scan) -> Iterator[Batch]:
    rest = b""
    for chunk in _chunks(file):
        text = rest + chunk
        end = text.rfind(b"\n")
        if end < 0:
            if len(text) > _LONGEST_LINE:
                raise LogObjectError(f"it has a line of more than {_LONGEST_LINE:,} bytes")
            rest = text
            continue
        rest = text[end + 1 :]
        yield _batch(text[:end], scan)
    if rest.strip():
        yield _batch(rest, scan)


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    """Yield the text of a file in pieces, gunzipped if it is gzip, whatever its name says.

    Raises:
        LogObjectError: it is damaged.
    """
    is_gzip = file.read(len(_GZIP)) == _GZIP
    file.seek(0)
    stream: BinaryIO = igzip.open(file, "rb") if is_gzip else file  # type: ignore[no-untyped-call]  # it has no types
    try:
        while chunk := stream.read(_CHUNK):
            yield chunk
    except EOFError:
        raise LogObjectError("it is truncated") from None
    except (OSError, zlib.error, isal_zlib.IsalError):  # type: ignore[misc]  # its stubs say it is no class
        raise LogObjectError("it is not valid gzip") from None


def _batch(text: bytes, scan: Scan) -> Batch:
    lines = [line for line in text.split(b"\n") if line.strip()]
    if not lines:
        return Batch([], [])
    if not any(sign in text for sign in _WRAPPED):
        try:
            masks = scan.scan_array(b"[" + b",".join(lines) + b"]")
        except (msgspec.DecodeError, UnicodeDecodeError):
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
