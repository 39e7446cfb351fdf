"""What the tests in the rule files cannot say: all rules together, and what is sent."""

from pathlib import Path

import pytest

from cloudtrail_to_slack.testing import Ruleset, assert_alerts, assert_no_alert, lint, make_event, render_slack

RULE_FILES = sorted((Path(__file__).parents[1] / "rules").glob("*.yaml"))
RULES = Ruleset.from_file(*RULE_FILES)


def test_the_rules_have_no_probable_mistake() -> None:
    """Lint finds nothing."""
    assert lint(RULES) == ()


@pytest.mark.parametrize("name", ["DescribeInstances", "ListUsers", "GetObject"])
def test_reading_does_not_alert(name: str) -> None:
    """No rule of ours matches calls that only read."""
    assert_no_alert(RULES, make_event(name, source="ec2"))


def test_the_message_says_what_to_do() -> None:
    """The alert of a root user's key has our runbook in it."""
    event = make_event("CreateAccessKey", source="iam", userIdentity__type="Root")
    assert_alerts(RULES, event, "root-access-key")
    assert "https://runbooks.example.com/aws/root-access-key" in str(render_slack(RULES, event)["blocks"])
