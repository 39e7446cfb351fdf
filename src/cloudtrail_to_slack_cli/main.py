"""The entry point: the group of commands, and how each ends."""

import io
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import NoReturn

import click

from cloudtrail_to_slack_cli.errors import (
    EXIT_BROKEN_PIPE,
    EXIT_CLEAN,
    EXIT_INTERRUPTED,
    EXIT_UNREADABLE,
    EXIT_USAGE,
    CommandError,
)
from cloudtrail_to_slack_cli.interruption import raise_on_interruption

# Each command is imported when it is used: some need much that others do not.
COMMANDS = {
    "check": "Check rule files and configurations.",
    "test": "Run the tests in rule files.",
    "explain": "Explain why an event alerts, or does not.",
    "preview": "Show what alerts will look like.",
    "suggest": "Suggest the narrowest ignore rule for an alert.",
    "backtest": "Show what the rules would have sent for past log files.",
    "events": "Search the event names and fields that rules can use.",
    "diff": "Compare what two configurations send.",
    "schema": "Print the JSON Schema of rule files.",
    "doctor": "Diagnose a deployed function.",
    "redrive": "Send dead letters through the function again.",
    "coverage": "List rules by the ATT&CK technique that they detect.",
    "import-sigma": "Turn Sigma rules for CloudTrail into a rule file.",
}


class Commands(click.Group):
    """The commands, each in a module of its own name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands, in the order in which one needs them."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, None if there is none of that name."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        command = import_module(f"cloudtrail_to_slack_cli.commands.{cmd_name.replace('-', '_')}").command
        raise_on_interruption()
        return command if isinstance(command, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that is meant, or say which one was probably meant."""
        name = args[0] if args else ""
        if name and name not in COMMANDS and not name.startswith("-"):
            from cloudtrail_to_slack.rules.expressions.refusals import close_to  # noqa: PLC0415 (only for what is wrong)

            close = close_to(name, COMMANDS, cutoff=0.6)
            meant = f" Did you mean {close}?" if close else ""
            ctx.fail(f"There is no command {name!r}.{meant}")
        return super().resolve_command(ctx, args)


def _show_version(context: click.Context, _parameter: click.Parameter, is_wanted: bool) -> None:  # noqa: FBT001 (click's)
    if not is_wanted:
        return
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415 (it takes long)

    try:
        number = version("cloudtrail-to-slack")
    except PackageNotFoundError:  # run from a checkout
        number = "unknown"
    click.echo(f"cloudtrail-to-slack {number}")
    context.exit()


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Documentation: docs/cli.md",
)
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_show_version, help="Show the version."
)
def cli() -> None:
    """Check, test and explain CloudTrail alert rules, and diagnose a deployed function."""


def run(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code; whatever the user did wrong, there is no traceback.

    Exit codes: 0 clean, 1 findings, 2 usage, 3 an input cannot be read, 130 interrupted, 141 the pipe was closed.
    """
    try:
        result = cli.main(args=arguments, prog_name="cloudtrail-to-slack", standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return EXIT_USAGE
    except click.ClickException as error:
        error.show()
        return EXIT_USAGE
    except (click.Abort, KeyboardInterrupt):
        return EXIT_INTERRUPTED
    except CommandError as error:
        from cloudtrail_to_slack_cli.terminal import safe  # noqa: PLC0415 (only for what is wrong)

        click.echo(f"Error: {safe(str(error))}", err=True)
        return error.exit_code
    except BrokenPipeError:
        _discard_output()
        return EXIT_BROKEN_PIPE
    except SystemExit as error:
        # Click or rich saw the closed pipe first.
        if type(sys.stdout).__name__.endswith("PacifyFlushWrapper") or isinstance(error.__context__, BrokenPipeError):
            return EXIT_BROKEN_PIPE
        raise
    except OSError as error:  # a full disk, say
        _discard_output()
        place = f"{error.filename}: " if error.filename else ""
        click.echo(f"Error: {place}{error.strerror or error}", err=True)
        return EXIT_UNREADABLE
    return result if isinstance(result, int) else EXIT_CLEAN


def _discard_output() -> None:
    """Let what is left in the buffer go nowhere, so that the interpreter does not complain at its end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())


def main() -> NoReturn:
    """Run the command line, and end the process."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # the shell closed it, as with `>&-`
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115 (no path; until the end)
    if isinstance(sys.stdout, io.TextIOWrapper):  # what it cannot encode, such as an emoji on Windows, is escaped
        sys.stdout.reconfigure(errors="backslashreplace")
    sys.exit(run())
