"""A notice as a Slack message: whole, without blocks, or its beginning as one bare line."""

import re

from cloudtrail_to_slack.alerts.notice import CODE_LENGTH, Notice, Section
from cloudtrail_to_slack.alerts.text import Icon, Line, json_length, plain_line
from cloudtrail_to_slack.destinations.base import Sizes
from cloudtrail_to_slack.destinations.slack.render.message import (
    MAX_ALL_BLOCKS,
    Block,
    SlackMessage,
    blocks_length,
    context,
    icons,
    labelled,
    mrkdwn_line,
    section,
    sections,
    with_warning,
)
from cloudtrail_to_slack.destinations.slack.render.text import CUT_MARK, chunked, code, code_block, plain

# Slack cuts a text at 40,000 characters. Source: Slack API docs, chat.postMessage, "Truncating content".
_MOST_PLAIN_TEXT = 30_000
_MOST_PLAIN_LINE = 20_000
_MOST_BARE_TEXT = 3_500
_NOT_BARE = re.compile(r"[^A-Za-z0-9 _.,:/=()-]")
_SECTION_ROOM = 2_700  # characters of JSON; a section takes 3,000 of text
_MOST_BLOCKS = 48
_BRIEF_LENGTH = 3_000


def notice_sizes(notice: Notice, warning: Line | None) -> Sizes[SlackMessage]:
    """Return a notice in several sizes: whole, without blocks, and its beginning as one bare line."""
    return [
        lambda: with_warning(notice_message(notice), warning),
        lambda: with_warning(plain_notice(notice), warning),
        lambda: bare_notice(notice),
    ]


def notice_message(notice: Notice) -> SlackMessage:
    """Return the whole notice, within every limit of Slack."""
    severity = f" · severity {notice.severity}" if notice.severity else ""
    headline = mrkdwn_line(notice.headline or (notice.title,), bold=True)
    blocks = [section(f"{icons(notice.icons)} {headline}{severity}".strip())]
    footnotes = [mrkdwn_line(line) for line in notice.footnotes]
    end = [context(footnotes)] if footnotes else []
    for block in (block for part in notice.sections for block in _blocks(part)):
        if blocks_length([*blocks, block, *end]) > MAX_ALL_BLOCKS or len(blocks) == _MOST_BLOCKS:
            blocks.append(context([f"{CUT_MARK} cut for length"]))
            break
        blocks.append(block)
    return SlackMessage(_notification(notice), [*blocks, *end])


def plain_notice(notice: Notice) -> SlackMessage:
    """Return a notice as text without blocks, in case Slack rejects those, cut to fit."""
    title, text = f"{_mark(notice)}{plain(notice.title, 300)}", notice.text
    lines, room = [title], _MOST_PLAIN_TEXT - len(title)
    brief = [line for line in map(plain_line, notice.brief) if line not in text]
    for line in [*brief, *text.splitlines()]:
        shown = plain(line, _MOST_PLAIN_LINE)
        room -= len(shown) + 1
        if room < 0:
            break
        lines += [shown] if shown else []
    return SlackMessage("\n".join(lines))


def bare_notice(notice: Notice) -> SlackMessage:
    """Return the beginning of a notice as one line of plain ASCII, which holds nothing that Slack may reject."""
    text = " - ".join(filter(None, [notice.title, *notice.text.splitlines()]))
    return SlackMessage(_NOT_BARE.sub("?", text)[:_MOST_BARE_TEXT])


def _notification(notice: Notice) -> str:
    """Return what a lock screen shows."""
    lines = [plain(plain_line(line), 1_000) for line in notice.brief]
    text = "\n".join([f"{_mark(notice)}{plain(notice.title, 300)}", *lines])
    return text if len(text) <= _BRIEF_LENGTH else text[:_BRIEF_LENGTH].rpartition("\n")[0]


def _mark(notice: Notice) -> str:
    return "\U0001f6a8 " if Icon.ALARM in notice.icons else ""


def _blocks(part: Section) -> list[Block]:
    heading = [mrkdwn_line(part.heading, bold=True)] if part.heading else []
    code_blocks = (code_block(text, lambda block: json_length(block) <= CODE_LENGTH) for text in part.code)
    lines = [*heading, *map(mrkdwn_line, part.brief or part.lines), *code_blocks]
    fields = labelled({label: list(map(mrkdwn_line, those)) for label, those in part.fields.items()})
    ids = [code(event_id, 100) for event_id in part.ids[: part.ids_shown]]
    listed = [", ".join(chunk) for chunk in chunked(ids, _SECTION_ROOM)]
    more = part.events - len(ids)
    if listed and more > 0:
        listed[-1] += f" and {more:,} more; see the log for their IDs"
    return [
        *sections(*("\n".join(chunk) for chunk in chunked(lines, _SECTION_ROOM))),
        *([section("", fields)] if fields else []),
        *sections(*listed),
    ]
