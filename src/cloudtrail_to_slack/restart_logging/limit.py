"""How often a trail was started within the last hour, and whether it may be once more. Pure."""

import json
from dataclasses import dataclass

HOUR = 3600


@dataclass(frozen=True, slots=True)
class Count:
    """The verdict: `granted`, and the how-manieth restart within the hour this is (refused: how many there were).

    `text` is what is to be remembered of the trail from now on; None when that is what is remembered already.
    """

    granted: bool
    number: int
    text: str | None = None


def count(remembered: str | None, key: str, now: float, most: int) -> Count:
    """Count the restart for the event `key`, of a trail of which `remembered` is known; the same event counts once."""
    recent = [(known, at) for known, at in _read(remembered) if at > now - HOUR]
    for number, (known, _) in enumerate(recent, 1):
        if known == key:
            return Count(granted=True, number=number)
    if len(recent) >= most:
        return Count(granted=False, number=len(recent))
    return Count(granted=True, number=len(recent) + 1, text=json.dumps([*recent, (key, int(now))]))


def _read(remembered: str | None) -> list[tuple[str, float]]:
    """Read what `count` wrote; what is no such thing is nothing, and stands in nobody's way."""
    try:
        entries = json.loads(remembered or "[]")
        return [(str(key), float(at)) for key, at in entries]
    except (ValueError, TypeError, RecursionError):
        return []
