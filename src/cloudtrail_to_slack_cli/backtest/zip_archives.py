"""Reading zip archives in bounded memory, whatever is in them.

`zipfile` keeps the whole directory of an archive in memory, and trusts its sizes. Here the directory is read entry by
entry, so an archive may have any number of files, and each file can be read in another process. Nothing is ever
written to disk, so a name is only a name.
Source: PKWARE, APPNOTE.TXT, "General Format of a .ZIP file".
"""

import os
import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from isal import isal_zlib

from cloudtrail_to_slack.errors import LogFileError
from cloudtrail_to_slack.ingest.read_limits import Intake
from cloudtrail_to_slack_cli.backtest.log_file import LogFile, Member

STORED, DEFLATED = 0, 8
_END = struct.Struct("<4s4H2LH")
_END_64_LOCATOR = struct.Struct("<4sLQL")
_END_64 = struct.Struct("<4sQ2H2L4Q")
_ENTRY = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_LONGEST_COMMENT = 65_535
_ENCRYPTED, _UTF_8 = 0x1, 0x800
_IN_EXTRA = 0xFFFFFFFF
_EXTRA_64 = 1
_CHUNK = 64 * 1024
_NOT_ZIP = "it is not a zip archive, or is truncated"
_TRUNCATED = "it is truncated"
_CONTRADICTORY = "it is not a valid zip archive: its directory contradicts itself"


def zip_members(path: str, file: BinaryIO, version: str = "") -> Iterator[LogFile]:
    """Yield the files in a zip archive, in the order of its directory.

    Raises:
        LogFileError: it is not a zip archive, or its files overlap, as those of a bomb do; raised after all entries
            before the damage.
    """
    size = os.fstat(file.fileno()).st_size
    start, length, shift = _directory(file, size)
    file.seek(start)
    stored = read = 0
    while read < length:
        header = file.read(_ENTRY.size)
        if len(header) < _ENTRY.size or header[:4] != b"PK\1\2":
            raise LogFileError(_CONTRADICTORY)
        fields = _ENTRY.unpack(header)
        _, _, _, flags, method, _, _, checksum, packed, unpacked, *lengths = fields[:13]
        offset = fields[16]
        name, extra = file.read(lengths[0]), file.read(lengths[1])
        file.seek(lengths[2], os.SEEK_CUR)
        read += _ENTRY.size + sum(lengths)
        packed, offset = _wide(extra, unpacked, packed, offset)
        stored += packed
        if stored > size or offset + shift > size:
            raise LogFileError("it is not a valid zip archive: its files overlap")
        if name.endswith(b"/"):
            continue
        member = Member(_text(name, flags), offset + shift, method, checksum)
        yield LogFile(path, packed, version, member, _problem(flags, method))


def zip_member_pieces(file: BinaryIO, size: int, member: Member) -> Iterator[bytes]:
    """Yield the unpacked content of a member of the zip archive `file`, of `size` bytes as stored, in pieces.

    Raises:
        LogFileError: there is no such member, or it is damaged, or a bomb.
    """
    file.seek(member.offset)
    header = file.read(_LOCAL.size)
    if len(header) < _LOCAL.size or header[:4] != b"PK\3\4":
        raise LogFileError(_CONTRADICTORY)
    *_, name_length, extra_length = _LOCAL.unpack(header)
    file.seek(name_length + extra_length, os.SEEK_CUR)
    intake, checksum = Intake(), 0
    stored = _stored(file, size, intake)
    for piece in _inflated(stored) if member.method == DEFLATED else stored:
        checksum = isal_zlib.crc32(piece, checksum)
        intake.add_text(len(piece))
        yield piece
    if member.method == STORED and intake.stored < size:
        raise LogFileError(_TRUNCATED)
    if checksum != member.checksum:
        raise LogFileError("its checksum is wrong: the archive is damaged")


def _stored(file: BinaryIO, size: int, intake: Intake) -> Iterator[bytes]:
    while piece := file.read(min(_CHUNK, size - intake.stored)):
        intake.stored += len(piece)
        yield piece


def _inflated(stored: Iterator[bytes]) -> Iterator[bytes]:
    inflate, packed = isal_zlib.decompressobj(wbits=-15), b""
    while True:
        packed = packed or (b"" if inflate.eof else next(stored, b""))
        had = bool(packed)
        try:
            piece = inflate.decompress(packed, _CHUNK)
        except (zlib.error, isal_zlib.IsalError):  # type: ignore[misc]  # its stubs say it is not a class
            raise LogFileError("it cannot be unpacked: the archive is damaged") from None
        packed = inflate.unconsumed_tail
        if piece:
            yield piece
        elif inflate.eof:
            return
        elif not had:
            raise LogFileError(_TRUNCATED)


def _directory(file: BinaryIO, size: int) -> tuple[int, int, int]:
    """Return where the directory begins, its length, and what is to be added to the offsets that it names."""
    tail_size = min(size, _END.size + _LONGEST_COMMENT)
    file.seek(size - tail_size)
    tail = file.read(tail_size)
    found = tail.rfind(b"PK\5\6")
    if found < 0 or len(tail) - found < _END.size:
        raise LogFileError(_NOT_ZIP)
    *_, length, offset, _ = _END.unpack_from(tail, found)
    end = size - tail_size + found
    if end >= _END_64_LOCATOR.size:
        file.seek(end - _END_64_LOCATOR.size)
        signature, _, end_64, _ = _END_64_LOCATOR.unpack(file.read(_END_64_LOCATOR.size))
        if signature == b"PK\6\7" and end_64 <= size - _END_64.size:
            file.seek(end_64)
            wide = _END_64.unpack(file.read(_END_64.size))
            if wide[0] == b"PK\6\6":
                end, length, offset = end_64, wide[8], wide[9]
    start = end - length
    if start < 0 or start < offset:
        raise LogFileError(_NOT_ZIP)
    return start, length, start - offset


def _wide(extra: bytes, unpacked: int, packed: int, offset: int) -> tuple[int, int]:
    """Return the packed size and the offset of an entry, which may be in its extra field."""
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, at)
        values = extra[at + 4 : at + 4 + length]
        at += 4 + length
        if kind != _EXTRA_64:
            continue
        wide = [int.from_bytes(values[i : i + 8], "little") for i in range(0, len(values) - 7, 8)]
        if unpacked == _IN_EXTRA and wide:
            wide.pop(0)
        packed = wide.pop(0) if packed == _IN_EXTRA and wide else packed
        offset = wide.pop(0) if offset == _IN_EXTRA and wide else offset
        break
    return packed, offset


def _text(name: bytes, flags: int) -> str:
    return name.decode("utf-8", "replace") if flags & _UTF_8 else name.decode("cp437", "replace")


def _problem(flags: int, method: int) -> str | None:
    if flags & _ENCRYPTED:
        return "it is encrypted"
    return None if method in (STORED, DEFLATED) else f"it is compressed by method {method}: only deflate is read"
