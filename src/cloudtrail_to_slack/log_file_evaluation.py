"""Evaluating a whole log file: read it from S3 in windows, and every record in them that some rule may match."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from cloudtrail_to_slack.errors import LogObjectError
from cloudtrail_to_slack.log_objects import read_log_object
from cloudtrail_to_slack.messages.slack_notices import Notice, unreadable_notice
from cloudtrail_to_slack.notifications import LogObject
from cloudtrail_to_slack.object_keys import read_key
from cloudtrail_to_slack.outcomes import Askers
from cloudtrail_to_slack.record_evaluation import RecordEvaluator
from cloudtrail_to_slack.record_windows import Scan, Window
from cloudtrail_to_slack.report import Report
from cloudtrail_to_slack.telemetry import logger

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from cloudtrail_to_slack.silence import Hearing


class LogFileEvaluator:
    """Evaluates the log files of one invocation. `notices` gathers what is to be said about them."""

    def __init__(
        self,
        s3: "Callable[[], S3Client]",
        scan: Scan,
        records: RecordEvaluator,
        report: Report,
        hearing: "Hearing | None",
    ) -> None:
        self.notices: list[tuple[Notice, Askers]] = []
        self._s3 = s3
        self._scan = scan
        self._records = records
        self._report = report
        self._hearing = hearing

    def steps(self, log_object: LogObject, askers: Askers) -> Iterator[None]:
        """Evaluate a log file; yields after every piece of work, so that the caller can look at the time."""
        counts = self._report.counts
        facts = read_key(log_object.key)
        if facts.skip_reason:
            counts["objects_skipped"] += 1
            logger.info("skipped", extra={"object": log_object.url, "reason": facts.skip_reason})
            return
        records, reasons = 0, list[str]()
        try:
            for window in read_log_object(self._s3(), log_object, self._scan):
                before = counts["records_in"]
                yield from self._window_steps(window, log_object, askers, reasons.append)
                records += counts["records_in"] - before
            counts["objects_read"] += 1
            if self._hearing:
                self._hearing.read(log_object.key)
        except LogObjectError as error:
            counts["objects_failed"] += 1
            self._unreadable(log_object, str(error), facts.account, askers)
        if reasons:
            reason = f"{len(reasons)} of its {records} records cannot be read, the first being {reasons[0]}"
            self._unreadable(log_object, reason, facts.account, askers)

    def _window_steps(
        self, window: Window, log_object: LogObject, askers: Askers, failed: Callable[[str], None]
    ) -> Iterator[None]:
        """Evaluate the records of a window that some rule may match; the others are counted."""
        if window.scanned is None:
            for raw in window.records():
                self._records.evaluate(raw, log_object, askers, failed)
                yield
            return
        skipped = window.scanned.count(0)
        self._report.counts["records_in"] += skipped
        self._report.counts["unmatched"] += skipped
        if skipped == len(window.scanned):
            yield
            return
        for raw, candidates in zip(window.records(), window.scanned, strict=True):
            if candidates:
                self._records.evaluate(raw, log_object, askers, failed, candidates)
                yield

    def _unreadable(self, log_object: LogObject, reason: str, account: str | None, askers: Askers) -> None:
        logger.error("unreadable", extra={"object": log_object.url, "reason": reason})
        self.notices.append((unreadable_notice(log_object, reason, account), askers))
        self._report.fail(askers, [f"{log_object.url}: {reason}"])
