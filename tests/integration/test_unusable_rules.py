"""Rules that cannot be used stop no alert, and are reported."""

import json
from typing import Any

import pytest

from cloudtrail_to_slack.errors import ConfigurationError
from cloudtrail_to_slack_dev.fake_slack import SlackError
from support.app_environment import CHANNEL, KEY, AppEnvironment, record, s3_event
from support.virtual_time import VirtualTime

_GOOD = {"expression": 'event.get("eventName") == "DeleteBucket"', "id": "good"}
_UNUSABLE: dict[str, Any] = {
    "no Python": "event[",
    "a number as the id": {"expression": "True", "id": 5},
    "mitre as text": {"expression": "False", "mitre": "T1"},
    "the id of a default rule": {"expression": "False", "id": "default/access-denied"},
    "null": None,
    "an unknown key": {"expression": "False", "severty": "high"},
}


@pytest.mark.parametrize("rule", _UNUSABLE.values(), ids=_UNUSABLE)
def test_an_unusable_rule_stops_no_alert(app_env: AppEnvironment, capsys: Any, rule: Any) -> None:
    """With one unusable rule all others alert; the log has an error, and the closing line and a metric the count."""
    topic = app_env.make_topic("alerts")
    app_env.configure(sns={"default_topic_arn": topic}, rules=[rule, _GOOD])
    app_env.put_log(record())
    counts = app_env.invoke(s3_event(KEY))
    assert counts["matched"] == 1
    (alert,) = [body for body in app_env.bodies(topic) if "rules" in body]
    assert {"default/access-denied", "good"} <= set(alert["rules"])
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (error,) = [line for line in lines if line.get("message") == "rule unusable"]
    assert (error["level"], error["rule"]) == ("ERROR", "rules[0]")
    (closing,) = [line for line in lines if line.get("message") == "invocation finished"]
    assert closing["rules_unusable"] == 1
    assert [line["RulesUnusable"] for line in lines if "RulesUnusable" in line] == [[1.0]]


def test_an_unusable_ignore_rule_ignores_nothing(app_env: AppEnvironment) -> None:
    """An ignore rule with a misspelled day is left out: what it would have ignored for ever is alerted."""
    app_env.configure_bot(table=False, ignore_rules=[{"expression": "True", "expire": "2020-01-01"}])
    app_env.put_log(record())
    assert app_env.invoke(s3_event(KEY))["matched"] == 1


def test_a_rule_over_two_lines_alerts(app_env: AppEnvironment) -> None:
    """A rule over two lines is a rule like any other."""
    expression = 'event.get("eventName") == "DeleteBucket"\n  and event.get("errorCode") == "AccessDenied"'
    app_env.configure_bot(table=False, use_default_rules=False, rules=[expression])
    app_env.put_log(record())
    counts = app_env.invoke(s3_event(KEY))
    assert (counts["matched"], counts["rules_unusable"]) == (1, 0)


def test_a_configuration_without_a_usable_rule_fails(app_env: AppEnvironment) -> None:
    """With no usable rule at all the invocation fails, and its error names each rule and what is wrong with it."""
    app_env.configure_bot(table=False, use_default_rules=False, rules=["event[", {"id": 5}])
    app_env.put_log(record())
    with pytest.raises(ConfigurationError, match="no rule that can be used") as caught:
        app_env.invoke(s3_event(KEY))
    assert [fault.path for fault in caught.value.issues] == ["rules", "rules[0]", "rules[1].id", "rules[1].expression"]


def test_many_unusable_rules_fill_no_log(app_env: AppEnvironment, capsys: Any) -> None:
    """Of very many unusable rules the log names the first hundred and says how many more there are."""
    app_env.configure_bot(table=False, rules=["event["] * 150)
    app_env.put_log(record())
    assert app_env.invoke(s3_event(KEY))["rules_unusable"] == 150
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert sum(line.get("message") == "rule unusable" for line in lines) == 100
    assert [line["rules"] for line in lines if line.get("message") == "more rules unusable"] == [50]


_HOUR = 3600
_QUIET = {"errorCode": None, "eventName": "SourceDown"}


def _notices(app_env: AppEnvironment) -> list[str]:
    """The texts of the notices about unusable rules."""
    return [text for text in app_env.texts() if "cannot be used" in text]


@pytest.mark.parametrize("table", [False, True])
def test_unusable_rules_are_reported_at_first_and_then_daily(
    app_env: AppEnvironment,
    virtual_time: VirtualTime,
    table: bool,  # noqa: FBT001 (a parameter)
) -> None:
    """The first invocation reports every unusable rule and what is wrong with it; it is repeated after a day each."""
    app_env.configure_bot(
        table=table, rules=["event[", {"expression": "True", "severty": "high"}], use_default_rules=False
    )
    app_env.put_log(record(**_QUIET))
    for hours, expected in ((0, 1), (1, 1), (22, 1), (2, 2), (20, 2), (5, 3)):
        virtual_time.passes(hours * _HOUR)
        app_env.invoke(s3_event(KEY))
        assert len(_notices(app_env)) == expected
    said = json.dumps(
        next(message for message in app_env.slack.messages(CHANNEL) if "cannot be used" in message.text).blocks
    )
    for part in ("rules[0]", "left out", "rules[1]", "severty: is not a known key"):
        assert part in said


def test_another_process_reports_nothing_again(app_env: AppEnvironment, virtual_time: VirtualTime) -> None:
    """What one process reported another does not; other unusable rules are reported at once."""
    app_env.configure_bot(rules=["event["])
    app_env.put_log(record(**_QUIET))
    for rules in (["event["], ["event["], ["event[", "event("], ["event[", "event("]):
        app_env.configure_bot_again(rules=rules)
        app_env.monkeypatch.setenv("DYNAMODB_TABLE_NAME", "cloudtrail-to-slack-table")
        virtual_time.passes(60)
        app_env.invoke(s3_event(KEY))
    assert len(_notices(app_env)) == 2


def test_without_slack_unusable_rules_go_to_sns(app_env: AppEnvironment) -> None:
    """With SNS alone the topic gets the notice."""
    topic = app_env.make_topic("alerts")
    app_env.configure(sns={"default_topic_arn": topic}, rules=[{"expression": "event[", "id": "x"}])
    app_env.put_log(record(**_QUIET))
    app_env.invoke(s3_event(KEY))
    (body,) = app_env.bodies(topic)
    assert body["title"] == "1 rule in the configuration cannot be used as written"
    assert "rules[0] (id x): left out" in body["error_message"]


def test_a_report_that_does_not_arrive_is_made_later(
    app_env: AppEnvironment, virtual_time: VirtualTime, capsys: Any
) -> None:
    """That unusable rules could not be reported fails no invocation; it is tried again soon."""
    app_env.configure_bot(rules=["event["])
    app_env.put_log(record(**_QUIET))
    app_env.slack.fail(SlackError("is_archived"), times=1)
    app_env.invoke(s3_event(KEY))
    assert '"message":"notice not delivered"' in capsys.readouterr().out
    app_env.invoke(s3_event(KEY))
    assert _notices(app_env) == []
    virtual_time.passes(600)
    app_env.invoke(s3_event(KEY))
    assert len(_notices(app_env)) == 1


def test_the_switch_of_rule_errors_does_not_concern_unusable_rules(app_env: AppEnvironment) -> None:
    """Unusable rules are reported also where errors of rules are not."""
    app_env.configure_bot(table=False, rules=["event["], rule_evaluation_errors_to_slack=False)
    app_env.put_log(record(**_QUIET))
    app_env.invoke(s3_event(KEY))
    assert len(_notices(app_env)) == 1


def test_unusable_rules_without_a_default_route(app_env: AppEnvironment) -> None:
    """Where only accounts are routed, any route gets the notice."""
    topic = app_env.make_topic("alerts")
    app_env.configure(sns={"routes": [{"accounts": ["444455556666"], "sns_topic_arn": topic}]}, rules=["event["])
    app_env.put_log(record(recipientAccountId="444455556666", **_QUIET))
    app_env.invoke(s3_event(KEY))
    assert len(app_env.bodies(topic)) == 1
