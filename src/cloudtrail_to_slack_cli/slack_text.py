"""A Slack message as lines of text for a terminal."""

from collections.abc import Iterator, Mapping
from typing import Any

from rich.text import Text

from cloudtrail_to_slack.destinations.slack.render.message import SlackMessage
from cloudtrail_to_slack_cli.slack_display.terminal_text import slack_lines


def message_lines(message: SlackMessage) -> Iterator[Text]:
    """Yield the lines of a message: those of its blocks, or of its text where it has none."""
    if not message.blocks:
        yield from slack_lines(message.text)
        return
    for block in message.whole.blocks:
        yield from _block_lines(block)


def _block_lines(block: Mapping[str, Any]) -> Iterator[Text]:
    style = "dim" if block.get("type") == "context" else ""
    for text in _texts(block):
        for each in slack_lines(text.replace("```", "\n").replace("\n\n", "\n")):
            if style:
                each.stylize(style)
            yield each


def _texts(block: Mapping[str, Any]) -> Iterator[str]:
    for holder in (block.get("text"), *block.get("fields", ()), *block.get("elements", ())):
        if isinstance(holder, Mapping) and isinstance(holder.get("text"), str):
            yield str(holder["text"]).strip("\n")
