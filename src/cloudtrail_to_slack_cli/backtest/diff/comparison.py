"""Compare two results: alerts that are new, gone, moved or by other rules, and the messages of each channel."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from cloudtrail_to_slack_cli.backtest.diff.sides import Example, Fate, Side

Names = tuple[str, ...]
_OWN_MESSAGE = frozenset({"message", "reply"})


@dataclass(slots=True)
class Group:
    """Alerts with the same change: `before` and `after` are rules or destinations. `example` is the earliest event.

    `messages` are the messages about one alert each that they had before (where they are gone) or have now.
    """

    before: Names
    after: Names
    alerts: int = 0
    messages: int = 0
    example: Example | None = None

    def add(self, fate: Fate) -> None:
        """Add an alert."""
        self.alerts += 1
        self.messages += sum(form in _OWN_MESSAGE for _, form in fate.forms)
        if self.example is None or _age(fate.example) < _age(self.example):
            self.example = fate.example


@dataclass(frozen=True, slots=True)
class ChannelChange:
    """The messages of a channel on both sides: all, and the most on a day, and that day on the new side."""

    channel: str
    old_messages: int
    new_messages: int
    old_most_per_day: int
    new_most_per_day: int
    busiest_day: str | None


@dataclass(frozen=True, slots=True)
class OverLimit:
    """A channel that would receive more messages on a day than it may."""

    channel: str
    day: str
    messages: int


@dataclass(slots=True)
class Comparison:
    """All that differs.

    `new` and `gone` are grouped by the rules, `moved` by the destinations, `changed` by the rules of events that
    alert on both sides, `reformed` by how they reach the same destinations: as a message, a reply, in a summary.
    """

    old: Side
    new_side: Side
    new: list[Group] = field(default_factory=list)
    gone: list[Group] = field(default_factory=list)
    moved: list[Group] = field(default_factory=list)
    changed: list[Group] = field(default_factory=list)
    reformed: list[Group] = field(default_factory=list)
    unchanged: int = 0
    channels: list[ChannelChange] = field(default_factory=list)
    rules: list[tuple[str, int, int]] = field(default_factory=list)
    over_limit: list[OverLimit] = field(default_factory=list)


def compare(old: Side, new: Side, most_per_day: int | None = None) -> Comparison:
    """Return what differs between two sides; `most_per_day` is how many messages a channel may receive on a day."""
    found = Comparison(old, new)
    both = old.alerts.keys() & new.alerts.keys()
    found.new = _groups(((), fate.rules, fate) for key, fate in new.alerts.items() if key not in both)
    found.gone = _groups((fate.rules, (), fate) for key, fate in old.alerts.items() if key not in both)
    pairs = [(before, new.alerts[key]) for key, before in old.alerts.items() if key in both]
    found.unchanged = sum((one.rules, one.forms) == (other.rules, other.forms) for one, other in pairs)
    found.changed = _groups((one.rules, other.rules, other) for one, other in pairs)
    found.moved = _groups((one.destinations, other.destinations, other) for one, other in pairs)
    # One that moved has other forms for that reason.
    stayed = (each for each in pairs if each[0].destinations == each[1].destinations)
    found.reformed = _groups((_written(one), _written(other), other) for one, other in stayed)
    found.channels = [_channel(label, old, new) for label in sorted(old.days.keys() | new.days.keys())]
    for rule in sorted(old.rules.keys() | new.rules.keys()):
        pair = old.rules.get(rule, 0), new.rules.get(rule, 0)
        if pair[0] != pair[1]:
            found.rules.append((rule, *pair))
    if most_per_day is not None:
        found.over_limit = [
            OverLimit(label, day, count)
            for label, days in sorted(new.days.items())
            for day, count in sorted(days.items())
            if count > most_per_day
        ]
    return found


def _groups(changes: Iterable[tuple[Names, Names, Fate]]) -> list[Group]:
    """Return alerts with the names before and after, grouped by these, the most alerts first; without equal ones."""
    groups: dict[tuple[Names, Names], Group] = {}
    for before, after, fate in changes:
        if before != after:
            groups.setdefault((before, after), Group(before, after)).add(fate)
    return sorted(groups.values(), key=lambda group: (-group.alerts, group.before, group.after))


def _written(fate: Fate) -> Names:
    return tuple(f"{destination}: {form}" for destination, form in fate.forms)


def _age(example: Example) -> tuple[str, str]:
    return example.event_time, example.event_id


def _channel(label: str, old: Side, new: Side) -> ChannelChange:
    before, after = old.days.get(label, {}), new.days.get(label, {})
    busiest = max(sorted(after), key=lambda day: after[day], default="")
    counts = sum(before.values()), sum(after.values()), max(before.values(), default=0), after.get(busiest, 0)
    return ChannelChange(label, *counts, busiest or None)
