"""With a table that an attacker writes, a trail that is stopped is started, and what is left stopped is reported."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from cloudtrail_to_slack.auto_restart.outcomes import Outcome, read_outcome
from cloudtrail_to_slack.auto_restart.stop_events import StopEvent, read_stop_event
from support.app_environment import TABLE
from support.missing_log_data import DAY, HOUR
from support.restart_environment import ACCOUNT, NOON, RestartEnvironment, envelope

_FAR = {"N": "9999999999"}


def _key(event: dict[str, Any]) -> str:
    found = read_stop_event(event)
    assert isinstance(found, StopEvent)
    return f"restart#event#{found.key}"


def _n(value: object) -> dict[str, Any]:
    return {"N": str(value)}


_RESTARTED = {"S": '{"action": "restarted", "number": 1}'}
_WEEK = 7 * DAY
_EVENTS: dict[str, dict[str, Any]] = {
    "settled for centuries": {"completed": {"BOOL": True}, "done": _RESTARTED, "expires_at": _FAR},
    "settled without end": {"completed": {"BOOL": True}, "done": _RESTARTED},
    "settled until a text": {"completed": {"BOOL": True}, "done": _RESTARTED, "expires_at": {"S": "9"}},
    "settled as a text": {"completed": {"S": "x"}, "done": _RESTARTED, "expires_at": _n(int(NOON) + _WEEK)},
    "done for centuries": {"done": _RESTARTED, "expires_at": _FAR},
    "done by no action": {"done": {"S": '{"action": "restarted", "number": "1"}'}, "expires_at": _n(int(NOON) + _WEEK)},
    "done at no time": {"done": {"S": '{"action": "restarted", "last_started": "x"}'}, "expires_at": _n(int(NOON) + 9)},
    "done as a number": {"done": _n(1), "expires_at": _n(int(NOON) + _WEEK)},
    "at it for centuries": {"owner": {"S": "mallory"}, "leased_until": _FAR, "expires_at": _n(int(NOON) + _WEEK)},
    "at it for an hour": {"owner": {"S": "m"}, "leased_until": _n(NOON + HOUR), "expires_at": _n(int(NOON) + _WEEK)},
    "at it until a text": {"owner": {"S": "m"}, "leased_until": {"S": "~"}, "expires_at": _n(int(NOON) + _WEEK)},
}


@pytest.mark.parametrize("item", _EVENTS.values(), ids=_EVENTS)
def test_an_invented_event_item_keeps_no_trail_stopped(restart: RestartEnvironment, item: dict[str, Any]) -> None:
    """A trail is started although an invented item says that its stop was answered, or is being answered."""
    restart.trail()
    event = envelope(eventID="e-1")
    restart.app_env.aws("dynamodb").put_item(TableName=TABLE, Item={"pk": {"S": _key(event)}, **item})
    assert restart.handle(event) == "restarted"
    assert restart.logs()
    assert restart.handle(event) == "already_handled"


def _soon(minutes: float) -> int:
    return int(NOON + 60 * minutes)


@pytest.mark.long_cases
@pytest.mark.parametrize(
    "restarts",
    [
        {"S": json.dumps([["x", 10**15]] * 9)},
        {"S": json.dumps([["x", _soon(20)]] * 9)},
        {"S": '[["x", Infinity], ["y", Infinity], ["z", Infinity], ["a", Infinity]]'},
        {"S": '[["x", NaN], ["y", NaN], ["z", NaN], ["a", NaN]]'},
        {"S": json.dumps([["x", True]] * 9)},
        {"S": json.dumps([["x", str(_soon(0))]] * 9)},
        {"S": json.dumps([[["x"], _soon(0)]] * 9)},
        {"S": "[" * 100_000},
        _n(9),
        {"L": [{"S": "x"}]},
    ],
)
def test_invented_restarts_do_not_count(restart: RestartEnvironment, restarts: dict[str, Any]) -> None:
    """Restarts at times yet to come, or that are not restarts at all, leave those of this hour to real ones."""
    restart.trail()
    key = f"restart#trail#arn:aws:cloudtrail:eu-west-1:{ACCOUNT}:trail/the-trail"
    restart.app_env.aws("dynamodb").put_item(TableName=TABLE, Item={"pk": {"S": key}, "restarts": restarts})
    actions = []
    for _ in range(4):
        restart.stop()
        actions.append(restart.handle(restart.stopped()))
    assert actions == ["restarted"] * 3 + ["limit_reached"]


@pytest.mark.parametrize("until", [_FAR, {"S": "9999999999"}, {"NULL": True}, _n("1E+90"), _n(int(NOON) + 2 * HOUR)])
def test_an_invented_cooldown_holds_back_no_alarm(restart: RestartEnvironment, until: dict[str, Any]) -> None:
    """That a trail is left stopped is posted although an invented item says that it is not to be for long."""
    restart.configure(RESTARTS_PER_HOUR="1")
    restart.trail()
    restart.handle(envelope())
    restart.stop()
    key = f"restart#quiet#limit_reached#arn:aws:cloudtrail:eu-west-1:{ACCOUNT}:trail/the-trail"
    item = {"pk": {"S": key}, "event": {"S": "x"}, "quiet_until": until}
    restart.app_env.aws("dynamodb").put_item(TableName=TABLE, Item=item)
    before = len(restart.texts())
    assert restart.handle(restart.stopped()) == "limit_reached"
    assert len(restart.texts()) == before + 1


@pytest.mark.parametrize(
    "text",
    [
        '{"action": "restarted", "number": true}',
        '{"action": "restarted", "number": -1}',
        '{"action": "restarted", "number": 1e9}',
        '{"action": "restarted", "number": 99999}',
        '{"action": "maintenance", "until": 5}',
        '{"action": "failed", "code": ["x"]}',
        '{"action": "failed", "maintenance_problem": {}}',
        '{"action": "limit_reached", "last_started": NaN}',
        '{"action": "limit_reached", "last_started": true}',
        '{"action": "notified"}',
        '{"action": "failed", "more": 1}',
        "[" * 100_000,
        "[1]",
    ],
)
def test_what_is_no_outcome_is_none(text: str) -> None:
    """What was done is believed where every part of it is what the code writes."""
    assert read_outcome(text) is None
    assert isinstance(read_outcome('{"action": "failed", "code": "x", "last_started": 1.5}'), Outcome)


def test_maintenance_is_not_kept_in_the_table(restart: RestartEnvironment) -> None:
    """No item of the table makes a maintenance."""
    restart.trail()
    until = datetime.fromtimestamp(NOON + DAY, UTC).isoformat()
    done = {"S": json.dumps({"action": "maintenance", "until": until})}
    event = envelope(eventID="e-1")
    item = {"pk": {"S": _key(event)}, "done": done, "expires_at": _FAR}
    restart.app_env.aws("dynamodb").put_item(TableName=TABLE, Item=item)
    assert restart.handle(event) == "restarted"
