"""A fake with one channel, and clients of it."""

from collections.abc import Iterator

import pytest
from slack_sdk import WebClient

from cloudtrail_to_slack_dev.fake_slack import FakeSlack


@pytest.fixture
def fake() -> Iterator[FakeSlack]:
    """A running fake with the channel C1, named alerts."""
    with FakeSlack(clock=lambda: 1_730_000_000.9) as fake:
        fake.add_channel("C1", "alerts")
        yield fake


@pytest.fixture
def client(fake: FakeSlack) -> WebClient:
    """Slack's own client with the bot's token, without retries."""
    return WebClient(fake.bot_token, base_url=fake.api_url, retry_handlers=[])


@pytest.fixture
def webhook(fake: FakeSlack) -> str:
    """The URL of a webhook into the channel C1."""
    return fake.add_webhook("C1")
