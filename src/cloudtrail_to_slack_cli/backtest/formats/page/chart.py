"""Messages per day as a chart: bars in SVG, and the same as a table for those who do not see it."""

from collections.abc import Mapping
from datetime import date, timedelta
from math import ceil

from cloudtrail_to_slack_cli.backtest.formats.page.markup import escape, table
from cloudtrail_to_slack_cli.backtest.formats.sparkline import by_time, days_between
from cloudtrail_to_slack_cli.backtest.totals import NO_DAY

_WIDTH, _HEIGHT = 1000, 220
_LEFT, _TOP, _BOTTOM = 46, 12, 24  # room for the numbers
_MOST_BARS = 120
_MOST_ROWS = 400
_GAP = 0.15  # of a bar
_NO_GAP_ABOVE = 60


def chart(days: Mapping[str, int]) -> str:
    """Return the chart of the messages of each day; days of unknown date are not in it."""
    known = {day: count for day, count in sorted(days.items()) if day != NO_DAY}
    if not known:
        return '<p class="soft">No messages on known days.</p>'
    first, last = min(known), max(known)
    numbers = by_time(known, first, last, _MOST_BARS)
    each = ceil(days_between(first, last) / _MOST_BARS)
    label = (
        f"Messages per {'day' if each == 1 else f'{each} days'} from {first} to {last}: {sum(numbers):,} in all, "
        f"at most {max(numbers):,}"
    )
    as_table = table("Messages per day", ["day", "messages"], list(known.items())[-_MOST_ROWS:])
    return (
        f'<svg class="chart" role="img" aria-label="{escape(label)}" viewBox="0 0 {_WIDTH} {_HEIGHT}">'
        f"{_axis(max(numbers))}{_bars(numbers, first, each)}{_ends(first, last)}</svg>"
        f'<p class="soft">{escape(label)}</p><details><summary>As a table</summary>{as_table}</details>'
    )


def _bars(numbers: list[int], first: str, each: int) -> str:
    room, most = _HEIGHT - _TOP - _BOTTOM, max(numbers)
    width = (_WIDTH - _LEFT) / len(numbers)
    gap = width * _GAP if len(numbers) <= _NO_GAP_ABOVE else 0
    bars = []
    for position, number in enumerate(numbers):
        if number:
            height = max(room * number / most, 1)
            start = date.fromisoformat(first) + timedelta(position * each)
            bars.append(
                f'<rect x="{_LEFT + position * width + gap / 2:.1f}" y="{_TOP + room - height:.1f}" '
                f'width="{width - gap:.1f}" height="{height:.1f}"><title>{start}: {number:,}</title></rect>'
            )
    return "".join(bars)


def _axis(most: int) -> str:
    base = _HEIGHT - _BOTTOM
    return "".join(
        f'<line x1="{_LEFT}" x2="{_WIDTH}" y1="{y}" y2="{y}"/>'
        f'<text x="{_LEFT - 6}" y="{y + 4}" text-anchor="end">{number:,}</text>'
        for y, number in ((_TOP, most), (base, 0))
    )


def _ends(first: str, last: str) -> str:
    y = _HEIGHT - 6
    end = f'<text x="{_WIDTH}" y="{y}" text-anchor="end">{last}</text>' if last != first else ""
    return f'<text x="{_LEFT}" y="{y}">{first}</text>{end}'
