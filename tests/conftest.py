"""Fixtures of the flow tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cloudtrail_to_slack_dev.moto_server import MotoServer
from cloudtrail_to_slack_dev.slack_standin import SlackStandIn
from support.world import World


@pytest.fixture(scope="session")
def moto_server() -> Iterator[MotoServer]:
    """One moto server for the whole run."""
    with MotoServer() as server:
        yield server


@pytest.fixture
def world(moto_server: MotoServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A fresh AWS, a fresh Slack, and the handler between them."""
    moto_server.reset()
    with SlackStandIn() as slack:
        yield World(moto_server.url, slack, tmp_path, monkeypatch)
