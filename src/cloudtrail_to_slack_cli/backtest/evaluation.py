"""Evaluate the records of a log file with the function's own prefilter and engine."""

import json
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields
from datetime import date
from pathlib import Path
from typing import Any, cast

import msgspec

from cloudtrail_to_slack.alerts.own_role import OwnCalls, OwnRoles
from cloudtrail_to_slack.config.loader import Config
from cloudtrail_to_slack.errors import LogFileError, RecordError
from cloudtrail_to_slack.evaluation.prefilter import Prefilter
from cloudtrail_to_slack.events.event import Event, read_event
from cloudtrail_to_slack.ingest.log_files import decode_record
from cloudtrail_to_slack.rules import EventOutcome, Rule, RuleProblem, RuleSet
from cloudtrail_to_slack.rules.evaluation_errors import RuleErrors
from cloudtrail_to_slack_cli.backtest.log_file import LogFile
from cloudtrail_to_slack_cli.backtest.opening import Opener
from cloudtrail_to_slack_cli.backtest.prediction.arrival import delivery_time, window
from cloudtrail_to_slack_cli.backtest.prediction.rows import SAMPLES, FileRow, Place, RuleError, alert_row, write_row
from cloudtrail_to_slack_cli.backtest.reading import Batch, read_batches
from cloudtrail_to_slack_cli.backtest.thresholds import CountedMatch, counted_match
from cloudtrail_to_slack_cli.backtest.totals import Totals, alert_facts

_MOST_LOG_FILES = 200  # of which the errors are in memory
_KEPT_IN_MEMORY = 4 * 1024 * 1024
_BYTES_OF_A_VALUE = 50  # of a record that came decoded; roughly


class MatchedLines:
    """Matched events as JSON, one a line: in memory, and in a file in `folder` if there are many.

    `size` is how many bytes are in memory.
    """

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._pieces: list[bytes] = []
        self.size = 0
        self._file: str | None = None
        self._is_kept = False

    def add(self, line: bytes) -> None:
        """Add a line."""
        self._pieces.append(line)
        self.size += len(line)
        if self.size > _KEPT_IN_MEMORY:
            self._spill()

    def take(self) -> Iterator[bytes]:
        """Yield all lines, in pieces, and let go of them."""
        if self._file is not None:
            with Path(self._file).open("rb") as file:
                while piece := file.read(1024 * 1024):
                    yield piece
            if not self._is_kept:
                Path(self._file).unlink()
        yield b"".join(self._pieces)
        self._pieces = []

    def load(self) -> None:
        """Read all lines into memory, so that another machine can have them."""
        self._pieces = list(self.take())
        self.size, self._file = sum(map(len, self._pieces)), None

    def append(self, other: "MatchedLines") -> None:
        """Add the lines of another part, which are in memory."""
        self._pieces += other._pieces  # noqa: SLF001 (of its own class)
        self.size += other.size

    def keep(self, path: str) -> None:
        """Write all lines to a file, which stays."""
        if self._pieces:
            self._spill()
        if self._file is not None:
            shutil.move(self._file, path)
            self._file, self._is_kept = path, True

    def moved_to(self, folder: str) -> bool:
        """Look for the file of kept lines in `folder`, and return whether it is there, if there is to be one."""
        if self._file is None:
            return True
        self._file = os.path.join(folder, os.path.basename(self._file))  # noqa: PTH118, PTH119 (it is a string)
        return Path(self._file).is_file()

    def _spill(self) -> None:
        if self._file is None:
            descriptor, self._file = tempfile.mkstemp(dir=self._folder)
            os.close(descriptor)
        with Path(self._file).open("ab") as file:
            file.writelines(self._pieces)
        self._pieces, self.size = [], 0


@dataclass(slots=True)
class Part:
    """What the rules decide about the records of some files. `problems` are files, or the rest of them, not read.

    `lines` are the matched events, `alerts` those that alert, as `prediction` needs them. `failures` are files with
    records that cannot be evaluated, each with what is wrong with the first. `counted` are events of which only the
    whole history says whether they alert. `is_resumed`: it was evaluated by an earlier run.
    """

    files: Sequence[LogFile]
    lines: MatchedLines
    alerts: MatchedLines
    totals: Totals = field(default_factory=Totals)
    problems: list[tuple[str, str]] = field(default_factory=list)
    failures: dict[str, str] = field(default_factory=dict)
    counted: list[CountedMatch] = field(default_factory=list)
    is_resumed: bool = False
    _in_file: Counter[str] = field(default_factory=Counter)  # alerts of the present file, by rule
    _position: int = 0
    _errors: dict[tuple[float, str], RuleErrors] = field(default_factory=dict)  # of the present file, by log file
    _rows: int = 0  # of what is not an alert

    def add(self, other: "Part") -> None:
        """Add what was found in the files that follow; the lines of both are in memory."""
        self.files = [*self.files, *other.files]
        self.lines.append(other.lines)
        self.alerts.append(other.alerts)
        self.totals.add(other.totals)
        self.problems += other.problems
        self.failures |= other.failures
        self.counted += other.counted

    def add_errors(self, problems: Sequence[RuleProblem], event: Event, path: str) -> None:
        """Keep what rules raised on an event, for the notices about it."""
        if len(self._errors) > _MOST_LOG_FILES:
            self._write_errors(path)
        self._errors.setdefault(_log_file(event, path), RuleErrors()).add(problems, event, None, frozenset())

    def end_file(self, path: str, unreadable: Sequence[str]) -> None:
        """End a file: keep what notices need of it. Of a log file that is all, for each one is an invocation."""
        delivered = delivery_time(path)
        if delivered is not None:
            self._errors.setdefault((delivered, path), RuleErrors())
        self._write_errors(path, unreadable)
        self._in_file.clear()
        self._position = self._rows = 0

    def _write_errors(self, path: str, unreadable: Sequence[str] = ()) -> None:
        for (time, file), found in self._errors.items():
            self._rows += 1
            errors = tuple(msgspec.convert(each, RuleError, from_attributes=True) for each in found.reports)
            reasons = tuple(unreadable) if file == path else ()
            self.alerts.add(write_row(FileRow(Place(time, file, path, -self._rows), errors, reasons)))
        self._errors.clear()

    def add_alert(
        self, event: Event, rules: tuple[Rule, ...], path: str, size: int, *, keep_record: bool, is_own: bool
    ) -> None:
        """Keep an alert for the prediction; with `keep_record` also its record, where it is one of a rule's first."""
        self._position += 1
        self._in_file.update(rule.name for rule in rules)
        is_early = any(self._in_file[rule.name] <= SAMPLES for rule in rules)
        place = Place(*_log_file(event, path), path, self._position)
        row = alert_row(event, rules, place, size, keep_record=keep_record and is_early, is_own=is_own)
        self.alerts.add(write_row(row))


@dataclass(frozen=True, slots=True)
class Keeps:
    """What is kept beside the counts; in `folder` if there is much of it.

    `lines`: matched events as JSON. `alerts`: what a prediction needs; with `records` of some alerts of each rule also
    the record.
    """

    folder: str
    lines: bool = False
    alerts: bool = False
    records: bool = False


@dataclass
class Evaluator:
    """The rules, compiled once in each process."""

    config: Config
    today: date
    keeps: Keeps
    opener: Opener = field(default_factory=Opener)
    rule_set: RuleSet = field(init=False)
    prefilter: Prefilter = field(init=False)
    own_roles: OwnRoles = field(init=False)

    def __post_init__(self) -> None:
        self.own_roles = OwnRoles(self.config.own_role_arns)
        self.rule_set = RuleSet(self.config.rules, self.config.ignore_rules)
        self.prefilter = Prefilter(self.rule_set)

    def evaluate(self, files: Sequence[LogFile]) -> Part:
        """Evaluate some files, each as far as it can be read."""
        part = Part(files, MatchedLines(self.keeps.folder), MatchedLines(self.keeps.folder))
        for content in self.opener.open(files):
            part.totals.counts["files"] += 1
            unreadable: list[str] = []
            try:
                for batch in read_batches(content, self.prefilter):
                    self._batch(batch, content.name, part)
            except LogFileError as error:
                part.problems.append((content.name, str(error)))
                unreadable = [str(error)]
            if self.keeps.alerts:
                if failed := part.failures.get(content.name):
                    unreadable.insert(0, f"records cannot be read, the first being {failed}")
                part.end_file(content.name, unreadable)
        return part

    def __reduce__(self) -> tuple[type["Evaluator"], tuple[object, ...]]:  # another process compiles the rules itself
        return type(self), tuple(getattr(self, each.name) for each in fields(self) if each.init)

    def _batch(self, batch: Batch, path: str, part: Part) -> None:
        counts = part.totals.counts
        counts["failed"] += batch.failed
        counts["records"] += batch.failed + len(batch.records)
        if batch.failed:
            part.failures.setdefault(path, batch.failure)
        if batch.masks is None:
            for raw in batch.records:
                self._record(raw, None, path, part)
            return
        skipped = batch.masks.count(0)
        counts["unmatched"] += skipped
        if skipped < len(batch.masks):
            for raw, mask in zip(batch.records, batch.masks, strict=True):
                if mask and self.prefilter.possible(mask, bytes(cast("bytes", raw))):
                    self._record(raw, mask, path, part)
                elif mask:
                    counts["unmatched"] += 1

    def _record(self, raw: Any, mask: int | None, path: str, part: Part) -> None:  # noqa: ANN401 (JSON, decoded or not)
        totals = part.totals
        try:
            record = decode_record(raw) if isinstance(raw, bytes | msgspec.Raw) else raw
            event = read_event(record, object_key=path)
        except RecordError as error:
            totals.counts["failed"] += 1
            part.failures.setdefault(path, str(error))
            return
        evaluation = self.rule_set.evaluate(event.flat, self.today, mask)
        for problem in evaluation.problems:
            totals.errors[problem.rule.name, problem.cause] += 1
        if evaluation.problems and self.keeps.alerts:
            part.add_errors(evaluation.problems, event, path)
        rules = evaluation.matched or evaluation.silenced
        if not rules:
            totals.counts["unmatched"] += 1
            return
        names = tuple(rule.name for rule in rules)
        ignored_by = evaluation.ignored_by.name if evaluation.ignored_by else None
        if evaluation.outcome is EventOutcome.MATCHED:
            is_own = self.own_roles.made(event.record)
            if self.keeps.alerts:
                size = len(bytes(raw)) if isinstance(raw, bytes | msgspec.Raw) else _BYTES_OF_A_VALUE * len(event.flat)
                part.add_alert(event, rules, path, size, keep_record=self.keeps.records, is_own=is_own)
            if not is_own and any(rule.threshold for rule in rules):
                line = _values(event, (), None, path) if self.keeps.lines else {}
                part.counted.append(counted_match(rules, event, line))
                return
        self._count(event, rules, ignored_by, totals)
        if self.keeps.lines:
            part.lines.add(as_line(_values(event, names, ignored_by, path)))

    def _count(self, event: Event, rules: tuple[Rule, ...], ignored_by: str | None, totals: Totals) -> None:
        """Count an event that rules matched."""
        if ignored_by is not None:
            totals.counts["ignored"] += 1
            totals.ignored[ignored_by] += 1
            return
        totals.counts["matched"] += 1
        if OwnCalls(self.own_roles).take(event, rules, frozenset()):
            totals.counts["own_role"] += 1
        else:
            totals.add_alert([rule.name for rule in rules], alert_facts(event))


def _log_file(event: Event, path: str) -> tuple[float, str]:
    """Return when, and in which log file, CloudTrail delivered an event."""
    delivered = delivery_time(path)
    return window(event) if delivered is None else (delivered, path)


def as_line(values: dict[str, object]) -> bytes:
    """Return a matched event as one line of JSON."""
    return json.dumps(values).encode() + b"\n"


def _values(event: Event, rules: tuple[str, ...], ignored_by: str | None, source: str) -> dict[str, object]:
    """Return what there is to say of a matched event."""
    return {
        "event_id": event.event_id or None,
        "event_time": event.text("eventTime") or None,
        "event_name": event.name or None,
        "event_source": event.source or None,
        "account_id": event.account,
        "region": event.region or None,
        "actor": event.actor.arn or event.actor.name,
        "rules": list(rules),
        "ignored_by": ignored_by,
        "source": source,
    }
