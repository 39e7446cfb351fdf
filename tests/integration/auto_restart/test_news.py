"""What counts as a start, and what is news: what is said of a trail again and again is said once in a while."""

import json
from typing import Any

import pytest

from cloudtrail_to_slack.auto_restart.stop_events import StopEvent, read_stop_event
from cloudtrail_to_slack.auto_restart.store import HOUR, count, without
from cloudtrail_to_slack.errors import InvocationFailedError
from support.aws_proxy import Answer, refusal
from support.restart_environment import ACCOUNT, NOON, OTHER_ACCOUNT, RestartEnvironment, envelope


def _stop_past_the_limit(restart: RestartEnvironment) -> int:
    """Stop the trail once more than it is started; return how many messages that took."""
    reported = len(restart.texts())
    restart.stop()
    assert restart.handle(restart.stopped()) == "limit_reached"
    return len(restart.texts()) - reported


def _last_started(restart: RestartEnvironment, at: float) -> None:
    """Have CloudTrail say that the trail is off, and was last started then."""

    def meet(operation: str, _: Any) -> Answer | None:
        return (200, {"IsLogging": False, "StartLoggingTime": at}) if operation == "GetTrailStatus" else None

    restart.aws_proxy.meet = meet


def test_a_trail_that_someone_started_is_news_when_it_is_stopped(restart: RestartEnvironment) -> None:
    """Within ten minutes of the alarm it is raised again if the trail was started since, and each time it was."""
    restart.configure(RESTARTS_PER_HOUR="1")
    restart.trail()
    restart.handle(envelope())
    _last_started(restart, restart.now - 1)
    assert [_stop_past_the_limit(restart) for _ in range(3)] == [1, 0, 0]
    _last_started(restart, restart.now + 5)
    restart.now += 10
    assert [_stop_past_the_limit(restart) for _ in range(3)] == [1, 0, 0]


def test_a_start_in_the_future_is_no_news(restart: RestartEnvironment) -> None:
    """A time that cannot be does not end the quiet."""
    restart.configure(RESTARTS_PER_HOUR="1")
    restart.trail()
    restart.handle(envelope())
    _last_started(restart, restart.now + 86400)
    assert [_stop_past_the_limit(restart) for _ in range(3)] == [1, 0, 0]


@pytest.mark.parametrize("action", ["not_permitted", "maintenance", "already_logging"])
def test_a_decoy_does_not_drown_the_channel(restart: RestartEnvironment, action: str) -> None:
    """Stopped again and again, a trail that is left alone is reported once in ten minutes, and each for itself."""
    restart.trail()
    restart.trail("another")
    if action == "not_permitted":
        restart.configure(RESTART_TRAILS=f'["arn:aws:cloudtrail:*:{OTHER_ACCOUNT}:trail/*"]')
    if action == "maintenance":
        restart.maintenance("2026-03-14T18:00:00Z")
    for name in ("the-trail", "another"):
        restart.start(name)
    reported = []
    for minutes, name in ((1, "the-trail"), (2, "the-trail"), (3, "another"), (10, "the-trail"), (12, "the-trail")):
        restart.now = NOON + 60 * minutes
        before = len(restart.texts())
        assert restart.handle(restart.stopped(name)) == action
        reported.append(len(restart.texts()) - before)
    assert reported == [1, 0, 1, 0, 1]


def test_each_outcome_has_a_cooldown_of_its_own(restart: RestartEnvironment) -> None:
    """A report about a decoy does not keep another about the same trail from being sent."""
    restart.trail()
    permitted = f'["arn:aws:cloudtrail:*:{ACCOUNT}:trail/*"]'
    restart.configure(RESTART_TRAILS=f'["arn:aws:cloudtrail:*:{OTHER_ACCOUNT}:trail/*"]')
    restart.handle(restart.stopped())
    restart.configure(RESTART_TRAILS=permitted, RESTARTS_PER_HOUR="1")
    actions = [restart.handle(restart.stopped()) for _ in range(2)]
    restart.stop()
    actions.append(restart.handle(restart.stopped()))
    assert actions == ["restarted", "already_logging", "limit_reached"]
    heads = [text.splitlines()[0] for text in restart.texts()]
    assert len(heads) == len(set(heads)) == 4


def test_a_burst_of_stops_is_one(restart: RestartEnvironment) -> None:
    """Stops from before our last start are one with the stop that it answered: started again, and not counted."""
    restart.configure(RESTARTS_PER_HOUR="1")
    restart.trail()
    burst = [envelope() for _ in range(4)]
    for event in burst:
        restart.stop()
        assert restart.handle(event) == "restarted"
    assert restart.logs()
    assert ["start 1 of at most 1" in text for text in restart.texts()] == [True, False, False, False]
    restart.stop()
    assert restart.handle(restart.stopped()) == "limit_reached"


def test_a_start_that_was_rejected_does_not_use_up_the_hour(restart: RestartEnvironment) -> None:
    """What CloudTrail refused for good was no start, in this attempt or after others."""
    restart.configure(RESTARTS_PER_HOUR="2")
    restart.trail()
    assert restart.handle(envelope()) == "restarted"
    restart.stop()
    for codes in (["AccessDeniedException"], ["ThrottlingException", "AccessDeniedException"]):
        event = restart.stopped()
        *transient, last = codes
        for code in transient:
            _refuse_to_start(restart, code)
            with pytest.raises(InvocationFailedError):
                restart.handle(event)
        _refuse_to_start(restart, last)
        assert restart.handle(event) == "failed"
    restart.aws_proxy.meet = lambda _operation, _body: None
    assert restart.handle(restart.stopped()) == "restarted"
    assert "start 2 of at most 2" in restart.texts()[-1]


@pytest.mark.parametrize("held", [None, "[]", "AccessDenied"])
def test_a_count_that_cannot_be_taken_back_harms_no_one(restart: RestartEnvironment, held: str | None) -> None:
    """When the count is gone, always overtaken or out of reach by then, the refusal is reported anyway."""
    restart.trail()

    def meet(operation: str, body: dict[str, Any]) -> Answer | None:
        if operation == "StartLogging":
            return refusal("AccessDeniedException")
        if restart.started() == 0 or operation != "UpdateItem" or "restarts = " not in body["UpdateExpression"]:
            return None
        if held == "AccessDenied":
            return refusal(held)
        status, answer = refusal("ConditionalCheckFailedException")
        return status, {**answer, **({"Item": {"restarts": {"S": held}}} if held else {})}

    restart.aws_proxy.meet = meet
    assert restart.handle(envelope()) == "failed"
    assert "CloudTrail logging is OFF" in restart.texts()[0]


def test_a_count_that_is_overtaken_for_ever_is_left(restart: RestartEnvironment) -> None:
    """Taking back ends, also when others change the count each time before."""
    restart.trail()
    event = envelope()
    stop = read_stop_event(event)
    assert isinstance(stop, StopEvent)
    overtaken: list[str] = []

    def meet(operation: str, body: dict[str, Any]) -> Answer | None:
        if operation == "StartLogging":
            return refusal("AccessDeniedException")
        if restart.started() == 0 or operation != "UpdateItem" or "restarts = " not in body["UpdateExpression"]:
            return None
        status, answer = refusal("ConditionalCheckFailedException")
        overtaken.append(json.dumps([[stop.key, restart.now], [f"another {len(overtaken)}", restart.now]]))
        return status, {**answer, "Item": {"restarts": {"S": overtaken[-1]}}}

    restart.aws_proxy.meet = meet
    assert restart.handle(event) == "failed"
    assert len(overtaken) == 10


def test_times_to_come_do_not_count() -> None:
    """An entry of more than a minute ahead, or of more than an hour ago, is no one's start."""
    entries = json.dumps([["ahead", NOON + 61], ["old", NOON - HOUR], ["never", 1e308 * 10]])
    assert count(entries, "key", NOON, 1).number == 1
    assert count(entries, "key", NOON, 1, NOON - 10).number == 1
    assert not count(json.dumps([["a", NOON + 60]]), "key", NOON, 1).granted


def test_only_its_own_entry_is_taken_back() -> None:
    """What other events count stays."""
    text = json.dumps([["a", 1], ["b", 2]])
    assert json.loads(without(text, "a") or "") == [["b", 2]]
    assert without(text, "c") is None


def _refuse_to_start(restart: RestartEnvironment, code: str) -> None:
    restart.aws_proxy.meet = lambda operation, _: refusal(code) if operation == "StartLogging" else None
