"""Thresholds: one alert for each window in which enough was counted, in any order, however often events come."""

from collections import defaultdict
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudtrail_to_slack.rules import Rule
from cloudtrail_to_slack.rules.model import Threshold
from cloudtrail_to_slack.rules.thresholds import Count, CountStoreError, MemoryCounts, ThresholdCounter, Window

HOUR = 1_773_480_000 - 1_773_480_000 % 3600  # the beginning of an hour

Event = tuple[str, dict[str, Any], float]  # identity, fields, time


def secrets_read(count: int = 3, **changes: Any) -> Rule:
    """A rule that counts secrets by caller within five minutes."""
    threshold: dict[str, Any] = {"count": count, "minutes": 5, "by": ("arn",), "distinct": "secret"} | changes
    return Rule("True", id="secrets", description="Many secrets.", threshold=Threshold(**threshold))


def alerts(counter: ThresholdCounter, rule: Rule, events: list[Event]) -> list[tuple[str, str]]:
    """The identities of the events on which the rule alerts, with what it counted."""
    found = []
    for identity, fields, time in events:
        reached = counter.reached((rule,), fields, time, partial(str, identity))
        found += [(identity, f"{each.counted}: {', '.join(each.members)}") for each in reached]
    return found


def read(number: int, secret: str, arn: str = "a", minute: float = 0.0) -> Event:
    """An event that reads a secret."""
    return f"e{number}", {"arn": arn, "secret": secret}, HOUR + 60 * minute


def test_the_event_that_completes_the_count_alerts() -> None:
    """The third different secret alerts, with what was counted; the first two and the fourth do not."""
    events = [read(number, f"s{number}") for number in range(1, 5)]
    found = alerts(ThresholdCounter(MemoryCounts()), secrets_read(), events)
    assert found == [("e3", "3 different secret within 5 minutes: s1, s2, s3")]


def test_values_are_counted_once() -> None:
    """The same secret read again is not one more."""
    events = [read(number, "same") for number in range(10)]
    assert alerts(ThresholdCounter(MemoryCounts()), secrets_read(), events) == []


def test_without_distinct_events_are_counted_and_copies_once() -> None:
    """Three events alert, and three copies of one do not."""
    rule = secrets_read(distinct=None)
    one = read(1, "same")
    assert alerts(ThresholdCounter(MemoryCounts()), rule, [one, one, one]) == []
    found = alerts(ThresholdCounter(MemoryCounts()), rule, [read(number, "same") for number in range(3)])
    assert found == [("e2", "3 matches within 5 minutes: ")]


def test_how_often_a_rule_may_alert_is_no_count() -> None:
    """A count of one limits how often a rule alerts; so the alert states no count."""
    rule = secrets_read(count=1, distinct=None)
    assert alerts(ThresholdCounter(MemoryCounts()), rule, [read(1, "a"), read(2, "b")]) == [("e1", ": ")]


def test_reads_and_changes() -> None:
    """A rule that takes a read and a change says so, and not that there were two values of a field."""
    rule = secrets_read(count=2, distinct="readOnly", minutes=1440)
    events = [(f"e{number}", {"arn": "a", "readOnly": number < 2}, float(HOUR)) for number in range(3)]
    assert alerts(ThresholdCounter(MemoryCounts()), rule, events) == [("e2", "reads and changes within 24 hours: ")]


@pytest.mark.parametrize(
    ("minutes", "words"), [(1, "1 minute"), (5, "5 minutes"), (60, "1 hour"), (90, "90 minutes"), (1440, "24 hours")]
)
def test_a_window_in_words(minutes: int, words: str) -> None:
    """A window is stated in minutes or whole hours."""
    assert Threshold(2, minutes).window == words


def test_callers_are_counted_apart() -> None:
    """Each value of `by` has a count of its own; a missing field is a value, too."""
    events = [read(number, f"s{number}", arn=f"caller{number % 2}") for number in range(4)]
    assert alerts(ThresholdCounter(MemoryCounts()), secrets_read(), events) == []
    nameless = [(f"n{number}", {"secret": f"s{number}"}, float(HOUR)) for number in range(3)]
    assert [identity for identity, _ in alerts(ThresholdCounter(MemoryCounts()), secrets_read(), nameless)] == ["n2"]


def test_windows_are_counted_apart() -> None:
    """What happens in different windows is not added up, and each window may alert."""
    rule = secrets_read(count=2)
    apart = [read(1, "s1", minute=4.9), read(2, "s2", minute=5.0)]
    assert alerts(ThresholdCounter(MemoryCounts()), rule, apart) == []
    both = [*apart, read(3, "s3", minute=1), read(4, "s4", minute=9)]
    assert [identity for identity, _ in alerts(ThresholdCounter(MemoryCounts()), rule, both)] == ["e3", "e4"]


def test_a_count_of_one_alerts_once_in_a_window() -> None:
    """A count of one is a pause: the first match of a window alerts, and the others do not."""
    rule = secrets_read(count=1, distinct=None)
    events = [read(number, "s", minute=number) for number in range(10)]
    assert [identity for identity, _ in alerts(ThresholdCounter(MemoryCounts()), rule, events)] == ["e0", "e5"]


def test_an_event_without_the_counted_field_is_not_counted() -> None:
    """If there is no value there is nothing different."""
    events = [(f"e{number}", {"arn": "a", "secret": None}, float(HOUR)) for number in range(5)]
    assert alerts(ThresholdCounter(MemoryCounts()), secrets_read(count=1), events) == []


def test_rules_without_a_threshold_alert_each_time() -> None:
    """A rule without a threshold is passed on as it is, whatever becomes of the others."""
    plain, counted = Rule("True", id="plain"), secrets_read()
    reached = ThresholdCounter(MemoryCounts()).reached((counted, plain), read(1, "s")[1], HOUR, lambda: "e1")
    assert reached == (plain,)


@pytest.mark.parametrize("value", ["x" * 10_000, "\ud800", "", 7, True, "a\nb"])
def test_any_value_can_be_counted(value: object) -> None:
    """Values of any kind and length are counted and shown, long ones distinguished by more than their beginning."""
    other = f"{value}!" if isinstance(value, str) else 8
    events: list[Event] = [
        ("e1", {"arn": "a", "secret": value}, float(HOUR)),
        ("e2", {"arn": "a", "secret": other}, float(HOUR)),
    ]
    (found,) = alerts(ThresholdCounter(MemoryCounts()), secrets_read(count=2), events)
    assert found[0] == "e2"
    assert len(found[1]) < 400


def test_a_retry_finds_its_alert_again() -> None:
    """After a failed delivery the same events come again, in any order: only the one that alerted alerts again."""
    store, rule = MemoryCounts(), secrets_read()
    events = [read(number, f"s{number}") for number in range(1, 6)]
    assert [identity for identity, _ in alerts(ThresholdCounter(store), rule, events)] == ["e3"]
    assert [identity for identity, _ in alerts(ThresholdCounter(store), rule, events)] == ["e3"]
    assert [identity for identity, _ in alerts(ThresholdCounter(store), rule, events[::-1])] == ["e3"]


def test_memory_has_room_for_so_many() -> None:
    """A store in memory refuses what it has no room for, and that is not a match that does not count: it fails."""
    counter, failed = ThresholdCounter(MemoryCounts(most=3)), list[str]()
    for identity, fields, time in (read(number, "s", f"arn {number}") for number in range(5)):
        assert not counter.reached((secrets_read(),), fields, time, partial(str, identity), failed.append)
    assert failed == ["without a state table, at most 3 are counted"] * 2


class Failing:
    """A store that fails from some call on."""

    def __init__(self, after: int, *, is_transient: bool = False) -> None:
        self.calls = 0
        self._after = after
        self._may_pass = is_transient
        self._store = MemoryCounts()

    def add(self, window: Window, event: str, count: int) -> Count:
        """Fail, or count."""
        self.calls += 1
        if self.calls > self._after:
            raise CountStoreError("gone", is_transient=self._may_pass)
        return self._store.add(window, event, count)


def test_where_the_store_is_gone_the_invocation_counts_for_itself() -> None:
    """A store that cannot be used at all is reported once, and counting goes on in memory."""
    reported: list[str] = []
    events = [read(number, f"s{number}") for number in range(1, 7)]
    found = alerts(ThresholdCounter(Failing(after=2), reported.append), secrets_read(), events)
    assert [identity for identity, _ in found] == ["e5"]
    assert reported == ["gone"]


def test_a_store_that_fails_for_a_moment_leaves_the_rest_to_the_retry() -> None:
    """What a store cannot count for now is named each time, and the store is asked no more in this invocation."""
    store, rule, uncounted = Failing(after=2, is_transient=True), secrets_read(), list[str]()
    counter = ThresholdCounter(store)
    for number in range(5):
        identity, fields, time = read(number, f"s{number}")
        assert counter.reached((rule,), fields, time, partial(str, identity), uncounted.append) == ()
    assert uncounted == ["gone"] * 3
    assert store.calls == 3


def test_a_flood_asks_the_store_seldom() -> None:
    """What is counted already, and a window that is complete, is not asked for again."""
    store = Failing(after=100)
    events = [read(number, f"s{number % 2}") for number in range(50)] + [read(99, "s9")]
    events += [read(number, f"t{number}") for number in range(200, 300)]
    assert [identity for identity, _ in alerts(ThresholdCounter(store), secrets_read(), events)] == ["e99"]
    assert store.calls == 3


some_events = st.lists(
    st.builds(read, st.integers(0, 30), st.sampled_from("stuvw"), st.sampled_from("ab"), st.integers(0, 12)),
    max_size=40,
)


@given(some_events, st.randoms(use_true_random=False), st.integers(1, 4), st.sampled_from(["secret", None]))
def test_any_order_and_any_split_counts_like_the_whole_history(
    events: list[Event], chance: Any, count: int, distinct: str | None
) -> None:
    """In any order and number of invocations, with copies: the windows that alert are those of the whole history."""
    rule = secrets_read(count=count, distinct=distinct)
    sets: dict[tuple[str, int], set[str]] = defaultdict(set)
    for identity, fields, time in events:
        sets[fields["arn"], int(time // 300)].add(fields["secret"] if distinct else f"{identity}{fields}{time}")
    wanted = sorted(window for window, members in sets.items() if len(members) >= count)

    shuffled = [*events, *chance.sample(events, len(events) // 2)]
    chance.shuffle(shuffled)
    store = MemoryCounts()
    found: dict[tuple[str, int], set[str]] = defaultdict(set)
    while shuffled:
        size = chance.randint(1, 9)
        part, shuffled, counter = shuffled[:size], shuffled[size:], ThresholdCounter(store)
        for identity, fields, time in part:
            whole = f"{identity}{fields}{time}"
            if counter.reached((rule,), fields, time, partial(str, whole)):
                found[fields["arn"], int(time // 300)].add(whole)
    assert sorted(found) == wanted
    assert all(len(carriers) == 1 for carriers in found.values())
