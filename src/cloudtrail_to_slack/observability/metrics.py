"""Metrics, as log lines in CloudWatch's embedded metric format: no API is called."""

import re
from collections.abc import Collection, Mapping

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from cloudtrail_to_slack.delivery.results import Outcome, Results

NAMESPACE = "CloudTrailToSlack"
ACCESS_DENIED_NAMESPACE = "CloudTrailToSlack/AccessDeniedEvents"
# The counts of an invocation: the name in the closing log line, and the metric.
METRICS = {
    "records_in": "RecordsIn",
    "matched": "RecordsMatched",
    "ignored": "RecordsIgnored",
    "unmatched": "RecordsUnmatched",
    "failed": "RecordsFailed",
    "objects_read": "ObjectsRead",
    "objects_skipped": "ObjectsSkipped",
    "objects_failed": "ObjectsFailed",
    "objects_unfinished": "ObjectsUnfinished",
    "objects_removed": "ObjectsRemoved",
    "notifications_ignored": "NotificationsIgnored",
    "notifications_unrecognized": "NotificationsUnrecognized",
    "rule_errors": "RuleErrors",
    "rules_unusable": "RulesUnusable",
    "own_role_alerts": "OwnRoleAlerts",
    "log_sources_unrecorded": "LogSourcesUnrecorded",
}
# Metrics that dashboards and alarms need even if they are zero.
ALWAYS_EMITTED = frozenset(
    {"RecordsIn", "RecordsMatched", "ObjectsRead", "AlertsUndelivered", "LoggingRestarted", "LoggingLeftStopped"}
)
# Of a dimension's value. Source: CloudWatch API Reference, Dimension: printable ASCII, at most 1,024 characters.
_NOT_PLAIN = re.compile(r"[^ -~]")
_LONGEST_DIMENSION = 200
_VALUES_AT_ONCE = 99  # of one metric in one line. Source: CloudWatch User Guide, embedded metric format specification


def emit_counts(counts: Mapping[str, int], function_name: str | None) -> None:
    """Emit an invocation's counts as metrics of `CloudTrailToSlack`, dimension `FunctionName`.

    Each metric costs money in every hour in which it has a value, so zeros are left out, except `ALWAYS_EMITTED`.
    Source: Amazon CloudWatch pricing, "Metrics" (custom metrics, prorated by the hour).
    """
    emitted = {name: value for name, value in counts.items() if value or name in ALWAYS_EMITTED}
    _emit(emitted.items(), MetricUnit.Count, {"FunctionName": function_name or "unnamed"})


def emit_delivery(results: Results, function_name: str | None) -> None:
    """Emit the outcomes of messages, dimensions `FunctionName` and `Destination`; no zeros.

    `DeliveryLatency` has the seconds from the event to its delivery, one value per alert.
    """
    for destination in sorted({*results.counts, *results.latencies}):
        dimensions = {"FunctionName": function_name or "unnamed", "Destination": destination}
        counts = {each.value: count for each in Outcome if (count := results.counts[destination][each])}
        _emit(counts.items(), MetricUnit.Count, dimensions)
        latencies = [("DeliveryLatency", seconds) for seconds in results.latencies[destination]]
        for start in range(0, len(latencies), _VALUES_AT_ONCE):
            _emit(latencies[start : start + _VALUES_AT_ONCE], MetricUnit.Seconds, dimensions)


def emit_ignored(events: Mapping[str, int], function_name: str | None) -> None:
    """Emit how many events each ignore rule ignored, dimensions `FunctionName` and `IgnoreRule`."""
    for rule_id, count in events.items():
        rule = _NOT_PLAIN.sub("?", rule_id)[:_LONGEST_DIMENSION]
        dimensions = {"FunctionName": function_name or "unnamed", "IgnoreRule": rule}
        _emit([("RecordsIgnoredByRule", count)], MetricUnit.Count, dimensions)


def emit_access_denied(total: int, ignored: int) -> None:
    """Emit the counts of denied calls, and of those that an ignore rule matched, except zeros."""
    for name, dimension, value in (
        ("TotalAccessDeniedEvents", "AccessDeniedTotal", total),
        ("TotalIgnoredAccessDeniedEvents", "IgnoredAccessDeniedTotal", ignored),
    ):
        if value:
            _emit([(name, value)], MetricUnit.Count, {"AccessDenied": dimension}, ACCESS_DENIED_NAMESPACE)


def _emit(
    values: Collection[tuple[str, float]], unit: MetricUnit, dimensions: Mapping[str, str], namespace: str = NAMESPACE
) -> None:
    """Write the values of metrics in one line, if there are any."""
    if not values:
        return
    metrics = EphemeralMetrics(namespace=namespace)
    for name, dimension in dimensions.items():
        metrics.add_dimension(name, dimension)
    for name, value in values:
        metrics.add_metric(name, unit, value)
    metrics.flush_metrics()
