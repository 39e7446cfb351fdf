"""Events on which a rule raises an error are reported, or the invocation fails."""

import json
from typing import Any

import pytest

from cloudtrail_to_slack.errors import InvocationFailedError
from cloudtrail_to_slack_dev.fake_slack import SlackError
from support.app_environment import BUCKET, CHANNEL, KEY, AppEnvironment, failed_messages, record, s3_event, sqs_event
from support.virtual_time import VirtualTime

_RAISES = 'event["requestParameters.userName"].startswith("svc-")'
_RULE = {"id": "svc", "expression": _RAISES, "severity": "high"}
_KEYS = [KEY.replace("0123", f"{number:04}") for number in range(9)]


def _said(message: Any) -> str:
    return json.dumps(message.blocks)


def _put(app_env: AppEnvironment, number: int, *event_ids: str, **fields: Any) -> dict[str, Any]:
    """Put a log file with these events; return the notification of it."""
    app_env.put_log(*(record(eventID=event_id, **fields) for event_id in event_ids), key=_KEYS[number])
    return s3_event(_KEYS[number])


def _all(app_env: AppEnvironment) -> str:
    return "".join(map(_said, app_env.slack.messages(CHANNEL)))


def test_all_events_of_a_rule_are_in_one_notice(app_env: AppEnvironment) -> None:
    """One rule and cause makes one notice with the rule, its severity, the error, the log file and every event's id."""
    app_env.configure_bot(table=False, use_default_rules=False, rules=[_RULE])
    app_env.put_log(*(record(eventID=f"e-{number}-") for number in range(50)))
    other = app_env.put_log(record(eventID="f-0-"), key=_KEYS[1])
    counts = app_env.invoke(s3_event(KEY, other))
    (message,) = app_env.slack.messages(CHANNEL)
    said = _said(message)
    for part in ("svc-", "severity high", "KeyError", "on 51 events", f"s3://{BUCKET}/{KEY}", "f-0-"):
        assert part in said
    assert all(f"e-{number}-" in said for number in range(50))
    assert (counts["rule_errors"], counts["unmatched"]) == (51, 51)


def test_each_cause_of_a_rule_is_reported(app_env: AppEnvironment) -> None:
    """A rule that raises in two ways, and another rule, are three reports in one message."""
    rules = [_RAISES, {"expression": 'event.get("eventName")', "id": "not-a-bool"}]
    app_env.configure_bot(table=False, use_default_rules=False, rules=rules)
    app_env.put_log(record(), record(requestParameters={"userName": 5}))
    app_env.invoke(s3_event(KEY))
    (message,) = app_env.slack.messages(CHANNEL)
    said = _said(message)
    assert [said.count(word) for word in ("KeyError", "AttributeError", "`not-a-bool`")] == [1, 1, 1]
    assert "gave a str where True or False is expected" in said


def test_many_rules_are_split_over_messages(app_env: AppEnvironment) -> None:
    """However many rules raise, each is reported, in messages that Slack takes, with a table as without."""
    rules = [
        {"expression": f'event["missing.{"x" * 300}.{number}"] == 1', "id": f"rule-{number}"} for number in range(60)
    ]
    app_env.configure_bot(use_default_rules=False, rules=rules)
    app_env.put_log(record())
    app_env.invoke(s3_event(KEY))
    assert len(app_env.slack.messages(CHANNEL)) > 1
    everything = _all(app_env)
    assert all(everything.count(f"`rule-{number}`") == 1 for number in range(60))


@pytest.mark.parametrize("switch", [False, "false", "False"])
@pytest.mark.parametrize("sns", [False, True])
def test_switched_off_they_are_logged_alone(app_env: AppEnvironment, capsys: Any, switch: Any, sns: bool) -> None:  # noqa: FBT001 (a parameter)
    """Switched off, by false or the string "false", rule errors stand in the log, with every id, and in no message."""
    topic = app_env.make_topic("alerts")
    config: dict[str, Any] = {"rules": [_RULE], "rule_evaluation_errors_to_slack": switch}
    if sns:
        app_env.configure(sns={"default_topic_arn": topic}, **config)
    else:
        app_env.configure_bot(table=False, **config)
    assert app_env.invoke(_put(app_env, 0, "e-1", "e-2", errorCode=None))["rule_errors"] == 2
    assert (app_env.texts(), app_env.bodies(topic)) == ([], [])
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (line,) = [line for line in lines if line.get("message") == "rule error"]
    assert (line["rule"], line["event_ids"], line["events"]) == ("svc", ["e-1", "e-2"], 2)


def test_a_rule_that_raises_hides_no_other(app_env: AppEnvironment) -> None:
    """Rules after one that raises are evaluated, and an ignore rule that raises ignores nothing."""
    app_env.configure_bot(table=False, rules=[_RAISES, "True"], ignore_rules=[_RAISES], use_default_rules=False)
    app_env.put_log(record())
    assert app_env.invoke(s3_event(KEY))["matched"] == 1
    assert len(app_env.texts()) == 2


def test_with_sns_alone_they_go_there(app_env: AppEnvironment) -> None:
    """With SNS alone a rule error is a message to the topic, with the rule's name and severity and the events' ids."""
    topic = app_env.make_topic("alerts")
    app_env.configure(sns={"default_topic_arn": topic}, use_default_rules=False, rules=[_RULE])
    app_env.invoke(_put(app_env, 0, "e-1", "e-2"))
    (envelope,) = app_env.published(topic)
    body = json.loads(envelope["Message"])
    assert body["title"] == "rule svc raised an error and may miss events"
    assert (body["severity"], body["rules"]) == ("high", ["svc"])
    assert "e-1, e-2" in body["error_message"]
    assert envelope["MessageAttributes"]["severity"]["Value"] == "high"


def test_with_slack_they_stay_out_of_sns(app_env: AppEnvironment) -> None:
    """If there is Slack, rule errors go there, and the topic's subscribers get alerts alone."""
    topic = app_env.make_topic("alerts")
    app_env.configure_bot(table=False, sns={"default_topic_arn": topic}, rules=[_RULE])
    app_env.put_log(record())
    app_env.invoke(s3_event(KEY))
    assert [body["rules"] for body in app_env.bodies(topic)] == [["default/access-denied"]]
    assert len(app_env.texts()) == 2


@pytest.mark.parametrize("severity", ["low", "critical"])
@pytest.mark.parametrize("table", [False, True])
def test_what_cannot_be_reported_fails(app_env: AppEnvironment, severity: str, table: bool) -> None:  # noqa: FBT001 (a parameter)
    """An invocation whose rule error reaches no one fails, and its retry reports it; no alert is repeated then."""
    app_env.configure_bot(table=table, rules=[{**_RULE, "severity": severity}])
    payload = _put(app_env, 0, "e-1", errorCode=None)
    app_env.slack.fail(SlackError("is_archived"), times=1)
    with pytest.raises(InvocationFailedError, match="the notice"):
        app_env.invoke(payload)
    assert app_env.texts() == []
    app_env.invoke(payload)
    assert "e-1" in _all(app_env)
    assert len(app_env.texts()) == 1


def test_only_the_messages_that_brought_the_events_fail(app_env: AppEnvironment) -> None:
    """Of an SQS batch those messages are handed back whose events could not be reported."""
    app_env.configure_bot(rules=[_RULE])
    app_env.slack.fail(SlackError("is_archived"), times=9)
    good = _put(app_env, 0, "e-1", errorCode=None, requestParameters={"userName": "x"})
    bad = _put(app_env, 1, "e-2", errorCode=None)
    assert failed_messages(app_env.invoke(sqs_event(good, bad))) == ["m1"]


def test_a_retry_reports_nothing_again(app_env: AppEnvironment) -> None:
    """Events that were reported are not reported again, whichever path brings them."""
    app_env.configure_bot(rules=[_RULE])
    payload = _put(app_env, 0, "e-1", "e-2", errorCode=None)
    for _ in range(3):
        app_env.invoke(payload)
    assert len(app_env.texts()) == 1


@pytest.mark.parametrize("table", [False, True])
def test_later_events_wait_and_do_not_vanish(app_env: AppEnvironment, virtual_time: VirtualTime, table: bool) -> None:  # noqa: FBT001 (a parameter)
    """Within an hour a rule and cause is reported once; the events of that time are in the notice after it."""
    app_env.configure_bot(table=table, rules=[_RULE])
    for number in range(4):
        app_env.invoke(_put(app_env, number, f"e-{number}-", errorCode=None))
        virtual_time.passes(600)
    assert len(app_env.texts()) == 1
    virtual_time.passes(3600)
    app_env.put_log(record(errorCode=None, requestParameters={"userName": "x"}), key=_KEYS[5])
    app_env.invoke(s3_event(_KEYS[5]))
    first, second = map(_said, app_env.slack.messages(CHANNEL))
    assert "e-0-" in first
    assert all(f"e-{number}-" in second for number in (1, 2, 3))
    assert "on 3 events" in second


def test_another_cause_does_not_wait(app_env: AppEnvironment) -> None:
    """Another cause, or another rule, is reported although one was within the hour."""
    app_env.configure_bot(rules=[_RULE, {"id": "other", "expression": 'event["x"] == 2'}])
    app_env.invoke(_put(app_env, 0, "e-1", errorCode=None, x=1))
    app_env.invoke(_put(app_env, 1, "e-2", errorCode=None, x=1, requestParameters={"userName": 5}))
    app_env.invoke(_put(app_env, 2, "e-3", errorCode=None, requestParameters={"userName": "x"}))
    causes = ["KeyError: 'requestParameters", "AttributeError", "KeyError: 'x'"]
    messages = app_env.slack.messages(CHANNEL)
    assert len(messages) == 3
    assert all(cause in _said(message) for cause, message in zip(causes, messages, strict=True))


def test_errors_of_a_critical_rule_never_wait(app_env: AppEnvironment) -> None:
    """What a critical rule may have missed is reported by every invocation, and by none again."""
    app_env.configure_bot(rules=[{**_RULE, "severity": "critical"}])
    for number in (0, 1, 2, 2):
        app_env.invoke(_put(app_env, number, f"e-{number}-", errorCode=None))
    assert [said.count(f"e-{number}-") for number, said in enumerate(map(_said, app_env.slack.messages(CHANNEL)))] == [
        1
    ] * 3


def test_where_only_other_accounts_are_routed(app_env: AppEnvironment) -> None:
    """Without a default route the notice goes to any route."""
    topic = app_env.make_topic("alerts")
    routes = [{"accounts": ["444455556666"], "sns_topic_arn": topic}]
    app_env.configure(sns={"routes": routes}, use_default_rules=False, rules=[_RULE])
    app_env.invoke(_put(app_env, 0, "e-1"))
    assert "e-1" in app_env.bodies(topic)[0]["error_message"]


@pytest.mark.usefixtures("waits")
def test_a_table_that_is_throttled_fails_the_invocation(app_env: AppEnvironment, dynamodb: Any) -> None:
    """When the table cannot be used for now, what was not reported is tried again."""
    app_env.configure_bot(rules=[_RULE])
    payload = _put(app_env, 0, "e-1", errorCode=None)
    dynamodb("UpdateItem", "InternalServerError", 99)
    with pytest.raises(InvocationFailedError, match="the notice about the rule svc"):
        app_env.invoke(payload)
    assert app_env.texts() == []


@pytest.mark.parametrize("rejections", [1, 2])
def test_a_notice_that_is_rejected_keeps_its_ids(app_env: AppEnvironment, rejections: int) -> None:
    """A notice that Slack takes only without blocks, or in bare words, still has the rule, the error and every id."""
    app_env.configure_bot(table=False, use_default_rules=False, rules=[_RULE])
    app_env.put_log(*(record(eventID=f"e-{number}-") for number in range(50)))
    app_env.slack.fail(SlackError("invalid_blocks"), times=rejections)
    app_env.invoke(s3_event(KEY))
    (message,) = app_env.slack.messages(CHANNEL)
    assert message.blocks == []
    assert "svc" in message.text
    assert "KeyError" in message.text
    assert all(f"e-{number}-" in message.text for number in range(50))
