"""Telling Slack: the bot in its channel, or the webhook; a passing error is tried again while there is time."""

from functools import partial

from cloudtrail_to_slack.destinations import TIMEOUT_SECONDS, Destinations
from cloudtrail_to_slack.environment import is_web_address
from cloudtrail_to_slack.errors import BrokenDestinationError, ContentRefusedError, SecretError
from cloudtrail_to_slack.lanes import driven
from cloudtrail_to_slack.messages import SlackMessage
from cloudtrail_to_slack.restart_logging.settings import Settings
from cloudtrail_to_slack.secret_values import SecretReader, SecretSource
from cloudtrail_to_slack.waiting import Clock, retried


class SlackTeller:
    """Tells Slack for the life of the process."""

    def __init__(self, settings: Settings, destinations: Destinations, secrets: SecretReader) -> None:
        self._settings = settings
        self._destinations = destinations
        self._secrets = secrets

    def tell(self, message: SlackMessage, clock: Clock) -> None:
        """Post the message; what Slack refuses for its content, as plain text.

        Raises:
            DeliveryError: Slack was not told.
        """
        try:
            driven(clock, retried(partial(self._send, message, clock)))
        except ContentRefusedError:
            driven(clock, retried(partial(self._send, SlackMessage(message.text), clock)))

    def _send(self, message: SlackMessage, clock: Clock) -> None:
        timeout = clock.timeout(TIMEOUT_SECONDS)
        if self._settings.slack_bot_token:
            self._destinations.slack_app.send(self._settings.slack_channel, message, timeout=timeout)
            return
        self._destinations.slack_webhook.send(self._webhook(self._settings.slack_webhook_url), message, timeout=timeout)

    def _webhook(self, source: SecretSource | None) -> str:
        """Return the webhook's address.

        Raises:
            BrokenDestinationError: it cannot be read, or is no address.
        """
        try:
            address = self._secrets.read_word(source) if source else ""
        except SecretError:
            raise BrokenDestinationError("webhook_unreadable") from None
        if not is_web_address(address):
            raise BrokenDestinationError("webhook_unreadable")
        return address
