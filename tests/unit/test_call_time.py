"""The time limit for a whole call, and the calls that have one: a server that sends byte by byte is given up."""

import json
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Protocol

import pytest

from cloudtrail_to_slack.aws.clients import AwsClients
from cloudtrail_to_slack.clock import Clock, interrupt_after
from cloudtrail_to_slack.errors import InvocationFailedError
from cloudtrail_to_slack.state.table import StateError, Table
from support.app_environment import ACCOUNT, KEY, TABLE, AppEnvironment, Context, log_bytes, record, s3_event
from support.timers import given_back

_PACE_SECONDS = 0.05
_TRICKLE_SECONDS = 5.0  # for a hundred bytes, and more
_SLACK_ANSWER = json.dumps({"ok": True, "ts": "1767225600.000100", "filler": "x" * 80}).encode()


@pytest.fixture(autouse=True)
def _timer_is_given_back() -> Iterator[None]:
    """After each test the timer is off, and the signal's handler is what it was, but for one that ends the process."""
    with given_back(signal.SIGALRM, signal.ITIMER_REAL):
        yield


class Trickle:
    """A server that sends `answer` to every request, a byte every 50 ms: no wait is long, but the whole is.

    To the first `prompt` requests it sends all at once.
    """

    def __init__(self, answer: bytes, prompt: int) -> None:
        self._answer = answer
        self._prompt = prompt
        self.requests = 0
        self._stopped = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def stop(self) -> None:
        """End the server and what it is sending."""
        self._stopped.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while not self._stopped.is_set():
                connection, _ = self._listener.accept()
                self.requests += 1
                pieces = [self._answer] if self._prompt > 0 else [bytes([byte]) for byte in self._answer]
                self._prompt -= 1
                threading.Thread(target=self._answer_one, args=(connection, pieces), daemon=True).start()

    def _answer_one(self, connection: socket.socket, pieces: list[bytes]) -> None:
        with connection, suppress(OSError):
            connection.recv(65536)
            for piece in pieces:
                connection.sendall(piece)
                if self._stopped.wait(_PACE_SECONDS):
                    return


class StartTrickle(Protocol):
    """Starts a trickling server."""

    def __call__(self, body: bytes, prompt: int = 0) -> Trickle:
        """Start it."""


def _http(body: bytes) -> bytes:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


@pytest.fixture
def trickle() -> Iterator[StartTrickle]:
    """Return a function that starts a trickling server."""
    servers: list[Trickle] = []

    def start(body: bytes, prompt: int = 0) -> Trickle:
        servers.append(Trickle(_http(body), prompt))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


def test_a_block_that_takes_too_long_is_interrupted() -> None:
    """A wait that would not end raises TimeoutError."""
    with pytest.raises(TimeoutError), interrupt_after(0.05):
        threading.Event().wait(60)


def test_an_error_that_a_finalizer_swallows_comes_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The block is interrupted even where the first error is lost."""
    monkeypatch.setattr("cloudtrail_to_slack.clock._REPEAT_SECONDS", 0.05)

    def wait_twice() -> None:
        with suppress(TimeoutError):
            threading.Event().wait(60)
        threading.Event().wait(60)

    with pytest.raises(TimeoutError), interrupt_after(0.05):
        wait_twice()


def test_a_block_within_another_keeps_the_outer_limit() -> None:
    """The inner block leaves the timer of the outer one alone."""
    with pytest.raises(TimeoutError), interrupt_after(0.05), interrupt_after(60):
        threading.Event().wait(60)


def test_elsewhere_than_in_the_main_thread_the_block_just_runs() -> None:
    """Signals reach the main thread alone, so another thread's block has no limit and no error."""
    done: list[bool] = []

    def work() -> None:
        with interrupt_after(0.001):
            done.append(signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done == [True]


# The clock of each of these invocations gives a call half a second; the trickling answer takes six.
_SHORT = Context(milliseconds=700)
_SINGLE_EVENT = {
    "source": "aws.cloudtrail",
    "detail-type": "AWS API Call via CloudTrail",
    "account": ACCOUNT,
    "detail": record(),
}


def test_a_bot_call_that_trickles_is_given_up(app_env: AppEnvironment, trickle: StartTrickle) -> None:
    """Slack's answer, sent byte by byte, does not hold an invocation that has no time for it."""
    app_env.configure_bot(table=False)
    app_env.monkeypatch.setenv("SLACK_API_URL", f"{trickle(_SLACK_ANSWER).url}/api/")
    with pytest.raises(InvocationFailedError, match=r"connection_failed_|timed_out"):
        app_env.invoke(_SINGLE_EVENT, _SHORT)


def test_details_that_trickle_are_given_up(
    app_env: AppEnvironment, trickle: StartTrickle, caplog: pytest.LogCaptureFixture
) -> None:
    """The reply with an alert's details has the same limit, and the alert is delivered anyway."""
    app_env.configure_bot(table=False)
    app_env.monkeypatch.setenv("SLACK_API_URL", f"{trickle(_SLACK_ANSWER, prompt=1).url}/api/")
    long = record(requestParameters={f"field{number}": "x" * 40 for number in range(30)})
    app_env.invoke({**_SINGLE_EVENT, "detail": long}, _SHORT)
    assert "details of an alert not posted" in caplog.text


def test_a_webhook_that_trickles_is_given_up(app_env: AppEnvironment, trickle: StartTrickle) -> None:
    """Likewise for a webhook."""
    url = f"{trickle(b'ok' + b' ' * 100).url}/services/T000/B000/xxxx"
    app_env.configure(environment={"SLACK_WEBHOOK_URL": url})
    with pytest.raises(InvocationFailedError, match=r"connection_failed_|timed_out"):
        app_env.invoke(_SINGLE_EVENT, _SHORT)


def test_a_log_file_that_trickles_is_given_up(app_env: AppEnvironment, trickle: StartTrickle) -> None:
    """A log file that S3 sends byte by byte fails its own invocation in time; nothing waits for its end."""
    app_env.configure_bot(table=False)
    app_env.monkeypatch.setenv("AWS_ENDPOINT_URL_S3", trickle(log_bytes(record())).url)
    with pytest.raises(InvocationFailedError, match=r"S3 cannot be read|connection to S3 was lost"):
        app_env.invoke(s3_event(KEY), _SHORT)


def test_a_state_table_that_trickles_is_given_up(app_env: AppEnvironment, trickle: StartTrickle) -> None:
    """The table's answer, sent byte by byte, does not hold an invocation that has no time for it either."""
    app_env.configure_bot()
    app_env.monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", trickle(b"{" + b" " * 100 + b"}").url)
    began = time.monotonic()
    with pytest.raises(InvocationFailedError, match="state_table_timed_out"):
        app_env.invoke(_SINGLE_EVENT, _SHORT)
    assert time.monotonic() - began < _TRICKLE_SECONDS


def test_a_call_is_not_made_again_by_the_sdk(app_env: AppEnvironment, trickle: StartTrickle) -> None:
    """The SDK does not take the end of the time for a broken connection, which it would try again."""
    server = trickle(b"{" + b" " * 100 + b"}")
    app_env.monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", server.url)
    clock = Clock(lambda: 0.5)
    with pytest.raises(StateError, match="timed_out"):
        Table(AwsClients().dynamodb, TABLE, clock).put({"pk": {"S": "a"}})
    assert server.requests == 1


def test_account_names_that_trickle_are_given_up(
    app_env: AppEnvironment, trickle: StartTrickle, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer of AWS Organizations that comes byte by byte delays the alert by the limit, and costs it the name."""
    monkeypatch.setattr("cloudtrail_to_slack.state.account_names._MOST_SECONDS", 0.5)
    app_env.configure_bot(account_names_from_organizations=True)
    app_env.monkeypatch.setenv("AWS_ENDPOINT_URL_ORGANIZATIONS", trickle(b"{" + b" " * 100 + b"}").url)
    began = time.monotonic()
    app_env.invoke(_SINGLE_EVENT)
    assert time.monotonic() - began < _TRICKLE_SECONDS
    (text,) = app_env.texts()
    assert ACCOUNT in text
