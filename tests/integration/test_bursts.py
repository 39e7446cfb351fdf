"""Many alerts at once: a message limit for each channel, and one summary for what goes beyond it."""

import json
import re
from typing import Any

import pytest

from cloudtrail_to_slack.destinations.slack.bot import SlackBot
from cloudtrail_to_slack.errors import InvocationFailedError
from cloudtrail_to_slack_dev.fake_slack import HttpStatus, SlackError
from support.app_environment import CHANNEL, KEY, AppEnvironment, Context, record, s3_event

_IDS = re.compile(r"id-\d{5}")


def _flood(count: int, **fields: Any) -> list[dict[str, Any]]:
    """Return denied calls by as many actors, a second apart, in no order."""
    records = [
        record(
            eventID=f"id-{number:05}-4f0e-8c1d-9a7b-0123456789ab",  # as long as a real one
            eventTime=f"2026-03-14T{9 + number // 3600:02}:{number // 60 % 60:02}:{number % 60:02}Z",
            **{"userIdentity": None, **fields},
        )
        for number in range(count)
    ]
    return records[::2] + records[1::2]


def _ids(app_env: AppEnvironment, channel: str = CHANNEL) -> list[str]:
    """Return the ids of the events that a channel's messages hold, in their order."""
    return [found for message in app_env.slack.messages(channel) for found in _delivered(message)]


def _delivered(message: Any) -> list[str]:
    said = json.dumps(message.blocks) or message.text
    return sorted(set(_IDS.findall(said if _IDS.search(said) else message.text)))


def _configure(app_env: AppEnvironment, kind: str, **config: Any) -> None:
    if kind == "bot":
        app_env.configure_bot(**config)
        return
    app_env.make_table()
    address = app_env.slack.add_webhook(CHANNEL)
    app_env.configure(
        environment={"SLACK_WEBHOOK_URL": address, "DYNAMODB_TABLE_NAME": "cloudtrail-to-slack-table"}, **config
    )


@pytest.mark.parametrize("kind", ["bot", "webhook"])
def test_what_goes_beyond_the_message_limit_is_delivered_together(app_env: AppEnvironment, kind: str) -> None:
    """Of fifty alerts 19 are delivered one by one, in order, and 31 in a 20th message that holds every id."""
    _configure(app_env, kind)
    app_env.put_log(*_flood(50))
    counts = app_env.invoke(s3_event(KEY))
    messages = app_env.slack.messages(CHANNEL)
    assert counts["matched"] == 50
    assert len(messages) == 20
    assert [_delivered(message) for message in messages[:19]] == [[f"id-{number:05}"] for number in range(19)]
    assert _delivered(messages[19]) == [f"id-{number:05}" for number in range(19, 50)]
    said = json.dumps(messages[19].blocks)
    assert "31 more alerts" in said
    assert "from 2026-03-14 09:00:19 UTC to 2026-03-14 09:00:49 UTC" in said
    assert "31: `default/access-denied`" in said


def test_a_message_limit_that_just_fits_needs_no_summary(app_env: AppEnvironment) -> None:
    """Twenty alerts are twenty messages, and five with a message limit of five."""
    app_env.configure_bot()
    app_env.put_log(*_flood(20))
    app_env.invoke(s3_event(KEY))
    assert len(_ids(app_env)) == len(app_env.texts()) == 20
    assert not any("more alert" in text for text in app_env.texts())


@pytest.mark.parametrize("message_limit", [1, 2, 5])
def test_the_message_limit_can_be_set(app_env: AppEnvironment, message_limit: int) -> None:
    """However small the message limit, it is kept and every id is delivered."""
    app_env.configure_bot(max_messages_per_channel=message_limit)
    app_env.put_log(*_flood(12))
    app_env.invoke(s3_event(KEY))
    assert len(app_env.texts()) == message_limit
    assert _ids(app_env) == [f"id-{number:05}" for number in range(12)]


def test_each_channel_has_its_own_message_limit(app_env: AppEnvironment) -> None:
    """A flood in one account does not use up what another account's channel may get."""
    app_env.slack.add_channel("C1", "other")
    app_env.configure_bot(
        max_messages_per_channel=3, slack={"routes": [{"accounts": ["444455556666"], "slack_channel_id": "C1"}]}
    )
    app_env.put_log(*_flood(9), *_flood(3, recipientAccountId="444455556666"))
    app_env.invoke(s3_event(KEY))
    assert (len(app_env.texts()), len(app_env.texts("C1"))) == (3, 3)
    assert len(_ids(app_env)) == 9


def test_sns_gets_a_message_for_each_alert(app_env: AppEnvironment) -> None:
    """The message limit is Slack's alone."""
    topic = app_env.make_topic("alerts")
    app_env.configure_bot(max_messages_per_channel=2, sns={"default_topic_arn": topic})
    app_env.put_log(*_flood(15))
    app_env.invoke(s3_event(KEY))
    assert len(app_env.texts()) == 2
    assert sorted(body["event_id"][:8] for body in app_env.bodies(topic)) == [f"id-{number:05}" for number in range(15)]


def test_a_summary_too_long_for_one_message_goes_on_in_its_thread(app_env: AppEnvironment) -> None:
    """Two hundred ids take several messages; all but the first stand in the first one's thread."""
    app_env.configure_bot(max_messages_per_channel=2)
    app_env.put_log(*_flood(200))
    app_env.invoke(s3_event(KEY), Context(milliseconds=300_000))
    assert _ids(app_env) == [f"id-{number:05}" for number in range(200)]
    single, opened = app_env.slack.threads(CHANNEL)
    assert (len(single.replies), len(opened.replies) > 0) == (0, True)
    assert "(2 of" in opened.replies[0].text


def test_a_retry_delivers_what_the_summary_left_out(app_env: AppEnvironment, monkeypatch: pytest.MonkeyPatch) -> None:
    """When a summary's second message fails, the retry delivers its ids alone, and no other again."""
    monkeypatch.setattr("time.sleep", lambda _: None)
    app_env.configure_bot(max_messages_per_channel=1)
    app_env.put_log(*_flood(200))
    send = SlackBot.send

    def then_fail(*args: Any, **keywords: Any) -> str:
        ts = send(*args, **keywords)
        if "more alerts" in args[2].text:
            app_env.slack.fail(HttpStatus(500), times=4)
        return ts

    with monkeypatch.context() as patched:
        patched.setattr(SlackBot, "send", then_fail)
        with pytest.raises(InvocationFailedError):
            app_env.invoke(s3_event(KEY), Context(milliseconds=300_000))
    first = _ids(app_env)
    assert 0 < len(first) < 200
    app_env.invoke(s3_event(KEY), Context(milliseconds=300_000))
    assert sorted(_ids(app_env)) == [f"id-{number:05}" for number in range(200)]


def test_a_summary_slack_refuses_is_sent_as_text(app_env: AppEnvironment) -> None:
    """A summary whose blocks Slack refuses arrives without them, every id in it."""
    app_env.configure_bot(max_messages_per_channel=1)
    app_env.put_log(*_flood(5))
    app_env.slack.fail(SlackError("invalid_blocks"))
    app_env.invoke(s3_event(KEY))
    (message,) = app_env.slack.messages(CHANNEL)
    assert not message.blocks
    assert _ids(app_env) == [f"id-{number:05}" for number in range(5)]


@pytest.mark.parametrize("kind", ["bot", "webhook"])
def test_a_flood_hides_no_critical_alert(app_env: AppEnvironment, kind: str) -> None:
    """Of sixty noisy alerts and a StopLogging, the StopLogging comes first, with its command, and the limit is kept."""
    _configure(app_env, kind)
    stop = record(
        eventSource="cloudtrail.amazonaws.com",
        eventName="StopLogging",
        eventTime="2026-03-14T10:00:00Z",
        eventID="id-99999",
        errorCode=None,
        errorMessage=None,
        requestParameters={"name": "main"},
    )
    app_env.put_log(*_flood(60), stop)
    app_env.invoke(s3_event(KEY))
    messages = app_env.slack.messages(CHANNEL)
    assert len(messages) == 20
    first = json.dumps(messages[0].blocks)
    for part in (
        "*StopLogging*",
        "*CloudTrail logging switched off*",
        "*CRITICAL*",
        "start-logging",
        "id-99999",
    ):
        assert part in first
    assert sorted(_ids(app_env)) == [*(f"id-{number:05}" for number in range(60)), "id-99999"]
