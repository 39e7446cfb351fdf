"""What the function remembers from one invocation to the next: threads, and what was delivered already.

It does what the state table does for `destinations.slack.threads` and `delivery.deduplication` when nothing fails; the
tests compare the two.
"""

from collections import deque
from collections.abc import Sequence
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
        self._open: dict[str, tuple[int, Thread]] = {}
        self._own: dict[str, Thread] = {}  # of this invocation, where there is no table
        self._forgotten = 0.0

    def begin_invocation(self) -> None:
        """Forget what only an invocation remembers."""
        self._own.clear()

    def join(self, channel: str, place: ThreadPlace, day: str, now: float) -> tuple[Thread, bool]:
        """Return the thread that an alert stands in, and whether it is a reply there."""
        self._forget(now)
        keys = place.keys(channel)
        if not keys:
            return Thread(place.severity, day), False
        if self._seconds is None:
            return self._join_own(keys, place, day)
        if not place.shared:
            return self._join(keys[0], place, day, now)
        first = self._get(keys[0], now)
        if first and first.severity >= place.severity:
            return first, True
        own = keys[-1]
        joined = (Thread(place.severity, day), False) if own == keys[0] else self._join(own, place, day, now)
        if first is None:
            self._set(keys[0], joined[0], now)
        return joined

    def _join_own(self, keys: Sequence[str], place: ThreadPlace, day: str) -> tuple[Thread, bool]:
        known = (self._own.get(key) for key in keys)
        found = next((thread for thread in known if thread and thread.severity >= place.severity), None)
        thread = found or Thread(place.severity, day)
        for key in keys:
            if key not in self._own or self._own[key].severity < place.severity:
                self._own[key] = thread
        return thread, found is not None

    def _join(self, key: str, place: ThreadPlace, day: str, now: float) -> tuple[Thread, bool]:
        known = self._get(key, now)
        if known and known.severity >= place.severity:
            return known, True
        thread = Thread(place.severity, day)
        self._set(key, thread, now)
        return thread, False

    def _get(self, key: str, now: float) -> Thread | None:
        end, thread = self._open.get(key, (0, None))
        return thread if end > int(now) else None

    def _set(self, key: str, thread: Thread, now: float) -> None:
        self._open[key] = (int(now + (self._seconds or 0)), thread)

    def _forget(self, now: float) -> None:
        """Let go of what is over, now and then."""
        if now > self._forgotten + (self._seconds or 0):
            self._open = {key: entry for key, entry in self._open.items() if entry[0] > int(now)}
            self._forgotten = now
