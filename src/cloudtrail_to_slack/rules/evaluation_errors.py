"""Gather the errors that rules raise, so that each rule and cause is reported once, not once per event. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cloudtrail_to_slack.events.identity import identity_digest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cloudtrail_to_slack.events.event import Event
    from cloudtrail_to_slack.ingest.payloads import LogFile, MessageIds
    from cloudtrail_to_slack.rules import IgnoreRule, Rule, RuleProblem, Severity

MOST_IDS = 500  # kept of one rule and cause
_LONGEST_DETAIL = 1000
_LONGEST_ID = 64
_NOT_PLAIN = re.compile(r"[^0-9A-Za-z-]")


@dataclass(slots=True)
class RuleErrorReport:
    """A rule that raised an error, for one cause: the error as first seen, and the events that it was raised on.

    `events` is how many there are; `event_ids` are the first of their IDs. `severity` is the rule's; None: it is an
    ignore rule. `log_file` is that of the first event; None: it came from EventBridge. `message_ids` are the messages
    that the events came from.
    """

    rule_name: str
    expression: str
    cause: str
    detail: str
    events: int
    event_ids: tuple[str, ...]
    log_file: LogFile | None
    severity: Severity | None = None
    message_ids: MessageIds = frozenset()

    @property
    def identity(self) -> str:
        """A digest of the rule and the cause."""
        return identity_digest(self.rule_name, self.expression, self.cause)


class RuleErrors:
    """The rule errors of one invocation."""

    def __init__(self) -> None:
        self._reports: dict[tuple[Rule | IgnoreRule, str], RuleErrorReport] = {}

    def add(
        self, problems: Iterable[RuleProblem], event: Event, log_file: LogFile | None, message_ids: MessageIds
    ) -> None:
        """Add the problems of rules with an event; `message_ids` are the messages that it came from."""
        for problem in problems:
            rule, cause = problem.rule, problem.cause
            report = self._reports.get((rule, cause))
            if report is None:
                severity, detail = getattr(rule, "severity", None), problem.detail[:_LONGEST_DETAIL]
                report = RuleErrorReport(rule.name, rule.expression, cause, detail, 0, (), log_file, severity)
                self._reports[rule, cause] = report
            report.events += 1
            report.message_ids |= message_ids
            event_id = _NOT_PLAIN.sub("?", event.event_id[:_LONGEST_ID]) or "without id"
            if len(report.event_ids) < MOST_IDS and event_id not in report.event_ids:
                report.event_ids = (*report.event_ids, event_id)

    @property
    def reports(self) -> list[RuleErrorReport]:
        """One report for each rule and cause, in order of first occurrence."""
        return list(self._reports.values())
