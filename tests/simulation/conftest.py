"""The environment that histories run in."""

from collections.abc import Iterator

import pytest

from simulation.environment import Environment


@pytest.fixture(scope="module")
def whole_run() -> Iterator[Environment]:
    """One environment for a module's histories, and for no test of another: it takes the place of the function's clock.

    A package has no end without an `__init__.py`: then pytest takes the whole run for it.
    """
    with Environment() as environment:
        yield environment


@pytest.fixture
def environment(whole_run: Environment) -> Environment:
    """An environment with an empty state table."""
    if whole_run.runs:
        whole_run.forget()
        whole_run.received()
    return whole_run
