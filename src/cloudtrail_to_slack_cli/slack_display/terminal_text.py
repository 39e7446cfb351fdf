"""Text of strangers made safe for the terminal, and Slack's markup as rich shows it.

Nothing here is ever parsed as rich's own markup: texts are `Text` objects, with styles put on by us.
"""

import re
from collections.abc import Iterator
from typing import Final

from rich.text import Text

from cloudtrail_to_slack.alerts.text import visible
from cloudtrail_to_slack.destinations.slack.render.message import Block, SlackMessage
from cloudtrail_to_slack_cli.slack_display.emoji import with_emoji

_MARKUP: Final = re.compile(
    r"`(?P<code>[^`\n]+)`"
    r"|<!date\^[^<>|]*\|(?P<date>[^<>]*)>"
    r"|<[^<>|\n]+\|(?P<label>[^<>\n]*)>"
    r"|(?<![\w*])\*(?=\S)(?P<bold>[^*\n]+)(?<=\S)\*(?![\w*])"
    r"|(?<![\w_])_(?=\S)(?P<italic>[^_\n]+)(?<=\S)_(?![\w_])"
)
_STYLES: Final = {"code": "cyan", "date": "", "label": "underline", "bold": "bold", "italic": "italic"}


# What asks for the colored form of the emoji before it. Terminals disagree about how wide that is, so it is left out.
_EMOJI_FORM: Final = re.compile("(?<=[\u00a9\u00ae\u203c-\u3299\U0001f000-\U0001faff])\ufe0f")


def safe(text: str) -> str:
    r"""Show control characters and their like as `\u001b`; a line break becomes a space."""
    return visible(_EMOJI_FORM.sub("", text.replace("\n", " ")))


def message_lines(message: SlackMessage) -> Iterator[Text]:
    """Yield the lines of a message's blocks, then those of the details that are a reply in its thread."""
    yield from _lines_of(message.blocks)
    if message.details:
        yield Text("In its thread", "bold")
        yield from _lines_of(message.details)


def _lines_of(blocks: list[Block]) -> Iterator[Text]:
    for block in blocks:
        for holder in (block.get("text"), *block.get("fields", ()), *block.get("elements", ())):
            text = holder.get("text") if isinstance(holder, dict) else None
            for each in slack_lines(text.replace("```", "\n").replace("\n\n", "\n")) if isinstance(text, str) else ():
                if block.get("type") == "context":
                    each.stylize("dim")
                yield each


def slack_lines(text: str) -> list[Text]:
    """Return the lines of a string in Slack's markup: emoji as Unicode, styles as the terminal's."""
    return [_slack_line(line) for line in text.split("\n") if line.strip()]


def _slack_line(line: str) -> Text:
    shown = Text()
    position = 0
    for match in _MARKUP.finditer(line):
        kind = match.lastgroup or ""
        inner = match[kind]
        shown.append(_unescape(with_emoji(line[position : match.start()])))
        # In code nothing is markup or emoji; in bold text an emoji still is one.
        shown.append(_unescape(inner if kind == "code" else with_emoji(inner)), style=_STYLES.get(kind, ""))
        position = match.end()
    shown.append(_unescape(with_emoji(line[position:])))
    return shown


def _unescape(text: str) -> str:
    # Slack knows these three entities; `&` comes last, or it would make new ones.
    return safe(text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))
