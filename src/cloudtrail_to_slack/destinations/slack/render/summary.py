"""Summaries: many alerts, with counts, the most severe and all event IDs, or many notices, in few messages."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cloudtrail_to_slack.alerts.alert import PendingAlert
from cloudtrail_to_slack.alerts.notice import Notice
from cloudtrail_to_slack.alerts.text import utc
from cloudtrail_to_slack.destinations.slack.render.headline import SEVERITY_MARKS, account_label, ended_words
from cloudtrail_to_slack.destinations.slack.render.message import (
    MAX_ALL_BLOCKS,
    SlackMessage,
    icons,
    mrkdwn_line,
    section,
    sections,
)
from cloudtrail_to_slack.destinations.slack.render.text import chunked, code, plain, word

_LISTED = 8  # rules, actors and accounts by name; the rest are counted
_MOST_SEVERE = 5
_SECTION_ROOM = 2_600  # characters of JSON; a section takes 3,000 of text
_FIRST_IDS = MAX_ALL_BLOCKS - 7_000  # what is left beside the counts and the most severe
_MESSAGE_ROOM = MAX_ALL_BLOCKS - 1_600
# Alerts in one message of a summary, where their ids are as long as CloudTrail's: 36 characters and a line break.
ALERTS_IN_ONE_MESSAGE = _FIRST_IDS // 38


@dataclass(frozen=True, slots=True)
class SummaryPart:
    """One message of a summary, the same without blocks, and how many alerts or notices it holds."""

    message: SlackMessage
    fallback: SlackMessage
    members: int


def summary(alerts: Sequence[PendingAlert]) -> list[SummaryPart]:
    """Return a summary of at least one alert, in as few messages as Slack's limits allow.

    `alerts` are sorted, the most severe first. The first message has the most severe and counts; the others have IDs.
    """
    ids = list(chunked((plain(alert.event_id or "without id", 100) for alert in alerts), _MESSAGE_ROOM, _FIRST_IDS))
    total = f"{len(alerts):,} more {'alert' if len(alerts) == 1 else 'alerts'}"
    top = sections(
        f":package: *{total}* in one summary, because the message limit is reached\n{_period(alerts)}",
        _most_severe(alerts),
        _counted("By rule", (rule.name for alert in alerts for rule in alert.rules)),
        _counted("By actor", (alert.actor for alert in alerts)),
        _counted("By account", (account_label(alert.account, alert.account_name) for alert in alerts)),
    )
    messages = []
    for number, part in enumerate(ids, 1):
        of = _of(number, ids)
        text = f"{total} in one summary{of}: the most severe is {_brief(alerts[0])}"
        listed = (f"*Events*{of}\n```{_lines(chunk)}```" for chunk in chunked(part, _SECTION_ROOM))
        message = SlackMessage(text, [*top, *(section(each, folds=True) for each in listed)])
        messages.append(SummaryPart(message, SlackMessage(_lines([text, "events", *part])), len(part)))
        top = [section(f":package: *{total}*, continued{_of(number + 1, ids)}")]
    return messages


def notice_summary(notices: Sequence[Notice]) -> list[SummaryPart]:
    """Return a summary of at least one notice of one kind: a line for each."""
    group = notices[0].group
    mark, what = (icons(group.icons), group.what) if group else (":information_source:", "notices")
    lines = list(chunked((mrkdwn_line(notice.line or (notice.title,)) for notice in notices), _MESSAGE_ROOM))
    messages = []
    for number, part in enumerate(lines, 1):
        text = f"{len(notices):,} more {what}{_of(number, lines)}"
        blocks = sections(f"{mark} *{text}*", *map(_lines, chunked(part, _SECTION_ROOM)))
        messages.append(SummaryPart(SlackMessage(text, blocks), SlackMessage(_lines([text, *part])), len(part)))
    return messages


def _of(number: int, parts: Sequence[object]) -> str:
    return f" ({number} of {len(parts)})" if len(parts) > 1 else ""


def _lines(lines: Iterable[str]) -> str:
    return "\n".join(lines)


def _most_severe(alerts: Sequence[PendingAlert]) -> str:
    """Return the most severe alerts, similar ones counted: what happened, by whom, and how it ended."""
    lines = Counter(
        f"{SEVERITY_MARKS[alert.severity]} {word(alert.name) if alert.name else '*an event without a name*'}"
        f" by {code(alert.actor, 150)}{ended_words(alert.outcome)}"
        for alert in alerts
    )  # in order of first occurrence, which is that of severity
    shown = [
        f"{line}{f' · {count:,} times' if count > 1 else ''}" for line, count in list(lines.items())[:_MOST_SEVERE]
    ]
    return _lines(["*Most severe*", *shown])


def _brief(alert: PendingAlert) -> str:
    what = f"{plain(alert.name, 100) or 'an event without a name'} by {plain(alert.actor, 120)}"
    return f"{what}{ended_words(alert.outcome)} ({alert.severity.word})"


def _period(alerts: Iterable[PendingAlert]) -> str:
    times = sorted(alert.time for alert in alerts if alert.time)
    return f"from {utc(times[0])} to {utc(times[-1])}" if times else "at unknown times"


def _counted(title: str, names: Iterable[str]) -> str:
    counts = Counter(names)
    more = len(counts) - _LISTED
    shown = [f"{count:,}: {code(name, 150)}" for name, count in counts.most_common(_LISTED)]
    return _lines([f"*{title}*", *shown, *([f"and {more:,} others"] if more > 0 else [])])
