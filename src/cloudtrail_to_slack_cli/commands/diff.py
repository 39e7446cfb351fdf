"""`diff`: compare what two configurations send."""

import json
import os
import sys
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import click

from cloudtrail_to_slack_cli.backtest.diff.comparison import compare
from cloudtrail_to_slack_cli.backtest.diff.formats import diff_as_json, diff_as_markdown, diff_as_text
from cloudtrail_to_slack_cli.backtest.diff.sides import Side, is_result, side_of_document, side_of_report
from cloudtrail_to_slack_cli.backtest.options import log_options, predicted_options
from cloudtrail_to_slack_cli.backtest.plan import Wanted, show_plan
from cloudtrail_to_slack_cli.backtest.prediction.destinations import Deployment
from cloudtrail_to_slack_cli.backtest.run import Backtest
from cloudtrail_to_slack_cli.errors import EXIT_CLEAN, EXIT_FINDINGS, read_bytes
from cloudtrail_to_slack_cli.given_rules import GivenRules
from cloudtrail_to_slack_cli.options import format_option

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
    old: str, new: str, wanted: Wanted, deployment: Deployment, max_messages_per_day: int | None, output_format: str
) -> int:
    """Compare what two configurations send: alerts and messages that are new, gone or moved to another channel.

    OLD and NEW are config.json files, which are evaluated on the log files in the PATHs, or results printed by
    `backtest --format json`.
    """
    documents = {path: _document(path) for path in (old, new)}
    # What is wrong with a configuration is said before anything is listed.
    rules = {path: GivenRules(config=path) for path, document in documents.items() if not is_result(document)}
    configs = {path: each.read() for path, each in rules.items()}
    evaluated = [path in configs for path in (old, new)]
    if wanted.is_nothing and configs:
        raise click.UsageError("Configurations are compared on log files: give their PATHs after OLD and NEW.")
    sides: list[Side] = []
    with wanted.plan(sum(evaluated)) if configs else nullcontext() as plan:
        if plan is not None:
            show_plan(plan, is_dry_run=wanted.is_dry_run, is_shown=True)
        if wanted.is_dry_run:
            return EXIT_CLEAN
        for name, path in zip(("old", "new"), (old, new), strict=True):
            if plan is None or path not in configs:
                sides.append(side_of_document(path, documents[path]))
                continue
            state = os.path.join(wanted.state, name) if wanted.state else None  # noqa: PTH118 (it is a string)
            # What is damaged is reported once.
            is_first = not any(evaluated[: len(sides)])
            read = configs[path], rules[path].document(), replace(wanted, state=state)
            with Backtest(*read, plan, deployment, shows_problems=is_first).report() as report:
                sides.append(side_of_report(path, report))
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
        return json.loads(read_bytes(path))  # UTF-8 or, from some shells, UTF-16
    except (ValueError, RecursionError):
        return None
