"""How many examples the property tests try: few in `make test`, many in `make test-all`."""

from collections.abc import Iterable
from typing import Any

from hypothesis import settings


def scale_examples(tests: Iterable[Any], factor: float) -> None:
    """Let each property test among `tests` try `factor` times the examples that its own settings name.

    No example has a deadline: slow machines are no failure. With a factor below 1 it tries the same examples in every
    run: a quick run then fails for what was changed alone.
    """
    for test in set(tests):
        if not hasattr(test, "hypothesis"):
            continue
        # Hypothesis's own pytest plugin changes a test's settings in the same way; there is no public one.
        own: settings = test._hypothesis_internal_use_settings  # noqa: SLF001
        examples = max(1, round(own.max_examples * factor))
        if factor < 1:
            own = settings(own, derandomize=True, database=None)
        test._hypothesis_internal_use_settings = settings(own, max_examples=examples, deadline=None)  # noqa: SLF001
