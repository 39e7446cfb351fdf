"""`backtest`: show what the rules would have sent for past log files."""

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

import click

from cloudtrail_to_slack_cli.backtest.formats.data import write_csv, write_json
from cloudtrail_to_slack_cli.backtest.options import log_options, predicted_options
from cloudtrail_to_slack_cli.backtest.plan import Wanted, show_plan
from cloudtrail_to_slack_cli.backtest.prediction.destinations import Deployment
from cloudtrail_to_slack_cli.backtest.report import Report, summary
from cloudtrail_to_slack_cli.backtest.run import Backtest
from cloudtrail_to_slack_cli.errors import EXIT_CLEAN, EXIT_UNREADABLE
from cloudtrail_to_slack_cli.given_rules import GivenRules, all_rule_options
from cloudtrail_to_slack_cli.options import format_option
from cloudtrail_to_slack_cli.terminal import console

_EXAMPLE = """\b
Examples:
  aws s3 sync s3://my-trail/AWSLogs/ logs/ && cloudtrail-to-slack backtest logs/
  cloudtrail-to-slack backtest logs/ --no-default-rules --rule 'event.get("eventName") == "CreateUser"'
  cloudtrail-to-slack backtest logs/ --config config.json --format jsonl > matched.jsonl
"""


@click.command("backtest", epilog=_EXAMPLE)
@log_options
@all_rule_options
@format_option(
    ["text", "json", "jsonl", "csv", "html"],
    "What to print: tables, one JSON document, each matched event as a line of JSON, the rules as CSV, or a page.",
)
@predicted_options
@click.option("--quiet", "-q", is_flag=True, help="Print no progress and no summary to standard error.")
def command(wanted: Wanted, rules: GivenRules, output_format: str, deployment: Deployment, *, quiet: bool) -> int:
    """Show what the rules would have sent for past log files: alerts per rule, and messages per channel and day.

    PATHs are files, folders and s3://bucket/prefix: .json, .json.gz, .jsonl, .jsonl.gz; on disk also .zip, .tar and
    .tar.gz. A damaged file is reported, and counts as far as it can be read.
    """
    config = rules.read()
    with wanted.plan() as plan:
        show_plan(plan, is_dry_run=wanted.is_dry_run, is_shown=not quiet)
        if wanted.is_dry_run:
            return EXIT_CLEAN
        backtest = Backtest(
            config, rules.document(), wanted, plan, deployment, _write if output_format == "jsonl" else None,
            keeps_records=output_format == "html", shows_progress=not quiet,
        )  # fmt: skip
        with backtest.report() as report:
            _print(report, output_format, quiet=quiet)
    is_unreadable = len(report.problems) == report.files and not report.totals.counts["records"]
    return EXIT_UNREADABLE if is_unreadable else EXIT_CLEAN


def _print(report: Report, output_format: str, *, quiet: bool) -> None:
    match output_format:
        case "json":
            write_json(sys.stdout, report)
        case "csv":
            with _utf8() as out:
                write_csv(out, report)
        case "html":
            from cloudtrail_to_slack_cli.backtest.formats.page.page import write_page  # noqa: PLC0415 (only here)

            with _utf8() as out:
                write_page(out, report)
        case "text":
            from cloudtrail_to_slack_cli.backtest.formats.text import print_text  # noqa: PLC0415 (as above)

            print_text(console(), report)
        case _ if not quiet:
            click.echo(summary(report), err=True)


@contextmanager
def _utf8() -> Iterator[IO[str]]:
    """Let standard output take every character, whatever the locale is."""
    sys.stdout.flush()
    out = io.TextIOWrapper(sys.stdout.buffer, "utf-8", errors="replace", newline="")
    try:
        yield out
        out.flush()
    finally:
        out.detach()


def _write(piece: bytes) -> None:
    sys.stdout.buffer.write(piece)
    sys.stdout.buffer.flush()
