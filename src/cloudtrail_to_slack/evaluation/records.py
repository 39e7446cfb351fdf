"""Evaluate records one by one: decode, flatten, apply the rules, and keep the alerts until they are delivered."""

import logging
from collections.abc import Callable
from dataclasses import InitVar, dataclass, field
from datetime import UTC, date, datetime
from functools import partial
from itertools import chain
from time import perf_counter
from typing import TYPE_CHECKING, Any, Protocol

from cloudtrail_to_slack.alerts.alert import Alert, AlertFactory, PendingAlert, make_alert, pending_alert
from cloudtrail_to_slack.alerts.own_role import OwnCalls, OwnRoles
from cloudtrail_to_slack.errors import EvaluationTimeError, RecordError
from cloudtrail_to_slack.evaluation.prefilter import Prefilter
from cloudtrail_to_slack.evaluation.report import Report
from cloudtrail_to_slack.events.event import Event, read_event
from cloudtrail_to_slack.events.identity import event_identity, identity_digest
from cloudtrail_to_slack.ingest.log_files import decode_record
from cloudtrail_to_slack.ingest.payloads import LogFile, MessageIds
from cloudtrail_to_slack.observability.logging import id_to_log, log_unexpected, logger
from cloudtrail_to_slack.rules import Evaluation, EventOutcome, Rule, Severity
from cloudtrail_to_slack.rules.evaluation_errors import RuleErrors

if TYPE_CHECKING:
    from cloudtrail_to_slack.rules.thresholds import ThresholdCounter

# Alerts are kept until the next delivery, so that they are delivered in order. But there is a limit, because a flood
# would fill the memory.
MAX_PENDING_BYTES = 16 * 1024**2
_BYTES_EACH = 1000
_LEAST_SECONDS = 0.2  # for a record that is begun just before the time is over
_BYTES_OF_A_VALUE = 50  # roughly, of a record that arrived decoded
# Alerts of one invocation: some data of each is kept until its end, so that none is delivered twice. Beyond the limit
# only critical alerts are still delivered, and the log file fails.
MAX_ALERTS = 50_000
MAX_MORE_CRITICAL = 5_000
TOO_MANY_ALERTS = (
    f"an invocation delivers {MAX_ALERTS:,} alerts, and {MAX_MORE_CRITICAL:,} more that are critical; "
    "make the rules narrower"
)
_MANY_ALERTS = 500  # a topic takes about that many in an invocation of 30 seconds
_LONGEST_NAME = 200  # in logs: of an event, or of a rule, whose name may be its expression

Pending = tuple[PendingAlert, AlertFactory, MessageIds]


class PendingAlerts:
    """The alerts that are not delivered yet. `size` is roughly how many bytes they take."""

    def __init__(self) -> None:
        self.size = 0
        self._by_source: dict[LogFile | None, list[Pending]] = {}

    @property
    def full(self) -> bool:
        """Whether there are too many to keep."""
        return self.size > MAX_PENDING_BYTES

    def add(self, source: LogFile | None, alert: Pending, size: int) -> None:
        """Keep an alert whose record has `size` bytes and comes from `source`."""
        self._by_source.setdefault(source, []).append(alert)
        self.size += size + _BYTES_EACH

    def take(self) -> list[list[Pending]]:
        """Return and remove all alerts, in parts that must be delivered one after the other.

        There is one part, unless there are very many alerts. Then each log file is a part, and the one with the fewest
        alerts comes first, so that a flood in one file, which may take too long, cannot hold up the others.
        """
        by_source, self._by_source, self.size = self._by_source, {}, 0
        if sum(map(len, by_source.values())) > _MANY_ALERTS:
            return sorted(by_source.values(), key=len)
        return [list(chain.from_iterable(by_source.values()))] if by_source else []


@dataclass(frozen=True, slots=True)
class RecordSource:
    """A log file (None: EventBridge), the messages that named it, and a callback for problems with its records."""

    log_file: LogFile | None
    message_ids: MessageIds
    on_failure: Callable[[str], None]

    def event(self, raw: Any) -> Event:  # noqa: ANN401 (JSON)
        """Return the event of a record, which is still undecoded if it comes from a log file."""
        return read_event(decode_record(raw), object_key=self.log_file.key) if self.log_file else read_event(raw)


class AccountNames(Protocol):
    """Knows accounts by name."""

    def get(self, account: str, /) -> str | None:
        """Return the name of an account; None: it is unknown."""


@dataclass(slots=True)
class RecordEvaluator:
    """Evaluates the records of one invocation.

    Matches are added to `pending`, or to `own_calls` if one of `own_roles` made the call; errors of rules are added to
    `rule_errors`. `now` returns the seconds since 1970, `time_left` how many seconds are left for evaluation.
    `thresholds` counts the matches of rules with a threshold; None: there are no such rules. `explains`: it logs the
    outcome of each record.
    """

    prefilter: Prefilter
    own_roles: InitVar[OwnRoles]
    now: Callable[[], float]
    report: Report
    pending: PendingAlerts
    time_left: Callable[[], float]
    thresholds: "ThresholdCounter | None" = None
    account_names: AccountNames = field(default_factory=dict[str, str])
    own_calls: OwnCalls = field(init=False)
    rule_errors: RuleErrors = field(init=False, default_factory=RuleErrors)
    explains: bool = field(init=False, default_factory=lambda: logger.log_level <= logging.DEBUG)
    _uncounted: set[MessageIds] = field(init=False, default_factory=set)
    _today: date = field(init=False)
    _alerts: int = field(init=False, default=0)

    def __post_init__(self, own_roles: OwnRoles) -> None:
        """Begin an invocation."""
        self.own_calls = OwnCalls(own_roles)
        self._today = _moment(self.now).date()

    def evaluate(self, raw: Any, source: RecordSource, candidates: int | None = None) -> None:  # noqa: ANN401 (JSON)
        """Evaluate one record and count it; a problem with it affects no other record.

        `candidates` are the rules that may match, as the prefilter found them; None: all.

        Raises:
            EvaluationTimeError: it would take longer than the time left.
        """
        counts = self.report.counts
        counts["records_in"] += 1
        if candidates and not self.explains:
            candidates = self.prefilter.possible(candidates, raw)
            if not candidates:
                counts[EventOutcome.UNMATCHED.value] += 1
                return
        try:
            counts[self._evaluate(raw, source, candidates).value] += 1
        except EvaluationTimeError:
            counts["failed"] += 1
            raise
        except RecordError as error:
            counts["failed"] += 1
            source.on_failure(str(error))
            if self.explains:
                _explain_failed(error, source)
        except Exception as error:  # noqa: BLE001 (a bug in one record must not hide the rest of its file)
            counts["failed"] += 1
            source.on_failure(f"a record that this function cannot process ({type(error).__name__})")
            log_unexpected("evaluating a record", error)

    def explain_skipped(self, raw: Any, source: RecordSource) -> None:  # noqa: ANN401 (JSON)
        """Log that no rule can match a record, which the prefilter has ruled out."""
        try:
            _explain(source.event(raw), Evaluation(EventOutcome.UNMATCHED), 0, source)
        except RecordError as error:  # the prefilter decodes only some of its fields
            _explain_failed(error, source)

    def _evaluate(self, raw: Any, source: RecordSource, candidates: int | None) -> EventOutcome:  # noqa: ANN401 (JSON)
        event = source.event(raw)
        deadline = perf_counter() + max(self.time_left(), _LEAST_SECONDS)
        evaluation = self.prefilter.rule_set.evaluate(event.flat, self._today, candidates, deadline)
        if self.explains:
            _explain(event, evaluation, candidates, source)
        self.rule_errors.add(evaluation.problems, event, source.log_file, source.message_ids)
        if event.error_code.startswith("AccessDenied"):
            self.report.denied += 1
            self.report.denied_ignored += evaluation.outcome is EventOutcome.IGNORED
        if evaluation.ignored_by:
            self.report.ignored_by[evaluation.ignored_by] += 1
        if evaluation.outcome is not EventOutcome.MATCHED:
            return evaluation.outcome
        rules = self._reached(evaluation.matched, event, source.message_ids)
        if not rules:
            return EventOutcome.UNMATCHED
        if self.own_calls.take(event, rules, source.message_ids):
            self.report.counts["own_role_alerts"] += 1
        else:
            self._keep(event, rules, raw, source)
        return EventOutcome.MATCHED

    def _reached(self, matched: tuple[Rule, ...], event: Event, message_ids: MessageIds) -> tuple[Rule, ...]:
        """Return which of the matched rules alert; matches that thresholds cannot count now fail their messages."""
        if not (self.thresholds and any(rule.threshold for rule in matched)):
            return matched

        def uncounted(reason: str) -> None:
            if message_ids not in self._uncounted:
                self._uncounted.add(message_ids)
                self.report.fail(message_ids, [f"matches of rules with a threshold were not counted: {reason}"])
                logger.error("threshold not counted", extra={"error": reason})

        time = event.time.timestamp() if event.time else self.now()
        identity = partial(_identity, event)
        return self.thresholds.reached(matched, event.flat, time, identity, uncounted)

    def _keep(self, event: Event, rules: tuple[Rule, ...], raw: Any, source: RecordSource) -> None:  # noqa: ANN401 (JSON)
        """Keep an alert until it is delivered; raises RecordError beyond the limit of an invocation."""
        is_critical = any(rule.severity is Severity.CRITICAL for rule in rules)
        if self._alerts >= MAX_ALERTS + (MAX_MORE_CRITICAL if is_critical else 0):
            raise RecordError(TOO_MANY_ALERTS)
        self._alerts += 1
        kept = bytes(raw) if source.log_file else raw
        name = self.account_names.get(event.account or "")
        size = len(kept) if source.log_file else _BYTES_OF_A_VALUE * len(event.flat)
        alert = pending_alert(event, rules, size, account_name=name)

        def make() -> Alert:
            return make_alert(source.event(kept), rules, source.log_file, _moment(self.now), account_name=name)

        self.pending.add(source.log_file, (alert, make, source.message_ids), alert.size)


def _identity(event: Event) -> str:
    return identity_digest(event_identity(event))


def _moment(now: Callable[[], float]) -> datetime:
    return datetime.fromtimestamp(now(), UTC)


def _explain(event: Event, evaluation: Evaluation, candidates: int | None, source: RecordSource) -> None:
    """Log why an event did or did not alert: see docs/troubleshooting.md."""
    ignored_by = evaluation.ignored_by
    facts: dict[str, object] = {
        "event_id": id_to_log(event.event_id),
        "event_name": event.name[:_LONGEST_NAME],
        "account": id_to_log(event.account or "unknown"),
        "outcome": evaluation.outcome.value,
        "matching_rules": [rule.name[:_LONGEST_NAME] for rule in evaluation.matched or evaluation.silenced],
        "ignored_by": ignored_by.name[:_LONGEST_NAME] if ignored_by else None,
        "ignore_reason": ignored_by.reason[:_LONGEST_NAME] if ignored_by and ignored_by.reason else None,
        "rules_that_raised": [problem.rule.name[:_LONGEST_NAME] for problem in evaluation.problems],
        "rules_evaluated": "all" if candidates is None else "candidates" if candidates else "none",
        "object": source.log_file.url if source.log_file else None,
    }
    logger.debug("record evaluated", extra=facts)


def _explain_failed(reason: RecordError, source: RecordSource) -> None:
    url = source.log_file.url if source.log_file else None
    logger.debug("record evaluated", extra={"outcome": "failed", "reason": str(reason), "object": url})
