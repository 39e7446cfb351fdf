"""Options that choose the logs to read, and those for what messages depend on and `config.json` does not contain."""

import json
import re
from datetime import date, datetime
from typing import Any

import click

from cloudtrail_to_slack.config.routes import WebhookRoute, read_webhook_routes
from cloudtrail_to_slack_cli.backtest.plan import Wanted
from cloudtrail_to_slack_cli.backtest.prediction.destinations import Deployment, SlackBy
from cloudtrail_to_slack_cli.backtest.selection import Selection
from cloudtrail_to_slack_cli.errors import CommandError, UnreadableError, read_bytes
from cloudtrail_to_slack_cli.options import option_group

_ACCOUNT = re.compile(r"[0-9]{12}")
_REGION = re.compile(r"[a-z]{2,10}(-[a-z]{1,20}){1,3}-[0-9]{1,2}")


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


def _deployment(files_per_invocation: int, slack: str, webhook_routes: str | None, *, no_table: bool) -> Deployment:
    by = SlackBy(slack)
    webhooks = _webhooks(webhook_routes) if webhook_routes else []
    if webhooks and by is SlackBy.CONFIGURATION:
        by = SlackBy.WEBHOOK
    if webhooks and by is not SlackBy.WEBHOOK:
        raise CommandError(f"--webhook-routes is for --slack webhook, not for --slack {slack}")
    return Deployment(files_per_invocation, by, webhooks, has_table=not no_table)


def _webhooks(path: str) -> list[WebhookRoute]:
    """Return the routes to webhooks; no error quotes an address."""
    try:
        routes, issues = read_webhook_routes(json.loads(read_bytes(path)), "routes")
    except (ValueError, RecursionError):
        raise UnreadableError(path, "is not JSON") from None
    if issues:
        raise UnreadableError(path, "; ".join(map(str, issues)))
    return routes


# The options that say which logs are read; a command receives them as `wanted`.
log_options = option_group(
    "wanted",
    _wanted,
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
# Those that say how messages are predicted; a command receives them as `deployment`.
predicted_options = option_group(
    "deployment",
    _deployment,
    click.option(
        "--files-per-invocation",
        type=click.IntRange(1, 10_000),
        default=1,
        show_default=True,
        help="How many log files, in order of delivery, one invocation reads.",
    ),
    click.option(
        "--slack",
        type=click.Choice([each.value for each in SlackBy]),
        default=SlackBy.CONFIGURATION.value,
        show_default=True,
        help="How alerts reach Slack: as the configuration says, by a bot, by webhooks, or not at all.",
    ),
    click.option(
        "--webhook-routes",
        type=click.Path(),
        metavar="FILE",
        help="The webhooks by account, as in SLACK_WEBHOOK_ROUTES; their addresses may be invented.",
    ),
    click.option("--no-table", is_flag=True, help="Predict for a function without a state table."),
)
