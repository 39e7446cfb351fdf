"""The Web API as slack_sdk sees it."""

import json
import threading
from http import HTTPStatus
from typing import Any

import pytest
import requests
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from cloudtrail_to_slack_dev.fake_slack import FakeSlack

BLOCKS = [{"type": "section", "text": {"type": "mrkdwn", "text": "*hello* 😀"}}]


def refusal(caught: pytest.ExceptionInfo[SlackApiError]) -> str:
    """Slack's error code in a failed call."""
    return str(caught.value.response["error"])


def post_json(fake: FakeSlack, method: str, body: Any, token: str | None = None) -> dict[str, Any]:
    """The fake's answer to a call made without slack_sdk."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    answer = requests.post(f"{fake.api_url}{method}", json=body, headers=headers, timeout=5)
    assert answer.status_code == HTTPStatus.OK
    found: dict[str, Any] = answer.json()
    return found


def test_a_message_is_kept_as_sent(fake: FakeSlack, client: WebClient) -> None:
    """What slack_sdk posts as JSON is what the channel holds."""
    answer = client.chat_postMessage(channel="C1", text="hello", blocks=BLOCKS)

    (message,) = fake.messages("C1")
    assert answer["ts"] == message.ts
    assert answer["channel"] == "C1"
    assert (message.text, message.blocks, message.thread_ts) == ("hello", BLOCKS, None)
    assert (message.via, message.edited, message.truncated) == ("bot", 0, False)
    assert message.payload == {"channel": "C1", "text": "hello", "blocks": BLOCKS}


def test_a_form_with_blocks_as_json_is_read(fake: FakeSlack) -> None:
    """A form-encoded post whose blocks are a JSON string gives the same message as a JSON post."""
    form = {"channel": "C1", "text": "hello", "blocks": json.dumps(BLOCKS), "token": fake.bot_token}
    assert requests.post(f"{fake.api_url}chat.postMessage", data=form, timeout=5).json()["ok"] is True
    assert fake.messages("C1")[0].blocks == BLOCKS


def test_ts_are_unique_and_increase_while_the_clock_stands_still(fake: FakeSlack, client: WebClient) -> None:
    """Two messages in the same second have different, increasing ts in Slack's form."""
    for number in range(3):
        client.chat_postMessage(channel="C1", text=str(number))
    assert [message.ts for message in fake.messages("C1")] == [
        "1730000000.000100",
        "1730000000.000200",
        "1730000000.000300",
    ]


def test_a_channel_can_be_named_when_posting_but_not_when_updating(fake: FakeSlack, client: WebClient) -> None:
    """chat.postMessage takes #name; chat.update takes the id only."""
    ts = client.chat_postMessage(channel="#alerts", text="by name")["ts"]
    assert fake.messages("C1")[0].text == "by name"
    with pytest.raises(SlackApiError) as caught:
        client.chat_update(channel="#alerts", ts=ts, text="again")
    assert refusal(caught) == "channel_not_found"


def test_replies_belong_to_the_root(fake: FakeSlack, client: WebClient) -> None:
    """A reply to a reply joins the root's thread."""
    root = client.chat_postMessage(channel="C1", text="root")["ts"]
    reply = client.chat_postMessage(channel="C1", text="reply", thread_ts=root)["ts"]
    client.chat_postMessage(channel="C1", text="other root")
    client.chat_postMessage(channel="C1", text="reply to reply", thread_ts=reply)

    first, second = fake.threads("C1")
    assert first.root.text == "root"
    assert [message.text for message in first.replies] == ["reply", "reply to reply"]
    assert {message.thread_ts for message in first.replies} == {root}
    assert (second.root.text, second.replies) == ("other root", ())


def test_a_thread_of_another_channel_is_not_found(fake: FakeSlack, client: WebClient) -> None:
    """A thread_ts counts only in the channel that it belongs to."""
    fake.add_channel("C2", "other")
    root = client.chat_postMessage(channel="C2", text="root")["ts"]
    with pytest.raises(SlackApiError) as caught:
        client.chat_postMessage(channel="C1", text="reply", thread_ts=root)
    assert refusal(caught) == "thread_not_found"
    assert fake.messages("C1") == []


def test_an_update_keeps_place_and_ts(fake: FakeSlack, client: WebClient) -> None:
    """chat.update replaces text and blocks of the message it names, and counts the edits."""
    ts = client.chat_postMessage(channel="C1", text="before", blocks=BLOCKS)["ts"]
    client.chat_postMessage(channel="C1", text="later")
    client.chat_update(channel="C1", ts=ts, text="between", blocks=BLOCKS)
    client.chat_update(channel="C1", ts=ts, text="after")

    first, second = fake.messages("C1")
    assert (first.ts, first.text, first.edited) == (ts, "after", 2)
    assert first.blocks == []
    assert (second.text, second.edited) == ("later", 0)


def test_an_update_of_nothing_is_refused(client: WebClient) -> None:
    """chat.update of an unknown ts answers message_not_found."""
    with pytest.raises(SlackApiError) as caught:
        client.chat_update(channel="C1", ts="1.000100", text="after")
    assert refusal(caught) == "message_not_found"


def test_the_bot_cannot_update_a_webhooks_message(fake: FakeSlack, client: WebClient, webhook: str) -> None:
    """chat.update of a message that the bot did not post answers cant_update_message."""
    requests.post(webhook, json={"text": "hello"}, timeout=5)
    with pytest.raises(SlackApiError) as caught:
        client.chat_update(channel="C1", ts=fake.messages("C1")[0].ts, text="after")
    assert refusal(caught) == "cant_update_message"


def test_a_long_update_is_refused_and_a_long_post_is_cut(fake: FakeSlack, client: WebClient) -> None:
    """Slack cuts a new message's text above 40,000 characters but refuses an update above 4,000."""
    answer = client.chat_postMessage(channel="C1", text="x" * 39_999 + "😀")
    (message,) = fake.messages("C1")
    assert message.text == "x" * 39_999
    assert message.truncated
    assert answer["warning"] == "message_truncated"
    with pytest.raises(SlackApiError) as caught:
        client.chat_update(channel="C1", ts=message.ts, text="x" * 4_001)
    assert refusal(caught) == "msg_too_long"


@pytest.mark.parametrize(
    ("channel", "error"),
    [("C404", "channel_not_found"), ("C-out", "not_in_channel"), ("C-old", "is_archived"), (None, "channel_not_found")],
)
def test_channels_the_bot_cannot_post_to(fake: FakeSlack, channel: str | None, error: str) -> None:
    """An unknown channel, one without the bot and an archived one each have their own error."""
    fake.add_channel("C-out", "out", bot_is_member=False)
    fake.add_channel("C-old", "old", archived=True)
    answer = post_json(fake, "chat.postMessage", {"channel": channel, "text": "hello"}, fake.bot_token)
    assert answer == {"ok": False, "error": error}


def test_archiving_a_channel_keeps_its_messages(fake: FakeSlack, client: WebClient) -> None:
    """Adding a channel again changes it in place; an update there is then refused as is_inactive."""
    ts = client.chat_postMessage(channel="C1", text="hello")["ts"]
    fake.add_channel("C1", "alerts", archived=True)
    assert [message.text for message in fake.messages("C1")] == ["hello"]
    with pytest.raises(SlackApiError) as caught:
        client.chat_update(channel="C1", ts=ts, text="after")
    assert refusal(caught) == "is_inactive"


def test_auth_test_names_the_bot(client: WebClient) -> None:
    """auth.test with the right token succeeds and names a team and a bot."""
    answer = client.auth_test()
    assert answer["ok"] is True
    assert answer["team_id"]
    assert answer["bot_id"]


def test_tokens_are_checked(fake: FakeSlack) -> None:
    """No token, a wrong one and an unknown method are refused with Slack's codes."""
    assert post_json(fake, "auth.test", {})["error"] == "not_authed"
    assert post_json(fake, "auth.test", {}, "xoxb-other")["error"] == "invalid_auth"
    assert post_json(fake, "chat.delete", {}, fake.bot_token)["error"] == "unknown_method"


def test_a_revoked_token_is_refused(fake: FakeSlack, client: WebClient) -> None:
    """After revoke_token every call answers the given error."""
    fake.revoke_token("account_inactive")
    with pytest.raises(SlackApiError) as caught:
        client.auth_test()
    assert refusal(caught) == "account_inactive"


@pytest.mark.parametrize(
    ("kind", "body", "error"),
    [
        ("application/json", "{", "invalid_json"),
        ("application/json", "[]", "json_not_object"),
        ("application/json", "[" * 100_000, "invalid_json"),
        ("text/csv", "a,b", "invalid_post_type"),
    ],
)
def test_unreadable_bodies_are_refused(fake: FakeSlack, kind: str, body: str, error: str) -> None:
    """A body that is not what its content type says gets Slack's code for it."""
    headers = {"Authorization": f"Bearer {fake.bot_token}", "Content-Type": kind}
    answer = requests.post(f"{fake.api_url}chat.postMessage", data=body, headers=headers, timeout=5)
    assert answer.json()["error"] == error


def test_a_refusal_says_where_the_fault_is(client: WebClient) -> None:
    """invalid_blocks comes with a pointer to the block, as from Slack."""
    with pytest.raises(SlackApiError) as caught:
        client.chat_postMessage(channel="C1", text="x", blocks=[*BLOCKS, {"type": "marquee"}])
    assert refusal(caught) == "invalid_blocks"
    assert caught.value.response["errors"] == ["unsupported type: marquee [json-pointer:/blocks/1/type]"]


def test_calls_hold_every_request_and_never_the_token(fake: FakeSlack, client: WebClient) -> None:
    """Accepted and refused requests are recorded, wherever the token stood in them."""
    client.chat_postMessage(channel="C1", text="hello")
    post_json(fake, "chat.postMessage", {"channel": "C1", "text": "", "token": "xoxb-stray"}, fake.bot_token)
    post_json(fake, "chat.update", {"channel": "C404", "token": fake.bot_token})

    calls = fake.calls
    assert [(call.method, call.channel, call.accepted, call.error) for call in calls] == [
        ("chat.postMessage", "C1", True, None),
        ("chat.postMessage", "C1", False, "no_text"),
        ("chat.update", "C404", False, "channel_not_found"),
    ]
    assert calls[0].payload == {"channel": "C1", "text": "hello"}
    assert "xoxb" not in repr(calls)


def test_what_is_read_is_a_copy(fake: FakeSlack, client: WebClient) -> None:
    """Changing what messages, threads and calls return changes nothing in the fake."""
    client.chat_postMessage(channel="C1", text="hello", blocks=BLOCKS)
    for blocks in (fake.messages("C1")[0].blocks, fake.threads("C1")[0].root.blocks, fake.calls[0].payload):
        blocks.clear()
    assert fake.messages("C1")[0].blocks == BLOCKS
    assert fake.calls[0].payload["blocks"] == BLOCKS


def test_clear_forgets_messages_and_keeps_channels(fake: FakeSlack, client: WebClient) -> None:
    """After clear the channels are empty and still there, and ts go on increasing."""
    before = client.chat_postMessage(channel="C1", text="hello")["ts"]
    fake.clear()
    assert (fake.messages("C1"), fake.calls) == ([], [])
    after: str = client.chat_postMessage(channel="C1", text="hello")["ts"]
    assert after > before


def test_an_unknown_channel_is_an_error_of_the_test(fake: FakeSlack) -> None:
    """Asking for a channel that was never added raises instead of looking empty."""
    with pytest.raises(KeyError):
        fake.messages("C404")


def test_many_senders_at_once(fake: FakeSlack) -> None:
    """Posts from several threads all arrive, each with its own ts."""

    def send() -> None:
        client = WebClient(fake.bot_token, base_url=fake.api_url)
        for _ in range(10):
            client.chat_postMessage(channel="C1", text="hello")

    senders = [threading.Thread(target=send) for _ in range(8)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    stamps = [message.ts for message in fake.messages("C1")]
    assert len(set(stamps)) == 80
    assert stamps == sorted(stamps)


def test_it_starts_and_stops_by_hand() -> None:
    """It starts and stops without a context manager too; a second start fails, a second stop does nothing."""
    fake = FakeSlack()
    with pytest.raises(RuntimeError):
        _ = fake.api_url
    fake.add_channel("C1", "alerts")
    fake.start()
    with pytest.raises(RuntimeError):
        fake.start()
    assert post_json(fake, "auth.test", {}, fake.bot_token)["ok"] is True
    fake.stop()
    fake.stop()
    with pytest.raises(requests.ConnectionError):
        post_json(fake, "auth.test", {}, fake.bot_token)


def test_stopping_ends_kept_alive_connections() -> None:
    """A session that reuses its connection cannot reach a stopped fake."""
    with requests.Session() as session:
        with FakeSlack() as fake:
            url = f"{fake.api_url}auth.test"
            assert session.post(url, timeout=5).json()["error"] == "not_authed"
            assert session.post(url, timeout=5).json()["error"] == "not_authed"
        with pytest.raises(requests.ConnectionError):
            session.post(url, timeout=5)
