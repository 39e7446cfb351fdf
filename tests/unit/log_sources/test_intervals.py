"""What is learned of an account and region's delivery pattern, and when that makes a gap."""

from collections.abc import Iterable

from hypothesis import given, settings
from hypothesis import strategies as st

from cloudtrail_to_slack.log_sources.intervals import (
    MINIMUM_ALERT_THRESHOLD,
    RECORDING_INTERVAL,
    DeliveryIntervals,
    decode,
    encode,
)

_HOUR, _DAY = 3_600, 86_400
_START = 1_773_000_000
_MONDAY = 1_773_014_400  # 2026-03-09, 00:00 UTC


def _learned(times: Iterable[int]) -> DeliveryIntervals:
    """Return the delivery pattern of objects that came at these times."""
    first, *rest = times
    intervals = DeliveryIntervals(first, first)
    for time in rest:
        intervals = intervals.observe(time)
    return intervals


def _steady(period: int, days: float = 8) -> DeliveryIntervals:
    return _learned(range(_START, _START + int(days * _DAY), period))


@given(
    intervals=st.builds(
        DeliveryIntervals,
        first=st.integers(0, _START),
        last=st.integers(0, 2 * _START),
        longest=st.integers(0, _START),
        observations=st.integers(0, 10**6),
    ),
    now=st.integers(0, 3 * _START),
    least=st.integers(MINIMUM_ALERT_THRESHOLD, 30 * _DAY),
)
def test_no_reported_gap_is_shorter_than_two_hours(intervals: DeliveryIntervals, now: int, least: int) -> None:
    """Whatever was learned, nothing is silent before two hours, nor before as long as is set."""
    assert not intervals.is_down(now, least) or now - intervals.last >= least >= MINIMUM_ALERT_THRESHOLD


@settings(deadline=None)
@given(period=st.integers(60, 30 * _DAY), count=st.integers(2, 2_000))
def test_a_source_that_keeps_to_a_period_is_never_down(period: int, count: int) -> None:
    """From the first object on, up to the instant in which the next one comes."""
    intervals = DeliveryIntervals(_START, _START)
    for time in range(_START + period, _START + (count + 1) * period, period):
        assert not intervals.is_down(time - 1)
        intervals = intervals.observe(time)


@settings(deadline=None)
@given(
    period=st.integers(60, 14 * _DAY),
    shares=st.lists(st.floats(1, 2, exclude_max=True), min_size=20, max_size=200),
)
def test_a_source_that_varies_by_less_than_half_is_never_down(period: int, shares: list[float]) -> None:
    """Gaps of which none is twice another are a delivery pattern, in whatever order they come."""
    intervals = DeliveryIntervals(_START, _START)
    time = _START
    for share in shares:
        time += int(period * share)
        assert not intervals.is_down(time - 1)
        intervals = intervals.observe(time)


@settings(deadline=None)
@given(period=st.integers(60, 7 * _DAY), now=st.integers(0, 40 * _DAY))
def test_a_source_that_stops_is_down_within_a_bound(period: int, now: int) -> None:
    """Log data is missing after two hours or two periods, give or take what is not recorded, never before two hours."""
    observations = max(60, 8 * _DAY // period)
    intervals = _learned(range(_START, _START + observations * period, period))
    stopped = _START + (observations - 1) * period
    assert intervals.watched
    latest = stopped + max(MINIMUM_ALERT_THRESHOLD, 2 * (period + RECORDING_INTERVAL)) + RECORDING_INTERVAL
    assert intervals.is_down(latest + now)
    assert not intervals.is_down(min(stopped + now, stopped + max(MINIMUM_ALERT_THRESHOLD, period)))


@given(times=st.lists(st.integers(_START, _START + 30 * _DAY), min_size=1, max_size=50), again=st.data())
def test_what_came_before_is_no_news(times: list[int], again: st.DataObject) -> None:
    """An object reported again, late or right after another changes nothing."""
    intervals = _learned(sorted(times))
    assert intervals.observe(again.draw(st.integers(0, intervals.last + RECORDING_INTERVAL - 1))) == intervals


def test_newcomers_are_not_watched() -> None:
    """Less than a week says nothing yet, however many objects came in it; a week and a day does."""
    assert not _steady(300, days=6.9).is_down(_START + 60 * _DAY)
    assert _steady(300, days=8).is_down(_START + 60 * _DAY)


def test_a_source_that_delivers_now_and_then_is_not_watched() -> None:
    """Once a week is not a pattern whose gaps could be reported, and once a day is none before weeks have passed."""
    weekly = _steady(7 * _DAY + _HOUR, days=700)
    assert not weekly.is_down(weekly.last + 90 * _DAY)
    assert not _steady(_DAY, days=20).is_down(_START + 60 * _DAY)
    daily = _steady(_DAY, days=30)
    assert not daily.is_down(daily.last + 2 * _DAY)
    assert daily.is_down(daily.last + 2 * _DAY + RECORDING_INTERVAL)


def test_weekends_are_part_of_the_intervals() -> None:
    """Where only people work, no weekend is a gap; not to come back on Monday is one, by Wednesday."""
    intervals = DeliveryIntervals(_MONDAY, _MONDAY)
    for day in range(7 * 8):
        for hour in range(8, 18) if day % 7 < 5 else ():
            time = _MONDAY + day * _DAY + hour * _HOUR
            assert not intervals.is_down(time - 1)
            intervals = intervals.observe(time)
    assert intervals.watched
    assert not intervals.is_down(_MONDAY + 8 * 7 * _DAY + 9 * _HOUR)
    assert intervals.is_down(_MONDAY + 8 * 7 * _DAY + 3 * _DAY)


def test_one_outage_does_not_hide_the_next() -> None:
    """After three days without an object the next gap is reported after eight hours; a month later after two again."""
    intervals = _steady(300)
    after = intervals.observe(intervals.last + 3 * _DAY)
    assert after.alert_threshold() == 8 * _HOUR
    later = _learned_further(after, days=29)
    assert later.alert_threshold() == MINIMUM_ALERT_THRESHOLD


def test_new_intervals_are_learned() -> None:
    """A source that from now on delivers once a day is called silent a few times, and then no more."""
    intervals = _steady(300)
    cries = []
    for _ in range(20):
        cries.append(intervals.is_down(intervals.last + _DAY))
        intervals = intervals.observe(intervals.last + _DAY)
    assert cries == [True, True, *[False] * 18]


def test_who_was_gone_for_two_weeks_is_a_newcomer() -> None:
    """What was learned before is of no use then."""
    intervals = _steady(300)
    assert intervals.observe(intervals.last + 15 * _DAY) == DeliveryIntervals(
        intervals.last + 15 * _DAY, intervals.last + 15 * _DAY
    )


def _learned_further(intervals: DeliveryIntervals, days: int) -> DeliveryIntervals:
    for time in range(intervals.last, intervals.last + days * _DAY, RECORDING_INTERVAL):
        intervals = intervals.observe(time)
    return intervals


_NUMBERS = st.integers(0, 2**40)


@given(st.dictionaries(st.sampled_from(["eu-west-1", "us-gov-west-1"]), st.builds(DeliveryIntervals, *[_NUMBERS] * 4)))
def test_text_holds_all_of_it(known_intervals: dict[str, DeliveryIntervals]) -> None:
    """What is written is read again."""
    assert decode(encode(known_intervals)) == known_intervals


@given(st.one_of(st.none(), st.text(), st.just('{"a": [1, 2, 3], "b": [1, 2, 3, "4"], "c": 5}'), st.just("[1]")))
def test_text_that_is_none_holds_nothing(text: str | None) -> None:
    """What was not written by us is learned anew."""
    assert decode(text) == {}
