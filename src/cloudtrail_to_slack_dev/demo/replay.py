"""From the queue to the handler and back, as Lambda's event source mapping works."""

import io
import json
import time
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from typing import Any
from unittest import mock
from urllib.parse import unquote_plus

from cloudtrail_to_slack.clock import Clock
from cloudtrail_to_slack_dev.demo.clock import StoryClock
from cloudtrail_to_slack_dev.demo.errors import DemoError
from cloudtrail_to_slack_dev.demo.lambda_log import LogLine, Totals, read_log, unreadable_reasons, warnings_of
from cloudtrail_to_slack_dev.demo.local_setup import LocalSetup, receive

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
    """A message that the handler gave back to the queue: what it was about, and why."""

    subject: str
    reason: str


@dataclass(slots=True)
class Replay:
    """What the invocations did, all together.

    Attributes:
        messages: How many messages of the bucket the queue delivered.
        totals: What the invocations report about them.
        repeated: What the invocations report about messages that were delivered once more.
        warnings: The handler's log lines at WARNING and above.
        handed_back: The messages that went back to the queue.
    """

    messages: int = 0
    totals: Totals = field(default_factory=Totals)
    repeated: Totals = field(default_factory=Totals)
    warnings: list[LogLine] = field(default_factory=list)
    handed_back: list[HandedBack] = field(default_factory=list)
    _done: list[str] = field(default_factory=list)

    def drain(self, local: LocalSetup) -> Counter[str]:
        """Invoke the handler until the queue is empty; return what the invocations count, added up.

        Raises:
            DemoError: the handler raised, or did not close an invocation as it does.
        """
        counts: Counter[str] = Counter()
        while messages := receive(local.sqs, local.queue_url):
            self.messages += len(messages)
            counts += self._invoke(local, messages, self.totals)
        return counts

    def drain_again(self, local: LocalSetup) -> Counter[str]:
        """Let the queue deliver what was worked off so far once more, and invoke the handler until it is empty.

        Raises:
            DemoError: as `drain`.
        """
        for body in self._done:
            local.sqs.send_message(QueueUrl=local.queue_url, MessageBody=body)
        counts: Counter[str] = Counter()
        while messages := receive(local.sqs, local.queue_url):
            counts += self._invoke(local, messages, self.repeated)
        return counts

    def _invoke(self, local: LocalSetup, messages: Sequence[Message], totals: Totals) -> Counter[str]:
        answer, lines = _call_handler(_lambda_event(messages, local.queue_arn))
        if not totals.add(lines):
            raise DemoError("the handler returned without the log line that closes an invocation")
        self.warnings += warnings_of(lines)
        failed = {str(failure["itemIdentifier"]) for failure in answer["batchItemFailures"]}
        reasons = unreadable_reasons(lines)
        for message in messages:
            if message["MessageId"] in failed:
                url = _object_url(str(message["Body"]))
                self.handed_back.append(HandedBack(url, reasons.get(url, "see the log")))
            else:
                local.sqs.delete_message(QueueUrl=local.queue_url, ReceiptHandle=message["ReceiptHandle"])
                self._done.append(str(message["Body"]))
        counted = Totals()
        counted.add(lines)
        return counted.counts


@contextmanager
def handler_at(clock: StoryClock) -> Iterator[None]:
    """Let the handler take the story's time for the present."""
    # The handler's logger reads LOG_LEVEL when it is imported, so it is not imported before that is set.
    with mock.patch("cloudtrail_to_slack.app.invocation_clock", lambda context: _clock(context, clock)):
        yield


def _clock(context: Context, clock: StoryClock) -> Clock:
    return Clock(lambda: context.get_remaining_time_in_millis() / 1000, now=clock.now, sleep=clock.sleep)


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
