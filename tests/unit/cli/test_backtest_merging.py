"""Partial results of a backtest add up to the same whole, however files are split and in whatever order they end."""

import gzip
import json
import pickle
import random
import tempfile
from collections.abc import Sequence
from datetime import date
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudtrail_to_slack.config.loader import read_config
from cloudtrail_to_slack.testing import make_event
from cloudtrail_to_slack_cli.backtest import spark
from cloudtrail_to_slack_cli.backtest.evaluation import Evaluator, Keeps, Part
from cloudtrail_to_slack_cli.backtest.formats.data import write_json
from cloudtrail_to_slack_cli.backtest.log_file import LogFile
from cloudtrail_to_slack_cli.backtest.prediction.store import AlertStore
from cloudtrail_to_slack_cli.backtest.report import Report
from cloudtrail_to_slack_cli.errors import CommandError

CONFIG, _ = read_config(
    {
        "rules": [
            {"id": "name", "expression": "event.get('eventName') == 'DeleteTrail'"},
            {"id": "raises", "expression": "event['errorCode'] == 'x'"},
            {
                "id": "often",
                "expression": "event.get('eventName') == 'ListTrails'",
                "threshold": {"count": 3, "window_minutes": 60},
            },
        ],
        "ignore_rules": [{"id": "quiet", "expression": "event.get('awsRegion') == 'us-east-1'"}],
        "slack": {"default_channel_id": "C0123456789"},
    }
)
NAMES = ("DeleteTrail", "ListTrails", "StopLogging", "ConsoleLogin")

REGIONS = ("eu-west-1", "us-east-1")


@pytest.fixture(scope="module")
def groups(tmp_path_factory: pytest.TempPathFactory) -> list[list[LogFile]]:
    """Groups of log files, some of which are damaged or repeat events."""
    folder = tmp_path_factory.mktemp("logs")
    chance = random.Random(7)  # noqa: S311 (repeatable on purpose)
    files = []
    for number in range(24):
        records = [
            {
                **make_event(chance.choice(NAMES), source="cloudtrail", awsRegion=chance.choice(REGIONS)),
                "eventID": f"event-{chance.randrange(60)}",
                "eventTime": f"2026-10-{chance.randrange(1, 4):02}T{chance.randrange(24):02}:00:00Z",
            }
            for _ in range(6)
        ]  # fmt: skip
        content = gzip.compress(json.dumps({"Records": [*records, 5] if number % 5 == 0 else records}).encode())
        path = folder / f"{number:02}.json.gz"
        path.write_bytes(content[:-9] if number % 7 == 3 else content)
        files.append(LogFile(str(path), len(content)))
    return [files[at : at + 2] for at in range(0, len(files), 2)]


def evaluator(folder: str) -> Evaluator:
    """Return what evaluates the groups."""
    return Evaluator(CONFIG, date(2026, 11, 1), Keeps(folder, lines=True, alerts=True))


def report_of(parts: Sequence[Part], folder: Path) -> tuple[str, bytes]:
    """Return the report, and the lines of matched events."""
    folder.mkdir()
    report = Report(CONFIG, AlertStore(str(folder)))
    lines = []
    for part in parts:
        lines += list(part.lines.take())
        report.add(part)
    lines += [json.dumps(line).encode() for line in report.count_thresholds()]
    report.predict()
    out = StringIO()
    write_json(out, report)
    report.close()
    return out.getvalue(), b"".join(lines)


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_partial_results_add_up_to_the_same_report(groups: list[list[LogFile]], data: st.DataObject) -> None:
    """For every split into partitions, every order of their ends and every repetition the report is the same bytes."""
    cuts = sorted(data.draw(st.sets(st.integers(1, len(groups) - 1))))
    largest = data.draw(st.sampled_from([0, 500, 10**9]))
    numbered = list(enumerate(groups))
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(spark, "_LARGEST_RESULT", largest)
        alone = evaluator(folder)
        expected = report_of([alone.evaluate(group) for group in groups], Path(folder) / "one")
        settings_of_job = pickle.dumps(alone)
        partitions = [
            list(spark.evaluate_groups(settings_of_job, numbered[begin:end]))
            for begin, end in zip([0, *cuts], [*cuts, len(groups)], strict=True)
        ]
        repeated = data.draw(st.lists(st.sampled_from(partitions), max_size=2))
        ended = data.draw(st.permutations([*partitions, *repeated]))
        results = [pickle.loads(pickle.dumps(result)) for partition in ended for result in partition]  # noqa: S301 (ours)
        assert report_of(list(spark.in_order(results)), Path(folder) / "many") == expected
        assert json.loads(expected[0])["damaged"]


def test_a_result_that_is_missing_is_an_error(groups: list[list[LogFile]], tmp_path: Path) -> None:
    """A report never leaves out a group silently."""
    results = list(spark.evaluate_groups(pickle.dumps(evaluator(str(tmp_path))), [(0, groups[0]), (2, groups[2])]))
    with pytest.raises(CommandError, match="some of its results are missing"):
        list(spark.in_order(results))
