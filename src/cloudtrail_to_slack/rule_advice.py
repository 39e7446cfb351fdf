"""Saying in the log what is probably wrong with an allowed rule: a field or an event that nobody has heard of."""

from collections.abc import Iterable

from cloudtrail_to_slack.rules import IgnoreRule, Rule
from cloudtrail_to_slack.rules.default_rules import DEFAULT_RULE_IDS
from cloudtrail_to_slack.telemetry import logger
from cloudtrail_to_slack.waiting import Clock

_MOST = 20  # warnings; looking for what was meant takes some milliseconds each
_SECONDS_EACH = 0.5  # on the smallest function


def log_advice(rules: Iterable[Rule | IgnoreRule], clock: Clock) -> None:
    """Log a warning for each probable mistake in the user's rules, as long as the invocation has time to spare."""
    from cloudtrail_to_slack.rules.hints import warnings_for  # noqa: PLC0415 (after the first invocation, not before)

    given = 0
    for rule in rules:
        if rule.id in DEFAULT_RULE_IDS or given >= _MOST or not clock.has(_SECONDS_EACH):
            continue
        for warning in warnings_for(rule.expression, ignores=isinstance(rule, IgnoreRule)):
            logger.warning("rule warning", extra={"rule": rule.name, "warning": str(warning)})
            given += 1
