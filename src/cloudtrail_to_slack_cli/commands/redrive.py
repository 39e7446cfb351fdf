"""`redrive`: send dead letters through the function again."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import click
from botocore.exceptions import BotoCoreError, ClientError

from cloudtrail_to_slack.aws.errors import error_code
from cloudtrail_to_slack.ingest.payloads import LogFile, RemovedObject, SingleEvent, read_payload
from cloudtrail_to_slack_cli.aws_session import no_aws
from cloudtrail_to_slack_cli.doctor.deployment import Deployment, deployment_options
from cloudtrail_to_slack_cli.doctor.incoming import dead_letter_queues
from cloudtrail_to_slack_cli.errors import EXIT_CLEAN, EXIT_FINDINGS, CommandError
from cloudtrail_to_slack_cli.terminal import console, counted, line

_EXAMPLE = """\b
Examples:
  cloudtrail-to-slack redrive --dry-run
  cloudtrail-to-slack redrive --function alerts --max-messages 100
"""
_AT_ONCE = 10  # messages of one receive. Source: Amazon SQS API Reference, ReceiveMessage
# Longer than a function can run, so that a message does not come back while the function works on it.
_HIDDEN_SECONDS = 960


@click.command("redrive", epilog=_EXAMPLE)
@deployment_options
@click.option("--queue", "queue_url", help="The URL of one dead-letter queue; by default all of the function's.")
@click.option(
    "--max-messages", type=click.IntRange(1), default=1_000, show_default=True, metavar="N",
    help="Stop after N messages.",
)  # fmt: skip
@click.option("--dry-run", is_flag=True, help="List the dead letters and change nothing.")
def command(deployment: Deployment, queue_url: str | None, max_messages: int, *, dry_run: bool) -> int:
    """Send dead letters through the function again.

    The command invokes the function with each message, and the function delivers what was not delivered before. If it
    succeeds, the message is removed from the queue; if it fails, the message stays. Exit code 1: some failed again.
    """
    out, failed, done = console(), 0, 0
    try:
        _ = deployment.function
        sqs = deployment.client("sqs")
        for url in [queue_url] if queue_url else _queues(deployment, sqs):
            for message in _messages(sqs, url, max_messages - done):
                done += 1
                out.print(line(f"{_sent(message)}  {describe(message['Body'])}"))
                if dry_run:
                    continue
                receipt = {"QueueUrl": url, "ReceiptHandle": message["ReceiptHandle"]}
                error = _invoke(deployment, message)
                if error:
                    failed += 1
                    out.print(line(f"  failed again and stays in the queue: {error}", "red"))
                    # It can be seen again in a while, so that this command does not receive it a second time.
                    sqs.change_message_visibility(**receipt, VisibilityTimeout=60)
                else:
                    sqs.delete_message(**receipt)
    except ClientError as error:
        raise CommandError(f"{error.operation_name} failed: {error_code(error)}") from None
    except BotoCoreError as error:
        raise no_aws(error) from None
    style, outcome = ("bold red" if failed else "bold"), f", {failed:,} failed again"
    out.print()
    out.print(line(counted(done, "dead letter") + ("; nothing was changed" if dry_run else outcome), style))
    return EXIT_FINDINGS if failed else EXIT_CLEAN


def describe(body: str) -> str:
    """Return what a dead letter is about: the objects it names, or the kind of event."""
    try:
        notifications = read_payload(_payload(body), single_events=True)
    except (ValueError, RecursionError):
        return "a message that is not JSON"
    parts = []
    for item in (item for notification in notifications for item in notification.items):
        match item:
            case LogFile() as log_file:
                parts.append(log_file.url)
            case RemovedObject(log_file):
                parts.append(f"removed: {log_file.url}")
            case SingleEvent(record):
                parts.append(f"event {record.get('eventName')} ({record.get('eventID')})")
            case other:
                parts.append(str(getattr(other, "reason", None) or getattr(other, "description", type(other).__name__)))
    return ", ".join(parts) or "nothing"


def _queues(deployment: Deployment, sqs: Any) -> Iterator[str]:
    arns = dead_letter_queues(deployment)
    if not arns:
        raise CommandError("the function has no dead-letter queue: give --queue with the URL of one")
    for arn in arns:
        yield sqs.get_queue_url(QueueName=arn.rpartition(":")[2])["QueueUrl"]


def _messages(sqs: Any, url: str, most: int) -> Iterator[Mapping[str, Any]]:
    """Yield each message once, until the queue shows none; a message that is not deleted stays hidden meanwhile."""
    while most > 0:
        answer = sqs.receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=min(most, _AT_ONCE),
            VisibilityTimeout=_HIDDEN_SECONDS,
            AttributeNames=["SentTimestamp"],
        )
        messages = answer.get("Messages", [])
        if not messages:
            return
        most -= len(messages)
        yield from messages


def _payload(body: str) -> Any:
    """Return what the function was given: the payload itself, or, from a queue in front of it, a wrapped message.

    Source of the first: AWS Lambda Developer Guide, "Capturing records of Lambda asynchronous invocations".
    """
    payload = json.loads(body)
    if not (isinstance(payload, dict) and "Type" in payload):
        return payload
    return {"Records": [{"messageId": "m0", "eventSource": "aws:sqs", "body": body, "attributes": {}}]}


def _invoke(deployment: Deployment, message: Mapping[str, Any]) -> str | None:
    """Give a dead letter to the function; return what went wrong, None if nothing did."""
    try:
        payload = _payload(message["Body"])
    except (ValueError, RecursionError):
        return "it is not JSON"
    answer = deployment.client("lambda").invoke(FunctionName=deployment.name, Payload=json.dumps(payload).encode())
    text = answer["Payload"].read().decode("utf-8", "replace")
    try:
        result = json.loads(text or "null")
    except ValueError:
        result = None
    if answer.get("FunctionError"):
        return str(result.get("errorMessage", text) if isinstance(result, dict) else text)[:500]
    failures = result.get("batchItemFailures") if isinstance(result, dict) else None
    return "the function returned it to the queue; its log says why" if failures else None


def _sent(message: Mapping[str, Any]) -> str:
    stamp = message.get("Attributes", {}).get("SentTimestamp")
    return f"{datetime.fromtimestamp(int(stamp) / 1000, UTC):%Y-%m-%d %H:%M}" if stamp else "at an unknown time"
