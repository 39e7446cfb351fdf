"""A backtest of a million events: totals, memory, damage, interruption."""

import json
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from bench.records import MATCHING_SHARE, log_file

pytestmark = pytest.mark.long
FILES, RECORDS, DAMAGED = 2000, 500, 7
# It says how many megabytes the largest of its processes took when the command has ended.
# Its own comes from /proc: ru_maxrss begins with that of the process that started it, here a large test run.
_CODE = """
import re, resource, sys
from pathlib import Path
from cloudtrail_to_slack_cli.main import run
code = run(sys.argv[1:])
own = int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
used = [own, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss]
sys.stderr.write(f"{max(used) // 1024}\\n")
sys.exit(code)
"""


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """Two thousand log files of five hundred records, and some that are cut off."""
    folder = tmp_path / "logs"
    folder.mkdir()
    contents = [log_file(RECORDS, seed=seed) for seed in range(10)]
    for number in range(FILES):
        (folder / f"{number:05}.json.gz").write_bytes(contents[number % len(contents)])
    for number in range(DAMAGED):
        (folder / f"damaged-{number}.json.gz").write_bytes(contents[0][:40])
    return folder


def command(logs: Path, *options: object) -> list[str]:
    """Return the command that reports on the log files on two processes."""
    return [sys.executable, "-c", _CODE, "backtest", str(logs), "--format", "json", "--processes", "2",
            *map(str, options)]  # fmt: skip


def run(logs: Path, *options: object) -> tuple[dict[str, Any], int]:
    """Return the report, and the megabytes of the largest process."""
    ran = subprocess.run(command(logs, *options), capture_output=True, text=True, check=True, timeout=300)  # noqa: S603 (our own)
    return json.loads(ran.stdout), int(ran.stderr.splitlines()[-1])


def test_a_million_events_within_bounded_memory(logs: Path) -> None:
    """All records are counted, all that match are found, damage is reported, and no process takes over 300 MB."""
    report, megabytes = run(logs)
    assert (report["records"], report["files"], report["failed"]) == (FILES * RECORDS, FILES + DAMAGED, 0)
    assert report["matched"] == FILES * round(RECORDS * MATCHING_SHARE)
    assert len(report["damaged"]) == DAMAGED
    assert megabytes <= 300


def test_an_interrupted_run_goes_on_to_the_same_report(logs: Path, tmp_path: Path) -> None:
    """Interrupted once results are kept, the same command goes on, and its report is that of a run in one go."""
    state = tmp_path / "state"
    with subprocess.Popen(command(logs, "--state", state), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:  # noqa: S603 (our own)
        while process.poll() is None and (not state.exists() or len(list(state.iterdir())) < 3):
            with suppress(subprocess.TimeoutExpired):
                process.wait(0.02)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert b"the same command goes on from there" in said
    assert run(logs, "--state", state)[0] == run(logs)[0]
