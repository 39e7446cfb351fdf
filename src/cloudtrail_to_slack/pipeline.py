"""From notifications to delivered alerts: the only module where all parts meet."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from cloudtrail_to_slack.alerts.notice import Notice, removed_object_notice
from cloudtrail_to_slack.alerts.own_role import OwnCalls, OwnRoles, is_own_work
from cloudtrail_to_slack.clock import Clock
from cloudtrail_to_slack.config.loader import Config
from cloudtrail_to_slack.delivery.dispatcher import Delivery
from cloudtrail_to_slack.errors import DeliveryError, EvaluationTimeError
from cloudtrail_to_slack.evaluation.file_evaluation import NOT_BEGUN, EvaluationContext, LogFileEvaluation
from cloudtrail_to_slack.evaluation.prefilter import Prefilter
from cloudtrail_to_slack.evaluation.records import AccountNames, PendingAlerts, RecordEvaluator, RecordSource
from cloudtrail_to_slack.evaluation.report import Report
from cloudtrail_to_slack.evaluation.turns import Turns
from cloudtrail_to_slack.ingest.log_files import ClientWithin
from cloudtrail_to_slack.ingest.object_keys import read_key
from cloudtrail_to_slack.ingest.payloads import (
    Ignored,
    Item,
    LogFile,
    MessageIds,
    MissingDataCheckDue,
    Notification,
    OtherItem,
    RemovedObject,
    SingleEvent,
    Unrecognized,
    merge_message_ids,
    work_items,
)
from cloudtrail_to_slack.ingest.read_ahead import ReadAhead
from cloudtrail_to_slack.observability.logging import log_unexpected, logger
from cloudtrail_to_slack.rules.evaluation_errors import RuleErrorReport
from cloudtrail_to_slack.rules.expressions.time_limit import limited
from cloudtrail_to_slack.state.table import StateError

if TYPE_CHECKING:
    from cloudtrail_to_slack.log_sources.check import LogSourceCheck
    from cloudtrail_to_slack.log_sources.recorder import DeliveryRecorder
    from cloudtrail_to_slack.rules.thresholds import ThresholdCounter

_OtherWork = tuple[OtherItem, MessageIds]  # anything but a log file, and the messages that named it
# Sends the function's notices about itself.
SendSelfReports = Callable[[Sequence[RuleErrorReport], OwnCalls], None]
_TOO_LONG = "evaluating the rules on it takes longer than the remaining time"


class Pipeline:
    """Processes the notifications of one invocation. Used once."""

    def __init__(  # noqa: PLR0913 (all the parts meet here)
        self,
        config: Config,
        prefilter: Prefilter,
        s3_within: ClientWithin,
        delivery: Delivery,
        clock: Clock,
        *,
        own_roles: OwnRoles,
        send_self_reports: SendSelfReports,
        thresholds: "ThresholdCounter | None" = None,
        account_names: AccountNames | None = None,
        log_sources: "tuple[DeliveryRecorder, LogSourceCheck] | None" = None,
    ) -> None:
        self._config = config
        self._send_self_reports = send_self_reports
        self._own_roles = own_roles
        self._delivery = delivery
        self._clock = clock
        self._recorder: DeliveryRecorder | None = log_sources[0] if log_sources else None
        self._check: LogSourceCheck | None = log_sources[1] if log_sources else None
        self._report = Report()
        pending = PendingAlerts()
        self._turns = Turns(clock, pending, self._deliver_pending, self._fail_file)
        self._records = RecordEvaluator(
            prefilter,
            own_roles,
            clock.now,
            self._report,
            pending,
            self._turns.left,
            thresholds=thresholds,
            account_names=config.account_names if account_names is None else account_names,
        )
        self._ahead = ReadAhead(s3_within, clock)
        self._context = EvaluationContext(
            s3_within, self._ahead, prefilter, self._records, self._report, clock.now, self._recorder
        )
        self._notices: list[tuple[Notice, MessageIds]] = []

    def run(self, notifications: Sequence[Notification]) -> Report:
        """Process all notifications, even if some of them fail; `Report.failures` lists what failed."""
        return limited(self._run, notifications)  # one timer for all rules and records

    def _run(self, notifications: Sequence[Notification]) -> Report:
        self._report.counts["rules_unusable"] = len(self._config.rule_issues)
        work = work_items(notifications)
        files = [LogFileEvaluation(self._context, item, ids) for item, ids in work if isinstance(item, LogFile)]
        others = [(item, ids) for item, ids in work if not isinstance(item, (LogFile, MissingDataCheckDue))]
        postponed = self._process_others(others, len(files))
        self._evaluate_files(files)
        self._process_others(postponed, 0, is_last_attempt=True)
        self._deliver_pending()
        self._delivery.finish()
        self._delivery.notify([*self._notices, *self._context.notices])
        self._report_on_self()
        for item, message_ids in work:
            if isinstance(item, MissingDataCheckDue):  # it can wait until all alerts are delivered
                self._process_or_fail(item, message_ids)
        self._delivery.close()
        for message_ids, undelivered in self._delivery.failures:
            self._report.fail(message_ids, [undelivered])
        if self._recorder:
            self._report.counts["log_sources_unrecorded"] = self._recorder.save()
        self._ahead.wait(self._clock.spare())
        return self._report

    def _evaluate_files(self, files: Sequence[LogFileEvaluation]) -> None:
        """Evaluate log files while there is time, and fetch the next ones meanwhile."""
        if self._turns.left() > 0:
            self._ahead.begin([file.log_file for file in files])
        try:
            self._turns.evaluate(files)
        finally:
            self._ahead.stop()

    def _process_others(
        self, work: Sequence[_OtherWork], waiting_files: int, *, is_last_attempt: bool = False
    ) -> list[_OtherWork]:
        """Process items, each within an equal share of the time, as are the files; return those that take longer."""
        postponed: list[_OtherWork] = []
        for position, (item, message_ids) in enumerate(work):
            self._turns.share(len(work) - position + waiting_files)
            if self._turns.left() <= 0:
                self._fail(item, message_ids, _TOO_LONG if is_last_attempt else NOT_BEGUN)
                continue
            try:
                self._process_or_fail(item, message_ids)
            except EvaluationTimeError as error:
                if is_last_attempt:
                    self._fail(item, message_ids, str(error))
                    continue
                postponed.append((item, message_ids))
                self._report.counts.subtract(("records_in", "failed"))  # it is not counted yet
        self._turns.share(1)
        return postponed

    def _process_or_fail(self, item: OtherItem, message_ids: MessageIds) -> None:
        """Process an item; record any error as a failure, except an EvaluationTimeError, which is raised."""
        try:
            self._process(item, message_ids)
        except EvaluationTimeError:
            raise
        except Exception as error:  # noqa: BLE001 (whatever went wrong, its text might quote the secret)
            self._fail(item, message_ids, error)

    def _fail_file(self, file: LogFileEvaluation, error: Exception) -> None:
        self._fail(file.log_file, file.message_ids, error)

    def _fail(self, item: Item, message_ids: MessageIds, problem: str | Exception) -> None:
        about = item.object if isinstance(item, RemovedObject) else item
        name = about.url if isinstance(about, LogFile) else type(item).__name__
        if isinstance(problem, Exception):
            log_unexpected("processing a notification", problem)
            problem = f"this function fails on it ({type(problem).__name__})"
        self._report.fail(message_ids, [f"{name}: {problem}"])

    def _process(self, item: OtherItem, message_ids: MessageIds) -> None:
        counts = self._report.counts
        match item:
            case RemovedObject() as removed:
                counts["objects_removed"] += 1
                if self._config.s3_removed_object_notification:
                    notice = removed_object_notice(removed, read_key(removed.object.key).account)
                    self._notices.append((notice, message_ids))
            # Reacting to such a call causes more of them, which EventBridge would deliver within seconds.
            case SingleEvent(record) if is_own_work(record) and self._own_roles.made(record):
                self._ignore("a call that this function made to do its work; the log file contains it too")
            case SingleEvent(record):
                source = RecordSource(None, message_ids, lambda reason: self._report.fail(message_ids, [reason]))
                self._records.evaluate(record, source)
            case MissingDataCheckDue() if self._check:
                try:
                    self._check.run(message_ids)
                except (StateError, DeliveryError) as error:
                    self._report.fail(message_ids, [f"the check for missing log data: {error}"])
            case MissingDataCheckDue():
                self._ignore("a check for missing log data, which is switched off")
            case Ignored(reason):
                self._ignore(reason)
            case Unrecognized(description):
                counts["notifications_unrecognized"] += 1
                self._report.fail(message_ids, [f"a payload of no known kind: {description}"])

    def _ignore(self, reason: str) -> None:
        self._report.counts["notifications_ignored"] += 1
        logger.info("ignored", extra={"reason": reason})

    def _deliver_pending(self) -> None:
        """Deliver the alerts that are pending."""
        for alerts in self._records.pending.take():
            self._delivery.deliver(alerts)

    def _report_on_self(self) -> None:
        """Send the function's notices about itself, and log each rule that raised an error."""
        reports = self._records.rule_errors.reports
        self._report.counts["rule_errors"] = sum(report.events for report in reports)
        for report in reports:
            extra = {"rule": report.rule_name, "cause": report.cause, "events": report.events}
            logger.warning("rule error", extra={**extra, "event_ids": list(report.event_ids)})
        try:
            self._send_self_reports(reports, self._records.own_calls)
        except Exception as error:  # noqa: BLE001 (whatever went wrong, all alerts are delivered)
            own_calls = [each for kinds in self._records.own_calls.by_account.values() for each in kinds.values()]
            message_ids = merge_message_ids([*reports, *own_calls])
            self._report.fail(message_ids, [f"notices about this function itself: {type(error).__name__}"])
            log_unexpected("reporting on the function itself", error)
