"""The two sides of a comparison: results of `backtest --format json`, from a file or evaluated now."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from typing import Any

from cloudtrail_to_slack_cli.backtest.formats.data import as_json
from cloudtrail_to_slack_cli.backtest.report import Report
from cloudtrail_to_slack_cli.backtest.totals import NO_DAY
from cloudtrail_to_slack_cli.errors import UnreadableError


@dataclass(frozen=True, slots=True)
class Example:
    """One event of a group, to look it up."""

    event_id: str
    event_time: str
    event_name: str
    account_id: str
    actor: str


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of an event: the rules that alerted, and for each destination the form of the message."""

    rules: tuple[str, ...]
    forms: tuple[tuple[str, str], ...]
    example: Example

    @property
    def destinations(self) -> tuple[str, ...]:
        """The destinations that it reaches."""
        return tuple(destination for destination, _ in self.forms)


@dataclass(slots=True)
class Side:
    """One side. `days` are the messages of each destination by day, `rules` those of each rule."""

    name: str
    alerts: dict[str, Fate] = field(default_factory=dict)
    days: dict[str, dict[str, int]] = field(default_factory=dict)
    rules: dict[str, int] = field(default_factory=dict)

    @property
    def messages(self) -> int:
        """All messages."""
        return sum(sum(days.values()) for days in self.days.values())


def is_result(document: object) -> bool:
    """Whether a document is a saved result, and no configuration."""
    return isinstance(document, dict) and "channels" in document and "alerts" in document


def side_of_document(name: str, document: Mapping[str, Any]) -> Side:
    """Return the side of a saved result.

    Raises:
        UnreadableError: it is not one that `backtest --format json` writes.
    """
    try:
        return _side(name, document, document["alerts"])
    except (KeyError, TypeError, AttributeError, ValueError):
        raise UnreadableError(name, "is not a result of backtest --format json") from None


def side_of_report(name: str, report: Report) -> Side:
    """Return the side of a report."""
    return _side(name, as_json(report), map(json.loads, report.outcomes()))


def _side(name: str, document: Mapping[str, Any], alerts: Iterable[Mapping[str, Any]]) -> Side:
    side = Side(name)
    for channel in document["channels"]:
        label = f"{channel['destination']} {channel['channel']}"
        side.days[label] = {_day(day): int(counts["messages"]) for day, counts in channel["days"].items()}
    side.rules = {str(rule["rule"]): int(rule["messages"]) for rule in document["rules"]}
    for alert in alerts:
        identity = str(alert["id"])
        if identity not in side.alerts:  # the first copy is the one that is delivered
            side.alerts[identity] = _fate(alert)
    return side


def _day(day: str) -> str:
    if day != NO_DAY:
        date.fromisoformat(day)
    return day


def _fate(alert: Mapping[str, Any]) -> Fate:
    example = Example(*(str(alert[each.name] or "") for each in fields(Example)))
    forms = tuple((str(destination), str(form)) for destination, form in sorted(alert["delivered"].items()))
    return Fate(tuple(map(str, alert["rules"])), forms, example)
