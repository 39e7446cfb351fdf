"""Routes: where alerts go by account, and the secret list of webhooks by account. Pure."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from cloudtrail_to_slack.config.environment import is_web_address
from cloudtrail_to_slack.config.field_reader import Reader
from cloudtrail_to_slack.config.secrets import SecretKind, SecretSource
from cloudtrail_to_slack.errors import ConfigurationIssue
from cloudtrail_to_slack.json_fields import type_name

if TYPE_CHECKING:  # the restart function has routes and knows no rules
    from cloudtrail_to_slack.rules.model import Severity

EVERY_ACCOUNT = "*"
ACCOUNT = re.compile(r"\d{12}", re.ASCII)
SLACK_OPTIONS = ("min_severity", "mention")  # of a Slack route
# Source: Slack API docs, "Formatting message text", "Mentioning groups", and usergroups.list, `id`.
_USER_GROUP = re.compile(r"S[A-Z0-9]{3,30}", re.ASCII)
_WEBHOOK_KINDS: Mapping[str, SecretKind] = {
    "slack_hook_url": "environment",
    "slack_hook_url_ssm_parameter": "ssm",
    "slack_hook_url_secret_arn": "secretsmanager",
}
_WEBHOOK_SHAPE = (
    'must be {"accounts": [12-digit accounts], "slack_hook_url": "https://…"}, or with slack_hook_url_ssm_parameter'
    " or slack_hook_url_secret_arn in place of slack_hook_url; min_severity (info, low, medium, high or critical;"
    ' with it, accounts may be ["*"]) and mention (the ID of a Slack user group, S0123456789) are optional'
)


@dataclass(frozen=True, slots=True)
class Route:
    """A route for alerts of these accounts (`EVERY_ACCOUNT`: all) with at least the severity `least`.

    `mention` is the Slack user group that its critical alerts notify. The address is not in `repr`, because a webhook
    is a secret.
    """

    accounts: tuple[str, ...]
    address: str = field(repr=False)
    least: "Severity | None" = None
    mention: str | None = None


WebhookRoute = tuple[Route, SecretSource]  # a route to a webhook, and the source of its address
WebhookRoutes = tuple[list[WebhookRoute], list[ConfigurationIssue]]


@dataclass(frozen=True)
class Routes:
    """The routes of a destination; `default` takes alerts that no route takes; None: such alerts go nowhere.

    Routes with a minimum severity are tried first, in order; of the others, the first that names the account applies.
    """

    default: str | None = None
    routes: tuple[Route, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.default is not None or self.by_account or self.by_severity)

    @cached_property
    def by_account(self) -> Mapping[str, Route]:
        """The routes for alerts of any severity, by account."""
        found: dict[str, Route] = {}
        for route in self.routes:
            for account in route.accounts if route.least is None else ():
                found.setdefault(account, route)
        return found

    @cached_property
    def by_severity(self) -> "tuple[tuple[Severity, Route], ...]":
        """The routes with a minimum severity, each after that severity."""
        return tuple((route.least, route) for route in self.routes if route.least is not None)

    def route(self, account: str | None, severity: "Severity | None" = None) -> Route | None:
        """Return the route that takes an alert; without a severity, routes with a minimum severity are left out."""
        for least, route in self.by_severity:
            if severity is not None and severity >= least and {EVERY_ACCOUNT, account}.intersection(route.accounts):
                return route
        return self.by_account.get(account or "")

    def for_account(self, account: str | None, severity: "Severity | None" = None) -> str | None:
        """Return the address for alerts about `account`; see `route`."""
        route = self.route(account, severity)
        return route.address if route else self.default

    def mention(self, account: str | None, severity: "Severity") -> str | None:
        """Return the Slack user group that a critical alert mentions: that of the route that takes it."""
        route = self.route(account, severity)
        return route.mention if route else None

    def addresses(self) -> list[str]:
        """Return every address once, the default first."""
        routes = (*self.by_account.values(), *(route for _, route in self.by_severity))
        return list(dict.fromkeys(filter(None, (self.default, *(route.address for route in routes)))))

    def any(self, account: str | None) -> str | None:
        """Return the address for alerts about `account`, or any address if no route and no default takes them."""
        return self.for_account(account) or next(iter(self.addresses()), None)

    def accounts(self, address: str) -> list[str]:
        """Return the accounts that are routed to `address`."""
        found = [account for account, route in self.by_account.items() if route.address == address]
        for _, route in self.by_severity:
            found += sorted({*route.accounts} - {EVERY_ACCOUNT}) if route.address == address else []
        return list(dict.fromkeys(found))


@lru_cache(maxsize=2)  # each alert asks for the routes
def parse_webhook_routes(text: str, variable: str) -> WebhookRoutes:
    """Parse `SLACK_WEBHOOK_ROUTES`; return routes with their sources, and issues, which quote nothing."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return [], [ConfigurationIssue(variable, "is not JSON")]
    return read_webhook_routes(data, variable)


def read_webhook_routes(data: object, path: str) -> WebhookRoutes:
    """Read a parsed list of `{"accounts": […], "slack_hook_url": "…"}`, with an address or a reference to one."""
    if not isinstance(data, list):
        return [], [ConfigurationIssue(path, f"must be a list, not {type_name(data)}")]
    read = {f"{path}[{number}]": _webhook_route(element, f"{path}[{number}]") for number, element in enumerate(data)}
    issues = [ConfigurationIssue(where, _WEBHOOK_SHAPE) for where, route in read.items() if route is None]
    return [route for route in read.values() if route], issues


def read_route(section: Reader, address_key: str, options: tuple[str, ...]) -> Route | None:
    """Read one route; None: it lacks an address, which is an issue."""
    section.refuse_unknown(("accounts", address_key, *options))
    accounts, address = section.strings("accounts"), section.string(address_key)
    least = None
    if section.raw("min_severity") is not None:
        from cloudtrail_to_slack.config.rule_values import read_severity  # noqa: PLC0415 (it imports all of the rules)

        least = read_severity(section, "min_severity")
    mention = section.string("mention") if "mention" in options else None
    if not accounts:
        section.report("accounts", "must list at least one account")
    for account in accounts:
        if not ACCOUNT.fullmatch(account) and (account != EVERY_ACCOUNT or least is None):
            section.report("accounts", f"has {account[:100]!r}, and an account has 12 digits")
    if mention and not _USER_GROUP.fullmatch(mention):
        section.report("mention", "must be the ID of a Slack user group, such as S0123456789, and not its name")
    if address is None:
        section.report(address_key, "is missing")
        return None
    return Route(accounts, address, least, mention)


def _webhook_route(element: object, path: str) -> WebhookRoute | None:
    """Return a route and the source of its webhook; None: `element` is not a valid route."""
    issues: list[ConfigurationIssue] = []
    keys = [key for key in _WEBHOOK_KINDS if isinstance(element, dict) and key in element]
    route = read_route(Reader(element, path, issues), keys[0], SLACK_OPTIONS) if len(keys) == 1 else None
    if route is None or issues:
        return None
    kind = _WEBHOOK_KINDS[keys[0]]
    if kind == "environment" and not is_web_address(route.address):
        return None
    return route, SecretSource(f"{path}.{keys[0]}", kind, route.address)
