"""Notices besides alerts: removed and unreadable objects."""

import json
from typing import Any

import pytest

from cloudtrail_to_slack.errors import InvocationFailedError
from cloudtrail_to_slack_dev.fake_slack import SlackError
from support.app_environment import BUCKET, CHANNEL, KEY, AppEnvironment, s3_event


def _said(message: Any) -> str:
    return json.dumps(message.blocks)


@pytest.mark.parametrize("name", ["ObjectRemoved:Delete", "ObjectRemoved:DeleteMarkerCreated"])
def test_a_removed_object_is_delivered(app_env: AppEnvironment, name: str) -> None:
    """Who removed which object, from where, how and when, in the channel of the object's account."""
    app_env.slack.add_channel("C1", "production")
    app_env.configure_bot(table=False, slack={"routes": [{"accounts": ["111122223333"], "slack_channel_id": "C1"}]})
    counts = app_env.invoke(s3_event(KEY, name=name))
    (message,) = app_env.slack.messages("C1")
    said = message.text + _said(message)
    for part in ("AWS:AROAEXAMPLE:mallory", "198.51.100.9", f"s3://{BUCKET}/{KEY}", name, "2026-03-14 09:35:00 UTC"):
        assert part in said
    assert counts["objects_removed"] == 1


def test_a_removal_announced_by_eventbridge_is_delivered_too(app_env: AppEnvironment) -> None:
    """EventBridge's Object Deleted says the same."""
    app_env.configure_bot(table=False)
    detail = {
        "bucket": {"name": BUCKET},
        "object": {"key": KEY},
        "requester": "111122223333",
        "source-ip-address": "198.51.100.9",
        "reason": "DeleteObject",
    }
    app_env.invoke(
        {"source": "aws.s3", "detail-type": "Object Deleted", "time": "2026-03-14T09:35:00Z", "detail": detail}
    )
    (message,) = app_env.slack.messages(CHANNEL)
    assert all(part in _said(message) for part in ("111122223333", "198.51.100.9", "DeleteObject", KEY))


@pytest.mark.parametrize("switch", [False, "false"])
def test_removals_are_not_delivered_when_switched_off(app_env: AppEnvironment, switch: Any) -> None:
    """Switched off, removals are counted only."""
    app_env.configure_bot(table=False, s3_removed_object_notification=switch)
    assert app_env.invoke(s3_event(KEY, name="ObjectRemoved:Delete"))["objects_removed"] == 1
    assert app_env.texts() == []


def test_a_removal_that_cannot_be_delivered_fails(app_env: AppEnvironment) -> None:
    """A removal that reached no destination is retried like an alert."""
    app_env.configure_bot(table=False)
    app_env.slack.fail(SlackError("not_in_channel"), times=9)
    with pytest.raises(InvocationFailedError, match=f"the notice about s3://{BUCKET}"):
        app_env.invoke(s3_event(KEY, name="ObjectRemoved:Delete"))


def test_without_slack_removals_and_unreadable_objects_go_to_sns(app_env: AppEnvironment) -> None:
    """With SNS alone, what happened to the logs themselves is delivered there, in the shape of an alert."""
    topic = app_env.make_topic("alerts")
    app_env.configure(sns={"default_topic_arn": topic})
    app_env.invoke(s3_event(KEY, name="ObjectRemoved:Delete"))
    with pytest.raises(InvocationFailedError):
        app_env.invoke(s3_event(KEY))
    removed, unreadable = app_env.bodies(topic)
    assert removed["title"] == "AWS:AROAEXAMPLE:mallory removed an object from the log bucket"
    assert unreadable["title"] == "A log file could not be read"
    assert {body["source_file"] for body in (removed, unreadable)} == {f"s3://{BUCKET}/{KEY}"}


def test_notices_without_a_default_take_any_route(app_env: AppEnvironment) -> None:
    """Webhooks with routes and no default still receive what belongs to no account of theirs."""
    routes = [{"accounts": ["444455556666"], "slack_hook_url": app_env.slack.add_webhook("C1")}]
    app_env.configure(environment={"SLACK_WEBHOOK_ROUTES": json.dumps(routes)})
    app_env.invoke(s3_event(KEY, name="ObjectRemoved:Delete"))
    assert len(app_env.texts("C1")) == 1


def test_a_rejected_notice_is_sent_as_text(app_env: AppEnvironment) -> None:
    """A notice whose blocks Slack refuses arrives as its text."""
    app_env.configure_bot(table=False)
    app_env.slack.fail(SlackError("invalid_blocks"))
    app_env.invoke(s3_event(KEY, name="ObjectRemoved:Delete"))
    (message,) = app_env.slack.messages(CHANNEL)
    assert not message.blocks
    assert KEY in message.text
