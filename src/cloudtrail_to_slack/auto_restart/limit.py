"""How often a trail was started within the last hour, and whether it may be once more. Pure."""

import json
import math
from dataclasses import dataclass

HOUR = 3600
_AHEAD_SECONDS = 60  # how far clocks may differ: what is later was not written by `count`


@dataclass(frozen=True, slots=True)
class Count:
    """Whether a restart is `granted`, and its number within the hour (refused: how many there were).

    `number` is 0 for a restart that is granted without being counted.

    `text` is what is to be remembered of the trail from now on; None when that is what is remembered already.
    """

    granted: bool
    number: int
    text: str | None = None


def count(remembered: str | None, key: str, now: float, most: int, happened: float | None = None) -> Count:
    """Count the restart for the event `key`, of a trail of which `remembered` is known; the same event counts once.

    `happened` is when the trail was stopped, None if unknown: stops before our last start are one with the stop
    that it answered.
    """
    recent = [(known, at) for known, at in _read(remembered) if now - HOUR < at <= now + _AHEAD_SECONDS]
    for number, (known, _) in enumerate(recent, 1):
        if known == key:
            return Count(granted=True, number=number)
    if happened is not None and any(happened <= at for _, at in recent):
        return Count(granted=True, number=0)
    if len(recent) >= most:
        return Count(granted=False, number=len(recent))
    return Count(granted=True, number=len(recent) + 1, text=json.dumps([*recent, (key, int(now))]))


def without(remembered: str | None, key: str) -> str | None:
    """Return what is to be remembered when the event `key` does not count; None: it did not."""
    entries = _read(remembered)
    others = [(known, at) for known, at in entries if known != key]
    return json.dumps(others) if len(others) < len(entries) else None


def _read(remembered: str | None) -> list[tuple[str, float]]:
    """Read what `count` wrote; what is no such thing is nothing, and prevents no restart."""
    try:
        entries = json.loads(remembered or "[]")
        pairs = [(key, at) for key, at in entries]
    except (ValueError, TypeError, RecursionError):
        return []
    sound = all(isinstance(key, str) and type(at) in (int, float) and math.isfinite(at) for key, at in pairs)
    return pairs if sound else []
