"""Time as an invocation sees it: what time it is, whether there is enough left to wait, and trying again."""

import math
import random
import time
from collections.abc import Callable, Generator, Iterator
from typing import Any, TypeVar

from cloudtrail_to_slack.errors import DeadlineExceededError, TransientError

T = TypeVar("T")

_ATTEMPTS = 4
_FIRST_WAIT_SECONDS = 0.5
_LEAST_WAIT_SECONDS = 0.1  # also where Slack says 0
_LEAST_TIMEOUT_SECONDS = 0.5
_FIRST_LOOK_SECONDS = 1.0
_LAST_LOOK_SECONDS = 5.0
_MARGIN_SECONDS = 3.0  # kept for finishing cleanly
_MARGIN_SHARE = 0.2  # of a short invocation
_AFTER_THE_END = 2  # seconds: Lambda stops a function in time, give or take


class Clock:
    """Tells the time and waits, as long as the invocation's deadline allows.

    `remaining` gives the seconds until Lambda stops the function; `margin` of them are kept for finishing cleanly.
    """

    def __init__(
        self,
        remaining: Callable[[], float],
        *,
        margin: float = _MARGIN_SECONDS,
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

    def remaining(self) -> float:
        """Return the seconds until Lambda stops the function; infinite where nothing does."""
        return self._remaining()

    def spare(self) -> float:
        """Return how many seconds the invocation has for anything but finishing cleanly; infinite as `remaining`."""
        return self._remaining() - self._margin

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
        """Return for how many seconds a claim holds: until the invocation has surely ended, but not over `most`."""
        return min(self._remaining() + _AFTER_THE_END, most)

    def timeout(self, most: float) -> float:
        """Return how long a request may take: `most` seconds, or what is left of the invocation and half its margin."""
        return max(_LEAST_TIMEOUT_SECONDS, min(most, self._remaining() - self._margin / 2))


def invocation_clock(context: Any) -> Clock:  # noqa: ANN401 (Lambda's, or none)
    """Return the clock of an invocation, from the context object that Lambda gives its handler."""
    in_millis = getattr(context, "get_remaining_time_in_millis", None)

    def remaining() -> float:
        return in_millis() / 1000 if callable(in_millis) else math.inf

    return Clock(remaining, margin=min(_MARGIN_SECONDS, remaining() * _MARGIN_SHARE))


def backoff_delays() -> Iterator[float]:
    """Yield, without end, the seconds between looks at what another function does: it is done soon, or has died."""
    seconds = _FIRST_LOOK_SECONDS
    while True:
        yield seconds
        seconds = min(2 * seconds, _LAST_LOOK_SECONDS)


def with_retries(send: Callable[[], T], again: Callable[[], None] = lambda: None) -> Generator[float, None, T]:
    """Send, and after a passing error again; yields the seconds to wait before. `again` is told of each repetition.

    A destination that says when to come back is asked again for as long as there is time; one that does not, a few
    times.

    Raises:
        DeliveryError: as `send`, when trying again does not help or an DeadlineExceededError is thrown in.
    """
    attempt = 0
    while True:
        try:
            return send()
        except TransientError as error:
            if error.retry_after is None:
                attempt += 1
                if attempt >= _ATTEMPTS:
                    raise
                seconds = _FIRST_WAIT_SECONDS * 2 ** (attempt - 1) * (1 + random.random())  # noqa: S311 (jitter)
            else:
                seconds = max(error.retry_after, _LEAST_WAIT_SECONDS)
            try:
                yield seconds
            except DeadlineExceededError:
                raise error from None
        again()
