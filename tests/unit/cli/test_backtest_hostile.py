"""What a backtest is given may be anything, and whatever happens is said in a line: no traceback, no endless wait."""

import errno
import gzip
import io
import json
import os
import pickle
import resource
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cloudtrail_to_slack.errors import LogFileError
from cloudtrail_to_slack.evaluation.prefilter import Prefilter
from cloudtrail_to_slack.rules import Rule, RuleSet
from cloudtrail_to_slack.testing import make_event
from cloudtrail_to_slack_cli.backtest.plan import Plan
from cloudtrail_to_slack_cli.backtest.progress import interruptible
from cloudtrail_to_slack_cli.backtest.reading import Content, read_batches
from cloudtrail_to_slack_cli.errors import UnreadableError
from support.command_line import cloudtrail_to_slack, write

FORMATS = ("text", "json", "jsonl", "csv", "html")
COMMAND = (sys.executable, "-m", "cloudtrail_to_slack_cli", "backtest")


def event(event_id: str = "event", **fields: object) -> dict[str, Any]:
    """Return an event that a default rule matches."""
    return {**make_event("DeleteTrail", source="cloudtrail"), "eventID": event_id, **fields}


def write_log(path: Path, *records: object) -> Path:
    """Write a log file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(json.dumps({"Records": records}).encode()))
    return path


def report(*arguments: object) -> dict[str, Any]:
    """Return what a backtest reports as JSON."""
    found: dict[str, Any] = json.loads(cloudtrail_to_slack("backtest", *arguments, "--format", "json").out)
    return found


def test_a_folder_of_anything_is_read_to_its_end(tmp_path: Path) -> None:
    """Links in circles or to nothing, pipes and devices are named; none of them is waited for, and the rest is read."""
    write_log(tmp_path / "a.json.gz", event())
    (tmp_path / "folder.json").mkdir()
    (tmp_path / "again").symlink_to(tmp_path)
    (tmp_path / "circle.json").symlink_to("circle.json")
    (tmp_path / "gone.json").symlink_to("nowhere")
    (tmp_path / "zero.jsonl").symlink_to("/dev/zero")
    for name in ("pipe.json", "pipe.zip"):
        os.mkfifo(tmp_path / name)
    found = report(tmp_path)
    problems = {Path(each["file"]).name: each["problem"] for each in found["damaged"]}
    assert problems.keys() == {"circle.json", "gone.json", "zero.jsonl", "pipe.json", "pipe.zip"}
    assert {problems[name] for name in ("zero.jsonl", "pipe.json", "pipe.zip")} == {
        "it is a pipe, a device or the like"
    }
    assert found["matched"] == 1


def test_a_line_that_is_too_long_is_left_out(tmp_path: Path) -> None:
    """A line of more than 16 MiB is reported and counts as failed; the lines before and after it are evaluated."""
    long = {"eventName": "x" * 40 * 1024**2}
    (tmp_path / "a.jsonl").write_text("\n".join(json.dumps(each) for each in (event("a"), long, event("b"))))
    ran = cloudtrail_to_slack("backtest", tmp_path, "--format", "jsonl", "--processes", "1")
    assert [json.loads(line)["event_id"] for line in ran.out.splitlines()] == ["a", "b"]
    assert "a record was left out: " in ran.err
    assert "a.jsonl: a line of more than 16,777,216 bytes" in ran.err


def test_a_pipe_that_is_named_is_read(tmp_path: Path) -> None:
    """What the shell writes as <(…) is read once, whatever is in it."""
    log = write_log(tmp_path / "a.json.gz", event())
    for content, matched in ((log.read_bytes(), 1), (b"nonsense", 0)):
        reading, writing = os.pipe()
        os.write(writing, content)
        os.close(writing)
        assert report(f"/dev/fd/{reading}")["matched"] == matched
        os.close(reading)


@pytest.mark.parametrize("processes", [1, 2])
def test_names_that_are_no_text_are_read_and_shown_harmlessly(tmp_path: Path, processes: int) -> None:
    """A name of any bytes is the name of a log file, also for --state; what is said of it stays on one line."""
    log = write_log(tmp_path / "a.json.gz", event()).read_bytes()
    for name, content in ((b"\xff\xfe.json.gz", log), (b"x\ndamaged: y\x1b[31m\xff.json.gz", log[:-9])):
        with open(os.path.join(os.fsencode(tmp_path), name), "wb") as file:  # noqa: PTH118, PTH123 (bytes)
            file.write(content)
    chosen = ("backtest", tmp_path, "--processes", processes)
    for output in FORMATS:
        ran = cloudtrail_to_slack(*chosen, "--format", output, "--quiet")
        assert ran.code == 0
        assert ran.out
        (line,) = ran.err.splitlines()
        assert line.endswith(r"/x\u000adamaged: y\u001b[31m\udcff.json.gz: it is truncated")
    with_state = [cloudtrail_to_slack(*chosen, "--format", "json", "--state", tmp_path / "state") for _ in range(2)]
    assert with_state == [cloudtrail_to_slack(*chosen, "--format", "json")] * 2


TIMES = [
    "0001-01-01T00:00:00Z",
    "1969-12-31T23:59:59Z",
    "9999-12-31T23:59:59Z",
    "9999-12-31T23:59:59-14:00",
    "",
    None,
    5,
]


@pytest.mark.parametrize("output", FORMATS)
def test_events_of_any_time_have_a_place(tmp_path: Path, output: str) -> None:
    """The first and the last day there are, and no time at all, are in every report, which takes no longer for that."""
    rule = {"id": "broken", "expression": "event['noField'] == event['eventName']"}
    config = write(tmp_path, "config.json", json.dumps({"rules": [rule]}))
    logs = write_log(tmp_path / "logs/a.json.gz", *(event(str(n), eventTime=time) for n, time in enumerate(TIMES)))
    name = "111122223333_CloudTrail_eu-west-1_99991231T2355Z_x.json.gz"
    write_log(logs.parent / name, event("last"))
    ran = cloudtrail_to_slack("backtest", logs.parent, "--config", config, "--format", output)
    assert ran.code == 0
    if output == "json":
        found = json.loads(ran.out)
        (rule_found,) = (each for each in found["rules"] if each["alerts"])
        assert rule_found["busiest_hour"]["hour"] == "0001-01-01T00:00Z"
        (channel,) = found["channels"]
        assert {"0001-01-01", "9999-12-31", "unknown"} <= channel["days"].keys()
        assert found["matched"] == len(TIMES) + 1


def test_lines_of_any_editor_are_read(tmp_path: Path) -> None:
    """A byte order mark and Windows' ends of lines are no part of a record."""
    path = tmp_path / "a.jsonl"
    path.write_bytes("\r\n".join(json.dumps(event(str(number))) for number in range(3)).encode("utf-8-sig"))
    assert [report(path)[name] for name in ("matched", "failed")] == [3, 0]


HOSTILE = (
    "\x1b[31mred\x07\x9b31m\u202e</script><img src=x onerror=alert(1)>|`@channel <!channel>\n| =cmd() |\r\n\tsecond"
)


@pytest.mark.parametrize("output", FORMATS)
def test_text_of_events_and_rules_moves_nothing(tmp_path: Path, output: str) -> None:
    """No output has a control character of an event; a name, an actor or a rule takes one line of the text report."""
    fields = ("errorCode", "awsRegion", "recipientAccountId", "sourceIPAddress", "userAgent", "eventID")
    actor = {"type": "IAMUser", "userName": HOSTILE, "arn": HOSTILE}
    logs = write_log(tmp_path / "a.json.gz", event(userIdentity=actor, **dict.fromkeys(fields, HOSTILE)), event("x"))
    expressions = "event.get('eventSource') is not None\n  and True", "event['eventID'] == 'x'\n  and True"
    given = ("--rule", expressions[0], "--ignore-rule", expressions[1], "--rule", "event['noField']\n== 1")
    ran = cloudtrail_to_slack("backtest", logs, *given, "--format", output)
    assert ran.code == 0
    assert not {character for character in ran.out if not (character.isprintable() or character in "\n\t")}
    if output == "text":
        assert not [line for line in ran.out.splitlines() if line.startswith(("|", "second", "and True", "== 1"))]
        assert r"\u001b[31mred" in ran.out
    if output == "html":
        assert "<img src=x" not in ran.out


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
def test_closed_output_is_no_error(tmp_path: Path, closed: str) -> None:
    """Where the shell has closed standard output or standard error, what would be printed goes nowhere."""
    log = write_log(tmp_path / "a.json.gz", event())
    log.write_bytes(log.read_bytes() + b"garbage")
    ran = subprocess.run(  # noqa: S603 (our own program)
        ["/bin/sh", "-c", f'"$@" {closed}', "sh", *COMMAND, log, "--format", "csv"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize("most", [1000, 100_000])
def test_a_place_without_room_is_said_in_a_line(tmp_path: Path, most: int) -> None:
    """Where temporary files cannot grow, be it the table of alerts or what waits for it, one line says so."""
    log = write_log(tmp_path / "a.json.gz", *(event(str(number)) for number in range(5000)))
    ran = subprocess.run(  # noqa: S603 (our own program)
        [*COMMAND, log, "--format", "json", "--quiet"], capture_output=True, text=True, check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (most, most)),
    )  # fmt: skip
    assert ran.returncode in (2, 3)
    assert ran.stderr.startswith("Error: ")
    assert len(ran.stderr.splitlines()) == 1


def test_a_state_without_a_name_and_one_that_begins_twice(tmp_path: Path) -> None:
    """An empty --state is refused; what a run beside it has begun to write does not make a folder another one's."""
    log = write_log(tmp_path / "a.json.gz", event())
    ran = cloudtrail_to_slack("backtest", log, "--state", "")
    assert (ran.code, ran.err) == (2, "Error: --state is empty: name a folder\n")
    write(tmp_path, "state/.backtest.json.1.new", "{")
    assert cloudtrail_to_slack("backtest", log, "--state", tmp_path / "state").code == 0
    write(tmp_path, "other/notes.txt", "x")
    assert cloudtrail_to_slack("backtest", log, "--state", tmp_path / "other").code == 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_comes_once(capsys: pytest.CaptureFixture[str], number: signal.Signals) -> None:
    """A second signal at once does not cut off the cleaning up, and an error that the first one became is none."""
    cleaned = False
    before = signal.getsignal(number)

    def interrupted() -> None:
        nonlocal cleaned
        with Plan() as plan, interruptible(plan, {"files": 0}, None):
            try:
                signal.raise_signal(number)
            except KeyboardInterrupt:
                signal.raise_signal(number)
                cleaned = True
                raise RuntimeError("what Python makes of an interrupted import") from None

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert cleaned
    assert signal.getsignal(number) == before
    assert capsys.readouterr().err.startswith("interrupted after 0 of 0 files")


def test_errors_pass_without_an_interruption() -> None:
    """An error by itself stays what it is."""
    with pytest.raises(RuntimeError), Plan() as plan, interruptible(plan, {"files": 0}, None):
        raise RuntimeError


def test_what_cannot_be_read_is_said_by_other_processes_too() -> None:
    """The error goes from one process to another as it is."""
    error = pickle.loads(pickle.dumps(UnreadableError("a.json", "is gone", 3)))  # noqa: S301 (ours)
    assert str(error) == "a.json:3: is gone"


class _Breaking(io.BytesIO):
    """A file on a disk that breaks at its second piece."""

    def read(self, size: int | None = -1) -> bytes:
        piece = super().read(size)
        if not piece:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return piece


def test_a_file_that_breaks_off_keeps_what_came_before() -> None:
    """The records before a disk's error count, and the error speaks of the file and not of S3."""
    text = json.dumps({"Records": [event("a"), event("b")]}, separators=(",", ":")).encode()[:-9]
    rules = RuleSet([Rule("event['eventID'] != ''")], [])
    found: list[list[object]] = []
    with pytest.raises(LogFileError, match=r"^it cannot be read to its end$"):
        found.extend(batch.records for batch in read_batches(Content("log.json", _Breaking(text)), Prefilter(rules)))
    assert [len(records) for records in found] == [1]
