"""What is told besides alerts: rules that raise, removed and unreadable objects."""

import json
from typing import Any

import pytest

from cloudtrail_to_slack.errors import InvocationFailedError
from cloudtrail_to_slack_dev.slack_standin import SlackError
from support.world import BUCKET, CHANNEL, KEY, World, record, s3_event

_RAISES = 'event["requestParameters.userName"].startswith("svc-")'


def _said(message: Any) -> str:
    return json.dumps(message.blocks)


def test_a_rule_that_raises_is_told_once_for_all_events(world: World) -> None:
    """One rule and cause makes one report in an invocation: rule, error, how many events, one of them, the object."""
    world.configure_bot(table=False, use_default_rules=False, rules=[_RAISES])
    world.put_log(*(record(eventID=f"e-{number}") for number in range(50)))
    other = world.put_log(record(), key=KEY.replace("0123", "aaaa"))
    counts = world.invoke(s3_event(KEY, other))
    (message,) = world.slack.messages(CHANNEL)
    said = _said(message)
    for part in ("svc-", "KeyError", "on 51 events", "e-0", f"s3://{BUCKET}/{KEY}"):
        assert part in said
    assert counts["rule_errors"] == 51
    assert counts["unmatched"] == 51


def test_each_cause_of_a_rule_is_told(world: World) -> None:
    """A rule that raises in two ways, and another rule, are three reports in one message."""
    world.configure_bot(
        table=False,
        use_default_rules=False,
        rules=[_RAISES, {"expression": 'event.get("eventName")', "id": "not-a-bool"}],
    )
    world.put_log(record(), record(requestParameters={"userName": 5}))
    world.invoke(s3_event(KEY))
    (message,) = world.slack.messages(CHANNEL)
    said = _said(message)
    assert [said.count(word) for word in ("KeyError", "AttributeError", "`not-a-bool`")] == [1, 1, 1]
    assert "gave a str where True or False is expected" in said


def test_many_rule_errors_are_split_over_messages(world: World) -> None:
    """However many rules raise, each is reported, in messages that Slack takes."""
    rules = [
        {"expression": f'event["missing.{"x" * 300}.{number}"] == 1', "id": f"rule-{number}"} for number in range(60)
    ]
    world.configure_bot(table=False, use_default_rules=False, rules=rules)
    world.put_log(record())
    world.invoke(s3_event(KEY))
    messages = world.slack.messages(CHANNEL)
    assert len(messages) > 1
    everything = "".join(map(_said, messages))
    assert all(f"`rule-{number}`" in everything for number in range(60))


@pytest.mark.parametrize("switch", [False, "false", "False"])
def test_rule_errors_are_not_told_when_switched_off(world: World, capsys: Any, switch: Any) -> None:
    """Switched off, by false or the text "false", rule errors stand in the log and not in Slack."""
    world.configure_bot(table=False, rules=[_RAISES], rule_evaluation_errors_to_slack=switch)
    world.put_log(record(errorCode=None))
    world.invoke(s3_event(KEY))
    assert world.texts() == []
    assert '"message":"rule error"' in capsys.readouterr().out


def test_a_broken_rule_hides_no_other(world: World) -> None:
    """Rules after one that raises are evaluated, and an ignore rule that raises ignores nothing."""
    world.configure_bot(table=False, rules=[_RAISES, "True"], ignore_rules=[_RAISES], use_default_rules=False)
    world.put_log(record())
    counts = world.invoke(s3_event(KEY))
    assert counts["matched"] == 1
    assert len(world.texts()) == 2


def test_rule_errors_stay_out_of_sns(world: World) -> None:
    """With SNS alone, a rule error is no message to the topic: its subscribers parse alerts."""
    topic = world.make_topic("alerts")
    world.configure(sns={"default_topic_arn": topic}, rules=[_RAISES])
    world.put_log(record())
    world.invoke(s3_event(KEY))
    assert [body["rules"] for body in world.bodies(topic)] == [["access-denied"]]


def test_a_rule_error_that_cannot_be_told_is_logged(world: World, capsys: Any) -> None:
    """That nobody hears of a rule that raises is no reason to tell every alert of the invocation again."""
    world.configure_bot(table=False, rules=[_RAISES])
    world.slack.fail(SlackError("is_archived"), times=2)
    world.put_log(record(errorCode=None))
    world.invoke(s3_event(KEY))
    assert '"message":"notice not told"' in capsys.readouterr().out


@pytest.mark.parametrize("name", ["ObjectRemoved:Delete", "ObjectRemoved:DeleteMarkerCreated"])
def test_a_removed_object_is_told(world: World, name: str) -> None:
    """Who removed which object, from where, how and when, in the channel of the object's account."""
    world.slack.add_channel("C1", "production")
    world.configure_bot(table=False, slack={"routes": [{"accounts": ["111122223333"], "slack_channel_id": "C1"}]})
    counts = world.invoke(s3_event(KEY, name=name))
    (message,) = world.slack.messages("C1")
    said = message.text + _said(message)
    for part in ("AWS:AROAEXAMPLE:mallory", "198.51.100.9", f"s3://{BUCKET}/{KEY}", name, "2026-03-14 09:35:00 UTC"):
        assert part in said
    assert counts["objects_removed"] == 1


def test_a_removal_that_eventbridge_tells_is_told_too(world: World) -> None:
    """EventBridge's Object Deleted says the same."""
    world.configure_bot(table=False)
    detail = {
        "bucket": {"name": BUCKET},
        "object": {"key": KEY},
        "requester": "111122223333",
        "source-ip-address": "198.51.100.9",
        "reason": "DeleteObject",
    }
    world.invoke(
        {"source": "aws.s3", "detail-type": "Object Deleted", "time": "2026-03-14T09:35:00Z", "detail": detail}
    )
    (message,) = world.slack.messages(CHANNEL)
    assert all(part in _said(message) for part in ("111122223333", "198.51.100.9", "DeleteObject", KEY))


@pytest.mark.parametrize("switch", [False, "false"])
def test_removals_are_not_told_when_switched_off(world: World, switch: Any) -> None:
    """Switched off, removals are counted only."""
    world.configure_bot(table=False, s3_removed_object_notification=switch)
    assert world.invoke(s3_event(KEY, name="ObjectRemoved:Delete"))["objects_removed"] == 1
    assert world.texts() == []


def test_a_removal_that_cannot_be_told_fails(world: World) -> None:
    """A removal that nobody heard of is retried like an alert."""
    world.configure_bot(table=False)
    world.slack.fail(SlackError("not_in_channel"), times=9)
    with pytest.raises(InvocationFailedError, match=f"the notice about s3://{BUCKET}"):
        world.invoke(s3_event(KEY, name="ObjectRemoved:Delete"))


def test_without_slack_removals_and_unreadable_objects_go_to_sns(world: World) -> None:
    """With SNS alone, what happened to the logs themselves is told there, in the shape of an alert."""
    topic = world.make_topic("alerts")
    world.configure(sns={"default_topic_arn": topic})
    world.invoke(s3_event(KEY, name="ObjectRemoved:Delete"))
    with pytest.raises(InvocationFailedError):
        world.invoke(s3_event(KEY))
    removed, unreadable = world.bodies(topic)
    assert removed["title"] == "AWS:AROAEXAMPLE:mallory removed an object from the log bucket"
    assert unreadable["title"] == "A log object could not be read"
    assert {body["source_file"] for body in (removed, unreadable)} == {f"s3://{BUCKET}/{KEY}"}


def test_notices_without_a_default_take_any_route(world: World) -> None:
    """Webhooks with routes and no default still hear of what belongs to no account of theirs."""
    routes = [{"accounts": ["444455556666"], "slack_hook_url": world.slack.add_webhook("C1")}]
    world.configure(environment={"SLACK_WEBHOOK_ROUTES": json.dumps(routes)})
    world.invoke(s3_event(KEY, name="ObjectRemoved:Delete"))
    assert len(world.texts("C1")) == 1


def test_a_refused_notice_is_sent_as_text(world: World) -> None:
    """A notice whose blocks Slack refuses arrives as its text."""
    world.configure_bot(table=False)
    world.slack.fail(SlackError("invalid_blocks"))
    world.invoke(s3_event(KEY, name="ObjectRemoved:Delete"))
    (message,) = world.slack.messages(CHANNEL)
    assert not message.blocks
    assert KEY in message.text
