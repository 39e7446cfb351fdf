"""Routes and destinations: who receives what."""

import json
from typing import Any

import pytest

from cloudtrail_to_slack.errors import ConfigurationError, InvocationFailedError
from support.app_environment import ACCOUNT, CHANNEL, KEY, AppEnvironment, record, s3_event

_OTHER = "444455556666"
_THIRD = "777788889999"


def _three_accounts() -> list[dict[str, Any]]:
    return [record(recipientAccountId=account, eventName=f"Delete{account}") for account in (ACCOUNT, _OTHER, _THIRD)]


def test_the_bot_posts_by_account(app_env: AppEnvironment) -> None:
    """Accounts with a route go to their channel, all others to the default one."""
    app_env.slack.add_channel("C1", "production")
    routes = [{"accounts": [ACCOUNT, _OTHER], "slack_channel_id": "C1"}]
    app_env.configure_bot(table=False, slack={"routes": routes})
    app_env.put_log(*_three_accounts())
    app_env.invoke(s3_event(KEY))
    assert [ACCOUNT in app_env.texts("C1")[0], _OTHER in app_env.texts("C1")[1]] == [True, True]
    assert [_THIRD in text for text in app_env.texts()] == [True]


def test_webhooks_post_by_account(app_env: AppEnvironment) -> None:
    """Webhooks have routes and a default too, and the message is the bot's."""
    default, routed = app_env.slack.add_webhook("C1", "rest"), app_env.slack.add_webhook("C2", "production")
    app_env.configure(
        environment={
            "SLACK_WEBHOOK_URL": default,
            "SLACK_WEBHOOK_ROUTES": json.dumps([{"accounts": [ACCOUNT], "slack_hook_url": routed}]),
        }
    )
    app_env.put_log(*_three_accounts())
    app_env.invoke(s3_event(KEY))
    assert [ACCOUNT in text for text in app_env.texts("C2")] == [True]
    assert [_OTHER in app_env.texts("C1")[0], _THIRD in app_env.texts("C1")[1]] == [True, True]
    assert {message.via for message in app_env.slack.messages("C1")} == {"webhook"}


def test_topics_are_chosen_by_account(app_env: AppEnvironment) -> None:
    """SNS alone: each account's topic, and the default for the rest."""
    default, routed = app_env.make_topic("rest"), app_env.make_topic("production")
    app_env.configure(
        sns={"default_topic_arn": default, "routes": [{"accounts": [ACCOUNT], "sns_topic_arn": routed}]},
    )
    app_env.put_log(*_three_accounts())
    app_env.invoke(s3_event(KEY))
    assert [body["account_id"] for body in app_env.bodies(routed)] == [ACCOUNT]
    assert sorted(body["account_id"] for body in app_env.bodies(default)) == [_OTHER, _THIRD]


@pytest.mark.parametrize("slack", ["bot", "webhook"])
def test_slack_and_sns_can_be_on_together(app_env: AppEnvironment, slack: str) -> None:
    """A bot and SNS, or a webhook and SNS, both get every alert."""
    topic = app_env.make_topic("alerts")
    if slack == "bot":
        app_env.configure_bot(sns={"default_topic_arn": topic})
    else:
        app_env.configure(
            environment={"SLACK_WEBHOOK_URL": app_env.slack.add_webhook(CHANNEL)}, sns={"default_topic_arn": topic}
        )
    app_env.put_log(record())
    app_env.invoke(s3_event(KEY))
    assert len(app_env.texts()) == 1
    assert len(app_env.bodies(topic)) == 1


def test_with_a_token_the_bot_is_used_and_the_webhook_is_not(app_env: AppEnvironment) -> None:
    """A token takes precedence over a webhook."""
    webhook = app_env.slack.add_webhook("C1", "webhook")
    app_env.configure_bot(table=False)
    app_env.monkeypatch.setenv("SLACK_WEBHOOK_URL", webhook)
    app_env.put_log(record())
    app_env.invoke(s3_event(KEY))
    assert (len(app_env.texts()), len(app_env.texts("C1"))) == (1, 0)


def test_the_account_is_the_recipients_then_the_callers_then_the_keys(app_env: AppEnvironment) -> None:
    """Routing takes recipientAccountId, else userIdentity.accountId, else the account in the object's key."""
    for account, channel in ((ACCOUNT, "C1"), (_OTHER, "C2"), (_THIRD, "C3")):
        app_env.slack.add_channel(channel, account)
    routes = [
        {"accounts": [account], "slack_channel_id": channel}
        for account, channel in ((ACCOUNT, "C1"), (_OTHER, "C2"), (_THIRD, "C3"))
    ]
    app_env.configure_bot(table=False, slack={"routes": routes})
    caller = {"type": "AWSAccount", "accountId": _OTHER}
    app_env.put_log(
        record(recipientAccountId=_THIRD, userIdentity=caller),
        record(recipientAccountId=None, userIdentity=caller),
        record(recipientAccountId=None, userIdentity=None),
    )
    app_env.invoke(s3_event(KEY))
    assert [len(app_env.texts(channel)) for channel in ("C1", "C2", "C3", CHANNEL)] == [1, 1, 1, 0]


def test_an_alert_without_any_destination_fails(app_env: AppEnvironment) -> None:
    """An account that no route and no default takes is not silently dropped."""
    webhook = app_env.slack.add_webhook("C1")
    app_env.configure(
        environment={"SLACK_WEBHOOK_ROUTES": json.dumps([{"accounts": [_OTHER], "slack_hook_url": webhook}])}
    )
    app_env.put_log(record(), record(recipientAccountId=_OTHER))
    with pytest.raises(InvocationFailedError, match=f"no route and no default for account {ACCOUNT}"):
        app_env.invoke(s3_event(KEY))
    assert len(app_env.texts("C1")) == 1


def test_what_an_sns_message_says(app_env: AppEnvironment) -> None:
    """The SNS body has the documented keys, the rules by id or expression, and the log file's place."""
    topic = app_env.make_topic("alerts")
    expression = "event['eventName'] == 'DeleteBucket'"
    app_env.configure(sns={"default_topic_arn": topic}, rules=[expression, {"expression": "True", "id": "all"}])
    event = record(additionalEventData={"a": 1}, responseElements={"b": [2]})
    app_env.put_log(event)
    app_env.invoke(s3_event(KEY))
    (envelope,) = app_env.published(topic)
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
        "mitre": ["T1580"],
        "outcome": "denied",
    }


def test_alerts_come_in_the_order_of_their_events(app_env: AppEnvironment) -> None:
    """Within an invocation alerts are delivered in the order of eventTime, those without a time last."""
    app_env.configure_bot(table=False)
    times = ["2026-03-14T09:30:12Z", None, "2026-03-14T09:10:00Z", "2026-03-14T09:20:00Z"]
    app_env.put_log(*(record(eventTime=time, eventName=f"Delete{number}") for number, time in enumerate(times)))
    app_env.invoke(s3_event(KEY))
    assert [text.split("Delete")[1][0] for text in app_env.texts()] == ["2", "3", "0", "1"]


def test_faults_of_the_settings_fail_every_invocation(app_env: AppEnvironment) -> None:
    """With settings that cannot be used, the invocation fails and names every fault."""
    app_env.configure(environment={"SLACK_BOT_TOKEN": "xoxb-1"}, rules=["import os"], unknown=1)
    with pytest.raises(ConfigurationError) as caught:
        app_env.invoke(s3_event(KEY))
    paths = {fault.path for fault in caught.value.issues}
    assert paths == {"unknown", "rules[0]", "slack.default_channel_id"}


def test_subscriptions_can_filter_by_attributes(app_env: AppEnvironment) -> None:
    """A message to SNS carries account, event, source, region, severity, error code and rule ids as attributes."""
    topic = app_env.make_topic("alerts")
    app_env.configure(sns={"default_topic_arn": topic}, rules=["True", {"id": "all", "expression": "True"}])
    app_env.put_log(record(), record(errorCode=None, userAgent="x", eventName="Hidden\u202ename"))
    app_env.invoke(s3_event(KEY))
    first, second = (envelope["MessageAttributes"] for envelope in app_env.published(topic))
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


def test_fifo_topics_get_group_and_identity(app_env: AppEnvironment, capsys: pytest.CaptureFixture[str]) -> None:
    """A FIFO topic gets the account as the group, and the same identity for the same alert."""
    sns, sqs = app_env.aws("sns"), app_env.aws("sqs")
    fifo = {"FifoTopic": "true", "ContentBasedDeduplication": "false"}
    topic = sns.create_topic(Name="alerts.fifo", Attributes=fifo)["TopicArn"]
    url = sqs.create_queue(QueueName="listener.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    queue_arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue_arn)
    app_env.configure(sns={"default_topic_arn": topic})
    app_env.put_log(record())
    for _ in range(2):
        app_env.invoke(s3_event(KEY))
    messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, AttributeNames=["All"])["Messages"]
    assert messages[0]["Attributes"]["MessageGroupId"] == ACCOUNT
    assert len(messages) == 1, "the second has the same identity"
    assert '"message":"undelivered"' not in capsys.readouterr().out
