"""A notice as a Slack message: whole, without blocks, or its beginning as one bare line; and many as a list."""

import re
from collections.abc import Iterator, Sequence

from cloudtrail_to_slack.alerts.notice import CODE_LENGTH, Notice, Section
from cloudtrail_to_slack.alerts.text import Icon, json_length, plain_line
from cloudtrail_to_slack.destinations.slack.render.message import (
    MAX_ALL_BLOCKS,
    Block,
    SlackMessage,
    blocks_length,
    context,
    icons,
    mrkdwn_line,
    section,
)
from cloudtrail_to_slack.destinations.slack.render.summary import SummaryPart
from cloudtrail_to_slack.destinations.slack.render.text import CUT_MARK, chunked, code, code_block, lines_of, plain

# Slack cuts a text at 40,000 characters. Source: Slack API docs, chat.postMessage, "Truncating content".
_MOST_PLAIN_TEXT = 30_000
_MOST_PLAIN_LINE = 20_000
_MOST_BARE_TEXT = 3_500
_NOT_BARE = re.compile(r"[^A-Za-z0-9 _.,:/=()-]")
_SECTION_ROOM = 2_700  # characters of JSON; a section takes 3,000 of text
_SUMMARY_ROOM = MAX_ALL_BLOCKS - 1_600
_MOST_BLOCKS = 48
_BRIEF_LENGTH = 3_000


def notice_message(notice: Notice) -> SlackMessage:
    """Return the whole notice, within every limit of Slack."""
    severity = f" · severity {notice.severity}" if notice.severity else ""
    headline = mrkdwn_line(notice.headline or (notice.title,), bold=True)
    blocks = [section(f"{icons(notice.icons)} {headline}{severity}".strip())]
    footnotes = [mrkdwn_line(line) for line in notice.footnotes]
    end = [context(footnotes)] if footnotes else []
    for block in _blocks(notice.sections):
        if blocks_length([*blocks, block, *end]) > MAX_ALL_BLOCKS or len(blocks) == _MOST_BLOCKS:
            blocks.append(context([f"{CUT_MARK} cut, no room left"]))
            break
        blocks.append(block)
    return SlackMessage(_notification(notice), [*blocks, *end])


def plain_notice(notice: Notice) -> SlackMessage:
    """Return a notice as text without blocks, for when Slack rejects those: all that there is room for."""
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
    """Return the beginning of a notice as one line of plain ASCII, in which there is nothing left to reject."""
    text = " - ".join(filter(None, [notice.title, *notice.text.splitlines()]))
    return SlackMessage(_NOT_BARE.sub("?", text)[:_MOST_BARE_TEXT])


def notice_summary(notices: Sequence[Notice]) -> list[SummaryPart]:
    """Return a summary of notices of one kind, at least one, in as few messages as Slack's limits allow."""
    group = notices[0].group
    mark, what = (icons(group.icons), group.what) if group else (":information_source:", "notices")
    lines = ((notice, mrkdwn_line(notice.line or (notice.title,))) for notice in notices)
    parts = list(chunked(lines, _SUMMARY_ROOM))
    total = f"{len(notices):,} more {what}"
    messages: list[SummaryPart] = []
    for number, part in enumerate(parts, 1):
        text = total + (f" ({number} of {len(parts)})" if len(parts) > 1 else "")
        blocks = [section(f"{mark} *{text}*"), *(section(lines_of(each)) for each in chunked(part, _SECTION_ROOM))]
        messages.append(SummaryPart(SlackMessage(text, blocks), SlackMessage(f"{text}\n{lines_of(part)}"), len(part)))
    return messages


def _notification(notice: Notice) -> str:
    """Return what a lock screen shows."""
    lines = [plain(plain_line(line), 1_000) for line in notice.brief]
    text = "\n".join([f"{_mark(notice)}{plain(notice.title, 300)}", *lines])
    return text if len(text) <= _BRIEF_LENGTH else text[:_BRIEF_LENGTH].rpartition("\n")[0]


def _mark(notice: Notice) -> str:
    return "\U0001f6a8 " if Icon.ALARM in notice.icons else ""


def _blocks(sections: Sequence[Section]) -> Iterator[Block]:
    for each in sections:
        heading = [mrkdwn_line(each.heading, bold=True)] if each.heading else []
        lines = [*heading, *map(mrkdwn_line, each.brief or each.lines)]
        lines += [code_block(text, lambda block: json_length(block) <= CODE_LENGTH) for text in each.code]
        for chunk in chunked(((line, line) for line in lines), _SECTION_ROOM):
            yield section(lines_of(chunk))
        if each.fields:
            fields = [(f"*{label}*", *map(mrkdwn_line, those)) for label, those in each.fields]
            yield section("", ["\n".join(field) for field in fields])
        yield from map(section, _ids(each))


def _ids(each: Section) -> list[str]:
    """Return the event IDs in texts that fit into a section each, and how many are not among them."""
    shown = [code(event_id, 100) for event_id in each.ids[: each.ids_shown]]
    texts = [", ".join(text for text, _ in chunk) for chunk in chunked(((text, text) for text in shown), _SECTION_ROOM)]
    more = each.events - len(shown)
    if texts and more > 0:
        texts[-1] += f" and {more:,} more: the log has their ids"
    return texts
