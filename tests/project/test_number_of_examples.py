"""The option `--examples`: how many examples property tests try."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.examples import scale_examples


def _property(seen: list[int]) -> Callable[[], None]:
    """Return a property test that tries 40 examples and notes them."""

    @settings(max_examples=40)
    @given(number=st.integers())
    def test(number: int) -> None:
        seen.append(number)

    return test


@pytest.mark.parametrize(("factor", "tried"), [(0.25, 10), (1.0, 40), (5.0, 200), (0.001, 1)])
def test_each_property_tries_so_many_times_its_own_number(factor: float, tried: int) -> None:
    """A property tries its own number of examples times the factor, once per function, and at least one."""
    seen: list[int] = []
    test = _property(seen)
    scale_examples([test, len, test], factor)
    test()
    assert len(seen) == tried


def test_few_examples_are_the_same_in_every_run() -> None:
    """With less than each test's own number the examples do not depend on chance."""
    runs: list[list[int]] = []
    for _ in range(2):
        seen: list[int] = []
        test = _property(seen)
        scale_examples([test], 0.5)
        test()
        runs.append(seen)
    assert runs[0] == runs[1]
