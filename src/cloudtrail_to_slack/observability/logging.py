"""Logs and metrics. Logs are JSON lines; metrics are log lines too (embedded metric format), so no API is called.

Nothing of an event's content is logged above DEBUG: counts and ids only. Libraries that log requests (and with them
the address of a webhook) are kept from doing so at any level.
"""

import logging
import re
import sys
import traceback
from collections.abc import Iterator, Mapping
from pathlib import Path

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit, single_metric

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
    "notifications_unrecognised": "NotificationsUnrecognised",
    "rule_errors": "RuleErrors",
    "rules_unusable": "RulesUnusable",
    "own_role_alerts": "OwnRoleAlerts",
    "rhythms_unwritten": "RhythmsUnwritten",
}
_MOST_FRAMES = 20
_MOST_CAUSES = 3
_logged_errors: set[tuple[str, ...]] = set()
_VALUES_AT_ONCE = 99  # of one metric in one line. Source: CloudWatch User Guide, embedded metric format specification
_SILENT_LIBRARIES = ("urllib3", "slack_sdk", "requests")
_QUIET_LIBRARIES = ("botocore", "boto3")


class _Stdout(logging.Handler):
    """Writes to whatever standard output is at the time, which Lambda reads."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line."""
        sys.stdout.write(f"{self.format(record)}\n")


logger = Logger(service="cloudtrail-to-slack", level="INFO", logger_handler=_Stdout(), utc=True)


def set_log_level(level: str) -> None:
    """Log at `level`, and keep the libraries that would log requests silent: what they know, our own errors say."""
    logger.setLevel(level)
    for library in _SILENT_LIBRARIES:
        logging.getLogger(library).setLevel(logging.CRITICAL + 1)
    for library in _QUIET_LIBRARIES:
        logging.getLogger(library).setLevel(logging.WARNING)


def begin_invocation(request_id: str | None) -> None:
    """Put the request's id into every line from now on."""
    logger.append_keys(request_id=request_id)
    _logged_errors.clear()


def log_unexpected(doing: str, error: BaseException) -> None:
    """Log an exception that nothing foresaw, once per kind and invocation: a fault of this package to be reported.

    The frames of its traceback are logged, outermost first. Its message is not, nor that of what caused it: it may hold
    an event's content or a secret.
    """
    causes = [error, *_causes(error)]
    frames = [frame for cause in reversed(causes) for frame in _frames(cause)]
    names = [type(cause).__name__ for cause in causes]
    kind = (doing, *names, *frames[-1:])
    if kind not in _logged_errors:
        _logged_errors.add(kind)
        logger.error("unexpected error", extra={"while": doing, "error": " from ".join(names), "frames": frames})


def _causes(error: BaseException) -> Iterator[BaseException]:
    for _ in range(_MOST_CAUSES):
        cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        if cause is None:
            return
        yield cause
        error = cause


def _frames(error: BaseException) -> list[str]:
    """Return where an error came by, without the text of the lines."""
    frames = traceback.extract_tb(error.__traceback__, limit=-_MOST_FRAMES)
    return [f"{'/'.join(Path(frame.filename).parts[-2:])}:{frame.lineno} in {frame.name}" for frame in frames]


def id_to_log(event_id: str) -> str:
    """Return an event's id for logs and errors: an id is short and plain, and what is not is not passed on."""
    return re.sub(r"[^0-9A-Za-z-]", "?", event_id[:64])


def emit_counts(counts: Mapping[str, int], function_name: str | None) -> None:
    """Emit an invocation's counts as metrics of `CloudTrailToSlack`, dimension `FunctionName`."""
    metrics = EphemeralMetrics(namespace=NAMESPACE)
    metrics.add_dimension("FunctionName", function_name or "unnamed")
    for name, value in counts.items():
        metrics.add_metric(name, MetricUnit.Count, value)
    metrics.flush_metrics()


def emit_delivery(results: Results, function_name: str | None) -> None:
    """Emit what became of the messages per destination, dimensions `FunctionName` and `Destination`.

    `DeliveryLag` is the seconds from an event to its delivery, a value for each alert.
    """
    for destination in sorted({*results.counts, *results.lags}):
        metrics = EphemeralMetrics(namespace=NAMESPACE)
        metrics.add_dimension("FunctionName", function_name or "unnamed")
        metrics.add_dimension("Destination", destination)
        for outcome in Outcome:
            metrics.add_metric(outcome.value, MetricUnit.Count, results.counts[destination][outcome])
        metrics.flush_metrics()
        for lags in _batches(results.lags[destination]):
            lag = EphemeralMetrics(namespace=NAMESPACE)
            lag.add_dimension("FunctionName", function_name or "unnamed")
            lag.add_dimension("Destination", destination)
            for seconds in lags:
                lag.add_metric("DeliveryLag", MetricUnit.Seconds, seconds)
            lag.flush_metrics()


def emit_access_denied(total: int, ignored: int) -> None:
    """Emit the counts of denied calls, and of those that an ignore rule matched; nothing where there were none."""
    for name, dimension, value in (
        ("TotalAccessDeniedEvents", "AccessDeniedTotal", total),
        ("TotalIgnoredAccessDeniedEvents", "IgnoredAccessDeniedTotal", ignored),
    ):
        if value:
            with single_metric(name, MetricUnit.Count, value, namespace=ACCESS_DENIED_NAMESPACE) as metric:
                metric.add_dimension("AccessDenied", dimension)


def _batches(values: list[float]) -> Iterator[list[float]]:
    for start in range(0, len(values), _VALUES_AT_ONCE):
        yield values[start : start + _VALUES_AT_ONCE]
