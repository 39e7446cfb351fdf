"""Telling Slack: the bot in its channel, or the webhook; a passing error is tried again while there is time."""

from functools import partial

from cloudtrail_to_slack.auto_restart.settings import Settings
from cloudtrail_to_slack.clock import Clock, with_retries
from cloudtrail_to_slack.config.webhooks import Webhooks
from cloudtrail_to_slack.delivery.scheduler import run_to_completion
from cloudtrail_to_slack.destinations.registry import TIMEOUT_SECONDS, Destinations
from cloudtrail_to_slack.destinations.slack.render.message import SlackMessage
from cloudtrail_to_slack.errors import PayloadRejectedError


class SlackNotifier:
    """Tells Slack for the life of the process."""

    def __init__(self, settings: Settings, destinations: Destinations, webhooks: Webhooks) -> None:
        self._settings = settings
        self._destinations = destinations
        self._webhooks = webhooks

    def tell(self, message: SlackMessage, clock: Clock) -> None:
        """Post the message; what Slack refuses for its content, as plain text.

        Raises:
            DeliveryError: Slack was not told.
        """
        try:
            run_to_completion(clock, with_retries(partial(self._send, message, clock)))
        except PayloadRejectedError:
            run_to_completion(clock, with_retries(partial(self._send, SlackMessage(message.text), clock)))

    def _send(self, message: SlackMessage, clock: Clock) -> None:
        timeout = clock.timeout(TIMEOUT_SECONDS)
        if self._settings.slack_bot_token:
            self._destinations.slack_app.send(self._settings.slack_channel, message, timeout=timeout)
            return
        webhook = self._webhooks.names()[0] or ""
        self._destinations.slack_webhook.send(webhook, message, timeout=timeout)
