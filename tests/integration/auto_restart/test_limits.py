"""The function does not fight, heeds maintenance, and does everything once."""

import concurrent.futures
import json
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cloudtrail_to_slack.auto_restart.stop_events import StopEvent, read_stop_event
from cloudtrail_to_slack.auto_restart.store import RestartStore, count
from cloudtrail_to_slack.clock import Clock
from cloudtrail_to_slack.errors import InvocationFailedError
from cloudtrail_to_slack.state.leases import Claim
from cloudtrail_to_slack_dev.fake_slack.faults import HttpStatus
from support.app_environment import CHANNEL, TABLE
from support.aws_proxy import refusal
from support.restart_environment import NOON, PARAMETER, RestartEnvironment, envelope


def test_the_same_event_counts_and_is_reported_once(restart: RestartEnvironment) -> None:
    """A copy of an event, or Lambda's retry of one that is settled, starts, counts and reports nothing."""
    restart.trail()
    event = envelope()
    assert restart.handle(event) == "restarted"
    restart.stop()
    assert [restart.handle(event) for _ in range(3)] == ["already_handled"] * 3
    assert not restart.logs()
    assert len(restart.texts()) == 1
    assert restart.handle(restart.stopped()) == "restarted"
    assert "start 2 of at most 3" in restart.texts()[-1]


def test_after_n_restarts_within_an_hour_it_stops(
    restart: RestartEnvironment, capsys: pytest.CaptureFixture[str]
) -> None:
    """The fourth stop within the hour is left, loudly; an hour after the first one there is room for one more."""
    restart.trail()
    actions = []
    for minutes in (0, 10, 20, 59):
        restart.now = NOON + 60 * minutes
        restart.stop()
        actions.append(restart.handle(restart.stopped()))
    assert actions == ["restarted"] * 3 + ["limit_reached"]
    assert not restart.logs()
    assert restart.metric("LoggingLeftStopped", capsys.readouterr().out) == [0, 0, 0, 1]
    assert "This function gives up" in restart.texts()[-1]
    assert restart.texts()[-1].startswith("🚨 CloudTrail logging is OFF")
    restart.now = NOON + 3601
    actions = [restart.handle(restart.stopped()) for _ in range(2)]
    assert actions == ["restarted", "already_logging"]
    restart.stop()
    assert restart.handle(restart.stopped()) == "limit_reached"


def test_each_trail_has_an_hour_of_its_own(restart: RestartEnvironment) -> None:
    """What is counted for one trail keeps no other from being started, nor one of its name in another region."""
    restart.configure(RESTARTS_PER_HOUR="1")
    restart.trail()
    restart.trail(region="us-east-1")
    restart.trail("another")
    named = [{}, {"awsRegion": "us-east-1"}, {"name": "another"}, {}]
    actions = []
    for changes in named:
        restart.stop()
        actions.append(restart.handle(restart.stopped(**changes)))
    assert actions == ["restarted", "restarted", "restarted", "limit_reached"]


def test_many_at_once_are_counted_as_one_after_the_other(restart: RestartEnvironment) -> None:
    """Of eight stops at the same time exactly as many are answered as an hour has."""
    restart.trail()
    restart.aws_proxy.meet = lambda operation, _: (200, {"IsLogging": False}) if operation == "GetTrailStatus" else None
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        actions = sorted(pool.map(restart.handle, [envelope(eventTime="2026-03-14T12:01:00Z") for _ in range(8)]))
    assert actions == ["limit_reached"] * 5 + ["stopped_again"] * 3
    assert restart.started() == 3
    assert len(restart.texts()) == 4


def test_the_alarm_is_no_flood(restart: RestartEnvironment) -> None:
    """Stopped again and again, a trail's alarm is reported once in ten minutes, and each trail's for itself."""
    restart.configure(RESTARTS_PER_HOUR="1")
    for name in ("the-trail", "another"):
        restart.trail(name)
        restart.handle(envelope(name))
        restart.stop(name)
    loud = []
    for minutes, name in ((1, "the-trail"), (2, "the-trail"), (3, "another"), (10, "the-trail"), (12, "the-trail")):
        restart.now = NOON + 60 * minutes
        reported = len(restart.texts())
        assert restart.handle(restart.stopped(name)) == "limit_reached"
        loud.append(len(restart.texts()) - reported)
    assert loud == [1, 0, 1, 0, 1]


def test_an_alarm_that_slack_did_not_receive_is_reported_by_the_retry(restart: RestartEnvironment) -> None:
    """The retry of the event that raised the alarm is not kept quiet by its own first attempt."""
    restart.configure(RESTARTS_PER_HOUR="1")
    restart.trail()
    restart.handle(envelope())
    restart.stop()
    event = restart.stopped()
    restart.app_env.slack.fail(HttpStatus(503), times=4)
    with pytest.raises(InvocationFailedError, match="the notice did not reach Slack"):
        restart.handle(event)
    assert restart.handle(event) == "limit_reached"
    assert "This function gives up" in restart.texts()[-1]


def test_two_copies_at_once_are_one(restart: RestartEnvironment) -> None:
    """While one invocation is at an event, another with a copy of it waits, and then has nothing to do."""
    restart.trail()
    event = envelope()
    waits, done = threading.Event(), threading.Event()

    def meet(operation: str, _: Any) -> None:
        if operation == "StartLogging":
            assert waits.wait(20)

    def wait(_: float) -> None:
        waits.set()
        assert done.wait(20)

    restart.aws_proxy.meet = meet
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        first = pool.submit(restart.handle, event)
        first.add_done_callback(lambda _: done.set())
        while restart.aws_proxy.operations("GetTrailStatus") == 0:
            assert not first.done()
        second = restart.handle(event, Clock(lambda: 30.0, now=lambda: restart.now, sleep=wait))
    assert (first.result(), second) == ("restarted", "already_handled")
    assert restart.started() == 1
    assert len(restart.texts()) == 1


def test_a_copy_that_waits_too_long_is_tried_again(restart: RestartEnvironment) -> None:
    """A function that died holds its event until its lease ends; a copy without time for that is handed back."""
    restart.trail()
    event = envelope()
    stop = read_stop_event(event)
    assert isinstance(stop, StopEvent)
    died = RestartStore(restart.app_env.aws("dynamodb"), TABLE, restart.clock())
    assert died.claim(stop.key)[0] is Claim.ACQUIRED
    left = iter([30.0, 30.0, 30.0])
    clock = Clock(lambda: next(left, 0.0), now=lambda: restart.now, sleep=lambda _: None)
    with pytest.raises(InvocationFailedError, match="is being handled by another invocation"):
        restart.handle(event, clock)
    assert not restart.logs()
    restart.now += 33
    assert restart.handle(event) == "restarted"


@pytest.mark.parametrize("remembered", [None, "", "nonsense", "{}", "[1]", '[["a"]]', '[["a", "x"]]', "[" * 5000])
def test_what_cannot_be_read_of_the_past_stands_in_no_ones_way(remembered: str | None) -> None:
    """A trail of which nothing can be read was never started."""
    evaluation = count(remembered, "key", NOON, 1)
    assert (evaluation.granted, evaluation.number) == (True, 1)


def _at(hours: float) -> str:
    return (datetime.fromtimestamp(NOON, UTC) + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_during_maintenance_nothing_is_started(restart: RestartEnvironment) -> None:
    """While the parameter names a time to come, a stopped trail is left, and Slack learns until when; not after it."""
    restart.trail()
    restart.maintenance("2026-03-14T18:00:00Z")
    assert restart.handle(envelope()) == "maintenance"
    assert not restart.logs()
    assert "Trails are not started until 2026-03-14 18:00:00 UTC" in restart.texts()[0]
    assert "this one is not started automatically after that" in restart.texts()[0]
    assert "aws cloudtrail start-logging" in json.dumps(restart.app_env.slack.messages(CHANNEL)[0].blocks)
    restart.now = NOON + 6 * 3600
    assert restart.handle(envelope()) == "restarted"


def test_the_switch_is_read_afresh(restart: RestartEnvironment) -> None:
    """A maintenance that is called off ends at once, also for a function that has read of it."""
    restart.trail()
    restart.maintenance(_at(1))
    assert restart.handle(envelope()) == "maintenance"
    restart.maintenance(_at(-1))
    assert restart.handle(envelope()) == "restarted"
    assert "maintenance" not in restart.texts()[-1]


@pytest.mark.parametrize(
    "value", ["soon", "9999-12-31T00:00:00Z", _at(7 * 24 + 1), "for ever", "0", "-1", "<!channel>"]
)
def test_a_switch_that_names_no_time_prevents_no_restart(restart: RestartEnvironment, value: str) -> None:
    """A parameter that names no time, or one more than seven days ahead, is reported and not applied."""
    restart.trail()
    restart.maintenance(value)
    assert restart.handle(envelope()) == "restarted"
    assert "The maintenance parameter was ignored" in restart.texts()[0]


@pytest.mark.parametrize("fault", [None, refusal("AccessDeniedException"), refusal("InternalServerError", 500)])
def test_a_switch_that_cannot_be_read_prevents_no_restart(restart: RestartEnvironment, fault: Any) -> None:
    """A parameter that is missing, forbidden or out of order is reported and not applied."""
    restart.trail()
    restart.configure(MAINTENANCE_SSM_PARAMETER=PARAMETER)
    restart.aws_proxy.meet = lambda operation, _: fault if operation == "GetParameter" else None
    assert restart.handle(envelope()) == "restarted"
    code = fault[1]["__type"] if fault else "ParameterNotFound"
    assert f"cannot be read ({code})" in restart.texts()[0]


def test_a_parameter_store_that_is_not_there_prevents_no_restart(restart: RestartEnvironment) -> None:
    """The same when no one answers."""
    restart.trail()
    restart.configure(MAINTENANCE_SSM_PARAMETER=PARAMETER)
    restart.app_env.monkeypatch.setenv("AWS_ENDPOINT_URL_SSM", "http://127.0.0.1:9")
    assert restart.handle(envelope()) == "restarted"
    assert "cannot be read (EndpointConnectionError)" in restart.texts()[0]
