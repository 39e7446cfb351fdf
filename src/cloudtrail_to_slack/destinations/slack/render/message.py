"""A Slack message, and the limits it keeps.

Sources: Slack API docs, "Block Kit reference" (per block) and github.com/slackapi/bolt-js issues 2509 and 2867 (the
undocumented limit on all blocks together, in which the blocks' own structure counts).
"""

import json
from dataclasses import dataclass, field
from typing import Any

from cloudtrail_to_slack.alerts.text import Line, utf16_length
from cloudtrail_to_slack.destinations.slack.render.line import mrkdwn_line

MAX_SECTION_TEXT = 3000
MAX_FIELDS = 10
MAX_CONTEXT_ELEMENTS = 10
MAX_ALL_BLOCKS = 12_000  # characters of JSON; refusals were seen from about 13,200 on

Block = dict[str, Any]


@dataclass(frozen=True, slots=True)
class SlackMessage:
    """What is posted: `text` is the notification and the fallback, `blocks` what the channel shows."""

    text: str
    blocks: list[Block] = field(default_factory=list)


def section(text: str, fields: list[str] | None = None) -> Block:
    """Return a section block; without text it has fields only."""
    block: Block = {"type": "section"}
    if text:
        block["text"] = mrkdwn(text)
    if fields:
        block["fields"] = [mrkdwn(text) for text in fields[:MAX_FIELDS]]
    return block


def context(elements: list[str]) -> Block:
    """Return a context block: small grey text."""
    return {"type": "context", "elements": [mrkdwn(text) for text in elements[:MAX_CONTEXT_ELEMENTS]]}


def mrkdwn(text: str) -> Block:
    """Return a text object in Slack's markup; `verbatim` keeps Slack from making links of what looks like one."""
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def with_warning(message: SlackMessage, warning: Line | None) -> SlackMessage:
    """Return the message with a warning on top of it, itself where there is none."""
    if not warning:
        return message
    shown = f":construction: {mrkdwn_line(warning)}"
    if not message.blocks:
        return SlackMessage(f"{shown}\n{message.text}")
    return SlackMessage(message.text, [context([shown]), *message.blocks])


def blocks_length(blocks: list[Block]) -> int:
    """Return how many characters of JSON the blocks take."""
    return utf16_length(json.dumps(blocks, ensure_ascii=False, separators=(",", ":")))
