"""The outcomes of an invocation's messages. Pure."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from enum import Enum


@dataclass(frozen=True, slots=True)
class Undelivered:
    """A message that did not reach a destination: its name, the address, and the error code."""

    what: str
    destination: str
    code: str

    def __str__(self) -> str:
        return f"{self.what} did not reach {self.destination}: {self.code}"


class Outcome(Enum):
    """The outcomes counted for each destination; the values are the names of the metrics."""

    DELIVERED = "Delivered"
    UNDELIVERED = "Undelivered"
    RETRIED = "Retried"
    DOWNSIZED = "Downsized"
    FELL_BACK = "FellBack"
    SUMMARIZED = "Summarized"
    DUPLICATE_AVOIDED = "DuplicatesAvoided"


@dataclass(slots=True)
class Results:
    """The counts of an invocation, and the seconds from each event to its delivery, by destination."""

    counts: dict[str, Counter[Outcome]] = field(default_factory=lambda: defaultdict(Counter))
    latencies: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def count(self, destination: str, outcome: Outcome) -> None:
        """Count one more."""
        self.counts[destination][outcome] += 1

    def total(self, outcome: Outcome) -> int:
        """Return the count over all destinations."""
        return sum(self.per_destination(outcome).values())

    def per_destination(self, outcome: Outcome) -> dict[str, int]:
        """Return the counts by destination, without zeros."""
        return {name: counts[outcome] for name, counts in self.counts.items() if counts[outcome]}
