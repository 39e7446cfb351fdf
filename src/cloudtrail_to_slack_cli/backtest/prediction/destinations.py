"""Where the alerts of a configuration go: channels of a bot, a webhook, topics."""

from dataclasses import dataclass
from enum import Enum

from cloudtrail_to_slack.config.loader import Config

DEFAULT_NAME = "default"


class SlackBy(Enum):
    """How alerts reach Slack: what the configuration says, by a bot, by one webhook, or not at all."""

    CONFIGURATION = "auto"
    BOT = "bot"
    WEBHOOK = "webhook"
    NONE = "none"


@dataclass(frozen=True, slots=True, order=True)
class Address:
    """A channel, a webhook or a topic. `name` is its id, or for a webhook, whose address is a secret, "default"."""

    kind: str
    name: str

    @property
    def label(self) -> str:
        """How reports call it."""
        return f"{self.kind} {self.name}"

    @property
    def is_slack(self) -> bool:
        """Whether there is a limit of messages."""
        return self.kind != "sns"

    @property
    def has_threads(self) -> bool:
        """Whether similar alerts share a thread."""
        return self.kind == "slack_app"


class Destinations:
    """The destinations of a configuration. The addresses of webhooks are not in it: all count as one."""

    def __init__(self, config: Config, slack: SlackBy = SlackBy.CONFIGURATION) -> None:
        self._config = config
        if slack is SlackBy.CONFIGURATION:
            slack = SlackBy.NONE if config.sns and not config.slack else SlackBy.BOT
        self._slack = slack

    def for_account(self, account: str | None) -> list[Address]:
        """Return where the alerts of an account go; where the configuration has no channel, to one called "default"."""
        found: list[Address] = []
        if self._slack is SlackBy.WEBHOOK:
            found.append(Address("slack_webhook", DEFAULT_NAME))
        elif self._slack is SlackBy.BOT:
            routes = self._config.slack
            channel = routes.for_account(account) if routes else DEFAULT_NAME
            found += [Address("slack_app", channel)] if channel else []
        topic = self._config.sns.for_account(account)
        return [*found, Address("sns", topic)] if topic else found
