"""Options that choose the logs to read."""

import re
from collections.abc import Callable
from datetime import date, datetime
from functools import wraps
from typing import Any, TypeVar

import click

from cloudtrail_to_slack_cli.backtest.plan import Wanted
from cloudtrail_to_slack_cli.backtest.selection import Selection
from cloudtrail_to_slack_cli.errors import CommandError

Command = TypeVar("Command", bound=Callable[..., Any])
_ACCOUNT = re.compile(r"[0-9]{12}")
_REGION = re.compile(r"[a-z]{2,10}(-[a-z]{1,20}){1,3}-[0-9]{1,2}")

_OPTIONS = (
    click.argument("paths", metavar="[PATH]...", nargs=-1, type=click.Path()),
    click.option(
        "--keys",
        metavar="FILE",
        help="Read the S3 objects that a list, or the manifest.json of an S3 Inventory, names.",
    ),
    click.option(
        "--from", "first", metavar="DAY", help="Leave out log files delivered before this day, YYYY-MM-DD (UTC)."
    ),
    click.option("--to", "last", metavar="DAY", help="Leave out log files delivered after this day."),
    click.option("--account", "accounts", multiple=True, metavar="ID", help="Read only log files of this account."),
    click.option("--region", "regions", multiple=True, metavar="NAME", help="Read only log files of this region."),
    click.option("--profile", help="The AWS profile to read S3 with."),
    click.option(
        "--max-requests",
        "most_requests",
        type=click.IntRange(0),
        metavar="N",
        help="Stop before reading if it takes more than N requests to S3.",
    ),
    click.option(
        "--dry-run", "is_dry_run", is_flag=True, help="Print what would be read and what that costs, then stop."
    ),
    click.option(
        "--state",
        type=click.Path(),
        metavar="DIR",
        help="Keep results in this folder, and continue an interrupted run.",
    ),
    click.option(
        "--engine",
        type=click.Choice(["local", "spark"]),
        default="local",
        show_default=True,
        help="Evaluate on this machine, or in an Apache Spark session.",
    ),
    click.option(
        "--processes", type=click.IntRange(1), help="How many processes to use; by default one for each core."
    ),
)

_NAMES = (
    "paths", "keys", "first", "last", "accounts", "regions", "profile", "most_requests", "is_dry_run", "state",
    "engine", "processes",
)  # fmt: skip


def log_options(command: Command) -> Callable[..., Any]:
    """Give a command the options that say which logs it reads; it receives them as `wanted`."""

    @wraps(command)
    def wrapped(**given: Any) -> Any:  # noqa: ANN401 (what click passes)
        chosen = {name: given.pop(name) for name in _NAMES}
        return command(wanted=_wanted(**chosen), **given)

    decorated: Callable[..., Any] = wrapped
    for option in reversed(_OPTIONS):
        decorated = option(decorated)
    return decorated


def _wanted(
    *, first: str | None, last: str | None, accounts: tuple[str, ...], regions: tuple[str, ...], state: str | None,
    engine: str, **others: Any,  # noqa: ANN401 (what click passes)
) -> Wanted:  # fmt: skip
    """Return what the options name.

    Raises:
        CommandError: an option's value makes no sense.
    """
    if engine == "spark" and state is not None:
        raise CommandError("--state works only with --engine local: Spark itself repeats interrupted tasks")
    if state == "":
        raise CommandError("--state is empty: name a folder")
    chosen_accounts, chosen_regions = _names(accounts), _names(regions)
    for account in chosen_accounts:
        if not _ACCOUNT.fullmatch(account):
            raise CommandError(f"--account {account}: an account id has 12 digits")
    for region in chosen_regions:
        if not _REGION.fullmatch(region):
            raise CommandError(f"--region {region}: that is not a region name such as eu-west-1")
    from_day, to_day = _day("--from", first), _day("--to", last)
    if from_day and to_day and from_day > to_day:
        raise CommandError(f"--from {from_day} is after --to {to_day}")
    selection = Selection(from_day, to_day, chosen_accounts, chosen_regions)
    return Wanted(selection=selection, state=state, engine=engine, **others)


def _names(given: tuple[str, ...]) -> frozenset[str]:
    return frozenset(name.strip() for value in given for name in value.split(",") if name.strip())


def _day(option: str, text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007 (a day has no zone)
    except ValueError:
        raise CommandError(f"{option} {text}: write a day as YYYY-MM-DD") from None
