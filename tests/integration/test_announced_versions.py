"""Reading the version of an object that was announced, whatever was put over it since."""

import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import boto3
import pytest

from cloudtrail_to_slack.errors import InvocationFailedError
from support.app_environment import BUCKET, KEY, AppEnvironment, failed_messages, log_bytes, record, s3_event, sqs_event

_REAL = log_bytes(record(eventName="StopLogging"))
_OTHER = log_bytes(record(eventName="DescribeTrails", errorCode=None))
_CHANGED = "it was changed after the notification"


def _put(app_env: AppEnvironment, content: bytes) -> dict[str, Any]:
    """Put the object; return what S3 says of it."""
    answer: dict[str, Any] = app_env.aws("s3").put_object(Bucket=BUCKET, Key=KEY, Body=content)
    return answer


def _by_s3(version: str | None, etag: str | None) -> dict[str, Any]:
    """An S3 event notification about the object, as S3 sends it; of an unversioned bucket without a version."""
    event = s3_event(KEY)
    about = {"versionId": version, "eTag": etag.strip('"') if etag else None}
    event["Records"][0]["s3"]["object"].update({name: value for name, value in about.items() if value})
    return event


def _by_eventbridge(version: str | None, etag: str | None) -> dict[str, Any]:
    """The same from EventBridge."""
    about = {"key": KEY, "version-id": version, "etag": etag.strip('"') if etag else None}
    detail = {
        "bucket": {"name": BUCKET},
        "object": {name: value for name, value in about.items() if value},
    }
    return {"source": "aws.s3", "detail-type": "Object Created", "region": "eu-west-1", "detail": detail}


_WAYS = pytest.mark.parametrize("announce", [_by_s3, _by_eventbridge], ids=["S3", "EventBridge"])
Announce = Callable[[str | None, str | None], dict[str, Any]]


def _versioned(app_env: AppEnvironment, status: str = "Enabled") -> None:
    app_env.aws("s3").put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": status})


@_WAYS
def test_a_version_that_was_put_over_is_read(app_env: AppEnvironment, announce: Announce) -> None:
    """In a versioned bucket the announced version is read, though a newer one, or a delete marker, hides it."""
    app_env.configure_bot(table=False)
    _versioned(app_env)
    answer = _put(app_env, _REAL)
    _put(app_env, _OTHER)
    app_env.invoke(announce(answer["VersionId"], answer["ETag"]))
    assert ["StopLogging" in text for text in app_env.texts()] == [True]
    app_env.aws("s3").delete_object(Bucket=BUCKET, Key=KEY)
    assert app_env.invoke(announce(answer["VersionId"], answer["ETag"]))["objects_read"] == 1


@_WAYS
@pytest.mark.parametrize("version", [None, "null"])
def test_without_versions_an_object_that_changed_fails(
    app_env: AppEnvironment, announce: Announce, version: str | None
) -> None:
    """In an unversioned bucket a content that is not the announced one is reported, and fails the invocation."""
    app_env.configure_bot(table=False)
    etag = _put(app_env, _REAL)["ETag"]
    _put(app_env, _OTHER)
    with pytest.raises(InvocationFailedError, match=_CHANGED):
        app_env.invoke(announce(version, etag))
    assert [_CHANGED in text for text in app_env.texts()] == [True]


@_WAYS
@pytest.mark.parametrize("version", [None, "null"])
def test_without_versions_an_object_that_did_not_change_is_read(
    app_env: AppEnvironment, announce: Announce, version: str | None
) -> None:
    """The ETag of an unversioned bucket's object is that of the notification, and the object is read."""
    app_env.configure_bot(table=False)
    assert app_env.invoke(announce(version, _put(app_env, _REAL)["ETag"]))["objects_read"] == 1
    assert len(app_env.texts()) == 1


def test_an_object_put_in_parts_is_read(app_env: AppEnvironment) -> None:
    """The ETag of an object that was uploaded in parts is not a digest of it, and S3 compares it anyway."""
    app_env.configure_bot(table=False)
    s3 = app_env.aws("s3")
    upload = s3.create_multipart_upload(Bucket=BUCKET, Key=KEY)["UploadId"]
    part = s3.upload_part(Bucket=BUCKET, Key=KEY, UploadId=upload, PartNumber=1, Body=_REAL)
    parts = {"Parts": [{"ETag": part["ETag"], "PartNumber": 1}]}
    etag = s3.complete_multipart_upload(Bucket=BUCKET, Key=KEY, UploadId=upload, MultipartUpload=parts)["ETag"]
    assert etag.strip('"').endswith("-1")
    assert app_env.invoke(_by_s3(None, etag))["objects_read"] == 1


def test_a_version_that_is_gone_fails(app_env: AppEnvironment) -> None:
    """A version that was removed for good is reported, and the newest is not read in its place."""
    app_env.configure_bot(table=False)
    _versioned(app_env)
    answer = _put(app_env, _REAL)
    _put(app_env, _OTHER)
    app_env.aws("s3").delete_object(Bucket=BUCKET, Key=KEY, VersionId=answer["VersionId"])
    with pytest.raises(InvocationFailedError, match="the version that the notification names is gone"):
        app_env.invoke(_by_s3(answer["VersionId"], answer["ETag"]))


def test_a_version_with_another_etag_fails(app_env: AppEnvironment) -> None:
    """A notification whose version and ETag do not belong together is about nothing that exists."""
    app_env.configure_bot(table=False)
    _versioned(app_env)
    version = _put(app_env, _REAL)["VersionId"]
    with pytest.raises(InvocationFailedError, match=_CHANGED):
        app_env.invoke(_by_s3(version, '"00000000000000000000000000000000"'))


def test_two_versions_of_a_key_are_both_read(app_env: AppEnvironment) -> None:
    """Of two versions that are announced at once, each is read, and each message of a queue has its own result."""
    app_env.configure_bot(table=False)
    _versioned(app_env)
    first, second = _put(app_env, _REAL), _put(app_env, log_bytes(record(eventName="DeleteTrail")))
    bodies = [_by_s3(answer["VersionId"], answer["ETag"]) for answer in (first, second)]
    broken = _by_s3("gone", first["ETag"])
    assert failed_messages(app_env.invoke(sqs_event(*bodies, broken))) == ["m2"]
    delivered = "\n".join(app_env.texts())
    assert "StopLogging" in delivered
    assert "DeleteTrail" in delivered


def test_a_notification_without_version_and_etag_reads_the_newest(app_env: AppEnvironment) -> None:
    """CloudTrail's own notification names no version, so the newest is read."""
    app_env.configure_bot(table=False)
    _versioned(app_env)
    _put(app_env, _OTHER)
    _put(app_env, _REAL)
    app_env.invoke({"s3Bucket": BUCKET, "s3ObjectKey": [KEY]})
    assert ["StopLogging" in text for text in app_env.texts()] == [True]


@pytest.fixture
def may_not_read_versions(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """S3 denies reading a version, as where a bucket's policy allows s3:GetObject alone; return what was asked."""
    asked: list[str] = []

    class Denied:
        status_code = 403
        headers: dict[str, str] = {}  # noqa: RUF012 (botocore reads it as it is)
        content = b"<Error><Code>AccessDenied</Code></Error>"

    def before_send(request: Any, **_: Any) -> Denied | None:
        asked.append(request.url)
        return Denied() if "versionId=" in request.url else None

    session = boto3.Session()
    session.events.register("before-send.s3.GetObject", before_send)  # type: ignore[arg-type]  # its answer is used
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", session)
    return asked


def test_without_the_right_to_versions_the_etag_is_enough(
    app_env: AppEnvironment, may_not_read_versions: list[str]
) -> None:
    """Where only s3:GetObject is allowed, the newest version is read, if its ETag is the announced one.

    If it is not, the error says which action the role lacks.
    """
    app_env.configure_bot(table=False)
    _versioned(app_env)
    answer = _put(app_env, _REAL)
    payload = _by_s3(answer["VersionId"], answer["ETag"])
    assert app_env.invoke(payload)["objects_read"] == 1
    _put(app_env, _OTHER)
    with pytest.raises(InvocationFailedError, match=r"overwritten; .* needs s3:GetObjectVersion"):
        app_env.invoke(payload)
    assert ["versionId=" in url for url in may_not_read_versions] == [True, False] * 2


def test_without_the_right_to_versions_and_without_an_etag_the_error_names_the_right(
    app_env: AppEnvironment, may_not_read_versions: list[str]
) -> None:
    """Where neither helps, the error says which action the role lacks."""
    app_env.configure_bot(table=False)
    with pytest.raises(InvocationFailedError, match=r"AccessDenied; .* needs s3:GetObjectVersion"):
        app_env.invoke(_by_s3("some-version", None))
    assert len(may_not_read_versions) == 1


def test_a_denied_key_is_named(app_env: AppEnvironment, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it is the KMS key that the role may not use, the error names that right and none of S3's."""
    message = "User: arn is not authorized to perform: kms:Decrypt on resource: arn"
    content = f"<Error><Code>AccessDenied</Code><Message>{message}</Message></Error>".encode()
    session: Any = boto3.Session()
    answer = SimpleNamespace(status_code=403, headers={}, content=content)
    session.events.register("before-send.s3.GetObject", lambda **_: answer)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", session)
    app_env.configure_bot(table=False)
    with pytest.raises(InvocationFailedError, match=r"AccessDenied: the role may not use the KMS key .*kms:Decrypt.$"):
        app_env.invoke(_by_s3("some-version", None))


def test_a_confirmation_from_sns_is_no_failure(app_env: AppEnvironment, capsys: pytest.CaptureFixture[str]) -> None:
    """The message SNS sends to a queue about a subscription leaves a log line, and does not come back."""
    app_env.configure_bot(table=False)
    message = {"Type": "SubscriptionConfirmation", "TopicArn": "arn", "Message": "x", "SubscribeURL": "https://x"}
    assert failed_messages(app_env.invoke(sqs_event(message))) == []
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    reasons = [line["reason"] for line in lines if line.get("message") == "ignored"]
    assert ["SubscriptionConfirmation" in reason for reason in reasons] == [True]
