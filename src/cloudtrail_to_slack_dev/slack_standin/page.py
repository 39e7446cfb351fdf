"""One HTML page that shows the stand-in's channels as Slack would."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from cloudtrail_to_slack_dev.slack_standin.blocks import render_blocks
from cloudtrail_to_slack_dev.slack_standin.emoji import with_emoji
from cloudtrail_to_slack_dev.slack_standin.mrkdwn import render_mrkdwn, render_plain, render_verbatim
from cloudtrail_to_slack_dev.slack_standin.records import Channel, Message, Thread
from cloudtrail_to_slack_dev.slack_standin.server import SlackStandIn
from cloudtrail_to_slack_dev.slack_standin.style import STYLE

_APP_NAME: Final = "CloudTrail to Slack"
_APP_ICON: Final = "🛰️"


@dataclass(frozen=True)
class Section:
    """A further part of the page, such as an SNS topic.

    Attributes:
        title: What the part shows.
        entries: Pairs of a heading and a text to show as it is, in order.
    """

    title: str
    entries: Sequence[tuple[str, str]]


def render_page(standin: SlackStandIn, *, title: str, extras: Sequence[Section] = ()) -> str:
    """A self-contained HTML page: every channel with its messages, then the further sections.

    The page holds no script and loads nothing. Times are in UTC.
    """
    channels = standin.channels()
    links = [f'<a href="#{_anchor(channel)}">{_hash(channel.name)}</a>' for channel in channels]
    topics = [f'<a href="#extra-{n}"><span class="hash">✉</span>{_escape(e.title)}</a>' for n, e in enumerate(extras)]
    more = f"<h2>Elsewhere</h2><nav>{''.join(topics)}</nav>" if topics else ""
    main = [_channel(channel, standin.threads(channel.id)) for channel in channels]
    main += [_extra(number, extra) for number, extra in enumerate(extras)]
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{_escape(title)}</title><style>{STYLE}</style></head><body>"
        f'<div class="app"><aside class="sidebar"><div class="workspace">{_escape(title)}</div>'
        f"<h2>Channels</h2><nav>{''.join(links)}</nav>{more}</aside>"
        f'<main class="main">{"".join(main)}</main></div></body></html>\n'
    )


def _escape(text: str) -> str:
    return render_verbatim(text)


def _anchor(channel: Channel) -> str:
    return f"channel-{_escape(channel.id)}"


def _hash(name: str) -> str:
    return f'<span class="hash">#</span>{_escape(name)}'


def _channel(channel: Channel, threads: Sequence[Thread]) -> str:
    parts = []
    day = ""
    for thread in threads:
        moment = _moment(thread.root)
        if day != (today := f"{moment:%A}, {moment:%B} {moment.day}, {moment.year}"):
            day = today
            parts.append(f'<div class="day"><span>{day}</span></div>')
        parts.append(_message(thread.root, _replies(thread.replies)))
    content = "".join(parts) or '<div class="empty">No messages yet.</div>'
    posted = sum(1 + len(thread.replies) for thread in threads)
    count = f'<span class="count">{_counted(posted, "message")}{" · archived" if channel.archived else ""}</span>'
    return (
        f'<section class="channel" id="{_anchor(channel)}"><div class="channel-head">'
        f'<h1># {_escape(channel.name)}</h1>{count}</div><div class="messages">{content}</div></section>'
    )


def _message(message: Message, replies: str = "") -> str:
    name = _said(message, "username") or _APP_NAME
    icon = with_emoji(_said(message, "icon_emoji") or _APP_ICON)
    content = render_blocks(message.blocks) or f'<div class="block text">{_text(message)}</div>'
    edited = '<span class="edited">(edited)</span>' if message.edited else ""
    moment = _moment(message)
    clock = f"{moment.hour % 12 or 12}:{moment:%M} {'AM' if moment.hour < 12 else 'PM'}"  # noqa: PLR2004 (noon)
    return (
        f'<article class="message" id="message-{_escape(message.channel)}-{message.ts}">'
        f'<div class="avatar" aria-hidden="true">{_escape(icon)}</div><div class="body">'
        f'<div class="who"><span class="name">{_escape(name)}</span><span class="badge">APP</span>'
        f'<time class="time" datetime="{moment:%Y-%m-%dT%H:%M:%SZ}" title="{moment:%H:%M:%S} UTC">{clock}</time>'
        f'</div><div class="content">{content}{edited}</div>{replies}</div></article>'
    )


def _replies(replies: Sequence[Message]) -> str:
    if not replies:
        return ""
    inner = "".join(_message(reply) for reply in replies)
    counted = _counted(len(replies), "reply", "replies")
    # Open from the start: a printed page or a screenshot shows the whole thread.
    return (
        f'<details class="replies" open><summary>{counted}<span>Thread</span></summary>'
        f'<div class="reply-list">{inner}</div></details>'
    )


def _extra(number: int, extra: Section) -> str:
    entries = "".join(f"<h2>{_escape(heading)}</h2><pre>{_escape(text)}</pre>" for heading, text in extra.entries)
    content = entries or '<div class="empty">Nothing yet.</div>'
    return f'<section class="extra" id="extra-{number}"><h1>{_escape(extra.title)}</h1>{content}</section>'


def _text(message: Message) -> str:
    if message.payload.get("mrkdwn") in (False, "false", "0"):
        return render_plain(message.text)
    return render_mrkdwn(message.text)


def _said(message: Message, key: str) -> str:
    value = message.payload.get(key)
    return value if isinstance(value, str) else ""


def _moment(message: Message) -> datetime:
    return datetime.fromtimestamp(float(message.ts), UTC)


def _counted(number: int, one: str, many: str | None = None) -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"
