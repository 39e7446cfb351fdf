"""Logs and metrics: what they say, and what they never say."""

import json
from typing import Any

import pytest

from cloudtrail_to_slack.errors import InvocationFailedError
from cloudtrail_to_slack_dev.fake_slack import Dropped, HttpStatus, SlackError
from support.app_environment import CHANNEL, KEY, AppEnvironment, Context, record, s3_event


def _lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def _metrics(lines: list[dict[str, Any]], namespace: str) -> list[dict[str, Any]]:
    return [
        line for line in lines if line.get("_aws", {}).get("CloudWatchMetrics", [{}])[0].get("Namespace") == namespace
    ]


def test_one_line_closes_the_invocation_with_its_counts(
    app_env: AppEnvironment, capsys: pytest.CaptureFixture[str]
) -> None:
    """The closing JSON line has what came in and what became of it, per destination, and the sum holds."""
    topic = app_env.make_topic("alerts")
    app_env.configure_bot(
        table=False,
        sns={"default_topic_arn": topic},
        ignore_rules=['event.get("eventName") == "ListBuckets"'],
    )
    app_env.put_log(
        record(), record(), record(eventName="ListBuckets"), *(record(errorCode=None) for _ in range(3)), None
    )
    with pytest.raises(InvocationFailedError):
        app_env.invoke(s3_event(KEY, "AWSLogs/111122223333/CloudTrail-Digest/x.json.gz", "missing.json"))
    (line,) = [line for line in _lines(capsys) if line.get("message") == "invocation finished"]
    assert line["level"] == "INFO"
    assert line["request_id"] == "request-1"
    assert {name: line[name] for name in ("records_in", "matched", "ignored", "unmatched", "failed")} == {
        "records_in": 7,
        "matched": 2,
        "ignored": 1,
        "unmatched": 3,
        "failed": 1,
    }
    assert (line["objects_read"], line["objects_skipped"], line["objects_failed"]) == (1, 1, 1)
    assert line["delivered"] == {"slack_app": 4, "sns": 2}
    assert line["undelivered"] == {}
    assert line["failures"] == 2


def test_counts_are_metrics_too(app_env: AppEnvironment, capsys: pytest.CaptureFixture[str]) -> None:
    """The counts are embedded metrics of CloudTrailToSlack by function, deliveries by destination as well."""
    app_env.configure_bot(table=False)
    app_env.slack.fail(SlackError("unheard_of"), times=4)
    app_env.put_log(record(), record(), record(errorCode=None))
    with pytest.raises(InvocationFailedError):
        app_env.invoke(s3_event(KEY))
    counts, destination, lag = _metrics(_lines(capsys), "CloudTrailToSlack")
    assert lag["DeliveryLatency"][0] > 0
    assert counts["FunctionName"] == "cloudtrail-to-slack"
    names = ("RecordsIn", "RecordsMatched", "RecordsIgnored", "RecordsUnmatched", "RecordsFailed")
    assert [counts.get(name) for name in names] == [[3.0], [2.0], None, [1.0], None]
    assert counts["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["FunctionName"]]
    assert destination["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["FunctionName", "Destination"]]
    assert (destination["Destination"], destination["Delivered"], destination["Undelivered"]) == (
        "slack_app",
        [1.0],
        [1.0],
    )


def test_zeros_are_left_out_but_for_what_is_watched(
    app_env: AppEnvironment, capsys: pytest.CaptureFixture[str]
) -> None:
    """A quiet log file costs four metrics by function and none by destination; what is left out is in the log line."""
    app_env.configure_bot(table=False)
    app_env.put_log(record(errorCode=None))
    app_env.invoke(s3_event(KEY))
    lines = _lines(capsys)
    (counts,) = _metrics(lines, "CloudTrailToSlack")
    named = {each["Name"]: counts[each["Name"]] for each in counts["_aws"]["CloudWatchMetrics"][0]["Metrics"]}
    always = {"RecordsIn": [1.0], "RecordsMatched": [0.0], "ObjectsRead": [1.0], "AlertsUndelivered": [0.0]}
    assert named == {**always, "RecordsUnmatched": [1.0]}
    assert any(line.get("objects_failed") == 0 for line in lines)


def test_ignored_events_are_counted_by_ignore_rule(app_env: AppEnvironment, capsys: pytest.CaptureFixture[str]) -> None:
    """Each ignore rule with an id that ignored something has a metric; the closing line has those without one too."""
    expressions = {name: f'event.get("eventName") == "{name}"' for name in ("ListBuckets", "GetKey", "PutKey")}
    app_env.configure_bot(
        table=False,
        ignore_rules=[
            {"id": "scanner \u00fc", "expression": expressions["ListBuckets"]},
            expressions["GetKey"],
            {"id": "quiet", "expression": expressions["PutKey"]},
            {"id": "second", "expression": expressions["ListBuckets"]},
        ],
    )
    app_env.put_log(*(record(eventName=name) for name in ("ListBuckets", "ListBuckets", "GetKey", "DeleteKey")))
    app_env.invoke(s3_event(KEY))
    lines = _lines(capsys)
    (closing,) = [line for line in lines if line.get("message") == "invocation finished"]
    assert closing["ignored_by"] == {"scanner \u00fc": 2, expressions["GetKey"]: 1}
    (metric,) = [line for line in lines if "RecordsIgnoredByRule" in line]
    assert (metric["FunctionName"], metric["IgnoreRule"]) == ("cloudtrail-to-slack", "scanner ?")
    assert metric["RecordsIgnoredByRule"] == [2.0]
    assert metric["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["FunctionName", "IgnoreRule"]]


def test_access_denied_metrics(app_env: AppEnvironment, capsys: pytest.CaptureFixture[str]) -> None:
    """Every event whose errorCode starts with AccessDenied is counted, and those an ignore rule matched, apart."""
    app_env.configure_bot(table=False, ignore_rules=['event.get("eventName") == "ListBuckets"'])
    app_env.put_log(
        record(),
        record(errorCode="AccessDeniedException"),
        record(eventName="ListBuckets"),
        record(eventName="ListBuckets", errorCode=None),
        record(errorCode="Client.UnauthorizedOperation"),
    )
    app_env.invoke(s3_event(KEY))
    metrics = _metrics(_lines(capsys), "CloudTrailToSlack/AccessDeniedEvents")
    assert [
        (metric["AccessDenied"], metric.get("TotalAccessDeniedEvents"), metric.get("TotalIgnoredAccessDeniedEvents"))
        for metric in metrics
    ] == [("AccessDeniedTotal", [3.0], None), ("IgnoredAccessDeniedTotal", None, [1.0])]
    assert all(metric["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["AccessDenied"]] for metric in metrics)


@pytest.mark.parametrize("switch", [False, "false"])
def test_access_denied_metrics_can_be_switched_off(
    app_env: AppEnvironment, capsys: pytest.CaptureFixture[str], switch: Any
) -> None:
    """Switched off, by false or the text "false", none are emitted."""
    app_env.configure_bot(table=False, push_access_denied_cloudwatch_metrics=switch)
    app_env.put_log(record())
    app_env.invoke(s3_event(KEY))
    assert _metrics(_lines(capsys), "CloudTrailToSlack/AccessDeniedEvents") == []


@pytest.mark.parametrize("level", ["INFO", "DEBUG"])
@pytest.mark.parametrize("kind", ["bot", "webhook"])
def test_no_secret_is_ever_logged(
    app_env: AppEnvironment, capfd: pytest.CaptureFixture[str], level: str, kind: str
) -> None:
    """Whatever fails and at whatever level, neither the token nor the webhook's address is in logs or errors."""
    webhook = app_env.slack.add_webhook(CHANNEL)
    secret_path = webhook.split("/services/")[1]
    if kind == "bot":
        app_env.configure_bot()
    else:
        app_env.configure(environment={"SLACK_WEBHOOK_URL": webhook})
    app_env.monkeypatch.setenv("LOG_LEVEL", level)
    app_env.monkeypatch.setattr("time.sleep", lambda _: None)
    app_env.put_log(record())
    for fault in (Dropped(), HttpStatus(500), HttpStatus(418), SlackError("invalid_auth")):
        app_env.slack.fail(fault, times=4)
        with pytest.raises(InvocationFailedError) as caught:
            app_env.invoke(s3_event(KEY))
        app_env.slack.clear()
        assert secret_path not in str(caught.value)
    app_env.invoke(s3_event(KEY))
    output = "".join(capfd.readouterr())
    assert "undelivered" in output
    assert app_env.slack.bot_token not in output
    assert secret_path not in output


def test_nothing_of_an_event_is_logged_above_debug(app_env: AppEnvironment, capfd: pytest.CaptureFixture[str]) -> None:
    """At INFO the log holds counts and ids; no name, address, parameter or error text of any event."""
    app_env.configure_bot(rules=['int(event["requestParameters.bucketName"]) == 1', 'event.get("userAgent")'])
    marked = record(
        userAgent="MARK-agent",
        errorMessage="MARK-error",
        requestParameters={"bucketName": "MARK-bucket"},
        sourceIPAddress="MARK-address",
        eventName="MARK-name",
        additionalEventData={"x": "MARK-data"},
    )
    app_env.put_log(marked, {**marked, "userIdentity": "MARK-identity"}, "MARK-record")
    with pytest.raises(InvocationFailedError) as caught:
        app_env.invoke(s3_event(KEY))
    assert "MARK" not in str(caught.value)
    assert "MARK" not in "".join(capfd.readouterr())


def test_a_missing_table_is_said_at_start(app_env: AppEnvironment, capsys: pytest.CaptureFixture[str]) -> None:
    """A function without a state table says once what it cannot do."""
    app_env.configure_bot(table=False)
    app_env.invoke({"Event": "s3:TestEvent"})
    app_env.invoke({"Event": "s3:TestEvent"})
    warnings = [line["message"] for line in _lines(capsys) if line.get("level") == "WARNING"]
    assert warnings == ["no state table: alerts are delivered at least once, and threads end with the invocation"]


def test_what_is_probably_wrong_with_a_rule_is_said_once(
    app_env: AppEnvironment, capsys: pytest.CaptureFixture[str]
) -> None:
    """A rule about a field or an event that is unknown is warned of, in the first invocation alone."""
    app_env.configure_bot(
        table=False,
        rules=[
            'event.get("eventName") == "PassRole"',
            'event.get("eventname") == "x"',
            'event.get("eventName") == "Invoke"',
        ],
        events_to_track=["ConsoleLogn"],
        ignore_rules=['event.get("userIdentity.arn", "").endswith("/scanner")'],
    )
    app_env.invoke({"Event": "s3:TestEvent"})
    app_env.invoke({"Event": "s3:TestEvent"})
    warnings = [line["warning"] for line in _lines(capsys) if line.get("message") == "rule warning"]
    assert ["PassRole" in warnings[0], "did you mean" in warnings[1], "ConsoleLogin" in warnings[2]] == [True] * 3
    assert 'looks at the end of "userIdentity.arn"' in warnings[3]
    assert len(warnings) == 4


def test_no_time_is_spent_on_advice_that_is_not_there(
    app_env: AppEnvironment, capsys: pytest.CaptureFixture[str]
) -> None:
    """An invocation that is about to end gives no advice."""
    app_env.configure_bot(table=False, rules=['event.get("eventName") == "PassRole"'])
    app_env.invoke({"Event": "s3:TestEvent"}, Context(milliseconds=500))
    assert not [line for line in _lines(capsys) if line.get("message") == "rule warning"]
