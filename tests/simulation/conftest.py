"""The environment that histories run in."""

from collections.abc import Iterator

import pytest

from simulation.environment import Environment


@pytest.fixture(scope="package")
def whole_run() -> Iterator[Environment]:
    """One environment for all histories in a row, and for no other test."""
    with Environment() as environment:
        yield environment


@pytest.fixture
def environment(whole_run: Environment) -> Environment:
    """An environment with an empty state table."""
    if whole_run.runs:
        whole_run.forget()
        whole_run.received()
    return whole_run
