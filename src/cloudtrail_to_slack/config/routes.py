"""Routes: where alerts go by account, and the list of webhooks by account, which is a secret. Pure."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
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
SLACK_OPTIONS = ("min_severity", "mention")  # of a route
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
    """One route as it is configured; `mention` is the Slack user group that its critical alerts notify.

    The address may be a webhook, a secret, so it is not in `repr`.
    """

    accounts: tuple[str, ...]
    address: str = field(repr=False)
    least: "Severity | None" = None
    mention: str | None = None


WebhookRoute = tuple[Route, SecretSource]  # a route to a webhook, and where that is kept
WebhookRoutes = tuple[list[WebhookRoute], list[ConfigurationIssue]]


@dataclass(frozen=True, slots=True)
class SeverityRoute:
    """A route for alerts of at least `least` severity, of these accounts; `EVERY_ACCOUNT` among them stands for all."""

    address: str
    accounts: frozenset[str]
    least: "Severity"
    mention: str | None = None

    def takes(self, account: str | None, severity: "Severity") -> bool:
        """Whether an alert goes here."""
        return severity >= self.least and bool({EVERY_ACCOUNT, account} & self.accounts)


@dataclass(frozen=True, slots=True)
class Routes:
    """Where alerts go by account: a Slack channel, a webhook, a topic ARN. None: nowhere.

    Those of `by_severity` come first, in order. `mentions` has the user groups of the routes by account.
    """

    default: str | None = None
    by_account: Mapping[str, str] = field(default_factory=dict)
    by_severity: tuple[SeverityRoute, ...] = ()
    mentions: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, default: str | None, routes: Iterable[Route]) -> "Routes":
        """Return routes as they are configured; of those by account, the first that names an account counts."""
        by_account: dict[str, Route] = {}
        by_severity = []
        for route in routes:
            if route.least is not None:
                accounts = frozenset(route.accounts)
                by_severity.append(SeverityRoute(route.address, accounts, route.least, route.mention))
                continue
            for account in route.accounts:
                by_account.setdefault(account, route)
        return cls(
            default,
            {account: route.address for account, route in by_account.items()},
            tuple(by_severity),
            {account: route.mention for account, route in by_account.items() if route.mention},
        )

    def __bool__(self) -> bool:
        return self.default is not None or bool(self.by_account) or bool(self.by_severity)

    def for_account(self, account: str | None, severity: "Severity | None" = None) -> str | None:
        """Return where alerts about `account` go; an unknown account goes where no route names it.

        Without a severity, routes that are for severe alerts alone do not count.
        """
        for route in self.by_severity:
            if severity is not None and route.takes(account, severity):
                return route.address
        return self.by_account.get(account, self.default) if account else self.default

    def mention(self, account: str | None, severity: "Severity") -> str | None:
        """Return the Slack user group that an alert mentions if it is critical: that of the route that takes it."""
        for route in self.by_severity:
            if route.takes(account, severity):
                return route.mention
        return self.mentions.get(account or "")

    def addresses(self) -> list[str]:
        """Return every address once, the default first."""
        routed = (*self.by_account.values(), *(route.address for route in self.by_severity))
        return list(dict.fromkeys(address for address in (self.default, *routed) if address))

    def any(self, account: str | None) -> str | None:
        """Return where alerts about `account` go, or any address where no route and no default takes them."""
        return self.for_account(account) or next(iter(self.addresses()), None)

    def accounts(self, address: str) -> list[str]:
        """Return the accounts whose route `address` is."""
        found = [account for account, routed in self.by_account.items() if routed == address]
        for route in self.by_severity:
            found += sorted(route.accounts - {EVERY_ACCOUNT}) if route.address == address else []
        return list(dict.fromkeys(found))


def parse_webhook_routes(text: str, variable: str) -> WebhookRoutes:
    """Parse `SLACK_WEBHOOK_ROUTES`: routes, where their webhooks are, and which elements are wrong, quoting nothing."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return [], [ConfigurationIssue(variable, "is not JSON")]
    return read_webhook_routes(data, variable)


def read_webhook_routes(data: object, path: str) -> WebhookRoutes:
    """Read the parsed list of `{"accounts": […], "slack_hook_url": "…"}`, or where the address is kept in its place."""
    if not isinstance(data, list):
        return [], [ConfigurationIssue(path, f"must be a list, not {type_name(data)}")]
    read = {f"{path}[{number}]": _webhook_route(element, f"{path}[{number}]") for number, element in enumerate(data)}
    issues = [ConfigurationIssue(where, _WEBHOOK_SHAPE) for where, route in read.items() if route is None]
    return [route for route in read.values() if route], issues


def read_route(section: Reader, address_key: str, options: tuple[str, ...]) -> Route | None:
    """Read one route; None where it has no address, which is an issue."""
    section.refuse_unknown(("accounts", address_key, *options))
    accounts, address = section.strings("accounts"), section.string(address_key)
    least = None
    if section.has("min_severity"):
        from cloudtrail_to_slack.config.rule_reader import read_severity  # noqa: PLC0415 (brings all rules along)

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
    """Return a route, and where its webhook is; None when `element` is no such route."""
    issues: list[ConfigurationIssue] = []
    keys = [key for key in _WEBHOOK_KINDS if isinstance(element, dict) and key in element]
    route = read_route(Reader(element, path, issues), keys[0], SLACK_OPTIONS) if len(keys) == 1 else None
    if route is None or issues:
        return None
    kind = _WEBHOOK_KINDS[keys[0]]
    if kind == "environment" and not is_web_address(route.address):
        return None
    return route, SecretSource(f"{path}.{keys[0]}", kind, route.address)
