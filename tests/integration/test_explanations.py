"""Why did my event not alert? What the log says at DEBUG, and of errors that nothing foresaw at any level."""

import json
from typing import Any

import pytest

from cloudtrail_to_slack.errors import InvocationFailedError
from cloudtrail_to_slack.ingest.object_keys import read_key
from support.app_environment import ACCOUNT, BUCKET, KEY, AppEnvironment, failed_messages, record, s3_event, sqs_event


def _lines(capsys: pytest.CaptureFixture[str], message: str) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return [line for line in lines if line.get("message") == message]


def _configure(app_env: AppEnvironment, level: str) -> None:
    app_env.configure_bot(
        table=False,
        rules=[{"id": "ours", "expression": 'event["eventName"] == "PutThing" and event["size"] > 1'}],
        ignore_rules=[
            {"id": "known", "expression": 'event.get("eventName") == "ListBuckets"', "reason": "The scanner."}
        ],
    )
    app_env.monkeypatch.setenv("LOG_LEVEL", level)


def test_every_record_is_explained(app_env: AppEnvironment, capsys: pytest.CaptureFixture[str]) -> None:
    """At DEBUG there is a line for each record: its ids, the rules that match or raise, and what ignores it."""
    _configure(app_env, "DEBUG")
    names = ["DeleteBucket", "ListBuckets", "GetObject", "PutThing"]
    log = [record(eventID=f"e-{name}", eventName=name) for name in names]
    log[2]["errorCode"] = log[3]["errorCode"] = None
    app_env.put_log(*log, "no event")
    with pytest.raises(InvocationFailedError):
        app_env.invoke(s3_event(KEY))
    lines = _lines(capsys, "record evaluated")
    assert {line["level"] for line in lines} == {"DEBUG"}
    assert {line["object"] for line in lines} == {f"s3://{BUCKET}/{KEY}"}
    delivered = [(line.get("event_id"), line["outcome"], line.get("ignored_by")) for line in lines]
    assert delivered == [
        ("e-DeleteBucket", "matched", None),
        ("e-ListBuckets", "ignored", "known"),
        ("e-GetObject", "unmatched", None),
        ("e-PutThing", "unmatched", None),
        (None, "failed", None),
    ]
    assert [line.get("event_name") for line in lines[:4]] == names
    assert (lines[0]["matching_rules"], lines[0]["account"]) == (["default/access-denied"], ACCOUNT)
    assert lines[1]["matching_rules"] == ["default/access-denied"]
    assert [line.get("ignore_reason") for line in lines] == [None, "The scanner.", None, None, None]
    assert lines[3]["rules_that_raised"] == ["ours"]
    assert lines[4]["reason"]


def test_records_that_no_rule_can_match_are_explained_too(
    app_env: AppEnvironment, capsys: pytest.CaptureFixture[str]
) -> None:
    """Records that are not even evaluated, because no rule can match them, have their lines, and still alert no one."""
    _configure(app_env, "DEBUG")
    app_env.put_log(*(record(eventID=f"e-{number}", eventName="GetObject", errorCode=None) for number in range(300)))
    counts = app_env.invoke(s3_event(KEY))
    lines = _lines(capsys, "record evaluated")
    assert [line["event_id"] for line in lines] == [f"e-{number}" for number in range(300)]
    assert {(line["outcome"], line["rules_evaluated"]) for line in lines} == {("unmatched", "none")}
    assert (counts["records_in"], counts["unmatched"]) == (300, 300)


def test_single_events_are_explained(app_env: AppEnvironment, capsys: pytest.CaptureFixture[str]) -> None:
    """An event that EventBridge brings by itself has its line."""
    _configure(app_env, "DEBUG")
    detail = record(eventID="e-1", eventName="GetObject", errorCode=None)
    app_env.invoke(
        {"source": "aws.s3", "detail-type": "AWS API Call via CloudTrail", "account": ACCOUNT, "detail": detail}
    )
    (line,) = _lines(capsys, "record evaluated")
    assert (line["event_id"], line["outcome"], line.get("object")) == ("e-1", "unmatched", None)


def test_nothing_of_it_above_debug(app_env: AppEnvironment, capsys: pytest.CaptureFixture[str]) -> None:
    """At INFO no record has a line."""
    _configure(app_env, "INFO")
    app_env.put_log(record(), record(errorCode=None))
    app_env.invoke(s3_event(KEY))
    assert _lines(capsys, "record evaluated") == []


_PLACES = {
    "evaluating a record": "evaluation.records.read_event",
    "making a message": "destinations.slack.render.alert.alert_message",
    "sending a message": "evaluation.records.make_alert",
}


def _break(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def verysecret_function(*_: Any, **__: Any) -> None:
        try:
            dict[str, int]()["verysecret"]  # its own cause is left out, as the code that raises wants it
        except KeyError:
            raise ValueError("verysecret") from None

    monkeypatch.setattr(f"cloudtrail_to_slack.{_PLACES[what]}", verysecret_function)


@pytest.mark.parametrize("what", _PLACES)
def test_errors_that_nothing_foresaw_are_logged_once_with_where_they_came_by(
    app_env: AppEnvironment, capsys: pytest.CaptureFixture[str], what: str
) -> None:
    """An exception of our own is an ERROR with its frames, once an invocation, and without its message."""
    app_env.configure_bot(table=False)
    _break(what, app_env.monkeypatch)
    app_env.put_log(*(record(eventName=f"Call{number}") for number in range(3)))
    for _ in range(2):
        app_env.invoke(sqs_event(s3_event(KEY)))
        output = capsys.readouterr().out
        lines = [json.loads(line) for line in output.splitlines() if '"unexpected error"' in line]
        assert [(line["level"], line["while"], line["error"]) for line in lines] == [("ERROR", what, "ValueError")]
        assert lines[0]["frames"][-1].startswith("integration/test_explanations.py:")
        assert lines[0]["frames"][-1].endswith("in verysecret_function")
        assert any(frame.startswith("cloudtrail_to_slack/") for frame in lines[0]["frames"])
        assert "'verysecret'" not in output


def test_a_file_on_which_this_function_fails_is_logged_and_handed_back(
    app_env: AppEnvironment, capsys: pytest.CaptureFixture[str]
) -> None:
    """What fails while a file is read names the file, and takes no other with it."""
    app_env.configure_bot(table=False)
    other = KEY.replace("0123456789abcdef", "other")
    app_env.put_log(record(eventName="Call1"))
    app_env.put_log(record(eventName="Call2"), key=other)

    def read(key: str) -> Any:
        if key == other:
            raise ZeroDivisionError
        return read_key(key)

    app_env.monkeypatch.setattr("cloudtrail_to_slack.evaluation.file_evaluation.read_key", read)
    assert failed_messages(app_env.invoke(sqs_event(s3_event(other), s3_event(KEY)))) == ["m0"]
    (line,) = _lines(capsys, "unexpected error")
    assert (line["while"], line["error"]) == ("processing a notification", "ZeroDivisionError")
    assert len(app_env.texts()) == 1
