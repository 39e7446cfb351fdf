"""`diff`: compare what two configurations send."""

import json
import os
import sys
import tempfile
from collections.abc import Mapping
from contextlib import closing, nullcontext
from dataclasses import dataclass
from itertools import compress
from typing import Any

import click

from cloudtrail_to_slack_cli.backtest.diff.comparison import compare
from cloudtrail_to_slack_cli.backtest.diff.formats import diff_as_json, diff_as_markdown, diff_as_text
from cloudtrail_to_slack_cli.backtest.diff.sides import Side, is_result, side_of_document, side_of_report
from cloudtrail_to_slack_cli.backtest.evaluation import Keeps
from cloudtrail_to_slack_cli.backtest.options import log_options, predicted_options
from cloudtrail_to_slack_cli.backtest.plan import Plan, Wanted, show_plan
from cloudtrail_to_slack_cli.backtest.prediction.destinations import Deployment
from cloudtrail_to_slack_cli.backtest.prediction.store import AlertStore
from cloudtrail_to_slack_cli.backtest.progress import Progress, interruptible
from cloudtrail_to_slack_cli.backtest.report import Report
from cloudtrail_to_slack_cli.backtest.run import add_parts, evaluate, make_worker
from cloudtrail_to_slack_cli.errors import EXIT_CLEAN, EXIT_FINDINGS, UnreadableError
from cloudtrail_to_slack_cli.given_rules import GivenRules
from cloudtrail_to_slack_cli.options import format_option
from cloudtrail_to_slack_cli.terminal import is_terminal

_EXAMPLE = """\b
Examples:
  cloudtrail-to-slack diff old.json new.json logs/
  cloudtrail-to-slack diff config-main.json config.json logs/ --format markdown --max-messages-per-day 50
  cloudtrail-to-slack diff last-month.json this-month.json      (results of backtest --format json)
"""


@click.command("diff", epilog=_EXAMPLE)
@click.argument("old", metavar="OLD", type=click.Path())
@click.argument("new", metavar="NEW", type=click.Path())
@log_options
@predicted_options
@click.option(
    "--max-messages-per-day",
    type=click.IntRange(0),
    metavar="N",
    help="Exit with code 1 if NEW would send more than N messages to a channel on any day.",
)
@format_option(
    ["text", "json", "markdown"], "What to print: text, one JSON document, or Markdown for a comment on a pull request."
)
def command(
    old: str,
    new: str,
    wanted: Wanted,
    deployment: Deployment,
    max_messages_per_day: int | None,
    output_format: str,
) -> int:
    """Compare what two configurations send: alerts and messages that are new, gone or moved to another channel.

    OLD and NEW are config.json files, which are evaluated on the log files in the PATHs, or results printed by
    `backtest --format json`.
    """
    documents = [_document(path) for path in (old, new)]
    evaluated = [not is_result(document) for document in documents]
    for path in compress((old, new), evaluated):
        GivenRules(config=path).read()  # what is wrong with it is said before anything is listed
    if wanted.is_nothing and any(evaluated):
        raise click.UsageError("Configurations are compared on log files: give their PATHs after OLD and NEW.")
    sides: list[Side] = []
    with wanted.plan(sum(evaluated)) if any(evaluated) else nullcontext() as plan:
        if plan is not None:
            show_plan(plan, is_dry_run=wanted.is_dry_run, is_shown=True)
        if wanted.is_dry_run:
            return EXIT_CLEAN
        for name, path, document in zip(("old", "new"), (old, new), documents, strict=True):
            if plan is None or (isinstance(document, Mapping) and is_result(document)):
                sides.append(side_of_document(path, document))
                continue
            state = os.path.join(wanted.state, name) if wanted.state else None  # noqa: PTH118 (it is a string)
            is_first = not any(evaluated[: len(sides)])
            sides.append(_evaluate(path, wanted, plan, _Reading(deployment, state, is_first)))
    found = compare(sides[0], sides[1], max_messages_per_day)
    if output_format == "json":
        sys.stdout.write(json.dumps(diff_as_json(found), indent=2) + "\n")
    else:
        lines = diff_as_markdown(found) if output_format == "markdown" else diff_as_text(found)
        encoding = sys.stdout.encoding or "utf-8"  # a pipe may take less than what events contain
        sys.stdout.writelines(f"{line}\n".encode(encoding, "backslashreplace").decode(encoding) for line in lines)
    return EXIT_FINDINGS if found.over_limit else EXIT_CLEAN


def _document(path: str) -> Any:  # noqa: ANN401 (JSON; what is none is for the reader of configurations to refuse)
    try:
        with open(path, "rb") as file:  # noqa: PTH123 (paths stay as they are written)
            return json.loads(file.read())  # UTF-8 or, from some shells, UTF-16
    except OSError:
        raise UnreadableError(path, "cannot be read") from None
    except (ValueError, RecursionError):
        return None


@dataclass(frozen=True, slots=True)
class _Reading:
    """How the files are read for one configuration; what is damaged is reported by the first alone."""

    deployment: Deployment
    state: str | None
    is_first: bool


def _evaluate(path: str, wanted: Wanted, plan: Plan, reading: _Reading) -> Side:
    rules = GivenRules(config=path)
    config = rules.read()
    with (
        tempfile.TemporaryDirectory(prefix="cloudtrail-to-slack-") as folder,
        closing(Report(config, AlertStore(folder), reading.deployment)) as report,
        closing(Progress(plan, is_shown=is_terminal(sys.stderr))) as progress,
        interruptible(plan, report.totals.counts, reading.state),
    ):
        worker = make_worker(config, rules.document(), wanted, Keeps(folder, alerts=True), reading.state)
        parts = evaluate(worker, wanted, plan)
        add_parts(report, parts, progress, shows_problems=reading.is_first)
        report.predict()
        return side_of_report(path, report)
