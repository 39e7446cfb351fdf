"""Evaluate log files in turns: read them from S3 in chunks, and evaluate every record that a rule may match."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from itertools import repeat
from typing import TYPE_CHECKING

from cloudtrail_to_slack.alerts.notice import Notice, unreadable_notice
from cloudtrail_to_slack.clock import interrupt_after
from cloudtrail_to_slack.errors import EvaluationTimeError, LogFileError, S3UnavailableError
from cloudtrail_to_slack.evaluation.records import TOO_MANY_ALERTS, RecordEvaluator, RecordSource
from cloudtrail_to_slack.evaluation.report import Report
from cloudtrail_to_slack.ingest.log_files import ClientWithin, open_log_file, read_stream
from cloudtrail_to_slack.ingest.object_keys import read_key
from cloudtrail_to_slack.ingest.payloads import LogFile, MessageIds
from cloudtrail_to_slack.ingest.read_ahead import FetchedBody, ReadAhead
from cloudtrail_to_slack.ingest.record_chunks import Chunk, Scan
from cloudtrail_to_slack.observability.logging import logger

if TYPE_CHECKING:
    from botocore.response import StreamingBody

    from cloudtrail_to_slack.log_sources.recorder import DeliveryRecorder

_ATTEMPTS = 3  # to get a file that S3 does not begin to send
_FIRST_WAIT_SECONDS = 0.5
_LEAST_CALL_SECONDS = 0.5
_MOST_CALL_SECONDS = 15.0  # of one request, or of one piece of its answer
UNFINISHED = (
    "the function ran out of time to read it and will retry; if that happens again, "
    "raise lambda_memory_size (more memory brings more CPU) or lambda_timeout_seconds"
)
NOT_BEGUN = "the function had no time left to read it and will retry"


@dataclass(slots=True)
class EvaluationContext:
    """What all evaluations of an invocation share. `notices` gathers the notices about log files."""

    client_within: ClientWithin
    ahead: ReadAhead
    scan: Scan
    records: RecordEvaluator
    report: Report
    now: Callable[[], float]
    recorder: "DeliveryRecorder | None" = None
    notices: list[tuple[Notice, MessageIds]] = field(default_factory=list)


@dataclass(slots=True)
class _TimedBody:
    """The body of S3's response, each piece of which must arrive within the seconds that `limit` returns."""

    body: "StreamingBody"
    limit: Callable[[], float]

    def read(self, size: int, /) -> bytes:
        """Read from the body; raises TimeoutError if it takes too long."""
        with interrupt_after(self.limit()):
            return self.body.read(size)

    def close(self) -> None:
        """Discard what was not read."""
        self.body.close()


class LogFileEvaluation:
    """The evaluation of one log file.

    `done`: nothing is left to do. `begun`: some of it was read. `spent` is how many seconds it has taken so far; before
    `not_before` (seconds since 1970) it is too early to ask S3 again.
    """

    def __init__(self, context: EvaluationContext, log_file: LogFile, message_ids: MessageIds) -> None:
        self.done = False
        self.begun = False
        self.spent = 0.0
        self.not_before = 0.0
        self.log_file = log_file
        self.message_ids = message_ids
        self._source = RecordSource(log_file, message_ids, self._note_broken)
        self._context = context
        self._steps: Iterator[None] | None = None
        self._attempts = 0
        self._call_seconds = _MOST_CALL_SECONDS
        self._unavailable: S3UnavailableError | None = None
        self._records = 0
        self._beyond = 0  # records that match and exceed the limit on alerts
        self._broken = 0  # records that cannot be read
        self._first_problem = ""

    def take_turn(self, is_over: Callable[[], bool], seconds: float) -> None:
        """Continue until it is done or the turn is over; S3 has `seconds` to begin its response."""
        start = self._context.now()
        self._call_seconds = min(max(seconds, _LEAST_CALL_SECONDS), _MOST_CALL_SECONDS)
        if self._steps is None:
            self._steps = self._run(seconds)
        try:
            for _ in self._steps:
                if is_over():
                    return
        finally:
            self.spent += self._context.now() - start

    def give_up(self) -> None:
        """Stop where it is, because no time is left."""
        self._steps = None  # this closes the connection to S3
        self.done = True
        if self._unavailable and not self.begun:
            self._fail(str(self._unavailable))
            return
        self._context.report.counts["objects_unfinished"] += 1
        facts = {"records": self._records, "seconds": round(self.spent, 1)}
        self._say("unfinished", UNFINISHED if self.begun else NOT_BEGUN, notify=self.begun, **facts)
        if self.begun:
            self._say_broken_records()

    def _run(self, seconds: float) -> Iterator[None]:
        """Evaluate the file; yields after every piece of work."""
        counts = self._context.report.counts
        facts = read_key(self.log_file.key)
        if facts.skip_reason:
            self.done = True
            counts["objects_skipped"] += 1
            logger.info("skipped", extra={"object": self.log_file.url, "reason": facts.skip_reason})
            return
        try:
            # Not the body itself: as a context manager it returns the stream below it, which raises other errors.
            with closing(self._body(seconds)) as body:
                for chunk in read_stream(body, self._context.scan):
                    self.begun = True
                    yield from self._chunk_steps(chunk)
            counts["objects_read"] += 1
            if self._context.recorder:
                self._context.recorder.observe(self.log_file.key)
        except EvaluationTimeError:
            self.give_up()
            return
        except S3UnavailableError as error:
            self._attempts += 1
            if self._attempts < _ATTEMPTS:
                self._steps, self._unavailable = None, error
                self.not_before = self._context.now() + _FIRST_WAIT_SECONDS * 2 ** (self._attempts - 1)
                logger.warning("S3 does not answer", extra={"object": self.log_file.url, "error": str(error)})
                return
            self._fail(str(error))
        except LogFileError as error:
            self._fail(str(error))
        self.done = True
        self._say_broken_records()

    def _body(self, seconds: float) -> _TimedBody | FetchedBody:
        fetched = self._context.ahead.take(self.log_file)
        if fetched:
            return fetched
        try:
            with interrupt_after(self._call_seconds):
                body, _ = open_log_file(partial(self._context.client_within, seconds), self.log_file)
        except TimeoutError:
            raise S3UnavailableError("S3 cannot be read (it takes too long)") from None
        return _TimedBody(body, lambda: self._call_seconds)

    def _chunk_steps(self, chunk: Chunk) -> Iterator[None]:
        """Evaluate the records of a chunk that a rule may match; count the others."""
        records, counts = self._context.records, self._context.report.counts
        scanned: Iterable[int | None] = repeat(None)
        if chunk.scanned is not None:
            scanned, skipped = chunk.scanned, chunk.scanned.count(0)
            counts["records_in"] += skipped
            counts["unmatched"] += skipped
            self._records += skipped
            if skipped == len(chunk.scanned) and not records.explains:
                yield
                return
        for raw, candidates in zip(chunk.records(), scanned, strict=chunk.scanned is not None):
            if candidates == 0:
                if not records.explains:
                    continue
                records.explain_skipped(raw, self._source)
            else:
                self._records += 1
                records.evaluate(raw, self._source, candidates)
            yield

    def _note_broken(self, problem: str) -> None:
        if problem == TOO_MANY_ALERTS:
            self._beyond += 1
            return
        self._first_problem = self._first_problem or problem
        self._broken += 1

    def _say_broken_records(self) -> None:
        of_its = f"of its {self._records} records"
        if self._beyond:
            self._say("unreadable", f"{self._beyond} {of_its} match and are not delivered: {TOO_MANY_ALERTS}")
        if self._broken:
            first = f"the first being {self._first_problem}"
            self._say("unreadable", f"{self._broken} {of_its} cannot be read, {first}")

    def _fail(self, reason: str) -> None:
        self._context.report.counts["objects_failed"] += 1
        self._say("unreadable", reason)

    def _say(self, what: str, reason: str, *, notify: bool = True, **facts: float) -> None:
        """Log what is wrong with the file, record a failure, and with `notify` prepare a notice."""
        file = self.log_file
        logger.error(what, extra={"object": file.url, "reason": reason, **facts})
        self._context.report.fail(self.message_ids, [f"{file.url}: {reason}"])
        if notify:
            notice = unreadable_notice(file, reason, read_key(file.key).account)
            self._context.notices.append((notice, self.message_ids))
