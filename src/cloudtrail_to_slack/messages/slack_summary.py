"""Many alerts as few messages: counts by rule and actor, first and last time, and the id of every event."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from cloudtrail_to_slack.alerts import HeldAlert
from cloudtrail_to_slack.messages.slack_message import MAX_ALL_BLOCKS, Block, SlackMessage, section
from cloudtrail_to_slack.messages.slack_text import code, json_length, plain
from cloudtrail_to_slack.messages.slack_time import utc

_LISTED = 8  # rules, actors and accounts by name; the rest are counted
_IDS_A_SECTION = 2_600  # characters of JSON; a section takes 3,000 of text
_IDS_A_MESSAGE = MAX_ALL_BLOCKS - 5_000  # what is left beside the counts


@dataclass(frozen=True, slots=True)
class SummaryPart:
    """One message of a summary, and the alerts whose ids it holds."""

    message: SlackMessage
    alerts: Sequence[HeldAlert]


def summary(alerts: Sequence[HeldAlert]) -> list[SummaryPart]:
    """Return a summary of alerts (at least one, in order of time) as few messages as Slack's limits allow.

    The first holds the counts; the others go on with ids.
    """
    parts = _parted(alerts)
    total = f"{len(alerts):,} more {'alert' if len(alerts) == 1 else 'alerts'}"
    head = section("\n".join([f":package: *{total}*, told together because there are so many", _period(alerts)]))
    counts = [
        _counted("By rule", (rule.name for alert in alerts for rule in alert.rules)),
        _counted("By actor", (alert.actor for alert in alerts)),
        _counted("By account", (alert.account or "unknown" for alert in alerts)),
    ]
    messages: list[SummaryPart] = []
    for number, part in enumerate(parts, 1):
        of = f" ({number} of {len(parts)})" if len(parts) > 1 else ""
        top = [head, *counts] if number == 1 else [section(f":package: *{total}*, continued{of}")]
        text = f"{total}, told together{of}: {_most_common(alert.rules[0].name for alert in alerts)}"
        messages.append(SummaryPart(SlackMessage(text, [*top, *_ids(part, of)]), part))
    return messages


def summary_text(part: SummaryPart) -> SlackMessage:
    """Return a part of a summary as text without blocks, for when Slack refuses those."""
    return SlackMessage("\n".join([part.message.text, "events", *map(_shown_id, part.alerts)]))


def _period(alerts: Iterable[HeldAlert]) -> str:
    times = sorted(alert.time for alert in alerts if alert.time)
    return f"from {utc(times[0])} to {utc(times[-1])}" if times else "at unknown times"


def _counted(title: str, names: Iterable[str]) -> Block:
    counts = Counter(names)
    lines = [f"{count:,}: {code(name, 150)}" for name, count in counts.most_common(_LISTED)]
    more = len(counts) - _LISTED
    return section("\n".join([f"*{title}*", *lines, *([f"and {more:,} others"] if more > 0 else [])]))


def _most_common(names: Iterable[str]) -> str:
    (name, _), *_ = Counter(names).most_common(1)
    return plain(name, 120)


def _shown_id(alert: HeldAlert) -> str:
    return plain(alert.event_id or "without id", 100)


def _ids(alerts: Sequence[HeldAlert], of: str) -> list[Block]:
    title = f"*Events*{of}\n"
    return [section(f"{title}```{chr(10).join(map(_shown_id, chunk))}```") for chunk in _chunked(alerts, _fits_section)]


def _parted(alerts: Sequence[HeldAlert]) -> list[list[HeldAlert]]:
    return list(_chunked(alerts, lambda length: length <= _IDS_A_MESSAGE))


def _fits_section(length: int) -> bool:
    return length <= _IDS_A_SECTION


def _chunked(alerts: Sequence[HeldAlert], fits: Callable[[int], bool]) -> Iterable[list[HeldAlert]]:
    """Yield the alerts in chunks whose ids take no more than what `fits`, in characters of JSON."""
    chunk: list[HeldAlert] = []
    length = 0
    for alert in alerts:
        size = json_length(_shown_id(alert)) + 2  # and a line break, which is two characters in JSON
        if chunk and not fits(length + size):
            yield chunk
            chunk, length = [], 0
        chunk.append(alert)
        length += size
    if chunk:
        yield chunk
