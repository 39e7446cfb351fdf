"""What fails must fail alone, be tried again where that helps, and never pass for a success."""

from typing import Any

import pytest

from cloudtrail_to_slack.errors import InvocationFailedError
from cloudtrail_to_slack_dev.slack_standin import Dropped, HttpStatus, RateLimited, SlackError
from support.world import BUCKET, CHANNEL, KEY, Context, World, failed_messages, record, s3_event, sqs_event

_TOPIC_GONE = "arn:aws:sns:eu-west-1:123456789012:no-such-topic"


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that were waited; nothing really waits."""
    waited: list[float] = []
    monkeypatch.setattr("time.sleep", waited.append)
    return waited


@pytest.mark.parametrize(
    "fault", [RateLimited(7), HttpStatus(503), SlackError("internal_error"), SlackError("fatal_error"), Dropped()]
)
@pytest.mark.parametrize("kind", ["bot", "webhook"])
def test_a_passing_error_is_tried_again(world: World, waits: list[float], fault: Any, kind: str) -> None:
    """After a passing error of Slack's the alert is sent again, a 429 after as long as Slack asks for."""
    if kind == "bot":
        world.configure_bot(table=False)
    else:
        world.configure(environment={"SLACK_WEBHOOK_URL": world.slack.add_webhook(CHANNEL)})
    world.slack.fail(fault)
    world.put_log(record())
    world.invoke(s3_event(KEY))
    assert len(world.texts()) == 1
    assert len(waits) == 1
    assert waits[0] == 7 if isinstance(fault, RateLimited) else 0.5 <= waits[0] <= 1


def test_waiting_ends_with_the_time_that_is_left(world: World, waits: list[float]) -> None:
    """What Slack wants to have waited for longer than the invocation lasts fails it at once, for Lambda to retry."""
    world.configure_bot(table=False)
    world.slack.fail(RateLimited(30))
    world.put_log(record(eventID="e-1"))
    with pytest.raises(InvocationFailedError, match="the alert of event e-1 did not reach slack_app: ratelimited"):
        world.invoke(s3_event(KEY), Context(milliseconds=20_000))
    assert waits == []


def test_trying_again_has_an_end(world: World, waits: list[float]) -> None:
    """An error that does not pass within a few attempts fails the invocation."""
    world.configure_bot(table=False)
    world.slack.fail(HttpStatus(500), times=100)
    world.put_log(record())
    with pytest.raises(InvocationFailedError, match="did not reach slack_app: http_500"):
        world.invoke(s3_event(KEY))
    assert len(waits) == 3


@pytest.mark.parametrize("code", ["channel_not_found", "not_in_channel", "is_archived", "token_revoked", "new_error"])
def test_a_set_up_error_fails_at_once(world: World, waits: list[float], code: str) -> None:
    """An error that trying again cannot mend fails the invocation, saying Slack's own word for it."""
    world.configure_bot(table=False)
    world.slack.fail(SlackError(code), times=10)
    world.put_log(record())
    with pytest.raises(InvocationFailedError, match=f"did not reach slack_app: {code}"):
        world.invoke(s3_event(KEY))
    assert waits == []


@pytest.mark.parametrize("kind", ["bot", "webhook"])
@pytest.mark.parametrize("code", ["invalid_blocks", "msg_blocks_too_long", "msg_too_long"])
def test_content_slack_refuses_is_sent_smaller(world: World, code: str, kind: str) -> None:
    """When Slack refuses the full message, the alert arrives as a short text that says so."""
    if kind == "bot":
        world.configure_bot(table=False)
    else:
        world.configure(environment={"SLACK_WEBHOOK_URL": world.slack.add_webhook(CHANNEL)})
    world.slack.fail(SlackError(code))
    world.put_log(record(eventID="e-1"))
    world.invoke(s3_event(KEY))
    (message,) = world.slack.messages(CHANNEL)
    assert not message.blocks
    for said in ("DeleteBucket", "e-1", "111122223333", f"s3://{BUCKET}/{KEY}", "shown short"):
        assert said in message.text


def test_one_destinations_failure_does_not_hold_up_another(world: World) -> None:
    """With Slack down SNS still gets the alert, with the topic gone Slack does; the invocation fails either way."""
    topic = world.make_topic("alerts")
    world.configure_bot(table=False, sns={"default_topic_arn": topic})
    world.put_log(record())
    world.slack.fail(SlackError("token_revoked"))
    with pytest.raises(InvocationFailedError, match="slack_app"):
        world.invoke(s3_event(KEY))
    assert len(world.bodies(topic)) == 1
    world.configure_bot_again(sns={"default_topic_arn": _TOPIC_GONE})
    with pytest.raises(InvocationFailedError, match="did not reach sns: NotFound"):
        world.invoke(s3_event(KEY))
    assert len(world.texts()) == 1


def test_an_alert_that_fails_does_not_hold_up_the_next(world: World) -> None:
    """Of three alerts the second cannot be sent; the others arrive, and the error names the one."""
    world.slack.add_channel("C1", "gone", bot_is_member=False)
    world.configure_bot(table=False, slack={"routes": [{"accounts": ["444455556666"], "slack_channel_id": "C1"}]})
    world.put_log(record(), record(eventID="e-2", recipientAccountId="444455556666"), record())
    with pytest.raises(InvocationFailedError) as caught:
        world.invoke(s3_event(KEY))
    assert caught.value.problems == ("the alert of event e-2 did not reach slack_app: not_in_channel",)
    assert len(world.texts()) == 2


def test_an_undelivered_alert_hands_its_message_back(world: World) -> None:
    """From a batch, exactly the message whose alert did not arrive is handed back."""
    other = KEY.replace("0123", "abcd")
    world.slack.add_channel("C1", "gone", bot_is_member=False)
    world.configure_bot(table=False, slack={"routes": [{"accounts": ["444455556666"], "slack_channel_id": "C1"}]})
    world.put_log(record())
    world.put_log(record(recipientAccountId="444455556666"), key=other)
    answer = world.invoke(sqs_event(s3_event(KEY), s3_event(other)))
    assert failed_messages(answer) == ["m1"]


def test_an_unreadable_webhook_secret_fails_slack_only(world: World) -> None:
    """When the webhook's secret cannot be read, SNS still gets the alert and the invocation fails, naming no secret."""
    topic = world.make_topic("alerts")
    world.configure(
        environment={"SLACK_WEBHOOK_URL_SSM_PARAMETER": "/missing"},
        sns={"default_topic_arn": topic},
    )
    world.put_log(record())
    with pytest.raises(InvocationFailedError, match="did not reach slack_webhook: webhooks_unreadable"):
        world.invoke(s3_event(KEY))
    assert len(world.bodies(topic)) == 1


def test_an_unreadable_token_fails_slack_only(world: World) -> None:
    """When the bot's token cannot be read, SNS still gets the alert and the invocation fails."""
    topic = world.make_topic("alerts")
    world.configure(
        environment={"SLACK_BOT_TOKEN_SECRET_ARN": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:missing"},
        slack={"default_channel_id": CHANNEL},
        sns={"default_topic_arn": topic},
    )
    world.put_log(record())
    with pytest.raises(InvocationFailedError, match="did not reach slack_app: token_unreadable"):
        world.invoke(s3_event(KEY))
    assert len(world.bodies(topic)) == 1


def test_a_redirect_is_not_followed(world: World, waits: list[float]) -> None:
    """A webhook that redirects is not followed to wherever it points, and is not taken for a success."""
    world.configure(environment={"SLACK_WEBHOOK_URL": world.slack.add_webhook(CHANNEL)})
    world.slack.fail(HttpStatus(302), times=10)
    world.put_log(record())
    with pytest.raises(InvocationFailedError, match="slack_webhook: http_302"):
        world.invoke(s3_event(KEY))
    assert waits == []
