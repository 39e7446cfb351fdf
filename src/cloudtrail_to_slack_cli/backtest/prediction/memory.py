"""What the function remembers from one invocation to the next: threads, and what was delivered already.

It does what the state table does for `destinations.slack.threads` and `delivery.deduplication` when nothing fails; the
tests compare the two.
"""

import math
from collections import deque
from dataclasses import dataclass

from cloudtrail_to_slack.delivery.routing import Target
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
        self._until: dict[tuple[Target, str], int] = {}
        self._ends: deque[tuple[int, tuple[Target, str]]] = deque()

    def has(self, target: Target, key: str, now: float) -> bool:
        """Whether an alert was delivered to a target."""
        self._forget(now)
        return (target, key) in self._until

    def add(self, target: Target, key: str, now: float) -> None:
        """Note that it was delivered."""
        if self._seconds is not None:
            end = int(now + self._seconds)
            self._until[target, key] = end
            self._ends.append((end, (target, key)))

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

    def join(self, channel: str, place: ThreadPlace, day: str, now: float) -> tuple[bool, str | None]:
        """Return whether an alert is a reply in a thread, and if it is the first one there, its parent's day."""
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
        is_first_reply = found is not None and not found.has_replies
        thread.has_replies = found is not None
        return found is not None, thread.day if is_first_reply else None

    def _forget(self, now: float) -> None:
        """Let go of what is over, now and then."""
        if now > self._forgotten + (self._seconds or 0):
            self._open = {key: entry for key, entry in self._open.items() if entry[0] > int(now)}
            self._forgotten = now
