"""What a backtest found, for people and for programs."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from rich.console import Console
from rich.table import Table

from cloudtrail_to_slack.config.loader import Config
from cloudtrail_to_slack_cli.backtest.evaluation import Part
from cloudtrail_to_slack_cli.backtest.thresholds import CountedMatch, alerting
from cloudtrail_to_slack_cli.backtest.totals import NO_DAY, RuleTotals, Totals
from cloudtrail_to_slack_cli.terminal import counted, line

_LONGEST_NAME = 60
_LEAST_SHOWN = 0.1


@dataclass(slots=True)
class Report:
    """All that was found."""

    config: Config
    files: int = 0
    size: int = 0
    totals: Totals = field(default_factory=Totals)
    problems: list[tuple[str, str]] = field(default_factory=list)
    failures: dict[str, str] = field(default_factory=dict)
    _counted: list[CountedMatch] = field(default_factory=list)

    def add(self, part: Part) -> None:
        """Add what was found in some files."""
        self.files += len(part.files)
        self.size += sum(file.size for file in part.files)
        self.totals.add(part.totals)
        self.problems += part.problems
        self.failures |= part.failures
        self._counted += part.counted

    def count_thresholds(self) -> Iterator[dict[str, object]]:
        """Count what rules with a threshold matched in all files; yield the events that alert, for lines of JSON."""
        for match, rules in alerting(self._counted):
            self.totals.counts["matched" if rules else "unmatched"] += 1
            if rules:
                self.totals.add_alert(rules, match.facts)
                yield {**match.line, "rules": list(rules)}
        self._counted = []

    @property
    def days(self) -> int:
        """How many days there are from the first alert to the last."""
        known = sorted(day for day in self.totals.days if day != NO_DAY)
        return (date.fromisoformat(known[-1]) - date.fromisoformat(known[0])).days + 1 if known else 0

    @property
    def rules(self) -> list[tuple[str, RuleTotals]]:
        """The rules that matched, the most alerts first, then those that did not, in their order."""
        names = dict.fromkeys(rule.name for rule in self.config.rules)
        found = [(name, self.totals.rules.get(name, RuleTotals())) for name in names]
        return sorted(found, key=lambda each: -each[1].alerts)


def as_json(report: Report) -> dict[str, Any]:
    """Return everything, for programs."""
    totals = report.totals
    severities = {rule.name: rule.severity.word for rule in report.config.rules}
    return {
        "files": report.files,
        "damaged": [{"file": path, "problem": problem} for path, problem in report.problems],
        **{name: totals.counts[name] for name in ("records", "matched", "ignored", "unmatched", "failed")},
        "alerts_per_day": _by_day(totals.days),
        "rules": [
            {
                "rule": name,
                "severity": severities[name],
                "alerts": rule.alerts,
                "actors": len(rule.actors),
                "accounts": len(rule.accounts),
                "alerts_per_day": _by_day(rule.days),
            }
            for name, rule in report.rules
        ],
        "ignore_rules": [
            {"ignore_rule": rule.name, "ignored": totals.ignored[rule.name]} for rule in report.config.ignore_rules
        ],
        "errors": [
            {"rule": rule, "error": error, "events": events} for (rule, error), events in _sorted(totals.errors)
        ],
    }


def print_json(out: Console, report: Report) -> None:
    """Print everything as one JSON document."""
    out.file.write(json.dumps(as_json(report), indent=2) + "\n")


def print_text(out: Console, report: Report) -> None:
    """Print a table of rules, and what else is worth knowing."""
    totals, days = report.totals, report.days
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("rule", overflow="ellipsis", no_wrap=True, max_width=_LONGEST_NAME)
    for heading in ("alerts", "actors", "accounts", "alerts per day"):
        table.add_column(heading, justify="right", no_wrap=True)
    silent = 0
    for name, rule in report.rules:
        if not rule.alerts:
            silent += 1
            continue
        per_day = _rate(rule.alerts, days)
        cells = (f"{rule.alerts:,}", f"{len(rule.actors):,}", f"{len(rule.accounts):,}", per_day)
        table.add_row(line(" ".join(name.split())), *cells)
    if table.row_count:
        out.print(table, soft_wrap=False)
        out.print()
    out.print(line(summary(report), "bold"))
    if totals.days:
        out.print(line(_period(report)))
    if silent:
        out.print(line(f"{counted(silent, 'rule')} matched nothing"))
    for ignore_rule, count in _sorted(totals.ignored):
        out.print(line(f"ignored by {ignore_rule}: {count:,}"))
    for (name, error), count in _sorted(totals.errors):
        out.print(line(f"rule error: {name} raised {error} on {counted(count, 'event')}", "red"))


def summary(report: Report) -> str:
    """Return the counts in a sentence."""
    counts = report.totals.counts
    parts = [f"{counts[name]:,} {name}" for name in ("matched", "ignored", "unmatched", "failed")]
    what = f"{counted(counts['records'], 'record')} in {counted(report.files, 'file')}"
    return f"{what}: {', '.join(parts)}"


def _period(report: Report) -> str:
    known = sorted(day for day in report.totals.days if day != NO_DAY)
    total = sum(report.totals.days.values())
    if not known:
        return f"{counted(total, 'alert')}, on unknown days"
    busiest, most = max(sorted(report.totals.days.items()), key=lambda each: each[1])
    average = f"{_rate(total, report.days)} a day"
    return f"{counted(total, 'alert')} from {known[0]} to {known[-1]}, {average}; most on {busiest}: {most:,}"


def _rate(number: int, days: int) -> str:
    if not days:
        return "-"
    return f"{number / days:,.1f}" if number / days >= _LEAST_SHOWN else f"< {_LEAST_SHOWN}"


def _by_day(days: Counter[str]) -> dict[str, int]:
    return dict(sorted(days.items()))


def _sorted(counts: Counter[Any]) -> Iterable[tuple[Any, int]]:
    """Return what was counted, the most first, then by name."""
    return sorted(counts.items(), key=lambda each: (-each[1], str(each[0])))
