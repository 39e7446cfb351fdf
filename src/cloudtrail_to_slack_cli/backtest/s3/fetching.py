"""Reading many objects from S3 at once, in their order, with a bound on the bytes that wait."""

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

from cloudtrail_to_slack.errors import LogFileError
from cloudtrail_to_slack_cli.backtest.log_file import UNKNOWN_SIZE, Address, LogFile, is_archive, read_address
from cloudtrail_to_slack_cli.backtest.reading import Content, PieceStream

if TYPE_CHECKING:
    from cloudtrail_to_slack_cli.backtest.s3.client import Piece, S3Requests

_IN_FLIGHT = 48  # requests of a process
PIECE_BYTES = 8 * 1024 * 1024  # of a request
_BYTES_IN_FLIGHT = 64 * 1024 * 1024  # of a process
_FIRST_PIECE_OF_UNKNOWN = 1024 * 1024
_ARCHIVE = "an archive in S3 is not read: download it first"


class Fetcher:
    """Fetches objects ahead of those who read them."""

    def __init__(self, requests: "S3Requests") -> None:
        self._requests = requests
        self._pool = ThreadPoolExecutor(_IN_FLIGHT, "fetch")

    def fetch(self, files: Iterable[LogFile]) -> Iterator[Content]:
        """Yield the content of objects in S3, in their order."""
        waiting: deque[tuple[LogFile, Future[Piece] | None]] = deque()
        size = 0
        rest = iter(files)
        following = next(rest, None)
        try:
            while following or waiting:
                # Some have arrived, and wait for those before them.
                while following and len(waiting) < 2 * _IN_FLIGHT:
                    asked = _first_piece(following)
                    if waiting and size + asked > _BYTES_IN_FLIGHT:
                        break
                    waiting.append((following, self._started(following, asked)))
                    size += asked
                    following = next(rest, None)
                file, piece = waiting.popleft()
                yield self._content(file, piece)
                size -= _first_piece(file)
        finally:
            for _, piece in waiting:
                if piece:
                    piece.cancel()

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _started(self, file: LogFile, size: int) -> "Future[Piece] | None":
        if file.problem or is_archive(file.path):
            return None
        return self._pool.submit(self._requests.get, read_address(file.path), 0, max(size, 1))

    def _content(self, file: LogFile, future: "Future[Piece] | None") -> Content:
        if future is None:
            return Content(file.name, problem=file.problem or _ARCHIVE)
        try:
            piece = future.result()
        except LogFileError as error:
            return Content(file.name, problem=str(error))
        pieces = partial(object_pieces, self._requests, read_address(file.path), piece)
        return Content(file.name, PieceStream(pieces()), lambda: PieceStream(pieces()))


def object_pieces(requests: "S3Requests", address: Address, piece: "Piece") -> Iterator[bytes]:
    """Yield an object, of which the first piece is there; the others are fetched when they are read.

    Raises:
        LogFileError: S3 refuses the rest, or it changed.
    """
    position = 0
    while piece.content:
        yield piece.content
        position += len(piece.content)
        if position >= piece.size:
            return
        piece = requests.get(address, position, PIECE_BYTES, piece.etag)


def _first_piece(file: LogFile) -> int:
    return _FIRST_PIECE_OF_UNKNOWN if file.size == UNKNOWN_SIZE else min(file.size, PIECE_BYTES)


def requests_for(size: int) -> int:
    """Return how many GETs an object of `size` bytes takes."""
    if size == UNKNOWN_SIZE:
        return 1
    return max(1, -(-size // PIECE_BYTES))
