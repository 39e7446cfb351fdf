"""Time as an invocation sees it: what time it is, whether there is enough left to wait, and trying again."""

import random
import time
from collections.abc import Callable
from typing import TypeVar

from cloudtrail_to_slack.errors import PassingError

T = TypeVar("T")

_ATTEMPTS = 4
_FIRST_WAIT_SECONDS = 0.5


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

    def has(self, seconds: float) -> bool:
        """Return whether the invocation has that much time to spare."""
        return seconds <= self._remaining() - self._margin

    def wait(self, seconds: float) -> bool:
        """Wait; False, at once, when the invocation has no time for it."""
        if not self.has(seconds):
            return False
        self._sleep(seconds)
        return True


def retried(clock: Clock, send: Callable[[], T]) -> T:
    """Send, again after a passing error, as long as the invocation has time for it.

    Raises:
        DeliveryError: as `send`, when trying again does not help or there is no time to.
    """
    for attempt in range(_ATTEMPTS - 1):
        try:
            return send()
        except PassingError as error:
            backoff = _FIRST_WAIT_SECONDS * 2**attempt * (1 + random.random())  # noqa: S311 (jitter, not a secret)
            if not clock.wait(backoff if error.retry_after is None else error.retry_after):
                raise
    return send()
