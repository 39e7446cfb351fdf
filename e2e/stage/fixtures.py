"""Fixtures of the end-to-end tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cloudtrail_to_slack_dev.fake_slack import FakeSlack
from cloudtrail_to_slack_dev.moto_server import MotoServer
from stage import aws_server
from stage.cloud import Cloud


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """An AWS of its own for each test."""
    invocations = tmp_path / "invocations"
    invocations.mkdir()
    monkeypatch.setenv(aws_server.FOLDER_VARIABLE, str(invocations))
    monkeypatch.setenv("PYTHONPATH", str(Path(aws_server.__file__).parents[1]))
    with MotoServer(aws_server.__name__) as server:
        yield Cloud(server.url, "eu-west-1", invocations)


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    """A Slack of its own for each test."""
    with FakeSlack() as fake:
        yield fake
