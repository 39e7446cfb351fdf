"""How often an account's log objects come from a region, learned from when they came, and whether they stopped. Pure.

CloudTrail delivers an object only where something happened, so how long is too long differs by account and region: from
minutes, where machines work, to a weekend, where people do. What counts is the longest gap so far. It fades by half in
two weeks, so that one long weekend is neither remembered for ever nor forgotten by the next. Twice that gap, and at
least two hours, is what is waited for. An account and region that has not been known for a week, that has been heard of
a few times only, or that is quiet for more than a week at a time, is not watched: its silence says nothing.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from cloudtrail_to_slack.state.trust import CLOCKS_DIFFER_SECONDS

MINIMUM_ALERT_THRESHOLD = 7_200
RECORDING_INTERVAL = 900  # seconds: within it, further objects are no news
_DAY = 86_400
_PATIENCE_FACTOR = 2
_HALF_LIFE = 14 * _DAY
_LEARNING = 7 * _DAY  # so that a weekend is among it
_LEAST_BEATS = 24
_LONGEST_GAP = 7 * _DAY
_FORGOTTEN = 14 * _DAY
_REGION = re.compile(r"[a-z0-9-]{1,40}")


class LogSource(NamedTuple):
    """Where log objects come from."""

    account: str
    region: str


@dataclass(frozen=True, slots=True)
class DeliveryIntervals:
    """When log objects came from one account and region.

    `first` and `last` are seconds since 1970, `longest` the longest gap in seconds, faded; `observations` counts how
    often they came, at most once in `RECORDING_INTERVAL` seconds. `last` may be as much as that before the truth.
    """

    first: int
    last: int
    longest: int = 0
    observations: int = 1

    @property
    def watched(self) -> bool:
        """Whether enough is known to call a silence one."""
        known = self.last - self.first >= _LEARNING and self.observations >= _LEAST_BEATS
        return known and self.longest <= _LONGEST_GAP

    def alert_threshold(self, least: int = MINIMUM_ALERT_THRESHOLD) -> int:
        """Return how many seconds without a log object are nothing to tell of; at least `least`."""
        return max(least, _PATIENCE_FACTOR * self.longest)

    def observe(self, time: int) -> "DeliveryIntervals":
        """Return the rhythm with an object that came at `time`, which may be out of order."""
        gap = time - self.last
        if gap < RECORDING_INTERVAL:
            return self
        if gap > _FORGOTTEN:
            return DeliveryIntervals(time, time)
        faded = int(self.longest * 0.5 ** (gap / _HALF_LIFE))
        # A silence that was told was none of the rhythm, or it is a new one: so it counts, but only so far.
        counted = min(gap, 2 * self.alert_threshold()) if self.watched else gap
        return DeliveryIntervals(self.first, time, max(counted, faded), self.observations + 1)

    def silent(self, now: float, least: int = MINIMUM_ALERT_THRESHOLD) -> bool:
        """Whether there should have been an object by now."""
        return self.watched and now - self.last >= self.alert_threshold(least) + RECORDING_INTERVAL


def encode(rhythms: Mapping[str, DeliveryIntervals]) -> str:
    """Return the rhythms of an account's regions as text."""
    plain = {region: [known.first, known.last, known.longest, known.observations] for region, known in rhythms.items()}
    return json.dumps(plain, separators=(",", ":"), sort_keys=True)


def decode(text: str | None) -> dict[str, DeliveryIntervals]:
    """Return the rhythms that `encode` wrote; what is no rhythm is left out, to be learned anew."""
    try:
        plain: Any = json.loads(text or "{}")
    except (ValueError, RecursionError):
        return {}
    if not isinstance(plain, dict):
        return {}
    return {region: DeliveryIntervals(*numbers) for region, numbers in plain.items() if _is_rhythm(numbers)}


def credible(rhythms: Mapping[str, DeliveryIntervals], now: float) -> dict[str, DeliveryIntervals]:
    """Return the rhythms as they can have been learned by `now`; a time that is yet to come would silence the check.

    What is out of bounds is put within them, for a rhythm that is forgotten is not watched for a week.
    """
    named = {region: rhythm for region, rhythm in rhythms.items() if _REGION.fullmatch(region)}
    return {region: _bounded(rhythm, int(now)) for region, rhythm in named.items()}


def _bounded(rhythm: DeliveryIntervals, now: int) -> DeliveryIntervals:
    last = rhythm.last if rhythm.last <= now + CLOCKS_DIFFER_SECONDS else now
    last = max(last, 0)
    first = min(max(rhythm.first, 0), last)
    known = last - first
    longest = min(max(rhythm.longest, 0), known)
    return DeliveryIntervals(first, last, longest, min(max(rhythm.observations, 1), known // RECORDING_INTERVAL + 1))


def _is_rhythm(numbers: object) -> bool:
    return isinstance(numbers, list) and len(numbers) == 4 and all(type(number) is int for number in numbers)  # noqa: PLR2004 (its fields)
