"""The moto server of tests and the demo."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from cloudtrail_to_slack_dev.moto_server import MotoServer, MotoServerError

_OWNER = """
import sys
from cloudtrail_to_slack_dev.moto_server import MotoServer

with MotoServer(sys.argv[1]) as server:
    print(server.url, flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, pytest.param(signal.SIGTERM, marks=pytest.mark.long)])
def test_it_ends_with_the_process_that_started_it(number: signal.Signals) -> None:
    """A server whose process is killed ends too: a connection to it comes to its end."""
    with subprocess.Popen(  # noqa: S603 (our own program)
        [sys.executable, "-c", _OWNER, "cloudtrail_to_slack_dev.fast_moto"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as owner:
        assert owner.stdout
        url = urlsplit(owner.stdout.readline().strip())
        with socket.create_connection((str(url.hostname), url.port), timeout=60) as connection:
            owner.send_signal(number)
            with contextlib.suppress(ConnectionResetError):  # it had not taken the connection yet
                assert connection.recv(1) == b""


def test_a_program_that_fails_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that does not start says what its program printed."""
    (tmp_path / "broken_server.py").write_text("raise SystemExit('no address')")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join((str(tmp_path), os.environ.get("PYTHONPATH", ""))))
    with pytest.raises(MotoServerError, match="did not start:\nno address\n"), MotoServer("broken_server"):
        pass
