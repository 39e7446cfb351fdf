"""The environment that histories are played in."""

from collections.abc import Iterator

import pytest

from simulation.stage import Stage


@pytest.fixture(scope="package")
def whole_run() -> Iterator[Stage]:
    """One stage for all histories in a row, and for no other test."""
    with Stage() as stage:
        yield stage


@pytest.fixture
def stage(whole_run: Stage) -> Stage:
    """A stage that remembers nothing."""
    if whole_run.played:
        whole_run.forget()
        whole_run.heard()
    return whole_run
