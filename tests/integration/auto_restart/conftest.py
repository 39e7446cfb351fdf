"""Fixtures of the tests of the function that starts logging again."""

from collections.abc import Iterator

import pytest

from support.app_environment import AppEnvironment
from support.aws_proxy import AwsProxy
from support.restart_environment import RestartEnvironment


@pytest.fixture
def restart(app_env: AppEnvironment) -> Iterator[RestartEnvironment]:
    """A fresh AWS, a fresh Slack, and the function with both; the SDK retries at once."""
    app_env.monkeypatch.setattr("time.sleep", lambda _: None)
    with AwsProxy(app_env.endpoint) as aws_proxy:
        yield RestartEnvironment(app_env, aws_proxy)
