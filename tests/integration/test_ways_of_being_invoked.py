"""Every way of being invoked, through the handler."""

from typing import Any

import pytest

from cloudtrail_to_slack.errors import InvocationFailedError
from support.app_environment import (
    BUCKET,
    CHANNEL,
    KEY,
    AppEnvironment,
    failed_messages,
    record,
    s3_event,
    sns_envelope,
    sns_event,
    sqs_event,
)

_PLUS_KEY = "my trail/AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/14/a+b é.json.gz"


def _object_created(key: str, detail_type: str = "Object Created", **detail: Any) -> dict[str, Any]:
    return {
        "version": "0",
        "source": "aws.s3",
        "detail-type": detail_type,
        "region": "eu-west-1",
        "time": "2026-03-14T09:36:00Z",
        "detail": {"bucket": {"name": BUCKET}, "object": {"key": key}, **detail},
    }


_S3 = s3_event(_PLUS_KEY)
_CLOUDTRAIL = {"s3Bucket": BUCKET, "s3ObjectKey": [_PLUS_KEY]}
_WAYS = {
    "s3": _S3,
    "s3 in sns": sns_event(_S3),
    "s3 in sqs": sqs_event(_S3),
    "s3 in sns in sqs": sqs_event(sns_envelope(_S3)),
    "eventbridge": _object_created(_PLUS_KEY),
    "eventbridge in sqs": sqs_event(_object_created(_PLUS_KEY)),
    "cloudtrail's own sns": sns_event(_CLOUDTRAIL),
    "cloudtrail's own sns in sqs": sqs_event(sns_envelope(_CLOUDTRAIL)),
    "cloudtrail's own sns in sqs, raw": sqs_event(_CLOUDTRAIL),
    "what sns sent lambda, from a dead-letter queue": sqs_event(sns_event(_S3)),
}


@pytest.mark.parametrize("payload", _WAYS.values(), ids=_WAYS.keys())
def test_each_way_leads_to_the_log_file(app_env: AppEnvironment, payload: dict[str, Any]) -> None:
    """However a log file is announced, its key is decoded right and its alert arrives."""
    app_env.configure_bot(table=False)
    app_env.put_log(record(eventName="DeleteBucket"), key=_PLUS_KEY)
    answer = app_env.invoke(payload)
    assert [text.split("\n")[0] for text in app_env.texts()] == [
        "❌ Deployer/alice@example.com called DeleteBucket, which failed with AccessDenied"
    ]
    assert answer.get("batchItemFailures", []) == []


@pytest.mark.parametrize(
    "payload",
    [
        {"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": BUCKET},
        sns_event({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": BUCKET}),
        sqs_event({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": BUCKET}),
        sns_event("CloudTrail validation message."),
        s3_event(KEY, name="ObjectRestore:Completed"),
        _object_created(KEY, "Object Tags Added"),
        _object_created(KEY, "Object Deleted", reason="Lifecycle Expiration"),
    ],
)
def test_what_asks_for_nothing_is_ignored(app_env: AppEnvironment, payload: dict[str, Any]) -> None:
    """Greetings and events that are neither creations nor removals succeed and notify no one."""
    app_env.configure_bot(table=False)
    app_env.invoke(payload)
    assert app_env.texts() == []


@pytest.mark.parametrize(
    "payload", [{"one": 1, "secret-ish": "content"}, {"Records": [], "a": 1}, {}, [], "text", None, 7]
)
def test_an_unknown_payload_fails_and_names_keys_only(app_env: AppEnvironment, payload: Any) -> None:
    """A payload of no known kind fails the invocation, naming its top-level keys and nothing of its content."""
    app_env.configure_bot(table=False)
    with pytest.raises(InvocationFailedError, match="payload of no known kind") as caught:
        app_env.invoke(payload)
    assert "content" not in str(caught.value)
    if isinstance(payload, dict):
        assert all(key in str(caught.value) for key in payload)


def test_an_unreadable_message_is_handed_back_alone(app_env: AppEnvironment) -> None:
    """Of an SQS batch only the messages that could not be worked off are handed back."""
    app_env.configure_bot(table=False)
    app_env.put_log(record())
    answer = app_env.invoke(sqs_event("no json", s3_event(KEY), {"unknown": 1}, s3_event("AWSLogs/missing.json.gz")))
    assert failed_messages(answer) == ["m0", "m2", "m3"]
    assert len([text for text in app_env.texts() if "DeleteBucket" in text]) == 1


def test_an_object_announced_twice_in_a_batch_is_read_once(app_env: AppEnvironment) -> None:
    """Two messages that announce one object lead to one alert, and share its failure."""
    app_env.configure_bot(table=False)
    app_env.put_log(record())
    app_env.invoke(sqs_event(s3_event(KEY), sns_envelope(s3_event(KEY))))
    assert len(app_env.texts()) == 1
    answer = app_env.invoke(sqs_event(s3_event("missing.json"), s3_event("missing.json")))
    assert failed_messages(answer) == ["m0", "m1"]


def test_a_single_event_from_eventbridge_is_alerted(app_env: AppEnvironment) -> None:
    """A CloudTrail event that EventBridge brings by itself is evaluated like a record of a log file."""
    app_env.configure_bot(table=False)
    app_env.invoke(
        {"source": "aws.s3", "detail-type": "AWS API Call via CloudTrail", "detail": record(eventName="DeleteBucket")}
    )
    (message,) = app_env.slack.messages(CHANNEL)
    assert "DeleteBucket" in message.text
    assert "received from EventBridge" in str(message.blocks)


def test_one_broken_entry_does_not_stop_its_neighbours(app_env: AppEnvironment) -> None:
    """An S3 record without a key fails the invocation, after the others of the notification are worked off."""
    app_env.configure_bot(table=False)
    app_env.put_log(record())
    payload = s3_event(KEY)
    payload["Records"].insert(0, {"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": {"bucket": None}})
    with pytest.raises(InvocationFailedError, match="eventName, eventSource, s3"):
        app_env.invoke(payload)
    assert len(app_env.texts()) == 1
