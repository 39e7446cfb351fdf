"""Slack's webhooks by account. Each is read from its secret only when a message is sent to it.

There may be hundreds, each in its own parameter, and an invocation sends to few or none. Until then a webhook has a
name: the reference to its secret, or its address if that is configured.
"""

from collections.abc import Sequence
from dataclasses import replace

from cloudtrail_to_slack.config.environment import is_web_address
from cloudtrail_to_slack.config.routes import Route, Routes, WebhookRoute, parse_webhook_routes
from cloudtrail_to_slack.config.secrets import SecretReader, SecretSource, problem_of_word
from cloudtrail_to_slack.errors import SecretError


class Webhooks:
    """The webhooks of a deployment, for the life of the process: the default one, and those of routes.

    Routes come first from a list, which is a secret because it may contain addresses, then from `references`.
    """

    def __init__(
        self,
        secrets: SecretReader,
        default: SecretSource | None,
        listed: SecretSource | None = None,
        references: Sequence[WebhookRoute] = (),
    ) -> None:
        self._secrets = secrets
        self._default = default
        self._list = listed
        self._references = references
        self._sources: dict[str, SecretSource] = {}
        self._replaced: dict[str, str] = {}

    def routes(self) -> Routes:
        """Return the routes, whose addresses are the names of webhooks.

        Raises:
            SecretError: the list of routes is kept elsewhere, and cannot be read or is invalid.
        """
        default = self._name(self._default) if self._default else None
        return Routes(default, self._named((*self._listed()[1], *self._references)))

    def address(self, name: str) -> str:
        """Return the address of a webhook by its name; raises as `SecretReader.read_to_send`."""
        name = self._replaced.get(name, name)
        source = self._sources.get(name)
        return self._secrets.read_to_send(source, "webhook", _problem_of_address) if source else name

    def renew(self, name: str, rejected: str) -> bool:
        """Read a webhook's secret anew, because Slack `rejected` its address; return whether it has changed."""
        source = self._sources.get(self._replaced.get(name, name))
        if source is not None:
            return self._secrets.renew(source, rejected)
        try:
            text, listed = self._listed()
            route = next((route for route in self._named(listed) if route.address == name), None)
            if not self._list or route is None or not self._secrets.renew(self._list, text):
                return False
            new = Routes(None, self._named(self._listed()[1])).for_account(route.accounts[0], route.least)
        except SecretError:
            return False
        if new is None or new == name:
            return False
        self._replaced[name] = new
        return True

    def _listed(self) -> tuple[str, Sequence[WebhookRoute]]:
        """Return the list of routes, as a string and parsed; raises as `routes`."""
        if not self._list:
            return "", ()
        text = self._secrets.read(self._list, problem_of_list)
        return text, parse_webhook_routes(text, self._list.variable)[0]

    def _named(self, routes: Sequence[WebhookRoute]) -> tuple[Route, ...]:
        return tuple(replace(route, address=self._name(source)) for route, source in routes)

    def _name(self, source: SecretSource) -> str:
        if source.kind == "environment":
            return source.reference
        name = f"{source.kind}:{source.reference}"
        self._sources.setdefault(name, source)
        return name


def problem_of_list(source: SecretSource, value: str) -> str | None:
    """Return what is wrong with a value that should be a list of routes to webhooks."""
    if not value:
        return f"{source.variable} points to an empty secret"
    return "; ".join(map(str, parse_webhook_routes(value, source.variable)[1])) or None


def _problem_of_address(source: SecretSource, value: str) -> str | None:
    problem = problem_of_word(source, value)
    return problem or (None if is_web_address(value) else f"{source.variable} holds no http(s) address")
