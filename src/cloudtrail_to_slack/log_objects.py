"""Reading log objects from S3: GET, gunzip, and split into records."""

import re
import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from cloudtrail_to_slack.errors import LogObjectError, RecordError
from cloudtrail_to_slack.notifications import LogObject

if TYPE_CHECKING:
    from botocore.response import StreamingBody
    from mypy_boto3_s3 import S3Client

# CloudTrail writes at most 50 MB compressed, and JSON compresses about twelve times.
MAX_JSON_BYTES = 1024**3
_CHUNK = 1024**2
_GZIP_MAGIC = b"\x1f\x8b"
# Every escape of a JSON text from left to right, so that an escaped backslash never looks like the start of another.
_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<half>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)


class _LogFile(msgspec.Struct):
    Records: list[msgspec.Raw]


_FILE_DECODER = msgspec.json.Decoder(_LogFile)
_RECORD_DECODER = msgspec.json.Decoder()


def read_log_object(s3: "S3Client", log_object: LogObject, *, max_bytes: int = MAX_JSON_BYTES) -> list[msgspec.Raw]:
    """Return the records of a log object, each as undecoded JSON.

    Raises:
        LogObjectError: it cannot be fetched, is truncated, not gzip, not JSON, larger than `max_bytes` of JSON, or has
            no list of `Records`. Says which, and nothing of its content.
    """
    try:
        body = s3.get_object(Bucket=log_object.bucket, Key=log_object.key)["Body"]
        with body:
            text = b"".join(_decompressed(body, log_object.key, max_bytes))
    except ClientError as error:
        raise LogObjectError(f"S3 answers {error.response.get('Error', {}).get('Code', 'an error')}") from None
    except BotoCoreError as error:
        raise LogObjectError(f"S3 cannot be read ({type(error).__name__})") from None
    except OSError as error:
        raise LogObjectError(f"the connection to S3 broke ({type(error).__name__})") from None
    try:
        return _split(text)
    except msgspec.ValidationError:
        raise LogObjectError("it has no list of Records") from None
    except (msgspec.DecodeError, RecursionError):
        raise LogObjectError("it is not JSON") from None


def decode_record(raw: msgspec.Raw) -> Any:  # noqa: ANN401 (any JSON)
    """Decode one record; bytes that are no UTF-8 are replaced, so that stray ones in a text do not hide the record.

    Raises:
        RecordError: it is not JSON in itself, or nested too deeply.
    """
    try:
        return _RECORD_DECODER.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    try:
        return _RECORD_DECODER.decode(bytes(raw).decode("utf-8", "replace"))
    except (msgspec.DecodeError, RecursionError):
        raise RecordError("a record that is not JSON, or nested too deeply") from None


def _split(text: bytes) -> list[msgspec.Raw]:
    """Split a log file into its records.

    Half a surrogate pair is valid JSON and no valid text, and one in a user agent must not hide a whole file: when the
    file cannot be read as it is, such halves are replaced.
    """
    try:
        return _FILE_DECODER.decode(text).Records
    except msgspec.ValidationError:
        raise
    except msgspec.DecodeError:
        return _FILE_DECODER.decode(_ESCAPE.sub(_replace_half, text)).Records


def _replace_half(escape: re.Match[bytes]) -> bytes:
    return rb"\ufffd" if escape["half"] else escape[0]


def _decompressed(body: "StreamingBody", key: str, max_bytes: int) -> Iterator[bytes]:
    """Yield the object's text in pieces, and stop a bomb before it fills the memory."""
    first = body.read(_CHUNK)
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


def _plain(body: "StreamingBody", first: bytes) -> Iterator[bytes]:
    piece = first
    while piece:
        yield piece
        piece = body.read(_CHUNK)


def _gunzipped(body: "StreamingBody", first: bytes) -> Iterator[bytes]:
    """Gunzip piece by piece. A gzip file may have several members, one after the other."""
    inflate = zlib.decompressobj(wbits=31)
    compressed = first
    try:
        while compressed:
            piece = inflate.decompress(compressed, _CHUNK)
            if piece:
                yield piece
            compressed = inflate.unconsumed_tail or inflate.unused_data
            if inflate.eof and compressed:
                inflate = zlib.decompressobj(wbits=31)
            compressed = compressed or body.read(_CHUNK)
    except zlib.error:
        raise LogObjectError("it is not valid gzip") from None
    if not inflate.eof:
        raise LogObjectError("it is truncated")
