"""Compose the parts once per cold start, and run the pipeline for each invocation."""

import os
from collections.abc import Mapping, Sequence
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

from cloudtrail_to_slack.alerts.own_role import OwnCalls, OwnRoles, role_of_function
from cloudtrail_to_slack.aws.clients import AwsClients
from cloudtrail_to_slack.clock import Clock, invocation_clock
from cloudtrail_to_slack.config.rule_warnings import log_rule_issues, log_rule_warnings
from cloudtrail_to_slack.config.secrets import SecretReader
from cloudtrail_to_slack.config.settings import VARIABLES, Settings, config_path, read_settings
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
    from cloudtrail_to_slack.notices.self_reports import ReportCache
    from cloudtrail_to_slack.rules.thresholds import ThresholdCounter
    from cloudtrail_to_slack.state.account_names import OrganizationNames

_MOST = 20  # ignore rules in the closing log line
_LONGEST_NAME = 200


class Application:
    """The parts that live as long as the process."""

    def __init__(self, settings: Settings) -> None:
        set_log_level(settings.log_level)
        config = settings.config
        log_rule_issues(config.rule_issues)
        if not settings.table_name:
            logger.warning("no state table: alerts are delivered at least once, and threads end with the invocation")
        self._config = config
        self._table = settings.table_name or ""
        self.clients = AwsClients()
        self._secrets = SecretReader(self.clients)
        self._prefilter = Prefilter(RuleSet(config.rules, config.ignore_rules))
        self._destinations = Destinations(
            Services(
                dict(os.environ),
                self._secrets,
                self.clients,
                config.routes,
                config.max_messages_per_channel,
                self._table,
                config.dynamodb_time_to_live,
                config.slack_webhook_routes,
            )
        )
        self._warned = False
        self._cooldowns: dict[str, float] = {}  # used without a table
        self._recorder_cache: RecorderCache | None = None
        self._report_cache: ReportCache | None = None
        self._names: OrganizationNames | None = None

    def run(self, event: Any, context: Any) -> tuple[list[Notification], Report]:  # noqa: ANN401 (whatever invoked us)
        """Run one invocation, and emit its closing log line and metrics. Return its notifications and the report."""
        begin_invocation(getattr(context, "aws_request_id", None))
        self._secrets.begin_invocation()
        config, clock = self._config, invocation_clock(context)
        notifications = read_payload(event, single_events=config.enable_realtime)
        usable = self.clients.dynamodb if self._table and config.deduplicate_deliveries else None
        store = DeduplicationStore(usable, self._table, config.deduplication_time_to_live, clock, self._cooldowns)
        delivery = Delivery(self._destinations, store, clock)
        own_role = role_of_function(getattr(context, "invoked_function_arn", None), config.function_name)
        report = Pipeline(
            config,
            self._prefilter,
            self.clients.s3,
            delivery,
            clock,
            own_roles=OwnRoles(config.own_role_arns or ([own_role] if own_role else [])),
            send_self_reports=partial(self._send_self_reports, delivery, clock),
            thresholds=self._thresholds(clock),
            account_names=self._account_names(clock),
            log_sources=self._log_sources(delivery, clock),
        ).run(notifications)
        self._close(report, delivery)
        if not self._warned:
            self._warned = True
            exceptions = (exception for rule in config.rules for exception in rule.exceptions)
            log_rule_warnings((*config.rules, *config.ignore_rules, *exceptions), clock)
        return notifications, report

    def _thresholds(self, clock: Clock) -> "ThresholdCounter | None":
        """Return the counter for rules with a threshold; None: there are no such rules."""
        if all(rule.threshold is None for rule in self._config.rules):
            return None
        from cloudtrail_to_slack.rules.thresholds import (  # noqa: PLC0415 (only some configurations have any)
            MOST_IN_MEMORY,
            MemoryCounts,
            ThresholdCounter,
        )

        if not self._table:
            return ThresholdCounter(MemoryCounts(MOST_IN_MEMORY))
        from cloudtrail_to_slack.state.threshold_counts import TableCounts  # noqa: PLC0415 (likewise)

        return ThresholdCounter(
            TableCounts(self.clients.short_timeout_dynamodb, self._table, clock),
            lambda error: logger.error("thresholds are counted in this invocation only", extra={"error": error}),
        )

    def _account_names(self, clock: Clock) -> "OrganizationNames | None":
        """Return the names of accounts from AWS Organizations; None: only configured names are used."""
        if not self._config.account_names_from_organizations or not self._table:
            return None
        if self._names is None:
            from cloudtrail_to_slack.state.account_names import OrganizationNames  # noqa: PLC0415 (only where it is allowed)

            self._names = OrganizationNames(self._config.account_names, self.clients, self._table, clock)
        self._names.clock = clock
        return self._names

    def _send_self_reports(
        self, delivery: Delivery, clock: Clock, reports: Sequence[RuleErrorReport], own_calls: OwnCalls
    ) -> None:
        """Send the function's notices about itself, if there are any."""
        due = self._report_cache.due if self._report_cache else None
        if not (reports or own_calls.by_account or self._config.rule_issues or due):
            return
        from cloudtrail_to_slack.notices.self_reports import ReportCache, SelfReports  # noqa: PLC0415 (hardly ever needed)

        self._report_cache = self._report_cache or ReportCache()
        table = (self.clients.dynamodb, self._table) if self._table else None
        SelfReports(self._config, delivery, clock, self._report_cache, table).send(reports, own_calls)

    def _log_sources(self, delivery: Delivery, clock: Clock) -> "tuple[DeliveryRecorder, LogSourceCheck] | None":
        """Return the parts that monitor log sources; None: that is off, or there is no state table."""
        if not self._table or not self._config.enable_missing_log_data_alerts:
            return None
        from cloudtrail_to_slack.log_sources.check import LogSourceCheck  # noqa: PLC0415 (likewise)
        from cloudtrail_to_slack.log_sources.recorder import DeliveryRecorder, RecorderCache  # noqa: PLC0415 (likewise)
        from cloudtrail_to_slack.log_sources.table import LogSourceTable  # noqa: PLC0415 (only some set-ups pay)

        self._recorder_cache = self._recorder_cache or RecorderCache()
        table, short_timeout_table = (
            LogSourceTable(client, self._table, clock)
            for client in (self.clients.dynamodb, self.clients.short_timeout_dynamodb)
        )
        check = LogSourceCheck(table, delivery, clock, self._config.missing_log_data_minimum_hours * 3600)
        return DeliveryRecorder(short_timeout_table, self._recorder_cache, clock), check

    def _close(self, report: Report, delivery: Delivery) -> None:
        """Write the closing log line and the metrics."""
        results, name = delivery.results, self._config.function_name
        counts = {count: report.counts[count] for count in METRICS}
        by_outcome = {outcome.name.lower(): results.per_destination(outcome) for outcome in Outcome}
        ignored_by = {rule.name[:_LONGEST_NAME]: count for rule, count in report.ignored_by.most_common(_MOST)}
        extra = {**counts, **by_outcome, "ignored_by": ignored_by, "failures": len(report.failures)}
        logger.info("invocation finished", extra=extra)
        named = {metric: counts[count] for count, metric in METRICS.items()}
        emit_counts({**named, "AlertsUndelivered": results.total(Outcome.UNDELIVERED)}, name)
        emit_delivery(results, name)
        emit_ignored({rule.id: count for rule, count in report.ignored_by.items() if rule.id is not None}, name)
        if self._config.push_access_denied_cloudwatch_metrics:
            emit_access_denied(report.denied, report.denied_ignored)


def application(environment: Mapping[str, str]) -> Application:
    """Return the application; it is made anew only if the sources of the settings have changed, as in tests.

    Raises:
        ConfigurationError: the settings have issues; all of them are named.
    """
    path = config_path(environment)
    version = str(path.stat().st_mtime_ns) if path.is_file() else None
    return _cached((version, *(environment.get(variable) for variable in VARIABLES)))


@lru_cache(maxsize=1)
def _cached(_settings_version: tuple[str | None, ...]) -> Application:
    return Application(read_settings(os.environ))
