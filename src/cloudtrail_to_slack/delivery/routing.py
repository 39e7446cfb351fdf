"""Where an alert goes: from its account to a bot's channel or a webhook, and to a topic. Pure."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property

from cloudtrail_to_slack.config.loader import Routes

_ACCOUNTS_SHOWN = 3


class Kind(Enum):
    """The kinds of destinations, by the names that metrics and logs use."""

    SLACK_APP = "slack_app"
    SLACK_WEBHOOK = "slack_webhook"
    SNS = "sns"


@dataclass(frozen=True, slots=True)
class Target:
    """One place to send to.

    `address` is a channel, a webhook's name (which may be its address, a secret, so not in `repr`) or a topic ARN.
    `fault` says why it is known beforehand that nothing can be sent there.
    """

    kind: Kind
    address: str = field(repr=False)
    fault: str | None = None


class Router:
    """The routes in force: of a bot or of webhooks (with a bot, webhooks are not used), and of SNS.

    `slack` is called for the routes of Slack when the first alert or notice needs them; where it returns None they are
    not known, and everything for Slack fails, and SNS does not.
    """

    def __init__(self, slack_kind: Kind | None, slack: Callable[[], Routes | None], sns: Routes) -> None:
        self._slack_kind = slack_kind
        self._load_slack = slack
        self._sns = sns

    def targets(self, account: str | None) -> list[Target]:
        """Return where alerts about `account` go; empty when no route and no default takes them."""
        topic = self._sns.for_account(account)
        targets = self._slack_targets(lambda routes: routes.for_account(account))
        return [*targets, Target(Kind.SNS, topic)] if topic else targets

    def notice_targets(self, account: str | None) -> list[Target]:
        """Return where notices go: to Slack, or to SNS where there is no Slack. Without a default, to any route."""
        if self._slack_kind:
            return self._slack_targets(lambda routes: _any_route(routes, account))
        topic = _any_route(self._sns, account)
        return [Target(Kind.SNS, topic)] if topic else []

    def alarm_targets(self, account: str) -> list[Target]:
        """Return where alarms about `account` go: where its alerts go, and without a default to any route."""
        targets = self._slack_targets(lambda routes: _any_route(routes, account))
        topic = _any_route(self._sns, account)
        return [*targets, Target(Kind.SNS, topic)] if topic else targets

    def fallback(self, target: Target) -> Target | None:
        """Return where to send what cannot be sent to `target`: the default of its kind; None when that is itself."""
        default = self._routes(target).default
        return None if default is None or default == target.address else Target(target.kind, default)

    def accounts(self, target: Target) -> list[str]:
        """Return the accounts whose route `target` is."""
        return [account for account, address in self._routes(target).by_account.items() if address == target.address]

    def describe(self, target: Target) -> str:
        """Return the target's kind and which one it is, for logs and errors: a channel's id, a topic's ARN.

        A webhook's address is a secret: it goes by the accounts that are routed to it.
        """
        kind: str = target.kind.value
        if target.kind is not Kind.SLACK_WEBHOOK:
            return f"{kind} {target.address}"
        if self._slack is None:
            return kind
        if target.address == self._slack.default:
            return f"{kind} (the default)"
        accounts = self.accounts(target)
        more = len(accounts) - _ACCOUNTS_SHOWN
        shown = ", ".join(accounts[:_ACCOUNTS_SHOWN]) + (f" and {more} more" if more > 0 else "")
        return f"{kind} (the route of {shown})"

    @cached_property
    def _slack(self) -> Routes | None:
        return self._load_slack()

    def _routes(self, target: Target) -> Routes:
        return self._sns if target.kind is Kind.SNS else self._slack or Routes()

    def _slack_targets(self, choose: Callable[[Routes], str | None]) -> list[Target]:
        if self._slack_kind is None:
            return []
        if self._slack is None:
            return [Target(self._slack_kind, "", "webhooks_unreadable")]
        address = choose(self._slack)
        return [Target(self._slack_kind, address)] if address else []


def _any_route(routes: Routes, account: str | None) -> str | None:
    return routes.for_account(account) or next(iter(routes.by_account.values()), None)
