"""Retries, as steps between which other work can continue."""

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
_FIRST_LOOKS_SECONDS = (1.0, 2.0, 4.0)
_LAST_LOOK_SECONDS = 5.0


def backoff_delays() -> Iterator[float]:
    """Yield, without end, the seconds between looks at what another function does: it is done soon, or has died."""
    return chain(_FIRST_LOOKS_SECONDS, repeat(_LAST_LOOK_SECONDS))


def with_retries(send: Callable[[], T], again: Callable[[], None] = lambda: None) -> Generator[float, None, T]:
    """Send, again after a transient error; yields the seconds to wait before. `again` is called at each repetition.

    A destination that says when to come back is asked again for as long as there is time; one that does not, a few
    times.

    Raises:
        DeliveryError: as `send`, when trying again does not help or a DeadlineExceededError is thrown in.
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
        again()


def run_to_completion(clock: Clock, work: Steps[T]) -> T:
    """Run one piece of work by itself, waiting where it must; return what it gives.

    Raises:
        DeliveryError: as the work does; a DeadlineExceededError where there is no time to wait.
    """
    try:
        seconds = next(work)
        while True:
            seconds = next(work) if clock.wait(seconds) else work.throw(DeadlineExceededError())
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]  # typeshed does not tie it to the generator
