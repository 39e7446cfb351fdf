"""`backtest --state`: an interrupted run goes on, and its report is that of an uninterrupted one."""

import json
import os
import pickle
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from bench.records import log_file

from cloudtrail_to_slack.testing import make_event
from cloudtrail_to_slack_cli.backtest import plan
from support.command_line import cloudtrail_to_slack


@pytest.fixture
def logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Twelve log files, in groups of three, one of them damaged."""
    monkeypatch.setattr(plan, "_FILES_AT_MOST", 3)
    folder = tmp_path / "logs"
    folder.mkdir()
    for number in range(12):
        content = log_file(50, seed=number, matching=0.3)
        (folder / f"{number:02}.json.gz").write_bytes(content[:-9] if number == 4 else content)
    return folder


@pytest.mark.parametrize("output", ["text", "json", "jsonl", "csv"])
def test_what_is_kept_gives_the_same_report(logs: Path, tmp_path: Path, output: str) -> None:
    """A second run, and runs after results were lost or files changed, print what a fresh run prints."""
    state = tmp_path / "state"
    arguments = ("backtest", logs, "--format", output)
    fresh = cloudtrail_to_slack(*arguments)
    assert cloudtrail_to_slack(*arguments, "--state", state) == fresh
    parts = sorted(state.glob("*.part"))
    assert len(parts) == 4
    before = {path: path.stat().st_mtime_ns for path in parts}
    assert cloudtrail_to_slack(*arguments, "--state", state) == fresh
    assert {path: path.stat().st_mtime_ns for path in parts} == before
    parts[0].unlink()
    parts[1].write_bytes(parts[1].read_bytes()[:-5])
    for path in state.glob("*.lines*"):
        path.unlink()
        break
    assert cloudtrail_to_slack(*arguments, "--state", state) == fresh
    (logs / "05.json.gz").write_bytes(log_file(70, seed=99, matching=0.5))
    (logs / "06.json.gz").unlink()
    (logs / "99.json.gz").write_bytes(log_file(10, seed=98, matching=0.5))
    changed = cloudtrail_to_slack(*arguments)
    assert changed != fresh
    assert cloudtrail_to_slack(*arguments, "--state", state) == changed


def test_results_of_something_else_are_refused(logs: Path, tmp_path: Path) -> None:
    """Other rules, another kind of output, a folder of something else and one that cannot be written are refused."""
    state = tmp_path / "state"
    assert cloudtrail_to_slack("backtest", logs, "--state", state).code == 0
    for more in (("--rule", "event.get('eventName') == 'X'"), ("--format", "jsonl")):
        ran = cloudtrail_to_slack("backtest", logs, "--state", state, *more)
        assert ran.code == 2
        assert "belongs to other rules or another version" in ran.err
    for folder, problem in ((logs, "contains something else"), (logs / "00.json.gz", "cannot be used")):
        ran = cloudtrail_to_slack("backtest", logs, "--state", folder)
        assert ran.code == 2
        assert problem in ran.err


def test_a_pickle_of_anything_else_does_nothing(logs: Path, tmp_path: Path) -> None:
    """What an attacker puts into the folder is not run: the result is made again."""
    state, trace = tmp_path / "state", tmp_path / "trace"
    fresh = cloudtrail_to_slack("backtest", logs, "--state", state)

    class Hostile:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return os.mkdir, (str(trace),)

    for path in state.glob("*.part"):
        path.write_bytes(pickle.dumps(Hostile()))
    assert cloudtrail_to_slack("backtest", logs, "--state", state) == fresh
    assert not trace.exists()


@pytest.mark.long
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize("processes", [1, 2])
def test_an_interrupted_run_goes_on(tmp_path: Path, number: signal.Signals, processes: int) -> None:
    """A run that is interrupted or killed keeps what is done, leaves no process, and the next run finishes it."""
    folder, state = tmp_path / "logs", tmp_path / "state"
    folder.mkdir()
    line = json.dumps(make_event("DeleteTrail", source="cloudtrail")).encode() + b"\n"
    (folder / "a.jsonl").write_bytes(b"\n" * 8_400_000 + line)  # a group of its own
    waiting = folder / "b.jsonl"
    os.mkfifo(waiting)
    paths = [str(folder / "a.jsonl"), str(waiting)]
    command = [
        sys.executable, "-m", "cloudtrail_to_slack_cli", "backtest", *paths, "--state", str(state),
        "--processes", str(processes), "--format", "json",
    ]  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen(  # noqa: S603 (our own program)
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    with waiting.open("wb"):  # it opens when the run has begun to read it
        if processes == 1:
            assert len(list(state.glob("*.part"))) == 1
        process.send_signal(number)
        out, err = process.communicate(timeout=120)  # pipes end when no process has them any more
    assert out == ""
    assert process.returncode == (-9 if number is signal.SIGKILL else 130)
    if number is not signal.SIGKILL:
        assert "the same command goes on from there" in err
    waiting.unlink()
    waiting.write_bytes(line)
    ran = cloudtrail_to_slack("backtest", *paths, "--state", state, "--format", "json")
    assert json.loads(ran.out)["matched"] == 2
