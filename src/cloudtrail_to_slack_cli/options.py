"""Options that several commands share."""

import sys
from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any, TypeVar

import click

from cloudtrail_to_slack_cli.event_input import STANDARD_INPUT
from cloudtrail_to_slack_cli.terminal import is_terminal

F = TypeVar("F", bound=Callable[..., Any])


def option_group(
    name: str, make: Callable[..., object], *options: Callable[[Callable[..., Any]], Callable[..., Any]]
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return what adds options to a command, which receives what `make` returns for their values as `name`."""

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(command)
        def wrapped(**given: Any) -> Any:  # noqa: ANN401 (what click passes)
            values = {each: given.pop(each) for each in names}
            return command(**{name: make(**values)}, **given)

        others = len(getattr(wrapped, "__click_params__", ()))
        for option in reversed(options):
            option(wrapped)
        parameters: list[click.Parameter] = getattr(wrapped, "__click_params__", [])  # click keeps them there
        names = [each.name for each in parameters[others:] if each.name]
        return wrapped

    return decorate


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


event_id_option = click.option("--event-id", metavar="ID", help="Choose the record with this eventID from a log file.")
