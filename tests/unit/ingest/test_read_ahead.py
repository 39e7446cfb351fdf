"""Fetching log files ahead of their turn, in real threads."""

import io
import math
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, IncompleteReadError, ReadTimeoutError

from cloudtrail_to_slack.clock import Clock
from cloudtrail_to_slack.errors import LogFileError, S3UnavailableError
from cloudtrail_to_slack.ingest import read_ahead
from cloudtrail_to_slack.ingest.log_files import READ_BYTES, open_log_file
from cloudtrail_to_slack.ingest.payloads import LogFile
from cloudtrail_to_slack.ingest.read_ahead import MAX_AHEAD, MAX_BYTES, ReadAhead

_CLOCK = Clock(lambda: math.inf, now=time.monotonic)
_SECONDS = 20.0  # until a test fails that waits for what does not come


class Body(io.BytesIO):
    """The body of an answer, after which `error` is raised."""

    def __init__(self, content: bytes, error: Exception | None = None) -> None:
        super().__init__(content)
        self._failure = error

    def read(self, size: int | None = -1, /) -> bytes:
        """Return what is left, then raise."""
        piece = super().read(size)
        if not piece and self._failure:
            raise self._failure
        return piece


class S3:
    """An S3 that answers each request with what `answer` returns for its key, or raises."""

    def __init__(self, answer: Callable[[str], Body]) -> None:
        self.asked: list[str] = []
        self.bodies: list[Body] = []
        self._answer = answer

    def get_object(self, **arguments: Any) -> dict[str, Any]:
        """Answer a request."""
        self.asked.append(arguments["Key"])
        body = self._answer(arguments["Key"])
        self.bodies.append(body)
        return {"Body": body, "ContentLength": len(body.getvalue())}


def files(count: int, **fields: Any) -> list[LogFile]:
    """Return so many log files."""
    return [LogFile("bucket", f"{number}.json.gz", **fields) for number in range(count)]


def ahead_of(s3: Any) -> ReadAhead:
    """Return what fetches from this S3."""
    return ReadAhead(lambda _seconds: s3, _CLOCK)


def running() -> list[threading.Thread]:
    """Return the threads that are fetching."""
    return [thread for thread in threading.enumerate() if thread.name == read_ahead.THREAD_NAME]


def read(body: Any) -> bytes:
    """Read all of a body."""
    return b"".join(iter(lambda: body.read(READ_BYTES), b""))


def test_files_after_the_first_are_fetched_at_once_and_taken_in_order() -> None:
    """Nine requests are under way at the same time, and each file gets its own content, whichever came first."""
    barrier = threading.Barrier(MAX_AHEAD)
    last_first = {f"{number}.json.gz": threading.Event() for number in range(MAX_AHEAD + 2)}

    def answer(key: str) -> Body:
        number = int(key.partition(".")[0])
        barrier.wait(_SECONDS)
        if number < MAX_AHEAD:
            last_first[f"{number + 1}.json.gz"].wait(_SECONDS)
        last_first[key].set()
        return Body(key.encode() * 20_000)

    ahead, some = ahead_of(S3(answer)), files(MAX_AHEAD + 1)
    ahead.begin(some)
    assert ahead.take(some[0]) is None
    for each in some[1:]:
        body = ahead.take(each)
        assert body
        assert read(body) == each.key.encode() * 20_000
    assert ahead.take(some[1]) is None  # it was taken


def test_no_more_than_nine_are_fetched_or_kept() -> None:
    """Of many files the next is fetched only when one is taken, so that their content cannot fill the memory."""
    s3 = S3(lambda key: Body(key.encode()))
    ahead, some = ahead_of(s3), files(40)
    ahead.begin(some)
    for taken, each in enumerate(some[1:]):
        assert len(s3.asked) <= taken + MAX_AHEAD
        assert ahead.take(each)
    assert sorted(s3.asked) == sorted(each.key for each in some[1:])


@pytest.mark.parametrize(
    "some",
    [
        [],
        files(1),
        files(3, size=MAX_BYTES + 1),
        [LogFile("b", f"AWSLogs/1/CloudTrail-Digest/{n}.json.gz") for n in range(3)] + files(1),
    ],
    ids=["none", "one", "large", "digests"],
)
def test_nothing_is_fetched_ahead_without_need(some: list[LogFile]) -> None:
    """One file, large files, and files that are skipped start no thread and make no request or client."""

    def no_client(_seconds: float) -> Any:
        raise AssertionError

    ahead = ReadAhead(no_client, _CLOCK)
    ahead.begin(some)
    assert running() == []
    assert [ahead.take(each) for each in some] == [None] * len(some)


def test_a_large_file_of_unknown_size_is_left_to_its_turn() -> None:
    """Where only S3's answer says that a file is large, its content is not read, and the connection is closed."""
    s3 = S3(lambda _: Body(bytes(MAX_BYTES + 1)))
    ahead, some = ahead_of(s3), files(2)
    ahead.begin(some)
    assert ahead.take(some[1]) is None
    assert [body.closed for body in s3.bodies] == [True]


def test_a_file_of_the_largest_size_is_fetched_whole() -> None:
    """A file of just as many bytes as are kept is taken, in pieces."""
    content = bytes(range(256)) * (MAX_BYTES // 256)
    ahead, some = ahead_of(S3(lambda _: Body(content))), files(2, size=MAX_BYTES)
    ahead.begin(some)
    body = ahead.take(some[1])
    assert body
    assert len(body.read(READ_BYTES)) == READ_BYTES
    assert content[READ_BYTES:] == read(body)


def _refusal(code: str, status: int) -> ClientError:
    return ClientError({"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}, "GetObject")  # type: ignore[typeddict-item]  # what is looked at


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (_refusal("NoSuchKey", 404), LogFileError, "S3 answers NoSuchKey"),
        (_refusal("PreconditionFailed", 412), LogFileError, "its ETag is now a different one"),
        (_refusal("SlowDown", 503), S3UnavailableError, "S3 answers SlowDown"),
        (_refusal("Weird", 500), S3UnavailableError, "S3 answers Weird"),
        (ReadTimeoutError(endpoint_url="s3"), S3UnavailableError, "S3 cannot be read (ReadTimeoutError)"),
        (KeyError("a fault of ours"), KeyError, "a fault of ours"),
    ],
)
def test_what_s3_answers_counts_in_the_turn_of_the_file(error: Exception, kind: type[Exception], words: str) -> None:
    """An error is raised when its file is taken, as if S3 had been asked then; the other files are fetched."""

    def answer(key: str) -> Body:
        if key.startswith("1."):
            raise error
        return Body(b"content")

    ahead, some = ahead_of(S3(answer)), files(3, etag="etag")
    ahead.begin(some)
    with pytest.raises(kind, match=re.escape(words)):
        ahead.take(some[1])
    assert ahead.take(some[1]) is None  # a second attempt is not made ahead
    assert ahead.take(some[2])


def test_what_came_before_a_broken_connection_is_read() -> None:
    """Where the content stops coming, what came is read first, and then the same error raised as without fetching."""
    broken = IncompleteReadError(actual_bytes=3, expected_bytes=9)
    ahead, some = ahead_of(S3(lambda _: Body(b"abc", broken))), files(2)
    ahead.begin(some)
    body = ahead.take(some[1])
    assert body
    with closing(body):
        assert body.read(READ_BYTES) == b"abc"
        with pytest.raises(IncompleteReadError):
            body.read(READ_BYTES)


def test_where_no_thread_can_be_started_files_are_fetched_in_their_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that may have no more threads reads its files one after the other."""

    def start(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", start)
    ahead, some = ahead_of(S3(lambda _: Body(b""))), files(3)
    ahead.begin(some)
    assert [ahead.take(each) for each in some] == [None] * 3


def test_what_is_not_taken_is_let_go() -> None:
    """After the last turn nothing more is fetched, and threads that are still running are waited for."""
    may_answer = threading.Event()

    def answer(_key: str) -> Body:
        may_answer.wait(_SECONDS)
        return Body(b"content")

    s3 = S3(answer)
    ahead, some = ahead_of(s3), files(30)
    ahead.begin(some)
    ahead.stop()
    assert len(running()) == MAX_AHEAD
    may_answer.set()
    ahead.wait(_SECONDS)
    assert running() == []
    assert len(s3.asked) == MAX_AHEAD
    assert all(body.closed for body in s3.bodies)
    assert ahead.take(some[1]) is None


@contextmanager
def http_server(serve: Callable[[socket.socket, int], None]) -> Iterator[Any]:
    """Let `serve` have each connection and its number; yield an S3 client that talks to it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threads: list[threading.Thread] = []
        connections: list[socket.socket] = []

        def accept() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                connections.append(connection)
                threads.append(threading.Thread(target=_serve, args=(serve, connection, len(threads)), daemon=True))
                threads[-1].start()

        acceptor = threading.Thread(target=accept, daemon=True)
        acceptor.start()
        client = boto3.client(
            "s3",
            "eu-west-1",
            endpoint_url=f"http://127.0.0.1:{listener.getsockname()[1]}",
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
            config=Config(retries={"total_max_attempts": 1}, read_timeout=_SECONDS),
        )
        try:
            yield client
        finally:
            client.close()
            for each in (listener, *connections):
                with suppress(OSError):  # it may be closed already
                    each.shutdown(socket.SHUT_RDWR)
            for thread in (acceptor, *threads):
                thread.join(_SECONDS)


def _serve(serve: Callable[[socket.socket, int], None], connection: socket.socket, number: int) -> None:
    with connection:
        try:
            serve(connection, number)
        except OSError:
            return


def requested(connection: socket.socket) -> bool:
    """Wait for a request; False: the connection was closed."""
    received = b""
    while not received.endswith(b"\r\n\r\n"):
        piece = connection.recv(65536)
        if not piece:
            return False
        received += piece
    return True


def test_a_body_that_trickles_neither_holds_up_the_others_nor_leaves_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that S3 sends a byte at a time is left to a later turn, and its thread ends before it is all there."""
    monkeypatch.setattr(read_ahead, "_MAX_WAIT_SECONDS", 0.3)
    over = threading.Event()

    def trickle(connection: socket.socket, _number: int) -> None:
        requested(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n")
        while not over.wait(0.01):
            connection.sendall(b"x")

    with http_server(trickle) as client:
        ahead, some = ahead_of(client), files(2)
        ahead.begin(some)
        with pytest.raises(S3UnavailableError, match="it takes too long"):
            ahead.take(some[1])
        monkeypatch.setattr(read_ahead, "_MAX_WAIT_SECONDS", _SECONDS)
        ahead.wait(_SECONDS)
        assert running() == []
        over.set()


def test_a_file_is_not_waited_for_until_the_invocation_ends() -> None:
    """Where there is less time than a file may take, it is left to the retry before Lambda stops the function."""
    asked = threading.Event()

    def never(_key: str) -> Body:
        asked.wait(_SECONDS)
        raise ReadTimeoutError(endpoint_url="")

    ahead = ReadAhead(lambda _seconds: S3(never), Clock(lambda: 2.0, margin=3.0, now=time.monotonic))  # type: ignore[arg-type,return-value]  # what it needs of a client
    some = files(2)
    ahead.begin(some)
    began = time.monotonic()
    with pytest.raises(S3UnavailableError, match="it takes too long"):
        ahead.take(some[1])
    assert time.monotonic() - began < 2.0
    asked.set()
    ahead.wait(_SECONDS)
    assert running() == []


def test_connections_are_used_again() -> None:
    """A second batch needs no new connections, which take long to make: S3's are encrypted."""
    connections: list[int] = []

    def answer(connection: socket.socket, number: int) -> None:
        connections.append(number)
        while requested(connection):
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\ncontent")

    with http_server(answer) as client:
        for _ in range(3):
            ahead, some = ahead_of(client), files(MAX_AHEAD + 1)
            ahead.begin(some)
            for each in some[1:]:
                body = ahead.take(each)
                assert body
                assert read(body) == b"content"
        assert 1 <= len(connections) <= MAX_AHEAD


def test_a_dead_connection_costs_one_attempt_however_many_others_are_dead() -> None:
    """After a request on a connection that S3 has forgotten, the next one is made on a new connection."""

    def answer_once(connection: socket.socket, _number: int) -> None:
        requested(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\ncontent")
        requested(connection)  # and then it is closed without an answer

    barrier = threading.Barrier(MAX_AHEAD)

    def together(connection: socket.socket, number: int) -> None:
        if number < MAX_AHEAD:
            barrier.wait(_SECONDS)  # so that each request has a connection of its own
        answer_once(connection, number)

    with http_server(together) as client:
        ahead, some = ahead_of(client), files(MAX_AHEAD + 1)
        ahead.begin(some)
        for each in some[1:]:
            body = ahead.take(each)
            assert body
            read(body)
        with pytest.raises(S3UnavailableError, match="ConnectionClosedError"):
            open_log_file(lambda: client, some[0])
        assert open_log_file(lambda: client, some[0])[0].read() == b"content"
