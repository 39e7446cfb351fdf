"""What several flow tests need."""

import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import boto3
import pytest

from cloudtrail_to_slack import clock as clock_module
from support.virtual_time import VirtualTime


@pytest.fixture
def dynamodb(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str, int], None]:
    """Refuse the next calls of an operation with an error code, as DynamoDB's own answers do."""
    waiting: dict[str, list[str]] = {}

    class Answer:
        status_code = 400
        headers: dict[str, str] = {}  # noqa: RUF012 (botocore reads it as it is)

        def __init__(self, code: str) -> None:
            self.content = f'{{"__type":"com.amazonaws.dynamodb.v20120810#{code}","message":"refused"}}'.encode()

    def before_send(event_name: str, **_: Any) -> Answer | None:
        codes = waiting.get(event_name.rsplit(".", 1)[1], [])
        return Answer(codes.pop()) if codes else None

    session = boto3.Session()
    session.events.register("before-send.dynamodb", before_send)  # type: ignore[arg-type]  # its answer is used
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", session)
    return lambda operation, code, times: waiting.setdefault(operation, []).extend([code] * times)


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that were waited. Nothing really waits, and to the function no other time passes."""
    waited: list[float] = []
    began = time.time()
    monkeypatch.setattr("time.sleep", waited.append)  # the SDK's
    still = SimpleNamespace(time=lambda: began + sum(waited), sleep=waited.append)
    monkeypatch.setattr(clock_module, "time", still)
    return waited


@pytest.fixture
def virtual_time(monkeypatch: pytest.MonkeyPatch) -> VirtualTime:
    """A clock that a test moves on."""
    return VirtualTime(monkeypatch)
