"""`check`: check rule files and configurations."""

from typing import TYPE_CHECKING

import click

from cloudtrail_to_slack_cli.check.checker import check
from cloudtrail_to_slack_cli.check.configuration import Configuration, read_configuration, read_plan
from cloudtrail_to_slack_cli.check.formats import PRINTERS
from cloudtrail_to_slack_cli.errors import EXIT_CLEAN, EXIT_FINDINGS, EXIT_UNREADABLE, UnreadableError
from cloudtrail_to_slack_cli.options import format_option
from cloudtrail_to_slack_cli.rule_files.discovery import find_rule_files
from cloudtrail_to_slack_cli.terminal import console

if TYPE_CHECKING:
    from cloudtrail_to_slack_cli.rule_files.rule_file import RuleFile

_EXAMPLE = """\b
Examples:
  cloudtrail-to-slack check rules/
  terraform output -raw rendered_config > config.json && cloudtrail-to-slack check --config config.json
  terraform show -json plan.out > plan.json && cloudtrail-to-slack check --terraform-plan plan.json
"""


@click.command("check", epilog=_EXAMPLE)
@click.argument("paths", nargs=-1, type=click.Path())
@click.option("--config", type=click.Path(), help="Check a config.json, such as Terraform's output rendered_config.")
@click.option(
    "--terraform-plan",
    type=click.Path(),
    help="Check the configurations in a plan, as `terraform show -json` prints it.",
)
@format_option(PRINTERS)
def command(paths: tuple[str, ...], config: str | None, terraform_plan: str | None, output_format: str) -> int:
    """Check rule files and configurations, and report all mistakes at once.

    PATHS are rule files and folders with rule files; by default the current folder, unless a configuration or a plan is
    given. Exit codes: 0 no findings, 1 findings, 2 wrong usage, 3 an input cannot be read.
    """
    given: list[RuleFile | UnreadableError] = []
    configurations: list[Configuration] = []
    if config is not None:
        try:
            configurations.append(read_configuration(config))
        except UnreadableError as error:
            given.append(error)
    if terraform_plan is not None:
        try:
            configurations += read_plan(terraform_plan)
        except UnreadableError as error:
            given.append(error)
    if paths or (config is None and terraform_plan is None):
        given += find_rule_files(paths)
    checked = check(given, configurations)
    PRINTERS[output_format](console(), checked)
    for each in given:
        if isinstance(each, UnreadableError):
            click.echo(f"Error: {each}", err=True)
    return EXIT_UNREADABLE if checked.unreadable else EXIT_FINDINGS if checked.findings else EXIT_CLEAN
