"""A moto server on a free port: AWS for tests and the demo, spoken to over HTTP as AWS is."""

import contextlib
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import IO, Self

import requests

from cloudtrail_to_slack_dev import bound_process

_END_SECONDS = 10
_RUNNING = re.compile(r"Running on (http://[\d.]+:\d+)")

# What boto3 must have to talk to it; the values are made up and open nothing.
AWS_ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_SESSION_TOKEN": "testing",
    "AWS_REGION": "eu-west-1",
    "AWS_DEFAULT_REGION": "eu-west-1",
}


class MotoServerError(RuntimeError):
    """The moto server did not start."""


class MotoServer:
    """A moto server in a process of its own, for as long as the `with` block and this process run.

    `url` is its endpoint.
    """

    def __init__(self, program: str = "moto.server") -> None:
        self.url = ""
        self._program = program
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        # Interrupted within Popen, a process would be left running.
        with _interruptions_later():
            self._process = subprocess.Popen(  # noqa: S603 (our own name of a module)
                [sys.executable, "-m", bound_process.__name__, self._program, "-H", "127.0.0.1", "-p", "0"],
                stdin=subprocess.PIPE,  # while it is open, the server runs
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                encoding="utf-8",
                errors="replace",
            )
        try:
            _interrupt_now()
            output = self._output(self._process)
            self.url = self._wait_for_url(output)
        except BaseException:  # an interruption too: nothing is left running
            _end(self._process, self._process.kill)
            if self._process.stdout:
                self._process.stdout.close()
            raise
        # It logs every request; an unread pipe would fill up and stop it.
        threading.Thread(target=_drain, args=(output,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._process:
            _end(self._process, self._process.terminate)

    def reset(self) -> None:
        """Forget everything that was created."""
        requests.post(f"{self.url}/moto-api/reset", timeout=30).raise_for_status()

    def _output(self, process: subprocess.Popen[str]) -> IO[str]:
        if process.stdout is None:
            raise MotoServerError("the moto server has no output to read")
        return process.stdout

    def _wait_for_url(self, output: IO[str]) -> str:
        said: list[str] = []
        for line in output:
            said.append(line)
            found = _RUNNING.search(line)
            if found:
                return found[1]
        raise MotoServerError(f"the moto server did not start:\n{''.join(said[-20:])}")


def _end(process: subprocess.Popen[str], how: Callable[[], None]) -> None:
    how()
    try:
        process.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdin:
        process.stdin.close()


def _drain(output: IO[str]) -> None:
    with output:
        for _ in output:
            pass


_waiting: list[int] = []  # interruptions that came while they had to wait


@contextlib.contextmanager
def _interruptions_later() -> Iterator[None]:
    """Let interruptions wait, until `_interrupt_now`."""
    if threading.current_thread() is not threading.main_thread():
        yield  # signals come to the main thread alone
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number, handler in before.items():
        if callable(handler):
            signal.signal(number, lambda number, _frame: _waiting.append(number))
    try:
        yield
    finally:
        for number, handler in before.items():
            if callable(handler):
                signal.signal(number, handler)


def _interrupt_now() -> None:
    while _waiting:
        signal.raise_signal(_waiting.pop())
