"""From notifications to delivered alerts: the only place where all the parts meet."""

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
    RemovedObject,
    Single,
    SingleEvent,
    Unrecognised,
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

_Single = tuple[Single, MessageIds]  # something to do that is no log file, and the messages that asked for it
# Sends what the function reports about itself.
SendSelfReports = Callable[[Sequence[RuleErrorReport], OwnCalls], None]
_TOO_LONG = "the rules take longer on it than there is time"


class Pipeline:
    """Works off the notifications of one invocation. Used once."""

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
        self._turns = Turns(clock, pending, self._deliver_pending, self._failed_on_file)
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
        """Do everything that is asked for, whatever of it fails; `Report.failures` says what was not done."""
        return limited(self._run, notifications)  # one timer for all rules and records

    def _run(self, notifications: Sequence[Notification]) -> Report:
        self._report.counts["rules_unusable"] = len(self._config.rule_issues)
        work = work_items(notifications)
        files = [LogFileEvaluation(self._context, item, ids) for item, ids in work if isinstance(item, LogFile)]
        singles = [(item, ids) for item, ids in work if not isinstance(item, (LogFile, MissingDataCheckDue))]
        late = self._take_singles(singles, len(files))
        self._evaluate_files(files)
        self._take_singles(late, 0, is_last_time=True)
        self._deliver_pending()
        self._delivery.finish()
        self._delivery.notify([*self._notices, *self._context.notices])
        self._report_on_self()
        for item, message_ids in work:
            if isinstance(item, MissingDataCheckDue):  # for which there is time when all alerts are delivered
                self._take_single(item, message_ids)
        self._delivery.close()
        for message_ids, undelivered in self._delivery.failures:
            self._report.fail(message_ids, [undelivered])
        if self._recorder:
            self._report.counts["log_sources_unrecorded"] = self._recorder.save()
        self._ahead.wait(self._clock.spare())
        return self._report

    def _evaluate_files(self, files: Sequence[LogFileEvaluation]) -> None:
        """Evaluate log files as far as there is time, and meanwhile fetch those whose turn comes."""
        if self._turns.left() > 0:
            self._ahead.begin([file.log_file for file in files])
        try:
            self._turns.evaluate(files)
        finally:
            self._ahead.stop()

    def _take_singles(self, singles: Sequence[_Single], others: int, *, is_last_time: bool = False) -> list[_Single]:
        """Do small things, each in its share of the time, of which `others` get one too; return what takes longer."""
        late: list[_Single] = []
        for position, (item, message_ids) in enumerate(singles):
            self._turns.share(len(singles) - position + others)
            if self._turns.left() <= 0:
                self._failed_on(item, message_ids, _TOO_LONG if is_last_time else NOT_BEGUN)
                continue
            try:
                self._take_single(item, message_ids)
            except EvaluationTimeError as error:
                if is_last_time:
                    self._failed_on(item, message_ids, str(error))
                    continue
                late.append((item, message_ids))
                self._report.counts.subtract(("records_in", "failed"))  # it is not counted yet
        self._turns.share(1)
        return late

    def _take_single(self, item: Single, message_ids: MessageIds) -> None:
        """Do a small thing, whatever goes wrong with it but an EvaluationTimeError."""
        try:
            self._take(item, message_ids)
        except EvaluationTimeError:
            raise
        except Exception as error:  # noqa: BLE001 (whatever went wrong, its text might quote the secret)
            self._failed_on(item, message_ids, error)

    def _failed_on_file(self, file: LogFileEvaluation, error: Exception) -> None:
        self._failed_on(file.log_file, file.message_ids, error)

    def _failed_on(self, item: Item, message_ids: MessageIds, problem: str | Exception) -> None:
        about = item.object if isinstance(item, RemovedObject) else item
        name = about.url if isinstance(about, LogFile) else type(item).__name__
        if isinstance(problem, Exception):
            log_unexpected("working off a notification", problem)
            problem = f"this function fails on it ({type(problem).__name__})"
        self._report.fail(message_ids, [f"{name}: {problem}"])

    def _take(self, item: Single, message_ids: MessageIds) -> None:
        counts = self._report.counts
        match item:
            case RemovedObject() as removed:
                counts["objects_removed"] += 1
                if self._config.s3_removed_object_notification:
                    notice = removed_object_notice(removed, read_key(removed.object.key).account)
                    self._notices.append((notice, message_ids))
            # Whatever is done about such a call makes more of them, which EventBridge would bring within seconds.
            case SingleEvent(record) if is_own_work(record) and self._own_roles.made(record):
                self._ignore("a call that this function made as its work, which its log file brings too")
            case SingleEvent(record):
                source = RecordSource(None, message_ids, lambda reason: self._report.fail(message_ids, [reason]))
                self._records.evaluate(record, source)
            case MissingDataCheckDue() if self._check:
                try:
                    self._check.run(message_ids)
                except (StateError, DeliveryError) as error:
                    self._report.fail(message_ids, [f"the check of log sources: {error}"])
            case MissingDataCheckDue():
                self._ignore("a check of log sources, and their monitoring is off")
            case Ignored(reason):
                self._ignore(reason)
            case Unrecognised(description):
                counts["notifications_unrecognised"] += 1
                self._report.fail(message_ids, [f"a payload of no known kind: {description}"])

    def _ignore(self, reason: str) -> None:
        self._report.counts["notifications_ignored"] += 1
        logger.info("ignored", extra={"reason": reason})

    def _deliver_pending(self) -> None:
        """Deliver what matched so far."""
        for alerts in self._records.pending.take():
            self._delivery.deliver(alerts)

    def _report_on_self(self) -> None:
        """Send what the function reports about itself, and log each rule that raised."""
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
