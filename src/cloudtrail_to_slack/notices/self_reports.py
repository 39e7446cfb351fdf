"""What the function reports about itself: rules that raised an error or cannot be used, and calls of its own role.

Each is reported at most once an interval at each destination, see `periodic_notices`. Errors of critical rules are
not: they are reported by every invocation that has any.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from cloudtrail_to_slack.alerts.notice import Notice
from cloudtrail_to_slack.alerts.own_role import GatheredCalls, OwnCalls, read_own_call
from cloudtrail_to_slack.alerts.own_role_notice import own_role_notice
from cloudtrail_to_slack.alerts.rule_notices import (
    MOST_NOTICES,
    rule_error_notices,
    unusable_rules_identity,
    unusable_rules_notice,
)
from cloudtrail_to_slack.clock import Clock
from cloudtrail_to_slack.config.loader import Config
from cloudtrail_to_slack.delivery.dispatcher import Delivery
from cloudtrail_to_slack.notices.periodic import Due, NoticeKind, NoticeSubject, PeriodicNotices
from cloudtrail_to_slack.notices.store import MOST_ENTRIES, MemoryNotices, Subject, TableNotices
from cloudtrail_to_slack.observability.logging import id_to_log, logger
from cloudtrail_to_slack.rules import Severity
from cloudtrail_to_slack.rules.evaluation_errors import RuleErrorReport

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_HOUR = 3600
_DAY = 24 * _HOUR
_COOL_OFF_SECONDS = 900  # of notices about the own role, whose delivery may cause the next
_NEXT_LOOK_SECONDS = 600
_OWN_CALLS = "the notice about calls of the function's own role"

Rendered = list[tuple[Notice, list[int]]]


@dataclass(slots=True)
class ReportMemory:
    """What a process remembers from one invocation to the next.

    `next_look` is when the table is asked again whether the unusable rules are to be reported, in seconds since 1970.
    """

    subjects: dict[str, Subject] = field(default_factory=dict)
    due: dict[str, Due] = field(default_factory=dict)
    next_look: float = 0.0


class SelfReports:
    """The reports of one invocation. What cannot be delivered is among the delivery's failures."""

    def __init__(
        self,
        config: Config,
        delivery: Delivery,
        clock: Clock,
        memory: ReportMemory,
        table: "tuple[DynamoDBClient, str] | None",
    ) -> None:
        self._config = config
        self._delivery = delivery
        self._clock = clock
        self._memory = memory
        self._most_notices = min(config.max_messages_per_channel, MOST_NOTICES)
        in_memory = MemoryNotices(memory.subjects, clock)
        store = TableNotices(*table, clock, in_memory) if table else in_memory
        self._periodic = PeriodicNotices(delivery, store, in_memory, clock, memory.due)

    def send(self, rule_errors: Sequence[RuleErrorReport], own_calls: OwnCalls) -> None:
        """Send what is to be reported now."""
        for account, kinds in own_calls.by_account.items():
            self._send_own_calls(account, [_own_calls_subject(*each) for each in kinds.items()])
        if self._config.rule_evaluation_errors_to_slack:
            self._send_rule_errors(rule_errors)
        self._send_unusable_rules()
        self._periodic.send_due()

    def _send_own_calls(self, account: str | None, subjects: Sequence[NoticeSubject]) -> None:
        """Send alerts about calls of the own role where alerts about its account go."""
        targets = self._delivery.router.targets(account)
        if not targets:
            message_ids = frozenset[str | None]().union(*(subject.message_ids for subject in subjects))
            self._delivery.unrouted(
                _OWN_CALLS, f"no route and no default for account {account or 'unknown'}", message_ids
            )
        kind = NoticeKind("own-role", _HOUR, partial(_render_own_calls, account), _COOL_OFF_SECONDS)
        self._periodic.send(kind, subjects, targets)

    def _send_rule_errors(self, reports: Sequence[RuleErrorReport]) -> None:
        critical = [report for report in reports if report.severity is Severity.CRITICAL]
        for notice, positions in rule_error_notices(critical, self._most_notices):
            message_ids = frozenset[str | None]().union(*(critical[position].message_ids for position in positions))
            self._delivery.notify([(notice, message_ids)])
        others = [report for report in reports if report.severity is not Severity.CRITICAL]
        by_identity = {report.identity: report for report in others}
        kind = NoticeKind("rule-error", _HOUR, partial(_render_rule_errors, by_identity, self._most_notices))
        subjects = [
            NoticeSubject(
                name=f"the notice about the rule {report.rule_name[:100]}",
                identity=report.identity,
                entries=report.event_ids[:MOST_ENTRIES],
                more=report.events - len(report.event_ids[:MOST_ENTRIES]),
                message_ids=report.message_ids,
            )
            for report in others
        ]
        self._send_to_default(kind, subjects)

    def _send_unusable_rules(self) -> None:
        """Report unusable rules at first and then daily; whatever cannot be sent is tried again soon."""
        issues, now = self._config.rule_issues, self._clock.now()
        if not issues or now < self._memory.next_look:
            return
        self._memory.next_look = now + _NEXT_LOOK_SECONDS
        today = datetime.fromtimestamp(now, UTC).date().isoformat()
        subject = NoticeSubject("the notice about unusable rules", unusable_rules_identity(issues), (today,))
        kind = NoticeKind("unusable-rules", _DAY, lambda _: [(unusable_rules_notice(issues), [0])])
        self._send_to_default(kind, [subject])

    def _send_to_default(self, kind: NoticeKind, subjects: Sequence[NoticeSubject]) -> None:
        """Send to Slack, or to SNS where there is no Slack."""
        targets = self._delivery.router.notice_targets(None)
        for subject in subjects if not targets else ():
            self._delivery.unrouted(subject.name, "no route and no default", subject.message_ids)
        self._periodic.send(kind, subjects, targets)


def _own_calls_subject(identity: str, gathered: GatheredCalls) -> NoticeSubject:
    logger.info(
        "own role",
        extra={
            "call": gathered.calls[0].name,
            "calls": gathered.number,
            "event_ids": [id_to_log(call.event_id) for call in gathered.calls],
        },
    )
    return NoticeSubject(
        name=_OWN_CALLS,
        identity=identity,
        entries=tuple(call.dumped() for call in gathered.calls),
        more=gathered.number - len(gathered.calls),
        message_ids=frozenset(gathered.message_ids),
    )


def _render_own_calls(account: str | None, subjects: Sequence[NoticeSubject]) -> Rendered:
    """Return one notice about all the calls."""
    calls = [call for subject in subjects for call in map(read_own_call, subject.entries) if call]
    more = sum(subject.more + len(subject.entries) for subject in subjects) - len(calls)
    return [(own_role_notice(calls, more, account), list(range(len(subjects))))]


def _render_rule_errors(
    reports: Mapping[str, RuleErrorReport], most: int, subjects: Sequence[NoticeSubject]
) -> Rendered:
    return rule_error_notices(
        [
            replace(
                reports[subject.identity],
                event_ids=subject.entries,
                events=len(subject.entries) + subject.more,
                message_ids=subject.message_ids,
            )
            for subject in subjects
        ],
        most,
    )
