"""Faults that the fake shows when asked to, and the queue they wait in."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True)
class RateLimited:
    """HTTP 429 with a `Retry-After` header."""

    retry_after: int = 1


@dataclass(frozen=True)
class HttpStatus:
    """An HTTP error without a JSON body, as a proxy in front of Slack answers."""

    status: int


@dataclass(frozen=True)
class SlackError:
    """One of Slack's error codes, such as "internal_error"; a webhook answers it with its own HTTP status."""

    code: str


@dataclass(frozen=True)
class Dropped:
    """The connection ends without an answer, and Slack has not posted anything."""


@dataclass(frozen=True)
class AcceptedThenDropped:
    """Slack does what was asked, and the connection ends before the answer."""


Fault: TypeAlias = RateLimited | HttpStatus | SlackError | Dropped | AcceptedThenDropped


@dataclass
class _Waiting:
    fault: Fault
    times: int
    method: str | None
    channel: str | None


class FaultQueue:
    """Faults waiting for the requests they are meant for; the oldest matching one is shown first."""

    def __init__(self) -> None:
        self._waiting: list[_Waiting] = []

    def add(self, fault: Fault, *, times: int, method: str | None, channel: str | None) -> None:
        """Queue `fault` for the next `times` requests of `method` and `channel`; `None` matches any.

        Raises:
            ValueError: `times` is less than one.
        """
        if times < 1:
            raise ValueError(f"times must be at least 1, not {times}")
        self._waiting.append(_Waiting(fault, times, method, channel))

    def take(self, method: str, channel: str | None) -> Fault | None:
        """The fault that this request meets, if any; it counts as shown."""
        for waiting in self._waiting:
            if waiting.method in (None, method) and waiting.channel in (None, channel):
                waiting.times -= 1
                if waiting.times == 0:
                    self._waiting.remove(waiting)
                return waiting.fault
        return None

    def clear(self) -> None:
        """Forget every fault."""
        self._waiting.clear()


class Pace:
    """How fast messages may follow each other in a channel; what comes too early is refused with the time to wait.

    Slack wants about one second (Slack API docs, "Rate limits"). For the fake's `meet`.
    """

    def __init__(self, clock: Callable[[], float], seconds: float) -> None:
        self._clock = clock
        self._seconds = seconds
        self._free_at: dict[str, float] = {}

    def fault(self, method: str, channel: str | None) -> Fault | None:
        """The 429 that this request meets, if it comes too early; else it counts as the channel's last."""
        if not self._seconds or channel is None or method not in ("chat.postMessage", "webhook"):
            return None
        now = self._clock()
        early = self._free_at.get(channel, now) - now
        if early > 0:
            return RateLimited(math.ceil(early))
        self._free_at[channel] = now + self._seconds
        return None
