"""Reading tar archives in bounded memory, whatever is in them. Nothing is ever written to disk.

`tarfile` reads a header's long names in one piece, however long they claim to be, and follows sizes backwards. So it is
given a file that hands out small pieces only, and moves forward only. And it takes a damaged header for the end of the
archive, unless that is the first.
"""

import tarfile
import zlib
from collections.abc import Iterator
from contextlib import closing
from typing import IO, BinaryIO, Self, cast

from cloudtrail_to_slack.errors import LogFileError
from cloudtrail_to_slack.ingest.log_files import Stream, unpacked
from cloudtrail_to_slack_cli.backtest.log_file import LogFile, Member
from cloudtrail_to_slack_cli.backtest.reading import PieceStream

_LARGEST_HEADER = 1024 * 1024
_LARGEST_PIECE = 256 * 1024
_NO_LIMIT = 2**62
_DAMAGED = "it is not a valid tar archive, or is truncated"
_ERRORS = (tarfile.TarError, EOFError, OSError, ValueError, OverflowError, RecursionError, zlib.error)


def tar_members(path: str, file: BinaryIO, version: str = "") -> Iterator[LogFile]:
    """Yield the files in a tar archive that is not compressed, in its order.

    Raises:
        LogFileError: it is damaged; raised after all files before the damage.
    """
    for archive, info in _headers(_Forward(file, file)):
        del archive
        member = Member(_text(info.name), info.offset_data)
        yield LogFile(path, info.size, version, member, _problem(info))


def read_tar(file: BinaryIO) -> Iterator[tuple[str, Stream | str]]:
    """Yield the name and the content of each file in a tar.gz, or what is wrong with it; each must be read in turn.

    Raises:
        LogFileError: it is damaged or a bomb; raised after all files before the damage.
    """
    for archive, info in _headers(_Forward(PieceStream(unpacked(file, max_bytes=_NO_LIMIT)))):
        problem = _problem(info)
        if problem:
            yield _text(info.name), problem
            continue
        content = archive.extractfile(info)
        if content is not None:
            with closing(content):
                yield _text(info.name), PieceStream(_pieces(content))


def tar_member_pieces(file: BinaryIO, size: int, member: Member) -> Iterator[bytes]:
    """Yield the content of a member of a tar archive that is not compressed, `size` bytes, in pieces.

    Raises:
        LogFileError: it is truncated.
    """
    file.seek(member.offset)
    while size:
        piece = file.read(min(size, _LARGEST_PIECE))
        if not piece:
            raise LogFileError("it is truncated")
        size -= len(piece)
        yield piece


def _headers(file: "_Forward") -> Iterator[tuple[tarfile.TarFile, tarfile.TarInfo]]:
    try:
        # Zeros end an archive, and another may follow: that is how archives are concatenated.
        with _Archive.open(fileobj=cast("BinaryIO", file), mode="r:", ignore_zeros=True) as archive:
            while (info := archive.next()) is not None:
                if info.size < 0:
                    raise LogFileError("it is not a valid tar archive: a size in it is negative")
                if info.isreg():
                    yield archive, info
                archive.members.clear()  # type: ignore[attr-defined]  # else all are kept; its types do not know it
    except _ERRORS as error:
        if isinstance(error, LogFileError):
            raise
        raise LogFileError(_DAMAGED) from None


class _Header(tarfile.TarInfo):
    """A header that is damaged or missing is an error, and no end."""

    @classmethod
    def fromtarfile(cls, archive: "_Archive") -> Self:  # type: ignore[override]  # it is made for no other archive
        try:
            header = super().fromtarfile(archive)
        except tarfile.HeaderError as error:
            # typeshed does not know these two.
            if isinstance(error, tarfile.EOFHeaderError):  # type: ignore[attr-defined]
                archive.has_ended = True
            elif not (archive.has_ended and isinstance(error, tarfile.EmptyHeaderError)):  # type: ignore[attr-defined]
                raise LogFileError(_DAMAGED) from None
            raise
        archive.has_ended = False
        return header


class _Archive(tarfile.TarFile):
    """`has_ended`: zeros came after the last file."""

    tarinfo = _Header
    has_ended = False


def _pieces(content: IO[bytes]) -> Iterator[bytes]:
    """Yield the content of a file in an archive; what goes wrong with the archive goes wrong with it."""
    try:
        while piece := content.read(_LARGEST_PIECE):
            yield piece
    except _ERRORS as error:
        if isinstance(error, LogFileError):
            raise
        raise LogFileError("it is truncated") from None


class _Forward:
    """What `tarfile` reads from: in small pieces, and never backwards. `seekable` is the file where it can skip."""

    def __init__(self, stream: Stream, seekable: BinaryIO | None = None) -> None:
        self._stream = stream
        self._seekable = seekable
        self._at = 0

    def tell(self) -> int:
        return self._at

    def seek(self, position: int, whence: int = 0, /) -> int:
        if whence or position < self._at:
            raise LogFileError("it is not a valid tar archive: its headers contradict each other")
        if self._seekable is not None:
            self._at = self._seekable.seek(position)
        while self._at < position and (piece := self._stream.read(min(position - self._at, _LARGEST_PIECE))):
            self._at += len(piece)
        return self._at

    def read(self, size: int, /) -> bytes:
        if size > _LARGEST_HEADER:
            raise LogFileError(f"it has a name or a header of more than {_LARGEST_HEADER:,} bytes")
        pieces = []
        while size > 0 and (piece := self._stream.read(size)):
            pieces.append(piece)
            size -= len(piece)
            self._at += len(piece)
        return b"".join(pieces)


def _text(name: str) -> str:
    return name.encode("utf-8", "replace").decode()


def _problem(info: tarfile.TarInfo) -> str | None:
    return "it is a sparse file" if info.issparse() else None
