"""Fixtures of the flow tests."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from cloudtrail_to_slack.notifications import Notification
from cloudtrail_to_slack.pipeline import Pipeline
from cloudtrail_to_slack.report import Report
from cloudtrail_to_slack_dev.moto_server import MotoServer
from cloudtrail_to_slack_dev.slack_standin import SlackStandIn
from support.world import World


@pytest.fixture(scope="session")
def moto_server() -> Iterator[MotoServer]:
    """One moto server for the whole run."""
    with MotoServer() as server:
        yield server


@pytest.fixture(autouse=True)
def reconciled(monkeypatch: pytest.MonkeyPatch) -> None:
    """In every test that runs the pipeline, what came in is what was matched, ignored, unmatched or failed."""
    run = Pipeline.run

    def checked(pipeline: Pipeline, notifications: Sequence[Notification]) -> Report:
        report = run(pipeline, notifications)
        counts = report.counts
        assert counts["records_in"] == sum(counts[name] for name in ("matched", "ignored", "unmatched", "failed"))
        return report

    monkeypatch.setattr(Pipeline, "run", checked)


@pytest.fixture
def world(moto_server: MotoServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A fresh AWS, a fresh Slack, and the handler between them."""
    moto_server.reset()
    with SlackStandIn() as slack:
        yield World(moto_server.url, slack, tmp_path, monkeypatch)
