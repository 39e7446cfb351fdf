"""Compose the parts once per cold start, and run the pipeline for each invocation."""

import os
from collections.abc import Mapping, Sequence
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

from cloudtrail_to_slack.alerts.own_role import OwnCalls, OwnRoles, role_of_function
from cloudtrail_to_slack.aws.clients import AwsClients
from cloudtrail_to_slack.clock import Clock, invocation_clock
from cloudtrail_to_slack.config.rule_warnings import log_advice, log_rule_issues
from cloudtrail_to_slack.config.secrets import SecretReader
from cloudtrail_to_slack.config.settings import (
    VARIABLES,
    Settings,
    config_path,
    read_settings,
)
from cloudtrail_to_slack.delivery.deduplication import DeduplicationStore
from cloudtrail_to_slack.delivery.dispatcher import Delivery
from cloudtrail_to_slack.delivery.results import Outcome
from cloudtrail_to_slack.destinations.base import Services
from cloudtrail_to_slack.destinations.registry import Destinations
from cloudtrail_to_slack.evaluation.prefilter import Prefilter
from cloudtrail_to_slack.evaluation.report import Report
from cloudtrail_to_slack.ingest.payloads import Notification, read_payload
from cloudtrail_to_slack.observability.logging import begin_invocation, logger, set_log_level
from cloudtrail_to_slack.observability.metrics import (
    METRICS,
    emit_access_denied,
    emit_counts,
    emit_delivery,
    emit_ignored,
)
from cloudtrail_to_slack.pipeline import Pipeline
from cloudtrail_to_slack.rules import RuleSet
from cloudtrail_to_slack.rules.evaluation_errors import RuleErrorReport

if TYPE_CHECKING:
    from cloudtrail_to_slack.log_sources.check import LogSourceCheck
    from cloudtrail_to_slack.log_sources.recorder import DeliveryRecorder, RecorderCache
    from cloudtrail_to_slack.notices.self_reports import ReportMemory
    from cloudtrail_to_slack.rules.thresholds import ThresholdCounter


_MOST = 20  # ignore rules in the line that closes an invocation
_LONGEST_NAME = 200


class Application:
    """Everything that lives as long as the process."""

    def __init__(self, settings: Settings) -> None:
        set_log_level(settings.log_level)
        self._settings = settings
        self.clients = AwsClients()
        self._advised = False
        self._secrets = SecretReader(self.clients)
        log_rule_issues(settings.config.rule_issues)
        self._prefilter = Prefilter(RuleSet(settings.config.rules, settings.config.ignore_rules))
        self._destinations = Destinations(
            Services(
                dict(os.environ),
                self._secrets,
                self.clients,
                settings.config.routes,
                settings.config.max_messages_per_channel,
                settings.table_name or "",
                settings.config.dynamodb_time_to_live,
                settings.config.slack_webhook_routes,
            )
        )
        self._heard: RecorderCache | None = None
        self._said: dict[str, float] = {}  # cooldowns, where there is no table
        self._report_memory: ReportMemory | None = None
        if not settings.table_name:
            logger.warning("no state table: alerts are delivered at least once, and threads end with the invocation")

    def run(self, event: Any, context: Any) -> tuple[list[Notification], Report]:  # noqa: ANN401 (whatever invoked us)
        """Run one invocation and close it with a log line and metrics. Return what was notified, and the report."""
        begin_invocation(getattr(context, "aws_request_id", None))
        self._secrets.begin_invocation()
        notifications = read_payload(event, single_events=self._settings.config.enable_realtime)
        clock = invocation_clock(context)
        delivery = Delivery(self._destinations, self._store(clock), clock)
        pipeline = Pipeline(
            self._settings.config,
            self._prefilter,
            self.clients.s3,
            delivery,
            clock,
            own_roles=self._own_roles(context),
            send_self_reports=partial(self._send_self_reports, delivery, clock),
            thresholds=self._thresholds(clock),
            silence=self._log_sources(delivery, clock),
        )
        report = pipeline.run(notifications)
        self._close(report, delivery)
        if not self._advised:
            self._advised = True
            config = self._settings.config
            exceptions = (exception for rule in config.rules for exception in rule.exceptions)
            log_advice((*config.rules, *config.ignore_rules, *exceptions), clock)
        return notifications, report

    def _store(self, clock: Clock) -> DeduplicationStore:
        config, table_name = self._settings.config, self._settings.table_name
        usable = self.clients.dynamodb if table_name and config.deduplicate_deliveries else None
        return DeduplicationStore(usable, table_name or "", config.deduplication_time_to_live, clock, self._said)

    def _thresholds(self, clock: Clock) -> "ThresholdCounter | None":
        """Return what counts the matches of rules with a threshold; None where there are none."""
        if all(rule.threshold is None for rule in self._settings.config.rules):
            return None
        from cloudtrail_to_slack.rules.thresholds import MemoryCounts, ThresholdCounter  # noqa: PLC0415 (only some configurations have any)

        if not self._settings.table_name:
            return ThresholdCounter(MemoryCounts())
        from cloudtrail_to_slack.state.threshold_counts import TableCounts  # noqa: PLC0415 (likewise)

        counts = TableCounts(self.clients.hasty_dynamodb, self._settings.table_name, clock.now)
        return ThresholdCounter(
            counts, lambda error: logger.warning("thresholds count in this invocation alone", extra={"error": error})
        )

    def _send_self_reports(
        self, delivery: Delivery, clock: Clock, reports: Sequence[RuleErrorReport], own_calls: OwnCalls
    ) -> None:
        """Send what the function reports about itself, if there is anything."""
        config, table_name = self._settings.config, self._settings.table_name
        due = self._report_memory.due if self._report_memory else None
        if not (reports or own_calls.by_account or config.rule_issues or due):
            return
        from cloudtrail_to_slack.notices.self_reports import ReportMemory, SelfReports  # noqa: PLC0415 (hardly ever needed)

        self._report_memory = self._report_memory or ReportMemory()
        table = (self.clients.dynamodb, table_name) if table_name else None
        SelfReports(config, delivery, clock, self._report_memory, table).send(reports, own_calls)

    def _own_roles(self, context: Any) -> OwnRoles:  # noqa: ANN401 (Lambda's, or none)
        """Return the functions' own roles: as configured, else the role that is named after this function."""
        config = self._settings.config
        named = role_of_function(getattr(context, "invoked_function_arn", None), config.function_name)
        return OwnRoles(config.own_role_arns or ([named] if named else []))

    def _log_sources(self, delivery: Delivery, clock: Clock) -> "tuple[DeliveryRecorder, LogSourceCheck] | None":
        """Return what monitors log sources; None where that is off, or there is no state table."""
        config, table_name = self._settings.config, self._settings.table_name
        if not table_name or not config.enable_missing_log_data_alerts:
            return None
        from cloudtrail_to_slack.log_sources.check import LogSourceCheck  # noqa: PLC0415 (likewise)
        from cloudtrail_to_slack.log_sources.recorder import DeliveryRecorder, RecorderCache  # noqa: PLC0415 (likewise)
        from cloudtrail_to_slack.log_sources.table import LogSourceTable  # noqa: PLC0415 (only some set-ups pay)

        self._heard = self._heard or RecorderCache()
        least = config.missing_log_data_minimum_hours * 3600
        check = LogSourceCheck(LogSourceTable(self.clients.dynamodb, table_name, clock), delivery, clock, least)
        return DeliveryRecorder(
            LogSourceTable(self.clients.hasty_dynamodb, table_name, clock), self._heard, clock
        ), check

    def _close(self, report: Report, delivery: Delivery) -> None:
        """Write the line that closes an invocation, and the metrics."""
        config, results = self._settings.config, delivery.results
        counts = {name: report.counts[name] for name in METRICS}
        logger.info(
            "invocation finished",
            extra={
                **counts,
                **{outcome.name.lower(): results.per_destination(outcome) for outcome in Outcome},
                "ignored_by": {
                    rule.name[:_LONGEST_NAME]: count for rule, count in report.ignored_by.most_common(_MOST)
                },
                "failures": len(report.failures),
            },
        )
        named = {metric: counts[name] for name, metric in METRICS.items()}
        emit_counts({**named, "AlertsUndelivered": results.total(Outcome.UNDELIVERED)}, config.function_name)
        emit_delivery(results, config.function_name)
        emit_ignored(
            {rule.id: count for rule, count in report.ignored_by.items() if rule.id is not None}, config.function_name
        )
        if config.push_access_denied_cloudwatch_metrics:
            emit_access_denied(report.denied, report.denied_ignored)


def application(environment: Mapping[str, str]) -> Application:
    """Return the application, made anew only where what settings are read from has changed.

    Raises:
        ConfigurationError: the settings have issues; all of them are named.
    """
    return _cached(_settings_key(environment))


def _settings_key(environment: Mapping[str, str]) -> tuple[str | None, ...]:
    """Return all that settings are read from, so that a process that changes them (a test, a backtest) reads anew."""
    path = config_path(environment)
    version = str(path.stat().st_mtime_ns) if path.is_file() else None
    return (version, *(environment.get(variable) for variable in VARIABLES))


@lru_cache(maxsize=1)
def _cached(_key: tuple[str | None, ...]) -> Application:
    return Application(read_settings(os.environ))
