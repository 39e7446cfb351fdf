"""Log mistakes and probable mistakes in the configured rules, such as an unknown field or event."""

from collections.abc import Iterable, Sequence

from cloudtrail_to_slack.clock import Clock
from cloudtrail_to_slack.config.rule_reader import RuleIssue
from cloudtrail_to_slack.observability.logging import logger
from cloudtrail_to_slack.rules import IgnoreRule, Rule
from cloudtrail_to_slack.rules.packs import DEFAULT_RULE_IDS

_MOST = 20  # warnings; finding a suggestion takes some milliseconds each
_MOST_ISSUES = 100
_SECONDS_EACH = 0.5  # on the smallest function


def log_rule_issues(issues: Sequence[RuleIssue]) -> None:
    """Log an error for each rule that cannot be used as it is written."""
    for issue in issues[:_MOST_ISSUES]:
        problems = "; ".join(map(str, issue.details))
        logger.error("rule unusable", extra={"rule": issue.path, "problem": problems, "left_out": issue.left_out})
    if len(issues) > _MOST_ISSUES:
        logger.error("more rules unusable", extra={"rules": len(issues) - _MOST_ISSUES})


def log_rule_warnings(rules: Iterable[Rule | IgnoreRule], clock: Clock) -> None:
    """Log a warning for each probable mistake in the user's rules, while the invocation has time left."""
    from cloudtrail_to_slack.rules.lint.linter import warnings_for  # noqa: PLC0415 (after the first invocation, not before)

    given = 0
    for rule in rules:
        if rule.id in DEFAULT_RULE_IDS or (isinstance(rule, Rule) and rule.is_shipped):
            continue
        if given >= _MOST or not clock.has_time_for(_SECONDS_EACH):
            return
        for warning in warnings_for(rule.expression, ignores=isinstance(rule, IgnoreRule), most=_MOST - given):
            logger.warning("rule warning", extra={"rule": rule.name, "warning": str(warning)})
            given += 1
