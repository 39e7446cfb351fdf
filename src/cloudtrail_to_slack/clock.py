"""Time as an invocation sees it: what time it is, and whether there is enough left to wait."""

import math
import time
from collections.abc import Callable
from typing import Any

_LEAST_TIMEOUT_SECONDS = 0.5
_MARGIN_SECONDS = 3.0  # kept for finishing cleanly
_MARGIN_SHARE = 0.2  # of a short invocation
_AFTER_THE_END = 2  # seconds: Lambda stops a function in time, give or take


class Clock:
    """Says what time it is, and waits, as long as the invocation's deadline allows.

    `remaining` returns the seconds until Lambda stops the function, infinite where nothing does; `margin` of them are
    kept for finishing cleanly. `now` returns the seconds since 1970.
    """

    def __init__(
        self,
        remaining: Callable[[], float],
        *,
        margin: float = _MARGIN_SECONDS,
        now: Callable[[], float] | None = None,
        sleep: Callable[[float], None] | None = None,
    ) -> None:
        self.remaining = remaining
        self.now = now or time.time
        self._margin = margin
        self._sleep = sleep or time.sleep

    def spare(self) -> float:
        """Return how many seconds the invocation has for anything but finishing cleanly; infinite as `remaining`."""
        return self.remaining() - self._margin

    def has(self, seconds: float) -> bool:
        """Return whether the invocation has that much time to spare."""
        return seconds <= self.spare()

    def wait(self, seconds: float) -> bool:
        """Wait; False, at once, when the invocation has no time for it."""
        if not self.has(seconds):
            return False
        if seconds > 0:
            self._sleep(seconds)
        return True

    def lease(self, most: float) -> float:
        """Return for how many seconds a lease holds: until the invocation has surely ended, but not over `most`."""
        return min(self.remaining() + _AFTER_THE_END, most)

    def timeout(self, most: float) -> float:
        """Return how long a request may take: `most` seconds, or what is left of the invocation and half its margin."""
        return max(_LEAST_TIMEOUT_SECONDS, min(most, self.remaining() - self._margin / 2))


def invocation_clock(context: Any) -> Clock:  # noqa: ANN401 (Lambda's, or none)
    """Return the clock of an invocation, from the context object that Lambda gives its handler."""
    in_millis = getattr(context, "get_remaining_time_in_millis", None)

    def remaining() -> float:
        return in_millis() / 1000 if callable(in_millis) else math.inf

    return Clock(remaining, margin=min(_MARGIN_SECONDS, remaining() * _MARGIN_SHARE))
