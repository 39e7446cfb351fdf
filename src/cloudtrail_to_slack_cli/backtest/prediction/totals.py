"""The totals of a prediction: messages by channel and day, by rule, and by rule and actor."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Final

from cloudtrail_to_slack.delivery.routing import Target
from cloudtrail_to_slack_cli.backtest.prediction.destinations import label
from cloudtrail_to_slack_cli.backtest.prediction.rows import SAMPLES, AlertRow

if TYPE_CHECKING:
    from cloudtrail_to_slack_cli.backtest.prediction.invocation import Invocation

NOT_PREDICTED: Final = (
    "notices on missing log data, on removed log files, and on trails that were stopped or started again",
    "the effects of errors and delays at Slack, SNS or AWS: fallbacks to the default channel, retries, repetitions",
)
_NOTICES = "notices"  # in the place of a rule
_MOST = 0.8  # of the messages: what makes so many is named


class Form(Enum):
    """The forms in which an alert reaches a destination, or why it does not."""

    MESSAGE = "message"
    REPLY = "reply"
    SUMMARY = "summary"
    DUPLICATE = "duplicate"


@dataclass(frozen=True, slots=True)
class Message:
    """A message about `rows`, one alert or those of a summary.

    `form` is where it stands: in the channel, in a thread, or it is the first message of a summary. `parent_day` is the
    day of the message that it is the first reply to, None where it is not the first.
    """

    target: Target
    form: Form
    rows: Sequence[AlertRow]
    parent_day: str | None = None


@dataclass(slots=True)
class ChannelDay:
    """What a channel receives on a day.

    `messages` are all messages, of which `replies` stand in threads. `threads` are messages of that day with replies.
    `summaries` each stand for what exceeds the message limit of an invocation. `notices` are about the function itself.
    """

    messages: int = 0
    replies: int = 0
    threads: int = 0
    summaries: int = 0
    notices: int = 0

    def add(self, other: "ChannelDay") -> None:
        """Add another day."""
        self.messages += other.messages
        self.replies += other.replies
        self.threads += other.threads
        self.summaries += other.summaries
        self.notices += other.notices


@dataclass(slots=True)
class RulePrediction:
    """What a rule sends: messages that show an alert of it, who its alerts are about, and the first of them."""

    messages: int = 0
    actors: Counter[str] = field(default_factory=Counter)
    samples: list[AlertRow] = field(default_factory=list)


@dataclass(slots=True)
class Prediction:
    """What all invocations send.

    `noise` counts messages by the rule and the actor they are mostly about, `notices` those by their titles.
    """

    days: dict[Target, dict[str, ChannelDay]] = field(default_factory=dict)
    rules: dict[str, RulePrediction] = field(default_factory=dict)
    noise: Counter[tuple[str, str]] = field(default_factory=Counter)
    notices: Counter[str] = field(default_factory=Counter)
    duplicates: int = 0
    unrouted: int = 0

    def add(self, invocation: "Invocation") -> None:
        """Add what an invocation sends."""
        for message in invocation.messages:
            self._add_message(message, invocation.day)
        for target, notice in invocation.notices:
            day = self.days.setdefault(target, {}).setdefault(invocation.day, ChannelDay())
            day.messages += 1
            day.notices += 1
            self.notices[notice.title] += 1
            self.noise[_NOTICES, notice.title] += 1
        for alert in invocation.delivered:
            row = alert.row
            self.unrouted += not alert.forms
            self.duplicates += sum(form is Form.DUPLICATE for form in alert.forms.values())
            for name in row.rules:
                rule = self.rules.setdefault(name, RulePrediction())
                rule.actors[row.actor] += 1
                if row.record is not None and len(rule.samples) < SAMPLES:
                    rule.samples.append(row)

    @property
    def messages(self) -> int:
        """All messages to all channels."""
        return sum(day.messages for days in self.days.values() for day in days.values())

    def channels(self) -> list[tuple[Target, ChannelDay, dict[str, ChannelDay]]]:
        """Return each channel with its total and its days, the most messages first."""
        found = []
        for target, days in self.days.items():
            total = ChannelDay()
            for day in days.values():
                total.add(day)
            found.append((target, total, dict(sorted(days.items()))))
        return sorted(found, key=lambda each: (-each[1].messages, label(each[0])))

    def noisiest(self) -> list[tuple[str, str, int]]:
        """Return the fewest rules and actors that make four fifths of the messages: rule, actor, messages."""
        found: list[tuple[str, str, int]] = []
        reached = 0
        for (rule, actor), count in sorted(self.noise.items(), key=lambda each: (-each[1], each[0])):
            if reached >= _MOST * self.messages:
                break
            reached += count
            found.append((rule, actor, count))
        return found

    def _add_message(self, message: Message, on: str) -> None:
        days = self.days.setdefault(message.target, {})
        day = days.setdefault(on, ChannelDay())
        day.messages += 1
        day.replies += message.form is Form.REPLY
        day.summaries += message.form is Form.SUMMARY
        if message.parent_day is not None:
            days.setdefault(message.parent_day, ChannelDay()).threads += 1
        for rule in dict.fromkeys(name for row in message.rows for name in row.rules):
            self.rules.setdefault(rule, RulePrediction()).messages += 1
        self.noise[_mostly_about(message.rows)] += 1


def _mostly_about(rows: Sequence[AlertRow]) -> tuple[str, str]:
    """Return the rule and the actor that most alerts of a message are about, the first of them where several are."""
    pairs: Iterable[tuple[str, str]] = ((name, row.actor) for row in rows for name in row.rules)
    return max(sorted(Counter(pairs).items()), key=lambda each: each[1])[0]
