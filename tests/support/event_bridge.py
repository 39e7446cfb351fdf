"""EventBridge in tests: its input transformer, and a moto server's default bus with a queue behind each rule."""

import json
import re
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import boto3

from cloudtrail_to_slack_dev.moto_server import AWS_ENVIRONMENT

_MISSING = object()
_ENTRIES_A_CALL = 10


def transform(template: str, paths: Mapping[str, str], event: Mapping[str, Any]) -> str:
    """Fill a template in as EventBridge does: values as they are, unescaped, and nothing for a path the event lacks.

    Within quotes a string stands without quotes of its own, outside of them with them. Source: Amazon EventBridge User
    Guide, "Common issues with transforming input", whose strictest reading this is.
    """
    filled, position = "", 0
    for found in re.finditer(r"<([\w.-]+)>", template):
        filled += template[position : found.start()]
        position = found.end()
        value = _at(event, paths[found[1]])
        quoted = len(re.findall(r'(?<!\\)"', template[: found.start()])) % 2 == 1
        if value is not _MISSING:
            filled += value if quoted and isinstance(value, str) else _bare(value, quoted=quoted)
    return filled + template[position:]


def _at(event: Any, path: str) -> Any:
    for key in path.removeprefix("$.").split("."):
        if not isinstance(event, Mapping) or key not in event:
            return _MISSING
        event = event[key]
    return event


def _bare(value: Any, *, quoted: bool) -> str:
    if isinstance(value, str):
        return f'"{value}"'
    text = json.dumps(value, separators=(",", ":"))
    return text.replace('"', "") if quoted else text


class Bus:
    """The default bus of a moto server, with rules that each lead to a queue of their own."""

    def __init__(self, endpoint: str, patterns: Mapping[str, str]) -> None:
        session = boto3.Session(
            aws_access_key_id=AWS_ENVIRONMENT["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=AWS_ENVIRONMENT["AWS_SECRET_ACCESS_KEY"],
            region_name=AWS_ENVIRONMENT["AWS_REGION"],
        )
        name: Any = "events"
        self._events: Any = session.client(name, endpoint_url=endpoint)
        self._sqs = session.client("sqs", endpoint_url=endpoint)
        self._queues: dict[str, str] = {}
        for rule, pattern in patterns.items():
            url = self._sqs.create_queue(QueueName=rule)["QueueUrl"]
            arn = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
            self._events.put_rule(Name=rule, EventPattern=pattern)
            self._events.put_targets(Rule=rule, Targets=[{"Id": "queue", "Arn": arn}])
            self._queues[rule] = url

    def rules_for(self, events: Sequence[Mapping[str, Any]], put_by: Any = None) -> list[dict[str, dict[str, Any]]]:
        """Put events on the bus, and return for each the envelope that reached a queue, by rule.

        `put_by` is a client of another region, to put them on the bus there.
        """
        marks = [str(uuid.uuid4()) for _ in events]
        entries = [
            {
                "Source": event["source"],
                "DetailType": event["detail-type"],
                "Detail": json.dumps({**event["detail"], "mark": mark}),
            }
            for event, mark in zip(events, marks, strict=True)
        ]
        for start in range(0, len(entries), _ENTRIES_A_CALL):
            answer = (put_by or self._events).put_events(Entries=entries[start : start + _ENTRIES_A_CALL])
            assert answer["FailedEntryCount"] == 0
        arrived: dict[str, dict[str, dict[str, Any]]] = {mark: {} for mark in marks}
        for rule, url in self._queues.items():
            for envelope in self._drained(url):
                arrived[envelope["detail"]["mark"]][rule] = envelope
        return [arrived[mark] for mark in marks]

    def _drained(self, url: str) -> list[dict[str, Any]]:
        envelopes = []
        while messages := self._sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
            for message in messages:
                envelopes.append(json.loads(message["Body"]))
                self._sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return envelopes
