"""Many notices of one kind: a few messages, and none left out."""

import json
from typing import Any

import pytest

from cloudtrail_to_slack.errors import InvocationFailedError
from support.app_environment import ACCOUNT, CHANNEL, AppEnvironment, Context, s3_event

_FOLDER = f"AWSLogs/{ACCOUNT}/CloudTrail/eu-west-1/2026/03/14/{ACCOUNT}_CloudTrail_eu-west-1_20260314T0930Z_"
LONG = Context(milliseconds=300_000)


def keys(count: int) -> list[str]:
    """Return the keys of as many log files."""
    return [f"{_FOLDER}key{number:05}.json.gz" for number in range(count)]


def configure(app_env: AppEnvironment, kind: str, **config: Any) -> None:
    """Configure a bot or a webhook, with a table."""
    if kind == "bot":
        app_env.configure_bot(**config)
        return
    app_env.make_table()
    app_env.configure(
        environment={
            "SLACK_WEBHOOK_URL": app_env.slack.add_webhook(CHANNEL),
            "DYNAMODB_TABLE_NAME": "cloudtrail-to-slack-table",
        },
        **config,
    )


def said(app_env: AppEnvironment, channel: str = CHANNEL) -> str:
    """Return all that a channel's messages say."""
    return "\n".join(message.text + json.dumps(message.blocks) for message in app_env.slack.messages(channel))


@pytest.mark.parametrize("kind", ["bot", "webhook"])
def test_many_removed_objects(app_env: AppEnvironment, kind: str) -> None:
    """Two hundred removed objects are a few messages that name each of them, who removed it and from where."""
    configure(app_env, kind)
    removed = keys(200)
    app_env.invoke(s3_event(*removed, name="ObjectRemoved:Delete"), LONG)
    text = said(app_env)
    assert all(key in text for key in removed)
    assert "196 more objects were removed from the log bucket" in text
    assert text.count("by `AWS:AROAEXAMPLE:mallory` from IP `198.51.100.9`") >= 196
    assert len(app_env.slack.threads(CHANNEL)) <= (5 if kind == "bot" else 20)


@pytest.mark.parametrize("kind", ["bot", "webhook"])
@pytest.mark.parametrize("limit", [1, 2, 20])
@pytest.mark.parametrize("count", [1, 2, 5, 6])
def test_few_removed_objects(app_env: AppEnvironment, kind: str, limit: int, count: int) -> None:
    """Up to five notices of a kind are messages of their own, and never more than the limit."""
    configure(app_env, kind, max_messages_per_channel=limit)
    removed = keys(count)
    app_env.invoke(s3_event(*removed, name="ObjectRemoved:Delete"))
    assert len(app_env.texts()) == min(count, limit, 5)
    assert all(key in said(app_env) for key in removed)


def test_a_retry_repeats_no_notice(app_env: AppEnvironment) -> None:
    """A summary of notices that was delivered is not delivered again, in whatever company its members come back."""
    app_env.configure_bot()
    removed = keys(20)
    app_env.invoke(s3_event(*removed, name="ObjectRemoved:Delete"))
    before = len(app_env.texts())
    app_env.invoke(s3_event(*removed[5:15], name="ObjectRemoved:Delete"))
    assert len(app_env.texts()) == before


def test_many_unreadable_log_files(app_env: AppEnvironment) -> None:
    """Many log files that cannot be read are few messages, and the invocation fails for each."""
    app_env.configure_bot()
    missing = keys(30)
    with pytest.raises(InvocationFailedError, match="30 failed"):
        app_env.invoke(s3_event(*missing))
    assert len(app_env.texts()) == 5
    assert all(key in said(app_env) for key in missing)


def test_each_kind_has_slots_of_its_own(app_env: AppEnvironment) -> None:
    """Many removals do not hide the one log file that cannot be read."""
    app_env.configure_bot()
    event = s3_event(*keys(30), name="ObjectRemoved:Delete")
    event["Records"] += s3_event(f"{_FOLDER}missing.json.gz")["Records"]
    with pytest.raises(InvocationFailedError):
        app_env.invoke(event)
    assert any(f"{_FOLDER}missing.json.gz" in text and "could not be read" in text for text in app_env.texts())


def test_many_notices_of_a_broken_route(app_env: AppEnvironment) -> None:
    """Notices whose own channel is broken come to the default channel, within its limit."""
    app_env.configure_bot(slack={"routes": [{"accounts": [ACCOUNT], "slack_channel_id": "C0GONE"}]})
    removed = keys(12)
    app_env.invoke(s3_event(*removed, name="ObjectRemoved:Delete"))
    assert len(app_env.texts()) == 5
    assert all(key in said(app_env) for key in removed)
    assert "C0GONE" in said(app_env)
