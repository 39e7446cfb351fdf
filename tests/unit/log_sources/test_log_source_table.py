"""Requests to the table about delivery intervals, and what becomes of half an answer."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from cloudtrail_to_slack.clock import Clock
from cloudtrail_to_slack.log_sources.intervals import DeliveryIntervals, LogSource, decode, encode
from cloudtrail_to_slack.log_sources.recorder import DeliveryRecorder, RecorderCache
from cloudtrail_to_slack.log_sources.table import LogSourceTable
from cloudtrail_to_slack.state.table import StateError
from support.app_environment import TABLE, AppEnvironment
from support.timers import lift_real_limits

_NOW = 1_773_480_600
_KEY = "AWSLogs/{0}/CloudTrail/eu-west-1/2026/03/14/{0}_CloudTrail_eu-west-1_20260314T0930Z_0123456789abcdef.json.gz"
_A, _B = "111122223333", "444455556666"


class Scene:
    """A table and time, which passes where something is waited for."""

    def __init__(self, app_env: AppEnvironment) -> None:
        app_env.make_table()
        self.dynamodb = app_env.aws("dynamodb")
        self.now = float(_NOW)
        self.left = 30.0
        lift_real_limits(app_env.monkeypatch)
        self.clock = Clock(lambda: self.left, now=lambda: self.now, sleep=self._sleep)
        self.table = LogSourceTable(self.dynamodb, TABLE, self.clock)

    def _sleep(self, seconds: float) -> None:
        self.now += seconds
        self.left -= seconds


@pytest.fixture
def scene(app_env: AppEnvironment) -> Scene:
    """An empty table."""
    return Scene(app_env)


class _Halving:
    """A client that leaves all but the first key of a request unprocessed, as DynamoDB may."""

    def __init__(self, client: Any, *, gives: int = 1) -> None:
        self._client = client
        self._gives = gives
        self.asked = 0

    def batch_get_item(self, *, RequestItems: Any) -> Any:  # noqa: N803 (the API's name)
        self.asked += 1
        keys = RequestItems[TABLE]["Keys"]
        if not self._gives:
            return {"Responses": {}, "UnprocessedKeys": RequestItems}
        answer = self._client.batch_get_item(RequestItems={TABLE: {**RequestItems[TABLE], "Keys": keys[: self._gives]}})
        rest = keys[self._gives :]
        return {**answer, "UnprocessedKeys": {TABLE: {**RequestItems[TABLE], "Keys": rest}} if rest else {}}


def _known(scene: Scene, *accounts: str) -> None:
    for account in accounts:
        assert scene.table.list_account(account)
        assert scene.table.put_intervals(account, None, "{}") == (True, "{}")


def test_what_is_left_unprocessed_is_requested_again(scene: Scene) -> None:
    """DynamoDB may answer for some of the keys only; the others are asked for a moment later."""
    _known(scene, _A, _B)
    client = _Halving(scene.dynamodb)
    assert LogSourceTable(client, TABLE, scene.clock).intervals([_A, _B, "777788889999"]) == {_A: "{}", _B: "{}"}  # type: ignore[arg-type]  # what it needs of a client
    assert client.asked == 3
    assert scene.now > _NOW


@pytest.mark.parametrize(("left", "code"), [(30.0, "unprocessed_keys"), (3.1, "out_of_time")])
def test_half_an_answer_is_none(scene: Scene, left: float, code: str) -> None:
    """What is never answered, or not in time, is an error: half of the accounts are not all of them."""
    scene.left = left
    table = LogSourceTable(_Halving(scene.dynamodb, gives=0), TABLE, scene.clock)  # type: ignore[arg-type]  # as above
    with pytest.raises(StateError, match=code):
        table.intervals([_A])


@pytest.mark.long
def test_thousands_of_accounts_are_read(scene: Scene) -> None:
    """However many accounts there are, each request asks for as many as it may."""
    accounts = [f"{111100000000 + number}" for number in range(250)]
    _known(scene, *accounts)
    assert sorted(scene.table.accounts()) == accounts
    assert scene.table.intervals(accounts) == dict.fromkeys(accounts, "{}")


def test_only_what_was_read_is_written_over(scene: Scene) -> None:
    """A reader of another state gets what is there now, also when that is nothing any more."""
    _known(scene, _A)
    assert scene.table.put_intervals(_A, None, "x") == (False, "{}")
    assert scene.table.put_intervals(_A, "y", "x") == (False, "{}")
    assert scene.table.put_intervals(_A, "{}", "x") == (True, "x")
    assert scene.table.put_intervals(_B, "{}", "x") == (False, None)


def test_intervals_are_forgotten_after_three_months(scene: Scene) -> None:
    """DynamoDB removes the item of an account that delivers no log files any more."""
    _known(scene, _A)
    item = scene.dynamodb.get_item(TableName=TABLE, Key={"pk": {"S": f"intervals#{_A}"}})["Item"]
    assert int(item["expires_at"]["N"]) == _NOW + 90 * 86_400


def test_what_is_reported_is_kept_by_account_and_kind(scene: Scene) -> None:
    """What is reported is read again with the intervals of the listed accounts, also when log files come meanwhile."""
    _known(scene, _A)
    reported = {
        "eu-west-1": DeliveryIntervals(_NOW, _NOW, notified={"slack": _NOW, "sns": _NOW - 60}),
        "us-east-1": DeliveryIntervals(_NOW, _NOW, notified={"slack": _NOW}),
    }
    assert scene.table.put_intervals(_A, "{}", encode(reported))[0]
    assert decode(scene.table.intervals(scene.table.accounts())[_A]) == reported
    for later in (1_800, 20 * 86_400):
        scene.now = _NOW + later
        recorder = DeliveryRecorder(scene.table, RecorderCache(), scene.clock)
        time = datetime.fromtimestamp(scene.now, UTC).strftime("%Y%m%dT%H%MZ")
        recorder.observe(_KEY.format(_A).replace("20260314T0930Z", time))
        assert recorder.save() == 0
        found = decode(scene.table.intervals([_A])[_A])
        assert found["eu-west-1"].last > _NOW
        assert {region: known.notified for region, known in found.items()} == {
            region: known.notified for region, known in reported.items()
        }


def test_one_checks_at_a_time(scene: Scene) -> None:
    """Until the check is ended, or its function has died, no other begins; who begins again has not lost it."""
    table = scene.table
    assert table.begin_check("a", 30) is not None
    assert table.begin_check("b", 30) is None
    assert table.begin_check("a", 30) is not None, "the SDK repeats a request whose answer was lost"
    table.end_check("b", _NOW)
    assert table.begin_check("b", 30) is None, "a check ends by whom it was begun"
    table.end_check("a", 0)
    assert table.begin_check("b", 30) == 0, "there was none before"
    table.end_check("b", _NOW)
    scene.now += 5
    assert table.begin_check("c", 30) == _NOW
    scene.now += 30
    assert table.begin_check("a", 30) is not None


class _Rival:
    """A client in whose way another function comes, each time an account's delivery intervals are written."""

    def __init__(self, client: Any, interfere: Callable[[], None], times: int) -> None:
        self._client = client
        self._interfere = interfere
        self._left = times

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def update_item(self, **arguments: Any) -> Any:
        if self._left and arguments["Key"]["pk"]["S"].startswith("intervals#"):
            self._left -= 1
            self._interfere()
        return self._client.update_item(**arguments)


@pytest.mark.parametrize(("times", "unwritten"), [(1, 0), (4, 0), (5, 1)])
def test_who_is_outrun_tries_again(scene: Scene, times: int, unwritten: int) -> None:
    """What others write in the meantime is kept, and added to; after some attempts that is left to the next object."""
    rivals = 0

    def interfere() -> None:
        nonlocal rivals
        rivals += 1
        known_intervals = {f"us-east-{number}": DeliveryIntervals(_NOW, _NOW) for number in range(rivals)}
        scene.dynamodb.put_item(
            TableName=TABLE, Item={"pk": {"S": f"intervals#{_A}"}, "intervals": {"S": encode(known_intervals)}}
        )

    client: Any = _Rival(scene.dynamodb, interfere, times)
    recorder = DeliveryRecorder(LogSourceTable(client, TABLE, scene.clock), RecorderCache(), scene.clock)
    recorder.observe(_KEY.format(_A))
    assert recorder.save() == unwritten
    known = scene.table.intervals([_A])[_A]
    assert ("eu-west-1" in known, f"us-east-{times - 1}" in known) == (not unwritten, True)


def test_the_memory_of_a_function_has_an_end(scene: Scene) -> None:
    """However long it lives, it remembers some thousands of accounts and regions, and forgets them all at once."""
    memory = RecorderCache({LogSource(f"{number:012}", "eu-west-1"): _NOW for number in range(20_000)})
    recorder = DeliveryRecorder(scene.table, memory, scene.clock)
    recorder.observe(_KEY.format(_A))
    assert recorder.save() == 0
    assert memory.recorded == {LogSource(_A, "eu-west-1"): _NOW}
