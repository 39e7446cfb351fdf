"""Packs, severities and exceptions by rule id: what a configuration chooses and changes, and what is wrong with it."""

from datetime import date
from typing import Any

import pytest

from cloudtrail_to_slack.config.loader import Config, read_config
from cloudtrail_to_slack.rules import EventOutcome, RuleSet, Severity

TODAY = date(2026, 3, 14)
MFA = {"eventName": "DeactivateMFADevice", "eventSource": "iam.amazonaws.com", "requestParameters.userName": "alice"}
BY_ROLE = 'event.get("userIdentity.sessionContext.sessionIssuer.arn") == "arn:aws:iam::111122223333:role/iam-admin"'
ROLE = {"userIdentity.sessionContext.sessionIssuer.arn": "arn:aws:iam::111122223333:role/iam-admin"}


def good(**document: Any) -> Config:
    """The configuration of a document without any issue."""
    config, issues = read_config({"use_default_rules": False, **document})
    assert issues == []
    assert config.rule_issues == ()
    return config


def issues(**document: Any) -> list[str]:
    """The issues of a document that has at least the default rules."""
    config, issues = read_config(document)
    assert issues == []
    assert config.rules
    return [str(fault) for issue in config.rule_issues for fault in issue.details]


def matched(config: Config, event: dict[str, Any], today: date = TODAY) -> list[str]:
    """The rules that match a flattened event."""
    evaluation = RuleSet(config.rules, config.ignore_rules).evaluate(event, today)
    assert evaluation.problems == ()
    return [rule.name for rule in evaluation.matched]


def test_a_pack_adds_its_rules() -> None:
    """The rules of a pack are in force when it is named, and not otherwise."""
    assert matched(good(detection_packs=["persistence"]), MFA) == ["persistence/mfa-deactivated"]
    assert matched(good(detection_packs=["impact"]), MFA) == []


def test_a_rule_in_several_packs_is_there_once() -> None:
    """Packs overlap, and the default rules with them; each rule is evaluated once, in the order of the packs."""
    config = good(use_default_rules=True, detection_packs=["default", "recommended", "persistence", "recommended"])
    ids = [rule.id for rule in config.rules]
    assert len(ids) == len(set(ids))
    assert ids[0] == "default/console-sign-in-without-mfa"
    assert matched(config, MFA) == ["persistence/mfa-deactivated"]


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("recomended", "is 'recomended', and there is no pack of that name; did you mean recommended?"),
        ("cis", "there is no pack of that name"),
        ("x" * 300, "there is no pack of that name"),
        ("../packs/recommended", "there is no pack of that name"),
        (["recommended"], "must be the name of a pack, not a list"),
        (None, "must be the name of a pack, not null"),
    ],
)
def test_an_unknown_pack_is_reported_and_stops_nothing(name: object, problem: str) -> None:
    """A wrong name is an issue with the names that are close; the other packs are in force."""
    (issue,) = issues(detection_packs=["persistence", name])
    assert issue.startswith("detection_packs[1]: ")
    assert problem in issue
    assert len(issue) < 300
    config, _ = read_config({"detection_packs": ["persistence", name]})
    assert "persistence/mfa-deactivated" in matched(config, MFA)


def test_only_unknown_packs_are_no_rules() -> None:
    """A configuration whose only rules are of a pack that does not exist could never alert, which is refused."""
    _, issues = read_config({"use_default_rules": False, "detection_packs": ["none"]})
    assert [fault.path for fault in issues] == ["rules"]


def test_rules_of_packs_can_be_disabled() -> None:
    """disabled_rules switches off rules of packs too, and default rules with or without their prefix."""
    config = good(
        use_default_rules=True,
        detection_packs=["recommended"],
        disabled_rules=["persistence/mfa-deactivated", "root-activity"],
    )
    ids = {rule.id for rule in config.rules}
    assert ids.isdisjoint({"persistence/mfa-deactivated", "default/root-activity"})
    assert matched(config, MFA) == []


def test_ids_of_packs_that_are_off_are_no_mistake() -> None:
    """What is configured for a rule whose pack is switched off for a while is kept without a complaint."""
    off = "persistence/mfa-deactivated"
    assert (
        issues(disabled_rules=[off], rule_severities={off: "low"}, rule_exceptions={off: {"expression": "True"}}) == []
    )


def test_a_severity_can_be_changed() -> None:
    """rule_severities sets another severity for one rule and leaves the others."""
    config = good(
        use_default_rules=True,
        detection_packs=["persistence"],
        rules=[{"id": "mine", "expression": "event.get('a') == 1"}],
        rule_severities={"persistence/mfa-deactivated": "Critical", "access-denied": "info", "mine": "low"},
    )
    severities = {rule.id: rule.severity for rule in config.rules}
    assert severities["persistence/mfa-deactivated"] is Severity.CRITICAL
    assert severities["default/access-denied"] is Severity.INFO
    assert severities["mine"] is Severity.LOW
    assert severities["persistence/login-profile-created"] is Severity.HIGH


def test_an_exception_narrows_one_rule_only() -> None:
    """What an exception matches is not a match of its rule; other rules that match the event still alert."""
    also = {"id": "all-of-iam", "expression": 'event.get("eventSource") == "iam.amazonaws.com"'}
    config = good(
        detection_packs=["persistence"],
        rules=[also],
        rule_exceptions={"persistence/mfa-deactivated": {"expression": BY_ROLE, "reason": "the help desk"}},
    )
    assert matched(config, MFA) == ["persistence/mfa-deactivated", "all-of-iam"]
    assert matched(config, MFA | ROLE) == ["all-of-iam"]


def test_an_exception_ends_after_its_last_day() -> None:
    """An exception applies through the day it names (UTC), and then no more."""
    exception = [{"expression": BY_ROLE, "expires": "2026-03-14"}, {"expression": "event.get('nothing') == 1"}]
    config = good(detection_packs=["persistence"], rule_exceptions={"persistence/mfa-deactivated": exception})
    assert matched(config, MFA | ROLE, date(2026, 3, 14)) == []
    assert matched(config, MFA | ROLE, date(2026, 3, 15)) == ["persistence/mfa-deactivated"]


def test_an_exception_that_raises_hides_nothing() -> None:
    """A rule whose exception cannot decide matches as if it had none, and the problem is reported."""
    config = good(detection_packs=["persistence"],
                  rule_exceptions={"persistence/mfa-deactivated": {"expression": "event['missing'] == 1"}})  # fmt: skip
    evaluation = RuleSet(config.rules, ()).evaluate(MFA, TODAY)
    assert evaluation.outcome is EventOutcome.MATCHED
    assert [problem.rule.expression for problem in evaluation.problems] == ["event['missing'] == 1"]


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        ({"rule_severities": {"acess-denied": "low"}}, "did you mean default/access-denied?"),
        ({"rule_severities": {"access-denied": "loud"}}, "rule_severities.access-denied: must be one of info, low"),
        ({"rule_severities": {"access-denied": 5}}, "rule_severities.access-denied: must be one of info, low"),
        ({"rule_severities": ["x"]}, "rule_severities: must be an object with ids of rules as keys, not a list"),
        ({"rule_exceptions": {"mfa-deactivated": {"expression": "True"}}}, "did you mean persistence/mfa-deactivated?"),
        ({"rule_exceptions": {"access-denied": {"expression": "("}}}, "rule_exceptions.access-denied.expression"),
        ({"rule_exceptions": {"access-denied": {"expression": "True", "expires": "soon"}}}, "must be a day such as"),
        ({"rule_exceptions": {"access-denied": [{"expresion": "True"}]}}, "rule_exceptions.access-denied[0]"),
        ({"rule_exceptions": "x"}, "rule_exceptions: must be an object with ids of rules as keys, not a string"),
        ({"disabled_rules": ["mfa-deactivated"]}, "did you mean persistence/mfa-deactivated?"),
    ],
)
def test_what_is_wrong_is_reported_and_changes_nothing(document: dict[str, Any], problem: str) -> None:
    """A wrong id, severity or exception is an issue; the rules are in force as they are without it."""
    assert any(problem in issue for issue in issues(**document))
    assert read_config(document)[0].rules == read_config({})[0].rules


@pytest.mark.parametrize(
    ("threshold", "problem"),
    [
        ({"count": 3}, "threshold.minutes: is missing"),
        ({"minutes": 3}, "threshold.count: is missing"),
        ({"count": 0, "minutes": 5}, "threshold.count: must be at least 1"),
        ({"count": 501, "minutes": 5}, "threshold.count: must be at most 500"),
        ({"count": 5, "minutes": 1441}, "threshold.minutes: must be at most 1440"),
        ({"count": 5, "minutes": 5, "by": [1]}, "threshold.by[0]: must be a string"),
        ({"count": 5, "minutes": 5, "distinct": ["a"]}, "threshold.distinct: must be a string"),
        ({"count": 5, "minutes": 5, "per": "a"}, "threshold.per: is not a known key"),
        (7, "threshold: must be an object, not a number"),
    ],
)
def test_a_wrong_threshold_leaves_the_rule_in_force(threshold: object, problem: str) -> None:
    """A rule whose threshold cannot be used alerts on each match, and the mistake is reported."""
    config, issues = read_config({"rules": [{"id": "x", "expression": "True", "threshold": threshold}]})
    assert issues == []
    assert any(problem in str(fault) for issue in config.rule_issues for fault in issue.details)
    (rule,) = (rule for rule in config.rules if rule.id == "x")
    assert rule.threshold is None


def test_a_threshold_is_read() -> None:
    """A threshold may count by one field or several, and by none."""
    rules = [
        {"id": "one", "expression": "True", "threshold": {"count": 10, "minutes": 5, "by": "userIdentity.arn"}},
        {
            "id": "two",
            "expression": "True",
            "threshold": {"count": 2, "minutes": 60, "by": ["a", "b"], "distinct": "c"},
        },
        {"id": "none", "expression": "True", "threshold": {"count": 1, "minutes": 1, "by": None, "distinct": None}},
    ]
    found = {rule.id: rule.threshold for rule in good(rules=rules).rules}
    assert [(each.count, each.minutes, each.by, each.distinct) for each in found.values() if each] == [
        (10, 5, ("userIdentity.arn",), None),
        (2, 60, ("a", "b"), "c"),
        (1, 1, (), None),
    ]
