"""Where an alert goes: from its account to an address of each destination. Pure."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cloudtrail_to_slack.config.routes import Routes
from cloudtrail_to_slack.destinations.base import Destination
from cloudtrail_to_slack.errors import DestinationMisconfiguredError

if TYPE_CHECKING:  # the restart function has routes and knows no rules
    from cloudtrail_to_slack.rules import Severity


@dataclass(frozen=True, slots=True)
class Target:
    """One address of a destination; not in `repr`, because a webhook is a secret.

    `error` is set if it is already known that nothing can be sent there.
    """

    destination: str
    address: str = field(repr=False)
    error: str | None = None

    @property
    def key(self) -> str:
        """The target in keys; only a digest of its address."""
        return f"{self.destination}#{hashlib.sha256(self.address.encode()).hexdigest()[:32]}"


class Router:
    """The routes of one invocation, by the destination's name, each read when first needed.

    If a destination's routes cannot be read, only what is sent to that destination fails.
    """

    def __init__(self, destinations: Mapping[str, Destination[Any]]) -> None:
        self._destinations = destinations
        self._known: dict[str, tuple[Routes, str | None]] = {}  # with an error code if they cannot be read

    def targets(self, account: str | None, severity: "Severity | None" = None) -> list[Target]:
        """Return where alerts about `account` go; empty: no route and no default takes them.

        Without a severity, routes for severe alerts are left out.
        """
        return self._targets(self._destinations, lambda routes: routes.for_account(account, severity))

    def notice_targets(self, account: str | None) -> list[Target]:
        """Return where notices go: to the configured destinations that receive them, or to all if none does.

        Without a default, they go to any route.
        """
        receiving = [name for name, each in self._destinations.items() if each.receives_notices]
        used = [name for name in receiving if any(self._read(name))]
        return self._targets(used or self._destinations, lambda routes: routes.any(account))

    def alarm_targets(self, account: str) -> list[Target]:
        """Return where alarms about `account` go: where its alerts go, or without a default to any route."""
        return self._targets(self._destinations, lambda routes: routes.any(account))

    def fallback(self, target: Target) -> Target | None:
        """Return the default of the same destination; None: there is none, or it is the target itself."""
        default = self._read(target.destination)[0].default
        return None if default in (None, target.address) else Target(target.destination, default)

    def accounts(self, target: Target) -> list[str]:
        """Return the accounts that are routed to `target`."""
        return self._read(target.destination)[0].accounts(target.address)

    def describe(self, target: Target) -> str:
        """Return which destination and address it is, for logs and errors; never a secret."""
        return self._destinations[target.destination].describe(target.address)

    def _read(self, name: str) -> tuple[Routes, str | None]:
        if name not in self._known:
            try:
                self._known[name] = self._destinations[name].routes(), None
            except DestinationMisconfiguredError as error:
                self._known[name] = Routes(), error.code
        return self._known[name]

    def _targets(self, names: Iterable[str], choose: Callable[[Routes], str | None]) -> list[Target]:
        targets = []
        for name in names:
            routes, error = self._read(name)
            address = choose(routes)
            if error or address:
                targets.append(Target(name, address or "", error))
        return targets
