"""Running a backtest to its report: evaluate all files, then predict."""

import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import UTC, datetime

from cloudtrail_to_slack.config.loader import Config
from cloudtrail_to_slack_cli.backtest.evaluation import Evaluator, Keeps, Part
from cloudtrail_to_slack_cli.backtest.plan import Wanted
from cloudtrail_to_slack_cli.backtest.prediction.destinations import SlackBy
from cloudtrail_to_slack_cli.backtest.prediction.store import AlertStore
from cloudtrail_to_slack_cli.backtest.processes import Worker, evaluate_files
from cloudtrail_to_slack_cli.backtest.report import Report


@dataclass(frozen=True, slots=True)
class Delivery:
    """How files become invocations, and how alerts reach Slack."""

    files_per_invocation: int = 1
    slack: SlackBy = SlackBy.CONFIGURATION


def run_backtest(
    config: Config,
    paths: Sequence[str],
    folder: str,
    delivery: Delivery,
    processes: int | None,
    seen: Callable[[Part], None],
) -> Report:
    """Return the report on log files, whose alerts are in `folder` as long as that exists; `seen` gets each part."""
    keeps = Keeps(folder, alerts=True, files=delivery.files_per_invocation > 1)
    report = Report(config, AlertStore(folder))
    with ExitStack() as stack:
        stack.enter_context(closing(report))  # where something is raised
        evaluator = Evaluator(config, datetime.now(UTC).date(), keeps)
        with Wanted(paths).plan() as plan:
            for part in evaluate_files(Worker(evaluator), plan, processes or os.cpu_count() or 1):
                report.add(part)
                seen(part)
        for _ in report.count_thresholds():
            pass
        report.predict(delivery.slack, delivery.files_per_invocation)
        stack.pop_all()
    return report
