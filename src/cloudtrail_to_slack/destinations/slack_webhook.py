"""Slack's incoming webhooks: an address that is itself a secret, and one channel behind it."""

import requests

from cloudtrail_to_slack.destinations import TIMEOUT_SECONDS
from cloudtrail_to_slack.destinations.slack_errors import slack_error
from cloudtrail_to_slack.errors import PassingError
from cloudtrail_to_slack.messages import SlackMessage

_CONNECT_SECONDS = 3.0
_OK = 200


class SlackWebhook:
    """Posts to webhooks, over connections that are kept."""

    def __init__(self) -> None:
        self._session = requests.Session()

    def send(self, address: str, message: SlackMessage, *, timeout: float = TIMEOUT_SECONDS) -> None:
        """Post `message` to the webhook at `address`; `timeout` is how many seconds Slack may take.

        Raises:
            DeliveryError: of the kind that says what may help; it never holds the address.
        """
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
            raise PassingError(f"connection_failed_{type(error).__name__}") from None
        said = answer.text[:100].strip()
        # Anything but Slack's own "ok" is a proxy's or a login page's answer.
        if answer.status_code != _OK or said != "ok":
            raise slack_error(said, answer.status_code, answer.headers.get("Retry-After"))
