"""Many notices of one kind as few messages, each notice a line."""

from collections.abc import Sequence

from cloudtrail_to_slack.alerts.notice import Notice
from cloudtrail_to_slack.destinations.slack.render.message import MAX_ALL_BLOCKS, SlackMessage, section
from cloudtrail_to_slack.destinations.slack.render.summary_parts import SummaryPart, chunked, lines_of

_LINES_A_SECTION = 2_700  # characters of JSON; a section takes 3,000 of text
_LINES_A_MESSAGE = MAX_ALL_BLOCKS - 1_600


def notice_summary(notices: Sequence[Notice]) -> list[SummaryPart]:
    """Return a summary of notices of one kind, at least one, as few messages as Slack's limits allow."""
    group = notices[0].group
    icon, what = (group.icon, group.what) if group else (":information_source:", "notices")
    parts = list(chunked(((notice, notice.line or notice.message.text) for notice in notices), _LINES_A_MESSAGE))
    total = f"{len(notices):,} more {what}"
    messages: list[SummaryPart] = []
    for number, part in enumerate(parts, 1):
        text = total + (f" ({number} of {len(parts)})" if len(parts) > 1 else "")
        blocks = [
            section(f"{icon} *{text}*"),
            *(section(lines_of(chunk)) for chunk in chunked(part, _LINES_A_SECTION)),
        ]
        fallback = SlackMessage(f"{text}\n{lines_of(part)}")
        messages.append(SummaryPart(SlackMessage(text, blocks), fallback, len(part)))
    return messages
