"""Batches of log files, whose content is fetched ahead of their turn."""

import random
import re
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse

from cloudtrail_to_slack.ingest.read_ahead import MAX_BYTES, THREAD_NAME
from simulation.fault_injection import aws_answer
from support.app_environment import (
    ACCOUNT,
    CHANNEL,
    AppEnvironment,
    failed_messages,
    log_bytes,
    record,
    s3_event,
    sqs_event,
)

_FILES = 10
_CALL = re.compile(r"Call(\d)")
_SECONDS = 20.0  # until a test fails that waits for what does not come


def _key(number: int) -> str:
    return f"AWSLogs/{ACCOUNT}/CloudTrail/eu-west-1/2026/03/14/{ACCOUNT}_CloudTrail_eu-west-1_{number}.json.gz"


def _put(app_env: AppEnvironment) -> dict[str, Any]:
    """Put ten log files with an alert each; return the batch of their messages."""
    app_env.configure_bot(table=False)
    for number in range(_FILES):
        app_env.put_log(record(eventName=f"Call{number}"), key=_key(number))
    return sqs_event(*(s3_event(_key(number)) for number in range(_FILES)))


def _before_each_get(app_env: AppEnvironment, act: Callable[[str], AWSResponse | None]) -> None:
    """Call `act` with the key of each log file before it is requested; what it returns is S3's answer."""
    session = boto3.Session()
    app_env.monkeypatch.setattr(boto3, "DEFAULT_SESSION", session)
    events: Any = session.events  # its stubs know no handler that answers
    events.register("before-send.s3", lambda request, **_: act(str(request.url).partition("/trail-bucket/")[2]))


def _calls(app_env: AppEnvironment) -> list[int]:
    """Return the numbers of the calls in the channel, in the order of their messages."""
    messages = [f"{message.text} {message.blocks}" for message in app_env.slack.messages(CHANNEL)]
    found = [_CALL.search(text) for text in messages]
    return [int(call[1]) for call in found if call]


def test_the_order_of_answers_changes_nothing(app_env: AppEnvironment) -> None:
    """Where S3 answers the last file of a batch first, alerts come in the order of the files, and no thread is left."""
    batch = _put(app_env)
    sent = [threading.Event() for _ in range(_FILES + 1)]
    sent[_FILES].set()

    def last_first(key: str) -> None:
        number = next(number for number in range(_FILES) if key == _key(number))
        assert number == 0 or sent[number + 1].wait(_SECONDS)
        sent[number].set()

    _before_each_get(app_env, last_first)
    assert failed_messages(app_env.invoke(batch)) == []
    assert _calls(app_env) == list(range(_FILES))
    assert THREAD_NAME not in {thread.name for thread in threading.enumerate()}


@pytest.mark.parametrize("code", ["NoSuchKey", "AccessDenied", "InternalError"])
def test_what_s3_refuses_fails_alone(app_env: AppEnvironment, code: str) -> None:
    """Of a batch only the files that S3 refuses are returned to the queue, each with S3's answer in a notice."""
    batch, refused = _put(app_env), {_key(0), _key(4), _key(9)}
    asked: Counter[str] = Counter()

    def refuse(key: str) -> AWSResponse | None:
        asked[key] += 1
        return aws_answer("s3", code, key) if key in refused else None

    _before_each_get(app_env, refuse)
    app_env.monkeypatch.setattr("cloudtrail_to_slack.evaluation.file_evaluation._FIRST_WAIT_SECONDS", 0.001)
    assert failed_messages(app_env.invoke(batch)) == ["m0", "m4", "m9"]
    assert _calls(app_env) == [1, 2, 3, 5, 6, 7, 8]
    assert len([text for text in app_env.texts() if f"S3 answers {code}" in text]) == 3
    attempts = 3 if code == "InternalError" else 1
    assert asked == {_key(number): attempts if _key(number) in refused else 1 for number in range(_FILES)}


@pytest.mark.parametrize(("announced", "requests"), [(True, 1), (False, 2)], ids=["size announced", "size unknown"])
def test_a_large_file_in_a_batch_is_streamed(app_env: AppEnvironment, *, announced: bool, requests: int) -> None:
    """A large file is read in its turn like any other; if its size was announced, it is requested only then."""
    batch = _put(app_env)
    noise = random.Random(1).randbytes(MAX_BYTES).hex()  # noqa: S311 (which does not compress well)
    large = log_bytes(record(eventName="Call3", requestParameters={"noise": noise}))
    assert len(large) > MAX_BYTES
    app_env.put(large, _key(3))
    if announced:
        event = s3_event(_key(3))
        event["Records"][0]["s3"]["object"]["size"] = len(large)
        batch["Records"][3] = sqs_event("", "", "", event)["Records"][3]
    asked: Counter[str] = Counter()
    _before_each_get(app_env, lambda key: asked.update([key]))
    assert failed_messages(app_env.invoke(batch)) == []
    assert sorted(_calls(app_env)) == list(range(_FILES))
    assert asked == {_key(number): requests if number == 3 else 1 for number in range(_FILES)}


def test_one_file_starts_no_thread(app_env: AppEnvironment) -> None:
    """An invocation with a single log file, announced twice or beside a digest, reads it in the main thread."""
    _put(app_env)

    def in_the_main_thread(_key: str) -> None:
        assert threading.current_thread() is threading.main_thread()

    _before_each_get(app_env, in_the_main_thread)
    digest = f"AWSLogs/{ACCOUNT}/CloudTrail-Digest/eu-west-1/2026/03/14/digest.json.gz"
    batch = sqs_event(s3_event(digest), s3_event(_key(1)), s3_event(_key(1)))
    assert failed_messages(app_env.invoke(batch)) == []
    assert _calls(app_env) == [1]
