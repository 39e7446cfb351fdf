"""Gathering the errors that rules raise, so that each rule and cause is reported once and not once an event. Pure."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cloudtrail_to_slack.rules import IgnoreRule, Rule, RuleProblem, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cloudtrail_to_slack.events.event import Event
    from cloudtrail_to_slack.ingest.payloads import LogObject, MessageIds

MOST_IDS = 500  # kept of one rule and cause
_LONGEST_DETAIL = 1000
_LONGEST_ID = 64
_NOT_PLAIN = re.compile(r"[^0-9A-Za-z-]")


@dataclass(frozen=True, slots=True)
class RuleErrorReport:
    """A rule that raised an error, for one cause: the error as first seen, and the events that it was raised on.

    `event_ids` are those that are known by name, `events` how many there are. `severity` is the rule's, None for an
    ignore rule. `origin` is the log file of the first event, None for one from EventBridge. `message_ids` are the
    messages that brought the events.
    """

    rule_name: str
    expression: str
    cause: str
    detail: str
    events: int
    event_ids: tuple[str, ...]
    origin: LogObject | None
    severity: Severity | None = None
    message_ids: MessageIds = frozenset()

    @property
    def identity(self) -> str:
        """A digest of the rule and the cause."""
        text = json.dumps([self.rule_name, self.expression, self.cause])
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(slots=True)
class _Gathered:
    problem: RuleProblem
    origin: LogObject | None
    events: int = 0
    event_ids: dict[str, None] = field(default_factory=dict)
    message_ids: set[str | None] = field(default_factory=set)


class RuleErrors:
    """The rule errors of one invocation."""

    def __init__(self) -> None:
        self._gathered: dict[tuple[Rule | IgnoreRule, str], _Gathered] = {}

    def add(
        self, problems: Iterable[RuleProblem], event: Event, origin: LogObject | None, message_ids: MessageIds
    ) -> None:
        """Add the problems that rules had with an event; `message_ids` are the messages that brought it."""
        for problem in problems:
            key = (problem.rule, problem.cause)
            gathered = self._gathered.get(key)
            if gathered is None:
                gathered = self._gathered[key] = _Gathered(problem, origin)
            gathered.events += 1
            gathered.message_ids |= message_ids
            if len(gathered.event_ids) < MOST_IDS:
                gathered.event_ids[_NOT_PLAIN.sub("?", event.event_id[:_LONGEST_ID]) or "without id"] = None

    @property
    def reports(self) -> list[RuleErrorReport]:
        """One report for each rule and cause, in order of first occurrence."""
        return [_report(gathered) for gathered in self._gathered.values()]


def _report(gathered: _Gathered) -> RuleErrorReport:
    rule = gathered.problem.rule
    return RuleErrorReport(
        rule_name=rule.name,
        expression=rule.expression,
        cause=gathered.problem.cause,
        detail=gathered.problem.detail[:_LONGEST_DETAIL],
        events=gathered.events,
        event_ids=tuple(gathered.event_ids),
        origin=gathered.origin,
        severity=rule.severity if isinstance(rule, Rule) else None,
        message_ids=frozenset(gathered.message_ids),
    )
