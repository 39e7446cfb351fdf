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
    from botocore.response import StreamingBody
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import GetObjectRequestTypeDef

# CloudTrail writes at most 50 MB compressed, and JSON compresses about twelve times: more is a bomb.
MAX_JSON_BYTES = 2 * 1024**3
_CHUNK = 64 * 1024
_LONG_NUMBER = 4000  # digits; Python refuses to make an integer of more than 4,300
_GZIP_MAGIC = b"\x1f\x8b"
_CHANGED = frozenset({"PreconditionFailed", "412"})
_DENIED = frozenset({"AccessDenied", "403", "Forbidden"})


class Stream(Protocol):
    """What a log file is read from: an S3 body, or an open file."""

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes, none at the end."""


_RECORD_DECODER = msgspec.json.Decoder()


def read_log_object(
    s3: "S3Client", log_object: LogObject, scan: Scan, *, max_bytes: int = MAX_JSON_BYTES
) -> Iterator[Window]:
    """Yield the records of a log file in order, in windows.

    Raises:
        LogObjectError: the version that was announced cannot be fetched, or it is truncated, not JSON, larger than
            `max_bytes` of JSON, or has no list of `Records`. Says which, and nothing of its content; raised after all
            records before the fault.
    """
    try:
        with _announced(s3, log_object) as body:
            yield from read_stream(body, scan, max_bytes=max_bytes)
    except ClientError as error:
        raise LogObjectError(_answer(error, log_object)) from None
    except BotoCoreError as error:
        raise LogObjectError(f"S3 cannot be read ({type(error).__name__})") from None


def read_stream(body: Stream, scan: Scan, *, max_bytes: int = MAX_JSON_BYTES) -> Iterator[Window]:
    """Yield the records of a log file that can be read from, as `read_log_object` does."""
    return windows(_pieces(body, max_bytes), scan)


def _announced(s3: "S3Client", log_object: LogObject) -> "StreamingBody":
    """Return the content of the version that was announced; S3 refuses any other by its ETag.

    Reading a version takes s3:GetObjectVersion. Where a bucket's policy allows s3:GetObject alone, the newest version
    will do, as long as its ETag is the announced one.
    Sources: Amazon S3 API Reference, GetObject; Amazon S3 User Guide, "Conditional requests".
    """
    wanted: GetObjectRequestTypeDef = {"Bucket": log_object.bucket, "Key": log_object.key}
    if log_object.etag:
        wanted["IfMatch"] = f'"{log_object.etag}"'
    if not log_object.version:
        return s3.get_object(**wanted)["Body"]
    version: GetObjectRequestTypeDef = {**wanted, "VersionId": log_object.version}
    try:
        return s3.get_object(**version)["Body"]
    except ClientError as error:
        if _code(error) not in _DENIED or not log_object.etag:
            raise
    return s3.get_object(**wanted)["Body"]


def _answer(error: ClientError, log_object: LogObject) -> str:
    """Say what S3's answer means."""
    code = _code(error)
    if code in _CHANGED:
        return "it changed after it was announced: its ETag is another by now"
    if code == "NoSuchVersion":
        return "the version that was announced is gone: S3 answers NoSuchVersion"
    if code in _DENIED and log_object.version:
        return f"S3 answers {code}; to read the announced version the role needs s3:GetObjectVersion"
    return f"S3 answers {code}"


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", "an error"))


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


def _pieces(body: Stream, max_bytes: int) -> Iterator[bytes]:
    """Yield the object's text in pieces, and stop a bomb.

    Raises:
        LogObjectError: as `read_log_object`.
    """
    first = _read(body)
    while first and len(first) < len(_GZIP_MAGIC) and (more := _read(body)):
        first += more
    # The content says whether it is gzip; the name may say otherwise.
    pieces = _gunzipped(body, first) if first.startswith(_GZIP_MAGIC) else _plain(body, first)
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
