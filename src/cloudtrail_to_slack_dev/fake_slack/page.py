"""One HTML page that shows messages of the fake Slack as Slack would."""

import html
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from cloudtrail_to_slack_cli.slack_display.blocks import render_blocks, render_replies
from cloudtrail_to_slack_cli.slack_display.emoji import with_emoji
from cloudtrail_to_slack_cli.slack_display.mrkdwn import render_mrkdwn, render_plain, render_verbatim
from cloudtrail_to_slack_cli.slack_display.style import STYLE
from cloudtrail_to_slack_dev.fake_slack.records import Channel, Message, Thread
from cloudtrail_to_slack_dev.fake_slack.server import FakeSlack

_APP_NAME: Final = "CloudTrail to Slack"
_APP_ICON: Final = "🛰️"
_LONGEST_LINK: Final = 60


@dataclass(frozen=True)
class Attachment:
    """What is folded away below a section's messages, such as an SNS message: a title, and a text to show as it is."""

    title: str
    text: str


@dataclass(frozen=True)
class Section:
    """A part of the page.

    Attributes:
        title: Its heading.
        text: A sentence or two below it.
        posted: The messages it shows, in order, as pairs of a channel's id and a message's `ts`. Replies are shown in
            their threads; where the thread begins in another section, this one links to it.
        attachments: What is folded away below.
    """

    title: str
    text: str
    posted: Sequence[tuple[str, str]]
    attachments: Sequence[Attachment] = ()


def render_page(fake: FakeSlack, *, title: str, text: str, sections: Sequence[Section]) -> str:
    """Return a self-contained HTML page with these sections.

    The page holds no script and loads nothing. Times are in UTC. It follows the reader's choice of light or dark.
    """
    threads = {
        (channel.id, message.ts): (channel, thread, message)
        for channel in fake.channels()
        for thread in fake.threads(channel.id)
        for message in (thread.root, *thread.replies)
    }
    shown = [[threads[posted] for posted in section.posted] for section in sections]
    links = [f'<li><a href="#section-{n}">{_escape(each.title)}</a></li>' for n, each in enumerate(sections, 1)]
    main = [_section(n, *each) for n, each in enumerate(zip(sections, shown, strict=True), 1)]
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{_escape(title)}</title><style>{STYLE}</style></head><body>"
        f'<div class="app"><header class="sidebar"><h1>{_escape(title)}</h1><p>{_escape(text)}</p>'
        f'<p class="days">{_days(message for each in shown for _, _, message in each)}</p>'
        f'<details class="contents" open><summary>Contents</summary><ol>{"".join(links)}</ol></details></header>'
        f'<main class="main">{"".join(main)}</main></div></body></html>\n'
    )


def _escape(text: str) -> str:
    return render_verbatim(text)


def _anchor(message: Message) -> str:
    return f"message-{_escape(message.channel)}-{message.ts}"


def _days(messages: Iterable[Message]) -> str:
    """Return the days on which messages were posted, of few messages or many."""
    days = sorted({_moment(message).date() for message in messages})
    return " and ".join(f"{day:%A}, {day:%B} {day.day}, {day.year}" for day in days)


def _section(number: int, section: Section, shown: Sequence[tuple[Channel, Thread, Message]]) -> str:
    parts = [_message(message, channel, thread.replies) for channel, thread, message in shown if message == thread.root]
    here = {thread.root.ts for _, thread, message in shown if message == thread.root}
    replies = Counter(thread.root.ts for _, thread, _ in shown if thread.root.ts not in here)
    roots = {thread.root.ts: (channel, thread.root) for channel, thread, _ in shown}
    parts += [_elsewhere(*roots[ts], count) for ts, count in replies.items()]
    content = "".join(parts) or '<p class="empty">No message.</p>'
    return (
        f'<section class="section-of-page" id="section-{number}"><h2><span class="number">{number}</span> '
        f'{_escape(section.title)}</h2><p class="about">{_escape(section.text)}</p>'
        f'<div class="messages">{content}</div>{_attachments(section.attachments)}</section>'
    )


def _elsewhere(channel: Channel, root: Message, replies: int) -> str:
    """Return a line that leads to a thread of another section."""
    opening = _escape(html.unescape(" ".join(root.text.split()))[:_LONGEST_LINK])
    counted = _counted(replies, "reply", "replies")
    return (
        f'<p class="elsewhere">↳ {counted} in <span class="where">#{_escape(channel.name)}</span>, in the thread of '
        f'<a href="#{_anchor(root)}">{opening}…</a></p>'
    )


def _attachments(attachments: Sequence[Attachment]) -> str:
    if not attachments:
        return ""
    inner = "".join(
        f"<details><summary>{_escape(each.title)}</summary><pre>{_escape(each.text)}</pre></details>"
        for each in attachments
    )
    return (
        f'<details class="attachments"><summary>SNS received {_counted(len(attachments), "message")}</summary>'
        f"{inner}</details>"
    )


def _message(message: Message, channel: Channel | None = None, replies: Sequence[Message] = ()) -> str:
    name = _said(message, "username") or _APP_NAME
    icon = with_emoji(_said(message, "icon_emoji") or _APP_ICON)
    content = render_blocks(message.blocks) or f'<div class="block text">{_text(message)}</div>'
    edited = '<span class="edited">(edited)</span>' if message.edited else ""
    where = f'<span class="where">#{_escape(channel.name)}</span>' if channel else ""
    moment = _moment(message)
    return (
        f'<article class="message" id="{_anchor(message)}">'
        f'<div class="avatar" aria-hidden="true">{_escape(icon)}</div><div class="body">'
        f'<div class="who"><span class="name">{_escape(name)}</span><span class="badge">APP</span>'
        f'<time class="time" datetime="{moment:%Y-%m-%dT%H:%M:%SZ}" title="{moment:%Y-%m-%d %H:%M:%S} UTC">'
        f"{moment:%H:%M}</time>{where}</div>"
        f'<div class="content">{content}{edited}</div>{_replies(replies)}</div></article>'
    )


def _replies(replies: Sequence[Message]) -> str:
    if not replies:
        return ""
    inner = "".join(_message(reply) for reply in replies)
    return render_replies(inner, _counted(len(replies), "reply", "replies"))


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
