"""Amazon SNS' own rules for what may be published, as its API reference states them, before a moto server that has few.

Sources: Amazon SNS API Reference, Publish and MessageAttributeValue; Amazon SQS API Reference, SendMessage (for the
characters).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import boto3
import pytest

MOST_BYTES = 262_144
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SUBJECT = re.compile(r"[!-~][ -~]{0,98}")
_FIFO_ID = re.compile(r"[!-~]{1,128}")


@dataclass(frozen=True, slots=True)
class Publish:
    """One call of Publish, as SNS reads it."""

    topic: str
    body: str
    subject: str | None
    attributes: dict[str, tuple[str, str]]
    group: str | None
    deduplication: str | None

    @property
    def bytes(self) -> int:
        """What counts towards the limit."""
        beside = sum(len(text.encode()) for name, pair in self.attributes.items() for text in (name, *pair))
        return len(self.body.encode()) + len((self.subject or "").encode()) + beside


Refuse = Callable[[Publish], tuple[str, str] | None]  # the error's code and message


def read_publish(form: str) -> Publish:
    """Read a call's form."""
    fields = {name: values[0] for name, values in parse_qs(form, keep_blank_values=True).items()}
    attributes = {}
    for number in range(1, 20):
        entry = f"MessageAttributes.entry.{number}"
        if f"{entry}.Name" in fields:
            pair = (fields[f"{entry}.Value.DataType"], fields[f"{entry}.Value.StringValue"])
            attributes[fields[f"{entry}.Name"]] = pair
    optional = [fields.get(name) for name in ("Subject", "MessageGroupId", "MessageDeduplicationId")]
    return Publish(fields["TopicArn"], fields["Message"], optional[0], attributes, *optional[1:])


def broken_rule(call: Publish) -> str | None:
    """Return which rule of SNS' a call breaks."""
    texts = [call.body, *(value for _, value in call.attributes.values())]
    if call.bytes > MOST_BYTES:
        return "Message too long"
    if not all(texts) or any(map(_FORBIDDEN.search, texts)):
        return "Message"
    if call.subject is not None and not _SUBJECT.fullmatch(call.subject):
        return "Subject"
    for identity in (call.group, call.deduplication):
        if identity is not None and not _FIFO_ID.fullmatch(identity):
            return "MessageGroupId"
    return None


@dataclass(slots=True)
class Topics:
    """SNS with its rules: `refuse` may refuse more; `calls` is what was published, or refused."""

    refuse: Refuse = lambda _call: None
    calls: list[Publish] = field(default_factory=list)

    def before_send(self, request: Any, **_: Any) -> Any:
        """Answer in SNS' place what it would refuse."""
        body = request.body if isinstance(request.body, str) else request.body.decode()
        call = read_publish(body)
        self.calls.append(call)
        broken = broken_rule(call)
        refusal = ("InvalidParameter", f"Invalid parameter: {broken}") if broken else self.refuse(call)
        return _Answer(*refusal) if refusal else None


class _Answer:
    status_code = 400
    headers: dict[str, str] = {}  # noqa: RUF012 (botocore reads it as it is)

    def __init__(self, code: str, message: str) -> None:
        error = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>"
        self.content = f"<ErrorResponse>{error}</ErrorResponse>".encode()


def strict_topics(monkeypatch: pytest.MonkeyPatch) -> Topics:
    """Have all clients made from now on talk to such an SNS."""
    topics, session = Topics(), boto3.Session()
    session.events.register("before-send.sns.Publish", topics.before_send)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", session)
    return topics
