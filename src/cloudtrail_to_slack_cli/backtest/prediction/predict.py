"""From the alerts of all log files, in order of delivery, to what each invocation sends."""

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import groupby, islice
from operator import attrgetter
from typing import Any

from msgspec.structs import replace

from cloudtrail_to_slack.alerts.own_role import OwnCalls
from cloudtrail_to_slack.config.loader import Config
from cloudtrail_to_slack.evaluation.records import MAX_ALERTS, MAX_MORE_CRITICAL, PendingAlerts
from cloudtrail_to_slack.events.event import read_event
from cloudtrail_to_slack.events.identity import event_identity, identity_digest
from cloudtrail_to_slack.rules.thresholds import MemoryCounts, ThresholdCounter
from cloudtrail_to_slack_cli.backtest.prediction.arrival import UNKNOWN
from cloudtrail_to_slack_cli.backtest.prediction.destinations import Deployment, make_router
from cloudtrail_to_slack_cli.backtest.prediction.invocation import Alert, Invocation, make_pending
from cloudtrail_to_slack_cli.backtest.prediction.memory import Deliveries, Threads
from cloudtrail_to_slack_cli.backtest.prediction.notices import PredictedNotices
from cloudtrail_to_slack_cli.backtest.prediction.rows import AlertRow, FileRow, Row, alert_row
from cloudtrail_to_slack_cli.backtest.totals import NO_DAY


class Predictor:
    """Predicts what the function sends, one invocation after the other."""

    def __init__(self, config: Config, deployment: Deployment) -> None:
        self._config, self._deployment = config, deployment
        self._router = make_router(config, deployment)
        self._notices = PredictedNotices(config, self._router)
        self._rules = {rule.name: rule for rule in config.rules}
        self._threads = Threads(config.dynamodb_time_to_live if deployment.has_table else None)
        remembers = deployment.has_table and config.deduplicate_deliveries
        self._deliveries = Deliveries(config.deduplication_time_to_live if remembers else None)
        self._thresholds = ThresholdCounter(MemoryCounts())

    def run(self, rows: Iterable[Row]) -> Iterator[Invocation]:
        """Yield what each invocation sends; `rows` are in order of delivery."""
        files = (list(group) for _, group in groupby(rows, key=attrgetter("place.delivered", "place.file")))
        while batch := list(islice(files, self._deployment.files_per_invocation)):
            yield self._invoke(batch)

    def _invoke(self, files: list[list[Row]]) -> Invocation:
        config, now = self._config, files[-1][0].place.delivered  # a batch is complete when its last file is there
        day = NO_DAY if now == UNKNOWN else datetime.fromtimestamp(now, UTC).date().isoformat()
        self._threads.begin_invocation()
        if not self._deployment.has_table:
            self._thresholds = ThresholdCounter(MemoryCounts())
        invocation = Invocation(
            self._router, self._threads, self._deliveries, config.max_messages_per_channel, now, day
        )
        pending, alerts, own_calls = PendingAlerts(), 0, self._notices.own_calls()
        for file in files:
            for row in file:
                if not isinstance(row, AlertRow):
                    continue
                alert = self._alert(row, invocation, own_calls)
                if alert is None:
                    continue
                if alerts >= MAX_ALERTS + (MAX_MORE_CRITICAL if alert.is_critical else 0):
                    invocation.delivered.append(alert)
                    continue
                alerts += 1
                entry: Any = alert  # what is pending is opaque to what keeps it
                pending.add(row.place.file, entry, row.size)  # type: ignore[arg-type]  # any key that names a log file
                if pending.full:
                    _deliver(pending, invocation)
        _deliver(pending, invocation)
        invocation.finish()
        read = [row for file in files for row in file if isinstance(row, FileRow)]
        invocation.notify(self._notices.send(read, own_calls, now))
        return invocation

    def _alert(self, row: AlertRow, invocation: Invocation, own_calls: OwnCalls) -> Alert | None:
        """Return the alert of a row; None where a threshold is not reached, or the call waits for a notice."""
        rules = tuple(self._rules[name] for name in row.rules)
        if (row.is_counted or row.is_own) and row.record is not None:
            event = read_event(json.loads(row.record), object_key=row.place.source)
            time = event.time.timestamp() if event.time else invocation.now
            reached = self._thresholds.reached(rules, event.flat, time, lambda: identity_digest(event_identity(event)))
            rules = tuple(self._rules[rule.name] for rule in reached)
            if row.is_own and rules and own_calls.take(event, rules, frozenset()):
                return None
            is_counted = row.is_counted and not row.is_own
            row = alert_row(event, rules, row.place, row.size, keep_record=True) if rules else replace(row, rules=())
            if is_counted:
                invocation.counted.append(row)
        return Alert(row, make_pending(row, rules)) if rules else None


def _deliver(pending: PendingAlerts, invocation: Invocation) -> None:
    """Deliver what is pending, in the parts in which the function does."""
    parts: Any = pending.take()
    for alerts in parts:
        invocation.deliver(alerts)
