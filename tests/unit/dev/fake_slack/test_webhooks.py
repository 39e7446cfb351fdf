"""Incoming webhooks as requests and slack_sdk see them."""

import json
from http import HTTPStatus
from typing import Any

import pytest
import requests
from slack_sdk import WebhookClient

from cloudtrail_to_slack_dev.fake_slack import FakeSlack, SlackError

BLOCKS = [{"type": "divider"}]


def answer(url: str, **sent: Any) -> tuple[int, str]:
    """Status and body of the answer to a post."""
    found = requests.post(url, timeout=5, **sent)
    return found.status_code, found.text


def test_a_webhook_posts_into_its_channel(fake: FakeSlack, webhook: str) -> None:
    """requests.post with JSON gives a message, and the plain answer "ok"."""
    assert answer(webhook, json={"text": "hello", "blocks": BLOCKS}) == (HTTPStatus.OK, "ok")
    (message,) = fake.messages("C1")
    assert (message.text, message.blocks, message.via) == ("hello", BLOCKS, "webhook")


def test_slack_sdks_webhook_client_works(fake: FakeSlack, webhook: str) -> None:
    """slack_sdk's WebhookClient posts unchanged."""
    assert WebhookClient(webhook).send(text="hello").body == "ok"
    assert fake.messages("C1")[0].text == "hello"


def test_a_form_with_a_payload_field_is_read(fake: FakeSlack, webhook: str) -> None:
    """The older form with the JSON in the field `payload` works too."""
    assert answer(webhook, data={"payload": json.dumps({"text": "hello"})}) == (HTTPStatus.OK, "ok")
    assert fake.messages("C1")[0].text == "hello"


def test_the_bot_need_not_be_in_a_webhooks_channel(fake: FakeSlack) -> None:
    """add_webhook makes an unknown channel, and posting there needs no bot."""
    url = fake.add_webhook("C2", "elsewhere")
    assert answer(url, json={"text": "hello"}) == (HTTPStatus.OK, "ok")
    (channel,) = [channel for channel in fake.channels() if channel.id == "C2"]
    assert (channel.name, channel.bot_is_member) == ("elsewhere", False)


@pytest.mark.parametrize(
    ("sent", "error"),
    [
        ({"data": "{"}, "invalid_payload"),
        ({"json": ["text"]}, "invalid_payload"),
        ({"data": {"text": "not JSON"}}, "invalid_payload"),
        ({"json": {}}, "no_text"),
        ({"json": {"text": "x", "blocks": [{"type": "marquee"}]}}, "invalid_blocks"),
        ({"json": {"text": "x", "thread_ts": "1.000100"}}, "thread_not_found"),
    ],
)
def test_bad_content_is_answered_in_plain_text(fake: FakeSlack, webhook: str, sent: dict[str, Any], error: str) -> None:
    """Bad content is HTTP 400 with the code as the whole body."""
    assert answer(webhook, **sent) == (HTTPStatus.BAD_REQUEST, error)
    assert fake.messages("C1") == []
    assert fake.calls[-1].error == error


def test_a_removed_webhook_is_no_service(fake: FakeSlack, webhook: str) -> None:
    """After remove_webhook the URL answers 404 no_service, and others go on working."""
    other = fake.add_webhook("C1")
    fake.remove_webhook(webhook)
    assert answer(webhook, json={"text": "hello"}) == (HTTPStatus.NOT_FOUND, "no_service")
    assert answer(other, json={"text": "hello"}) == (HTTPStatus.OK, "ok")


def test_a_webhook_into_an_archived_channel_is_gone(fake: FakeSlack, webhook: str) -> None:
    """An archived channel answers 410 channel_is_archived."""
    fake.add_channel("C1", "alerts", archived=True)
    assert answer(webhook, json={"text": "hello"}) == (HTTPStatus.GONE, "channel_is_archived")


def test_wrong_urls(fake: FakeSlack, webhook: str) -> None:
    """A wrong secret is 403 invalid_token; a webhook that never was is 404 no_service."""
    assert answer(webhook[:-1] + "_", json={"text": "x"}) == (HTTPStatus.FORBIDDEN, "invalid_token")
    unknown = webhook.replace("/B000000001/", "/B999999999/")
    assert answer(unknown, json={"text": "x"}) == (HTTPStatus.NOT_FOUND, "no_service")
    with pytest.raises(KeyError):
        fake.remove_webhook(unknown)


def test_a_prohibited_webhook(fake: FakeSlack, webhook: str) -> None:
    """A workspace's ban, as a fault, is 403 action_prohibited."""
    fake.fail(SlackError("action_prohibited"), method="webhook")
    assert answer(webhook, json={"text": "hello"}) == (HTTPStatus.FORBIDDEN, "action_prohibited")


def test_calls_never_hold_a_webhooks_secret(fake: FakeSlack, webhook: str) -> None:
    """A webhook's URL is a secret, and no recorded call shows it."""
    answer(webhook, json={"text": "hello"})
    (call,) = fake.calls
    assert (call.method, call.channel, call.accepted) == ("webhook", "C1", True)
    assert webhook.rpartition("/")[2] not in repr(call)
