"""Items in the state table that the code would not have written suppress nothing."""

import json
from typing import Any

import pytest

from cloudtrail_to_slack.clock import Clock
from cloudtrail_to_slack.delivery.deduplication import DeduplicationStore
from cloudtrail_to_slack.destinations.slack.threads import Thread, ThreadStore
from cloudtrail_to_slack.log_sources.intervals import DeliveryIntervals, credible, decode, encode
from cloudtrail_to_slack.log_sources.table import LogSourceTable
from cloudtrail_to_slack.notices.store import NoticeStore, Standing, Subject
from cloudtrail_to_slack.state.leases import Claim
from cloudtrail_to_slack.state.table import Items
from support.app_environment import TABLE, AppEnvironment

_NOW = 1_773_480_000
_DAY = 86_400
_TEN_YEARS = 3650 * _DAY
_TIME_TO_LIVE = 3600
_ACCOUNT = "111122223333"


class Scene:
    """A table that an attacker may write, on a clock that stands."""

    def __init__(self, app_env: AppEnvironment) -> None:
        app_env.make_table()
        self.dynamodb = app_env.aws("dynamodb")
        self.clock = Clock(lambda: 30.0, now=lambda: float(_NOW))

    def plant(self, key: str, **attributes: dict[str, Any]) -> None:
        """Put an item."""
        self.dynamodb.put_item(TableName=TABLE, Item={"pk": {"S": key}, **attributes})

    def item(self, key: str) -> dict[str, Any]:
        """Return an item."""
        found: dict[str, Any] = self.dynamodb.get_item(TableName=TABLE, Key={"pk": {"S": key}}).get("Item", {})
        return found

    def store(self) -> DeduplicationStore:
        """Return the deduplication store of one more function."""
        return DeduplicationStore(self.dynamodb, TABLE, _TIME_TO_LIVE, self.clock)

    def threads(self) -> ThreadStore:
        """Return the threads of one more function."""
        return ThreadStore(self.dynamodb, TABLE, 900, self.clock)

    def known_intervals(self) -> LogSourceTable:
        """Return the table as the check for missing log data uses it."""
        return LogSourceTable(self.dynamodb, TABLE, self.clock)


@pytest.fixture
def scene(app_env: AppEnvironment) -> Scene:
    """An empty table."""
    return Scene(app_env)


def _n(value: object) -> dict[str, Any]:
    return {"N": str(value)}


_DELIVERED, _OWNER = {"BOOL": True}, {"S": "mallory"}
# Attributes of an item under a key of the deduplication store that none of our functions can have written at _NOW.
INVENTED: dict[str, dict[str, Any]] = {
    "delivered for ten years": {"completed": _DELIVERED, "expires_at": _n(_NOW + _TEN_YEARS)},
    "delivered for a day too long": {"completed": _DELIVERED, "expires_at": _n(_NOW + 2 * _TIME_TO_LIVE + _DAY)},
    "delivered for as long as numbers go": {"completed": _DELIVERED, "expires_at": _n("9.9E+125")},
    "delivered without end": {"completed": _DELIVERED},
    "delivered until a text": {"completed": _DELIVERED, "expires_at": {"S": str(_NOW + 60)}},
    "delivered until later than any text": {"completed": _DELIVERED, "expires_at": {"S": "~"}},
    "delivered until nothing": {"completed": _DELIVERED, "expires_at": {"NULL": True}},
    "delivered until true": {"completed": _DELIVERED, "expires_at": {"BOOL": True}},
    "delivered until several times": {"completed": _DELIVERED, "expires_at": {"NS": [str(_NOW + 60)]}},
    "delivered until an object": {"completed": _DELIVERED, "expires_at": {"M": {"N": _n(_NOW + 60)}}},
    "delivered until before": {"completed": _DELIVERED, "expires_at": _n(-5)},
    "leased for ten years": {"owner": _OWNER, "expires_at": _n(_NOW + _TEN_YEARS)},
    "leased for as long as delivered": {"owner": _OWNER, "expires_at": _n(_NOW + _TIME_TO_LIVE)},
    "leased for three minutes": {"owner": _OWNER, "expires_at": _n(_NOW + 180)},
    "leased without end": {"owner": _OWNER},
    "delivered as a text": {"completed": {"S": "true"}, "expires_at": _n(_NOW + _TIME_TO_LIVE)},
    "delivered as a number": {"completed": _n(5), "expires_at": _n(_NOW + _TIME_TO_LIVE)},
    "delivered as nothing": {"completed": {"NULL": True}, "expires_at": _n(_NOW + _TIME_TO_LIVE)},
    "not delivered": {"completed": {"BOOL": False}, "expires_at": _n(_NOW + _TIME_TO_LIVE)},
    "nothing at all": {},
}


@pytest.mark.parametrize("item", INVENTED.values(), ids=INVENTED)
def test_an_invented_delivery_is_none(scene: Scene, item: dict[str, Any]) -> None:
    """An alert that an invented item says is delivered, or being delivered, is free, alone and among many."""
    for key in ("alone", "first", "second"):
        scene.plant(key, **item)
    assert scene.store().claim("alone") is Claim.ACQUIRED
    assert set(scene.store().claim_all(["first", "second", "third"]).values()) == {Claim.ACQUIRED}
    assert scene.item("alone")["expires_at"] == _n(_NOW + 32)


def test_what_a_function_writes_is_believed(scene: Scene) -> None:
    """Leases and deliveries of functions whose clock is a minute ahead, or which kept them twice as long, hold."""
    scene.plant("leased", owner=_OWNER, expires_at=_n(_NOW + 90 + 60))
    scene.plant("delivered", completed=_DELIVERED, expires_at=_n(_NOW + 2 * _TIME_TO_LIVE + 60))
    store = scene.store()
    assert store.claim_all(["leased", "delivered"]) == {"leased": Claim.IN_PROGRESS, "delivered": Claim.COMPLETED}
    assert (store.claim("leased"), store.claim("delivered")) == (Claim.IN_PROGRESS, Claim.COMPLETED)


@pytest.mark.parametrize(
    "item",
    [
        {"owner": _OWNER, "expires_at": _n(_NOW + _TEN_YEARS)},
        {"owner": _OWNER, "expires_at": _n(_NOW + 3600 + 120)},
        {"completed": _DELIVERED, "expires_at": _n(_NOW + _TEN_YEARS)},
        {"owner": _OWNER},
        {"expires_at": {"S": "9999999999"}},
    ],
)
def test_an_invented_cooldown_keeps_nothing_quiet(scene: Scene, item: dict[str, Any]) -> None:
    """What is said once an hour is said although an invented item says that it was said for longer."""
    scene.plant("route", **item)
    assert scene.store().acquire_cooldown("route", 3600)
    assert not scene.store().acquire_cooldown("route", 3600)


@pytest.mark.parametrize(
    "subject",
    [
        {"S": Subject(quiet_until=_NOW + _TEN_YEARS).dumped()},
        {"S": Subject(owner="mallory", lease_until=_NOW + _TEN_YEARS).dumped()},
        {"S": Subject(failed_attempts=10**90, quiet_until=10**90, lease_until=10**90).dumped()},
        {"S": "~"},
        _n(_NOW),
        {"NULL": True},
    ],
)
def test_an_invented_notice_keeps_none_quiet(scene: Scene, subject: dict[str, Any]) -> None:
    """A periodic notice is due although an invented item says that it was sent, or is being sent, for long."""
    scene.plant("notice#rules", subject=subject)
    notices = NoticeStore({}, scene.clock, Items(scene.dynamodb, TABLE, scene.clock))
    assert notices.collect("rules", ["e-1"], 3600).standing is Standing.ACQUIRED


_TS, _OPENING = {"S": "1773479000.000100"}, {"S": json.dumps(["text", [{"type": "section"}]])}
_SOON = _n(_NOW + 600)
THREADS: dict[str, dict[str, Any]] = {
    "for ten years": {"ts": _TS, "opening": _OPENING, "expires_at": _n(_NOW + _TEN_YEARS)},
    "without end": {"ts": _TS, "opening": _OPENING},
    "until a text": {"ts": _TS, "opening": _OPENING, "expires_at": {"S": "9"}},
    "being opened for ten years": {"owner": _OWNER, "expires_at": _n(_NOW + _TEN_YEARS)},
    "being opened for ten minutes": {"owner": _OWNER, "expires_at": _SOON},
    "without a message": {"ts": _TS, "expires_at": _SOON},
    "with a number for a message": {"ts": _TS, "opening": _n(1), "expires_at": _SOON},
    "with no JSON for a message": {"ts": _TS, "opening": {"S": "{"}, "expires_at": _SOON},
    "with endless JSON for a message": {"ts": _TS, "opening": {"S": "[" * 100_000}, "expires_at": _SOON},
    "with other JSON for a message": {"ts": _TS, "opening": {"S": '["text", [1]]'}, "expires_at": _SOON},
    "with more JSON for a message": {"ts": _TS, "opening": {"S": '["text", [], 1]'}, "expires_at": _SOON},
    "with a list for a text": {"ts": _TS, "opening": {"S": "[[], []]"}, "expires_at": _SOON},
    "with a number for its place": {"ts": _n(1), "opening": _OPENING, "expires_at": _SOON},
    "with words for its place": {"ts": {"S": "the first one"}, "opening": _OPENING, "expires_at": _SOON},
    "with nothing for its place": {"ts": {"S": ""}, "opening": _OPENING, "expires_at": _SOON},
}


@pytest.mark.parametrize("item", THREADS.values(), ids=THREADS)
def test_an_invented_thread_is_none(scene: Scene, item: dict[str, Any]) -> None:
    """A new thread takes the place of what no function of ours can have written."""
    scene.plant("thread#C1#f", **item)
    ours, others = scene.threads(), scene.threads()
    assert ours.claim("thread#C1#f") is True
    assert others.claim("thread#C1#f") is False
    opened = Thread("1773480000.000100", '["text", []]', 3)
    assert ours.opened("thread#C1#f", opened)
    assert others.claim("thread#C1#f") == opened


@pytest.mark.parametrize(
    ("home", "kept"),
    [("thread#C1#other", "thread#C1#other"), ("thread#C2#other", ""), ("intervals#1", ""), ("", ""), (None, "")],
)
def test_a_thread_counts_in_its_own_channel(scene: Scene, home: str | None, kept: str) -> None:
    """An item that points to another channel's thread, or to none, counts in itself."""
    pointing = {"home": {"S": home}} if home is not None else {"home": _n(1)}
    scene.plant("thread#C1#f", ts=_TS, opening=_OPENING, severity=_n("1E+90"), expires_at=_SOON, **pointing)
    found = scene.threads().claim("thread#C1#f")
    assert found == Thread(_TS["S"], _OPENING["S"], 0, kept)


def test_a_count_beyond_measure_is_not_shown(scene: Scene) -> None:
    """A count that no thread can have is not a count."""
    scene.plant("thread#C1#f", ts=_TS, opening=_OPENING, expires_at=_SOON, alerts=_n("9" * 20))
    assert scene.threads().count("thread#C1#f", Thread(_TS["S"], "")) is None


INTERVALS: dict[str, tuple[list[Any], list[int]]] = {
    "seen in ten years": ([_NOW - 30 * _DAY, _NOW + _TEN_YEARS, 1_200, 500], [_NOW - 30 * _DAY, _NOW, 1_200, 500]),
    "first seen tomorrow": ([_NOW + _DAY, _NOW - 60, 0, 1], [_NOW - 60, _NOW - 60, 0, 1]),
    "a gap longer than known": ([_NOW - _DAY, _NOW, _TEN_YEARS, 5], [_NOW - _DAY, _NOW, _DAY, 5]),
    "a gap beyond measure": ([_NOW - _DAY, _NOW, 10**400, 5], [_NOW - _DAY, _NOW, _DAY, 5]),
    "more often than can be": ([_NOW - 9_000, _NOW, 900, 10**9], [_NOW - 9_000, _NOW, 900, 11]),
    "less than nothing": ([-5, -3, -1, -9], [0, 0, 0, 1]),
}


@pytest.mark.parametrize(("stored", "known"), INTERVALS.values(), ids=INTERVALS)
def test_invented_intervals_are_put_within_bounds(stored: list[Any], known: list[int]) -> None:
    """Of a delivery pattern that cannot have been learned remains what can, so that it is watched on."""
    known_intervals = decode(json.dumps({"eu-west-1": stored, "<!channel>": stored, "x" * 50: stored}))
    assert credible(known_intervals, _NOW) == {"eu-west-1": DeliveryIntervals(*known)}


def test_learned_intervals_are_left_as_they_are() -> None:
    """What was learned, by a clock that may be a minute ahead, is credible."""
    intervals = DeliveryIntervals(_NOW - 30 * _DAY, _NOW - 30 * _DAY)
    for time in range(_NOW - 29 * _DAY, _NOW + 60, 901):
        intervals = intervals.observe(time)
    assert credible({"eu-west-1": intervals}, _NOW) == {"eu-west-1": intervals}


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a": ' * 50_000, "1" * 5_000, '{"eu-west-1": [1, 2, 3, true]}'])
def test_a_string_that_holds_no_intervals(text: str) -> None:
    """What cannot be read is learned anew, and raises nothing."""
    assert decode(text) == {}


@pytest.mark.parametrize(
    "item",
    [{"lease": _n(_NOW + _TEN_YEARS)}, {"lease": _n(_NOW + 1_000)}, {"lease": {"S": "9"}}, {"lease": {"NULL": True}}],
)
def test_an_invented_check_keeps_none_from_being_made(scene: Scene, item: dict[str, Any]) -> None:
    """A check is made although an invented item says that another function is checking."""
    scene.plant("sources", owner=_OWNER, **item)
    assert scene.known_intervals().begin_check("us", 902) is not None
    assert scene.known_intervals().begin_check("others", 902) is None


@pytest.mark.parametrize(
    ("checked", "read"),
    [(_n(_NOW - 60), _NOW - 60), (_n(_NOW + _TEN_YEARS), _NOW), (_n("1E+90"), 0), ({"S": "now"}, 0)],
)
def test_when_there_was_a_check_before(scene: Scene, checked: dict[str, Any], read: int) -> None:
    """The time of the last check is no later than now, and none where it is not a number."""
    scene.plant("sources", checked=checked)
    assert scene.known_intervals().begin_check("us", 60) == read


@pytest.mark.parametrize(
    ("notified", "read"),
    [
        ("5", {}),
        ('["slack"]', {}),
        ("null", {}),
        ('{"slack": "1773400000"}', {}),
        ('{"slack": 1e400}', {}),
        ('{"slack": [1]}', {}),
        ('{"slack": true, "sns": 5}', {"sns": 5}),
    ],
)
def test_what_is_no_list_of_what_is_reported(notified: str, read: dict[str, int]) -> None:
    """What cannot be read of what is reported as down is left out, and raises nothing; the intervals are kept."""
    known = decode(f'{{"eu-west-1": [1, 2, 0, 1, {notified}]}}')
    assert known == {"eu-west-1": DeliveryIntervals(1, 2, 0, 1, notified=read)}


@pytest.mark.parametrize("item", ["{", "[" * 100_000, "[1]", '{"eu-west-1": 5}', '{"eu-west-1": {"slack": 5}}'])
def test_what_is_no_string_of_intervals(item: str) -> None:
    """What cannot be read at all holds no intervals, and nothing that is reported."""
    assert decode(item) == {}


def test_only_accounts_are_listed(scene: Scene) -> None:
    """Of what is listed, only accounts count that the list can hold."""
    scene.plant("sources#33", accounts={"SS": [_ACCOUNT, "999", "444455556666", "x33"]})
    assert scene.known_intervals().accounts() == [_ACCOUNT]


@pytest.mark.parametrize("accounts", [{"S": "x"}, _n(1), {"L": [{"S": _ACCOUNT}]}, {"NULL": True}])
def test_what_is_no_list_of_accounts_makes_way(scene: Scene, accounts: dict[str, Any]) -> None:
    """An account is listed although its list is of another type."""
    scene.plant("sources#33", accounts=accounts)
    assert scene.known_intervals().list_account(_ACCOUNT)
    assert scene.item("sources#33")["accounts"] == {"SS": [_ACCOUNT]}


def test_a_string_without_intervals_makes_way(scene: Scene) -> None:
    """An account's delivery intervals are written although what stands there is of another type, and only once."""
    scene.plant(f"intervals#{_ACCOUNT}", intervals=_n(1))
    assert scene.known_intervals().intervals([_ACCOUNT]) == {}
    text = encode({"eu-west-1": DeliveryIntervals(_NOW, _NOW)})
    assert scene.known_intervals().put_intervals(_ACCOUNT, None, text) == (True, text)
    assert scene.known_intervals().put_intervals(_ACCOUNT, None, "{}") == (False, text)
