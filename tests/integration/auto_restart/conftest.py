"""Fixtures of the tests of the function that starts logging again."""

from collections.abc import Iterator

import pytest

from support.aws_between import Between
from support.restart_world import RestartWorld
from support.world import World


@pytest.fixture
def restart(world: World) -> Iterator[RestartWorld]:
    """A fresh AWS, a fresh Slack, and the function between them; the SDK tries again at once."""
    world.monkeypatch.setattr("time.sleep", lambda _: None)
    with Between(world.endpoint) as between:
        yield RestartWorld(world, between)
