"""A critical alert notifies the user group of its route, however it is sent; nothing else does."""

import json
from typing import Any

import pytest

from cloudtrail_to_slack_dev.fake_slack import Message, SlackError
from support.app_environment import ACCOUNT, CHANNEL, KEY, AppEnvironment, record, s3_event
from support.slack_limits import texts_of

GROUP = "S0123456789"
MENTION = f"<!subteam^{GROUP}>"
ROUTE = {"accounts": [ACCOUNT], "mention": GROUP}
OTHER = "444455556666"


def critical(**fields: Any) -> dict[str, Any]:
    """Return a call that the critical default rule matches."""
    trail = {"eventName": "StopLogging", "eventSource": "cloudtrail.amazonaws.com"}
    return record(**{**trail, "errorCode": None, "errorMessage": None, **fields})


def bot(app_env: AppEnvironment, **config: Any) -> None:
    """Configure a bot whose route mentions the group."""
    route = {**ROUTE, "slack_channel_id": CHANNEL}
    app_env.configure_bot(slack={"default_channel_id": CHANNEL, "routes": [route]}, **config)


def webhook(app_env: AppEnvironment) -> None:
    """Configure a webhook whose route mentions the group."""
    address = app_env.slack.add_webhook(CHANNEL)
    routes = [{**ROUTE, "slack_hook_url": address}]
    app_env.configure(environment={"SLACK_WEBHOOK_URL": address, "SLACK_WEBHOOK_ROUTES": json.dumps(routes)})


def mentions(message: Message) -> int:
    """Return how often a message notifies the group: in its blocks or, where it has none, in its text."""
    shown = "\n".join(texts_of(message.blocks)) if message.blocks else message.text
    return shown.count(MENTION)


@pytest.mark.parametrize("configure", [bot, webhook])
def test_a_critical_alert_mentions_the_group(app_env: AppEnvironment, configure: Any) -> None:
    """Of a critical alert, one that is not, and a critical one of another route, the first notifies, once."""
    configure(app_env)
    app_env.put_log(critical(), record(), critical(recipientAccountId=OTHER))
    app_env.invoke(s3_event(KEY))
    found = {(message.text.split("\n")[0].rpartition(" ")[2], OTHER in message.text): mentions(message)
             for message in app_env.slack.messages(CHANNEL)}  # fmt: skip
    assert sorted(found.values()) == [0, 0, 1]
    assert found["StopLogging", False] == 1


def test_it_stands_in_a_section_of_the_first_screen(app_env: AppEnvironment) -> None:
    """The mention is a section right after the lead, and keeps its place when the parent shows how many there are."""
    bot(app_env)
    app_env.put_log(critical(), critical())
    app_env.invoke(s3_event(KEY))
    (thread,) = app_env.slack.threads(CHANNEL)
    texts = [block.get("text", {}).get("text") for block in thread.root.blocks[:3]]
    assert "alerts like this so far" in texts[1]
    assert texts[2] == MENTION


def test_a_critical_alert_in_a_thread_notifies(app_env: AppEnvironment) -> None:
    """A reply notifies as its parent did."""
    bot(app_env)
    app_env.put_log(critical(), critical())
    app_env.invoke(s3_event(KEY))
    (thread,) = app_env.slack.threads(CHANNEL)
    assert [mentions(message) for message in (thread.root, *thread.replies)] == [1, 1]


def test_a_flood_hides_no_mention(app_env: AppEnvironment) -> None:
    """Beyond the message limit critical alerts have messages of their own, which notify; the summary does not."""
    bot(app_env, max_messages_per_channel=2)
    users = ({"type": "IAMUser", "userName": f"u{number}", "arn": f"arn:{number}"} for number in range(8))
    app_env.put_log(*(critical(userIdentity=user) if number % 2 else record(userIdentity=user)
                      for number, user in enumerate(users)))  # fmt: skip
    app_env.invoke(s3_event(KEY))
    messages = app_env.slack.messages(CHANNEL)
    assert sum(map(mentions, messages)) == 4
    assert [mentions(message) for message in messages if "in one summary" in message.text] == [0]


@pytest.mark.parametrize("rejections", [1, 2, 3])
@pytest.mark.parametrize(("configure", "method"), [(bot, "chat.postMessage"), (webhook, "webhook")])
def test_a_smaller_message_notifies_too(app_env: AppEnvironment, configure: Any, method: str, rejections: int) -> None:
    """Whatever is left of a critical alert that Slack rejects notifies the group."""
    configure(app_env)
    app_env.put_log(critical())
    app_env.slack.fail(SlackError("invalid_blocks"), times=rejections, method=method)
    app_env.invoke(s3_event(KEY))
    assert [mentions(message) for message in app_env.slack.messages(CHANNEL)] == [1]


def test_a_route_that_cannot_be_used_notifies_at_the_default(app_env: AppEnvironment) -> None:
    """An alert that falls back to the default channel mentions the group of its own route."""
    route = {**ROUTE, "slack_channel_id": "C0GONE"}
    app_env.configure_bot(slack={"default_channel_id": CHANNEL, "routes": [route]})
    app_env.put_log(critical())
    app_env.invoke(s3_event(KEY))
    assert [mentions(message) for message in app_env.slack.messages(CHANNEL)] == [1]


def test_an_events_text_mentions_no_one(app_env: AppEnvironment) -> None:
    """Markup of a mention in an event is displayed, and the one mention is the route's."""
    bot(app_env)
    app_env.put_log(critical(userAgent="<!subteam^S0EVIL>", requestParameters={"name": f"{MENTION} <!channel>"}))
    app_env.invoke(s3_event(KEY))
    (message,) = app_env.slack.messages(CHANNEL)
    said = json.dumps(message.payload)
    assert mentions(message) == 1
    assert said.count("<!") == said.count(MENTION) + said.count("<!date")


def test_a_severe_route_of_webhooks_goes_first(app_env: AppEnvironment) -> None:
    """A webhook for critical alerts of all accounts takes those, and mentions its group; the others go on as before."""
    default, own, severe = (app_env.slack.add_webhook(channel) for channel in ("C1", "C2", "C3"))
    app_env.aws("ssm").put_parameter(Name="/slack/severe", Value=severe, Type="SecureString")
    app_env.configure(
        environment={
            "SLACK_WEBHOOK_URL": default,
            "SLACK_WEBHOOK_ROUTES": json.dumps([{"accounts": [ACCOUNT], "slack_hook_url": own}]),
        },
        slack_webhook_routes=[
            {
                "accounts": ["*"],
                "slack_hook_url_ssm_parameter": "/slack/severe",
                "min_severity": "critical",
                "mention": GROUP,
            }
        ],
    )
    app_env.put_log(critical(), record(), record(recipientAccountId=OTHER), critical(recipientAccountId=OTHER))
    app_env.invoke(s3_event(KEY))
    assert [len(app_env.texts(channel)) for channel in ("C1", "C2", "C3")] == [1, 1, 2]
    assert [mentions(message) for message in app_env.slack.messages("C3")] == [1, 1]


def test_a_rotated_list_replaces_a_severe_route(app_env: AppEnvironment) -> None:
    """A webhook for severe alerts that Slack rejects is looked up anew in the list, by its accounts and severity."""
    gone, new, plain = (app_env.slack.add_webhook(channel) for channel in ("C1", "C2", "C3"))

    def routes(severe: str) -> str:
        return json.dumps(
            [
                {"accounts": ["*"], "slack_hook_url": severe, "min_severity": "critical"},
                {"accounts": [ACCOUNT], "slack_hook_url": plain},
            ]
        )

    ssm = app_env.aws("ssm")
    ssm.put_parameter(Name="/slack/routes", Value=routes(gone), Type="SecureString")
    app_env.configure(environment={"SLACK_WEBHOOK_ROUTES_SSM_PARAMETER": "/slack/routes"})
    app_env.put_log(critical())
    app_env.invoke(s3_event(KEY))
    ssm.put_parameter(Name="/slack/routes", Value=routes(new), Type="SecureString", Overwrite=True)
    app_env.slack.fail(SlackError("no_service"), method="webhook", channel="C1")
    app_env.invoke(s3_event(KEY))
    assert [len(app_env.texts(channel)) for channel in ("C1", "C2", "C3")] == [1, 1, 0]
