"""A stand-in with one channel, and clients of it."""

from collections.abc import Iterator

import pytest
from slack_sdk import WebClient

from cloudtrail_to_slack_dev.slack_standin import SlackStandIn


@pytest.fixture
def standin() -> Iterator[SlackStandIn]:
    """A running stand-in with the channel C1, named alerts."""
    with SlackStandIn(clock=lambda: 1_730_000_000.9) as standin:
        standin.add_channel("C1", "alerts")
        yield standin


@pytest.fixture
def client(standin: SlackStandIn) -> WebClient:
    """Slack's own client with the bot's token, without retries."""
    return WebClient(standin.bot_token, base_url=standin.api_url, retry_handlers=[])


@pytest.fixture
def webhook(standin: SlackStandIn) -> str:
    """The URL of a webhook into the channel C1."""
    return standin.add_webhook("C1")
