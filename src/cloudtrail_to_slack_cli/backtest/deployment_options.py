"""Options for what messages depend on and `config.json` does not contain."""

import json
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

import click

from cloudtrail_to_slack.config.routes import WebhookRoute, read_webhook_routes
from cloudtrail_to_slack_cli.backtest.prediction.destinations import Deployment, SlackBy
from cloudtrail_to_slack_cli.errors import CommandError, UnreadableError

Command = TypeVar("Command", bound=Callable[..., Any])

_OPTIONS = (
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


def predicted_options(command: Command) -> Callable[..., Any]:
    """Give a command the options that say how messages are predicted; it receives them as `deployment`."""

    @wraps(command)
    def wrapped(
        files_per_invocation: int,
        slack: str,
        webhook_routes: str | None,
        *,
        no_table: bool,
        **given: Any,  # noqa: ANN401 (what click passes)
    ) -> Any:  # noqa: ANN401 (as above)
        by = SlackBy(slack)
        webhooks = _webhooks(webhook_routes) if webhook_routes else []
        if webhooks and by is SlackBy.CONFIGURATION:
            by = SlackBy.WEBHOOK
        if webhooks and by is not SlackBy.WEBHOOK:
            raise CommandError(f"--webhook-routes is for --slack webhook, not for --slack {slack}")
        deployment = Deployment(files_per_invocation, by, webhooks, has_table=not no_table)
        return command(deployment=deployment, **given)

    decorated: Callable[..., Any] = wrapped
    for option in reversed(_OPTIONS):
        decorated = option(decorated)
    return decorated


def _webhooks(path: str) -> list[WebhookRoute]:
    """Return the routes to webhooks; no error quotes an address."""
    try:
        with open(path, encoding="utf-8") as file:  # noqa: PTH123 (paths stay as they are written)
            data = json.load(file)
    except OSError:
        raise UnreadableError(path, "cannot be read") from None
    except (ValueError, RecursionError):
        raise UnreadableError(path, "is not JSON") from None
    routes, issues = read_webhook_routes(data, "routes")
    if issues:
        raise UnreadableError(path, "; ".join(map(str, issues)))
    return routes
