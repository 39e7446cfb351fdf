"""Evaluating log files: read each from S3 in chunks, and every record in them that some rule may match.

Each file is evaluated in turns, so that one that takes long leaves time for the others; see `turns`.
"""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from cloudtrail_to_slack.alerts.notice import Notice, unreadable_notice
from cloudtrail_to_slack.call_timer import interrupt_after
from cloudtrail_to_slack.errors import EvaluationTimeError, LogFileError, S3UnavailableError
from cloudtrail_to_slack.evaluation.records import TOO_MANY_ALERTS, RecordEvaluator
from cloudtrail_to_slack.evaluation.report import Report
from cloudtrail_to_slack.ingest.log_file_source import ClientWithin, LogFileSource
from cloudtrail_to_slack.ingest.log_files import open_log_file, read_stream
from cloudtrail_to_slack.ingest.object_keys import read_key
from cloudtrail_to_slack.ingest.payloads import LogFile, MessageIds
from cloudtrail_to_slack.ingest.read_ahead import FetchedBody, ReadAhead
from cloudtrail_to_slack.ingest.record_chunks import Chunk, Scan
from cloudtrail_to_slack.observability.logging import logger

if TYPE_CHECKING:
    from botocore.response import StreamingBody
    from mypy_boto3_s3 import S3Client

    from cloudtrail_to_slack.log_sources.recorder import DeliveryRecorder

_ATTEMPTS = 3  # at getting a file that S3 does not begin to send
_FIRST_WAIT_SECONDS = 0.5
_LEAST_CALL_SECONDS = 0.5
_MOST_CALL_SECONDS = 15.0  # of one request, or of one piece of its answer
UNFINISHED = (
    "the function had no time to read it to its end, and tries again; if that happens again, "
    "raise lambda_memory_size (more memory brings more CPU) or lambda_timeout_seconds"
)
NOT_BEGUN = "the function had no time left to read it, and tries again"


@dataclass(slots=True)
class LogFiles:
    """What the evaluations of all log files of an invocation share. `notices` gathers what is to be said of them."""

    client_within: ClientWithin
    ahead: ReadAhead
    scan: Scan
    records: RecordEvaluator
    report: Report
    now: Callable[[], float]
    hearing: "DeliveryRecorder | None" = None
    notices: list[tuple[Notice, MessageIds]] = field(default_factory=list)


@dataclass(slots=True)
class _TimedBody:
    """A body each of whose pieces must come within the seconds that `limit` returns."""

    body: "StreamingBody | FetchedBody"
    limit: Callable[[], float]

    def read(self, size: int, /) -> bytes:
        """Read from the body; raises TimeoutError where that takes too long."""
        with interrupt_after(self.limit()):
            return self.body.read(size)


class LogFileEvaluation:
    """The evaluation of one log file.

    `done`: there is nothing left to do. `begun`: something of it was read. `spent` is how many seconds it has taken so
    far; before `not_before` (seconds since 1970) it is too early to ask S3 again.
    """

    def __init__(self, shared: LogFiles, log_file: LogFile, message_ids: MessageIds) -> None:
        self.done = False
        self.begun = False
        self.spent = 0.0
        self.not_before = 0.0
        self.log_file = log_file
        self.message_ids = message_ids
        self._shared = shared
        self._steps: Iterator[None] | None = None
        self._attempts = 0
        self._call_seconds = _MOST_CALL_SECONDS
        self._unavailable: S3UnavailableError | None = None
        self._records = 0
        self._beyond = 0  # records that match and are too many
        self._broken = 0  # records that cannot be read
        self._first_problem = ""

    def take_turn(self, is_over: Callable[[], bool], seconds: float) -> None:
        """Go on until it is done or the turn is over; S3 has `seconds` to begin its answer."""
        start = self._shared.now()
        self._call_seconds = min(max(seconds, _LEAST_CALL_SECONDS), _MOST_CALL_SECONDS)
        if self._steps is None:
            self._steps = self._run(seconds)
        try:
            for _ in self._steps:
                if is_over():
                    return
        finally:
            self.spent += self._shared.now() - start

    def give_up(self) -> None:
        """End it where it is, because there is no time left."""
        self._steps = None  # and with it the connection to S3
        self.done = True
        if self._unavailable and not self.begun:
            self._fail(str(self._unavailable))
            return
        self._shared.report.counts["objects_unfinished"] += 1
        reason = UNFINISHED if self.begun else NOT_BEGUN
        extra = {"object": self.log_file.url, "reason": reason, "records": self._records, "seconds": self.spent}
        logger.error("unfinished", extra={**extra, "seconds": round(self.spent, 1)})
        self._shared.report.fail(self.message_ids, [f"{self.log_file.url}: {reason}"])
        if self.begun:
            self._notice(reason)
            self._say_broken_records()

    def _run(self, seconds: float) -> Iterator[None]:
        """Evaluate the file; yields after every piece of work."""
        counts = self._shared.report.counts
        facts = read_key(self.log_file.key)
        if facts.skip_reason:
            self.done = True
            counts["objects_skipped"] += 1
            logger.info("skipped", extra={"object": self.log_file.url, "reason": facts.skip_reason})
            return
        try:
            # Not the body itself: as a context manager it is the stream below it, which raises other errors.
            with closing(self._body(seconds)) as body:
                for chunk in read_stream(_TimedBody(body, lambda: self._call_seconds), self._shared.scan):
                    self.begun = True
                    yield from self._chunk_steps(chunk)
            counts["objects_read"] += 1
            if self._shared.hearing:
                self._shared.hearing.observe(self.log_file.key)
        except EvaluationTimeError:
            self.give_up()
            return
        except S3UnavailableError as error:
            if self._tries_again(error):
                return
            self._fail(str(error))
        except LogFileError as error:
            self._fail(str(error))
        self.done = True
        self._say_broken_records()

    def _body(self, seconds: float) -> "StreamingBody | FetchedBody":
        fetched = self._shared.ahead.take(self.log_file)
        if fetched:
            return fetched
        source = cast("S3Client", LogFileSource(self._shared.client_within, seconds))
        with interrupt_after(self._call_seconds):
            return open_log_file(source, self.log_file)[0]

    def _tries_again(self, error: S3UnavailableError) -> bool:
        self._attempts += 1
        if self._attempts >= _ATTEMPTS:
            return False
        self._steps = None
        self._unavailable = error
        self.not_before = self._shared.now() + _FIRST_WAIT_SECONDS * 2 ** (self._attempts - 1)
        logger.warning("S3 does not answer", extra={"object": self.log_file.url, "error": str(error)})
        return True

    def _chunk_steps(self, chunk: Chunk) -> Iterator[None]:
        """Evaluate the records of a chunk that some rule may match; the others are counted."""
        evaluate = self._shared.records.evaluate
        if chunk.scanned is None:
            for raw in chunk.records():
                self._records += 1
                evaluate(raw, self.log_file, self.message_ids, self._note_broken)
                yield
            return
        skipped = chunk.scanned.count(0)
        counts = self._shared.report.counts
        counts["records_in"] += skipped
        counts["unmatched"] += skipped
        self._records += skipped
        explains = self._shared.records.explains
        if skipped == len(chunk.scanned) and not explains:
            yield
            return
        for raw, candidates in zip(chunk.records(), chunk.scanned, strict=True):
            if explains and not candidates:
                self._shared.records.explain_skipped(raw, self.log_file)
                yield
            if candidates:
                self._records += 1
                evaluate(raw, self.log_file, self.message_ids, self._note_broken, candidates)
                yield

    def _note_broken(self, problem: str) -> None:
        if problem == TOO_MANY_ALERTS:
            self._beyond += 1
            return
        self._first_problem = self._first_problem or problem
        self._broken += 1

    def _say_broken_records(self) -> None:
        if self._beyond:
            what = f"{self._beyond} of its {self._records} records match and are not delivered"
            self._unreadable(f"{what}: {TOO_MANY_ALERTS}")
        if self._broken:
            what = f"{self._broken} of its {self._records} records cannot be read"
            self._unreadable(f"{what}, the first being {self._first_problem}")

    def _fail(self, reason: str) -> None:
        self._shared.report.counts["objects_failed"] += 1
        self._unreadable(reason)

    def _unreadable(self, reason: str) -> None:
        logger.error("unreadable", extra={"object": self.log_file.url, "reason": reason})
        self._shared.report.fail(self.message_ids, [f"{self.log_file.url}: {reason}"])
        self._notice(reason)

    def _notice(self, reason: str) -> None:
        account = read_key(self.log_file.key).account
        self._shared.notices.append((unreadable_notice(self.log_file, reason, account), self.message_ids))
