"""`backtest`: what the rules would have matched in logs that are already there."""

import os
import sys
import tempfile
from collections.abc import Iterable
from datetime import UTC, datetime
from time import monotonic

import click

from cloudtrail_to_slack_cli.backtest.evaluation import Evaluator, Keeps, Part, as_line
from cloudtrail_to_slack_cli.backtest.formats.document import write_json
from cloudtrail_to_slack_cli.backtest.formats.table import write_csv
from cloudtrail_to_slack_cli.backtest.formats.text import print_text
from cloudtrail_to_slack_cli.backtest.prediction.destinations import SlackBy
from cloudtrail_to_slack_cli.backtest.prediction.store import AlertStore
from cloudtrail_to_slack_cli.backtest.processes import evaluate_files
from cloudtrail_to_slack_cli.backtest.report import Report, summary
from cloudtrail_to_slack_cli.backtest.sources import LogFile, find_log_files
from cloudtrail_to_slack_cli.errors import EXIT_CLEAN, EXIT_UNREADABLE
from cloudtrail_to_slack_cli.given_rules import GivenRules
from cloudtrail_to_slack_cli.options import delivery_options, rule_options
from cloudtrail_to_slack_cli.terminal import console, is_terminal, safe

_EXAMPLE = """\b
Examples:
  aws s3 sync s3://my-trail/AWSLogs/ logs/ && cloudtrail-to-slack backtest logs/
  cloudtrail-to-slack backtest logs/ --no-default-rules --rule 'event.get("eventName") == "CreateUser"'
  cloudtrail-to-slack backtest logs/ --config config.json --format jsonl > matched.jsonl
"""
_PROGRESS_SECONDS = 0.2


@click.command("backtest", epilog=_EXAMPLE)
@click.argument("paths", metavar="PATH...", nargs=-1, required=True, type=click.Path())
@click.option("--rule", "rules", multiple=True, metavar="EXPR", help="Add a rule.")
@click.option("--ignore-rule", "ignore_rules", multiple=True, metavar="EXPR", help="Add an ignore rule.")
@rule_options
@click.option("--events-to-track", metavar="A,B", help="Add a rule for events of these names.")
@click.option(
    "--format",
    "output_format",
    type=click.Choice(["text", "json", "jsonl", "csv"]),
    default="text",
    show_default=True,
    help="What to print: tables, one JSON document, each matched event as a line of JSON, or the rules as CSV.",
)
@delivery_options
@click.option("--processes", type=click.IntRange(1), help="How many processes to use; by default one for each core.")
@click.option("--quiet", "-q", is_flag=True, help="Print no progress and no summary to standard error.")
def command(
    paths: tuple[str, ...],
    output_format: str,
    processes: int | None,
    files_per_invocation: int,
    slack: str,
    *,
    quiet: bool,
    **given: object,
) -> int:
    """Evaluate the rules on log files, and report what would have alerted, and what each channel would have received.

    PATHs are files and folders with files: .json, .json.gz, .jsonl, .jsonl.gz. Damaged files are reported and skipped.
    """
    rules = GivenRules(**given)  # type: ignore[arg-type]  # click's options have its names and types
    config = rules.read()
    with tempfile.TemporaryDirectory(prefix="cloudtrail-to-slack-") as folder:
        keeps_lines = output_format == "jsonl"
        keeps = Keeps(folder, lines=keeps_lines, alerts=not keeps_lines, files=files_per_invocation > 1)
        report = Report(config, None if keeps_lines else AlertStore(folder))
        evaluator = Evaluator(config, datetime.now(UTC).date(), keeps)
        parts = evaluate_files(evaluator, find_log_files(paths), processes or os.cpu_count() or 1)
        progress = _Progress(is_shown=not quiet and is_terminal(sys.stderr))
        try:
            _take(parts, report, progress, keeps_lines=keeps_lines)
            report.predict(SlackBy(slack), files_per_invocation)
        finally:
            progress.end()
        _print(report, output_format, quiet=quiet)
        report.close()
    return (
        EXIT_UNREADABLE if len(report.problems) == report.files and not report.totals.counts["records"] else EXIT_CLEAN
    )


def _print(report: Report, output_format: str, *, quiet: bool) -> None:
    match output_format:
        case "json":
            write_json(sys.stdout, report)
        case "csv":
            write_csv(sys.stdout, report)
        case "text":
            print_text(console(), report)
        case _ if not quiet:
            click.echo(summary(report), err=True)


def _take(parts: Iterable[Part], report: Report, progress: "_Progress", *, keeps_lines: bool) -> None:
    """Take results as they come: matched events are printed, problems reported."""
    for part in parts:
        if keeps_lines:
            for piece in part.lines.take():
                sys.stdout.buffer.write(piece)
            sys.stdout.buffer.flush()
        report.add(part)
        for path, problem in (*part.problems, *part.failures.items()):
            progress.end()
            what = "damaged" if (path, problem) in part.problems else "a record was left out"
            click.echo(safe(f"{what}: {path}: {problem}"), err=True)
        progress.show(report, part.files)
    for values in report.count_thresholds():
        if keeps_lines:
            sys.stdout.buffer.write(as_line(values))
    sys.stdout.buffer.flush()


class _Progress:
    """A line on the terminal that says how far it is."""

    def __init__(self, *, is_shown: bool) -> None:
        self._is_shown = is_shown
        self._begin = self._last = monotonic()
        self._is_open = False

    def show(self, report: Report, files: Iterable[LogFile]) -> None:
        """Say how far it is, a few times a second."""
        del files
        now = monotonic()
        if not self._is_shown or now - self._last < _PROGRESS_SECONDS:
            return
        self._last, self._is_open = now, True
        records = report.totals.counts["records"]
        rate = records / max(now - self._begin, 0.001)
        text = f"{report.files:,} files, {records:,} records, {rate:,.0f} a second"
        click.echo(f"\r{text.ljust(78)}", err=True, nl=False)

    def end(self) -> None:
        """Take the line away."""
        if self._is_open:
            click.echo(f"\r{' ' * 78}\r", err=True, nl=False)
            self._is_open = False
