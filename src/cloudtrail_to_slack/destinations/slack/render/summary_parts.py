"""A list too long for one Slack message, as the parts that each fit into one."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from cloudtrail_to_slack.alerts.text import json_length
from cloudtrail_to_slack.destinations.slack.render.message import SlackMessage

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SummaryPart:
    """One message of a summary, the same without blocks, and how many alerts or notices it holds."""

    message: SlackMessage
    fallback: SlackMessage
    members: int


def chunked(items: Iterable[tuple[T, str]], room: int, first_room: int | None = None) -> Iterator[list[tuple[T, str]]]:
    """Yield items with their lines in chunks whose lines take at most `room` characters of JSON.

    The first chunk takes at most `first_room`. A longer line is a chunk of its own.
    """
    chunk: list[tuple[T, str]] = []
    length, most = 0, room if first_room is None else first_room
    for item, line in items:
        size = json_length(line) + 2  # and a line break, which is two characters in JSON
        if chunk and length + size > most:
            yield chunk
            chunk, length, most = [], 0, room
        chunk.append((item, line))
        length += size
    if chunk:
        yield chunk


def lines_of(items: Sequence[tuple[T, str]]) -> str:
    """Return the lines of a chunk."""
    return "\n".join(line for _, line in items)
