"""With a table that an attacker writes, alerts, threads and checks go on."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from support.app_environment import CHANNEL, KEY, TABLE, AppEnvironment, record, s3_event
from support.missing_log_data import DAY, A, Scene

_FAR = {"N": "9999999999"}
Change = Callable[[dict[str, Any]], dict[str, Any]]
_CHANGES: dict[str, Change] = {
    "kept for centuries": lambda item: {**item, "expires_at": _FAR},
    "kept without end": lambda item: {name: value for name, value in item.items() if name != "expires_at"},
    "kept until a text": lambda item: {**item, "expires_at": {"S": "9999999999"}},
}


def _replant(app_env: AppEnvironment, change: Change, prefix: str = "") -> None:
    """Change every item of the table whose key begins so."""
    dynamodb = app_env.aws("dynamodb")
    for item in dynamodb.scan(TableName=TABLE)["Items"]:
        if item["pk"]["S"].startswith(prefix):
            dynamodb.put_item(TableName=TABLE, Item=change(item))


@pytest.mark.parametrize("change", _CHANGES.values(), ids=_CHANGES)
def test_alerts_and_threads_outlive_their_items(app_env: AppEnvironment, change: Change) -> None:
    """Items changed to last for ever are nothing: the alert is delivered again, and as a message of the channel."""
    app_env.configure_bot()
    app_env.put_log(record(eventID="e-1"))
    app_env.invoke(s3_event(KEY))
    _replant(app_env, change)
    app_env.invoke(s3_event(KEY))
    threads = app_env.slack.threads(CHANNEL)
    assert [len(thread.replies) for thread in threads] == [0, 0]


@pytest.mark.parametrize("opening", ["{", "[1]", '["x"]', '{"a": 1}'])
def test_a_thread_whose_message_was_changed_is_replaced(app_env: AppEnvironment, opening: str) -> None:
    """With a parent's message that cannot be read alerts are delivered, and the invocation succeeds."""
    app_env.configure_bot()
    app_env.put_log(record(eventID="e-1"))
    app_env.invoke(s3_event(KEY))
    _replant(app_env, lambda item: {**item, "opening": {"S": opening}}, "thread#")
    app_env.put_log(record(eventID="e-2"))
    app_env.invoke(s3_event(KEY))
    assert len(app_env.slack.threads(CHANNEL)) == 2


@pytest.fixture
def scene(app_env: AppEnvironment) -> Scene:
    """A deployment with the alarm on missing log data."""
    return Scene(app_env)


def _with_last(text: str, last: int) -> str:
    known_intervals = json.loads(text)
    return json.dumps({region: [first, last, *rest] for region, (first, _, *rest) in known_intervals.items()})


@pytest.mark.long
@pytest.mark.parametrize("years", [1, 1000, 10**12])
def test_intervals_from_the_future_are_found_silent(scene: Scene, years: int) -> None:
    """An account whose last object is said to come in years is corrected by a check, and then is found silent."""
    scene.configure()
    scene.live(A)
    last = int(scene.now) + years * 365 * DAY
    _replant(
        scene.app_env, lambda item: {**item, "intervals": {"S": _with_last(item["intervals"]["S"], last)}}, "intervals#"
    )
    scene.pass_time(30)
    assert len(scene.said()) == 1
    assert A.account in scene.said()[0] or "stopped" in scene.said()[0]


@pytest.mark.long
@pytest.mark.parametrize(
    "change",
    [
        lambda item: {**item, "lease": _FAR, "owner": {"S": "mallory"}},
        lambda item: {**item, "lease": {"S": "9"}, "owner": {"S": "mallory"}},
        lambda item: {**item, "checked": {"N": "1E+90"}},
        lambda item: {**item, "checked": {"S": "x"}},
    ],
)
def test_checks_go_on(scene: Scene, change: Change) -> None:
    """An invented check, or time of one, keeps the next from being made for an hour at most."""
    scene.configure()
    scene.live(A)
    scene.pass_time(1)
    _replant(scene.app_env, change, "sources")
    scene.pass_time(30)
    assert len(scene.said()) == 1


@pytest.mark.long
@pytest.mark.parametrize("delivered", [str(10**12), "1e400", "[]", '"x"'])
def test_an_invented_notification_of_missing_log_data_is_none(scene: Scene, delivered: str) -> None:
    """A gap that the table says was notified at a time yet to come is notified."""
    scene.configure()
    scene.live(A)
    scene.pass_time(1)
    notified = f', {{"slack_app": {delivered}}}]'
    _replant(
        scene.app_env,
        lambda item: {**item, "intervals": {"S": item["intervals"]["S"].replace("]", notified)}},
        "intervals#",
    )
    scene.pass_time(30)
    assert len(scene.said()) == 1
