"""Where an alert goes: from its account to an address of each destination. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from cloudtrail_to_slack.config.routes import Routes
from cloudtrail_to_slack.errors import DestinationMisconfiguredError

if TYPE_CHECKING:  # the restart function has routes and knows no rules
    from cloudtrail_to_slack.rules import Severity


class Routed(Protocol):
    """What routing needs of a destination; see `Destination`."""

    @property
    def receives_notices(self) -> bool:
        """Whether notices are sent to it."""

    def routes(self) -> Routes:
        """Return the addresses by account."""

    def describe(self, address: str) -> str:
        """Return which address it is."""


@dataclass(frozen=True, slots=True)
class Target:
    """One address of a destination.

    The address may be a webhook, a secret, so it is not in `repr`. `error` says why it is known beforehand that nothing
    can be sent there.
    """

    destination: str
    address: str = field(repr=False)
    error: str | None = None


class Router:
    """The routes of one invocation, by the destination's name; each destination's are read when they are needed first.

    Where they cannot be read, everything for that destination fails, and nothing for another.
    """

    def __init__(self, destinations: Mapping[str, Routed]) -> None:
        self._destinations = destinations
        self._known: dict[str, Routes | str] = {}

    def targets(self, account: str | None, severity: "Severity | None" = None) -> list[Target]:
        """Return where alerts about `account` go; empty when no route and no default takes them.

        Without a severity, routes for severe alerts do not count.
        """
        return self._targets(list(self._destinations), lambda routes: routes.for_account(account, severity))

    def notice_targets(self, account: str | None) -> list[Target]:
        """Return where notices go: to the destinations that receive them, or to all where there is none.

        Without a default, they go to any route.
        """
        receiving = [name for name, each in self._destinations.items() if each.receives_notices and self._is_used(name)]
        return self._targets(receiving or list(self._destinations), lambda routes: routes.any(account))

    def alarm_targets(self, account: str) -> list[Target]:
        """Return where alarms about `account` go: where its alerts go, and without a default to any route."""
        return self._targets(list(self._destinations), lambda routes: routes.any(account))

    def fallback(self, target: Target) -> Target | None:
        """Return the default of the same destination; None when that is the target itself, or there is none."""
        default = self._routes(target).default
        return None if default is None or default == target.address else Target(target.destination, default)

    def accounts(self, target: Target) -> list[str]:
        """Return the accounts whose route `target` is."""
        return self._routes(target).accounts(target.address)

    def describe(self, target: Target) -> str:
        """Return which destination and address it is, for logs and errors; never a secret."""
        return self._destinations[target.destination].describe(target.address)

    def _routes(self, target: Target) -> Routes:
        found = self._read(target.destination)
        return found if isinstance(found, Routes) else Routes()

    def _read(self, name: str) -> Routes | str:
        """Return a destination's routes, or the code of the error where they cannot be read."""
        if name not in self._known:
            try:
                self._known[name] = self._destinations[name].routes()
            except DestinationMisconfiguredError as error:
                self._known[name] = error.code
        return self._known[name]

    def _is_used(self, name: str) -> bool:
        return bool(self._read(name))

    def _targets(self, names: list[str], choose: Callable[[Routes], str | None]) -> list[Target]:
        targets = []
        for name in names:
            routes = self._read(name)
            if isinstance(routes, str):
                targets.append(Target(name, "", routes))
            elif address := choose(routes):
                targets.append(Target(name, address))
        return targets
