"""From the queue to the handler and back, as Lambda's event source mapping goes."""

import io
import json
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_plus

from cloudtrail_to_slack_dev.demo.errors import DemoError
from cloudtrail_to_slack_dev.demo.lambda_log import LogLine, Totals, read_log, unreadable_reasons, warnings_of
from cloudtrail_to_slack_dev.demo.scene import Scene, receive

_TIMEOUT_SECONDS = 30.0

Message = Mapping[str, Any]


class Context:
    """Lambda's context object, as far as the handler looks at it."""

    function_name = "cloudtrail-to-slack"

    def __init__(self) -> None:
        self.aws_request_id = str(uuid.uuid4())
        self._end = time.monotonic() + _TIMEOUT_SECONDS

    def get_remaining_time_in_millis(self) -> int:
        """Return the time left."""
        return max(0, round((self._end - time.monotonic()) * 1000))


@dataclass(frozen=True, slots=True)
class HandedBack:
    """A message that the handler handed back to the queue: what it was about, and why."""

    subject: str
    reason: str


@dataclass(slots=True)
class Replay:
    """What the invocations did, all together."""

    batches: int = 0
    messages: int = 0
    totals: Totals = field(default_factory=Totals)
    warnings: list[LogLine] = field(default_factory=list)
    handed_back: list[HandedBack] = field(default_factory=list)

    def drain(self, scene: Scene, say: Callable[[str], None]) -> None:
        """Invoke the handler with batch after batch until the queue is empty.

        Raises:
            DemoError: the handler raised, or did not close an invocation as it does.
        """
        while messages := receive(scene.sqs, scene.queue_url):
            self._invoke(scene, messages, say)

    def _invoke(self, scene: Scene, messages: Sequence[Message], say: Callable[[str], None]) -> None:
        self.batches += 1
        self.messages += len(messages)
        answer, lines = _call_handler(_lambda_event(messages, scene.queue_arn))
        if not self.totals.add(lines):
            raise DemoError("the handler returned without the log line that closes an invocation")
        self.warnings += warnings_of(lines)
        failed = {str(failure["itemIdentifier"]) for failure in answer["batchItemFailures"]}
        reasons = unreadable_reasons(lines)
        for message in messages:
            if message["MessageId"] in failed:
                url = _object_url(str(message["Body"]))
                self.handed_back.append(HandedBack(url, reasons.get(url, "see the log")))
            else:
                scene.sqs.delete_message(QueueUrl=scene.queue_url, ReceiptHandle=message["ReceiptHandle"])
        said = _closing_sentence(lines)
        say(f"batch {self.batches}, messages: {len(messages)}, {said}, handed back: {len(failed)}")


def _call_handler(event: dict[str, Any]) -> tuple[dict[str, Any], list[LogLine]]:
    """Call the handler; return its answer and what it logged."""
    from cloudtrail_to_slack.handler import lambda_handler  # noqa: PLC0415 (its logger reads LOG_LEVEL when imported)

    output = io.StringIO()
    try:
        with redirect_stdout(output):
            answer = lambda_handler(event, Context())
    except Exception as error:
        said = " ".join(str(error).split())
        raise DemoError(f"the handler raised {type(error).__name__}: {said}") from error
    return answer, read_log(output.getvalue())


def _lambda_event(messages: Sequence[Message], queue_arn: str) -> dict[str, Any]:
    """Return the event that Lambda makes of SQS messages.

    Source: AWS Lambda Developer Guide, "Using Lambda with Amazon SQS", "Example standard queue message event".
    """
    return {
        "Records": [
            {
                "messageId": message["MessageId"],
                "receiptHandle": message["ReceiptHandle"],
                "body": message["Body"],
                "attributes": message.get("Attributes", {}),
                "messageAttributes": {},
                "md5OfBody": message["MD5OfBody"],
                "eventSource": "aws:sqs",
                "eventSourceARN": queue_arn,
                "awsRegion": queue_arn.split(":")[3],
            }
            for message in messages
        ]
    }


def _object_url(body: str) -> str:
    """Return the URL of the object that a notification is about."""
    try:
        s3 = json.loads(body)["Records"][0]["s3"]
        return f"s3://{s3['bucket']['name']}/{unquote_plus(s3['object']['key'])}"
    except (ValueError, LookupError, TypeError):
        return "a message that announces no object"


def _closing_sentence(lines: Sequence[LogLine]) -> str:
    counts = Totals()
    counts.add(lines)
    return f"records: {counts.counts['records_in']}, matched: {counts.counts['matched']}"
