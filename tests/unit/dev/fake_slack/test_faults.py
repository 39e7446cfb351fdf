"""Faults on demand."""

from http import HTTPStatus
from http.client import RemoteDisconnected

import pytest
import requests
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler

from cloudtrail_to_slack_dev.fake_slack import (
    AcceptedThenDropped,
    Dropped,
    FakeSlack,
    Fault,
    HttpStatus,
    Pace,
    RateLimited,
    SlackError,
)


def test_a_rate_limited_call_is_429_with_retry_after(fake: FakeSlack, client: WebClient) -> None:
    """RateLimited answers 429, Retry-After and ratelimited, and posts nothing."""
    fake.fail(RateLimited(retry_after=7))
    with pytest.raises(SlackApiError) as caught:
        client.chat_postMessage(channel="C1", text="hello")
    assert caught.value.response.status_code == HTTPStatus.TOO_MANY_REQUESTS
    assert caught.value.response.headers["Retry-After"] == "7"
    assert caught.value.response["error"] == "ratelimited"
    assert fake.messages("C1") == []
    assert fake.calls[0].error == "ratelimited"


def test_slack_sdks_retry_handler_gets_through(fake: FakeSlack) -> None:
    """slack_sdk's own handler understands the 429 and posts once."""
    fake.fail(RateLimited(retry_after=0))
    client = WebClient(fake.bot_token, base_url=fake.api_url)
    client.retry_handlers.append(RateLimitErrorRetryHandler(max_retry_count=1))
    client.chat_postMessage(channel="C1", text="hello")
    assert len(fake.messages("C1")) == 1
    assert [call.accepted for call in fake.calls] == [False, True]


def test_a_rate_limited_webhook_answers_plain_text(fake: FakeSlack, webhook: str) -> None:
    """Webhooks say rate_limited in plain text, with the same status and header."""
    fake.fail(RateLimited(retry_after=3), method="webhook")
    found = requests.post(webhook, json={"text": "hello"}, timeout=5)
    assert (found.status_code, found.text, found.headers["Retry-After"]) == (429, "rate_limited", "3")


def test_an_http_error_has_no_json(fake: FakeSlack, client: WebClient, webhook: str) -> None:
    """HttpStatus answers that status without JSON, to the API and to webhooks alike."""
    fake.fail(HttpStatus(503), times=2)
    with pytest.raises(SlackApiError) as caught:
        client.chat_postMessage(channel="C1", text="hello")
    assert caught.value.response.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    assert requests.post(webhook, json={"text": "hello"}, timeout=5).status_code == HTTPStatus.SERVICE_UNAVAILABLE
    assert [call.error for call in fake.calls] == ["http_503", "http_503"]


def test_a_slack_error_is_http_200(fake: FakeSlack, client: WebClient) -> None:
    """SlackError answers HTTP 200 with the code, as Slack's API does."""
    fake.fail(SlackError("internal_error"))
    with pytest.raises(SlackApiError) as caught:
        client.chat_postMessage(channel="C1", text="hello")
    assert (caught.value.response.status_code, caught.value.response["error"]) == (200, "internal_error")


@pytest.mark.parametrize(("fault", "posted"), [(Dropped(), 0), (AcceptedThenDropped(), 1)])
def test_a_dropped_connection_does_not_say_what_happened(
    fake: FakeSlack, client: WebClient, webhook: str, fault: Fault, posted: int
) -> None:
    """The sender sees the same lost connection whether or not Slack posted; the record knows."""
    fake.fail(fault, times=2)
    with pytest.raises(RemoteDisconnected):
        client.chat_postMessage(channel="C1", text="hello")
    with pytest.raises(requests.ConnectionError):
        requests.post(webhook, json={"text": "hello"}, timeout=5)
    assert len(fake.messages("C1")) == 2 * posted
    assert [call.accepted for call in fake.calls] == [bool(posted)] * 2
    assert {call.error for call in fake.calls} == {"connection_dropped"}


def test_a_fault_waits_for_its_method_and_channel(fake: FakeSlack, client: WebClient) -> None:
    """Requests of other methods and channels pass, and do not use the fault up."""
    fake.add_channel("C2", "other")
    fake.fail(SlackError("fatal_error"), method="chat.update", channel="C2")
    stamps = {channel: client.chat_postMessage(channel=channel, text="x")["ts"] for channel in ("C1", "C2")}
    client.chat_update(channel="C1", ts=stamps["C1"], text="y")
    with pytest.raises(SlackApiError):
        client.chat_update(channel="C2", ts=stamps["C2"], text="y")
    client.chat_update(channel="C2", ts=stamps["C2"], text="z")


def test_a_channel_named_by_name_meets_its_fault(fake: FakeSlack, client: WebClient) -> None:
    """A fault for a channel's id also meets a post that names the channel."""
    fake.fail(SlackError("fatal_error"), channel="C1")
    with pytest.raises(SlackApiError):
        client.chat_postMessage(channel="#alerts", text="x")


def test_faults_come_in_the_order_they_were_queued(fake: FakeSlack, client: WebClient) -> None:
    """Each queued fault is shown as often as asked, the oldest first; then all is well."""
    fake.fail(SlackError("internal_error"), times=2)
    fake.fail(SlackError("fatal_error"))
    seen = []
    for _ in range(3):
        with pytest.raises(SlackApiError) as caught:
            client.chat_postMessage(channel="C1", text="x")
        seen.append(caught.value.response["error"])
    assert seen == ["internal_error", "internal_error", "fatal_error"]
    client.chat_postMessage(channel="C1", text="x")


def test_clear_forgets_waiting_faults(fake: FakeSlack, client: WebClient) -> None:
    """After clear no fault is left from before."""
    fake.fail(Dropped(), times=99)
    fake.clear()
    client.chat_postMessage(channel="C1", text="x")


def test_a_fault_shown_never_is_a_mistake(fake: FakeSlack) -> None:
    """A fault must be asked for at least once."""
    with pytest.raises(ValueError, match="at least 1"):
        fake.fail(Dropped(), times=0)


def test_a_channel_has_its_pace() -> None:
    """What follows too soon is answered 429 with the seconds to wait, in that channel alone, by the clock given."""
    now = [1_730_000_000.0]
    with FakeSlack(clock=lambda: now[0], meet=Pace(lambda: now[0], 1.5).fault) as fake:
        client = WebClient(fake.bot_token, base_url=fake.api_url, retry_handlers=[])
        for channel in ("C1", "C2"):
            fake.add_channel(channel, channel.lower())
            client.chat_postMessage(channel=channel, text="hello")
        with pytest.raises(SlackApiError) as caught:
            client.chat_postMessage(channel="C1", text="too soon")
        assert caught.value.response.headers["Retry-After"] == "2"
        now[0] += 2
        client.chat_postMessage(channel="C1", text="in time")
        assert [message.text for message in fake.messages("C1")] == ["hello", "in time"]
