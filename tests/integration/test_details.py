"""Where an alert's request and response are shown: in its thread, at its end, and never at the cost of an alert."""

import json
from typing import Any

import pytest

from cloudtrail_to_slack.delivery.dispatcher import Delivery
from cloudtrail_to_slack.destinations.slack.threads import DETAILS_TEXT
from cloudtrail_to_slack.errors import InvocationFailedError
from cloudtrail_to_slack_dev.fake_slack import AcceptedThenDropped, Dropped, Fault, HttpStatus, RateLimited, SlackError
from support.app_environment import CHANNEL, KEY, AppEnvironment, Context, record, s3_event

LONG = {f"parameter-{number:02}": "value" for number in range(40)}
LAST = "parameter-39"


def long_record(number: int = 0, **fields: Any) -> dict[str, Any]:
    """Return a call with long parameters, by an actor whose alerts join no thread."""
    return record(requestParameters=LONG, userIdentity=None, sourceIPAddress=f"203.0.113.{number}", **fields)


def details(app_env: AppEnvironment) -> list[int]:
    """Return how many replies with details each message in the channel has."""
    return [
        sum(message.text == DETAILS_TEXT for message in thread.replies) for thread in app_env.slack.threads(CHANNEL)
    ]


def webhook(app_env: AppEnvironment) -> None:
    """Configure a webhook to the channel."""
    app_env.configure(environment={"SLACK_WEBHOOK_URL": app_env.slack.add_webhook(CHANNEL)})


def test_a_bot_shows_long_parameters_in_the_thread(app_env: AppEnvironment) -> None:
    """The alert has none of them, and one reply has them all; and it is one delivery."""
    app_env.configure_bot()
    app_env.put_log(long_record())
    counts = app_env.invoke(s3_event(KEY))
    (thread,) = app_env.slack.threads(CHANNEL)
    (reply,) = thread.replies
    assert LAST not in json.dumps(thread.root.blocks)
    assert LAST in json.dumps(reply.blocks)
    assert reply.text == DETAILS_TEXT
    assert counts["matched"] == 1
    assert thread.root.edited == 0


def test_short_parameters_stay_in_the_alert(app_env: AppEnvironment) -> None:
    """What takes a few lines needs no reply."""
    app_env.configure_bot()
    app_env.put_log(record())
    app_env.invoke(s3_event(KEY))
    (thread,) = app_env.slack.threads(CHANNEL)
    assert thread.replies == ()
    assert "payroll" in json.dumps(thread.root.blocks).partition("Request parameters")[2]


def test_a_webhook_shows_parameters_last(app_env: AppEnvironment) -> None:
    """A webhook's message has them in sections of their own at its end, which Slack folds."""
    webhook(app_env)
    app_env.put_log(long_record(responseElements=LONG))
    app_env.invoke(s3_event(KEY))
    (message,) = app_env.slack.messages(CHANNEL)
    sections = [block for block in message.blocks if "text" in block]
    labels = [block["text"]["text"].split("\n")[0] for block in sections[-2:]]
    assert labels == ["*Request parameters*", "*Response*"]
    assert sections[-2:] == message.blocks[-2:]
    assert [block.get("expand", False) for block in sections[-3:]] == [True, False, False]


def test_a_retry_posts_no_details_again(app_env: AppEnvironment) -> None:
    """Details belong to the alert that was sent: what is a duplicate brings none."""
    app_env.configure_bot()
    app_env.put_log(long_record())
    app_env.invoke(s3_event(KEY))
    app_env.invoke(s3_event(KEY))
    assert details(app_env) == [1]


def test_a_reply_to_a_similar_alert_has_its_parameters_itself(app_env: AppEnvironment) -> None:
    """An alert in a thread shows its parameters there: only the parent gets a reply with details."""
    app_env.configure_bot()
    app_env.put_log(record(requestParameters=LONG), record(requestParameters=LONG))
    app_env.invoke(s3_event(KEY))
    (thread,) = app_env.slack.threads(CHANNEL)
    assert [LAST in json.dumps(message.blocks) for message in (thread.root, *thread.replies)] == [False, True, True]
    assert details(app_env) == [1]
    assert "2 alerts like this so far" in json.dumps(thread.root.blocks)


def test_a_flood_leaves_the_rate_limit_to_alerts(app_env: AppEnvironment) -> None:
    """The first five alerts of a channel have a reply, the others their details at their end; alerts come first."""
    app_env.configure_bot()
    app_env.put_log(*(long_record(number) for number in range(8)))
    app_env.invoke(s3_event(KEY))
    assert sorted(details(app_env)) == [0] * 3 + [1] * 5
    messages = [thread.root for thread in app_env.slack.threads(CHANNEL)]
    assert [LAST in json.dumps(message.blocks) for message in messages] == [False] * 5 + [True] * 3
    posted = [call.payload.get("text") for call in app_env.slack.calls if call.method == "chat.postMessage"]
    assert posted[8:] == [DETAILS_TEXT] * 5


FAULTS = {
    "an error": SlackError("internal_error"),
    "a rejection": SlackError("invalid_blocks"),
    "a thread that is gone": SlackError("thread_not_found"),
    "a proxy's error": HttpStatus(503),
    "no answer": Dropped(),
    "a rate limit that lasts": RateLimited(30),
}


def fail_details(app_env: AppEnvironment, fault: Fault, times: int) -> None:
    """Let details, which are posted last, meet a fault."""
    close = Delivery.close

    def failing(delivery: Delivery) -> None:
        app_env.slack.fail(fault, times=times, method="chat.postMessage")
        close(delivery)

    app_env.monkeypatch.setattr(Delivery, "close", failing)


def tries(app_env: AppEnvironment) -> int:
    """Return how often details were sent to Slack."""
    return sum(call.payload.get("text") == DETAILS_TEXT for call in app_env.slack.calls)


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_details_that_cannot_be_posted_cost_no_alert(
    app_env: AppEnvironment, fault: Fault, capsys: pytest.CaptureFixture[str]
) -> None:
    """The invocation succeeds, the log says so, and neither the alert nor its details are tried again."""
    app_env.configure_bot()
    app_env.put_log(long_record())
    fail_details(app_env, fault, 9)
    app_env.invoke(s3_event(KEY))
    app_env.invoke(s3_event(KEY))
    assert (details(app_env), tries(app_env)) == ([0], 1)
    assert "details of an alert not posted" in capsys.readouterr().out


def test_details_whose_answer_is_lost_are_posted_once(app_env: AppEnvironment) -> None:
    """Where it is not known whether Slack took them, they are not posted again."""
    app_env.configure_bot()
    app_env.put_log(long_record())
    fail_details(app_env, AcceptedThenDropped(), 1)
    app_env.invoke(s3_event(KEY))
    assert (details(app_env), tries(app_env)) == ([1], 1)


def test_details_wait_for_a_short_rate_limit(app_env: AppEnvironment, waits: list[float]) -> None:
    """Where Slack says when to come back, and that is soon, details are posted then."""
    app_env.configure_bot()
    app_env.put_log(long_record())
    fail_details(app_env, RateLimited(1), 2)
    app_env.invoke(s3_event(KEY))
    assert (details(app_env), tries(app_env)) == ([1], 3)
    assert waits == [1, 1]


def test_details_take_no_time_that_is_not_left(app_env: AppEnvironment) -> None:
    """An invocation that is about to end posts no details."""
    app_env.configure_bot()
    app_env.put_log(long_record())
    context = Context()
    close = Delivery.close

    def late(delivery: Delivery) -> None:
        context.milliseconds = 1_000
        close(delivery)

    app_env.monkeypatch.setattr(Delivery, "close", late)
    app_env.invoke(s3_event(KEY), context)
    assert (details(app_env), tries(app_env)) == ([0], 0)


def test_an_alert_that_was_not_sent_has_no_details(app_env: AppEnvironment) -> None:
    """Where the alert itself fails, there is nothing to reply to; the retry brings both."""
    app_env.configure_bot()
    app_env.put_log(long_record())
    app_env.slack.fail(SlackError("is_archived"), method="chat.postMessage")
    with pytest.raises(InvocationFailedError):
        app_env.invoke(s3_event(KEY))
    assert details(app_env) == []
    app_env.invoke(s3_event(KEY))
    assert details(app_env) == [1]


def test_an_alert_that_slack_rejects_is_sent_smaller_and_without_details(app_env: AppEnvironment) -> None:
    """What Slack may have rejected is not sent once more."""
    app_env.configure_bot()
    app_env.put_log(long_record())
    app_env.slack.fail(SlackError("invalid_blocks"), method="chat.postMessage")
    app_env.invoke(s3_event(KEY))
    assert details(app_env) == [0]
