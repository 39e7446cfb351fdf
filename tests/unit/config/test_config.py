"""What `config.json` says, and every fault in it."""

import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudtrail_to_slack.config.loader import Config, read_config
from cloudtrail_to_slack.config.routes import Route, Routes
from cloudtrail_to_slack.config.settings import read_settings
from cloudtrail_to_slack.errors import ConfigurationError
from cloudtrail_to_slack.rules import IgnoreRule, Rule, RuleSet, Severity
from support.strategies import hostile_key, hostile_text, json_values

TOPIC = "arn:aws:sns:eu-west-1:111122223333:alerts"
SWITCHES = ("rule_evaluation_errors_to_slack", "push_access_denied_cloudwatch_metrics",
            "s3_removed_object_notification")  # fmt: skip
FULL: dict[str, Any] = {
    "rules_separator": ",",
    "use_default_rules": False,
    "rules": [
        "event.get('eventName') == 'X'",
        {
            "id": "stop",
            "title": "Stopped",
            "severity": "high",
            "expression": " event.get('eventName') == 'StopLogging' ",
            "description": "Why.",
            "runbook_url": "https://wiki.example/stop",
            "mitre": ["T1562.008"],
        },
    ],
    "ignore_rules": [
        "event.get('a') == 1",
        {"id": "quiet", "expression": "event.get('b') == 2", "reason": "Known.", "expires": "2027-01-31"},
    ],
    "events_to_track": ["DeleteConfigRule"],
    "rule_evaluation_errors_to_slack": False,
    "push_access_denied_cloudwatch_metrics": False,
    "s3_removed_object_notification": False,
    "function_name": "alerter",
    "slack": {"default_channel_id": "C1", "routes": [{"accounts": ["111111111111"], "slack_channel_id": "C2"}]},
    "sns": {"default_topic_arn": TOPIC, "routes": [{"accounts": ["222222222222"], "sns_topic_arn": f"{TOPIC}-2"}]},
    "dynamodb_time_to_live": 60,
}


def good(data: object) -> Config:
    """The configuration of `data`, which must have no issues."""
    config, issues = read_config(data)
    assert issues == []
    return config


def faults_of(data: object) -> list[str]:
    """The issues of `data` as people read them."""
    return [str(fault) for fault in read_config(data)[1]]


def test_full_configuration() -> None:
    """Every key of a full configuration is read."""
    stop = Rule(
        "event.get('eventName') == 'StopLogging'",
        id="stop",
        title="Stopped",
        severity=Severity.HIGH,
        description="Why.",
        runbook_url="https://wiki.example/stop",
        mitre=("T1562.008",),
    )
    config = good(FULL)
    assert config.rules[:2] == (Rule("event.get('eventName') == 'X'"), stop)
    assert [rule.id for rule in config.rules[2:]] == ["events-to-track"]
    assert config.ignore_rules == (
        IgnoreRule("event.get('a') == 1"),
        IgnoreRule("event.get('b') == 2", "quiet", "Known.", date(2027, 1, 31)),
    )
    assert config.slack == Routes("C1", (Route(("111111111111",), "C2"),))
    assert config.sns == Routes(TOPIC, (Route(("222222222222",), f"{TOPIC}-2"),))
    assert (config.function_name, config.dynamodb_time_to_live) == ("alerter", 60)
    assert [getattr(config, switch) for switch in SWITCHES] == [False, False, False]


def test_defaults() -> None:
    """An empty configuration is the default rules with everything switched on."""
    config = good({})
    assert len(config.rules) == 12
    assert config.ignore_rules == ()
    assert (config.slack, config.sns, config.function_name) == (Routes(), Routes(), None)
    assert config.dynamodb_time_to_live == 900
    assert [getattr(config, switch) for switch in SWITCHES] == [True, True, True]


def test_rules_in_order() -> None:
    """The default rules come first, then the user's, then the events to track."""
    config = good({"function_name": "f", "rules": ["True"], "events_to_track": "A, B"})
    assert len(config.rules) == 16
    assert [rule.name for rule in config.rules[14:]] == ["True", "events-to-track"]


def test_own_name_replaces_a_function_name() -> None:
    """The function's own name is used where the document has none, and only there."""
    assert read_config({}, own_name="own")[0].function_name == "own"
    assert read_config({"function_name": "given"}, own_name="own")[0].function_name == "given"
    assert read_config({"function_name": " "}, own_name="own")[0].function_name == "own"


@pytest.mark.parametrize("null", [dict.fromkeys(FULL)])
def test_null_is_the_default(null: dict[str, None]) -> None:
    """Null, as Terraform writes what is not set, means the default."""
    assert good(null) == good({})


@pytest.mark.parametrize("value", ["false", " False ", "FALSE", False])
@pytest.mark.parametrize("switch", SWITCHES)
def test_switched_off(switch: str, value: object) -> None:
    """A switch is off when it says false, also as text: no text that says false ever switches on."""
    assert getattr(good({switch: value}), switch) is False


@pytest.mark.parametrize("value", ["true", " True ", True])
@pytest.mark.parametrize("switch", SWITCHES)
def test_switched_on(switch: str, value: object) -> None:
    """A switch is on when it says true, also as text."""
    assert getattr(good({switch: value}), switch) is True


def test_default_rules_switched_off_by_text() -> None:
    """The text "false" switches the default rules off too."""
    assert good({"use_default_rules": "false", "rules": "True"}).rules == (Rule("True"),)


@pytest.mark.parametrize("value", ["", "no", "off", 0, 1, [], {}])
@pytest.mark.parametrize("switch", [*SWITCHES, "use_default_rules"])
def test_no_switch(switch: str, value: object) -> None:
    """What is neither true nor false is a fault and no guess."""
    (fault,) = faults_of({switch: value})
    assert fault.startswith(f"{switch}: must be true or false, not ")


JOINED = {
    ",": "event.get('a') == 1 , event.get('b') == 2,",
    ";": "event.get('a') == 1; ;event.get('b') == 2",
    "||": "event.get('a') == 1||event.get('b') == 2",
    "\n": "event.get('a') == 1\nevent.get('b') == 2\n",
}


@pytest.mark.parametrize(("separator", "text"), JOINED.items())
@pytest.mark.parametrize("key", ["rules", "ignore_rules"])
def test_joined_rules(key: str, separator: str, text: str) -> None:
    """Rules joined in one text are parted at the separator, whichever it is; blank ones do not count."""
    config = good({"rules_separator": separator, key: text, "use_default_rules": key == "ignore_rules"})
    elements: tuple[Rule | IgnoreRule, ...] = config.rules if key == "rules" else config.ignore_rules
    assert [element.expression for element in elements] == ["event.get('a') == 1", "event.get('b') == 2"]


def test_listed_rules_are_not_parted() -> None:
    """A listed rule keeps its commas."""
    assert good({"use_default_rules": False, "rules": ["max(1, 2) == 2"]}).rules == (Rule("max(1, 2) == 2"),)


@pytest.mark.parametrize("names", ["A,B", " A , B ,, ", ["A", " B "]])
def test_events_to_track(names: object) -> None:
    """Events to track are listed, or joined by commas whatever the separator is, spaces allowed."""
    (rule,) = good({"use_default_rules": False, "rules_separator": ";", "events_to_track": names}).rules
    evaluated = [
        RuleSet([rule], []).evaluate({"eventName": name}, date(2026, 1, 1)).outcome.value
        for name in ("A", "B", "C", "")
    ]
    assert evaluated == ["matched", "matched", "unmatched", "unmatched"]


@settings(deadline=None)
@given(name=hostile_text(200).filter(str.strip))
def test_tracked_names_are_data(name: str) -> None:
    """No name to track, quotes and line breaks and all, breaks the rule that tracks it."""
    (rule,) = good({"use_default_rules": False, "events_to_track": [name]}).rules
    assert RuleSet([rule], []).evaluate({"eventName": name.strip()}, date(2026, 1, 1)).matched == (rule,)


FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "unknown key": ({"rule": "True"}, "rule: is not a known key; did you mean rules?"),
    "unknown key like none": ({"sns_topic": 1}, "sns_topic: is not a known key; the keys are account_names"),
    "unknown key of slack": ({"slack": {"channel": "C1"}}, "slack.channel: is not a known key"),
    "unknown key of a route": (
        {"slack": {"routes": [{"accounts": ["111111111111"], "slack_channel_id": "C", "x": 1}]}},
        "slack.routes[0].x: is not a known key",
    ),
    "rules of another type": ({"rules": 5}, "rules: must be a list, not a number"),
    "ignore rules of another type": ({"ignore_rules": {}}, "ignore_rules: must be a list, not an object"),
    "events of another type": ({"events_to_track": 5}, "events_to_track: must be a list, not a number"),
    "no rule that can be used": (
        {"use_default_rules": False, "rules": ["event[", 5]},
        "rules: hold no rule that can be used, and use_default_rules is off",
    ),
    "no rule at all": ({"use_default_rules": False}, "rules: is empty and use_default_rules is off"),
    "packs of another type": ({"detection_packs": "cis"}, "detection_packs: must be a list, not a string"),
    "slack of another type": ({"slack": "C1"}, "slack: must be an object, not a string"),
    "no accounts": (
        {"slack": {"routes": [{"accounts": [], "slack_channel_id": "C"}]}},
        "slack.routes[0].accounts: must list at least one account",
    ),
    "an account too short": (
        {"slack": {"routes": [{"accounts": ["1111"], "slack_channel_id": "C"}]}},
        "slack.routes[0].accounts: has '1111', and an account has 12 digits",
    ),
    "an account of other digits": (
        {"slack": {"routes": [{"accounts": ["١" * 12], "slack_channel_id": "C"}]}},
        "and an account has 12 digits",
    ),
    "no channel": (
        {"slack": {"routes": [{"accounts": ["111111111111"]}]}},
        "slack.routes[0].slack_channel_id: is miss",
    ),
    "no topic": ({"sns": {"default_topic_arn": "alerts"}}, "sns: has an invalid sns_topic_arn: alerts"),
    "time to live": ({"dynamodb_time_to_live": 0}, "dynamodb_time_to_live: must be at least 1"),
    "time to live without end": (
        {"dynamodb_time_to_live": 10**12},
        "dynamodb_time_to_live: must be at most 1,000,000,000",
    ),
    "time to live of many digits": (
        {"dynamodb_time_to_live": "9" * 5000},
        "dynamodb_time_to_live: must be a whole number",
    ),
    "no messages": ({"max_messages_per_channel": 0}, "max_messages_per_channel: must be at least 1"),
    "time to live of another type": ({"dynamodb_time_to_live": 1.5}, "dynamodb_time_to_live: must be a whole number"),
    "time to live that is a switch": ({"dynamodb_time_to_live": True}, "must be a whole number, not a boolean"),
}


@pytest.mark.parametrize(("data", "fault"), FAULTS.values(), ids=FAULTS)
def test_fault(data: dict[str, Any], fault: str) -> None:
    """Each thing that is wrong is reported, with its path, and nothing else is blamed."""
    found = faults_of(data)
    assert fault in found[0]
    assert {re.split(r"[.:\[]", text)[0] for text in found} <= {*data, "rules"}


def test_every_fault_is_found_at_once() -> None:
    """The issues of a whole document are gathered, none hides another."""
    assert len(faults_of({key: value for data, _ in FAULTS.values() for key, value in data.items()})) > 5
    found = faults_of({"rules": 5, "slack": 1, "sns": 2, "dynamodb_time_to_live": "x"})
    assert [fault.split(": ")[0] for fault in found] == ["rules", "slack", "sns", "dynamodb_time_to_live"]


@pytest.mark.parametrize("data", [None, [], "x", 5, True])
def test_no_object(data: object) -> None:
    """A document that is not an object is a fault of the document."""
    assert [fault.path for fault in read_config(data)[1]] == ["config"]


@pytest.mark.parametrize("value", [60, 60.0, "60", " 60 "])
def test_numbers_as_text(value: object) -> None:
    """A whole number is one however a template wrote it."""
    assert good({"dynamodb_time_to_live": value}).dynamodb_time_to_live == 60


def test_the_first_route_of_an_account_counts() -> None:
    """An account that two routes name goes where the first one says."""
    routes = [{"accounts": ["111111111111"], "slack_channel_id": channel} for channel in ("C1", "C2")]
    assert good({"slack": {"routes": routes}}).slack.for_account("111111111111") == "C1"


def test_for_account() -> None:
    """An account goes to its route, every other and an unknown one to the default."""
    routes = Routes("default", (Route(("111111111111",), "own"),))
    assert [routes.for_account(account) for account in ("111111111111", "2", None, "")] == ["own", *["default"] * 3]
    assert Routes(None, (Route(("111111111111",), "own"),)).for_account("2") is None


def test_routes_that_lead_nowhere_are_false() -> None:
    """Routes are true when they lead anywhere."""
    assert [bool(Routes()), bool(Routes("x")), bool(Routes(None, (Route(("1",), "x"),)))] == [False, True, True]


def test_issues_are_raised_together(tmp_path: Path) -> None:
    """Settings with several issues raise all of them at once, each with its path, and settings without any none."""
    path = tmp_path / "config.json"
    environment = {"CONFIG_PATH": str(path), "SLACK_BOT_TOKEN": "xoxb-1"}
    path.write_text('{"slack": {"default_channel_id": "C1"}}')
    assert read_settings(environment).config.slack.default == "C1"
    path.write_text('{"slack": {"default_channel_id": "C1"}, "own_role_arns": 5}')
    with pytest.raises(
        ConfigurationError, match=r"2 issues:\n  own_role_arns: must be a list, not a number\n  LOG_LEVEL: [^\n]+$"
    ):
        read_settings({**environment, "LOG_LEVEL": "LOUD"})


def configurations() -> st.SearchStrategy[Any]:
    """Documents with the known keys and anything in them."""
    inner_keys = st.sampled_from(
        ("expression", "id", "title", "severity", "runbook_url", "mitre", "expires", "accounts", "routes",
         "default_channel_id", "default_topic_arn", "slack_channel_id", "sns_topic_arn", "slack_hook_url")
    )  # fmt: skip
    leaves = st.one_of(json_values(2), st.sampled_from(("True", "false", "1", "111111111111", TOPIC, "event[", "high")))
    inner = st.recursive(
        leaves,
        lambda child: st.one_of(
            st.lists(child, max_size=3), st.dictionaries(st.one_of(inner_keys, hostile_key()), child, max_size=4)
        ),
        max_leaves=8,
    )
    return st.dictionaries(st.one_of(st.sampled_from(sorted(FULL)), hostile_key()), inner, max_size=6)


@settings(deadline=None, max_examples=150)
@given(data=st.one_of(configurations(), configurations(), json_values()))
def test_any_document(data: object) -> None:
    """No document raises: it gives issues, or a configuration whose rules can be used."""
    config, issues = read_config(data)
    assert all(fault.path and fault.problem for fault in issues)
    if not issues:
        RuleSet(config.rules, config.ignore_rules)
        assert config.rules
