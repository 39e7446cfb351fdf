"""The deduplication store: each alert is delivered once at each destination, whatever arrives twice."""

import json
import re
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from cloudtrail_to_slack.delivery.sending import Sender
from cloudtrail_to_slack.errors import InvocationFailedError
from cloudtrail_to_slack_dev.fake_slack import HttpStatus, RateLimited, SlackError
from support.app_environment import (
    ACCOUNT,
    CHANNEL,
    KEY,
    AppEnvironment,
    Context,
    failed_messages,
    record,
    s3_event,
    sns_envelope,
    sns_event,
    sqs_event,
)

_OTHER_KEY = KEY.replace("0123", "aaaa")


def _event_bridge(detail: dict[str, Any]) -> dict[str, Any]:
    return {"source": "aws.s3", "detail-type": "AWS API Call via CloudTrail", "detail": detail}


def test_a_duplicate_notification_delivers_nothing_again(app_env: AppEnvironment) -> None:
    """The same object announced again, days later, is read again and delivered to no one, in Slack or SNS."""
    topic = app_env.make_topic("alerts")
    app_env.configure_bot(sns={"default_topic_arn": topic})
    app_env.put_log(record(), record())
    for _ in range(2):
        assert app_env.invoke(s3_event(KEY))["matched"] == 2
    assert len(app_env.texts()) == 2
    assert len(app_env.bodies(topic)) == 2


def test_a_duplicate_record_is_delivered_once(app_env: AppEnvironment) -> None:
    """The same record twice in one file, and again in another, is one alert; with no table, too, in one invocation."""
    same = record()
    for table in (True, False):
        app_env.slack.clear()
        app_env.configure_bot(table=table) if table else app_env.configure_bot_again(deduplicate_deliveries=False)
        app_env.put_log(same, same)
        app_env.put_log(same, key=_OTHER_KEY)
        app_env.invoke(s3_event(KEY, _OTHER_KEY))
        assert len(app_env.texts()) == 1


def test_an_event_that_comes_by_two_paths_is_delivered_once(app_env: AppEnvironment) -> None:
    """EventBridge brings an event in seconds; minutes later its log file brings it again, and nothing is said."""
    app_env.configure_bot()
    same = record()
    app_env.invoke(_event_bridge(same))
    app_env.put_log(same)
    app_env.invoke(s3_event(KEY))
    (message,) = app_env.slack.messages(CHANNEL)
    assert re.search(r"received from EventBridge, [0-9]+ days after the event", json.dumps(message.blocks))


def test_an_event_is_recognized_by_the_account_of_its_bus(app_env: AppEnvironment) -> None:
    """EventBridge's copy of an event, without the account it is for, is the event that the log file brings whole."""
    app_env.configure_bot()
    whole = record()
    brought = {key: value for key, value in whole.items() if key != "recipientAccountId"}
    app_env.invoke({**_event_bridge(brought), "account": whole["recipientAccountId"]})
    app_env.put_log(whole)
    app_env.invoke(s3_event(KEY))
    assert len(app_env.slack.messages(CHANNEL)) == 1


def test_a_record_that_names_no_account_is_one_by_both_paths(app_env: AppEnvironment) -> None:
    """Where neither copy names the account it is for, both are identified by the account that bus and object name."""
    app_env.configure_bot()
    same = {key: value for key, value in record().items() if key != "recipientAccountId"}
    same["userIdentity"] = {"type": "AWSService", "invokedBy": "config.amazonaws.com"}
    app_env.invoke({**_event_bridge(same), "account": ACCOUNT})
    app_env.put_log(same)
    app_env.invoke(s3_event(KEY))
    assert len(app_env.slack.messages(CHANNEL)) == 1


def _stop_logging(**changes: Any) -> dict[str, Any]:
    return record(
        **{
            "eventID": "e-1",
            "eventName": "StopLogging",
            "eventSource": "cloudtrail.amazonaws.com",
            "errorCode": None,
            "errorMessage": None,
            "requestParameters": {"name": "the-trail"},
            **changes,
        }
    )


@pytest.mark.parametrize(
    "forged",
    [
        {"userIdentity": {"type": "AWSService", "invokedBy": "cloudtrail.amazonaws.com"}},
        {"requestParameters": {"name": "some-other-trail"}},
        {"sourceIPAddress": "cloudtrail.amazonaws.com", "userAgent": "maintenance"},
        {"errorCode": "AccessDenied"},
        {"awsRegion": "ap-southeast-3"},
        {"responseElements": {"x": 1}},
        {"additionalEventData": {"note": "a drill"}},
    ],
)
def test_an_invented_copy_does_not_pass_for_the_real_event(app_env: AppEnvironment, forged: dict[str, Any]) -> None:
    """An event of the same id, time and name that says something else does not make a duplicate of the real one."""
    app_env.configure_bot()
    app_env.invoke({**_event_bridge(_stop_logging(**forged)), "source": "aws.cloudtrail"})
    real = _stop_logging()
    app_env.put_log(real)
    app_env.invoke(s3_event(KEY))
    shown = [json.dumps(message.blocks) for message in app_env.slack.messages(CHANNEL) if "called" in message.text]
    assert len(shown) == 2
    assert "alice@example.com" in shown[1]
    assert "the-trail" in shown[1]
    sent = len(app_env.slack.messages(CHANNEL))
    app_env.invoke({**_event_bridge(real), "source": "aws.cloudtrail"})
    assert len(app_env.slack.messages(CHANNEL)) == sent


def test_eventbridges_copy_may_be_written_differently(app_env: AppEnvironment) -> None:
    """Null for missing, another order, other number formats and fields that one copy lacks make no second alert."""
    app_env.configure_bot()
    whole = _stop_logging(requestParameters={"name": "the-trail", "days": 5, "none": None}, eventCategory="Management")
    copy = {name: whole[name] for name in reversed(whole) if name not in ("eventCategory", "recipientAccountId")}
    copy |= {"requestParameters": {"days": 5.0, "name": "the-trail"}, "responseElements": None, "resources": []}
    app_env.invoke({**_event_bridge(copy), "source": "aws.cloudtrail", "account": ACCOUNT})
    app_env.put_log(whole)
    app_env.invoke(s3_event(KEY))
    assert len(app_env.slack.messages(CHANNEL)) == 1


def test_an_invented_event_through_topic_or_queue_reaches_no_one(app_env: AppEnvironment) -> None:
    """Who may publish to the topic or send to the queue can invent no event: it fails, and the real one comes."""
    app_env.configure_bot()
    forged = {**_event_bridge(_stop_logging()), "source": "aws.cloudtrail"}
    with pytest.raises(InvocationFailedError, match="a single event in an SNS message"):
        app_env.invoke(sns_event(forged))
    sent = sqs_event(forged, sns_envelope(forged))
    sent["Records"][0]["attributes"] = {"SenderId": "AROAEXAMPLEEXAMPLE123:mallory"}
    assert failed_messages(app_env.invoke(sent)) == ["m0", "m1"]
    assert app_env.texts() == []
    app_env.put_log(_stop_logging())
    app_env.invoke(s3_event(KEY))
    assert len(app_env.texts()) == 1


def test_without_realtime_an_invented_event_reaches_no_one(app_env: AppEnvironment) -> None:
    """Where no rule of EventBridge's brings single events, one that comes by invoking the function is refused."""
    app_env.configure_bot(enable_realtime=False)
    with pytest.raises(InvocationFailedError, match="although enable_realtime is off"):
        app_env.invoke({**_event_bridge(_stop_logging()), "source": "aws.cloudtrail"})
    assert app_env.texts() == []


def test_another_claim_about_a_removed_object_is_another_notice(app_env: AppEnvironment) -> None:
    """Who invents that someone removed an object does not keep the real removal from being reported."""
    app_env.configure_bot()
    for principal in ("AWS:AIDAINVENTED", "AWS:AIDAREAL", "AWS:AIDAREAL"):
        removal = s3_event(KEY, name="ObjectRemoved:Delete")
        removal["Records"][0]["userIdentity"] = {"principalId": principal}
        app_env.invoke(removal)
    assert len(app_env.texts()) == 2


def test_the_log_file_may_come_first(app_env: AppEnvironment) -> None:
    """The same event by EventBridge after its log file says nothing either."""
    app_env.configure_bot()
    same = record()
    app_env.put_log(same)
    app_env.invoke(s3_event(KEY))
    app_env.invoke(_event_bridge(same))
    (message,) = app_env.slack.messages(CHANNEL)
    assert "read from the log file, " in json.dumps(message.blocks)


def test_records_without_an_id_are_distinguished_by_what_they_hold(app_env: AppEnvironment) -> None:
    """Without `eventID` two records are the same when all of them is."""
    app_env.configure_bot()
    app_env.put_log(record(eventID=None), record(eventID=None), record(eventID=None, awsRegion="eu-west-2"))
    app_env.invoke(s3_event(KEY))
    assert len(app_env.texts()) == 2


def test_another_rule_makes_another_alert(app_env: AppEnvironment) -> None:
    """An event that was delivered for one rule is delivered again when another matches it."""
    app_env.configure_bot()
    app_env.put_log(record())
    app_env.invoke(s3_event(KEY))
    app_env.configure_bot_again(rules=['event["eventName"] == "DeleteBucket"'])
    app_env.invoke(s3_event(KEY))
    assert len(app_env.texts()) == 2


def test_a_retry_delivers_only_what_was_not_delivered(app_env: AppEnvironment, waits: list[float]) -> None:
    """Of three alerts one fails; Lambda's retry delivers that one and no other."""
    app_env.configure_bot()
    app_env.put_log(record(eventID="e-1"), record(eventID="e-2", userIdentity=None), record(eventID="e-3"))
    app_env.slack.fail(HttpStatus(500), times=4)
    with pytest.raises(InvocationFailedError, match="event e-1"):
        app_env.invoke(s3_event(KEY))
    assert len(app_env.texts()) == 2
    app_env.invoke(s3_event(KEY))
    assert len(app_env.texts()) == 3
    assert len(waits) == 3


def test_two_functions_at_once_deliver_it_once(app_env: AppEnvironment) -> None:
    """Two functions that get the same object at the same moment deliver each alert once, and both succeed."""
    app_env.configure_bot()
    app_env.put_log(*(record(eventID=f"e-{number}") for number in range(6)))
    answers: list[Any] = []
    racers = [threading.Thread(target=lambda: answers.append(app_env.invoke(s3_event(KEY)))) for _ in range(2)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join(60)
    assert len(answers) == 2
    assert len(app_env.texts()) == 6


def _then(act: Callable[[], None]) -> Callable[..., str | None]:
    """Return a way of sending to Slack after which something happens at once."""
    send = Sender._send  # noqa: SLF001 (the moment between sending and recording has no seam of its own)

    def sending(*args: Any) -> str | None:
        ts = send(*args)
        act()
        return ts

    return sending


class _Killed(BaseException):
    """The process ends, without any of the code after it."""


def _die_while_sending(app_env: AppEnvironment) -> None:
    """Let a function claim an alert, send it and die before it can note that."""
    app_env.configure_bot()
    app_env.put_log(record(eventID="e-1"))
    with app_env.monkeypatch.context() as patched:
        patched.setattr(Sender, "_send", _then(_kill))
        with pytest.raises(_Killed):
            app_env.invoke(s3_event(KEY))


def _kill() -> None:
    raise _Killed


def test_an_alert_that_another_function_is_delivering_is_waited_for(
    app_env: AppEnvironment, waits: list[float]
) -> None:
    """What another function holds is not delivered, and fails the invocation when that does not deliver it in time."""
    _die_while_sending(app_env)
    context = Context()
    context.get_remaining_time_in_millis = lambda: 20_000 - int(1000 * sum(waits))  # type: ignore[method-assign]
    with pytest.raises(
        InvocationFailedError, match="event e-1 did not reach Slack channel C0DEFAULT: delivery_in_progress_elsewhere"
    ):
        app_env.invoke(s3_event(KEY), context)
    assert 16 < sum(waits) < 18


def test_an_alert_whose_sender_died_is_delivered_when_the_lease_ends(app_env: AppEnvironment) -> None:
    """A claim is taken over once its holder cannot be running any more; here Slack had the alert already."""
    _die_while_sending(app_env)
    now = time.time
    app_env.monkeypatch.setattr("time.time", lambda: now() + 33)
    app_env.invoke(s3_event(KEY))
    assert len(app_env.texts()) == 2


@pytest.mark.usefixtures("waits")
@pytest.mark.parametrize(
    ("code", "times"), [("ProvisionedThroughputExceededException", 12), ("InternalServerError", 4)]
)
def test_a_throttled_store_keeps_what_it_guards_from_being_sent(
    app_env: AppEnvironment, dynamodb: Callable[[str, str, int], None], code: str, times: int
) -> None:
    """While the deduplication store cannot be used nothing is sent, and the retry delivers it."""
    app_env.configure_bot()
    app_env.put_log(record(eventID="e-1"))
    dynamodb("PutItem", code, times)  # as often as the SDK and we ask
    with pytest.raises(
        InvocationFailedError, match=f"event e-1 did not reach Slack channel C0DEFAULT: state_table_{code}"
    ):
        app_env.invoke(s3_event(KEY))
    assert app_env.texts() == []
    app_env.invoke(s3_event(KEY))
    assert len(app_env.texts()) == 1


@pytest.mark.parametrize("code", ["ResourceNotFoundException", "AccessDeniedException"])
def test_a_store_that_is_taken_away_silences_nothing(
    app_env: AppEnvironment, dynamodb: Callable[[str, str, int], None], capsys: pytest.CaptureFixture[str], code: str
) -> None:
    """With the table deleted or access to it denied alerts are delivered, and the log says what that means."""
    app_env.configure_bot()
    app_env.put_log(record(), record())
    dynamodb("PutItem", code, 50)
    app_env.invoke(s3_event(KEY))
    assert len(app_env.texts()) == 2
    assert "the state table cannot be used: alerts may be repeated" in capsys.readouterr().out


@pytest.mark.usefixtures("waits")
def test_an_alert_that_cannot_be_recorded_as_delivered_is_delivered(
    app_env: AppEnvironment, dynamodb: Callable[[str, str, int], None], capsys: pytest.CaptureFixture[str]
) -> None:
    """When the store goes down between sending and recording, the alert is delivered and the invocation succeeds."""
    app_env.configure_bot(dynamodb_time_to_live=1)
    app_env.put_log(record(userIdentity={"type": "AWSService"}))  # joins no thread, so that claiming is all that is put
    down = _then(lambda: dynamodb("PutItem", "InternalServerError", 50))
    app_env.monkeypatch.setattr(Sender, "_send", down)
    app_env.invoke(s3_event(KEY))
    assert len(app_env.texts()) == 1
    assert "delivered but not recorded" in capsys.readouterr().out


def test_notices_are_delivered_once_too(app_env: AppEnvironment) -> None:
    """A retry repeats neither what it says of an object that cannot be read nor of a rule that raises."""
    app_env.configure_bot(rules=['event["noSuchField"] == 1'])
    app_env.put(b"not gzip")
    app_env.put_log(record(errorCode=None), key=_OTHER_KEY)
    for _ in range(3):
        with pytest.raises(InvocationFailedError):
            app_env.invoke(s3_event(KEY, _OTHER_KEY))
    assert len([text for text in app_env.texts() if "could not be read" in text]) == 1
    assert len([text for text in app_env.texts() if "raised an error" in text]) == 1


def test_without_the_store_a_table_serves_threads_alone(app_env: AppEnvironment) -> None:
    """With `deduplicate_deliveries` off the table keeps threads, and what arrives twice is delivered twice."""
    app_env.configure_bot(deduplicate_deliveries=False)
    app_env.put_log(record())
    for _ in range(2):
        app_env.invoke(s3_event(KEY))
    (thread,) = app_env.slack.threads(CHANNEL)
    assert len(thread.replies) == 1


def test_each_message_that_announced_what_failed_is_retried(app_env: AppEnvironment, waits: list[float]) -> None:
    """Two messages of a batch bring the same record; when its alert fails both are handed back."""
    app_env.configure_bot()
    same = record()
    app_env.put_log(same)
    app_env.put_log(same, key=_OTHER_KEY)
    app_env.slack.fail(SlackError("fatal_error"), times=4)
    answer = app_env.invoke(sqs_event(s3_event(KEY), s3_event(_OTHER_KEY)))
    assert [failure["itemIdentifier"] for failure in answer["batchItemFailures"]] == ["m0", "m1"]
    assert len(waits) == 3


def test_one_channels_limit_does_not_hold_up_another(app_env: AppEnvironment, waits: list[float]) -> None:
    """While one channel wants to have waited for, the other gets its alerts at once."""
    app_env.slack.add_channel("C1", "other")
    app_env.configure_bot(slack={"routes": [{"accounts": ["444455556666"], "slack_channel_id": "C1"}]})
    app_env.slack.fail(RateLimited(9), channel=CHANNEL)
    app_env.put_log(record(), *(record(recipientAccountId="444455556666") for _ in range(3)))
    app_env.invoke(s3_event(KEY))
    posts = [call for call in app_env.slack.calls if call.method == "chat.postMessage"]
    assert [call.channel for call in posts] == [CHANNEL, "C1", "C1", "C1", CHANNEL]
    assert 0 < sum(waits) <= 9
