"""Retries, written as generators, so that other work continues while one waits."""

import random
from collections.abc import Callable, Generator, Iterator
from itertools import chain, repeat
from typing import TypeVar

from cloudtrail_to_slack.clock import Clock
from cloudtrail_to_slack.errors import DeadlineExceededError, TransientError

T = TypeVar("T")
Steps = Generator[float, None, T]  # yields the seconds to wait before its next step

_ATTEMPTS = 4
_FIRST_WAIT_SECONDS = 0.5
_FIRST_CHECKS_SECONDS = (1.0, 2.0, 4.0)
_LATER_CHECKS_SECONDS = 5.0


def backoff_delays() -> Iterator[float]:
    """Yield, without end, the seconds between checks of another function's progress, which ends soon or has died."""
    return chain(_FIRST_CHECKS_SECONDS, repeat(_LATER_CHECKS_SECONDS))


def with_retries(send: Callable[[], T], on_retry: Callable[[], None] = lambda: None) -> Generator[float, None, T]:
    """Send, and retry after transient errors; yields the seconds to wait. `on_retry` is called before each retry.

    If the destination says when to retry, there is no limit on retries but the time; otherwise they are few.

    Raises:
        DeliveryError: the last one of `send`, if retries do not help or a DeadlineExceededError is thrown in.
    """
    waits = [_FIRST_WAIT_SECONDS * 2**attempt for attempt in reversed(range(_ATTEMPTS - 1))]
    while True:
        try:
            return send()
        except TransientError as error:
            if error.retry_after:  # 0 says nothing: asked again at once, many a time, it would only be busier
                seconds = max(error.retry_after, _FIRST_WAIT_SECONDS)
            elif waits:
                seconds = waits.pop() * (1 + random.random())  # noqa: S311 (jitter)
            else:
                raise
            try:
                yield seconds
            except DeadlineExceededError:
                raise error from None
        on_retry()


def run_to_completion(clock: Clock, work: Steps[T]) -> T:
    """Run one piece of work to its end, waiting when it asks for it; return its result.

    Raises:
        DeliveryError: the work raised it; a DeadlineExceededError if there is no time to wait.
    """
    try:
        seconds = next(work)
        while True:
            seconds = next(work) if clock.wait(seconds) else work.throw(DeadlineExceededError())
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]  # typeshed does not tie it to the generator
