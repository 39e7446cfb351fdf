"""Which cases of a test `make test` runs, where each case takes long."""

from collections import defaultdict
from collections.abc import Iterable

import pytest

_SERVER = "moto_server"


def mark_long_cases(items: Iterable[pytest.Item]) -> None:
    """Mark as long all cases but the first and the last of some tests.

    These are the tests that talk to a moto server, and those that are marked with `long_cases`.
    """
    cases: dict[tuple[object, str], list[pytest.Function]] = defaultdict(list)
    for item in items:
        if isinstance(item, pytest.Function) and (
            _SERVER in item.fixturenames or item.get_closest_marker("long_cases")
        ):
            cases[(item.parent, item.originalname)].append(item)
    for same in cases.values():
        for item in same[1:-1]:
            item.add_marker(pytest.mark.long)
