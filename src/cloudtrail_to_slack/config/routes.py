"""Routes: where alerts go by account. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the restart function has routes and knows no rules
    from collections.abc import Mapping

    from cloudtrail_to_slack.rules.model import Severity

EVERY_ACCOUNT = "*"


@dataclass(frozen=True, slots=True)
class SeverityRoute:
    """A route for alerts of at least `least` severity, of these accounts; `EVERY_ACCOUNT` among them stands for all."""

    address: str
    accounts: frozenset[str]
    least: Severity

    def takes(self, account: str | None, severity: Severity) -> bool:
        """Whether an alert goes here."""
        return severity >= self.least and (EVERY_ACCOUNT in self.accounts or account in self.accounts)


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

    def for_account(self, account: str | None, severity: Severity | None = None) -> str | None:
        """Return where alerts about `account` go; an unknown account goes where no route names it.

        Without a severity, routes that are for severe alerts alone do not count.
        """
        if severity is not None:
            for route in self.by_severity:
                if route.takes(account, severity):
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
        severe = (
            account for route in self.by_severity if route.address == address for account in sorted(route.accounts)
        )
        named = (account for account, routed in self.by_account.items() if routed == address)
        return [account for account in dict.fromkeys((*named, *severe)) if account != EVERY_ACCOUNT]
