"""The fixtures of the flow tests, and how many examples the property tests try."""

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from cloudtrail_to_slack.config.settings import VARIABLES
from cloudtrail_to_slack.evaluation.report import Report
from cloudtrail_to_slack.ingest.payloads import Notification
from cloudtrail_to_slack.pipeline import Pipeline
from cloudtrail_to_slack_dev.fake_slack import FakeSlack
from cloudtrail_to_slack_dev.moto_server import MotoServer
from support import boto_memory
from support.app_environment import AppEnvironment
from support.cases import mark_long_cases
from support.examples import scale_examples

_OTHERS = "AWS_|SLACK_|(HTTPS?|ALL)_PROXY$"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that makes `make test` quick and `make test-all` thorough."""
    parser.addoption(
        "--examples",
        type=float,
        default=1.0,
        metavar="FACTOR",
        help="try FACTOR times the examples that each property test names; below 1 the same ones in every run",
    )


@pytest.hookimpl(tryfirst=True)  # before pytest selects by markers
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Scale the number of examples of every property test, and mark what is left to `make test-all`."""
    mark_long_cases(items)
    scale_examples((item.obj for item in items if isinstance(item, pytest.Function)), config.getoption("--examples"))


@pytest.fixture(scope="session", autouse=True)
def own_environment(request: pytest.FixtureRequest) -> Iterator[None]:
    """What leads a person's own programs to AWS, Slack or a proxy leads no test there; Terraform may need the proxy."""
    others = "AWS_|SLACK_" if any("terraform" in item.path.parts for item in request.session.items) else _OTHERS
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name in VARIABLES or re.match(others, name, re.IGNORECASE):
                patch.delenv(name)
        patch.setenv("AWS_CONFIG_FILE", os.devnull)
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
        yield


@pytest.fixture(scope="session", autouse=True)
def boto_remembers() -> Iterator[None]:
    """What is the same for all sessions and clients of boto is worked out once."""
    with boto_memory.remembered():
        yield


@pytest.fixture(scope="session")
def moto_server() -> Iterator[MotoServer]:
    """One moto server for the whole run."""
    with MotoServer("cloudtrail_to_slack_dev.fast_moto") as server:
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
def app_env(moto_server: MotoServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AppEnvironment]:
    """A fresh AWS, a fresh Slack, and the handler between them."""
    moto_server.reset()
    with FakeSlack() as slack:
        yield AppEnvironment(moto_server.url, slack, tmp_path, monkeypatch)
