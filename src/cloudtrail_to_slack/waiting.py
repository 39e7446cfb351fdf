"""Time as an invocation sees it: what time it is, and whether there is enough left to wait."""

import time
from collections.abc import Callable


class Clock:
    """Tells the time and waits, as long as the invocation's deadline allows.

    `remaining` gives the seconds until Lambda stops the function; `margin` of them are kept for finishing cleanly.
    """

    def __init__(
        self,
        remaining: Callable[[], float],
        *,
        margin: float = 3.0,
        now: Callable[[], float] | None = None,
        sleep: Callable[[float], None] | None = None,
    ) -> None:
        self._remaining = remaining
        self._margin = margin
        self._now = now or time.time
        self._sleep = sleep or time.sleep

    def now(self) -> float:
        """Return the seconds since 1970."""
        return self._now()

    def wait(self, seconds: float) -> bool:
        """Wait; False, at once, when the invocation has no time for it."""
        if seconds > self._remaining() - self._margin:
            return False
        self._sleep(seconds)
        return True
