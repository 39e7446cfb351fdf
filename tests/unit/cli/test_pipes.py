"""Commands end quietly where their output cannot be written."""

import subprocess
import sys
from pathlib import Path

import pytest

_SCHEMA = (sys.executable, "-m", "cloudtrail_to_slack_cli", "schema")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
def test_a_full_disk_is_said_in_a_line() -> None:
    """A full disk ends a command with exit code 3 and one line, without a traceback."""
    with Path("/dev/full").open("w") as full:
        ran = subprocess.run(_SCHEMA, stdout=full, stderr=subprocess.PIPE, text=True, check=False)  # noqa: S603 (our own)
    assert (ran.returncode, ran.stderr) == (3, "Error: No space left on device\n")


def test_a_closed_pipe_is_no_error() -> None:
    """A reader that goes away ends a command with 141, as the shell would, and nothing is said."""
    with subprocess.Popen(_SCHEMA, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:  # noqa: S603 (our own)
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        said = process.stderr.read()
    assert (process.returncode, said) == (141, b"")
