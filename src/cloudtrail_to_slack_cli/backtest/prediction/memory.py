"""What the function remembers from one invocation to the next: threads, and what was delivered already.

It does what the state table does for `destinations.slack.threads` and `delivery.deduplication` when nothing fails; the
tests compare the two.
"""

import math
from collections import deque
from dataclasses import dataclass

from cloudtrail_to_slack.destinations.slack.threads import ThreadPlace


@dataclass(slots=True)
class Thread:
    """A message that others may reply to: of which severity, on which day, and whether there are replies."""

    severity: int
    day: str
    has_replies: bool = False


class Deliveries:
    """What was delivered, each for `seconds`; with `seconds` None nothing is remembered beyond an invocation."""

    def __init__(self, seconds: int | None) -> None:
        self._seconds = seconds
        self._until: dict[tuple[str, str], int] = {}
        self._ends: deque[tuple[int, tuple[str, str]]] = deque()

    def has(self, destination: str, key: str, now: float) -> bool:
        """Whether an alert was delivered to a destination."""
        self._forget(now)
        return (destination, key) in self._until

    def add(self, destination: str, key: str, now: float) -> None:
        """Note that it was delivered."""
        if self._seconds is not None:
            end = int(now + self._seconds)
            self._until[destination, key] = end
            self._ends.append((end, (destination, key)))

    def _forget(self, now: float) -> None:
        while self._ends and self._ends[0][0] <= int(now):
            end, key = self._ends.popleft()
            if self._until.get(key) == end:
                del self._until[key]


class Threads:
    """The threads that are open, each for `seconds` from its first message; None: until their invocation ends."""

    def __init__(self, seconds: int | None) -> None:
        self._seconds = seconds
        self._open: dict[str, tuple[float, Thread]] = {}
        self._forgotten = 0.0

    def begin_invocation(self) -> None:
        """Forget what only an invocation remembers."""
        if self._seconds is None:
            self._open.clear()

    def join(self, channel: str, place: ThreadPlace, day: str, now: float) -> tuple[Thread, bool]:
        """Return the thread that an alert stands in, and whether it is a reply there."""
        self._forget(now)
        found, missed, keys = None, [], place.keys(channel)
        for key in keys:
            end, known = self._open.get(key, (0, None))
            is_open = known is not None and end > int(now)
            if known and is_open and known.severity >= place.severity:
                found = known
                break
            if not is_open or key == keys[-1]:
                missed.append(key)
        thread = found or Thread(place.severity, day)
        end = math.inf if self._seconds is None else int(now + self._seconds)
        self._open |= dict.fromkeys(missed, (end, thread))
        return thread, found is not None

    def _forget(self, now: float) -> None:
        """Let go of what is over, now and then."""
        if now > self._forgotten + (self._seconds or 0):
            self._open = {key: entry for key, entry in self._open.items() if entry[0] > int(now)}
            self._forgotten = now
