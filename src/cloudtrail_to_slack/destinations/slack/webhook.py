"""Slack's incoming webhooks. A webhook's address is a secret, and leads to one channel."""

from http import HTTPStatus

from cloudtrail_to_slack.config.routes import Routes
from cloudtrail_to_slack.config.webhooks import Webhooks
from cloudtrail_to_slack.destinations.base import Services
from cloudtrail_to_slack.destinations.http import HttpClient
from cloudtrail_to_slack.destinations.slack.destination import SlackDestination, message_body
from cloudtrail_to_slack.destinations.slack.errors import slack_error
from cloudtrail_to_slack.destinations.slack.render.message import SlackMessage
from cloudtrail_to_slack.errors import DestinationMisconfiguredError, SecretError
from cloudtrail_to_slack.observability.logging import logger

_ACCOUNTS_SHOWN = 3


class SlackWebhook(SlackDestination):
    """Posts to webhooks."""

    name = "slack_webhook"

    def __init__(self, webhooks: Webhooks, message_limit: int) -> None:
        self._webhooks = webhooks
        self._http = HttpClient()
        super().__init__(message_limit)

    def routes(self) -> Routes:
        """See `Destination`; an address is a webhook's name."""
        try:
            return self._webhooks.routes()
        except SecretError as error:
            logger.error("the list of webhooks cannot be read", extra={"error": str(error)})
            raise DestinationMisconfiguredError("webhooks_unreadable") from None

    def describe(self, address: str) -> str:
        """Describe a webhook by the accounts that are routed to it, because its address is a secret."""
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
        """Post a message to the webhook of this name; if Slack rejects it, read the secret anew: it may be rotated."""
        url = self._webhooks.address(address)
        try:
            self._post(url, payload, timeout)
        except DestinationMisconfiguredError:
            if not self._webhooks.renew(address, url):
                raise
            logger.warning("Slack rejected a webhook; using the new one from its secret")
            self._post(self._webhooks.address(address), payload, timeout)

    def _post(self, url: str, message: SlackMessage, timeout: float) -> None:
        # Slack folds long sections: `expand` is off. Source: Slack API docs, Section block.
        answer = self._http.post(url, message_body(message.whole), timeout)
        said = answer.content[:100].decode("utf-8", "replace").strip()
        # Any other body comes from a proxy or a login page, not from Slack.
        if answer.status_code != HTTPStatus.OK or said != "ok":
            raise slack_error(said, answer.status_code, answer.headers.get("Retry-After"))


def load(services: Services) -> SlackWebhook | None:
    """Return the webhooks, if any are configured and no bot, which takes their place."""
    default, routes = services.secret("SLACK_WEBHOOK_URL"), services.secret("SLACK_WEBHOOK_ROUTES")
    if services.secret("SLACK_BOT_TOKEN") or not (default or routes or services.webhook_references):
        return None
    webhooks = Webhooks(services.secrets, default, routes, services.webhook_references)
    return SlackWebhook(webhooks, services.message_limit)
