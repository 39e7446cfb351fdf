"""Gathering what rules raise, so that each rule and cause is told once an invocation, not once an event. Pure."""

from collections.abc import Iterable
from dataclasses import replace

from cloudtrail_to_slack.events import Event
from cloudtrail_to_slack.messages.slack_notices import RuleErrorReport
from cloudtrail_to_slack.notifications import LogObject
from cloudtrail_to_slack.rules import IgnoreRule, Rule, RuleProblem

_LONGEST_DETAIL = 1000


class RuleErrors:
    """The rule errors of one invocation."""

    def __init__(self) -> None:
        self._reports: dict[tuple[Rule | IgnoreRule, str], RuleErrorReport] = {}

    def add(self, problems: Iterable[RuleProblem], event: Event, origin: LogObject | None) -> None:
        """Note the problems that rules had with an event."""
        for problem in problems:
            rule = problem.rule
            key = (rule, problem.cause)
            known = self._reports.get(key)
            self._reports[key] = (
                replace(known, events=known.events + 1)
                if known
                else RuleErrorReport(
                    rule_name=rule.name,
                    expression=rule.expression,
                    cause=problem.cause,
                    detail=problem.detail[:_LONGEST_DETAIL],
                    events=1,
                    example_event_id=event.event_id,
                    origin=origin,
                )
            )

    @property
    def reports(self) -> list[RuleErrorReport]:
        """One report for each rule and cause, in order of first occurrence."""
        return list(self._reports.values())
