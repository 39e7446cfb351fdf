"""What a backtest counts; totals of parts add up to those of the whole, in any order."""

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from cloudtrail_to_slack.events.event import Event

NO_DAY = "unknown"


@dataclass(frozen=True, slots=True)
class AlertFacts:
    """What is counted of an alert: its day, its hour (None: unknown), who acted (a digest) and in which account."""

    day: str
    hour: str | None
    actor: bytes
    account: str


def alert_facts(event: Event) -> AlertFacts:
    """Return what is counted of an event that alerts."""
    actor = (event.actor.arn or event.actor.name).encode("utf-8", "replace")
    return AlertFacts(
        day=event.time.date().isoformat() if event.time else NO_DAY,
        hour=f"{event.time.isoformat()[:13]}:00Z" if event.time else None,
        actor=hashlib.blake2b(actor, digest_size=8).digest(),
        account=event.account or "unknown",
    )


@dataclass(slots=True)
class RuleTotals:
    """What one rule matched: alerts, by day and by hour; who acted, as digests, and in which accounts."""

    alerts: int = 0
    days: Counter[str] = field(default_factory=Counter)
    hours: Counter[str] = field(default_factory=Counter)
    actors: set[bytes] = field(default_factory=set)
    accounts: set[str] = field(default_factory=set)

    @property
    def busiest_hour(self) -> tuple[str, int] | None:
        """The hour with the most alerts, the first of them where several are, and how many; None: all are unknown."""
        return max(sorted(self.hours.items()), key=lambda each: each[1]) if self.hours else None

    def add(self, other: "RuleTotals") -> None:
        """Add the totals of another part."""
        self.alerts += other.alerts
        self.days += other.days
        self.hours += other.hours
        self.actors |= other.actors
        self.accounts |= other.accounts


@dataclass(slots=True)
class Totals:
    """Counts of records, alerts by rule, ignored events by ignore rule, and errors by rule and cause."""

    counts: Counter[str] = field(default_factory=Counter)
    rules: dict[str, RuleTotals] = field(default_factory=dict)
    ignored: Counter[str] = field(default_factory=Counter)
    errors: Counter[tuple[str, str]] = field(default_factory=Counter)
    days: Counter[str] = field(default_factory=Counter)

    def add_alert(self, rules: Iterable[str], facts: AlertFacts) -> None:
        """Count an event that rules matched and no ignore rule suppresses."""
        self.days[facts.day] += 1
        for rule in rules:
            totals = self.rules.get(rule)
            if totals is None:
                totals = self.rules[rule] = RuleTotals()
            totals.alerts += 1
            totals.days[facts.day] += 1
            if facts.hour:
                totals.hours[facts.hour] += 1
            totals.actors.add(facts.actor)
            totals.accounts.add(facts.account)

    def add(self, other: "Totals") -> None:
        """Add the totals of another part."""
        self.counts += other.counts
        self.ignored += other.ignored
        self.errors += other.errors
        self.days += other.days
        for name, rule in other.rules.items():
            self.rules.setdefault(name, RuleTotals()).add(rule)
