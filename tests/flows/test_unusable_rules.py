"""Rules that cannot be used stop no alert, and are reported."""

import json
from typing import Any

import pytest

from cloudtrail_to_slack.errors import ConfigurationError
from support.world import KEY, World, record, s3_event

_GOOD = {"expression": 'event.get("eventName") == "DeleteBucket"', "id": "good"}
_UNUSABLE: dict[str, Any] = {
    "no Python": "event[",
    "a number as the id": {"expression": "True", "id": 5},
    "mitre as text": {"expression": "False", "mitre": "T1"},
    "the id of a default rule": {"expression": "False", "id": "access-denied"},
    "null": None,
    "an unknown key": {"expression": "False", "severty": "high"},
}


@pytest.mark.parametrize("rule", _UNUSABLE.values(), ids=_UNUSABLE)
def test_an_unusable_rule_stops_no_alert(world: World, capsys: Any, rule: Any) -> None:
    """With one unusable rule all others alert; the log has an error, and the closing line and a metric the count."""
    topic = world.make_topic("alerts")
    world.configure(sns={"default_topic_arn": topic}, rules=[rule, _GOOD])
    world.put_log(record())
    counts = world.invoke(s3_event(KEY))
    assert counts["matched"] == 1
    (alert,) = [body for body in world.bodies(topic) if "rules" in body]
    assert {"access-denied", "good"} <= set(alert["rules"])
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (error,) = [line for line in lines if line.get("message") == "rule unusable"]
    assert (error["level"], error["rule"]) == ("ERROR", "rules[0]")
    (closing,) = [line for line in lines if line.get("message") == "invocation finished"]
    assert closing["rules_unusable"] == 1
    assert [line["RulesUnusable"] for line in lines if "RulesUnusable" in line] == [[1.0]]


def test_an_unusable_ignore_rule_ignores_nothing(world: World) -> None:
    """An ignore rule with a misspelt day is left out: what it would have ignored for ever is alerted."""
    world.configure_bot(table=False, ignore_rules=[{"expression": "True", "expire": "2020-01-01"}])
    world.put_log(record())
    assert world.invoke(s3_event(KEY))["matched"] == 1


def test_a_rule_over_two_lines_alerts(world: World) -> None:
    """A rule over two lines is a rule like any other."""
    expression = 'event.get("eventName") == "DeleteBucket"\n  and event.get("errorCode") == "AccessDenied"'
    world.configure_bot(table=False, use_default_rules=False, rules=[expression])
    world.put_log(record())
    counts = world.invoke(s3_event(KEY))
    assert (counts["matched"], counts["rules_unusable"]) == (1, 0)


def test_a_configuration_without_a_usable_rule_fails(world: World) -> None:
    """With no usable rule at all the invocation fails, and its error names each rule and what is wrong with it."""
    world.configure_bot(table=False, use_default_rules=False, rules=["event[", {"id": 5}])
    world.put_log(record())
    with pytest.raises(ConfigurationError, match="no rule that can be used") as caught:
        world.invoke(s3_event(KEY))
    assert [fault.path for fault in caught.value.faults] == ["rules", "rules[0]", "rules[1].id", "rules[1].expression"]


def test_many_unusable_rules_fill_no_log(world: World, capsys: Any) -> None:
    """Of very many unusable rules the log names the first hundred and says how many more there are."""
    world.configure_bot(table=False, rules=["event["] * 150)
    world.put_log(record())
    assert world.invoke(s3_event(KEY))["rules_unusable"] == 150
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert sum(line.get("message") == "rule unusable" for line in lines) == 100
    assert [line["rules"] for line in lines if line.get("message") == "more rules unusable"] == [50]
