"""What periodic notices remember, in the state table and in memory."""

import concurrent.futures
from collections.abc import Sequence
from typing import Any

import boto3
import pytest

from cloudtrail_to_slack.clock import Clock
from cloudtrail_to_slack.errors import TransientError
from cloudtrail_to_slack.notices.store import (
    MOST_ENTRIES,
    Collected,
    NoticeStore,
    Standing,
    Subject,
    read_subject,
)
from cloudtrail_to_slack.state.table import Items
from support.app_environment import TABLE, AppEnvironment

HOUR = 3600


class Scene:
    """Stores of several functions over one table, or of one process, on a clock of their own."""

    def __init__(self, app_env: AppEnvironment, *, table: bool) -> None:
        self.app_env = app_env
        self.now = 1_773_480_000.0
        self._subjects: dict[str, Subject] = {}
        self._table = table
        if table:
            app_env.make_table()

    def store(self, table_name: str = TABLE) -> NoticeStore:
        """The store of one more invocation."""
        clock = Clock(lambda: 30.0, now=lambda: self.now)
        if not self._table:
            return NoticeStore(self._subjects, clock)
        dynamodb = boto3.client("dynamodb", endpoint_url=self.app_env.endpoint)  # its own, as of another process
        return NoticeStore(self._subjects, clock, Items(dynamodb, table_name, clock))

    def collect(self, *entries: str, store: NoticeStore | None = None) -> Collected:
        """What becomes of entries of the subject `s`."""
        return (store or self.store()).collect("s", entries, HOUR)

    def kept(self) -> Subject:
        """The subject, as the table keeps it."""
        found: dict[str, Any] = self.app_env.aws("dynamodb").get_item(TableName=TABLE, Key={"pk": {"S": "notice#s"}})
        return read_subject(found["Item"]["subject"]["S"])

    def plant(self, subject: Any) -> None:
        """Write an item that the code itself would not."""
        self.app_env.aws("dynamodb").put_item(TableName=TABLE, Item={"pk": {"S": "notice#s"}, "subject": subject})


@pytest.fixture(params=[True, False], ids=["table", "memory"])
def scene(app_env: AppEnvironment, request: pytest.FixtureRequest) -> Scene:
    """Both kinds of stores, one after the other."""
    return Scene(app_env, table=request.param)


@pytest.fixture
def table(app_env: AppEnvironment) -> Scene:
    """A table."""
    return Scene(app_env, table=True)


def standing(found: Collected) -> tuple[Standing, Sequence[str]]:
    """A subject's standing and what is to be sent."""
    return found.standing, found.entries


def test_what_is_new_is_sent_at_once(scene: Scene) -> None:
    """The first entries are acquired, and those that were sent are nothing new, in whatever invocation."""
    store = scene.store()
    found = scene.collect("b", "a", "a", store=store)
    assert standing(found) == (Standing.ACQUIRED, ("a", "b"))
    store.complete("s", found, HOUR)
    assert standing(scene.collect("a", "b")) == (Standing.NOTHING, ())


def test_what_comes_within_the_interval_waits(scene: Scene) -> None:
    """Entries within the interval wait, and are sent with the first after it, each once."""
    store = scene.store()
    store.complete("s", scene.collect("a", store=store), HOUR)
    for entries in (("b",), ("b", "a"), ("c",)):
        found = scene.collect(*entries)
        assert (found.standing, found.due) == (Standing.WAITING, scene.now + HOUR)
    scene.now += HOUR
    assert standing(scene.collect("d", "a")) == (Standing.ACQUIRED, ("b", "c", "d"))


def test_what_waited_is_sent_without_anything_new(scene: Scene) -> None:
    """After the interval what waited can be acquired with no new entry; where nothing waited there is nothing."""
    assert scene.collect().standing is Standing.NOTHING
    store = scene.store()
    store.complete("s", scene.collect("a", store=store), HOUR)
    scene.collect("b")
    assert scene.collect().standing is Standing.NOTHING
    scene.now += HOUR
    store = scene.store()
    found = scene.collect(store=store)
    assert standing(found) == (Standing.ACQUIRED, ("b",))
    store.complete("s", found, HOUR)
    scene.now += HOUR
    assert scene.collect().standing is Standing.NOTHING


def test_a_failure_is_tried_again(scene: Scene) -> None:
    """What could not be sent is acquired by the next attempt, with what came since."""
    store = scene.store()
    scene.collect("a", store=store)
    store.fail("s", 900)
    assert standing(scene.collect("b")) == (Standing.ACQUIRED, ("a", "b"))


def test_failures_in_a_row_cool_off(scene: Scene) -> None:
    """After three failures in a row nothing is tried until the time to cool off is over, and then once each time."""
    for _ in range(3):
        store = scene.store()
        scene.collect("a", store=store)
        store.fail("s", 900)
    assert (scene.collect("a").standing, scene.collect().standing) == (Standing.FAILING, Standing.NOTHING)
    scene.now += 900
    store = scene.store()
    found = scene.collect("b", store=store)
    assert standing(found) == (Standing.ACQUIRED, ("a", "b"))
    store.fail("s", 900)
    assert scene.collect("a").standing is Standing.FAILING
    scene.now += 900
    store = scene.store()
    store.complete("s", scene.collect("a", store=store), HOUR)
    assert scene.collect("c").standing is Standing.WAITING


def test_failures_without_cooling_off(scene: Scene) -> None:
    """Without a time to cool off each attempt may be made."""
    for _ in range(5):
        store = scene.store()
        found = scene.collect("a", store=store)
        assert found.standing is Standing.ACQUIRED
        store.fail("s", 0)


def test_what_waits_is_bounded(scene: Scene) -> None:
    """Of very many entries that wait the first are kept, and the others are counted."""
    store = scene.store()
    store.complete("s", scene.collect("a", store=store), HOUR)
    for start in range(0, 4 * MOST_ENTRIES, MOST_ENTRIES):
        scene.collect(*(f"e{number}" for number in range(start, start + MOST_ENTRIES)))
    scene.now += HOUR
    store = scene.store()
    found = scene.collect(store=store)
    assert (len(found.entries), found.more) == (MOST_ENTRIES, 3 * MOST_ENTRIES)
    store.complete("s", found, HOUR)
    scene.now += HOUR
    assert scene.collect("new").more == 0


def test_what_cannot_be_sent_is_bounded(scene: Scene) -> None:
    """Where sending fails again and again, no more is kept, or an item would come to be too large for the table."""
    for start in range(0, 4 * MOST_ENTRIES, MOST_ENTRIES):
        store = scene.store()
        scene.collect(*(f"e{number}" for number in range(start, start + MOST_ENTRIES)), store=store)
        store.fail("s", 0)
    found = scene.collect("e0")
    assert (found.standing, len(found.entries), found.more) == (Standing.ACQUIRED, MOST_ENTRIES, 3 * MOST_ENTRIES)


def test_long_entries_fit_into_an_item(table: Scene) -> None:
    """Entries as long as hostile text makes them are kept as far as an item of the table has room for them."""
    for start in range(0, 300, MOST_ENTRIES):
        store = table.store()
        found = table.collect(*(f"{number:03}" + "\\" * 12_000 for number in range(start, start + 100)), store=store)
        store.complete("s", found, 0)
        assert (len(found.entries), found.more) == (4, 96)
        assert len(table.kept().dumped()) < 250_000


def test_only_one_function_sends(table: Scene) -> None:
    """While one function sends, another cannot acquire the subject, nor report success: it may do so a bit later."""
    store = table.store()
    found = table.collect("a", store=store)
    with pytest.raises(TransientError, match="another_function"):
        table.collect("b")
    store.complete("s", found, HOUR)
    assert table.collect("b").standing is Standing.WAITING


def test_what_comes_while_another_sends_is_not_lost(table: Scene) -> None:
    """Entries that are added while a notice is being sent are still to be sent."""
    store = table.store()
    found = table.collect("a", store=store)
    table.collect("b", store=store)  # as another function could not; it is the same for the item
    store.complete("s", found, HOUR)
    assert table.kept().to_send == {"b"}


def test_many_functions_at_once_lose_nothing(table: Scene) -> None:
    """What twelve functions have to say about a subject at the same moment is all kept, without a failure."""
    store = table.store()
    store.complete("s", table.collect("a", store=store), HOUR)
    stores = [table.store() for _ in range(12)]
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        found = list(pool.map(lambda number: stores[number].collect("s", [f"e{number:02}"], HOUR), range(12)))
    assert {each.standing for each in found} == {Standing.WAITING}
    assert table.kept().to_send == {f"e{number:02}" for number in range(12)}


def test_a_function_that_died_keeps_nothing_back(table: Scene) -> None:
    """The lease of a function that died ends, and a retry acquires what it was sending."""
    table.collect("a")
    table.now += 60
    assert standing(table.collect("a")) == (Standing.ACQUIRED, ("a",))


@pytest.mark.parametrize("attribute", ["quiet_until", "lease_until"])
def test_times_that_were_planted_hold_nothing_back(table: Scene, attribute: str) -> None:
    """A time further in the future than this code writes keeps nothing from being sent."""
    planted = Subject(owner="another")
    setattr(planted, attribute, int(table.now + 10 * HOUR))
    table.plant({"S": planted.dumped()})
    assert standing(table.collect("a")) == (Standing.ACQUIRED, ("a",))


@pytest.mark.parametrize("attribute", ["quiet_until", "lease_until"])
def test_times_that_this_code_writes_are_believed(table: Scene, attribute: str) -> None:
    """The same item with a time that can be keeps what comes for later."""
    planted = Subject(owner="another")
    setattr(planted, attribute, int(table.now + 60))
    table.plant({"S": planted.dumped()})
    if attribute == "lease_until":
        with pytest.raises(TransientError, match="another_function"):
            table.collect("a")
    else:
        assert table.collect("a").standing is Standing.WAITING


@pytest.mark.parametrize(
    "planted",
    [
        {"N": "5"},
        {"L": [{"S": "a"}]},
        {"S": "[" * 100_000},
        {"S": '"a"'},
        {"S": '[["b"], ["a"], 0, "x", 0, 0, ""]'},
        {"S": '[["b"], ["a"], 0, 9, Infinity, 0, ""]'},
        {"S": '[5, ["a"], 0, 0, 0, 0, ""]'},
        {"S": '[["b"], ["a"], 0, 0, 0, 0]'},
    ],
)
def test_items_of_other_types_hold_nothing_back(table: Scene, planted: dict[str, Any]) -> None:
    """An item that holds anything else than this code writes is a failure or sent, and never a success unnoticed."""
    table.plant(planted)
    assert standing(table.collect("a")) == (Standing.ACQUIRED, ("a",))


def test_a_table_that_is_gone(table: Scene) -> None:
    """Where the table cannot be used at all, memory takes its place."""
    store = table.store("no-such-table")
    found = table.collect("a", store=store)
    assert standing(found) == (Standing.ACQUIRED, ("a",))
    store.fail("s", HOUR)
    store.complete("s", found, HOUR)
    assert table.collect("b", store=table.store("no-such-table")).standing is Standing.WAITING


@pytest.mark.usefixtures("waits")
def test_a_table_that_is_throttled(table: Scene, dynamodb: Any) -> None:
    """A table that cannot be used for now is a passing error: whatever is new is not taken for sent."""
    dynamodb("UpdateItem", "ProvisionedThroughputExceededException", 20)  # the SDK asks ten times
    with pytest.raises(TransientError, match="state_table_Provisioned"):
        table.collect("a")


@pytest.mark.usefixtures("waits")
def test_a_table_that_goes_between_two_calls(table: Scene, dynamodb: Any) -> None:
    """A table that is gone when a notice was sent makes no failure of it."""
    store = table.store()
    found = table.collect("a", store=store)
    dynamodb("UpdateItem", "ResourceNotFoundException", 9)
    store.complete("s", found, HOUR)


def test_very_many_subjects_in_memory(app_env: AppEnvironment) -> None:
    """The memory does not grow without end."""
    scene = Scene(app_env, table=False)
    store = scene.store()
    for number in range(10_050):
        store.collect(str(number), ["a"], HOUR)
    assert len(scene._subjects) <= 10_001  # noqa: SLF001 (its size is the claim)
