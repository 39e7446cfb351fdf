"""Where messages go. Each destination sends one message to one address, once, and says how it went by its errors."""

from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cloudtrail_to_slack.aws.clients import AwsClients
    from cloudtrail_to_slack.config.secrets import Secret
    from cloudtrail_to_slack.config.webhooks import Webhooks
    from cloudtrail_to_slack.destinations.slack.bot import SlackApp
    from cloudtrail_to_slack.destinations.slack.webhook import SlackWebhook
    from cloudtrail_to_slack.destinations.sns.client import Sns


TIMEOUT_SECONDS = 10  # that Slack may take for an answer


class Destinations:
    """The destinations there are, each imported and made when it is first needed: a cold start pays for no other."""

    def __init__(
        self, bot_token: "Secret | None", webhooks: "Webhooks", slack_api_url: str, clients: "AwsClients"
    ) -> None:
        self._bot_token = bot_token
        self._webhooks = webhooks
        self._slack_api_url = slack_api_url
        self._clients = clients

    @cached_property
    def slack_app(self) -> "SlackApp":
        """The Slack bot."""
        from cloudtrail_to_slack.destinations.slack.bot import SlackApp  # noqa: PLC0415 (35 ms of a cold start)

        return SlackApp(self._bot_token, self._slack_api_url)

    @cached_property
    def slack_webhook(self) -> "SlackWebhook":
        """Slack's incoming webhooks."""
        from cloudtrail_to_slack.destinations.slack.webhook import SlackWebhook  # noqa: PLC0415 (20 ms)

        return SlackWebhook(self._webhooks)

    @cached_property
    def sns(self) -> "Sns":
        """SNS topics."""
        from cloudtrail_to_slack.destinations.sns.client import Sns  # noqa: PLC0415 (as the others)

        return Sns(self._clients)
