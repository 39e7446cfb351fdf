"""Routes: where alerts go by account, and the list of webhooks by account, which is a secret. Pure."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from cloudtrail_to_slack.config.environment import is_web_address
from cloudtrail_to_slack.config.field_reader import Reader
from cloudtrail_to_slack.config.secrets import SecretKind, SecretSource
from cloudtrail_to_slack.errors import ConfigurationIssue
from cloudtrail_to_slack.json_fields import type_name

if TYPE_CHECKING:  # the restart function has routes and knows no rules
    from cloudtrail_to_slack.rules.model import Severity

T = TypeVar("T")
WebhookRoutes = tuple[dict[str, SecretSource], list[ConfigurationIssue]]

EVERY_ACCOUNT = "*"
ACCOUNT = re.compile(r"\d{12}", re.ASCII)
_WEBHOOK_KINDS: Mapping[str, SecretKind] = {
    "slack_hook_url": "environment",
    "slack_hook_url_ssm_parameter": "ssm",
    "slack_hook_url_secret_arn": "secretsmanager",
}
_WEBHOOK_SHAPE = (
    'must be {"accounts": [12-digit accounts], "slack_hook_url": "https://…"}, or with slack_hook_url_ssm_parameter'
    " or slack_hook_url_secret_arn in place of slack_hook_url"
)


@dataclass(frozen=True, slots=True)
class SeverityRoute:
    """A route for alerts of at least `least` severity, of these accounts; `EVERY_ACCOUNT` among them stands for all."""

    address: str
    accounts: frozenset[str]
    least: "Severity"


@dataclass(frozen=True, slots=True)
class Routes:
    """Where alerts go by account: a Slack channel, a webhook, a topic ARN. None: nowhere.

    Those of `by_severity` come first, in order.
    """

    default: str | None = None
    by_account: Mapping[str, str] = field(default_factory=dict)
    by_severity: tuple[SeverityRoute, ...] = ()

    def __bool__(self) -> bool:
        return self.default is not None or bool(self.by_account) or bool(self.by_severity)

    def for_account(self, account: str | None, severity: "Severity | None" = None) -> str | None:
        """Return where alerts about `account` go; an unknown account goes where no route names it.

        Without a severity, routes that are for severe alerts alone do not count.
        """
        for route in self.by_severity:
            if severity is not None and severity >= route.least and {EVERY_ACCOUNT, account} & route.accounts:
                return route.address
        return self.by_account.get(account, self.default) if account else self.default

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
    """Parse `SLACK_WEBHOOK_ROUTES`: where each account's webhook is, and which elements are wrong, quoting nothing."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return {}, [ConfigurationIssue(variable, "is not JSON")]
    return read_webhook_routes(data, variable)


def read_webhook_routes(data: object, path: str) -> WebhookRoutes:
    """Read the parsed list of `{"accounts": […], "slack_hook_url": "…"}`, or where the address is kept in its place."""
    if not isinstance(data, list):
        return {}, [ConfigurationIssue(path, f"must be a list, not {type_name(data)}")]
    read = {f"{path}[{number}]": _webhook_route(element, f"{path}[{number}]") for number, element in enumerate(data)}
    issues = [ConfigurationIssue(where, _WEBHOOK_SHAPE) for where, route in read.items() if route is None]
    return by_account(filter(None, read.values())), issues


def by_account(routes: Iterable[tuple[tuple[str, ...], T]]) -> dict[str, T]:
    """Return what each account has; the first route that names an account counts."""
    found: dict[str, T] = {}
    for accounts, address in routes:
        for account in accounts:
            found.setdefault(account, address)
    return found


def _webhook_route(element: object, path: str) -> tuple[tuple[str, ...], SecretSource] | None:
    """Return accounts, and where their webhook is; None when `element` is no such route."""
    issues: list[ConfigurationIssue] = []
    fields = Reader(element, path, issues)
    keys = [key for key in _WEBHOOK_KINDS if isinstance(element, dict) and key in element]
    fields.refuse_unknown(("accounts", *keys))
    accounts, address = fields.strings("accounts"), fields.string(keys[0]) if len(keys) == 1 else None
    if issues or not address or not accounts or not all(map(ACCOUNT.fullmatch, accounts)):
        return None
    kind = _WEBHOOK_KINDS[keys[0]]
    if kind == "environment" and not is_web_address(address):
        return None
    return accounts, SecretSource(f"{path}.{keys[0]}", kind, address)
