"""`diff`: what a change of the configuration does to alerts and messages."""

import json
import sys
import tempfile
from collections.abc import Mapping
from typing import Any

import click

from cloudtrail_to_slack_cli.backtest.diff.comparison import compare
from cloudtrail_to_slack_cli.backtest.diff.formats import diff_as_json, diff_as_markdown, diff_as_text
from cloudtrail_to_slack_cli.backtest.diff.sides import Side, is_result, side_of_document, side_of_report
from cloudtrail_to_slack_cli.backtest.evaluation import Part
from cloudtrail_to_slack_cli.backtest.prediction.destinations import SlackBy
from cloudtrail_to_slack_cli.backtest.run import Delivery, run_backtest
from cloudtrail_to_slack_cli.errors import EXIT_CLEAN, EXIT_FINDINGS, UnreadableError
from cloudtrail_to_slack_cli.given_rules import GivenRules
from cloudtrail_to_slack_cli.options import delivery_options
from cloudtrail_to_slack_cli.terminal import safe

_EXAMPLE = """\b
Examples:
  cloudtrail-to-slack diff old.json new.json logs/
  cloudtrail-to-slack diff config-main.json config.json logs/ --format markdown --max-messages-per-day 50
  cloudtrail-to-slack diff last-month.json this-month.json      (results of backtest --format json)
"""


@click.command("diff", epilog=_EXAMPLE)
@click.argument("old", metavar="OLD", type=click.Path())
@click.argument("new", metavar="NEW", type=click.Path())
@click.argument("paths", metavar="[PATH]...", nargs=-1, type=click.Path())
@delivery_options
@click.option(
    "--max-messages-per-day",
    type=click.IntRange(0),
    metavar="N",
    help="Fail if a channel would receive more than N messages on a day with NEW.",
)
@click.option(
    "--format",
    "output_format",
    type=click.Choice(["text", "json", "markdown"]),
    default="text",
    show_default=True,
    help="What to print: text, one JSON document, or Markdown for a comment on a pull request.",
)
@click.option("--processes", type=click.IntRange(1), help="How many processes to use; by default one for each core.")
def command(
    old: str,
    new: str,
    paths: tuple[str, ...],
    max_messages_per_day: int | None,
    output_format: str,
    processes: int | None,
    **predicted: Any,  # noqa: ANN401 (the options of `delivery_options`)
) -> int:
    """Compare what two configurations send: alerts and messages that are new, gone or moved to another channel.

    OLD and NEW are configurations, which are evaluated on the log files in the PATHs, or results that
    `backtest --format json` printed.
    """
    documents = [_document(path) for path in (old, new)]
    if not paths and not all(map(is_result, documents)):
        raise click.UsageError("Configurations are compared on log files: give their PATHs after OLD and NEW.")
    delivery = Delivery(predicted["files_per_invocation"], SlackBy(predicted["slack"]))

    def side(path: str, document: object, *, is_first: bool = False) -> Side:
        if isinstance(document, Mapping) and is_result(document):
            return side_of_document(path, document)
        return _evaluate(path, paths, delivery, processes, is_first=is_first)

    found = compare(side(old, documents[0], is_first=True), side(new, documents[1]), max_messages_per_day)
    if output_format == "json":
        sys.stdout.write(json.dumps(diff_as_json(found), indent=2) + "\n")
    else:
        lines = diff_as_markdown(found) if output_format == "markdown" else diff_as_text(found)
        encoding = sys.stdout.encoding or "utf-8"  # a pipe may take less than what events contain
        sys.stdout.writelines(f"{line}\n".encode(encoding, "backslashreplace").decode(encoding) for line in lines)
    return EXIT_FINDINGS if found.over_limit else EXIT_CLEAN


def _document(path: str) -> Any:  # noqa: ANN401 (JSON; what is none is for the reader of configurations to refuse)
    try:
        with open(path, encoding="utf-8") as file:  # noqa: PTH123 (paths stay as they are written)
            return json.load(file)
    except OSError:
        raise UnreadableError(path, "cannot be read") from None
    except (ValueError, RecursionError):
        return None


def _evaluate(path: str, paths: tuple[str, ...], delivery: Delivery, processes: int | None, *, is_first: bool) -> Side:
    def seen(part: Part) -> None:
        for file, problem in part.problems if is_first else ():
            click.echo(safe(f"damaged: {file}: {problem}"), err=True)

    config = GivenRules(config=path).read()
    with tempfile.TemporaryDirectory(prefix="cloudtrail-to-slack-") as folder:
        report = run_backtest(config, paths, folder, delivery, processes, seen)
        side = side_of_report(path, report)
        report.close()
        return side
