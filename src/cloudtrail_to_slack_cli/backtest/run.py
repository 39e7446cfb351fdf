"""Evaluate log files with a configuration, on the chosen engine."""

import os
from collections.abc import Callable, Generator
from contextlib import closing
from datetime import UTC, datetime

import click

from cloudtrail_to_slack.alerts.text import visible
from cloudtrail_to_slack.config.loader import Config
from cloudtrail_to_slack_cli.backtest.evaluation import Evaluator, Keeps, Part, as_line
from cloudtrail_to_slack_cli.backtest.opening import Opener
from cloudtrail_to_slack_cli.backtest.plan import Plan, Wanted
from cloudtrail_to_slack_cli.backtest.processes import Worker, evaluate_files
from cloudtrail_to_slack_cli.backtest.progress import Progress
from cloudtrail_to_slack_cli.backtest.report import Report
from cloudtrail_to_slack_cli.backtest.spark import evaluate_on_spark
from cloudtrail_to_slack_cli.backtest.state import State


def make_worker(config: Config, document: object, wanted: Wanted, keeps: Keeps, state: str | None) -> Worker:
    """Return what evaluates files by a configuration, which was read from `document`; `state` is a folder."""
    today = datetime.now(UTC).date()
    kept = State.open(state, [document, keeps.choice], today) if state else None
    opener = Opener(wanted.selection, wanted.profile)
    return Worker(Evaluator(config, kept.today if kept else today, keeps, opener), kept)


def evaluate(worker: Worker, wanted: Wanted, plan: Plan) -> Generator[Part]:
    """Yield the results of all files, in their order."""
    if wanted.engine == "spark":
        return evaluate_on_spark(worker.evaluator, plan)
    return evaluate_files(worker, plan, wanted.processes or os.cpu_count() or 1)


def add_parts(
    report: Report,
    parts: Generator[Part],
    progress: Progress,
    *,
    shows_problems: bool = True,
    write: Callable[[bytes], object] | None = None,
) -> None:
    """Add results to a report as they come; `write` receives the matched events, problems go to standard error."""
    with closing(parts):
        for part in parts:
            if write:
                for piece in part.lines.take():
                    write(piece)
            report.add(part)
            problems = [(*each, "damaged") for each in part.problems]
            problems += [(*each, "a record was left out") for each in part.failures.items()]
            for path, problem, what in problems if shows_problems else ():
                progress.close()
                click.echo(visible(f"{what}: {path}: {problem}"), err=True)
            progress.add(part)
    for values in report.count_thresholds():
        if write:
            write(as_line(values))
