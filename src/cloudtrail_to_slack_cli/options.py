"""Options that several commands share."""

import sys
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import click

from cloudtrail_to_slack_cli.event_input import STANDARD_INPUT
from cloudtrail_to_slack_cli.terminal import is_terminal

F = TypeVar("F", bound=Callable[..., Any])

_RULE_OPTIONS = (
    click.option("--pack", "packs", multiple=True, metavar="NAME", help="Add a detection pack."),
    click.option("--rule-file", "rule_files", multiple=True, type=click.Path(), help="Add the rules in a rule file."),
    click.option("--no-default-rules", is_flag=True, help="Leave the default rules out."),
    click.option("--config", type=click.Path(), help="Use a config.json, such as Terraform's output rendered_config."),
)


_DEPLOYMENT_OPTIONS = (
    click.option("--profile", help="The AWS profile to use."),
    click.option("--region", help="The function's region; by default the one in your AWS configuration."),
    click.option(
        "--function", "name", default="cloudtrail-to-slack", show_default=True, help="The function's name or ARN."
    ),
)


def deployment_options(command: F) -> F:
    """Add the options that say which deployed function is meant: --function, --region, --profile."""
    for option in _DEPLOYMENT_OPTIONS:
        command = option(command)
    return command


def rule_options(command: F) -> F:
    """Add the options that say which rules apply: --config, --rule-file, --pack, --no-default-rules."""
    for option in _RULE_OPTIONS:
        command = option(command)
    return command


def standard_input() -> str:
    """Return the argument that means standard input, for a command that has none.

    Raises:
        UsageError: standard input is a terminal, where the command would wait for ever.
    """
    if is_terminal(sys.stdin):
        raise click.UsageError("Missing argument 'EVENT': a file, the name of a sample event, or - for standard input.")
    return STANDARD_INPUT


def format_option(kinds: Iterable[str], about: str = "What to print.") -> Callable[[F], F]:
    """Return what adds the option --format with these kinds of output, of which `text` is the default."""
    return click.option(
        "--format", "output_format", type=click.Choice(list(kinds)), default="text", show_default=True, help=about
    )


def event_id_option(command: F) -> F:
    """Add the option that chooses one record of several."""
    option = click.option("--event-id", metavar="ID", help="Choose the record with this eventID from a log file.")
    return option(command)
