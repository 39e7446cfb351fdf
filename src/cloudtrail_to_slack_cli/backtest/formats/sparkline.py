"""Numbers as a line of small bars."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from math import ceil

_BARS = "▁▂▃▄▅▆▇█"
_ASCII_BARS = "_.-=+*#@"


def sparkline(numbers: Sequence[int], encoding: str = "utf-8") -> str:
    """Return a bar for each number; nothing is a space, and the largest number the highest bar."""
    bars = _BARS if encoding.lower().replace("_", "-").startswith("utf") else _ASCII_BARS
    most = max(numbers, default=0)
    return "".join(bars[ceil(number / most * len(bars)) - 1] if number else " " for number in numbers)


def by_time(days: Mapping[str, int], first: str, last: str, most: int) -> list[int]:
    """Return the numbers of the days from `first` to `last`, several days in one if there are more than `most`."""
    start = date.fromisoformat(first)
    count = (date.fromisoformat(last) - start).days + 1
    each = ceil(count / most)
    dates = [(start + timedelta(number)).isoformat() for number in range(count)]
    return [sum(days.get(day, 0) for day in dates[begin : begin + each]) for begin in range(0, count, each)]
