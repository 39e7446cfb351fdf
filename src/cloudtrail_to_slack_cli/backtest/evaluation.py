"""Evaluating the records of a log file, by the function's own prefilter and engine."""

import json
import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, cast

import msgspec

from cloudtrail_to_slack.config.loader import Config
from cloudtrail_to_slack.errors import LogObjectError, RecordError
from cloudtrail_to_slack.evaluation.prefilter import Prefilter
from cloudtrail_to_slack.events.event import Event, read_event
from cloudtrail_to_slack.ingest.log_files import decode_record
from cloudtrail_to_slack.rules import Outcome, RuleSet
from cloudtrail_to_slack_cli.backtest.sources import Batch, LogFile, read_batches
from cloudtrail_to_slack_cli.backtest.thresholds import CountedMatch, counted_match
from cloudtrail_to_slack_cli.backtest.totals import Totals, alert_facts

_KEPT_IN_MEMORY = 4 * 1024 * 1024


class MatchedLines:
    """Matched events as JSON, one a line: in memory, and in a file in `folder` where there are many."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._pieces: list[bytes] = []
        self._size = 0
        self._file: str | None = None

    def add(self, line: bytes) -> None:
        """Add a line."""
        self._pieces.append(line)
        self._size += len(line)
        if self._size > _KEPT_IN_MEMORY:
            self._spill()

    def take(self) -> Iterator[bytes]:
        """Yield all lines, in pieces, and let go of them."""
        if self._file is not None:
            with Path(self._file).open("rb") as file:
                while piece := file.read(1024 * 1024):
                    yield piece
            Path(self._file).unlink()
        yield b"".join(self._pieces)
        self._pieces = []

    def _spill(self) -> None:
        if self._file is None:
            descriptor, self._file = tempfile.mkstemp(dir=self._folder)
            os.close(descriptor)
        with Path(self._file).open("ab") as file:
            file.writelines(self._pieces)
        self._pieces, self._size = [], 0


@dataclass(slots=True)
class Part:
    """What the rules decide about the records of some files. `problems` are files, or the rest of them, not read.

    `failures` are files with records that cannot be evaluated, each with what is wrong with the first. `counted` are
    events of which only the whole history says whether they alert.
    """

    files: Sequence[LogFile]
    lines: MatchedLines
    totals: Totals = field(default_factory=Totals)
    problems: list[tuple[str, str]] = field(default_factory=list)
    failures: dict[str, str] = field(default_factory=dict)
    counted: list[CountedMatch] = field(default_factory=list)


@dataclass
class Evaluator:
    """The rules, compiled once in each process.

    `keeps_lines`: matched events are kept as JSON; in `folder` where there are many.
    """

    config: Config
    today: date
    folder: str
    keeps_lines: bool
    rule_set: RuleSet = field(init=False)
    prefilter: Prefilter = field(init=False)

    def __post_init__(self) -> None:
        self.rule_set = RuleSet(self.config.rules, self.config.ignore_rules)
        self.prefilter = Prefilter(self.rule_set)

    def evaluate(self, files: Sequence[LogFile]) -> Part:
        """Evaluate some files, each as far as it can be read."""
        part = Part(files, MatchedLines(self.folder))
        for file in files:
            try:
                for batch in read_batches(file.path, self.prefilter):
                    self._batch(batch, file.path, part)
            except LogObjectError as error:
                part.problems.append((file.path, str(error)))
        return part

    def _batch(self, batch: Batch, path: str, part: Part) -> None:
        counts = part.totals.counts
        counts["failed"] += batch.failed
        counts["records"] += batch.failed + len(batch.records)
        if batch.failed:
            part.failures.setdefault(path, "a line that is not JSON")
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
        evaluation = self.rule_set.judge(event.flat, self.today, mask)
        for problem in evaluation.problems:
            totals.errors[problem.rule.name, problem.cause] += 1
        rules = evaluation.matched or evaluation.silenced
        if not rules:
            totals.counts["unmatched"] += 1
            return
        names = tuple(rule.name for rule in rules)
        ignored_by = evaluation.ignored_by.name if evaluation.ignored_by else None
        if evaluation.outcome is Outcome.MATCHED and any(rule.threshold for rule in rules):
            line = _values(event, (), None, path) if self.keeps_lines else {}
            part.counted.append(counted_match(rules, event, line))
            return
        if evaluation.outcome is Outcome.IGNORED:
            totals.counts["ignored"] += 1
            totals.ignored[ignored_by or ""] += 1
        else:
            totals.counts["matched"] += 1
            totals.add_alert(names, alert_facts(event))
        if self.keeps_lines:
            part.lines.add(as_line(_values(event, names, ignored_by, path)))


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
