"""Numbers as a line of small bars."""

from collections.abc import Mapping, Sequence
from datetime import date
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
    start, count = date.fromisoformat(first), days_between(first, last)
    each = ceil(count / most)
    numbers = [0] * ceil(count / each)
    for day, number in days.items():
        if first <= day <= last:
            numbers[(date.fromisoformat(day) - start).days // each] += number
    return numbers


def days_between(first: str, last: str) -> int:
    """Return how many days there are from the first to the last, both included."""
    return (date.fromisoformat(last) - date.fromisoformat(first)).days + 1
