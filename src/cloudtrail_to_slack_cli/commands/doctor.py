"""`doctor`: diagnose a deployed function, and show how to fix what is wrong."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import click
from rich.console import Console

from cloudtrail_to_slack_cli.doctor import function, incoming, outgoing
from cloudtrail_to_slack_cli.doctor.deployment import Deployment, deployment_options
from cloudtrail_to_slack_cli.doctor.finding import Finding, Level, checked
from cloudtrail_to_slack_cli.errors import EXIT_CLEAN, EXIT_FINDINGS
from cloudtrail_to_slack_cli.options import format_option
from cloudtrail_to_slack_cli.terminal import console, counted, line

_EXAMPLE = """\b
Examples:
  cloudtrail-to-slack doctor
  cloudtrail-to-slack doctor --function alerts --region eu-west-1 --send-test
"""
_STYLES = {Level.OK: "green", Level.WARNING: "yellow", Level.PROBLEM: "bold red", Level.UNKNOWN: "yellow"}
_CHECKS = {
    "function": function.check_function,
    "configuration": function.check_configuration,
    "permissions": function.check_permissions,
    "log files": incoming.check_bucket,
    "queue": incoming.check_queue,
    "state table": function.check_table,
    "topics": outgoing.check_topics,
    "slack": outgoing.check_slack,
    "dead letters": incoming.check_dead_letters,
    "activity": incoming.check_activity,
}


@click.command("doctor", epilog=_EXAMPLE)
@deployment_options
@click.option(
    "--config",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The function's config.json (the output rendered_config); by default the one in the function's layers.",
)
@click.option("--send-test", is_flag=True, help="Send a marked test alert through every route.")
@format_option(["text", "json"])
def command(deployment: Deployment, config: Path | None, output_format: str, *, send_test: bool) -> int:
    """Diagnose a deployed function: show what is wrong, and how to fix it.

    It reads with your own AWS credentials and changes nothing. --send-test sends messages, with the function's secrets.
    Exit code 1: there is a problem or a warning.
    """
    findings = list(_findings(replace(deployment, config_file=config), send_test=send_test))
    if output_format == "json":
        shown = [
            {"area": each.area, "level": each.level.value, "what": each.what, "fix": each.fix} for each in findings
        ]
        click.echo(json.dumps(shown, indent=2))
    else:
        _print(console(), findings)
    return EXIT_FINDINGS if any(each.level in (Level.PROBLEM, Level.WARNING) for each in findings) else EXIT_CLEAN


def _findings(deployment: Deployment, *, send_test: bool) -> Iterator[Finding]:
    _ = deployment.function  # whether there is one at all
    for area, check in _CHECKS.items():
        yield from checked(area, partial(check, deployment))
    if send_test:
        yield from checked("test alert", partial(outgoing.send_tests, deployment))


def _print(out: Console, findings: list[Finding]) -> None:
    for each in findings:
        out.print(line(f"{each.level.value:12}", _STYLES[each.level]), line(f"{each.area}: {each.what}"))
        if each.fix:
            out.print(line(f"{'':12} → {each.fix}"))
    out.print()
    numbers = Counter(each.level for each in findings)
    serious = f"{counted(numbers[Level.PROBLEM], 'problem')}, {counted(numbers[Level.WARNING], 'warning')}"
    out.print(line(f"{serious}, {numbers[Level.UNKNOWN]:,} not checked, {numbers[Level.OK]:,} fine", "bold"))
