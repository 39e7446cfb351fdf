"""The workspace behind the fake: channels, webhooks and messages, and Slack's rules about who may post where.

Knows nothing of HTTP or threads; the server calls it with its lock held.
"""

import re
import secrets
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any, Final

from cloudtrail_to_slack_dev.fake_slack.limits import LONGEST_TEXT, LONGEST_UPDATE_TEXT, characters, find_violation
from cloudtrail_to_slack_dev.fake_slack.records import Channel, JsonObject, Message, Thread, Via
from cloudtrail_to_slack_dev.fake_slack.wire import Refused

_TEAM_ID: Final = "T0FAKE"
_WEBHOOK_PATH: Final = re.compile(r"/services/(T\w+)/(B\w+)/(\w+)\Z")
_MICROSECONDS: Final = 1_000_000
_STEP: Final = 100


@dataclass
class _Room:
    channel: Channel
    messages: list[Message] = field(default_factory=list)


@dataclass
class _Webhook:
    channel_id: str
    secret: str
    removed: bool = False


class Workspace:
    """Everything Slack would remember."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._last_ts = 0
        self._rooms: dict[str, _Room] = {}
        self._webhooks: dict[str, _Webhook] = {}

    def put_channel(self, channel: Channel) -> None:
        """Add a channel, or change a known one and keep its messages."""
        if channel.id in self._rooms:
            self._rooms[channel.id].channel = channel
        else:
            self._rooms[channel.id] = _Room(channel)

    def channels(self) -> list[Channel]:
        """Every channel, in order of arrival."""
        return [room.channel for room in self._rooms.values()]

    def channel_id(self, reference: object) -> str | None:
        """The id of the channel meant by an id, a name or a #name, as `chat.postMessage` takes them."""
        if not isinstance(reference, str):
            return None
        if reference in self._rooms:
            return reference
        name = reference.removeprefix("#")
        return next((room.channel.id for room in self._rooms.values() if room.channel.name == name), None)

    def add_webhook(self, channel_id: str) -> str:
        """Make a webhook for a known channel and return its path."""
        bot_id = f"B{len(self._webhooks) + 1:09d}"
        webhook = _Webhook(channel_id, secrets.token_hex(12))
        self._webhooks[bot_id] = webhook
        return f"/services/{_TEAM_ID}/{bot_id}/{webhook.secret}"

    def remove_webhook(self, path: str) -> None:
        """Let a webhook refuse from now on.

        Raises:
            KeyError: No such webhook was ever added.
        """
        match = _WEBHOOK_PATH.match(path)
        if match is None or match[2] not in self._webhooks:
            raise KeyError("no such webhook")
        self._webhooks[match[2]].removed = True

    def webhook_channel(self, path: str) -> str | None:
        """The id of the channel a webhook posts to, if there is, or was, such a webhook."""
        match = _WEBHOOK_PATH.match(path)
        webhook = self._webhooks.get(match[2]) if match else None
        return webhook.channel_id if webhook else None

    def check_webhook(self, path: str) -> str:
        """The id of the channel that a webhook may post to.

        Raises:
            Refused: The webhook is unknown or removed, or its channel is archived.
        """
        match = _WEBHOOK_PATH.match(path)
        if match is None or match[1] != _TEAM_ID or match[2] not in self._webhooks:
            raise Refused("no_service")
        webhook = self._webhooks[match[2]]
        if not secrets.compare_digest(webhook.secret, match[3]):
            raise Refused("invalid_token")
        if self._rooms[webhook.channel_id].channel.archived:
            raise Refused("channel_is_archived")
        if webhook.removed:
            raise Refused("no_service")
        return webhook.channel_id

    def check_bot(self, channel_id: str | None, *, archived_error: str) -> str:
        """The id of the channel that the bot may write to.

        Raises:
            Refused: There is no such channel, it is archived, or the bot is not in it.
        """
        if channel_id is None:
            raise Refused("channel_not_found")
        channel = self._rooms[channel_id].channel
        if channel.archived:
            raise Refused(archived_error)
        if not channel.bot_is_member:
            raise Refused("not_in_channel")
        return channel_id

    def post(self, channel_id: str, payload: JsonObject, via: Via) -> Message:
        """Post a message.

        Raises:
            Refused: Its content breaks a limit, or its thread does not exist.
        """
        _check_content(payload)
        room = self._rooms[channel_id]
        text, truncated = _cut(payload.get("text") or "")
        message = Message(
            ts="",
            channel=channel_id,
            text=text,
            blocks=payload.get("blocks") or [],
            thread_ts=_root_ts(room, payload.get("thread_ts")),
            edited=0,
            via=via,
            payload=payload,
            truncated=truncated,
        )
        # Only an accepted message takes a ts, so that refusals leave no gap.
        message = replace(message, ts=self._next_ts())
        room.messages.append(message)
        return message

    def update(self, channel_id: str, payload: JsonObject) -> Message:
        """Replace a message's text and blocks; its place and its ts stay.

        A string without blocks removes the blocks, as Slack's reference says of `chat.update`.

        Raises:
            Refused: The message does not exist, is not the bot's, or its new content breaks a limit.
        """
        messages = self._rooms[channel_id].messages
        index = next((i for i, message in enumerate(messages) if message.ts == payload.get("ts")), None)
        if index is None:
            raise Refused("message_not_found")
        old = messages[index]
        if old.via != "bot":
            raise Refused("cant_update_message")
        _check_content(payload, longest_text=LONGEST_UPDATE_TEXT)
        messages[index] = replace(
            old,
            text=payload.get("text") or "",
            blocks=payload.get("blocks") or [],
            edited=old.edited + 1,
            payload=payload,
            truncated=False,
        )
        return messages[index]

    def messages(self, channel_id: str) -> list[Message]:
        """Copies of a channel's messages, in order of arrival.

        Raises:
            KeyError: No such channel was added.
        """
        return deepcopy(self._rooms[channel_id].messages)

    def threads(self, channel_id: str) -> list[Thread]:
        """A channel's messages by thread, in order of the roots' arrival.

        Raises:
            KeyError: No such channel was added.
        """
        replies: dict[str, list[Message]] = {}
        for message in self.messages(channel_id):
            if message.thread_ts is None:
                replies[message.ts] = [message]
            else:
                replies[message.thread_ts].append(message)
        return [Thread(root, tuple(rest)) for root, *rest in replies.values()]

    def forget_messages(self) -> None:
        """Empty every channel."""
        for room in self._rooms.values():
            room.messages.clear()

    def _next_ts(self) -> str:
        # Increasing even when the clock stands still or goes back.
        self._last_ts = max(int(self._clock()) * _MICROSECONDS + _STEP, self._last_ts + _STEP)
        return f"{self._last_ts // _MICROSECONDS}.{self._last_ts % _MICROSECONDS:06d}"


def _check_content(payload: JsonObject, *, longest_text: int | None = None) -> None:
    found = find_violation(payload, longest_text=longest_text)
    if found:
        raise Refused(found.code, found.detail)


def _root_ts(room: _Room, thread_ts: Any) -> str | None:  # noqa: ANN401 (a sender may put anything there)
    if not thread_ts:
        return None
    parent = next((message for message in room.messages if message.ts == thread_ts), None)
    if parent is None:
        raise Refused("thread_not_found")
    return parent.thread_ts or parent.ts


def _cut(text: str) -> tuple[str, bool]:
    if characters(text) <= LONGEST_TEXT:
        return text, False
    kept = text.encode("utf-16-le", "surrogatepass")[: 2 * LONGEST_TEXT].decode("utf-16-le", "surrogatepass")
    return (kept[:-1] if "\ud800" <= kept[-1] <= "\udbff" else kept), True
