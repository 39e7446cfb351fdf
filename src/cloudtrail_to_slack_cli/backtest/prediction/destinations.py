"""Where the alerts and notices of a configuration go: channels of a bot, webhooks, topics, added destinations."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from cloudtrail_to_slack.config.loader import Config
from cloudtrail_to_slack.config.routes import EVERY_ACCOUNT, Route, Routes, WebhookRoute
from cloudtrail_to_slack.delivery.routing import Router, Target

DEFAULT_NAME = "default"
_ACCOUNTS_SHOWN = 3  # as the function shows of a webhook


class SlackBy(Enum):
    """How alerts reach Slack: what the configuration says, by a bot, by webhooks, or not at all."""

    CONFIGURATION = "auto"
    BOT = "bot"
    WEBHOOK = "webhook"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Deployment:
    """What the prediction needs to know and `config.json` does not say.

    `webhooks` are routes to webhooks; what matters of an address is which others are the same. `has_table`: there is a
    state table.
    """

    files_per_invocation: int = 1
    slack: SlackBy = SlackBy.CONFIGURATION
    webhooks: Sequence[WebhookRoute] = ()
    has_table: bool = True


@dataclass(frozen=True, slots=True)
class _Routed:
    """A destination as the router sees it."""

    known: Routes
    receives_notices: bool

    def routes(self) -> Routes:
        return self.known


def make_router(config: Config, deployment: Deployment) -> Router:
    """Return the routes to the destinations of a configuration; where it has no channel, to one called "default"."""
    # As in the function, the list that is a secret counts where both name an account.
    webhooks = (*deployment.webhooks, *config.slack_webhook_routes)
    slack = deployment.slack
    if slack is SlackBy.CONFIGURATION:
        slack = _configured(config, has_webhooks=bool(webhooks))
    known: dict[str, Any] = {}  # what the router uses of a destination
    if slack is SlackBy.WEBHOOK:
        known["slack_webhook"] = _Routed(Routes(DEFAULT_NAME, _webhook_routes(webhooks)), receives_notices=True)
    elif slack is SlackBy.BOT:
        known["slack_app"] = _Routed(config.slack or Routes(DEFAULT_NAME), receives_notices=True)
    known["sns"] = _Routed(config.sns, receives_notices=False)
    known |= {name: _Routed(routes, receives_notices=True) for name, routes in config.destinations.items()}
    return Router(known)


def label(target: Target) -> str:
    """Return what reports call a target: a channel or a topic by its id, a webhook, which is a secret, by accounts."""
    return f"{target.destination} {target.address}"


def _configured(config: Config, *, has_webhooks: bool) -> SlackBy:
    """Return how alerts reach Slack, as far as a configuration says it."""
    if config.slack:
        return SlackBy.BOT
    if has_webhooks:
        return SlackBy.WEBHOOK
    return SlackBy.NONE if config.sns or config.destinations else SlackBy.BOT


def _webhook_routes(webhooks: Sequence[WebhookRoute]) -> tuple[Route, ...]:
    """Return the routes to webhooks, each of which goes by what is routed to it, and two never by one name."""
    routes: dict[tuple[str, str], list[Route]] = {}
    for route, source in webhooks:
        routes.setdefault((source.kind, source.reference), []).append(route)
    names: dict[tuple[str, str], str] = {}
    for key, found in routes.items():
        name = "; ".join(dict.fromkeys(map(_routed, found)))
        same = sum(each.partition(" #")[0] == name for each in names.values())
        names[key] = f"{name} #{same + 1}" if same else name
    return tuple(replace(route, address=names[source.kind, source.reference]) for route, source in webhooks)


def _routed(route: Route) -> str:
    """Return in a few words what a route takes."""
    accounts = ["every account" if each == EVERY_ACCOUNT else each for each in route.accounts]
    more = len(accounts) - _ACCOUNTS_SHOWN
    shown = ", ".join(accounts[:_ACCOUNTS_SHOWN]) + (f" and {more} more" if more > 0 else "")
    return f"{shown} ({route.least.word} and above)" if route.least is not None else shown
