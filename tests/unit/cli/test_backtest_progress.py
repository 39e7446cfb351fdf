"""The line on the terminal that shows how far a backtest is."""

import os
import pty
import sys
from collections import Counter
from contextlib import closing

import pytest

from cloudtrail_to_slack_cli.backtest.evaluation import MatchedLines, Part
from cloudtrail_to_slack_cli.backtest.log_file import LogFile
from cloudtrail_to_slack_cli.backtest.plan import Plan
from cloudtrail_to_slack_cli.backtest.progress import Progress
from cloudtrail_to_slack_cli.backtest.totals import Totals


def part(files: int, records: int, *, is_resumed: bool = False) -> Part:
    """Return what is evaluated of some files of 64 KiB."""
    totals = Totals(counts=Counter(files=files, records=records))
    read = [LogFile(f"{number}.json", 64 * 1024) for number in range(files)]
    return Part(read, MatchedLines(""), MatchedLines(""), totals, is_resumed=is_resumed)


def test_the_rate_and_the_time_left_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """The line has the files, records a second and time left; what an earlier run did counts as done, not as fast."""
    seconds = iter((0.0, 10.0, 10.1, 20.0))
    with Plan() as plan:
        for number in range(100):
            plan.add(LogFile(f"{number}.json", 64 * 1024))
        with closing(Progress(plan, is_shown=True, clock=lambda: next(seconds))) as progress:
            progress.add(part(20, 1_000_000, is_resumed=True))
            progress.add(part(1, 1000))  # too soon to be shown
            progress.add(part(19, 39_000))
    shown = [line.rstrip() for line in capsys.readouterr().err.split("\r")]
    assert shown == [
        "",
        "20 of 100 files, 0 records a second",
        "40 of 100 files, 2,000 records a second, 1 min 0 s left",
        "",
        "",
    ]


def test_the_line_fits_a_narrow_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """The line is cut to the terminal's width: a wrapped one could not be taken away."""
    ours, theirs = pty.openpty()
    with open(theirs, "w", encoding="utf-8") as terminal, Plan(files=1000) as plan:  # noqa: PTH123 (no path)
        monkeypatch.setattr(sys, "stderr", terminal)
        monkeypatch.setattr(os, "get_terminal_size", lambda _: os.terminal_size((30, 24)))
        with closing(Progress(plan, is_shown=True, clock=iter(range(9)).__next__)) as progress:
            progress.add(part(1, 1000))
        terminal.flush()
        assert {len(line) for line in os.read(ours, 1000).decode().split("\r")} == {0, 29}
    os.close(ours)
