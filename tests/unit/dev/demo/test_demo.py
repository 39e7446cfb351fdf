"""The demo as its user runs it: a command that prints, writes a page and ends by itself."""

import contextlib
import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from rich.cells import cell_len

from cloudtrail_to_slack_dev.demo.story import STORY

_COMMAND = (sys.executable, "-m", "cloudtrail_to_slack_dev.demo", "--at", "2027-05-04T00:10:00+00:00", "--page")
_SECONDS = 60
_CHANNELS = ("#security-alerts", "#production-alerts", "#sandbox-alerts")
_NEVER = r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]"
_LINK = re.compile(
    r"https://([a-z0-9-]+\.console\.(aws\.amazon\.com|amazonaws\.cn)|runbooks\.example\.com|attack\.mitre\.org)/"
)


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


def chapter_of(output: str, title: str) -> str:
    """Return what is printed below a chapter's title, up to the next chapter."""
    (found,) = re.findall(rf"^\d+\. +{re.escape(title)}\n(.*?)(?=^\d+\. |^Total$)", output, re.MULTILINE | re.DOTALL)
    return str(found)


def test_it_shows_the_incident_in_order(demo: Run) -> None:
    """Chapter by chapter the alerts come in the order of the incident; failures to read come late in it."""
    titles = re.findall(r"^(\d+)\. +(.+)$", demo.output, re.MULTILINE)
    assert titles == [(str(number), chapter.title) for number, chapter in enumerate(STORY, 1)]
    steps = (
        "ConsoleLogin", "ListBuckets", "GetSecretValue", "AttachUserPolicy", "StopLogging", "UpdateFunctionCode",
        "ModifyDBSnapshotAttribute", "PutBucketPolicy", "DeleteTrail by deploy", "more alerts in one summary",
        "Unusual activity", "PutBucketTagging", "could not be read", "was removed", "raised an error",
    )  # fmt: skip
    positions = [demo.output.index(step) for step in steps]
    assert positions == sorted(positions)


def test_it_posts_about_thirty_messages(demo: Run) -> None:
    """There are so few messages that a reader reads all of them."""
    found = re.search(r"^  Slack +(\d+) messages", demo.output, re.MULTILINE)
    assert found
    assert 26 <= int(found[1]) <= 34
    for channel in _CHANNELS:
        assert re.search(rf" {channel}$", demo.output, re.MULTILINE)


def test_each_chapter_shows_what_it_is_about(demo: Run) -> None:
    """Ignored events send nothing, a flood is summarized with its most severe alert, and a retry repeats nothing."""
    assert "2 ignored; nothing sent" in chapter_of(demo.output, "An ignore rule at work")
    assert chapter_of(demo.output, "Similar alerts go into threads").count(", in a thread") == 3
    flood = chapter_of(demo.output, "A flood is summarized")
    assert "31 matched; 5 Slack messages and 31 SNS messages sent" in " ".join(flood.split())
    assert flood.index("DeleteTrail by") < flood.index("RunInstances by") < flood.index("28 more alerts")
    assert re.search(r"47 matched, 2 ignored; nothing sent", chapter_of(demo.output, "A retry delivers nothing twice"))
    assert "nothing sent" in chapter_of(demo.output, "All quiet again")


def test_its_counts_add_up(demo: Run) -> None:
    """The records that came in are the samples' 106, and each was matched, ignored, unmatched or failed."""
    found = re.search(r"records +(\d+): (\d+) matched, (\d+) ignored, (\d+) unmatched, (\d+) failed", demo.output)
    assert found
    records_in, *outcomes = map(int, found.groups())
    assert (records_in, outcomes) == (106, [47, 3, 56, 0])
    assert sum(outcomes) == records_in


def test_a_damaged_file_is_handed_back_with_the_reason(demo: Run) -> None:
    """The damaged file's message is the only one that is to be tried again, and the reason is printed."""
    assert " ".join(demo.output.split()).count("(it is truncated); if retries fail") == 1


def test_times_are_those_of_the_run(demo: Run) -> None:
    """The incident happens right before the demo runs, even around midnight, and alerts come minutes after events."""
    times = re.findall(r"^    (\d\d:\d\d) #", demo.output, re.MULTILINE)
    assert times[0].startswith("23:")
    assert times[-1].startswith("00:0")
    page = demo.page.read_text("utf-8")
    assert "Monday, May 3, 2027 and Tuesday, May 4, 2027" in page
    latencies = re.findall(r"read from the log file, (\d+) (\w+) after the event", page)
    assert len(latencies) > 10
    assert {unit for _, unit in latencies} == {"min"}
    assert all(int(number) < 10 for number, _ in latencies)
    assert "2026-03-14" not in page


def test_what_it_prints_is_safe_and_plain(demo: Run) -> None:
    """In a file the output has no colors and, whatever events hold, no control or direction-turning character."""
    assert not re.search(_NEVER, demo.output)


def test_what_it_prints_fits_80_columns(demo: Run) -> None:
    """No line of output is wider than 80 columns or ends in blanks; only the page's path is never wrapped."""
    lines = [line for line in demo.output.splitlines() if str(demo.page.parent) not in line]
    assert [line for line in lines if len(line) > 80 or line != line.rstrip()] == []


def test_short_codes_are_shown_as_emoji(demo: Run) -> None:
    """Severity marks are shown as the emoji they stand for."""
    assert "🔴 " in demo.output
    assert "⚠ without MFA" in demo.output
    assert not re.search(r":[a-z_]+:|\\ufe0f", demo.output)


def test_the_page_holds_what_was_sent(demo: Run) -> None:
    """The page shows each chapter with its alerts and channels, and folded what SNS received; its path is printed."""
    page = demo.page.read_text("utf-8")
    for expected in (*(chapter.title for chapter in STORY), *_CHANNELS, "StopLogging", "3 replies", "start-logging"):
        assert expected in page
    assert page.count('<details class="attachments">') == page.count("SNS received ") == 10
    assert page.count("<summary>SNS topic ") == 47
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
    assert "starting" not in run.output


def test_an_aws_that_does_not_start_is_a_one_line_error(tmp_path: Path) -> None:
    """Without moto the demo ends with exit code 1 and one line that says what is missing."""
    package = tmp_path / "path" / "moto"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise ImportError('no moto here')")
    run = run_demo(tmp_path / "page.html", tmp_path / "temporary", {"PYTHONPATH": str(package.parent)})
    assert run.code == 1
    assert run.errors.splitlines() == ["demo: error: ImportError: no moto here"]
    assert run.left_behind == []


@pytest.mark.parametrize(
    ("environment", "colored"),
    [
        pytest.param(
            {"COLUMNS": "40", "NO_COLOR": "1", "TERM": "xterm-256color"},
            False,
            id="narrow-no-color",
            marks=pytest.mark.long,
        ),
        pytest.param({"COLUMNS": "100", "TERM": "xterm-256color"}, True, id="color", marks=pytest.mark.long),
        pytest.param({"COLUMNS": "60", "TERM": "dumb"}, False, id="dumb", marks=pytest.mark.long),
    ],
)
def test_on_a_terminal_it_fits_and_has_colors_where_they_are_wanted(
    environment: dict[str, str], *, colored: bool, tmp_path: Path
) -> None:
    """On a terminal no line is wider than it is, with emoji; NO_COLOR and a dumb terminal take all styles away."""
    output = run_on_terminal(tmp_path, environment)
    plain = re.sub(r"\x1b\[[0-9;]*m", "", output)
    assert (plain != output) is colored
    assert not re.search(_NEVER, plain)
    lines = [line for line in plain.splitlines() if str(tmp_path) not in line]
    assert "nothing sent" in plain
    assert [line for line in lines if cell_len(line) > int(environment["COLUMNS"])] == []


def run_on_terminal(folder: Path, environment: Mapping[str, str]) -> str:
    """Run the demo on a terminal; return what it shows."""
    ours, theirs = pty.openpty()
    others = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR", "COLORTERM")}
    with subprocess.Popen(  # noqa: S603 (our own command)
        [*_COMMAND, str(folder / "page.html")],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**others, "TMPDIR": str(folder), "PYTHONIOENCODING": "utf-8", **environment},
    ) as process:
        os.close(theirs)
        shown = b""
        with contextlib.suppress(OSError):  # how a terminal says that its program is gone
            while some := os.read(ours, 65536):
                shown += some
        os.close(ours)
    assert process.returncode == 0
    return shown.decode().replace("\r\n", "\n")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("moment", ["starting a local AWS", pytest.param("1.  A sign-in", marks=pytest.mark.long)])
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
