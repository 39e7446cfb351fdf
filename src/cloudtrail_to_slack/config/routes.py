"""Routes: where alerts go by account. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Routes:
    """Where alerts go by account: a Slack channel, a webhook, a topic ARN. None: nowhere."""

    default: str | None = None
    by_account: Mapping[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return self.default is not None or bool(self.by_account)

    def for_account(self, account: str | None) -> str | None:
        """Return where alerts about `account` go; an unknown account goes where no route names it."""
        return self.by_account.get(account, self.default) if account else self.default

    def any(self, account: str | None) -> str | None:
        """Return where alerts about `account` go, or any address where no route and no default takes them."""
        return self.for_account(account) or next(iter(self.by_account.values()), None)

    def accounts(self, address: str) -> list[str]:
        """Return the accounts whose route `address` is."""
        return [account for account, routed in self.by_account.items() if routed == address]
