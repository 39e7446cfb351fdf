"""Slack's webhooks by account, each looked up where it is kept when something is sent to it, and not before.

There may be hundreds of them, each in a parameter of its own; an invocation sends to few or to none. A webhook goes by
a name until then: its reference, or the address itself where that is what is configured.
"""

from collections.abc import Mapping

from cloudtrail_to_slack.config.environment import is_web_address
from cloudtrail_to_slack.config.routes import parse_webhook_routes
from cloudtrail_to_slack.config.secrets import SecretReader, SecretSource
from cloudtrail_to_slack.errors import DestinationMisconfiguredError, SecretError, TransientError
from cloudtrail_to_slack.observability.logging import logger


class Webhooks:
    """The webhooks of a deployment, for the life of the process: the default one, and those of routes.

    Routes come from a list, which is a secret because it may hold addresses, and from `references` by account, which
    hold none. Where both name an account, the list counts.
    """

    def __init__(
        self,
        secrets: SecretReader,
        default: SecretSource | None,
        routes: SecretSource | None = None,
        references: Mapping[str, SecretSource] | None = None,
    ) -> None:
        self._secrets = secrets
        self._default = default
        self._list = routes
        self._references = references or {}
        self._list_text = ""
        self._by_account: Mapping[str, SecretSource] = {}
        self._sources: dict[str, SecretSource] = {}
        self._replaced: dict[str, str] = {}

    def names(self) -> tuple[str | None, dict[str, str]]:
        """Return the name of the default webhook, and the names of the others by account.

        Raises:
            SecretError: the list of routes is kept elsewhere, and cannot be read or is no such list.
        """
        self._read_list()
        sources = {**self._references, **self._by_account}
        by_account = {account: self._name(source) for account, source in sources.items()}
        return self._name(self._default) if self._default else None, by_account

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
        account = next((account for account, each in self._by_account.items() if self._name(each) == name), None)
        if not self._list or account is None or not self._secrets.renew(self._list, self._list_text):
            return False
        try:
            self._read_list()
        except SecretError:
            return False
        new = self._by_account.get(account)
        if new is None or self._name(new) == name:
            return False
        self._replaced[name] = self._name(new)
        return True

    def _read_list(self) -> None:
        """Read the list of routes, unless it is known; raises as `names`."""
        text = self._secrets.read(self._list) if self._list else ""
        if self._list is None or text == self._list_text:
            return
        by_account, issues = parse_webhook_routes(text, self._list.variable)
        if issues and self._secrets.renew(self._list, text):
            text = self._secrets.read(self._list)
            by_account, issues = parse_webhook_routes(text, self._list.variable)
        if issues:
            raise SecretError("; ".join(map(str, issues)))
        self._list_text, self._by_account = text, by_account

    def _name(self, source: SecretSource) -> str:
        if source.kind == "environment":
            return source.reference
        name = f"{source.kind}:{source.reference}"
        self._sources.setdefault(name, source)
        return name
