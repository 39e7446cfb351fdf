"""Fetch small log files from S3 before their turn, several at once.

A batch spends most of its time waiting for S3. While one file is evaluated, threads fetch the next ones; an error takes
effect in the file's own turn. The first file of an invocation, large files and retries are fetched in their turn.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from contextlib import suppress
from threading import Thread
from typing import TYPE_CHECKING, Any

from cloudtrail_to_slack.clock import Clock
from cloudtrail_to_slack.errors import S3UnavailableError
from cloudtrail_to_slack.ingest.log_files import READ_BYTES, ClientWithin, open_log_file
from cloudtrail_to_slack.ingest.object_keys import read_key
from cloudtrail_to_slack.ingest.payloads import LogFile

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

MAX_AHEAD = 9  # fetched or kept; with the file whose turn it is, as many as a client keeps connections
THREAD_NAME = "read-ahead"
MAX_BYTES = 256 * 1024  # of one file, as S3 stores it
# The client gives up a request after three seconds; then the content must come soon.
_MAX_WAIT_SECONDS = 4.0


class FetchedBody:
    """The content of a fetched log file, which is read like the body of S3's response."""

    def __init__(self, pieces: Iterable[bytes], error: Exception | None) -> None:
        self._pieces = deque(pieces)
        self._error = error

    def read(self, _size: int, /) -> bytes:
        """Return the next piece, of at most `READ_BYTES`, or none at the end; raise what S3's body raised there."""
        if self._pieces:
            return self._pieces.popleft()
        if self._error:
            raise self._error
        return b""

    def close(self) -> None:
        """Discard what was not read."""
        self._pieces.clear()


class _Fetch(Thread):
    """One log file being fetched. Afterwards there is a `body`, or an `error`, or neither."""

    def __init__(self, s3: "S3Client", log_file: LogFile) -> None:
        super().__init__(name=THREAD_NAME, daemon=True)  # a daemon cannot keep the process from ending
        self.body: FetchedBody | None = None
        self.error: Exception | None = None
        self._s3 = s3
        self._log_file = log_file
        self._is_wanted = True
        self._response: Any = None

    def give_up(self) -> None:
        """Let the thread end soon: nothing more is needed from S3."""
        self._is_wanted = False
        # Closing a socket does not wake a thread that reads from it.
        shut_down = getattr(self._response, "shutdown", None)
        if shut_down:
            with suppress(Exception):  # it may just have read everything
                shut_down()

    def run(self) -> None:
        """Fetch the file, unless it is too large or no longer needed."""
        pieces: list[bytes] = []
        broken: Exception | None = None
        try:
            body, size = open_log_file(lambda: self._s3, self._log_file)
            with body as self._response:
                if size is None or size > MAX_BYTES:
                    return
                try:
                    while self._is_wanted and (piece := body.read(READ_BYTES)):
                        pieces.append(piece)
                except Exception as error:  # noqa: BLE001 (raised again in the file's turn, after the pieces before it)
                    broken = error
        except Exception as error:  # noqa: BLE001 (likewise)
            self.error = error
        else:
            if self._is_wanted or broken:
                self.body = FetchedBody(pieces, broken)


class ReadAhead:
    """Fetches the log files of one invocation before their turn."""

    def __init__(self, client_within: ClientWithin, clock: Clock) -> None:
        self._client_within = client_within
        self._clock = clock
        self._waiting: dict[LogFile, None] = {}
        self._ahead: dict[LogFile, _Fetch] = {}
        self._given_up: list[_Fetch] = []
        self._s3: S3Client | None = None

    def begin(self, log_files: Sequence[LogFile]) -> None:
        """Begin to fetch the files after the first; they must be in the order of their turns."""
        if len(log_files) < 2:  # noqa: PLR2004 (there is none after the first)
            return
        readable = [each for each in log_files if not read_key(each.key).skip_reason]
        self._waiting = dict.fromkeys(each for each in readable[1:] if each.size is None or each.size <= MAX_BYTES)
        if self._waiting:
            self._s3 = self._client_within(0.0)  # made here: making one is not safe in threads
            self._fill()

    def take(self, log_file: LogFile) -> FetchedBody | None:
        """Return a fetched file, waiting for it if it is being fetched; None: it must be fetched now.

        Raises:
            S3UnavailableError: a later attempt may succeed.
            LogFileError: as `open_log_file`.
        """
        self._waiting.pop(log_file, None)
        fetch = self._ahead.pop(log_file, None)
        self._fill()
        if fetch is None:
            return None
        fetch.join(self._clock.timeout(_MAX_WAIT_SECONDS))
        if fetch.is_alive():
            self._give_up(fetch)
            raise S3UnavailableError("S3 cannot be read (it takes too long)")
        if fetch.error:
            raise fetch.error
        return fetch.body

    def stop(self) -> None:
        """Fetch nothing more, and discard what was fetched and not taken."""
        self._waiting.clear()
        while self._ahead:
            self._give_up(self._ahead.popitem()[1])

    def wait(self, seconds: float) -> None:
        """Wait at most `seconds` for the threads that still run, so that none outlives the invocation."""
        until = self._clock.now() + min(seconds, _MAX_WAIT_SECONDS)
        for fetch in self._given_up:
            fetch.join(max(until - self._clock.now(), 0.0))

    def _give_up(self, fetch: _Fetch) -> None:
        fetch.give_up()
        if fetch.is_alive():
            self._given_up.append(fetch)

    def _fill(self) -> None:
        """Start as many fetches as allowed."""
        while self._waiting and self._s3 and len(self._ahead) < MAX_AHEAD:
            log_file = next(iter(self._waiting))
            del self._waiting[log_file]
            fetch = _Fetch(self._s3, log_file)
            try:
                fetch.start()
            except RuntimeError:  # no more threads can be started
                self._waiting.clear()
                return
            self._ahead[log_file] = fetch
