"""Evaluate log files with a configuration, on the chosen engine."""

import os
import sys
import tempfile
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import click

from cloudtrail_to_slack.alerts.text import visible
from cloudtrail_to_slack.config.loader import Config
from cloudtrail_to_slack_cli.backtest.evaluation import Evaluator, Keeps, Part, as_line
from cloudtrail_to_slack_cli.backtest.opening import Opener
from cloudtrail_to_slack_cli.backtest.plan import Plan, Wanted
from cloudtrail_to_slack_cli.backtest.prediction.destinations import Deployment
from cloudtrail_to_slack_cli.backtest.prediction.store import AlertStore
from cloudtrail_to_slack_cli.backtest.processes import Worker, evaluate_files
from cloudtrail_to_slack_cli.backtest.progress import Progress, interruptible
from cloudtrail_to_slack_cli.backtest.report import Report
from cloudtrail_to_slack_cli.backtest.spark import evaluate_on_spark
from cloudtrail_to_slack_cli.backtest.state import State
from cloudtrail_to_slack_cli.terminal import is_terminal


@dataclass(frozen=True, slots=True)
class Backtest:
    """The evaluation of the files of a plan with a configuration, which was read from `document`.

    `write` receives the matched events as lines of JSON, and then no messages are predicted. `keeps_records`: of some
    alerts of each rule. Damaged files are reported on standard error if `shows_problems`, the progress if
    `shows_progress`.
    """

    config: Config
    document: object
    wanted: Wanted
    plan: Plan
    deployment: Deployment
    write: Callable[[bytes], object] | None = None
    keeps_records: bool = False
    shows_problems: bool = True
    shows_progress: bool = True

    @contextmanager
    def report(self) -> Iterator[Report]:
        """Evaluate all files, predict the messages, and yield the report."""
        state = self.wanted.state
        with tempfile.TemporaryDirectory(prefix="cloudtrail-to-slack-") as folder:
            keeps = Keeps(folder, lines=bool(self.write), alerts=not self.write, records=self.keeps_records)
            worker = self._worker(keeps)
            report = Report(self.config, None if self.write else AlertStore(folder), self.deployment)
            progress = Progress(self.plan, is_shown=self.shows_progress and is_terminal(sys.stderr))
            with closing(report), closing(progress), interruptible(self.plan, report.totals.counts, state):
                self._add_parts(report, self._parts(worker), progress)
                report.predict()
                progress.close()
                yield report

    def _worker(self, keeps: Keeps) -> Worker:
        today = datetime.now(UTC).date()
        folder = self.wanted.state
        state = State.open(folder, [self.document, replace(keeps, folder="")], today) if folder else None
        opener = Opener(self.wanted.selection, self.wanted.profile)
        return Worker(Evaluator(self.config, state.today if state else today, keeps, opener), state)

    def _parts(self, worker: Worker) -> Generator[Part]:
        if self.wanted.engine == "spark":
            return evaluate_on_spark(worker.evaluator, self.plan)
        return evaluate_files(worker, self.plan, self.wanted.processes or os.cpu_count() or 1)

    def _add_parts(self, report: Report, parts: Generator[Part], progress: Progress) -> None:
        write = self.write or (lambda _: None)
        with closing(parts):
            for part in parts:
                for piece in part.lines.take():
                    write(piece)
                report.add(part)
                problems = [(*each, "damaged") for each in part.problems]
                problems += [(*each, "a record was left out") for each in part.failures.items()]
                for path, problem, what in problems if self.shows_problems else ():
                    progress.close()
                    click.echo(visible(f"{what}: {path}: {problem}"), err=True)
                progress.add(part)
        for values in report.count_thresholds():
            write(as_line(values))
