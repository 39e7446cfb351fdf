"""Routes and destinations: who hears of what."""

import json
from typing import Any

import pytest

from cloudtrail_to_slack.errors import ConfigurationError, InvocationFailedError
from support.world import ACCOUNT, CHANNEL, KEY, World, record, s3_event

_OTHER = "444455556666"
_THIRD = "777788889999"


def _three_accounts() -> list[dict[str, Any]]:
    return [record(recipientAccountId=account, eventName=f"Delete{account}") for account in (ACCOUNT, _OTHER, _THIRD)]


def test_the_bot_posts_by_account(world: World) -> None:
    """Accounts with a route go to their channel, all others to the default one."""
    world.slack.add_channel("C1", "production")
    routes = [{"accounts": [ACCOUNT, _OTHER], "slack_channel_id": "C1"}]
    world.configure_bot(table=False, slack={"routes": routes})
    world.put_log(*_three_accounts())
    world.invoke(s3_event(KEY))
    assert [ACCOUNT in world.texts("C1")[0], _OTHER in world.texts("C1")[1]] == [True, True]
    assert [_THIRD in text for text in world.texts()] == [True]


def test_webhooks_post_by_account(world: World) -> None:
    """Webhooks have routes and a default too, and the message is the bot's."""
    default, routed = world.slack.add_webhook("C1", "rest"), world.slack.add_webhook("C2", "production")
    world.configure(
        environment={
            "SLACK_WEBHOOK_URL": default,
            "SLACK_WEBHOOK_ROUTES": json.dumps([{"accounts": [ACCOUNT], "slack_hook_url": routed}]),
        }
    )
    world.put_log(*_three_accounts())
    world.invoke(s3_event(KEY))
    assert [ACCOUNT in text for text in world.texts("C2")] == [True]
    assert [_OTHER in world.texts("C1")[0], _THIRD in world.texts("C1")[1]] == [True, True]
    assert {message.via for message in world.slack.messages("C1")} == {"webhook"}


def test_topics_are_chosen_by_account(world: World) -> None:
    """SNS alone: each account's topic, and the default for the rest."""
    default, routed = world.make_topic("rest"), world.make_topic("production")
    world.configure(
        sns={"default_topic_arn": default, "routes": [{"accounts": [ACCOUNT], "sns_topic_arn": routed}]},
    )
    world.put_log(*_three_accounts())
    world.invoke(s3_event(KEY))
    assert [body["account_id"] for body in world.bodies(routed)] == [ACCOUNT]
    assert sorted(body["account_id"] for body in world.bodies(default)) == [_OTHER, _THIRD]


@pytest.mark.parametrize("slack", ["bot", "webhook"])
def test_slack_and_sns_can_be_on_together(world: World, slack: str) -> None:
    """A bot and SNS, or a webhook and SNS, both get every alert."""
    topic = world.make_topic("alerts")
    if slack == "bot":
        world.configure_bot(sns={"default_topic_arn": topic})
    else:
        world.configure(
            environment={"SLACK_WEBHOOK_URL": world.slack.add_webhook(CHANNEL)}, sns={"default_topic_arn": topic}
        )
    world.put_log(record())
    world.invoke(s3_event(KEY))
    assert len(world.texts()) == 1
    assert len(world.bodies(topic)) == 1


def test_with_a_token_the_bot_is_used_and_the_webhook_is_not(world: World) -> None:
    """A token takes precedence over a webhook."""
    webhook = world.slack.add_webhook("C1", "webhook")
    world.configure_bot(table=False)
    world.monkeypatch.setenv("SLACK_WEBHOOK_URL", webhook)
    world.put_log(record())
    world.invoke(s3_event(KEY))
    assert (len(world.texts()), len(world.texts("C1"))) == (1, 0)


def test_the_account_is_the_recipients_then_the_callers_then_the_keys(world: World) -> None:
    """Routing takes recipientAccountId, else userIdentity.accountId, else the account in the object's key."""
    for account, channel in ((ACCOUNT, "C1"), (_OTHER, "C2"), (_THIRD, "C3")):
        world.slack.add_channel(channel, account)
    routes = [
        {"accounts": [account], "slack_channel_id": channel}
        for account, channel in ((ACCOUNT, "C1"), (_OTHER, "C2"), (_THIRD, "C3"))
    ]
    world.configure_bot(table=False, slack={"routes": routes})
    caller = {"type": "AWSAccount", "accountId": _OTHER}
    world.put_log(
        record(recipientAccountId=_THIRD, userIdentity=caller),
        record(recipientAccountId=None, userIdentity=caller),
        record(recipientAccountId=None, userIdentity=None),
    )
    world.invoke(s3_event(KEY))
    assert [len(world.texts(channel)) for channel in ("C1", "C2", "C3", CHANNEL)] == [1, 1, 1, 0]


def test_an_alert_without_any_destination_fails(world: World) -> None:
    """An account that no route and no default takes is not silently dropped."""
    webhook = world.slack.add_webhook("C1")
    world.configure(
        environment={"SLACK_WEBHOOK_ROUTES": json.dumps([{"accounts": [_OTHER], "slack_hook_url": webhook}])}
    )
    world.put_log(record(), record(recipientAccountId=_OTHER))
    with pytest.raises(InvocationFailedError, match=f"no route and no default for account {ACCOUNT}"):
        world.invoke(s3_event(KEY))
    assert len(world.texts("C1")) == 1


def test_what_an_sns_message_says(world: World) -> None:
    """The SNS body has the documented keys, the rules by id or expression, and the log file's place."""
    topic = world.make_topic("alerts")
    expression = "event['eventName'] == 'DeleteBucket'"
    world.configure(sns={"default_topic_arn": topic}, rules=[expression, {"expression": "True", "id": "all"}])
    event = record(additionalEventData={"a": 1}, responseElements={"b": [2]})
    world.put_log(event)
    world.invoke(s3_event(KEY))
    (envelope,) = world.published(topic)
    assert envelope["Subject"] == "Deployer/alice@example.com called DeleteBucket, which failed with AccessDenied"
    assert json.loads(envelope["Message"]) == {
        "title": "Deployer/alice@example.com called DeleteBucket, which failed with AccessDenied",
        "error_message": "User is not authorized",
        "error_code": "AccessDenied",
        "request_parameters": {"bucketName": "payroll"},
        "response_elements": {"b": [2]},
        "additional_details": {"a": 1},
        "account_id": ACCOUNT,
        "event_time": "2026-03-14T09:30:12Z",
        "event_id": event["eventID"],
        "actor": f"arn:aws:sts::{ACCOUNT}:assumed-role/Deployer/alice@example.com",
        "source_file": f"s3://trail-bucket/{KEY}",
        "rules": ["default/access-denied", expression, "all"],
        "event_name": "DeleteBucket",
        "event_source": "s3.amazonaws.com",
        "region": "eu-west-1",
        "severity": "medium",
        "outcome": "denied",
    }


def test_alerts_come_in_the_order_of_their_events(world: World) -> None:
    """Within an invocation alerts are told in the order of eventTime, those without a time last."""
    world.configure_bot(table=False)
    times = ["2026-03-14T09:30:12Z", None, "2026-03-14T09:10:00Z", "2026-03-14T09:20:00Z"]
    world.put_log(*(record(eventTime=time, eventName=f"Delete{number}") for number, time in enumerate(times)))
    world.invoke(s3_event(KEY))
    assert [text.split("Delete")[1][0] for text in world.texts()] == ["2", "3", "0", "1"]


def test_faults_of_the_settings_fail_every_invocation(world: World) -> None:
    """With settings that cannot be used, the invocation fails and names every fault."""
    world.configure(environment={"SLACK_BOT_TOKEN": "xoxb-1"}, rules=["import os"], unknown=1)
    with pytest.raises(ConfigurationError) as caught:
        world.invoke(s3_event(KEY))
    paths = {fault.path for fault in caught.value.issues}
    assert paths == {"unknown", "rules[0]", "slack.default_channel_id"}


def test_subscriptions_can_filter_by_attributes(world: World) -> None:
    """A message to SNS carries account, event, source, region, severity, error code and rule ids as attributes."""
    topic = world.make_topic("alerts")
    world.configure(sns={"default_topic_arn": topic}, rules=["True", {"id": "all", "expression": "True"}])
    world.put_log(record(), record(errorCode=None, userAgent="x", eventName="Hidden\u202ename"))
    world.invoke(s3_event(KEY))
    first, second = (envelope["MessageAttributes"] for envelope in world.published(topic))
    assert {name: attribute["Value"] for name, attribute in first.items()} == {
        "account": ACCOUNT,
        "event_name": "DeleteBucket",
        "event_source": "s3.amazonaws.com",
        "region": "eu-west-1",
        "severity": "medium",
        "error_code": "AccessDenied",
        "rule_id": '["default/access-denied", "all"]',
    }
    assert first["rule_id"]["Type"] == "String.Array"
    assert "error_code" not in second
    assert second["event_name"]["Value"] == "Hidden\\u202ename"


def test_fifo_topics_get_group_and_identity(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """A FIFO topic gets the account as the group, and the same identity for the same alert."""
    sns, sqs = world.aws("sns"), world.aws("sqs")
    fifo = {"FifoTopic": "true", "ContentBasedDeduplication": "false"}
    topic = sns.create_topic(Name="alerts.fifo", Attributes=fifo)["TopicArn"]
    url = sqs.create_queue(QueueName="listener.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    queue_arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue_arn)
    world.configure(sns={"default_topic_arn": topic})
    world.put_log(record())
    for _ in range(2):
        world.invoke(s3_event(KEY))
    messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, AttributeNames=["All"])["Messages"]
    assert messages[0]["Attributes"]["MessageGroupId"] == ACCOUNT
    assert len(messages) == 1, "the second has the same identity"
    assert '"message":"undelivered"' not in capsys.readouterr().out
