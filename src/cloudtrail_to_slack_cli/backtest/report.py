"""The results of a backtest."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from cloudtrail_to_slack.config.loader import Config
from cloudtrail_to_slack.events.event import read_event
from cloudtrail_to_slack.rules import Rule
from cloudtrail_to_slack_cli.backtest.evaluation import Part
from cloudtrail_to_slack_cli.backtest.prediction.destinations import Deployment, label
from cloudtrail_to_slack_cli.backtest.prediction.store import AlertStore
from cloudtrail_to_slack_cli.backtest.prediction.totals import Prediction, RulePrediction
from cloudtrail_to_slack_cli.backtest.thresholds import CountedMatch, alerting
from cloudtrail_to_slack_cli.backtest.totals import NO_DAY, RuleTotals, Totals, alert_facts
from cloudtrail_to_slack_cli.terminal import counted

if TYPE_CHECKING:
    from cloudtrail_to_slack_cli.backtest.prediction.invocation import Alert, Invocation
    from cloudtrail_to_slack_cli.backtest.prediction.predict import Predictor


@dataclass(slots=True)
class Report:
    """All that was found. `store` has the alerts; None: there is no prediction of messages."""

    config: Config
    store: AlertStore | None = None
    deployment: Deployment = field(default_factory=Deployment)
    totals: Totals = field(default_factory=Totals)
    prediction: Prediction = field(default_factory=Prediction)
    problems: list[tuple[str, str]] = field(default_factory=list)
    failures: dict[str, str] = field(default_factory=dict)
    _counted: list[CountedMatch] = field(default_factory=list)
    _predictor: "Predictor | None" = None

    def add(self, part: Part) -> None:
        """Add what was found in some files."""
        self.totals.add(part.totals)
        self.problems += part.problems
        self.failures |= part.failures
        self._counted += part.counted
        if self.store:
            self._predictor = self._predictor or self._make_predictor()  # while other processes evaluate
            self.store.add(part.alerts.take())

    def count_thresholds(self) -> Iterator[dict[str, object]]:
        """Count what rules with a threshold matched in all files; yield the events that alert, for lines of JSON."""
        # Without a table each invocation counts for itself, which the prediction does.
        is_predicted = self.store is not None and not self.deployment.has_table
        for match, rules in () if is_predicted else alerting(self._counted):
            self.totals.counts["matched" if rules else "unmatched"] += 1
            if rules:
                self.totals.add_alert(rules, match.facts)
                yield {**match.line, "rules": list(rules)}
        self._counted = []

    def predict(self) -> None:
        """Predict the messages, when all files are added."""
        if self.store is None:
            return
        for invocation in (self._predictor or self._make_predictor()).run(self.store.rows()):
            self.prediction.add(invocation)
            if not self.deployment.has_table:
                self._count_of_invocation(invocation)
            self.store.add_outcomes(_outcome(alert, invocation.day) for alert in invocation.delivered)

    def _make_predictor(self) -> "Predictor":
        # The function's code for delivery takes a tenth of a second to import.
        from cloudtrail_to_slack_cli.backtest.prediction.predict import Predictor  # noqa: PLC0415

        return Predictor(self.config, self.deployment)

    def _count_of_invocation(self, invocation: "Invocation") -> None:
        for row in invocation.counted:
            self.totals.counts["matched" if row.rules else "unmatched"] += 1
            if row.rules and row.record is not None:
                self.totals.add_alert(row.rules, alert_facts(read_event(json.loads(row.record))))

    def close(self) -> None:
        """Let go of the alerts."""
        if self.store:
            self.store.close()

    @property
    def files(self) -> int:
        """How many files there were, those in archives included."""
        return self.totals.counts["files"]

    @property
    def days(self) -> int:
        """How many days there are from the first alert to the last."""
        known = self.known_days
        return (date.fromisoformat(known[-1]) - date.fromisoformat(known[0])).days + 1 if known else 0

    @property
    def known_days(self) -> list[str]:
        """The days with alerts, in order."""
        return sorted(day for day in self.totals.days if day != NO_DAY)

    @property
    def rules(self) -> list[tuple[Rule, RuleTotals]]:
        """The rules that matched, the most alerts first, then those that did not, in their order."""
        rules = {rule.name: rule for rule in self.config.rules}
        found = [(rule, self.totals.rules.get(name, RuleTotals())) for name, rule in rules.items()]
        return sorted(found, key=lambda each: -each[1].alerts)

    def counts_of(self, rule: Rule) -> dict[str, int]:
        """Return how many alerts a rule made, messages that show them, and actors and accounts that they are about."""
        totals = self.totals.rules.get(rule.name, RuleTotals())
        predicted = self.prediction.rules.get(rule.name, RulePrediction())
        return {
            "alerts": totals.alerts,
            "messages": predicted.messages,
            "actors": len(totals.actors),
            "accounts": len(totals.accounts),
        }

    def outcomes(self) -> Iterator[bytes]:
        """Yield what became of each alert, as JSON."""
        return self.store.outcomes() if self.store else iter(())


def summary(report: Report) -> str:
    """Return the counts in a sentence."""
    counts = report.totals.counts
    parts = [f"{counts[name]:,} {name}" for name in ("matched", "ignored", "unmatched", "failed")]
    what = f"{counted(counts['records'], 'record')} in {counted(report.files, 'file')}"
    return f"{what}: {', '.join(parts)}"


def most_first(counts: Counter[Any]) -> list[tuple[Any, int]]:
    """Return what was counted, the most first, then by name."""
    return sorted(counts.items(), key=lambda each: (-each[1], str(each[0])))


def _outcome(alert: "Alert", day: str) -> bytes:
    """Return what became of an alert, as JSON: the event, the rules, and how it reached each destination."""
    row = alert.row
    values = {
        "id": row.identity,
        "event_id": row.event_id or None,
        "event_time": row.event_time or None,
        "event_name": row.name or None,
        "event_source": row.event_source or None,
        "account_id": row.account,
        "region": row.region or None,
        "actor": row.actor,
        "rules": list(row.rules),
        "day": day,
        "delivered": {label(target): form.value for target, form in alert.forms.items()},
    }
    return json.dumps(values).encode()
