"""The public API for users' own tests of rules."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from cloudtrail_to_slack.testing import (
    ConfigurationError,
    Decision,
    Ruleset,
    assert_alerts,
    assert_ignored,
    assert_no_alert,
    lint,
    make_event,
    render_slack,
    render_sns,
)
from support.command_line import write

RULES = """
rules:
  - id: key-created
    severity: high
    expression: event.get("eventName") == "CreateAccessKey"
    tests:
      - {name: a key, event: {eventName: CreateAccessKey}, expect: match}
  - id: raises
    expression: event["requestParameters.nothing"] == 1 and event.get("eventName") == "CreateUser"
ignore_rules:
  - id: rotation
    expression: event.get("userIdentity.arn") == "arn:aws:iam::111122223333:user/rotation"
    expires: 2027-01-31
"""


@pytest.fixture
def rules(tmp_path: Path) -> Ruleset:
    """The rules of a file."""
    return Ruleset.from_file(write(tmp_path, "rules.yaml", RULES))


def key_created(**fields: object) -> dict[str, Any]:
    """Return the event that the first rule looks for."""
    return make_event("CreateAccessKey", source="iam", **fields)


def test_a_rule_file_is_read_with_its_tests(rules: Ruleset) -> None:
    """Rules and ignore rules of a file are evaluated as the function would, and default rules are not among them."""
    assert rules.rules == ("key-created", "raises")
    assert rules.ignore_rules == ("rotation",)
    assert_alerts(rules, key_created(), "key-created")
    result = rules.evaluate(key_created())
    assert (result.decision, result.rules, result.ignored_by) == (Decision.ALERT, ("key-created",), None)
    assert [error.rule for error in result.errors] == ["raises"]


def test_an_ignore_rule_applies_until_it_expires(rules: Ruleset) -> None:
    """On the last day an ignore rule suppresses the alert, on the next it does not."""
    event = key_created(userIdentity__arn="arn:aws:iam::111122223333:user/rotation")
    assert_ignored(rules, event, "rotation", today=date(2027, 1, 31))
    assert_alerts(rules, event, today=date(2027, 2, 1))
    with pytest.raises(AssertionError, match=r"there is no ignore rule another; there are rotation$"):
        assert_ignored(rules, event, "another", today=date(2027, 1, 31))
    with pytest.raises(AssertionError, match=r"the rules decide: ignored by rotation[^\n]*$"):
        assert_alerts(rules, event, today=date(2027, 1, 31))


@pytest.mark.parametrize("named", [(), ("key-created",)])
def test_an_assertion_says_what_decided(rules: Ruleset, named: tuple[str, ...]) -> None:
    """An event without an alert is shown with the condition that decided, and what it read."""
    with pytest.raises(AssertionError) as failed:
        assert_alerts(rules, make_event("CreateAccesKey"), *named)
    assert """
  key-created:
    decided by: event.get("eventName") == "CreateAccessKey"
      is False
      "eventName" is 'CreateAccesKey'""" in str(failed.value)
    assert ("raises:" in str(failed.value)) is not bool(named)


def test_a_field_with_one_underscore_is_refused() -> None:
    """CloudTrail's fields have no underscores, so a test with one in the wrong place cannot pass by accident."""
    with pytest.raises(ValueError, match=r"no field userIdentity_type; did you mean userIdentity__type\?"):
        make_event("CreateUser", userIdentity_type="Root")
    assert make_event("X", requestParameters__a_b=1)["requestParameters"] == {"a_b": 1}


def test_an_assertion_says_what_the_rules_decide() -> None:
    """Each assertion that fails names what was expected and what the rules decide."""
    defaults = Ruleset.defaults()
    stopped = make_event("StopLogging", userIdentity__type="Root")
    assert_alerts(defaults, stopped, *defaults.evaluate(stopped).rules)
    with pytest.raises(AssertionError, match="expected an alert, and the rules decide: no alert"):
        assert_alerts(defaults, make_event("RunInstances", source="ec2"))
    with pytest.raises(AssertionError, match="expected no alert, and the rules decide: an alert by"):
        assert_no_alert(defaults, stopped)
    with pytest.raises(AssertionError, match="to be ignored by an ignore rule"):
        assert_ignored(defaults, stopped)
    assert_no_alert(defaults, make_event("RunInstances", source="ec2"))


def test_a_rule_that_raises_is_no_quiet_rule(rules: Ruleset) -> None:
    """An error of a rule fails assert_no_alert, unless other rules are asked about."""
    event = make_event("CreateUser", source="iam")
    with pytest.raises(AssertionError, match="raises raised KeyError"):
        assert_no_alert(rules, event)
    assert_no_alert(rules, event, "key-created")


def test_a_misspelt_rule_fails_every_assertion(rules: Ruleset) -> None:
    """An assertion about a rule that does not exist cannot pass."""
    with pytest.raises(AssertionError, match="there is no rule key-creatd; there are key-created, raises"):
        assert_no_alert(rules, make_event("DeleteUser"), "key-creatd")
    with pytest.raises(AssertionError, match="there is no rule"):
        assert_alerts(rules, key_created(), "key-creatd")
    with pytest.raises(AssertionError, match="expected raises to match"):
        assert_alerts(rules, key_created(), "raises")


def test_events_have_what_cloudtrail_always_writes() -> None:
    """An event of make_event has every field, and fields can be set, nested ones too, and removed."""
    fields: dict[str, Any] = {"requestParameters.items.name": "x", "userAgent": ...}
    event = make_event("DeleteTrail", **fields, userIdentity__type="Root")
    assert event["eventSource"] == "cloudtrail.amazonaws.com"
    assert event["userIdentity"]["type"] == "Root"
    assert event["requestParameters"] == {"items": {"name": "x"}}
    assert "userAgent" not in event
    assert make_event("X", source="iam.amazonaws.com")["eventSource"] == "iam.amazonaws.com"
    assert "eventSource" not in make_event("X")


def test_an_envelope_of_eventbridge_is_unwrapped(rules: Ruleset) -> None:
    """An event as EventBridge delivers it is evaluated like the record in it."""
    assert_alerts(rules, {"detail-type": "AWS API Call via CloudTrail", "detail": key_created()}, "key-created")


def test_messages_are_those_of_the_function(rules: Ruleset) -> None:
    """The Slack and SNS messages of an alert can be looked at; an event without alert has none."""
    slack, sns = render_slack(rules, key_created()), render_sns(rules, key_created())
    assert "alice called CreateAccessKey" in slack["text"]
    assert slack["blocks"][0]["type"] == "section"
    assert sns["body"]["rules"] == ["key-created"]
    assert sns["attributes"]["severity"] == "high"
    with pytest.raises(ValueError, match="does not alert, and the rules decide: no alert"):
        render_slack(rules, make_event("DeleteVpc"))


def test_lint_finds_probable_mistakes() -> None:
    """A field that no record has is a warning with its place; the default rules have none."""
    (warning,) = lint(Ruleset.from_config({"rules": [{"id": "typo", "expression": 'event.get("eventname") == "X"'}]}))[
        :1
    ]
    assert (warning.rule, warning.line, warning.column) == ("typo", 1, 10)
    assert 'did you mean "eventName"?' in str(warning)
    assert lint(Ruleset.defaults()) == ()


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("rules.yaml", "rules:\n  - event.get(", "is not a Python expression"),
        ("rules.yaml", "rules: [a, b", "cannot be read"),
        ("rules.yaml", "- a", "must be an object with rules"),
        ("rules.yaml", "rule: [a]", "must be an object with rules"),
        ("rules.yaml", "rules: {a: b}", "rules must be a list"),
        ("rules.json", "{", "cannot be read"),
        ("rules.yaml", "rules:\n  - {expression: 'True', severty: high}", "is not a known key|unknown"),
    ],
)
def test_a_file_that_cannot_be_used_is_an_error(tmp_path: Path, name: str, text: str, problem: str) -> None:
    """A file that is damaged, or a rule that the function would leave out, is refused with what is wrong."""
    with pytest.raises(ConfigurationError, match=problem):
        Ruleset.from_file(write(tmp_path, name, text))
    with pytest.raises(ConfigurationError, match="cannot be read"):
        Ruleset.from_file(tmp_path / "missing.yaml")


def test_a_configuration_is_read_from_a_file_or_a_mapping(tmp_path: Path) -> None:
    """Terraform's rendered_config is read as the function reads it; a fault in it is an error."""
    path = write(
        tmp_path, "config.json", '{"rules": ["event.get(\'eventName\') == \'X\'"], "use_default_rules": false}'
    )
    assert_alerts(Ruleset.from_config(path), make_event("X"))
    assert len(Ruleset.from_config({}).rules) > len(Ruleset.defaults(None).rules) - 1
    with pytest.raises(ConfigurationError, match="rulez"):
        Ruleset.from_config({"rulez": []})
