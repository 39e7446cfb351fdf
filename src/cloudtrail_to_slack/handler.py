"""The Lambda handler: what an invocation returns to Lambda, or raises."""

import os
from typing import Any

from cloudtrail_to_slack.app import application
from cloudtrail_to_slack.errors import InvocationFailedError
from cloudtrail_to_slack.observability.logging import logger


def lambda_handler(event: Any, context: Any) -> dict[str, Any]:  # noqa: ANN401 (whatever invoked us)
    """Handle one invocation, whatever invoked it.

    Returns the invocation's counts, or for SQS the messages to retry (`batchItemFailures`). Source: AWS Lambda
    Developer Guide, "Implementing partial batch responses". The event source mapping must have
    `ReportBatchItemFailures`, or Lambda treats the response as a success.

    Raises:
        ConfigurationError: the settings have issues; all of them are named.
        InvocationFailedError: something failed that belongs to no SQS message.
    """
    notifications, report = application(os.environ).run(event, context)
    failed = {message_id for failure in report.failures for message_id in failure.message_ids}
    error = InvocationFailedError([failure.problem for failure in report.failures])
    if None in failed:
        raise error
    if any(notification.message_id for notification in notifications):
        if report.failures:
            logger.error(str(error))
        return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in sorted(map(str, failed))]}
    return dict(report.counts)
