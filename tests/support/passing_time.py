"""The time of a test, which passes only when the test says so."""

from types import SimpleNamespace

import pytest

from cloudtrail_to_slack import clock as waiting

START = 1_773_480_900.0  # 2026-03-14T09:35:00Z


class PassingTime:
    """Stands in the place of the clock that the function looks at; waiting costs no time of the test."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = START
        monkeypatch.setattr(waiting, "time", SimpleNamespace(time=lambda: self.now, sleep=self.passes))

    def passes(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds
