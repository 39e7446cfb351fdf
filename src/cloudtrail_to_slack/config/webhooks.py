"""Slack's webhooks by account, each looked up where it is kept when something is sent to it, and not before.

There may be hundreds of them, each in a parameter of its own; an invocation sends to few or to none. A webhook goes by
a name until then: its reference, or the address itself where that is what is configured.
"""

from collections.abc import Sequence
from dataclasses import replace

from cloudtrail_to_slack.config.environment import is_web_address
from cloudtrail_to_slack.config.routes import Route, Routes, WebhookRoute, parse_webhook_routes
from cloudtrail_to_slack.config.secrets import SecretReader, SecretSource
from cloudtrail_to_slack.errors import DestinationMisconfiguredError, SecretError, TransientError
from cloudtrail_to_slack.observability.logging import logger


class Webhooks:
    """The webhooks of a deployment, for the life of the process: the default one, and those of routes.

    Routes come from a list, which is a secret because it may hold addresses, and from `references`, which hold none.
    Those of the list come first.
    """

    def __init__(
        self,
        secrets: SecretReader,
        default: SecretSource | None,
        routes: SecretSource | None = None,
        references: Sequence[WebhookRoute] = (),
    ) -> None:
        self._secrets = secrets
        self._default = default
        self._list = routes
        self._references = references
        self._list_text = ""
        self._listed: Sequence[WebhookRoute] = ()
        self._sources: dict[str, SecretSource] = {}
        self._replaced: dict[str, str] = {}

    def routes(self) -> Routes:
        """Return the routes, to the names of webhooks.

        Raises:
            SecretError: the list of routes is kept elsewhere, and cannot be read or is no such list.
        """
        self._read_list()
        default = self._name(self._default) if self._default else None
        return Routes.of(default, self._named((*self._listed, *self._references)))

    def address(self, name: str) -> str:
        """Return the address of the webhook with that name.

        Raises:
            DestinationMisconfiguredError: it cannot be read, or is no address.
            TransientError: it cannot be read just now.
        """
        name = self._replaced.get(name, name)
        source = self._sources.get(name)
        if source is None:
            return name
        try:
            address = self._secrets.read_word(source)
            if is_web_address(address):
                return address
            problem = f"{source.variable} holds no http(s) address"
        except SecretError as error:
            problem = str(error)
            if error.may_pass:
                logger.warning("a webhook cannot be read just now", extra={"error": problem})
                raise TransientError("webhook_unreadable") from None
        logger.error("a webhook cannot be read", extra={"error": problem})
        raise DestinationMisconfiguredError("webhook_unreadable")

    def renew(self, name: str, refused: str) -> bool:
        """Look up anew a webhook whose address Slack `refused`; return whether it has another address now."""
        source = self._sources.get(self._replaced.get(name, name))
        if source is not None:
            return self._secrets.renew(source, refused)
        route = next((route for route in self._named(self._listed) if route.address == name), None)
        if not self._list or route is None or not self._secrets.renew(self._list, self._list_text):
            return False
        try:
            self._read_list()
        except SecretError:
            return False
        new = Routes.of(None, self._named(self._listed)).for_account(route.accounts[0], route.least)
        if new is None or new == name:
            return False
        self._replaced[name] = new
        return True

    def _read_list(self) -> None:
        """Read the list of routes, unless it is known; raises as `routes`."""
        text = self._secrets.read(self._list) if self._list else ""
        if self._list is None or text == self._list_text:
            return
        listed, issues = parse_webhook_routes(text, self._list.variable)
        if issues and self._secrets.renew(self._list, text):
            text = self._secrets.read(self._list)
            listed, issues = parse_webhook_routes(text, self._list.variable)
        if issues:
            raise SecretError("; ".join(map(str, issues)))
        self._list_text, self._listed = text, listed

    def _named(self, routes: Sequence[WebhookRoute]) -> list[Route]:
        return [replace(route, address=self._name(source)) for route, source in routes]

    def _name(self, source: SecretSource) -> str:
        if source.kind == "environment":
            return source.reference
        name = f"{source.kind}:{source.reference}"
        self._sources.setdefault(name, source)
        return name
