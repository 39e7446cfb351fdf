"""Rules with a threshold in a backtest: counted over all files, whatever their order and the number of processes.

The function lets the event that completes a count carry the alert, and which one that is depends on the order in which
log files come. Here it is the first by time, and of events of one time the first by identity, so a report does not
depend on the order.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from cloudtrail_to_slack.events.event import Event
from cloudtrail_to_slack.events.identity import event_identity, identity_digest
from cloudtrail_to_slack.rules import Rule
from cloudtrail_to_slack.rules.thresholds import window_of
from cloudtrail_to_slack_cli.backtest.totals import AlertFacts, alert_facts


@dataclass(frozen=True, slots=True)
class CountedRule:
    """A rule that matched an event; with a threshold the window, what is counted in it and how much is needed.

    `member` is the value that is counted; None: the event is.
    """

    name: str
    key: str | None = None
    member: str | None = None
    count: int = 1


@dataclass(frozen=True, slots=True)
class CountedMatch:
    """An event that at least one rule with a threshold matched, until it is known whether it alerts."""

    rules: tuple[CountedRule, ...]
    identity: str
    time: float
    facts: AlertFacts
    line: dict[str, object]


def counted_match(rules: Iterable[Rule], event: Event, line: dict[str, object]) -> CountedMatch:
    """Return an event and the rules that matched it, as far as they count it."""
    time = event.time.timestamp() if event.time else 0.0
    found = []
    for rule in rules:
        if rule.threshold is None:
            found.append(CountedRule(rule.name))
        elif window := window_of(rule, rule.threshold, event.flat, time):
            found.append(CountedRule(rule.name, window.key, window.value, rule.threshold.count))
    identity = identity_digest(event_identity(event))
    return CountedMatch(tuple(found), identity, time, alert_facts(event), line)


def alerting(matches: Iterable[CountedMatch]) -> Iterator[tuple[CountedMatch, tuple[str, ...]]]:
    """Yield each event with the rules that alert on it; none for an event that only counts."""
    matches = list(matches)
    windows: dict[tuple[str, int], list[tuple[float, str, str]]] = defaultdict(list)
    for match in matches:
        for rule in match.rules:
            if rule.key is not None:
                windows[rule.key, rule.count].append((match.time, match.identity, rule.member or match.identity))
    left = {key: _completed_by(counted, key[1]) for key, counted in windows.items()}
    for match in matches:
        names = []
        for rule in match.rules:
            if rule.key is None:
                names.append(rule.name)
            elif left[rule.key, rule.count] == match.identity:
                left[rule.key, rule.count] = None  # a copy of the event does not alert again
                names.append(rule.name)
        yield match, tuple(names)


def _completed_by(counted: list[tuple[float, str, str]], count: int) -> str | None:
    """Return the identity of the event that completes a count; None where it is not reached."""
    members: set[str] = set()
    for _, identity, member in sorted(counted):
        members.add(member)
        if len(members) >= count:
            return identity
    return None
