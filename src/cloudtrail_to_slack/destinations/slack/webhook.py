"""Slack's incoming webhooks: an address that is itself a secret, and one channel behind it."""

from functools import cached_property
from http import HTTPStatus
from typing import TYPE_CHECKING

from cloudtrail_to_slack.config.routes import Routes
from cloudtrail_to_slack.config.webhooks import Webhooks
from cloudtrail_to_slack.destinations.base import Services
from cloudtrail_to_slack.destinations.slack.render.message import SlackMessage
from cloudtrail_to_slack.destinations.slack.shared import SlackDestination, message_body, slack_error
from cloudtrail_to_slack.errors import DestinationMisconfiguredError, SecretError, TransientError
from cloudtrail_to_slack.observability.logging import logger

if TYPE_CHECKING:
    import requests

_CONNECT_SECONDS = 3.0
_ACCOUNTS_SHOWN = 3


class SlackWebhook(SlackDestination):
    """Posts to webhooks, over connections that are kept."""

    name = "slack_webhook"

    def __init__(self, webhooks: Webhooks, message_limit: int) -> None:
        self._webhooks = webhooks
        super().__init__(message_limit)

    def routes(self) -> Routes:
        """See `Destination`; an address is a webhook's name."""
        try:
            return self._webhooks.routes()
        except SecretError as error:
            logger.error("the list of webhooks cannot be read", extra={"error": str(error)})
            raise DestinationMisconfiguredError("webhooks_unreadable") from None

    def describe(self, address: str) -> str:
        """Return which webhook it is by the accounts that are routed to it: its address is a secret."""
        try:
            routes = self._webhooks.routes()
        except SecretError:
            return "Slack webhook"
        if address == routes.default:
            return "the default Slack webhook"
        accounts = routes.accounts(address)
        more = len(accounts) - _ACCOUNTS_SHOWN
        shown = ", ".join(accounts[:_ACCOUNTS_SHOWN]) + (f" and {more} more" if more > 0 else "")
        return f"the Slack webhook of {shown}" if shown else "Slack webhook"

    def send(self, address: str, payload: SlackMessage, *, parent: str | None, timeout: float) -> None:  # noqa: ARG002 (there are no replies)
        """Post a message to the webhook with this name, looked up anew where Slack rejects it: it is rotated."""
        url = self._webhooks.address(address)
        try:
            self._post(url, payload, timeout)
        except DestinationMisconfiguredError:
            if not self._webhooks.renew(address, url):
                raise
            logger.warning("Slack rejected a webhook; using the new one from its secret")
            self._post(self._webhooks.address(address), payload, timeout)

    @cached_property
    def _session(self) -> "requests.Session":
        import requests  # noqa: PLC0415 (20 ms of a cold start)

        return requests.Session()

    def _post(self, url: str, message: SlackMessage, timeout: float) -> None:
        # Slack folds long sections: `expand` is off. Source: Slack API docs, Section block.
        body = message_body(message.whole)
        try:
            answer = self._session.post(
                url, json=body, timeout=(min(_CONNECT_SECONDS, timeout), timeout), allow_redirects=False
            )
        except OSError as error:  # which requests' errors are; they quote the address in their texts
            raise TransientError(f"connection_failed_{type(error).__name__}") from None
        said = answer.text[:100].strip()
        # Anything but Slack's own "ok" is a proxy's or a login page's answer.
        if answer.status_code != HTTPStatus.OK or said != "ok":
            raise slack_error(said, answer.status_code, answer.headers.get("Retry-After"))


def load(services: Services) -> SlackWebhook | None:
    """Return the webhooks, where there are any and no bot, which is used in their place."""
    default, routes = services.secret("SLACK_WEBHOOK_URL"), services.secret("SLACK_WEBHOOK_ROUTES")
    if services.secret("SLACK_BOT_TOKEN") or not (default or routes or services.webhook_references):
        return None
    webhooks = Webhooks(services.secrets, default, routes, services.webhook_references)
    return SlackWebhook(webhooks, services.message_limit)
