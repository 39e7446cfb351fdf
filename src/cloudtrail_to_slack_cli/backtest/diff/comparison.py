"""Compare two results: alerts that are new, gone, moved or by other rules, and the messages of each channel."""

from collections.abc import Callable, Iterable
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
        earlier = self.example is None or _age(fate.example) < _age(self.example)
        if earlier:
            self.example = fate.example


@dataclass(frozen=True, slots=True)
class ChannelChange:
    """The messages of a channel on both sides: all, and the most on a day, and that day on the new side."""

    channel: str
    old: int
    new: int
    most_old: int
    most_new: int
    busiest_day: str


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
    found.new = _groups((new.alerts[key] for key in new.alerts if key not in both), _nothing, _rules)
    found.gone = _groups((old.alerts[key] for key in old.alerts if key not in both), _rules, _nothing)
    moved: dict[tuple[Names, Names], Group] = {}
    changed: dict[tuple[Names, Names], Group] = {}
    reformed: dict[tuple[Names, Names], Group] = {}
    for key, before in old.alerts.items():
        after = new.alerts.get(key)
        if after is None:
            continue
        is_same = True
        for kind, one, other in (
            (moved, before.destinations, after.destinations),
            (changed, before.rules, after.rules),
            (reformed, _written(before), _written(after)),
        ):
            # One that moved has other forms for that reason.
            if one != other and not (kind is reformed and before.destinations != after.destinations):
                kind.setdefault((one, other), Group(one, other)).add(after)
                is_same = False
        found.unchanged += is_same
    found.moved, found.changed, found.reformed = (
        _sorted(moved.values()),
        _sorted(changed.values()),
        _sorted(reformed.values()),
    )
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


def _groups(fates: Iterable[Fate], before: Callable[[Fate], Names], after: Callable[[Fate], Names]) -> list[Group]:
    groups: dict[tuple[Names, Names], Group] = {}
    for fate in fates:
        names = before(fate), after(fate)
        groups.setdefault(names, Group(*names)).add(fate)
    return _sorted(groups.values())


def _sorted(groups: Iterable[Group]) -> list[Group]:
    return sorted(groups, key=lambda group: (-group.alerts, group.before, group.after))


def _rules(fate: Fate) -> Names:
    return fate.rules


def _nothing(_: Fate) -> Names:
    return ()


def _written(fate: Fate) -> Names:
    return tuple(f"{destination}: {form}" for destination, form in fate.forms)


def _age(example: Example) -> tuple[str, str]:
    return example.event_time, example.event_id


def _channel(label: str, old: Side, new: Side) -> ChannelChange:
    before, after = old.days.get(label, {}), new.days.get(label, {})
    busiest = max(sorted(after), key=lambda day: after[day], default="")
    return ChannelChange(
        channel=label,
        old=sum(before.values()),
        new=sum(after.values()),
        most_old=max(before.values(), default=0),
        most_new=after.get(busiest, 0),
        busiest_day=busiest,
    )
