"""Where an alert goes: from its account to a bot's channel or a webhook, and to a topic. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from cloudtrail_to_slack.config import Routes


class Kind(Enum):
    """The kinds of destinations, by the names that metrics and logs use."""

    SLACK_APP = "slack_app"
    SLACK_WEBHOOK = "slack_webhook"
    SNS = "sns"


@dataclass(frozen=True, slots=True)
class Target:
    """One place to send to.

    `address` is a channel, a webhook's address (a secret, so not in `repr`) or a topic ARN. `fault` says why it is
    known beforehand that nothing can be sent there.
    """

    kind: Kind
    address: str = field(repr=False)
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class Router:
    """The routes in force: of a bot or of webhooks (with a bot, webhooks are not used), and of SNS.

    `slack_fault` says why the routes of Slack are not known; everything for Slack then fails with it. `faults` says
    what is wrong with single addresses.
    """

    slack_kind: Kind | None
    slack: Routes = field(repr=False)
    sns: Routes
    slack_fault: str | None = None
    faults: Mapping[str, str] = field(default_factory=dict)

    def targets(self, account: str | None) -> list[Target]:
        """Return where alerts about `account` go; empty when no route and no default takes them."""
        topic = self.sns.for_account(account)
        targets = self._slack_targets(self.slack.for_account(account))
        return [*targets, Target(Kind.SNS, topic)] if topic else targets

    def notice_targets(self, account: str | None) -> list[Target]:
        """Return where notices go: to Slack, or to SNS where there is no Slack. Without a default, to any route."""
        if self.slack_kind:
            return self._slack_targets(_any_route(self.slack, account))
        topic = _any_route(self.sns, account)
        return [Target(Kind.SNS, topic)] if topic else []

    def alarm_targets(self, account: str) -> list[Target]:
        """Return where alarms about `account` go: where its alerts go, and without a default to any route."""
        targets = self._slack_targets(_any_route(self.slack, account))
        topic = _any_route(self.sns, account)
        return [*targets, Target(Kind.SNS, topic)] if topic else targets

    def fallback(self, target: Target) -> Target | None:
        """Return where to send what cannot be sent to `target`: the default of its kind; None when that is itself."""
        default = (self.sns if target.kind is Kind.SNS else self.slack).default
        if self.slack_fault or default is None or default == target.address:
            return None
        return Target(target.kind, default, self.faults.get(default))

    def accounts(self, target: Target) -> list[str]:
        """Return the accounts whose route `target` is."""
        routes = self.sns if target.kind is Kind.SNS else self.slack
        return [account for account, address in routes.by_account.items() if address == target.address]

    def _slack_targets(self, address: str | None) -> list[Target]:
        if self.slack_kind is None:
            return []
        if self.slack_fault:
            return [Target(self.slack_kind, "", self.slack_fault)]
        return [Target(self.slack_kind, address, self.faults.get(address))] if address else []


def _any_route(routes: Routes, account: str | None) -> str | None:
    return routes.for_account(account) or next(iter(routes.by_account.values()), None)
