"""The function's notices about itself: rules that raised an error or cannot be used, and calls by its own role.

Each subject is reported at most once per interval at each destination, except errors of critical rules. Anything new in
between is sent when the next notice is due, by an invocation that reports the subject or the next one of this process.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from cloudtrail_to_slack.alerts.notice import Notice
from cloudtrail_to_slack.alerts.own_role import GatheredCalls, OwnCalls, read_own_call
from cloudtrail_to_slack.alerts.self_notices import (
    MOST_NOTICES,
    own_role_notice,
    rule_error_notices,
    unusable_rules_identity,
    unusable_rules_notice,
)
from cloudtrail_to_slack.clock import Clock
from cloudtrail_to_slack.config.loader import Config
from cloudtrail_to_slack.delivery.dispatcher import Delivery
from cloudtrail_to_slack.delivery.results import Outcome, Undelivered
from cloudtrail_to_slack.delivery.routing import Target
from cloudtrail_to_slack.errors import DeliveryError
from cloudtrail_to_slack.ingest.payloads import MessageIds, merge_message_ids
from cloudtrail_to_slack.notices.store import (
    MOST_ENTRIES,
    Collected,
    NoticeStore,
    Standing,
    Subject,
)
from cloudtrail_to_slack.observability.logging import id_to_log, logger
from cloudtrail_to_slack.retry import run_to_completion, with_retries
from cloudtrail_to_slack.rules import Severity
from cloudtrail_to_slack.rules.evaluation_errors import RuleErrorReport
from cloudtrail_to_slack.state.table import Items

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_HOUR = 3600
_DAY = 24 * _HOUR
_COOL_OFF_SECONDS = 900  # of notices about the own role, whose delivery may cause the next one
_RETRY_SECONDS = 600  # until a notice that could not be sent is tried again
_MOST_IN_TABLE = 50  # subjects of one kind and invocation; each takes one or two calls to the table
_OWN_CALLS = "the notice about calls of the function's own role"

Rendered = list[tuple[Notice, list[str]]]  # notices, each with the identities of its subjects


@dataclass(frozen=True, slots=True)
class NoticeSubject:
    """The subject of a periodic notice. `name` is for logs and errors; `identity` identifies it in every invocation.

    `entries` are new facts about it, and `more` counts further ones. `message_ids` are the messages that they came
    from; without any, a notice that cannot be delivered fails nothing.
    """

    name: str
    identity: str
    entries: tuple[str, ...]
    more: int = 0
    message_ids: MessageIds = frozenset()


@dataclass(frozen=True, slots=True)
class NoticeKind:
    """A kind of periodic notice: the seconds between two about the same subject, and the function that renders them.

    After several failures in a row, nothing is sent for `cool_off` seconds; 0: every invocation tries.
    """

    name: str
    interval: float
    render: Callable[[Sequence[NoticeSubject]], Rendered]
    cool_off: float = 0.0

    def key(self, target: Target, subject: NoticeSubject) -> str:
        """Return the store's key of a subject at a target."""
        return f"{self.name}#{target.key}#{subject.identity}"


@dataclass(frozen=True, slots=True)
class Due:
    """A subject with facts that wait to be sent, and when that is due."""

    at: float
    kind: NoticeKind
    target: Target
    subject: NoticeSubject


@dataclass(slots=True)
class ReportCache:
    """What a process keeps from one invocation to the next.

    `next_check` is when the notice about unusable rules is checked again, in seconds since 1970.
    """

    subjects: dict[str, Subject] = field(default_factory=dict)
    due: dict[str, Due] = field(default_factory=dict)
    next_check: float = 0.0


class SelfReports:
    """Sends the notices of one invocation. Failures are added to the delivery's."""

    def __init__(
        self,
        config: Config,
        delivery: Delivery,
        clock: Clock,
        cache: ReportCache,
        table: "tuple[DynamoDBClient, str] | None",
    ) -> None:
        self._config = config
        self._delivery = delivery
        self._clock = clock
        self._cache = cache
        self._most_notices = min(config.max_messages_per_channel, MOST_NOTICES)
        self._memory = NoticeStore(cache.subjects, clock)
        self._store = NoticeStore(cache.subjects, clock, Items(*table, clock)) if table else self._memory

    def send(self, rule_errors: Sequence[RuleErrorReport], own_calls: OwnCalls) -> None:
        """Send all notices that are due."""
        for account, kinds in own_calls.by_account.items():
            self._send_own_calls(account, [_own_calls_subject(*each) for each in kinds.items()])
        if self._config.rule_evaluation_errors_to_slack:
            self._send_rule_errors(rule_errors)
        self._send_unusable_rules()
        now = self._clock.now()
        for key, due in [(key, due) for key, due in self._cache.due.items() if due.at <= now]:
            self._cache.due[key] = replace(due, at=now + _RETRY_SECONDS)  # in case it cannot be sent now
            self._send(due.kind, [due.subject], due.target)

    def _send_own_calls(self, account: str | None, subjects: Sequence[NoticeSubject]) -> None:
        """Send notices about calls of the own role, routed like alerts about its account."""

        def render(due: Sequence[NoticeSubject]) -> Rendered:
            calls = [call for subject in due for call in map(read_own_call, subject.entries) if call]
            more = sum(subject.more + len(subject.entries) for subject in due) - len(calls)
            return [(own_role_notice(calls, more, account), [subject.identity for subject in due])]

        targets = self._delivery.router.targets(account)
        if not targets:
            problem = f"no route and no default for account {account or 'unknown'}"
            self._delivery.unrouted(_OWN_CALLS, problem, merge_message_ids(subjects))
        for target in targets:
            self._send(NoticeKind("own-role", _HOUR, render, _COOL_OFF_SECONDS), subjects, target)

    def _send_rule_errors(self, reports: Sequence[RuleErrorReport]) -> None:
        critical = [report for report in reports if report.severity is Severity.CRITICAL]
        for notice, covered in rule_error_notices(critical, self._most_notices):
            self._delivery.notify([(notice, merge_message_ids(covered))])
        others = [report for report in reports if report.severity is not Severity.CRITICAL]
        by_identity = {report.identity: report for report in others}

        def render(due: Sequence[NoticeSubject]) -> Rendered:
            known = [
                replace(
                    by_identity[subject.identity],
                    event_ids=subject.entries,
                    events=len(subject.entries) + subject.more,
                    message_ids=subject.message_ids,
                )
                for subject in due
            ]
            notices = rule_error_notices(known, self._most_notices)
            return [(notice, [report.identity for report in covered]) for notice, covered in notices]

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
        self._send_to_default(NoticeKind("rule-error", _HOUR, render), subjects)

    def _send_unusable_rules(self) -> None:
        """Report unusable rules at once and then daily; retry soon if that fails."""
        issues, now = self._config.rule_issues, self._clock.now()
        if not issues or now < self._cache.next_check:
            return
        self._cache.next_check = now + _RETRY_SECONDS
        today = datetime.fromtimestamp(now, UTC).date().isoformat()
        subject = NoticeSubject("the notice about unusable rules", unusable_rules_identity(issues), (today,))
        kind = NoticeKind("unusable-rules", _DAY, lambda _: [(unusable_rules_notice(issues), [subject.identity])])
        self._send_to_default(kind, [subject])

    def _send_to_default(self, kind: NoticeKind, subjects: Sequence[NoticeSubject]) -> None:
        """Send to the destinations that receive notices."""
        targets = self._delivery.router.notice_targets(None)
        for subject in subjects if not targets else ():
            self._delivery.unrouted(subject.name, "no route and no default", subject.message_ids)
        for target in targets:
            self._send(kind, subjects, target)

    def _send(self, kind: NoticeKind, subjects: Sequence[NoticeSubject], target: Target) -> None:
        """Send new facts about the subjects, or keep them until the next notice is due."""
        acquired: list[tuple[NoticeSubject, Collected, NoticeStore]] = []
        for number, subject in enumerate(subjects):
            store = self._store if number < _MOST_IN_TABLE else self._memory
            collected = self._collect(kind, subject, target, store)
            if collected is not None:
                complete = replace(subject, entries=collected.entries, more=subject.more + collected.more)
                acquired.append((complete, collected, store))
        for notice, identities in kind.render([subject for subject, _, _ in acquired]) if acquired else ():
            covered = [each for each in acquired if each[0].identity in identities]
            message_ids = merge_message_ids(subject for subject, _, _ in covered)
            (arrived,) = self._delivery.notify_at([(target, notice)], message_ids)
            for subject, collected, store in covered:
                key = kind.key(target, subject)
                record = partial(store.fail, key, kind.cool_off)
                if arrived:
                    self._cache.due.pop(key, None)
                    record = partial(store.complete, key, collected, kind.interval)
                try:
                    run_to_completion(self._clock, with_retries(record))
                except DeliveryError as error:
                    extra = {"what": subject.name, "code": error.code, "sent": arrived}
                    logger.warning("notice not recorded", extra=extra)

    def _collect(
        self, kind: NoticeKind, subject: NoticeSubject, target: Target, store: NoticeStore
    ) -> Collected | None:
        """Return the facts to send about the subject now; None: nothing."""
        key = kind.key(target, subject)
        try:
            collect = partial(store.collect, key, subject.entries, kind.interval)
            collected = run_to_completion(self._clock, with_retries(collect))
        except DeliveryError as error:
            self._fail(subject, target, error.code)
            return None
        if collected.standing is Standing.ACQUIRED:
            return collected
        if collected.standing is Standing.NOTHING:
            self._cache.due.pop(key, None)
            return None
        later = replace(subject, entries=(), more=0, message_ids=frozenset())
        self._cache.due[key] = Due(collected.due, kind, target, later)
        if collected.standing is Standing.FAILING:
            self._fail(subject, target, "attempts_failed_recently")
        else:
            extra = {"what": subject.name, "destination": target.destination, "new": len(subject.entries)}
            logger.info("notice deferred until it is due", extra=extra)
        return None

    def _fail(self, subject: NoticeSubject, target: Target, code: str) -> None:
        if not subject.message_ids:
            logger.warning("notice not sent", extra={"what": subject.name, "code": code})
            return
        destination = target.destination
        self._delivery.results.count(destination, Outcome.UNDELIVERED)
        self._delivery.failures.append((subject.message_ids, Undelivered(subject.name, destination, code)))
        logger.error("undelivered", extra={"what": subject.name, "destination": destination, "code": code})


def _own_calls_subject(identity: str, gathered: GatheredCalls) -> NoticeSubject:
    event_ids = [id_to_log(call.event_id) for call in gathered.calls]
    extra = {"call": gathered.calls[0].name, "calls": gathered.number, "event_ids": event_ids}
    logger.info("calls by the function's own role", extra=extra)
    return NoticeSubject(
        name=_OWN_CALLS,
        identity=identity,
        entries=tuple(call.dumped() for call in gathered.calls),
        more=gathered.number - len(gathered.calls),
        message_ids=gathered.message_ids,
    )
