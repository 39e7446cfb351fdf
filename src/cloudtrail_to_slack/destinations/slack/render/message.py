"""A Slack message, its limits, and how warnings, mentions and counts are added to it.

Sources: Slack API docs, "Block Kit reference" (per block) and github.com/slackapi/bolt-js issues 2509 and 2867 (the
undocumented limit on all blocks together, in which the blocks' own structure counts).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from cloudtrail_to_slack.alerts.text import Icon, Line, Link, Time, Value, escape, utf16_length
from cloudtrail_to_slack.destinations.slack.render.text import both_zones, code, link, word

MAX_SECTION_TEXT = 3000
MAX_FIELDS = 10
MAX_CONTEXT_ELEMENTS = 10
MAX_ALL_BLOCKS = 12_000  # characters of JSON; refusals were seen from about 13,200 on

Block = dict[str, Any]


@dataclass(frozen=True, slots=True)
class SlackMessage:
    """What is posted: `text` is the notification and the fallback, `blocks` what the channel shows.

    `details` are blocks to read last: at the end of the message or, with threads, in a reply of their own.
    """

    text: str
    blocks: list[Block] = field(default_factory=list)
    details: list[Block] = field(default_factory=list)

    @property
    def whole(self) -> "SlackMessage":
        """The message with the details at its end."""
        return SlackMessage(self.text, [*self.blocks, *self.details])


def section(text: str, fields: list[str] | None = None, *, folds: bool = False) -> Block:
    """Return a section block; without text it has fields only.

    If it `folds`, Slack may show only the beginning, with "See more"; in a narrow window even of a short text. Source:
    Slack API docs, "Section block", `expand`.
    """
    block: Block = {"type": "section"}
    if text:
        block["text"] = mrkdwn(text)
        if not folds:
            block["expand"] = True
    if fields:
        block["fields"] = [mrkdwn(text) for text in fields[:MAX_FIELDS]]
    return block


def sections(*texts: str) -> list[Block]:
    """Return a section for each text that is not empty."""
    return [section(text) for text in texts if text]


def labelled(fields: Mapping[str, Sequence[str]]) -> list[str]:
    """Return the texts of a section's fields: a label and lines each; a field without lines is left out."""
    return ["\n".join([f"*{label}*", *lines]) for label, lines in fields.items() if lines]


def context(elements: list[str]) -> Block:
    """Return a context block: small grey text."""
    return {"type": "context", "elements": [mrkdwn(text) for text in elements[:MAX_CONTEXT_ELEMENTS]]}


def mrkdwn(text: str) -> Block:
    """Return a text object in Slack's markup; `verbatim` keeps Slack from turning text into links."""
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def blocks_length(blocks: list[Block]) -> int:
    """Return how many characters of JSON the blocks take."""
    return utf16_length(json.dumps(blocks, ensure_ascii=False, separators=(",", ":")))


def with_warning(message: SlackMessage, warning: Line | None) -> SlackMessage:
    """Return the message with a warning at the top, if there is one."""
    if not warning:
        return message
    shown = f":construction: {mrkdwn_line(warning)}"
    if not message.blocks:
        return SlackMessage(f"{shown}\n{message.text}")
    return replace(message, blocks=[context([shown]), *message.blocks])


def with_mention(message: SlackMessage, user_group: str | None) -> SlackMessage:
    """Return the message with a mention of a user group, if there is one.

    It stands in a block, because Slack shows, and notifies of, the blocks of a message that has any; its text is the
    fallback. Source: Slack API docs, "Formatting message text", "Mentioning groups", and chat.postMessage, `text`.
    """
    if not user_group:
        return message
    first, *rest = message.blocks or [section(_as_code(message.text))]
    return replace(message, blocks=[first, section(mention(user_group)), *rest])


def mention(user_group: str) -> str:
    """Return the markup that notifies a user group."""
    return f"<!subteam^{user_group}>"


def with_thread_count(parent: SlackMessage, alerts: int, last: datetime | None) -> SlackMessage:
    """Return a thread's parent message with the number of alerts in the thread and the time of the last one."""
    when = f", the last at {both_zones(last, '')}" if last else ""
    count = section(f":thread: *{alerts:,} alerts like this so far*{when}")
    # A text without blocks is posted without markup; in a block it stands as code, so that nothing in it is markup.
    blocks = parent.blocks or [section(_as_code(parent.text))]
    return SlackMessage(parent.text, [*blocks[:1], count, *blocks[1:]])


def mrkdwn_line(line: Line, *, bold: bool = False) -> str:
    """Return a line in Slack's markup: values as code, our own text optionally in bold."""
    return "".join(_span(span, bold=bold) for span in line)


def icons(of: tuple[Icon, ...]) -> str:
    """Return icons for the beginning of a headline."""
    return " ".join(f":{icon.value}:" for icon in of)


def _span(span: str | Value | Time | Link | Icon, *, bold: bool) -> str:
    match span:
        case Value():
            return word(span.text, span.limit) if span.is_name else code(span.text, span.limit)
        case Time():
            return both_zones(span.time, span.raw)
        case Link():
            return link(span.address, f":{span.icon.value}: {span.label}")
        case Icon():
            return f":{span.value}:"
        case _:
            text = escape(span)
            stripped = text.strip()
            return text.replace(stripped, f"*{stripped}*") if bold and stripped else text


def _as_code(text: str) -> str:
    """Return an escaped text without backticks as a code block, without its last line if it is too long."""
    fits = utf16_length(text) <= MAX_SECTION_TEXT - len("``````")
    return f"```{text if fits else text.rpartition(chr(10))[0]}```"
