"""Check that log files reach the function: notification, prefix, queue, and recent activity."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from cloudtrail_to_slack.ingest.object_keys import read_key
from cloudtrail_to_slack.observability.metrics import NAMESPACE
from cloudtrail_to_slack_cli.doctor.deployment import Deployment
from cloudtrail_to_slack_cli.doctor.finding import Finding, found, ok, problem, unknown, warning

_LISTED = 1_000
_DAYS = 14
_TARGETS = {
    "LambdaFunctionConfigurations": "LambdaFunctionArn",
    "QueueConfigurations": "QueueArn",
    "TopicConfigurations": "TopicArn",
}


def check_bucket(deployment: Deployment) -> Iterator[Finding]:
    """Yield what is wrong with the bucket: it is gone, notifies nothing of these keys, or holds none of them."""
    area, place = "log files", deployment.bucket_and_prefix
    if place is None:
        yield problem(area, "the role names no bucket to read log files from", "apply the module again")
        return
    bucket, prefix = place
    s3 = deployment.client("s3")
    listed = found(lambda: s3.list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=_LISTED), "NoSuchBucket", "404")
    if listed is None:
        yield problem(area, f"there is no bucket {bucket}", "correct cloudtrail_logs_s3_bucket_name")
        return
    yield _keys(s3, bucket, prefix, listed)
    notification = s3.get_bucket_notification_configuration(Bucket=bucket)
    yield from _notification(notification, bucket, prefix)


def _keys(s3: Any, bucket: str, prefix: str, listed: Mapping[str, Any]) -> Finding:
    """Return whether log files are where the function looks for them."""
    area, where = "log files", f"s3://{bucket}/{prefix}"
    keys = [item["Key"] for item in listed.get("Contents", [])]
    if any(read_key(key).account and key.endswith(".json.gz") for key in keys):
        return ok(area, f"there are log files in {where}")
    if keys:
        fix = "set cloudtrail_logs_s3_key_prefix or s3_notification_filter_prefix to where the trail writes"
        return warning(area, f"none of the first {len(keys):,} objects in {where} is a log file of CloudTrail", fix)
    others = s3.list_objects_v2(Bucket=bucket, MaxKeys=1).get("Contents", [])
    fix = f"the first key there is {others[0]['Key']!r}: correct the prefix" if others else "check that the trail logs"
    return problem(area, f"there is no object in {where}", fix)


def _notification(notification: Mapping[str, Any], bucket: str, prefix: str) -> Iterator[Finding]:
    area = "notification"
    if "EventBridgeConfiguration" in notification:
        yield ok(area, f"{bucket} notifies EventBridge")
    filters = [
        (entry[arn], _prefix_of(entry))
        for kind, arn in _TARGETS.items()
        for entry in notification.get(kind, [])
        if any(event.startswith("s3:ObjectCreated") for event in entry.get("Events", []))
    ]
    if not filters and "EventBridgeConfiguration" not in notification:
        fix = "apply the module again, or add the output bucket_notification_configuration by hand"
        yield problem(area, f"{bucket} does not notify anything of new objects", fix)
    for target, filtered in filters:
        if filtered.startswith(prefix) or prefix.startswith(filtered):
            yield ok(area, f"{bucket} notifies {target} of keys that begin with {filtered!r}")
        else:
            fix = f"notify of keys that begin with {prefix!r}"
            yield problem(area, f"{bucket} notifies {target} of keys that begin with {filtered!r} alone", fix)


def _prefix_of(entry: Mapping[str, Any]) -> str:
    rules = entry.get("Filter", {}).get("Key", {}).get("FilterRules", [])
    return next((str(rule["Value"]) for rule in rules if rule["Name"].lower() == "prefix"), "")


def check_queue(deployment: Deployment) -> Iterator[Finding]:
    """Yield what is wrong with the queue in front of the function, if there is one."""
    area = "queue"
    for mapping in deployment.event_source_mappings:
        arn = mapping["EventSourceArn"]
        if mapping.get("State") not in ("Enabled", "Creating", "Updating", "Enabling"):
            what = f"Lambda does not read {arn} ({mapping.get('State')})"
            yield problem(area, what, "enable the event source mapping")
        elif "ReportBatchItemFailures" not in mapping.get("FunctionResponseTypes", []):
            fix = 'set function_response_types = ["ReportBatchItemFailures"]: failed messages are lost without it'
            yield problem(area, f"the mapping of {arn} treats partial failures as success", fix)
        else:
            yield _backlog(deployment, arn)


def _backlog(deployment: Deployment, arn: str) -> Finding:
    sqs, name = deployment.client("sqs"), arn.rpartition(":")[2]
    url = _queue_url(sqs, name)
    if url is None:
        return problem("queue", f"there is no queue {name}", "apply the module again")
    waiting = _messages(sqs, url)
    if waiting > _LISTED:
        fix = "check the function's errors and throttles"
        return warning("queue", f"{waiting:,} notifications wait in {name}", fix)
    return ok("queue", f"Lambda reads {name}; {waiting:,} notifications wait")


def _queue_url(sqs: Any, name: str) -> str | None:
    """Return the URL of a queue, None if there is no such queue."""
    no_queue = ("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist")
    answer = found(partial(sqs.get_queue_url, QueueName=name), *no_queue)
    return str(answer["QueueUrl"]) if answer else None


def _messages(sqs: Any, url: str) -> int:
    """Return how many messages wait in a queue. Source: Amazon SQS API Reference, GetQueueAttributes."""
    name = "ApproximateNumberOfMessages"
    return int(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])["Attributes"][name])


def check_dead_letters(deployment: Deployment) -> Iterator[Finding]:
    """Yield what waits in the dead-letter queues: of the function, and of the queue in front of it."""
    area, fix = "dead letters", "find the cause in the log, fix it, and run `cloudtrail-to-slack redrive`"
    if not deployment.dead_letter_target:
        yield problem(area, "failed invocations are kept nowhere", "apply the module: it has a dead-letter queue")
    sqs = deployment.client("sqs")
    for arn in dead_letter_queues(deployment):
        name = arn.rpartition(":")[2]
        url = _queue_url(sqs, name)
        if url is None:
            yield problem(area, f"there is no queue {name}: failed invocations are lost", "apply the module again")
        elif waiting := _messages(sqs, url):
            yield problem(area, f"{waiting:,} failed notifications wait in {name}", fix)
        else:
            yield ok(area, f"{name} is empty")


def dead_letter_queues(deployment: Deployment) -> list[str]:
    """Return the ARNs of the queues that keep what failed."""
    arns = [deployment.dead_letter_target] if ":sqs:" in deployment.dead_letter_target else []
    sqs = deployment.client("sqs")
    for mapping in deployment.event_source_mappings:
        name = mapping["EventSourceArn"].rpartition(":")[2]
        url = _queue_url(sqs, name)
        if url is None:
            continue
        attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["RedrivePolicy"])
        policy = attributes.get("Attributes", {}).get("RedrivePolicy")
        if policy:
            arns.append(json.loads(policy)["deadLetterTargetArn"])
    return list(dict.fromkeys(arns))


def check_activity(deployment: Deployment) -> Iterator[Finding]:
    """Yield when a log file was read last, and when an alert was sent last, from the function's metrics."""
    area, cloudwatch, now = "activity", deployment.client("cloudwatch"), datetime.now(UTC)

    def last(metric: str, dimensions: list[dict[str, str]]) -> datetime | None:
        answer = cloudwatch.get_metric_statistics(
            Namespace=NAMESPACE,
            MetricName=metric,
            Dimensions=dimensions,
            StartTime=now - timedelta(days=_DAYS),
            EndTime=now + timedelta(hours=1),
            Period=3600,
            Statistics=["Sum"],
        )
        return max((point["Timestamp"] for point in answer["Datapoints"] if point["Sum"] > 0), default=None)

    dimensions = [{"Name": "FunctionName", "Value": deployment.function["FunctionName"]}]
    read = last("ObjectsRead", dimensions)
    if read is None:
        fix = "check trail, prefix and notification; log files arrive within 15 minutes of a call"
        yield problem(area, f"no log file was read in {_DAYS} days", fix)
    else:
        yield ok(area, f"the last log file was read in the hour from {read:%Y-%m-%d %H:%M} UTC")
    metrics = cloudwatch.list_metrics(Namespace=NAMESPACE, MetricName="Delivered", Dimensions=dimensions)["Metrics"]
    if sent := list(filter(None, (last("Delivered", metric["Dimensions"]) for metric in metrics))):
        yield ok(area, f"the last message was sent in the hour from {max(sent):%Y-%m-%d %H:%M} UTC")
    else:
        yield unknown(area, f"no message was sent in {_DAYS} days", "use --send-test to check that messages arrive")
