"""Evaluating records one by one: decode, flatten, apply the rules, and keep what matched until it is delivered."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import chain
from time import perf_counter
from typing import TYPE_CHECKING, Any

from cloudtrail_to_slack.alerts.alert import Alert, AlertFactory, PendingAlert, make_alert, pending_alert
from cloudtrail_to_slack.alerts.own_role import OwnCalls, OwnRoles
from cloudtrail_to_slack.errors import EvaluationTimeError, RecordError
from cloudtrail_to_slack.evaluation.explanations import UNMATCHED, explain, explain_failed
from cloudtrail_to_slack.evaluation.prefilter import Prefilter
from cloudtrail_to_slack.evaluation.report import Report
from cloudtrail_to_slack.events.event import Event, read_event
from cloudtrail_to_slack.events.identity import event_identity, identity_digest
from cloudtrail_to_slack.ingest.log_files import decode_record
from cloudtrail_to_slack.ingest.payloads import LogFile, MessageIds
from cloudtrail_to_slack.observability.logging import log_unexpected, logger
from cloudtrail_to_slack.rules import EventOutcome, Rule, RuleSet, Severity
from cloudtrail_to_slack.rules.evaluation_errors import RuleErrors

if TYPE_CHECKING:
    from cloudtrail_to_slack.rules.thresholds import ThresholdCounter

# What matched is kept until an invocation delivers, so that it is delivered in order; but not more than this of it, or
# a flood would fill the memory.
MAX_PENDING_BYTES = 16 * 1024**2
_BYTES_EACH = 1000
_LEAST_SECONDS = 0.2  # for what is begun just before the time is over
_BYTES_OF_A_VALUE = 50  # of a record that came decoded; roughly
# Alerts of one invocation: something of each is kept until its end, so that none is delivered twice. Of what is beyond
# it, only critical alerts are still delivered, and the log file fails.
MAX_ALERTS = 50_000
MAX_MORE_CRITICAL = 5_000
TOO_MANY_ALERTS = (
    f"an invocation delivers {MAX_ALERTS:,} alerts, and {MAX_MORE_CRITICAL:,} more that are critical; "
    "make the rules narrower"
)
_MANY_ALERTS = 500  # a topic takes about that many in an invocation of 30 seconds


@dataclass(frozen=True, slots=True)
class RuleEvaluator:
    """The rules, and what finds the records worth evaluating; made once per cold start."""

    rule_set: RuleSet
    prefilter: Prefilter

    @classmethod
    def by(cls, rule_set: RuleSet) -> "RuleEvaluator":
        """Return the evaluation of these rules."""
        return cls(rule_set, Prefilter(rule_set))


Pending = tuple[PendingAlert, AlertFactory, MessageIds]


class PendingAlerts:
    """The alerts that matched and are not delivered yet. `size` is roughly how many bytes they take."""

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
        """Return all of them, and keep none: in parts, of which each must be delivered before the next.

        They are one part unless they are very many. Then those of the log files with the fewest come first, so that a
        flood in one file, which may take longer than there is time, cannot keep those of the others from going out.
        """
        by_source, self._by_source, self.size = self._by_source, {}, 0
        parts = sorted(by_source.values(), key=len)
        if sum(map(len, parts)) > _MANY_ALERTS:
            return parts
        return [list(chain.from_iterable(by_source.values()))] if parts else []


class RecordEvaluator:
    """Evaluates the records of one invocation.

    What matches is added to `pending`, or to `own_calls` where one of `own_roles` made the call; what goes wrong is
    added to `rule_errors`. `now` returns the seconds since 1970, `time_left` how many seconds there are for it.
    `thresholds` counts the matches of rules that have one; None: there are no such rules. `explains`: it logs what
    became of each record.
    """

    def __init__(  # noqa: PLR0913 (what an invocation shares)
        self,
        evaluator: RuleEvaluator,
        own_roles: OwnRoles,
        now: Callable[[], float],
        report: Report,
        pending: PendingAlerts,
        time_left: Callable[[], float],
        *,
        thresholds: "ThresholdCounter | None" = None,
        account_names: Mapping[str, str] | None = None,
    ) -> None:
        self.pending = pending
        self.rule_errors = RuleErrors()
        self.own_calls = OwnCalls(own_roles)
        self.explains = logger.log_level <= logging.DEBUG
        self._time_left = time_left
        self._thresholds = thresholds
        self._account_names = account_names or {}
        self._rule_set = evaluator.rule_set
        self._prefilter = evaluator.prefilter
        self._now = now
        self._today = _moment(now).date()
        self._report = report
        self._alerts = 0

    def evaluate(
        self,
        raw: Any,  # noqa: ANN401 (JSON, decoded or not)
        origin: LogFile | None,
        message_ids: MessageIds,
        failed: Callable[[str], None],
        candidates: int | None = None,
    ) -> None:
        """Evaluate one record and count it; whatever is wrong with it stays its own problem.

        `raw` is undecoded when it comes from a log file, `origin`. `failed` is called with what is wrong with it.
        `candidates` are the rules that may match, as the prefilter finds them; None: all.

        Raises:
            EvaluationTimeError: it would take longer than there is time.
        """
        counts = self._report.counts
        counts["records_in"] += 1
        if candidates and not self.explains:
            candidates = self._prefilter.possible(candidates, raw)
            if not candidates:
                counts[EventOutcome.UNMATCHED.value] += 1
                return
        try:
            outcome = self._evaluate(raw, origin, message_ids, candidates)
            counts[outcome.value] += 1
        except EvaluationTimeError:
            counts["failed"] += 1
            raise
        except RecordError as error:
            counts["failed"] += 1
            failed(str(error))
            if self.explains:
                explain_failed(str(error), origin)
        except Exception as error:  # noqa: BLE001 (a bug in one record must not hide the rest of its file)
            counts["failed"] += 1
            failed(f"a record that this function fails on ({type(error).__name__})")
            log_unexpected("evaluating a record", error)

    def explain_skipped(self, raw: Any, origin: LogFile) -> None:  # noqa: ANN401 (as above)
        """Log of a record that the prefilter left out that no rule can match it."""
        try:
            explain(_event(raw, origin), UNMATCHED, 0, origin)
        except RecordError as error:  # it was no more than looked at, which it stood
            explain_failed(str(error), origin)

    def _evaluate(
        self,
        raw: Any,  # noqa: ANN401 (as above)
        origin: LogFile | None,
        message_ids: MessageIds,
        candidates: int | None,
    ) -> EventOutcome:
        event = _event(raw, origin)
        deadline = perf_counter() + max(self._time_left(), _LEAST_SECONDS)
        evaluation = self._rule_set.evaluate(event.flat, self._today, candidates, deadline)
        if self.explains:
            explain(event, evaluation, candidates, origin)
        self.rule_errors.add(evaluation.problems, event, origin, message_ids)
        if event.error_code.startswith("AccessDenied"):
            self._report.denied += 1
            self._report.denied_ignored += evaluation.outcome is EventOutcome.IGNORED
        if evaluation.ignored_by:
            self._report.ignored_by[evaluation.ignored_by] += 1
        if evaluation.outcome is not EventOutcome.MATCHED:
            return evaluation.outcome
        rules = self._alerting(event, evaluation.matched)
        if not rules:
            return EventOutcome.UNMATCHED
        if self.own_calls.take(event, rules, message_ids):
            self._report.counts["own_role_alerts"] += 1
        else:
            self._keep(event, rules, raw, origin, message_ids)
        return EventOutcome.MATCHED

    def _alerting(self, event: Event, rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
        """Return the rules that alert on an event that they match: not those whose threshold is not reached yet."""
        if self._thresholds is None or all(rule.threshold is None for rule in rules):
            return rules
        time = event.time.timestamp() if event.time else self._now()
        return self._thresholds.reached(rules, event.flat, time, lambda: identity_digest(event_identity(event)))

    def _keep(
        self,
        event: Event,
        rules: tuple[Rule, ...],
        raw: Any,  # noqa: ANN401 (as above)
        origin: LogFile | None,
        message_ids: MessageIds,
    ) -> None:
        """Keep what matched until it is delivered.

        Raises:
            RecordError: an invocation has no room for more alerts.
        """
        is_critical = any(rule.severity is Severity.CRITICAL for rule in rules)
        if self._alerts >= MAX_ALERTS + (MAX_MORE_CRITICAL if is_critical else 0):
            raise RecordError(TOO_MANY_ALERTS)
        self._alerts += 1
        kept = bytes(raw) if origin else raw
        alert = pending_alert(event, rules, len(kept) if origin else _BYTES_OF_A_VALUE * len(event.flat))
        name = self._account_names.get(event.account or "")
        factory = partial(_alert, kept, origin, rules, self._now, name)
        self.pending.add(origin, (alert, factory, message_ids), alert.size)


def _event(raw: Any, origin: LogFile | None) -> Event:  # noqa: ANN401 (as above)
    """Return the event of a record, which is undecoded when it comes from a log file."""
    return read_event(decode_record(raw), object_key=origin.key) if origin else read_event(raw)


def _alert(
    raw: Any,  # noqa: ANN401 (as above)
    origin: LogFile | None,
    rules: tuple[Rule, ...],
    now: Callable[[], float],
    account_name: str | None,
) -> Alert:
    return make_alert(_event(raw, origin), rules, origin, _moment(now), account_name=account_name)


def _moment(now: Callable[[], float]) -> datetime:
    return datetime.fromtimestamp(now(), UTC)
