"""What the fake remembers: channels, messages, threads and the requests it received."""

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

JsonObject: TypeAlias = dict[str, Any]
Via: TypeAlias = Literal["bot", "webhook"]


@dataclass(frozen=True)
class Channel:
    """A channel as the fake knows it."""

    id: str
    name: str
    bot_is_member: bool
    archived: bool


@dataclass(frozen=True)
class Message:
    """A message as Slack would keep it.

    Attributes:
        ts: Slack's id of the message, unique and increasing; an update keeps it.
        channel: The channel's id.
        text: The text, cut at 40,000 characters as Slack cuts it.
        blocks: The blocks, or an empty list.
        thread_ts: The root's `ts` for a reply, `None` for a root.
        edited: How many times the message was updated.
        via: Which way it came: the bot's token or an incoming webhook.
        payload: Everything the latest accepted request held, the token excepted.
        truncated: Whether `text` was cut.
    """

    ts: str
    channel: str
    text: str
    blocks: list[JsonObject]
    thread_ts: str | None
    edited: int
    via: Via
    payload: JsonObject
    truncated: bool = False


@dataclass(frozen=True)
class Thread:
    """A root message and its replies, in order of arrival; a message without replies is a thread too."""

    root: Message
    replies: tuple[Message, ...]


@dataclass(frozen=True)
class Call:
    """One request as received; never holds the token or a webhook's secret.

    Attributes:
        method: "chat.postMessage", "chat.update", "auth.test", "webhook", or an unknown method's name.
        channel: The channel's id, the channel as named when unknown, or `None`.
        payload: The parsed body, the token excepted; empty when it could not be parsed.
        accepted: Whether Slack did what was asked, even if the sender got no answer.
        error: Slack's error code, or "http_503", "ratelimited", "connection_dropped" for a fault.
    """

    method: str
    channel: str | None
    payload: JsonObject
    accepted: bool
    error: str | None
