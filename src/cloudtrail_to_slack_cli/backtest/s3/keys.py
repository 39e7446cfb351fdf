"""Lists of keys: one a line, and the manifests of S3 Inventory."""

import csv
import gzip
import io
import json
import sys
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from urllib.parse import unquote_plus

from cloudtrail_to_slack.errors import LogFileError
from cloudtrail_to_slack_cli.backtest.log_file import UNKNOWN_SIZE, Address, LogFile, has_records, is_s3, read_address
from cloudtrail_to_slack_cli.backtest.s3.client import S3Requests
from cloudtrail_to_slack_cli.backtest.s3.fetching import PIECE_BYTES, object_pieces
from cloudtrail_to_slack_cli.backtest.selection import is_log_file
from cloudtrail_to_slack_cli.errors import UnreadableError, read_bytes

_LARGEST_MANIFEST = 64 * 1024 * 1024
_ARCHIVED = ("GLACIER", "DEEP_ARCHIVE")


def read_keys(path: str, s3: S3Requests, buckets: Iterable[str]) -> Iterator[LogFile]:
    """Yield the log files that a list names: of keys, one a line, or the manifest of an S3 Inventory.

    `path` is a file, an object in S3, or `-`, standard input. A line is `s3://bucket/key`, or a key, in the one of
    `buckets`.

    Raises:
        CommandError: it cannot be read, or a line is not a key.
    """
    if path.lower().endswith("manifest.json"):
        yield from _inventory(path, s3)
        return
    known = list(dict.fromkeys(buckets))
    for number, line in enumerate(_lines(path, s3), 1):
        text = line.strip("\r\n").removeprefix("\ufeff")
        if not text.strip():
            continue
        if not is_s3(text):
            if len(known) != 1:
                raise UnreadableError(path, f"is a key without its bucket: write {'s3://bucket/' + text!r}", number)
            text = str(Address(known[0], text))
        key = read_address(text).key
        if is_log_file(key) or not has_records(key):  # else it is a digest or the like
            yield LogFile(text, UNKNOWN_SIZE)


def _lines(path: str, s3: S3Requests) -> Iterator[str]:
    if path == "-":
        yield from (line.decode("utf-8", "replace") for line in sys.stdin.buffer)
    elif is_s3(path):
        yield from io.StringIO(_gunzipped(path, _object(path, s3)).decode("utf-8", "replace"))
    else:
        try:
            with Path(path).open("rb") as file:
                is_gzip = file.read(2) == b"\x1f\x8b"
                file.seek(0)
                unpacked = gzip.GzipFile(fileobj=file) if is_gzip else file
                yield from (line.decode("utf-8", "replace") for line in unpacked)
        except (OSError, EOFError, zlib.error) as error:
            raise UnreadableError(path, f"cannot be read: {getattr(error, 'strerror', None) or error}") from None


def _inventory(path: str, s3: S3Requests) -> Iterator[LogFile]:
    """Yield what an S3 Inventory lists, in the format CSV.

    Source: Amazon S3 User Guide, "Locating your inventory list": the manifest; "Amazon S3 Inventory list": its columns.
    """
    try:
        manifest = json.loads(_object(path, s3) if is_s3(path) else read_bytes(path))
    except (ValueError, RecursionError):
        raise UnreadableError(path, "is not JSON") from None
    if not isinstance(manifest, dict):
        raise UnreadableError(path, "is not an S3 Inventory manifest")
    columns = [column.strip() for column in str(manifest.get("fileSchema", "")).split(",")]
    if manifest.get("fileFormat") != "CSV" or not {"Bucket", "Key"} <= set(columns):
        kind = manifest.get("fileFormat")
        raise UnreadableError(path, f"is an inventory in the format {kind}: configure it to use CSV")
    bucket = str(manifest.get("destinationBucket", "")).rpartition(":")[2]
    files = manifest.get("files")
    for each in files if isinstance(files, list) else ():
        address = f"s3://{bucket}/{each['key']}" if isinstance(each, dict) and "key" in each else ""
        text = _gunzipped(address, _object(address, s3)).decode("utf-8", "replace")
        try:
            for row in csv.reader(io.StringIO(text)):
                if row and (found := _listed(dict(zip(columns, row, strict=True)))):
                    yield found
        except (csv.Error, ValueError):
            raise UnreadableError(address, f"does not have the columns that {path} names") from None


def _listed(row: Mapping[str, str]) -> LogFile | None:
    """Return a log file of an inventory, None where the row is of something else or of an old version."""
    key = unquote_plus(row.get("Key", ""))  # keys are URL-encoded in CSV
    if row.get("IsLatest", "true") == "false" or row.get("IsDeleteMarker", "false") == "true" or not is_log_file(key):
        return None
    size = row.get("Size", "")
    storage = row.get("StorageClass", "")
    problem = f"it is in the storage class {storage}, and must be restored first" if storage in _ARCHIVED else None
    return LogFile(
        str(Address(row["Bucket"], key)), int(size) if size.isdigit() else UNKNOWN_SIZE, row.get("ETag", ""),
        problem=problem,
    )  # fmt: skip


def _object(path: str, s3: S3Requests) -> bytes:
    """Return an object in S3, of at most `_LARGEST_MANIFEST` bytes."""
    address = read_address(path)
    pieces, left = [], _LARGEST_MANIFEST
    try:
        for piece in object_pieces(s3, address, s3.get(address, 0, PIECE_BYTES)):
            pieces.append(piece)
            left -= len(piece)
            if left < 0:
                raise UnreadableError(path, f"has more than {_LARGEST_MANIFEST:,} bytes")
    except LogFileError as error:
        raise UnreadableError(path, str(error)) from None
    return b"".join(pieces)


def _gunzipped(path: str, content: bytes) -> bytes:
    if not content.startswith(b"\x1f\x8b"):
        return content
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error):
        raise UnreadableError(path, "is not valid gzip, or truncated") from None
