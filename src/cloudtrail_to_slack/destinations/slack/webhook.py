"""Slack's incoming webhooks: an address that is itself a secret, and one channel behind it."""

import requests

from cloudtrail_to_slack.config.webhooks import Webhooks
from cloudtrail_to_slack.destinations.registry import TIMEOUT_SECONDS
from cloudtrail_to_slack.destinations.slack.errors import slack_error
from cloudtrail_to_slack.destinations.slack.render.message import SlackMessage
from cloudtrail_to_slack.errors import DestinationMisconfiguredError, TransientError
from cloudtrail_to_slack.observability.logging import logger

_CONNECT_SECONDS = 3.0
_OK = 200


class SlackWebhook:
    """Posts to webhooks, over connections that are kept."""

    def __init__(self, webhooks: Webhooks) -> None:
        self._webhooks = webhooks
        self._session = requests.Session()

    def send(self, name: str, message: SlackMessage, *, timeout: float = TIMEOUT_SECONDS) -> None:
        """Post `message` to the webhook with that name; `timeout` is how many seconds Slack may take.

        An address that Slack refuses is looked up anew: webhooks are rotated too.

        Raises:
            DeliveryError: of the kind that says what may help; it never holds the address.
        """
        address = self._webhooks.address(name)
        try:
            self._post(address, message, timeout)
        except DestinationMisconfiguredError:
            if not self._webhooks.renew(name, address):
                raise
            logger.warning("Slack refused a webhook, and there is a new one")
            self._post(self._webhooks.address(name), message, timeout)

    def _post(self, address: str, message: SlackMessage, timeout: float) -> None:
        payload = {
            "text": message.text,
            **({"blocks": message.blocks} if message.blocks else {"mrkdwn": False}),
            "parse": "none",
            "unfurl_links": False,
            "unfurl_media": False,
        }
        try:
            answer = self._session.post(
                address, json=payload, timeout=(min(_CONNECT_SECONDS, timeout), timeout), allow_redirects=False
            )
        except requests.RequestException as error:
            # requests quotes the address in the texts of its errors.
            raise TransientError(f"connection_failed_{type(error).__name__}") from None
        said = answer.text[:100].strip()
        # Anything but Slack's own "ok" is a proxy's or a login page's answer.
        if answer.status_code != _OK or said != "ok":
            raise slack_error(said, answer.status_code, answer.headers.get("Retry-After"))
