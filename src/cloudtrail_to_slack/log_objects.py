"""Reading log objects from S3: GET, gunzip, and split into records, never keeping more than a window of them."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Protocol

import msgspec
from botocore.exceptions import BotoCoreError, ClientError
from isal import isal_zlib

from cloudtrail_to_slack.errors import LogObjectError, RecordError
from cloudtrail_to_slack.notifications import LogObject
from cloudtrail_to_slack.record_windows import WINDOW_BYTES, Scan, Window, windows

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# CloudTrail writes at most 50 MB compressed, and JSON compresses about twelve times: more is a bomb.
MAX_JSON_BYTES = 2 * 1024**3
_CHUNK = 64 * 1024
_LONG_NUMBER = 4000  # digits; Python refuses to make an integer of more than 4,300
_GZIP_MAGIC = b"\x1f\x8b"


class Stream(Protocol):
    """What a log file is read from: an S3 body, or an open file."""

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes, none at the end."""


_RECORD_DECODER = msgspec.json.Decoder()


def read_log_object(
    s3: "S3Client", log_object: LogObject, scan: Scan, *, max_bytes: int = MAX_JSON_BYTES
) -> Iterator[Window]:
    """Yield the records of a log object in order, in windows.

    Raises:
        LogObjectError: it cannot be fetched, is truncated, not gzip, not JSON, larger than `max_bytes` of JSON, or has
            no list of `Records`. Says which, and nothing of its content; raised after all records before the fault.
    """
    try:
        body = s3.get_object(Bucket=log_object.bucket, Key=log_object.key)["Body"]
        with body:
            yield from read_stream(body, log_object.key, scan, max_bytes=max_bytes)
    except ClientError as error:
        raise LogObjectError(f"S3 answers {error.response.get('Error', {}).get('Code', 'an error')}") from None
    except BotoCoreError as error:
        raise LogObjectError(f"S3 cannot be read ({type(error).__name__})") from None


def read_stream(body: Stream, key: str, scan: Scan, *, max_bytes: int = MAX_JSON_BYTES) -> Iterator[Window]:
    """Yield the records of a log file that can be read from, as `read_log_object` does; `key` is its name."""
    return windows(_pieces(body, key, max_bytes), scan)


def decode_record(raw: msgspec.Raw | bytes) -> Any:  # noqa: ANN401 (any JSON)
    """Decode one record; bytes that are no UTF-8 are replaced, so that stray ones in a text do not hide the record.

    Raises:
        RecordError: it is not JSON in itself, or nested too deeply.
    """
    try:
        return _RECORD_DECODER.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    try:
        # The standard library reads numbers that msgspec refuses.
        text = bytes(raw).decode("utf-8", "replace")
        return json.loads(text, parse_int=lambda digits: float(digits) if len(digits) > _LONG_NUMBER else int(digits))
    except (ValueError, RecursionError):
        raise RecordError("a record that is not JSON, or nested too deeply") from None


def _pieces(body: Stream, key: str, max_bytes: int) -> Iterator[bytes]:
    """Yield the object's text in pieces, and stop a bomb.

    Raises:
        LogObjectError: as `read_log_object`.
    """
    first = _read(body)
    if first.startswith(_GZIP_MAGIC):
        pieces = _gunzipped(body, first)
    elif key.endswith(".gz"):
        raise LogObjectError("it is named .gz and is not gzip")
    else:
        pieces = _plain(body, first)
    total = 0
    for piece in pieces:
        total += len(piece)
        if total > max_bytes:
            raise LogObjectError(f"it holds more than {max_bytes:,} bytes of JSON")
        yield piece


def _read(body: Stream) -> bytes:
    try:
        return body.read(_CHUNK)
    except (BotoCoreError, OSError) as error:
        raise LogObjectError(f"the connection to S3 broke ({type(error).__name__})") from None


def _plain(body: Stream, first: bytes) -> Iterator[bytes]:
    piece = first
    while piece:
        yield piece
        piece = _read(body)


def _gunzipped(body: Stream, first: bytes) -> Iterator[bytes]:
    """Gunzip piece by piece. A gzip file may have several members, one after the other.

    ISA-L does it in less than half of the time that zlib takes, and gunzip is half of all work on a log object.
    """
    inflate = isal_zlib.decompressobj(wbits=31)
    compressed = first
    try:
        while compressed:
            piece = inflate.decompress(compressed, WINDOW_BYTES)
            if piece:
                yield piece
            compressed = inflate.unconsumed_tail or inflate.unused_data
            if inflate.eof and not compressed.strip(b"\0"):
                compressed = b""  # zeros may follow, as gunzip allows
            if inflate.eof and compressed:
                inflate = isal_zlib.decompressobj(wbits=31)
            compressed = compressed or _read(body)
    except isal_zlib.IsalError:  # type: ignore[misc]  # its stubs say it is no class
        raise LogObjectError("it is not valid gzip") from None
    if not inflate.eof:
        raise LogObjectError("it is truncated")
