"""The demo as its user runs it: a command that prints, writes a page and ends by itself."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

_COMMAND = (sys.executable, "-m", "cloudtrail_to_slack_dev.demo", "--page")
_SECONDS = 60
_CHANNELS = ("#security-alerts", "#production-alerts", "#sandbox-alerts")
_LINK = re.compile(r"https://([a-z0-9-]+\.console\.(aws\.amazon\.com|amazonaws\.cn)|runbooks\.example\.com)/")


@dataclass(frozen=True)
class Run:
    """One run of the demo."""

    code: int
    output: str
    errors: str
    page: Path
    left_behind: list[str]


def run_demo(page: Path, temporary: Path, environment: Mapping[str, str] | None = None) -> Run:
    """Run the demo, with temporary files in a folder of its own."""
    temporary.mkdir()
    with start_demo(page, temporary, environment) as process:
        output, errors = process.communicate(timeout=_SECONDS)
    left_behind = [path.name for path in temporary.iterdir()]
    return Run(process.returncode, output, errors, page, [*left_behind, *still_running(process)])


def start_demo(page: Path, temporary: Path, environment: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
    """Start the demo as the leader of a group of processes."""
    return subprocess.Popen(  # noqa: S603 (our own command)
        [*_COMMAND, str(page)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        env={**os.environ, "TMPDIR": str(temporary), "PYTHONUNBUFFERED": "1", **(environment or {})},
        start_new_session=True,
        # A shell's background jobs ignore interruptions, and so would what is started from one.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 (no threads yet)
    )


def still_running(process: subprocess.Popen[str]) -> list[str]:
    """Name the group of a process that has ended, if any other member of it is alive."""
    try:
        os.killpg(process.pid, 0)
    except ProcessLookupError:
        return []
    return [f"processes of the group {process.pid}"]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """One run with a page in a folder that does not exist yet, in an environment that leads elsewhere."""
    folder = tmp_path_factory.mktemp("demo")
    misleading = {
        "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:1",
        "HTTP_PROXY": "http://127.0.0.1:1",
        "SLACK_WEBHOOK_URL": "not an address",
        "LOG_LEVEL": "no level",
        "FORCE_COLOR": "1",
    }
    return run_demo(folder / "new" / "folder" / "page.html", folder / "temporary", misleading)


def test_it_succeeds(demo: Run) -> None:
    """The demo ends with exit code 0 and nothing on standard error, whatever the user's own environment says."""
    assert (demo.errors, demo.code) == ("", 0)


def test_it_leaves_nothing_behind(demo: Run) -> None:
    """No temporary file and no process stays behind."""
    assert demo.left_behind == []


def test_it_names_every_channel_with_what_it_received(demo: Run) -> None:
    """What is printed has a paragraph for each channel, and in it the alerts that are routed there."""
    for channel in _CHANNELS:
        assert re.search(rf"^{channel} +\d+ messages", demo.output, re.MULTILINE)
    production = demo.output.split("#production-alerts", 1)[1].split("#sandbox-alerts", 1)[0]
    assert "StopLogging" in production
    assert "ConsoleLogin" not in production


def test_its_counts_add_up(demo: Run) -> None:
    """The records that came in are the samples' 99, and each was matched, ignored, unmatched or failed."""
    found = re.search(
        r"records in +(\d+) = (\d+) matched \+ (\d+) ignored \+ (\d+) unmatched \+ (\d+) failed", demo.output
    )
    assert found
    records_in, *outcomes = map(int, found.groups())
    assert (records_in, outcomes) == (99, [22, 4, 73, 0])
    assert sum(outcomes) == records_in


def test_similar_alerts_share_a_thread(demo: Run) -> None:
    """The stolen session's refused calls are replies in two threads, shown with their counts."""
    assert re.findall(r"└ (\d+) replies", demo.output) == ["2", "5"]


def test_each_matched_event_is_published_with_severity_and_rules(demo: Run) -> None:
    """Both topics are shown with 22 messages in all, each with its severity, title and rules."""
    topics = demo.output.split("\nSNS ", 1)[1].split("\nHANDED BACK", 1)[0]
    assert sum(map(int, re.findall(r"-alerts +(\d+) messages", topics))) == 22
    assert re.search(r"critical +backup-operator called StopLogging +cloudtrail-stop-logging", topics)


def test_an_unreadable_object_is_handed_back_with_the_reason(demo: Run) -> None:
    """The truncated object's message is the only one handed back, and it is said why."""
    assert "handed back to the queue: 1 (it is truncated)" in demo.output


def test_a_removed_log_object_is_told(demo: Run) -> None:
    """The removal of a log object is told to the channel of its account."""
    production = demo.output.split("#production-alerts", 1)[1].split("#sandbox-alerts", 1)[0]
    assert "removed" in production


def test_what_it_prints_is_safe_and_plain(demo: Run) -> None:
    """In a file the output has no colours and, whatever events hold, no control or direction-turning character."""
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]", demo.output)


def test_what_it_prints_fits_100_columns(demo: Run) -> None:
    """No line of output is wider than 100 columns or ends in blanks; only the page's path is never wrapped."""
    lines = [line for line in demo.output.splitlines() if str(demo.page.parent) not in line]
    assert [line for line in lines if len(line) > 100 or line != line.rstrip()] == []


def test_short_codes_are_shown_as_emoji(demo: Run) -> None:
    """Severity marks are shown as the emoji they stand for."""
    assert "🔴 " in demo.output
    assert ":red_circle:" not in demo.output


def test_the_page_holds_what_was_told(demo: Run) -> None:
    """The page shows each channel, each topic and the alerts, and its path is printed."""
    page = demo.page.read_text("utf-8")
    for expected in ("# production-alerts", "SNS topic security-alerts", "StopLogging", "ConsoleLogin", "5 replies"):
        assert expected in page
    assert str(demo.page) in demo.output


def test_the_page_shows_hostile_strings_as_text(demo: Run) -> None:
    """Nothing an intruder wrote becomes a mention, a link or markup on the page."""
    page = demo.page.read_text("utf-8")
    assert 'class="mention' not in page
    assert "&lt;!channel&gt;" in page
    assert not re.search(r"<(script|img|iframe|object|embed)\b", page, re.IGNORECASE)
    links = re.findall(r'href="(?!#)([^"]*)"', page)
    assert links
    assert [link for link in links if not _LINK.match(link)] == []
    assert not re.search("[\u202a-\u202e\u2066-\u2069]", page)


def test_a_page_that_cannot_be_written_is_a_one_line_error(tmp_path: Path) -> None:
    """A page below a file ends the demo with exit code 1 and one line that names the path, before anything starts."""
    file = tmp_path / "file"
    file.touch()
    run = run_demo(file / "page.html", tmp_path / "temporary")
    assert run.code == 1
    assert re.fullmatch(rf"demo: error: cannot write the page to {re.escape(str(run.page))}: [^\n]+\n", run.errors)
    assert "uploading" not in run.output


def test_an_aws_that_does_not_start_is_a_one_line_error(tmp_path: Path) -> None:
    """Without moto the demo ends with exit code 1 and one line that says what is missing."""
    package = tmp_path / "path" / "moto"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise ImportError('no moto here')")
    run = run_demo(tmp_path / "page.html", tmp_path / "temporary", {"PYTHONPATH": str(package.parent)})
    assert run.code == 1
    assert run.errors.splitlines() == ["demo: error: ImportError: no moto here"]
    assert run.left_behind == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("moment", ["starting a local AWS", "batch 1"])
def test_an_interrupted_demo_leaves_nothing_running(number: signal.Signals, moment: str, tmp_path: Path) -> None:
    """Interrupted while it works, the demo ends its AWS, removes its files and says so in one line."""
    with start_demo(tmp_path / "page.html", tmp_path) as process:
        assert process.stdout
        for line in process.stdout:
            if moment in line:
                break
        process.send_signal(number)
        _, errors = process.communicate(timeout=_SECONDS)
    assert errors == "demo: interrupted, everything is cleaned up\n"
    assert process.returncode == 128 + number
    assert [*tmp_path.iterdir(), *still_running(process)] == []
