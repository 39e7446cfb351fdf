"""An alert as the JSON body and subject of an SNS message."""

import json
from dataclasses import replace
from typing import Any, NoReturn

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudtrail_to_slack.alerts.alert import make_alert
from cloudtrail_to_slack.alerts.notice import Notice, Section
from cloudtrail_to_slack.alerts.text import Value
from cloudtrail_to_slack.destinations.sns.render import MAX_BODY_BYTES, alert_body, alert_to_sns, notice_to_sns, subject
from cloudtrail_to_slack.events.event import read_event
from cloudtrail_to_slack.ingest.payloads import LogFile
from cloudtrail_to_slack.rules import Rule
from support.samples import ACCOUNT, EVENT_ID, LOG_FILE, ROLE_ARN, RULE, alert
from support.strategies import hostile_text, object_keys, records, rules

MOST_BYTES = 262_144  # Amazon SNS API Reference, Publish
EARLIER_KEYS = {
    "title", "error_message", "request_parameters", "response_elements", "additional_details", "account_id",
    "event_time", "event_id", "actor", "source_file",
}  # fmt: skip
ADDED_KEYS = {"rules", "event_name", "event_source", "region", "severity", "error_code", "outcome"}


def strict(text: str) -> Any:
    """Parse what every JSON parser takes: NaN and Infinity are Python's own."""

    def refuse(constant: str) -> NoReturn:
        raise AssertionError(f"{constant} is no JSON")

    assert len(text.encode()) <= MOST_BYTES
    return json.loads(text, parse_constant=refuse)


def body(*matched: Rule, **changes: Any) -> dict[str, Any]:
    """The body of an ordinary alert with `changes`, checked."""
    found: dict[str, Any] = strict(alert_body(alert(*matched, **changes)))
    return found


def test_body() -> None:
    """The body shows what the earlier module's did, and which rules matched, how severe, and which event where."""
    found = body(RULE, Rule("event['x']"), errorCode="AccessDenied", errorMessage="no", responseElements={"a": None})
    assert found.pop("title").endswith("session-1 called DeleteBucket, which failed with AccessDenied")
    assert found == {
        "error_message": "no",
        "request_parameters": {"bucketName": "example-bucket"},
        "response_elements": {"a": None},
        "additional_details": None,
        "account_id": ACCOUNT,
        "event_time": "2026-03-14T09:24:17Z",
        "event_id": EVENT_ID,
        "actor": ROLE_ARN,
        "source_file": LOG_FILE.url,
        "rules": ["always", "event['x']"],
        "event_name": "DeleteBucket",
        "event_source": "s3.amazonaws.com",
        "region": "eu-west-1",
        "severity": "high",
        "error_code": "AccessDenied",
        "outcome": "denied",
    }


def test_techniques() -> None:
    """The techniques of all rules are in the body, each once, and no key is there without any."""
    rules = (Rule("True", mitre=("T1562.008", "T1078")), Rule("1", mitre=("T1078",)), Rule("2"))
    assert body(*rules)["mitre"] == ["T1562.008", "T1078"]


def test_keys_are_always_there() -> None:
    """Subscribers find every key in every body; what is unknown is null."""
    found = strict(alert_body(make_alert(read_event({}), (RULE,), None)))
    assert set(found) == EARLIER_KEYS | ADDED_KEYS
    assert [found[key] for key in ("error_message", "account_id", "event_time", "event_id", "source_file")] == [
        None
    ] * 5
    assert found["actor"] == "unknown"


def test_an_account_with_a_name() -> None:
    """What the account is called is in the body, and begins the subject, with room left for what happened."""
    called = replace(alert(), account_name="payments-prod")
    message = alert_to_sns(called, "key")
    assert strict(message.body)["account_name"] == "payments-prod"
    assert message.subject.startswith(f"payments-prod: {called.title}"[:90])
    assert "account_name" not in body()
    long = alert_to_sns(replace(alert(), account_name="é" * 200), "key")
    assert long.subject.startswith(f"Alert: {'?' * 40}: {called.title[:20]}")


def test_insight() -> None:
    """An Insight's body has its details."""
    details = {"state": "Start", "eventName": "DeleteVpc"}
    assert body(insightDetails=details)["insight_details"] == details


def test_actor_without_arn() -> None:
    """An actor without an ARN is named."""
    assert body(userIdentity={"type": "IAMUser", "userName": "jo"})["actor"] == "jo"


@pytest.mark.parametrize("text", ["x", "字", "\U0001f600", '"', "\x00"])
def test_too_large_a_part(text: str) -> None:
    """What is too large is replaced by a note of its size, and everything else stays."""
    found = body(requestParameters={"a": text * 300_000}, responseElements={"b": 1})
    assert found["request_parameters"].startswith("cut: ")
    assert found["request_parameters"].endswith(" bytes; see source_file")
    assert found["response_elements"] == {"b": 1}


def test_no_more_is_cut_than_must_be() -> None:
    """Of several large parts only the largest is cut when that is enough."""
    found = body(requestParameters={"a": "x" * 150_000}, responseElements={"b": "x" * 140_000}, errorMessage="no")
    assert str(found["request_parameters"]).startswith("cut: 150,")
    assert found["response_elements"] == {"b": "x" * 140_000}


def test_everything_too_large() -> None:
    """When every part is too large, the body still shows the event and fits."""
    text = "字" * 100_000
    fields = ("eventName", "eventSource", "awsRegion", "eventTime", "errorCode", "errorMessage", "requestParameters")
    found = body(*[Rule(text)] * 3, **dict.fromkeys(fields, text))
    assert (found["event_id"], found["account_id"], found["severity"]) == (EVENT_ID, ACCOUNT, "medium")


def test_nested_too_deeply() -> None:
    """Parameters nested too deeply to dump, which newer Pythons do deeper, are replaced by a note."""
    deep: Any = []
    for _ in range(2500):
        deep = [deep]
    shown = body(requestParameters={"a": deep})["request_parameters"]
    assert shown == "cut: it is not JSON, or is nested too deeply; see source_file" or isinstance(shown["a"], list)


@pytest.mark.parametrize("number", [float("inf"), float("-inf"), float("nan")])
def test_numbers_that_json_has_not(number: float) -> None:
    """A number beyond a double (1e999 in a log file reads as infinity) leaves a body that every parser takes."""
    assert "response_elements" in body(requestParameters={"a": [number]})


def test_lone_surrogates() -> None:
    """Half a surrogate pair, which has no UTF-8 and which strict parsers refuse even as an escape, is replaced."""
    assert body(errorMessage="a\ud800b")["error_message"] in ("a?b", "a\ufffdb")


@pytest.mark.parametrize("character", ["\x7f", "\u202e", "\u2028", "\U000e0041", "\U000f0000", "\U0001f600"])
def test_hidden_characters(character: str) -> None:
    """Characters that show nothing or turn text around come back from the body as they were, and do not overfill it."""
    assert body(errorMessage=character)["error_message"] == character
    for times in (20_000, 40_000, 80_000):
        assert body(errorMessage=character * times, requestParameters={"a": character * times})["event_id"] == EVENT_ID


@settings(deadline=None, max_examples=100)
@given(record=records(), matched=rules(), key=object_keys())
def test_any_alert(record: dict[str, Any], matched: tuple[Rule, ...], key: str) -> None:
    """Any alert's body is JSON that fits and gives back what stands in the record."""
    found = strict(alert_body(make_alert(read_event(record), matched, LogFile("trail-bucket", key))))
    assert found["request_parameters"] == record.get("requestParameters")
    assert found["response_elements"] == record.get("responseElements")
    assert found["additional_details"] == record.get("additionalEventData")
    assert found["source_file"] == f"s3://trail-bucket/{key}"
    assert found["rules"] == [rule.name for rule in matched]


@settings(deadline=None, max_examples=40)
@given(text=st.text(min_size=1, max_size=3), times=st.sampled_from((1, 10_000, 43_690, 65_536, 87_381, 262_144)))
def test_any_size(text: str, times: int) -> None:
    """A body fits whatever the size of its parts."""
    assert set(body(requestParameters=text * times, errorMessage=text * times)) >= EARLIER_KEYS
    assert len(alert_body(alert(requestParameters=text * times)).encode()) <= MAX_BODY_BYTES


def test_notice_body() -> None:
    """A notice's body uses the same keys."""
    notice = Notice("t", (Section((("x",),)),), account=ACCOUNT, source_file="s3://a/b")
    assert strict(notice_to_sns(notice).body) == {
        "title": "t",
        "error_message": "x",
        "account_id": ACCOUNT,
        "source_file": "s3://a/b",
    }


@settings(deadline=None, max_examples=50)
@given(title=hostile_text(), text=hostile_text(300_000))
def test_any_notice_body(title: str, text: str) -> None:
    """A notice's body fits, whatever it shows."""
    notice = Notice(title, (Section(((Value(text),),)),))
    assert set(strict(notice_to_sns(notice).body)) <= EARLIER_KEYS


@pytest.mark.parametrize(
    ("title", "line"),
    [
        ("web/jo called StopLogging", "web/jo called StopLogging"),
        ("jö called X", "j? called X"),
        (" x ", "x"),
        ("<!channel> called X", "Alert: <!channel> called X"),
        ("", "Alert:"),
        ("a\nb\u202ec", "a\\u000ab\\u202ec"),
        ("x" * 200, "x" * 99),
        ("x" * 98 + " yz", "x" * 98),
    ],
)
def test_subject(title: str, line: str) -> None:
    """A subject is the title in printable ASCII, beginning with a letter or digit, shorter than 100."""
    assert subject(title) == line


@settings(deadline=None, max_examples=150)
@given(title=hostile_text())
def test_any_subject(title: str) -> None:
    """Any title makes a subject that SNS takes."""
    line = subject(title)
    assert 0 < len(line) < 100
    assert line.isascii()
    assert line.isprintable()
    assert line[0].isalnum()
