"""A route that is not set up: its alerts go to the default one, which says what is broken and how to fix it."""

import json
import time
from typing import Any

import pytest

from cloudtrail_to_slack.destinations.slack.bot import SlackBot
from cloudtrail_to_slack.errors import InvocationFailedError
from cloudtrail_to_slack_dev.fake_slack import SlackError
from support.app_environment import CHANNEL, KEY, AppEnvironment, Context, record, s3_event

_ACCOUNT = "444455556666"
_GONE = "arn:aws:sns:eu-west-1:123456789012:no-such-topic"


def _configure(app_env: AppEnvironment, kind: str, **config: Any) -> str:
    """Route one account to a place of its own; return its webhook, empty for a bot."""
    if kind == "bot":
        app_env.configure_bot(slack={"routes": [{"accounts": [_ACCOUNT], "slack_channel_id": "C1"}]}, **config)
        return ""
    app_env.make_table()
    default, own = app_env.slack.add_webhook(CHANNEL), app_env.slack.add_webhook("C1")
    routes = json.dumps([{"accounts": [_ACCOUNT], "slack_hook_url": own}])
    app_env.configure(
        environment={
            "SLACK_WEBHOOK_URL": default,
            "SLACK_WEBHOOK_ROUTES": routes,
            "DYNAMODB_TABLE_NAME": "cloudtrail-to-slack-table",
        },
        **config,
    )
    return own


def _routed(**fields: Any) -> dict[str, Any]:
    return record(recipientAccountId=_ACCOUNT, userIdentity=None, **fields)


def _notes(app_env: AppEnvironment) -> list[str]:
    """Return the lines about broken routes in the default channel."""
    said = [json.dumps(message.blocks, ensure_ascii=False) for message in app_env.slack.messages(CHANNEL)]
    return [text for text in said if "Sent to the default route" in text]


@pytest.mark.parametrize(
    ("channel", "code", "advice"),
    [
        ({"bot_is_member": False}, "not_in_channel", "invite the bot to the channel"),
        ({"archived": True}, "is_archived", "unarchive the channel"),
        (None, "channel_not_found", "check the channel's ID"),
    ],
)
def test_a_channel_that_cannot_be_posted_to(
    app_env: AppEnvironment, channel: dict[str, bool] | None, code: str, advice: str
) -> None:
    """Its alerts arrive in the default channel; the first says which route cannot be used, and how to fix it."""
    if channel:
        app_env.slack.add_channel("C1", "own", **channel)
    _configure(app_env, "bot")
    app_env.put_log(_routed(), _routed(), record())
    app_env.invoke(s3_event(KEY))
    assert len(app_env.texts()) == 3
    (note,) = _notes(app_env)
    for said in (_ACCOUNT, "C1", code, advice):
        assert said in note


def test_a_webhook_that_is_gone(app_env: AppEnvironment) -> None:
    """A removed webhook's alerts arrive by the default one, without a word of either's address."""
    own = _configure(app_env, "webhook")
    app_env.slack.remove_webhook(own)
    app_env.put_log(_routed(), record())
    app_env.invoke(s3_event(KEY))
    assert len(app_env.texts()) == 2
    (note,) = _notes(app_env)
    assert _ACCOUNT in note
    assert "create a new one" in note
    assert own.rsplit("/", 1)[1] not in note


def test_a_topic_that_is_gone(app_env: AppEnvironment) -> None:
    """A missing topic's alerts arrive at the default one, whose body says why."""
    topic = app_env.make_topic("alerts")
    app_env.configure(
        sns={"default_topic_arn": topic, "routes": [{"accounts": [_ACCOUNT], "sns_topic_arn": _GONE}]},
    )
    app_env.put_log(_routed(), _routed())
    app_env.invoke(s3_event(KEY))
    problems = [body.get("route_problem") for body in app_env.bodies(topic)]
    assert len(problems) == 2
    assert _GONE in str(problems[0])
    assert "check its ARN" in str(problems[0])
    assert problems[1] is None


@pytest.mark.parametrize("table", [True, False])
def test_it_is_said_once_an_hour(app_env: AppEnvironment, monkeypatch: pytest.MonkeyPatch, table: bool) -> None:  # noqa: FBT001 (a parameter of the test)
    """However many invocations meet the broken route, the line stands once an hour; the alerts all arrive."""
    routes = {"routes": [{"accounts": [_ACCOUNT], "slack_channel_id": "C1"}]}
    app_env.configure_bot(table=table, slack=routes)
    now, later = time.time, [0.0]
    monkeypatch.setattr("time.time", lambda: now() + later[-1])
    for seconds in (0.0, 3_000.0, 3_700.0):
        later.append(seconds)
        app_env.put_log(_routed())
        app_env.invoke(s3_event(KEY))
    assert len(app_env.texts()) == 3
    assert len(_notes(app_env)) == 2


def test_a_broken_default_fails_the_invocation(app_env: AppEnvironment, capsys: pytest.CaptureFixture[str]) -> None:
    """When neither the route nor the default can be posted to, the invocation fails and a metric counts it."""
    _configure(app_env, "bot")
    app_env.slack.add_channel(CHANNEL, "alerts", archived=True)
    app_env.put_log(_routed(eventID="e-1"))
    with pytest.raises(
        InvocationFailedError, match="the alert of event e-1 did not reach Slack channel C1: is_archived"
    ):
        app_env.invoke(s3_event(KEY))
    assert '"AlertsUndelivered":[1.0]' in capsys.readouterr().out
    app_env.slack.add_channel(CHANNEL, "alerts")
    app_env.invoke(s3_event(KEY))
    assert len(_notes(app_env)) == 1, "the line is not lost with the alert that carried it"


def test_a_revoked_token_is_asked_for_once(app_env: AppEnvironment) -> None:
    """What can be posted nowhere is found out once for each channel, not once for each alert."""
    _configure(app_env, "bot")
    app_env.slack.revoke_token()
    app_env.put_log(*(_routed() for _ in range(5)), *(record() for _ in range(5)))
    with pytest.raises(InvocationFailedError, match="10 failed"):
        app_env.invoke(s3_event(KEY))
    assert len(app_env.slack.calls) == 2


def test_a_flood_for_a_broken_route_keeps_the_defaults_message_limit(app_env: AppEnvironment) -> None:
    """What comes by the default route counts for the default channel's message limit, and every id is delivered."""
    _configure(app_env, "bot", max_messages_per_channel=4)
    app_env.put_log(*(_routed(eventID=f"id-{number}") for number in range(9)))
    app_env.invoke(s3_event(KEY))
    assert len(app_env.texts()) == 4
    said = json.dumps([message.blocks for message in app_env.slack.messages(CHANNEL)])
    assert all(f"id-{number}" in said for number in range(9))


def test_a_channel_that_breaks_before_its_summary(app_env: AppEnvironment) -> None:
    """A channel archived between its last alert and its summary has the summary delivered in the default channel."""
    app_env.slack.add_channel("C1", "own")
    _configure(app_env, "bot", max_messages_per_channel=1)
    app_env.slack.fail(SlackError("is_archived"), channel="C1")
    app_env.put_log(*(_routed(eventID=f"id-{number}") for number in range(5)))
    app_env.invoke(s3_event(KEY))
    assert app_env.texts("C1") == []
    said = json.dumps([message.blocks for message in app_env.slack.messages(CHANNEL)])
    assert all(f"id-{number}" in said for number in range(5))


def test_a_summary_of_what_was_sent_to_the_fallback_says_so(app_env: AppEnvironment) -> None:
    """Where everything that is sent to the fallback is delivered together, the summary says which route is broken."""
    _configure(app_env, "bot", max_messages_per_channel=1)
    app_env.put_log(*(_routed() for _ in range(5)))
    app_env.invoke(s3_event(KEY))
    (note,) = _notes(app_env)
    assert "5 more alerts" in note


def test_a_summary_whose_thread_is_gone_is_left_to_the_retry(app_env: AppEnvironment) -> None:
    """When a summary's first message is deleted before its second is sent, the retry delivers the rest alone."""
    _configure(app_env, "bot", max_messages_per_channel=1)
    ids = [f"id-{number:05}-4f0e-8c1d-9a7b-0123456789ab" for number in range(200)]
    app_env.put_log(*(record(eventID=event_id, userIdentity=None) for event_id in ids))
    send = SlackBot.send

    def gone(*args: Any, **keywords: Any) -> str:
        if keywords["parent"]:
            app_env.slack.fail(SlackError("thread_not_found"))
        return send(*args, **keywords)

    with app_env.monkeypatch.context() as patched:
        patched.setattr(SlackBot, "send", gone)
        with pytest.raises(InvocationFailedError, match="thread_not_found"):
            app_env.invoke(s3_event(KEY), Context(milliseconds=300_000))
    app_env.invoke(s3_event(KEY), Context(milliseconds=300_000))
    said = json.dumps([message.blocks for message in app_env.slack.messages(CHANNEL)])
    assert all(said.count(event_id) == 1 for event_id in ids)


def test_a_refusal_that_is_not_known_leaves_the_route_in_use(app_env: AppEnvironment) -> None:
    """An error Slack has not documented sends that one alert by the default route, and no other."""
    app_env.slack.add_channel("C1", "own")
    _configure(app_env, "bot")
    app_env.slack.fail(SlackError("unheard_of"), times=4, channel="C1")
    app_env.put_log(_routed(), _routed())
    app_env.invoke(s3_event(KEY))
    assert (len(app_env.texts()), len(app_env.texts("C1"))) == (1, 1)


def test_a_webhook_that_cannot_be_read_keeps_no_other_from_being_used(app_env: AppEnvironment) -> None:
    """Of two webhooks one is kept where nothing is: its alerts come by the default one, the other's do not."""
    default, own = app_env.slack.add_webhook(CHANNEL), app_env.slack.add_webhook("C1")
    routes = [
        {"accounts": [_ACCOUNT], "slack_hook_url_ssm_parameter": "/missing"},
        {"accounts": ["777788889999"], "slack_hook_url": own},
    ]
    app_env.configure(environment={"SLACK_WEBHOOK_URL": default, "SLACK_WEBHOOK_ROUTES": json.dumps(routes)})
    app_env.put_log(_routed(), record(recipientAccountId="777788889999"))
    app_env.invoke(s3_event(KEY))
    assert len(app_env.texts("C1")) == 1
    (note,) = _notes(app_env)
    assert "check that the function may read the secret" in note
