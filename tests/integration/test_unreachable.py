"""AWS that does not answer: nothing is lost silently, and what does not depend on it goes on."""

import json
import zlib
from collections.abc import Iterator

import pytest

from cloudtrail_to_slack.errors import InvocationFailedError, LogFileError, RecordError
from cloudtrail_to_slack.evaluation.prefilter import Prefilter
from cloudtrail_to_slack.ingest.log_files import decode_record, read_stream
from cloudtrail_to_slack.rules import RuleSet
from support.app_environment import KEY, AppEnvironment, record, s3_event

# Nothing listens on port 9 of this machine (discard), and nothing may: it is below 1024.
_NOWHERE = "http://127.0.0.1:9"


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK and the handler try again at once."""
    monkeypatch.setattr("time.sleep", lambda _: None)


def test_without_s3_the_invocation_fails(app_env: AppEnvironment) -> None:
    """When S3 cannot be reached, the object's notification is retried, and Slack is notified."""
    app_env.configure_bot(table=False)
    app_env.monkeypatch.setenv("AWS_ENDPOINT_URL", _NOWHERE)
    with pytest.raises(InvocationFailedError, match="S3 cannot be read"):
        app_env.invoke(s3_event(KEY))
    assert len(app_env.texts()) == 1


def test_without_dynamodb_what_it_guards_is_not_delivered(app_env: AppEnvironment) -> None:
    """When the state table cannot be reached, the invocation fails, and Lambda's retry delivers the alerts."""
    app_env.configure_bot(table=False)
    app_env.monkeypatch.setattr("time.sleep", lambda _: None)
    app_env.monkeypatch.setenv("DYNAMODB_TABLE_NAME", "table")
    app_env.monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", _NOWHERE)
    app_env.put_log(record())
    with pytest.raises(
        InvocationFailedError, match="did not reach Slack channel C0DEFAULT: state_table_EndpointConnectionError"
    ):
        app_env.invoke(s3_event(KEY))
    assert app_env.texts() == []


def test_without_dynamodb_alerts_are_posted_alone(app_env: AppEnvironment) -> None:
    """When the state table cannot be reached and deduplication is off, alerts are delivered without threads."""
    app_env.configure_bot(table=False, deduplicate_deliveries=False)
    app_env.monkeypatch.setenv("DYNAMODB_TABLE_NAME", "table")
    app_env.monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", _NOWHERE)
    app_env.put_log(record(), record())
    app_env.invoke(s3_event(KEY))
    assert len(app_env.slack.threads("C0DEFAULT")) == 2


def test_without_sns_slack_still_hears(app_env: AppEnvironment) -> None:
    """When SNS cannot be reached, Slack gets the alert and the invocation fails."""
    app_env.configure_bot(table=False, sns={"default_topic_arn": app_env.make_topic("alerts")})
    app_env.monkeypatch.setenv("AWS_ENDPOINT_URL_SNS", _NOWHERE)
    app_env.put_log(record())
    with pytest.raises(InvocationFailedError, match=r"did not reach SNS topic arn:\S+: connection_failed"):
        app_env.invoke(s3_event(KEY))
    assert len(app_env.texts()) == 1


class _Breaking:
    """A body whose connection breaks after what it has."""

    def __init__(self, content: bytes, error: Exception) -> None:
        self._pieces: Iterator[bytes] = iter([content])
        self._error = error

    def read(self, _: int, /) -> bytes:
        """Return the content, then break."""
        for piece in self._pieces:
            return piece
        raise self._error


@pytest.mark.parametrize("compress", [True, False])
def test_a_connection_that_breaks_keeps_what_had_arrived(*, compress: bool) -> None:
    """When the connection breaks in the middle of an object, the records before are given, then the fault."""
    text = json.dumps({"Records": [{"eventID": "a"}, {"eventID": "b"}]}, separators=(",", ":")).encode()[:-8]
    compressor = zlib.compressobj(wbits=31)
    compressed = compressor.compress(text) + compressor.flush(zlib.Z_SYNC_FLUSH)
    stream = _Breaking(compressed if compress else text, ConnectionResetError("reset"))
    windows = read_stream(stream, Prefilter(RuleSet([], [])))
    assert [decode_record(raw) for raw in next(windows).records()] == [{"eventID": "a"}]
    with pytest.raises(LogFileError, match="the connection to S3 was lost"):
        next(windows)


def test_a_record_beyond_decoding_is_a_record_error() -> None:
    """A record that is not JSON, or nested too deeply, is reported as such."""
    for raw in (b"nonsense", b'{"a":' * 100_000):
        with pytest.raises(RecordError, match="not JSON, or nested too deeply"):
            decode_record(raw)
