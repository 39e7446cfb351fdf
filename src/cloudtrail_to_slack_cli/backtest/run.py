"""Evaluating log files with a configuration, by the engine that is asked for."""

import os
from collections.abc import Generator
from datetime import UTC, datetime

from cloudtrail_to_slack.config.loader import Config
from cloudtrail_to_slack_cli.backtest.evaluation import Evaluator, Keeps, Part
from cloudtrail_to_slack_cli.backtest.opening import Opener
from cloudtrail_to_slack_cli.backtest.plan import Plan, Wanted
from cloudtrail_to_slack_cli.backtest.processes import Worker, evaluate_files
from cloudtrail_to_slack_cli.backtest.spark import evaluate_on_spark
from cloudtrail_to_slack_cli.backtest.state import State


def make_worker(config: Config, document: object, wanted: Wanted, keeps: Keeps, state: str | None) -> Worker:
    """Return what evaluates files by a configuration, which was read from `document`; `state` is a folder."""
    today = datetime.now(UTC).date()
    kept = State.open(state, [document, keeps.choice], today) if state else None
    opener = Opener(wanted.selection, wanted.profile)
    return Worker(Evaluator(config, kept.today if kept else today, keeps, opener), kept)


def evaluate(worker: Worker, wanted: Wanted, plan: Plan, processes: int | None) -> Generator[Part]:
    """Yield the results of all files, in their order."""
    if wanted.engine == "spark":
        return evaluate_on_spark(worker.evaluator, plan)
    return evaluate_files(worker, plan, processes or os.cpu_count() or 1)
