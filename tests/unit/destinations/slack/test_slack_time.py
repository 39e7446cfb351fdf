"""Times as Slack shows them."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudtrail_to_slack.alerts.text import how_long, utc
from cloudtrail_to_slack.destinations.slack.render.text import both_zones
from support.slack_markup import assert_harmless

TIME = datetime(2026, 3, 14, 9, 24, 17, 999, tzinfo=UTC)


def test_utc() -> None:
    """A time in UTC says that it is."""
    assert utc(TIME) == "2026-03-14 09:24:17 UTC"


def test_both_zones() -> None:
    """Below the time in UTC stands markup that Slack shows in the reader's zone."""
    second = "<!date^1773480257^{date_short_pretty} {time_secs}|2026-03-14 09:24:17 UTC> your time"
    assert both_zones(TIME, "") == f"2026-03-14 09:24:17 UTC · {second}"


@pytest.mark.parametrize("time", [None, datetime(1969, 12, 31, tzinfo=UTC), datetime(9001, 1, 1, tzinfo=UTC)])
def test_no_time(time: datetime | None) -> None:
    """What is not a time, or one that Slack cannot show, is shown as it stood there."""
    assert both_zones(time, "<!here>") == "`&lt;!here&gt;`"
    assert both_zones(time, "") == "unknown"


@given(time=st.datetimes(timezones=st.just(UTC)))
def test_any_time(time: datetime) -> None:
    """No time whatever makes markup that Slack would not know."""
    assert_harmless(both_zones(time, time.isoformat()))


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0.2, "0 s"), (4.4, "4 s"), (59.0, "59 s"), (60, "1 min"), (340, "6 min"), (7_300, "2 h"), (90_000, "25 h"),
     (172_800, "2 days"), (21_772_800, "252 days")],
)  # fmt: skip
def test_how_long(seconds: float, shown: str) -> None:
    """A length of time is shown in its largest unit."""
    assert how_long(seconds) == shown
