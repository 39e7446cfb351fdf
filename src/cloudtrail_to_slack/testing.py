"""Test rules with pytest: the public API for your own tests, under semantic versioning.

Everything here uses the same rule engine and configuration reader as the deployed function.

    from cloudtrail_to_slack.testing import Ruleset, assert_alerts, make_event

    RULES = Ruleset.from_file("rules/iam.yaml")

    def test_a_new_access_key_alerts():
        event = make_event("CreateAccessKey", source="iam.amazonaws.com")
        assert_alerts(RULES, event, "access-key-created")

Reading YAML needs the extra `cli` (`pip install '.[cli]'` in a clone of the repository).
"""

from cloudtrail_to_slack.errors import ConfigurationError
from cloudtrail_to_slack_cli.rule_tests.assertions import assert_alerts, assert_ignored, assert_no_alert, make_event
from cloudtrail_to_slack_cli.rule_tests.ruleset import (
    Decision,
    LintWarning,
    Result,
    RuleError,
    Ruleset,
    lint,
    render_slack,
    render_sns,
)

__all__ = [
    "ConfigurationError",
    "Decision",
    "LintWarning",
    "Result",
    "RuleError",
    "Ruleset",
    "assert_alerts",
    "assert_ignored",
    "assert_no_alert",
    "lint",
    "make_event",
    "render_slack",
    "render_sns",
]
