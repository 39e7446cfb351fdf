"""Read log files from S3: GET, gunzip, and split into records, one chunk at a time."""

import re
import zlib
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import TYPE_CHECKING, Any, Protocol

import msgspec
from botocore.exceptions import BotoCoreError, ClientError
from isal import isal_zlib
from urllib3.exceptions import HTTPError

from cloudtrail_to_slack.aws.errors import error_code, is_transient
from cloudtrail_to_slack.errors import ConnectionLostError, LogFileError, RecordError, S3UnavailableError
from cloudtrail_to_slack.ingest.json_text import has_more_values, lenient_decode
from cloudtrail_to_slack.ingest.payloads import LogFile
from cloudtrail_to_slack.ingest.read_limits import MAX_JSON_BYTES, MAX_RECORD_VALUES, Intake
from cloudtrail_to_slack.ingest.record_chunks import CHUNK_BYTES, Chunk, Scan, chunks

if TYPE_CHECKING:
    from botocore.response import StreamingBody
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import GetObjectOutputTypeDef, GetObjectRequestTypeDef

READ_BYTES = 64 * 1024  # what is read at once
_LEAST_VALUE_BYTES = 2  # a character, and what separates it from the next
_GZIP_MAGIC = b"\x1f\x8b"
_CHANGED = frozenset({"PreconditionFailed", "412"})
_DENIED = frozenset({"AccessDenied", "403", "Forbidden"})
# In the message of a denial: "… is not authorized to perform: kms:Decrypt on resource: …", "The ciphertext refers to a
# customer master key that does not exist, …".
_ABOUT_KEY = re.compile(r"kms:|customer master key|KMS key", re.IGNORECASE)
_RECORD_DECODER = msgspec.json.Decoder()

# Returns a client whose requests end after at most that many seconds.
ClientWithin = Callable[[float], "S3Client"]


class Stream(Protocol):
    """What a log file is read from: the body of S3's response, or an open file."""

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes, none at the end."""


def open_log_file(client: "Callable[[], S3Client]", log_file: LogFile) -> "tuple[StreamingBody, int | None]":
    """Return the body of the version that the notification names, and its size in bytes, if S3 states it.

    Raises:
        S3UnavailableError: a later attempt may succeed.
        LogFileError: that version cannot be fetched; the message says why.
    """
    try:
        answer = _get_named_version(client(), log_file)
    except ClientError as error:
        if is_transient(error.response):
            raise S3UnavailableError(f"S3 answers {error_code(error)}") from None
        raise LogFileError(_explanation(error, log_file)) from None
    except (BotoCoreError, HTTPError, TimeoutError) as error:  # HTTPError: S3 stops amid an answer that refuses
        raise S3UnavailableError(f"S3 cannot be read ({type(error).__name__})") from None
    return answer["Body"], answer.get("ContentLength")


def _get_named_version(s3: "S3Client", log_file: LogFile) -> "GetObjectOutputTypeDef":
    """Return S3's response with the version that the notification names; the ETag excludes any other.

    Reading a version requires s3:GetObjectVersion. If only s3:GetObject is allowed, the newest version is read, as long
    as its ETag is that of the notification.
    Sources: Amazon S3 API Reference, GetObject; Amazon S3 User Guide, "Conditional requests".
    """
    wanted: GetObjectRequestTypeDef = {"Bucket": log_file.bucket, "Key": log_file.key}
    if log_file.etag:
        wanted["IfMatch"] = f'"{log_file.etag}"'
    if not log_file.version:
        return s3.get_object(**wanted)
    version: GetObjectRequestTypeDef = {**wanted, "VersionId": log_file.version}
    try:
        return s3.get_object(**version)
    except ClientError as error:
        if error_code(error) not in _DENIED or not log_file.etag:
            raise
    try:
        return s3.get_object(**wanted)
    except ClientError as error:
        if error_code(error) not in _CHANGED:
            raise
        problem = "it was overwritten; to read the version of the notification the role needs s3:GetObjectVersion"
        raise LogFileError(problem) from None


def _explanation(error: ClientError, log_file: LogFile) -> str:
    """Explain an error of S3's."""
    code = error_code(error)
    if code in _CHANGED:
        return "it was changed after the notification: its ETag is now a different one"
    if code == "NoSuchVersion":
        return "the version that the notification names is gone: S3 answers NoSuchVersion"
    if code in _DENIED and _ABOUT_KEY.search(str(error)):
        return f"S3 answers {code}: the role may not use the KMS key that encrypts it (kms:Decrypt)"
    if code in _DENIED and log_file.version:
        return f"S3 answers {code}; to read the version of the notification the role needs s3:GetObjectVersion"
    return f"S3 answers {code}"


def read_stream(body: Stream, scan: Scan, *, max_bytes: int = MAX_JSON_BYTES) -> Iterator[Chunk]:
    """Yield the records of a log file in order, in chunks.

    Raises:
        LogFileError: it is truncated, not JSON, larger than `max_bytes` of JSON, or has no list of `Records`. The
            message quotes none of its content. It is raised after all records before that point.
    """
    intake = Intake()
    return chunks(unpacked(body, max_bytes=max_bytes, intake=intake), scan, intake=intake)


def unpacked(body: Stream, *, max_bytes: int = MAX_JSON_BYTES, intake: Intake | None = None) -> Iterator[bytes]:
    """Yield a file's content, gunzipped if it is gzip, in pieces, some of them empty; `intake` counts them.

    Raises:
        LogFileError: it is damaged, holds more than `max_bytes`, or is compressed too much.
    """
    intake = intake or Intake()
    stored, first = _stored(body, intake), b""
    while len(first) < len(_GZIP_MAGIC) and (more := next(stored, b"")):
        first += more
    pieces = chain((first,), stored)
    # The content says whether it is gzip; the name may say otherwise.
    for piece in _gunzipped(pieces) if first.startswith(_GZIP_MAGIC) else pieces:
        intake.add_text(len(piece), max_bytes)
        yield piece


def decode_record(raw: msgspec.Raw | bytes) -> Any:  # noqa: ANN401 (any JSON)
    """Decode one record; invalid UTF-8 is replaced, so that a stray byte does not hide the record.

    Raises:
        RecordError: it is not JSON, nested too deeply, or has more values than `MAX_RECORD_VALUES`.
    """
    if len(raw) > _LEAST_VALUE_BYTES * MAX_RECORD_VALUES and has_more_values(bytes(raw), MAX_RECORD_VALUES):
        raise RecordError(f"a record of more than {MAX_RECORD_VALUES:,} values")
    try:
        return _RECORD_DECODER.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    try:
        return lenient_decode(bytes(raw))
    except (ValueError, RecursionError):
        raise RecordError("a record that is not JSON, or nested too deeply") from None


def _stored(body: Stream, intake: Intake) -> Iterator[bytes]:
    """Yield what S3 stores, in pieces."""
    try:
        while piece := body.read(READ_BYTES):
            intake.stored += len(piece)
            yield piece
    except (BotoCoreError, OSError) as error:
        raise ConnectionLostError(f"the connection to S3 was lost ({type(error).__name__})") from None


def _gunzipped(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Gunzip piece by piece. A gzip file may have several members, one after the other, and zeros after each.

    ISA-L takes less than half of zlib's time, and gunzip is half of all work on a log file. Many small members are
    joined into one piece per read, because the consumer copies some data for each piece.
    """
    inflate, given = isal_zlib.decompressobj(wbits=31), 0  # how many bytes the member gave
    for number, compressed in enumerate(pieces):
        left, text = compressed.lstrip(b"\0") if inflate.eof else compressed, b""
        member = b"" if number else left  # one that began in what was read last
        while left:
            if inflate.eof:
                inflate, member, given = isal_zlib.decompressobj(wbits=31), left, 0
            try:
                piece = inflate.decompress(left, CHUNK_BYTES)
            except isal_zlib.IsalError:  # type: ignore[misc]  # its stubs say it is no class
                yield text + _before_the_damage(member, given)
                raise LogFileError("it is not valid gzip") from None
            given += len(piece)
            text += piece
            left = inflate.unconsumed_tail or inflate.unused_data.lstrip(b"\0")
            if len(text) >= CHUNK_BYTES // 2:
                yield text
                text = b""
        yield text  # even if it is empty, so that the caller can stop
    if not inflate.eof:
        raise LogFileError("it is truncated")


def _before_the_damage(member: bytes, given: int) -> bytes:
    """Unpack a damaged member up to the damage, and return what follows the first `given` bytes, at most a chunk.

    ISA-L returns nothing of a damaged piece, and most log files are one piece; zlib, byte by byte, does.
    """
    inflate, rest, size = zlib.decompressobj(wbits=31), list[bytes](), 0
    try:
        for at in range(len(member)):
            piece = inflate.decompress(member[at : at + 1], CHUNK_BYTES)
            size += len(piece)
            if size > given:
                rest.append(piece[given - size :])
            if size > given + CHUNK_BYTES:
                break
    except zlib.error:
        pass
    return b"".join(rest)
