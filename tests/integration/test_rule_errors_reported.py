"""Events on which a rule raises an error are reported, or the invocation fails."""

import json
from typing import Any

import pytest

from cloudtrail_to_slack.errors import InvocationFailedError
from cloudtrail_to_slack_dev.fake_slack import SlackError
from support.passing_time import PassingTime
from support.world import BUCKET, CHANNEL, KEY, World, failed_messages, record, s3_event, sqs_event

_RAISES = 'event["requestParameters.userName"].startswith("svc-")'
_RULE = {"id": "svc", "expression": _RAISES, "severity": "high"}
_KEYS = [KEY.replace("0123", f"{number:04}") for number in range(9)]


def _said(message: Any) -> str:
    return json.dumps(message.blocks)


def _put(world: World, number: int, *event_ids: str, **fields: Any) -> dict[str, Any]:
    """Put a log file with these events; return the notification of it."""
    world.put_log(*(record(eventID=event_id, **fields) for event_id in event_ids), key=_KEYS[number])
    return s3_event(_KEYS[number])


def _all(world: World) -> str:
    return "".join(map(_said, world.slack.messages(CHANNEL)))


def test_all_events_of_a_rule_are_in_one_notice(world: World) -> None:
    """One rule and cause makes one notice with the rule, its severity, the error, the log file and every event's id."""
    world.configure_bot(table=False, use_default_rules=False, rules=[_RULE])
    world.put_log(*(record(eventID=f"e-{number}-") for number in range(50)))
    other = world.put_log(record(eventID="f-0-"), key=_KEYS[1])
    counts = world.invoke(s3_event(KEY, other))
    (message,) = world.slack.messages(CHANNEL)
    said = _said(message)
    for part in ("svc-", "severity high", "KeyError", "on 51 events", f"s3://{BUCKET}/{KEY}", "f-0-"):
        assert part in said
    assert all(f"e-{number}-" in said for number in range(50))
    assert (counts["rule_errors"], counts["unmatched"]) == (51, 51)


def test_each_cause_of_a_rule_is_reported(world: World) -> None:
    """A rule that raises in two ways, and another rule, are three reports in one message."""
    rules = [_RAISES, {"expression": 'event.get("eventName")', "id": "not-a-bool"}]
    world.configure_bot(table=False, use_default_rules=False, rules=rules)
    world.put_log(record(), record(requestParameters={"userName": 5}))
    world.invoke(s3_event(KEY))
    (message,) = world.slack.messages(CHANNEL)
    said = _said(message)
    assert [said.count(word) for word in ("KeyError", "AttributeError", "`not-a-bool`")] == [1, 1, 1]
    assert "gave a str where True or False is expected" in said


def test_many_rules_are_split_over_messages(world: World) -> None:
    """However many rules raise, each is reported, in messages that Slack takes, with a table as without."""
    rules = [
        {"expression": f'event["missing.{"x" * 300}.{number}"] == 1', "id": f"rule-{number}"} for number in range(60)
    ]
    world.configure_bot(use_default_rules=False, rules=rules)
    world.put_log(record())
    world.invoke(s3_event(KEY))
    assert len(world.slack.messages(CHANNEL)) > 1
    everything = _all(world)
    assert all(everything.count(f"`rule-{number}`") == 1 for number in range(60))


@pytest.mark.parametrize("switch", [False, "false", "False"])
@pytest.mark.parametrize("sns", [False, True])
def test_switched_off_they_are_logged_alone(world: World, capsys: Any, switch: Any, sns: bool) -> None:  # noqa: FBT001 (a parameter)
    """Switched off, by false or the string "false", rule errors stand in the log, with every id, and in no message."""
    topic = world.make_topic("alerts")
    config: dict[str, Any] = {"rules": [_RULE], "rule_evaluation_errors_to_slack": switch}
    if sns:
        world.configure(sns={"default_topic_arn": topic}, **config)
    else:
        world.configure_bot(table=False, **config)
    assert world.invoke(_put(world, 0, "e-1", "e-2", errorCode=None))["rule_errors"] == 2
    assert (world.texts(), world.bodies(topic)) == ([], [])
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (line,) = [line for line in lines if line.get("message") == "rule error"]
    assert (line["rule"], line["event_ids"], line["events"]) == ("svc", ["e-1", "e-2"], 2)


def test_a_rule_that_raises_hides_no_other(world: World) -> None:
    """Rules after one that raises are evaluated, and an ignore rule that raises ignores nothing."""
    world.configure_bot(table=False, rules=[_RAISES, "True"], ignore_rules=[_RAISES], use_default_rules=False)
    world.put_log(record())
    assert world.invoke(s3_event(KEY))["matched"] == 1
    assert len(world.texts()) == 2


def test_with_sns_alone_they_go_there(world: World) -> None:
    """With SNS alone a rule error is a message to the topic, with the rule's name and severity and the events' ids."""
    topic = world.make_topic("alerts")
    world.configure(sns={"default_topic_arn": topic}, use_default_rules=False, rules=[_RULE])
    world.invoke(_put(world, 0, "e-1", "e-2"))
    (envelope,) = world.published(topic)
    body = json.loads(envelope["Message"])
    assert body["title"] == "rule svc raised an error and may miss events"
    assert (body["severity"], body["rules"]) == ("high", ["svc"])
    assert "e-1, e-2" in body["error_message"]
    assert envelope["MessageAttributes"]["severity"]["Value"] == "high"


def test_with_slack_they_stay_out_of_sns(world: World) -> None:
    """Where there is Slack, rule errors go there, and the topic's subscribers get alerts alone."""
    topic = world.make_topic("alerts")
    world.configure_bot(table=False, sns={"default_topic_arn": topic}, rules=[_RULE])
    world.put_log(record())
    world.invoke(s3_event(KEY))
    assert [body["rules"] for body in world.bodies(topic)] == [["default/access-denied"]]
    assert len(world.texts()) == 2


@pytest.mark.parametrize("severity", ["low", "critical"])
@pytest.mark.parametrize("table", [False, True])
def test_what_cannot_be_reported_fails(world: World, severity: str, table: bool) -> None:  # noqa: FBT001 (a parameter)
    """An invocation whose rule error reaches nobody fails, and its retry reports it; no alert is repeated then."""
    world.configure_bot(table=table, rules=[{**_RULE, "severity": severity}])
    payload = _put(world, 0, "e-1", errorCode=None)
    world.slack.fail(SlackError("is_archived"), times=1)
    with pytest.raises(InvocationFailedError, match="the notice"):
        world.invoke(payload)
    assert world.texts() == []
    world.invoke(payload)
    assert "e-1" in _all(world)
    assert len(world.texts()) == 1


def test_only_the_messages_that_brought_the_events_fail(world: World) -> None:
    """Of an SQS batch those messages are handed back whose events could not be reported."""
    world.configure_bot(rules=[_RULE])
    world.slack.fail(SlackError("is_archived"), times=9)
    good = _put(world, 0, "e-1", errorCode=None, requestParameters={"userName": "x"})
    bad = _put(world, 1, "e-2", errorCode=None)
    assert failed_messages(world.invoke(sqs_event(good, bad))) == ["m1"]


def test_a_retry_reports_nothing_again(world: World) -> None:
    """Events that were reported are not reported again, whoever brings them."""
    world.configure_bot(rules=[_RULE])
    payload = _put(world, 0, "e-1", "e-2", errorCode=None)
    for _ in range(3):
        world.invoke(payload)
    assert len(world.texts()) == 1


@pytest.mark.parametrize("table", [False, True])
def test_later_events_wait_and_do_not_vanish(world: World, passing_time: PassingTime, table: bool) -> None:  # noqa: FBT001 (a parameter)
    """Within an hour a rule and cause is reported once; the events of that time are in the notice after it."""
    world.configure_bot(table=table, rules=[_RULE])
    for number in range(4):
        world.invoke(_put(world, number, f"e-{number}-", errorCode=None))
        passing_time.passes(600)
    assert len(world.texts()) == 1
    passing_time.passes(3600)
    world.put_log(record(errorCode=None, requestParameters={"userName": "x"}), key=_KEYS[5])
    world.invoke(s3_event(_KEYS[5]))
    first, second = map(_said, world.slack.messages(CHANNEL))
    assert "e-0-" in first
    assert all(f"e-{number}-" in second for number in (1, 2, 3))
    assert "on 3 events" in second


def test_another_cause_does_not_wait(world: World) -> None:
    """Another cause, or another rule, is reported although one was within the hour."""
    world.configure_bot(rules=[_RULE, {"id": "other", "expression": 'event["x"] == 2'}])
    world.invoke(_put(world, 0, "e-1", errorCode=None, x=1))
    world.invoke(_put(world, 1, "e-2", errorCode=None, x=1, requestParameters={"userName": 5}))
    world.invoke(_put(world, 2, "e-3", errorCode=None, requestParameters={"userName": "x"}))
    causes = ["KeyError: 'requestParameters", "AttributeError", "KeyError: 'x'"]
    messages = world.slack.messages(CHANNEL)
    assert len(messages) == 3
    assert all(cause in _said(message) for cause, message in zip(causes, messages, strict=True))


def test_errors_of_a_critical_rule_never_wait(world: World) -> None:
    """What a critical rule may have missed is reported by every invocation, and by none again."""
    world.configure_bot(rules=[{**_RULE, "severity": "critical"}])
    for number in (0, 1, 2, 2):
        world.invoke(_put(world, number, f"e-{number}-", errorCode=None))
    assert [said.count(f"e-{number}-") for number, said in enumerate(map(_said, world.slack.messages(CHANNEL)))] == [
        1
    ] * 3


def test_where_only_other_accounts_are_routed(world: World) -> None:
    """Without a default route the notice goes to any route."""
    topic = world.make_topic("alerts")
    routes = [{"accounts": ["444455556666"], "sns_topic_arn": topic}]
    world.configure(sns={"routes": routes}, use_default_rules=False, rules=[_RULE])
    world.invoke(_put(world, 0, "e-1"))
    assert "e-1" in world.bodies(topic)[0]["error_message"]


def test_a_table_that_is_throttled_fails_the_invocation(world: World, dynamodb: Any) -> None:
    """When the table cannot be used for now, what was not reported is tried again."""
    world.configure_bot(rules=[_RULE])
    payload = _put(world, 0, "e-1", errorCode=None)
    dynamodb("UpdateItem", "InternalServerError", 99)
    with pytest.raises(InvocationFailedError, match="the notice about the rule svc"):
        world.invoke(payload)
    assert world.texts() == []


@pytest.mark.parametrize("rejections", [1, 2])
def test_a_notice_that_is_rejected_keeps_its_ids(world: World, rejections: int) -> None:
    """A notice that Slack takes only without blocks, or in bare words, still has the rule, the error and every id."""
    world.configure_bot(table=False, use_default_rules=False, rules=[_RULE])
    world.put_log(*(record(eventID=f"e-{number}-") for number in range(50)))
    world.slack.fail(SlackError("invalid_blocks"), times=rejections)
    world.invoke(s3_event(KEY))
    (message,) = world.slack.messages(CHANNEL)
    assert message.blocks == []
    assert "svc" in message.text
    assert "KeyError" in message.text
    assert all(f"e-{number}-" in message.text for number in range(50))
