"""From notifications to delivered alerts: the only place where all the parts meet."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from cloudtrail_to_slack.alerts import Alert, HeldAlert, MakeAlert, hold_alert, make_alert
from cloudtrail_to_slack.config import Config
from cloudtrail_to_slack.delivery import Delivery
from cloudtrail_to_slack.errors import DeliveryError, LogObjectError, RecordError
from cloudtrail_to_slack.events import Event, read_event
from cloudtrail_to_slack.log_objects import decode_record, read_log_object
from cloudtrail_to_slack.messages.slack_notices import (
    Notice,
    removed_object_notice,
    rule_error_notices,
    unreadable_notice,
)
from cloudtrail_to_slack.notifications import (
    Ignored,
    LogObject,
    Notification,
    RemovedObject,
    SilenceCheckDue,
    SingleEvent,
    Unrecognised,
)
from cloudtrail_to_slack.object_keys import read_key
from cloudtrail_to_slack.outcomes import Askers
from cloudtrail_to_slack.prefilter import Prefilter
from cloudtrail_to_slack.record_windows import Window
from cloudtrail_to_slack.rule_errors import RuleErrors
from cloudtrail_to_slack.rules import Outcome, Rule, RuleSet
from cloudtrail_to_slack.state import StateError
from cloudtrail_to_slack.telemetry import id_to_log, logger

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from cloudtrail_to_slack.silence import Hearing
    from cloudtrail_to_slack.silence_check import SilenceCheck

# What matched is held until all of an invocation is read, so that it is told in order; but not more than this of it, or
# a flood would fill the memory.
MAX_HELD_BYTES = 16 * 1024**2
_HELD_BYTES_EACH = 1000


@dataclass(frozen=True, slots=True)
class Failure:
    """Something left undone, and who asked for it."""

    askers: Askers
    problem: str


@dataclass(slots=True)
class Report:
    """What an invocation did. `counts` are named as the closing log line names them."""

    counts: Counter[str] = field(default_factory=Counter)
    failures: list[Failure] = field(default_factory=list)
    denied: int = 0
    denied_ignored: int = 0

    def fail(self, askers: Askers, problems: Iterable[object]) -> None:
        """Note what was left undone."""
        self.failures.extend(Failure(askers, str(problem)) for problem in problems)


@dataclass(frozen=True, slots=True)
class Judging:
    """The rules, and what tells which records are worth judging by them; made once per cold start."""

    rule_set: RuleSet
    prefilter: Prefilter

    @classmethod
    def by(cls, rule_set: RuleSet) -> "Judging":
        """Return the way of judging by these rules."""
        return cls(rule_set, Prefilter(rule_set))


class Pipeline:
    """Works off the notifications of one invocation. Used once."""

    def __init__(
        self,
        config: Config,
        judging: Judging,
        s3: Callable[[], "S3Client"],
        delivery: Delivery,
        today: date,
        silence: "tuple[Hearing, SilenceCheck] | None" = None,
    ) -> None:
        self._config = config
        self._judging = judging
        self._s3 = s3
        self._delivery = delivery
        self._today = today
        self._hearing: Hearing | None = silence[0] if silence else None
        self._silence_check: SilenceCheck | None = silence[1] if silence else None
        self._report = Report()
        self._rule_errors = RuleErrors()
        self._matched: list[tuple[HeldAlert, MakeAlert, Askers]] = []
        self._held = 0
        self._notices: list[tuple[Notice, Askers]] = []

    def run(self, notifications: Sequence[Notification]) -> Report:
        """Do everything that is asked for, whatever of it fails; `Report.failures` tells what was left undone."""
        for item, askers in _work(notifications):
            try:
                self._take(item, askers)
            except Exception as error:  # noqa: BLE001 (a fault of ours in one thing must not stop the next)
                self._report.fail(askers, [f"{_name(item)}: this function fails on it ({type(error).__name__})"])
                logger.debug("an item could not be worked off", exc_info=True)
        self._deliver_matched()
        self._delivery.finish()
        self._delivery.tell([*self._notices, *self._rule_error_notices()])
        for askers, undelivered in self._delivery.failures:
            self._report.fail(askers, [undelivered])
        if self._hearing:
            self._report.counts["rhythms_unwritten"] = self._hearing.note()
        return self._report

    def _take(self, item: object, askers: Askers) -> None:
        counts = self._report.counts
        match item:
            case LogObject():
                self._take_log_object(item, askers)
            case RemovedObject():
                counts["objects_removed"] += 1
                if self._config.s3_removed_object_notification:
                    account = read_key(item.object.key).account
                    self._notices.append((removed_object_notice(item, account), askers))
            case SingleEvent() if self._is_own(item.record):
                # Its refusal may have been told, which was refused, and so on, within seconds.
                self._ignore("a call of this function's own role, which its log object brings too")
            case SingleEvent():
                self._take_record(item.record, None, askers, lambda reason: self._report.fail(askers, [reason]))
            case SilenceCheckDue():
                self._check_silence(askers)
            case Ignored():
                self._ignore(item.reason)
            case Unrecognised():
                counts["notifications_unrecognised"] += 1
                self._report.fail(askers, [f"a payload of no known kind: {item.description}"])

    def _is_own(self, record: Mapping[str, Any]) -> bool:
        """Whether a record is of a call of this function's own role, which is named after the function."""
        found: Any = record
        for key in ("userIdentity", "sessionContext", "sessionIssuer", "userName"):
            found = found.get(key) if isinstance(found, Mapping) else None
        return found is not None and found == self._config.function_name

    def _ignore(self, reason: str) -> None:
        self._report.counts["notifications_ignored"] += 1
        logger.info("ignored", extra={"reason": reason})

    def _check_silence(self, askers: Askers) -> None:
        if self._silence_check is None:
            self._ignore("a check for silence, and there is no alarm on it")
            return
        try:
            self._silence_check.run(askers)
        except (StateError, DeliveryError) as error:
            self._report.fail(askers, [f"the check for silence: {error}"])

    def _take_log_object(self, log_object: LogObject, askers: Askers) -> None:
        counts = self._report.counts
        facts = read_key(log_object.key)
        if facts.skip_reason:
            counts["objects_skipped"] += 1
            logger.info("skipped", extra={"object": log_object.url, "reason": facts.skip_reason})
            return
        before, reasons = counts["records_in"], list[str]()
        try:
            for window in read_log_object(self._s3(), log_object, self._judging.prefilter):
                self._take_window(window, log_object, askers, reasons.append)
            counts["objects_read"] += 1
            if self._hearing:
                self._hearing.read(log_object.key)
        except LogObjectError as error:
            counts["objects_failed"] += 1
            self._unreadable(log_object, str(error), facts.account, askers)
        if reasons:
            total = counts["records_in"] - before
            reason = f"{len(reasons)} of its {total} records cannot be read, the first being {reasons[0]}"
            self._unreadable(log_object, reason, facts.account, askers)

    def _take_window(
        self, window: Window, log_object: LogObject, askers: Askers, failed: Callable[[str], None]
    ) -> None:
        """Judge the records of a window that some rule can concern; the others are counted."""
        if window.scanned is None:
            for raw in window.records():
                self._take_record(raw, log_object, askers, failed)
            return
        unconcerned = window.scanned.count(0)
        self._report.counts["records_in"] += unconcerned
        self._report.counts["unmatched"] += unconcerned
        if unconcerned == len(window.scanned):
            return
        for raw, concerned in zip(window.records(), window.scanned, strict=True):
            if concerned:
                self._take_record(raw, log_object, askers, failed, concerned)

    def _unreadable(self, log_object: LogObject, reason: str, account: str | None, askers: Askers) -> None:
        logger.error("unreadable", extra={"object": log_object.url, "reason": reason})
        self._notices.append((unreadable_notice(log_object, reason, account), askers))
        self._report.fail(askers, [f"{log_object.url}: {reason}"])

    def _take_record(
        self,
        raw: Any,  # noqa: ANN401 (JSON, decoded or not)
        origin: LogObject | None,
        askers: Askers,
        failed: Callable[[str], None],
        concerned: int | None = None,
    ) -> None:
        """Judge one record; whatever is wrong with it stays its own problem."""
        counts = self._report.counts
        counts["records_in"] += 1
        try:
            outcome = self._judge(raw, origin, askers, concerned)
            counts[outcome.value] += 1
        except RecordError as error:
            counts["failed"] += 1
            failed(str(error))
        except Exception as error:  # noqa: BLE001 (a fault of ours in one record must not hide the rest of its file)
            counts["failed"] += 1
            failed(f"a record that this function fails on ({type(error).__name__})")
            logger.debug("a record could not be judged", exc_info=True)

    def _judge(self, raw: Any, origin: LogObject | None, askers: Askers, concerned: int | None) -> Outcome:  # noqa: ANN401 (as above)
        event = _event(raw, origin)
        verdict = self._judging.rule_set.judge(event.flat, self._today, concerned)
        self._rule_errors.add(verdict.problems, event, origin)
        if event.error_code.startswith("AccessDenied"):
            self._report.denied += 1
            self._report.denied_ignored += verdict.outcome is Outcome.IGNORED
        if verdict.matched:
            kept = bytes(raw) if origin else raw
            make = partial(_alert, kept, origin, verdict.matched)
            self._matched.append((hold_alert(event, verdict.matched), make, askers))
            self._held += len(kept) + _HELD_BYTES_EACH
            if self._held > MAX_HELD_BYTES:
                self._deliver_matched()
        return verdict.outcome

    def _deliver_matched(self) -> None:
        """Deliver what matched and is held."""
        held, self._matched, self._held = self._matched, [], 0
        self._delivery.deliver(held)

    def _rule_error_notices(self) -> list[tuple[Notice, Askers]]:
        """Return what is to be told of rules that raised.

        Not to hear of such a rule is no reason to tell every alert of the invocation again, so nobody asks for it.
        """
        reports = self._rule_errors.reports
        self._report.counts["rule_errors"] = sum(report.events for report in reports)
        for report in reports:
            extra = {"rule": report.rule_name, "cause": report.cause, "events": report.events}
            logger.warning("rule error", extra={**extra, "event_id": id_to_log(report.example_event_id)})
        if not reports or not self._config.rule_evaluation_errors_to_slack:
            return []
        return [(notice, frozenset()) for notice in rule_error_notices(reports)]


def _work(notifications: Sequence[Notification]) -> list[tuple[object, Askers]]:
    """Return what there is to do, each thing once, with all who asked for it."""
    askers: dict[object, set[str | None]] = {}
    single: list[tuple[object, Askers]] = []
    for notification in notifications:
        for item in notification.items:
            if isinstance(item, LogObject | RemovedObject):
                askers.setdefault(item, set()).add(notification.message_id)
            else:
                single.append((item, frozenset({notification.message_id})))
    return [(item, frozenset(who)) for item, who in askers.items()] + single


def _event(raw: Any, origin: LogObject | None) -> Event:  # noqa: ANN401 (as above)
    """Return the event of a record, which is undecoded when it comes from a log object."""
    return read_event(decode_record(raw), object_key=origin.key) if origin else read_event(raw)


def _alert(raw: Any, origin: LogObject | None, rules: tuple[Rule, ...]) -> Alert:  # noqa: ANN401 (as above)
    return make_alert(_event(raw, origin), rules, origin, datetime.now(UTC))


def _name(item: object) -> str:
    return item.url if isinstance(item, LogObject) else type(item).__name__
