"""Sending to Slack: the bot in its channel, or the webhook; a transient error is retried while there is time."""

from collections.abc import Mapping
from typing import Any

from cloudtrail_to_slack.alerts.notice import Notice
from cloudtrail_to_slack.clock import Clock
from cloudtrail_to_slack.delivery.results import Results
from cloudtrail_to_slack.delivery.routing import Router
from cloudtrail_to_slack.delivery.sending import Sender
from cloudtrail_to_slack.destinations.base import Destination
from cloudtrail_to_slack.errors import DestinationMisconfiguredError
from cloudtrail_to_slack.retry import run_to_completion


class SlackNotifier:
    """Sends notices for the life of the process."""

    def __init__(self, destinations: Mapping[str, Destination[Any]]) -> None:
        self._destinations = destinations

    def notify(self, notice: Notice, clock: Clock) -> None:
        """Send the notice; what is rejected for its content, smaller.

        Raises:
            DeliveryError: it was not sent.
        """
        for target in Router(self._destinations).notice_targets(None):
            if target.error:
                raise DestinationMisconfiguredError(target.error)
            destination = self._destinations[target.destination]
            sizes = destination.render_notice(notice, warning=None)
            sender = Sender(clock, Results())
            run_to_completion(clock, sender.send(destination, target.address, lambda: None, sizes))
