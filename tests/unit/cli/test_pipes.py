"""Commands end quietly where their output cannot be written, or the user interrupts them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

# Ctrl-C while a module is imported, and while a class is made, where Python turns it into a RuntimeError.
_INTERRUPTED = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell lets its background jobs ignore it
class Finder:
    def find_spec(self, name, *_):
        if name == sys.argv[2]:
            class Interrupting:
                def __set_name__(self, *_):
                    os.kill(os.getpid(), signal.SIGINT)
            class Imported:
                field = Interrupting()
sys.meta_path.insert(0, Finder())
from cloudtrail_to_slack_cli.__main__ import main
main()
"""
_SCHEMA = (sys.executable, "-m", "cloudtrail_to_slack_cli", "schema")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
def test_a_full_disk_is_said_in_a_line() -> None:
    """A full disk ends a command with exit code 3 and one line, without a traceback."""
    with Path("/dev/full").open("w") as full:
        ran = subprocess.run(_SCHEMA, stdout=full, stderr=subprocess.PIPE, text=True, check=False)  # noqa: S603 (our own)
    assert (ran.returncode, ran.stderr) == (3, "Error: No space left on device\n")


@pytest.mark.parametrize("command", [("schema",), ("explain", "stop-logging")], ids=["by click", "by rich"])
def test_a_closed_pipe_is_no_error(command: tuple[str, ...]) -> None:
    """A reader that goes away ends a command with 141, as the shell would, and nothing is said."""
    with subprocess.Popen((*_SCHEMA[:-1], *command), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:  # noqa: S603 (our own)
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        said = process.stderr.read()
    assert (process.returncode, said) == (141, b"")


@pytest.mark.parametrize("module", ["click", "cloudtrail_to_slack_cli.commands.schema"])
def test_an_interruption_while_modules_are_imported_shows_no_traceback(module: str) -> None:
    """Ctrl-C right after the start ends a command with 130 and no word, whatever is being imported."""
    command = (sys.executable, "-c", _INTERRUPTED, "schema", module)
    ran = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 (our own)
    assert (ran.returncode, ran.stdout, ran.stderr) == (130, "", "")


def test_without_the_extra_the_command_says_what_to_install() -> None:
    """The package without its extra `cli` has the command, which names what is missing."""
    code = "import sys; sys.modules['click'] = None; from cloudtrail_to_slack_cli.__main__ import main; main()"
    ran = subprocess.run((sys.executable, "-c", code), capture_output=True, text=True, check=False)  # noqa: S603 (our own)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr == "Error: click is not installed: install the extra `cli` (pipx install '.[cli]')\n"


def test_what_an_output_cannot_encode_is_escaped(tmp_path: Path) -> None:
    """An output that knows no emoji, and a file whose name is not UTF-8, cause no traceback."""
    (tmp_path / "caf\udce9.yaml").write_text("rules: ['event.get()']")
    commands = {("preview", "stop-logging"): "\\U0001f534 CRITICAL", ("check", ".", "--format", "sarif"): "caf%E9.yaml"}
    for command, shown in commands.items():
        ran = subprocess.run(  # noqa: S603 (our own)
            (*_SCHEMA[:-1], *command), capture_output=True, text=True, check=False, cwd=tmp_path,
            env={**os.environ, "PYTHONIOENCODING": "ascii"},
        )  # fmt: skip
        assert shown in ran.stdout
        assert "Traceback" not in ran.stderr
