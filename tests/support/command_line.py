"""Running the command line in this process, as a person would in a pipe."""

import io
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from cloudtrail_to_slack_cli.main import run


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str


def cloudtrail_to_slack(*arguments: object, stdin: str | bytes = b"") -> Ran:
    """Run a command with these arguments."""
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
    given = stdin.encode() if isinstance(stdin, str) else stdin
    with (
        redirect_stdout(out),
        redirect_stderr(err),
        mock.patch.object(sys, "stdin", io.TextIOWrapper(io.BytesIO(given), "utf-8")),
    ):
        code = run([str(argument) for argument in arguments])
    return Ran(code, *(stream.buffer.getvalue().decode() for stream in (out, err)))


def write(folder: Path, name: str, text: str) -> Path:
    """Write a file, and the folders around it."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path
