"""The parent message of a thread, with how many alerts the thread has by now."""

from datetime import datetime

from cloudtrail_to_slack.alerts.text import utf16_length
from cloudtrail_to_slack.destinations.slack.render.message import MAX_SECTION_TEXT, SlackMessage, section
from cloudtrail_to_slack.destinations.slack.render.time import both_zones


def with_thread_count(parent: SlackMessage, alerts: int, last: datetime | None) -> SlackMessage:
    """Return a thread's parent message saying how many alerts the thread has by now, and when the last came."""
    when = f", the last at {both_zones(last, '').replace(chr(10), ', ')}" if last else ""
    count = section(f":thread: *{alerts:,} alerts like this by now*{when}")
    # A text without blocks is posted without markup; in a block it stands as code, so that nothing in it is markup.
    blocks = parent.blocks or [section(_as_code(parent.text))]
    return SlackMessage(parent.text, [*blocks[:1], count, *blocks[1:]])


def _as_code(text: str) -> str:
    """Return an escaped text without backticks as a code block, without its last line where that is too much."""
    fits = utf16_length(text) <= MAX_SECTION_TEXT - len("``````")
    return f"```{text if fits else text.rpartition(chr(10))[0]}```"
