"""Many alerts as few messages: the most severe first, counts, first and last time, and the id of every event."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cloudtrail_to_slack.alerts.alert import PendingAlert
from cloudtrail_to_slack.destinations.slack.render.headline import SEVERITY_MARKS, account_label, ended_words
from cloudtrail_to_slack.destinations.slack.render.message import MAX_ALL_BLOCKS, Block, SlackMessage, section
from cloudtrail_to_slack.destinations.slack.render.text import chunked, code, lines_of, plain, utc, word

_LISTED = 8  # rules, actors and accounts by name; the rest are counted
_MOST_SEVERE = 5
_IDS_A_SECTION = 2_600  # characters of JSON; a section takes 3,000 of text
_FIRST_IDS = MAX_ALL_BLOCKS - 7_000  # what is left beside the counts and the most severe
_FURTHER_IDS = MAX_ALL_BLOCKS - 1_600
# Alerts in one message of a summary, where their ids are as long as CloudTrail's: 36 characters and a line break.
ALERTS_IN_ONE_MESSAGE = _FIRST_IDS // 38


@dataclass(frozen=True, slots=True)
class SummaryPart:
    """One message of a summary, the same without blocks, and how many alerts or notices it holds."""

    message: SlackMessage
    fallback: SlackMessage
    members: int


def summary(alerts: Sequence[PendingAlert]) -> list[SummaryPart]:
    """Return a summary of alerts, at least one, as few messages as Slack's limits allow.

    `alerts` are sorted by severity, the most severe first, then by time. The first message leads with the most severe
    and holds the counts; the others go on with ids.
    """
    ids = ((alert, plain(alert.event_id or "without id", 100)) for alert in alerts)
    parts = list(chunked(ids, _FURTHER_IDS, _FIRST_IDS))
    total = f"{len(alerts):,} more {'alert' if len(alerts) == 1 else 'alerts'}"
    head = section(f":package: *{total}* in one summary, because there are so many\n{_period(alerts)}")
    counts = [
        _counted("By rule", (rule.name for alert in alerts for rule in alert.rules)),
        _counted("By actor", (alert.actor for alert in alerts)),
        _counted("By account", (account_label(alert.account, alert.account_name) for alert in alerts)),
    ]
    messages: list[SummaryPart] = []
    for number, part in enumerate(parts, 1):
        of = f" ({number} of {len(parts)})" if len(parts) > 1 else ""
        first = number == 1
        top = [head, _most_severe(alerts), *counts] if first else [section(f":package: *{total}*, continued{of}")]
        text = f"{total} in one summary{of}: the most severe is {_brief(alerts[0])}"
        fallback = SlackMessage("\n".join([text, "events", lines_of(part)]))
        listed = [section(f"*Events*{of}\n```{lines_of(chunk)}```") for chunk in chunked(part, _IDS_A_SECTION)]
        messages.append(SummaryPart(SlackMessage(text, [*top, *listed]), fallback, len(part)))
    return messages


def _most_severe(alerts: Sequence[PendingAlert]) -> Block:
    """Return the alerts that matter most, what is alike counted: what happened, by whom, and how it ended."""
    lines = Counter(
        f"{SEVERITY_MARKS[alert.severity]} {word(alert.name) if alert.name else '*something without a name*'}"
        f" by {code(alert.actor, 150)}{ended_words(alert.outcome)}"
        for alert in alerts
    )  # in order of first occurrence, which is that of severity
    shown = [
        f"{line}{f' · {count:,} times' if count > 1 else ''}" for line, count in list(lines.items())[:_MOST_SEVERE]
    ]
    return section("\n".join(["*Most severe*", *shown]))


def _brief(alert: PendingAlert) -> str:
    what = f"{plain(alert.name, 100) or 'something without a name'} by {plain(alert.actor, 120)}"
    return f"{what}{ended_words(alert.outcome)} ({alert.severity.word})"


def _period(alerts: Iterable[PendingAlert]) -> str:
    times = sorted(alert.time for alert in alerts if alert.time)
    return f"from {utc(times[0])} to {utc(times[-1])}" if times else "at unknown times"


def _counted(title: str, names: Iterable[str]) -> Block:
    counts = Counter(names)
    lines = [f"{count:,}: {code(name, 150)}" for name, count in counts.most_common(_LISTED)]
    more = len(counts) - _LISTED
    return section("\n".join([f"*{title}*", *lines, *([f"and {more:,} others"] if more > 0 else [])]))
