"""What SNS rejects for its content is sent smaller, and is no reason to withhold another alert from the topic."""

import json
from dataclasses import replace
from typing import Any

import pytest

from cloudtrail_to_slack.destinations.sns.client import SnsTopics, sns_error
from cloudtrail_to_slack.destinations.sns.render import SnsMessage
from cloudtrail_to_slack.errors import (
    DeliveryError,
    DestinationMisconfiguredError,
    InvocationFailedError,
    PayloadRejectedError,
    TransientError,
    UnknownRejectionError,
)
from support.app_environment import ACCOUNT, KEY, TABLE, AppEnvironment, record, s3_event
from support.sns_rules import Publish, Topics, strict_topics

_OTHER = "444455556666"
_HOSTILE = [
    "\x00\x01\x1b[31m",
    "\ud800",
    "\udfff\ud800",
    "\ufffe\uffff",
    "\u202e\u2066",
    "\x7f\x85",
    "\u2028",
    "\t\r\n",
]
_CONTENT = [
    ("InvalidParameter", "Invalid parameter: Message too long"),
    ("InvalidParameter", "Invalid parameter: Subject"),
    ("InvalidParameterException", "Invalid parameter: Message Reason: Empty message"),
    ("InvalidParameterValue", "Message too long"),
    ("ParameterValueInvalid", "The message attribute 'event_name' has an invalid value"),
    ("ValidationError", "1 validation error detected"),
    ("ValidationException", "1 validation error detected"),
    ("InvalidParameter", "Invalid parameter: Message Reason: x Invalid parameter: TopicArn"),
    ("SomeErrorOfTomorrow", "No"),
]


@pytest.fixture
def topics(monkeypatch: pytest.MonkeyPatch) -> Topics:
    """SNS with its own rules."""
    return strict_topics(monkeypatch)


def _configure_topic(app_env: AppEnvironment, topic: str, **sns: Any) -> None:
    """Configure SNS alone, with a state table."""
    app_env.make_table()
    app_env.configure(environment={"DYNAMODB_TABLE_NAME": TABLE}, sns={"default_topic_arn": topic, **sns})


@pytest.mark.parametrize(("code", "message"), _CONTENT)
@pytest.mark.parametrize("taken", [1, 2, 3])
def test_rejected_content_is_sent_smaller(
    app_env: AppEnvironment, topics: Topics, waits: list[float], code: str, message: str, taken: int
) -> None:
    """However SNS words it, what it rejects goes down a ladder until it is taken; its neighbors go as they are."""
    topic = app_env.make_topic("alerts")
    _configure_topic(app_env, topic)
    app_env.put_log(*(record(eventID=f"e-{number}") for number in range(3)))

    def refuse(call: Publish) -> tuple[str, str] | None:
        tries = [seen for seen in topics.calls if "e-0" in seen.body]
        return (code, message) if "e-0" in call.body and len(tries) <= taken else None

    topics.refuse = refuse
    app_env.invoke(s3_event(KEY))
    bodies = app_env.bodies(topic)
    assert sorted(body["event_id"] for body in bodies) == ["e-0", "e-1", "e-2"]
    (downsized,) = [body for body in bodies if body["event_id"] == "e-0"]
    (whole,) = [body for body in bodies if body["event_id"] == "e-1"]
    assert set(downsized) == set(whole)
    assert downsized["request_parameters"] == "left out: SNS rejected the whole message; see source_file"
    assert (downsized["account_id"], downsized["severity"], downsized["rules"]) == (
        ACCOUNT,
        "medium",
        ["default/access-denied"],
    )
    assert waits == []
    assert app_env.invoke(s3_event(KEY))["matched"] == 3
    assert app_env.bodies(topic) == [], "each is known as delivered"


def test_a_bare_message_can_still_be_filtered(app_env: AppEnvironment, topics: Topics) -> None:
    """Account and severity are attributes even where all others are rejected, until these are rejected too."""
    topic = app_env.make_topic("alerts")
    app_env.configure(sns={"default_topic_arn": topic})
    for most in (2, 0):
        topics.refuse = lambda call, most=most: (
            ("InvalidParameter", "Invalid parameter: x") if len(call.attributes) > most else None
        )  # type: ignore[misc]  # mypy and default arguments
        app_env.put_log(record(eventName="Delete\u202e" + "é" * 300))
        app_env.invoke(s3_event(KEY))
    with_two, with_none = topics.calls[2], topics.calls[-1]
    assert {name: value for name, (_, value) in with_two.attributes.items()} == {
        "account": ACCOUNT,
        "severity": "medium",
    }
    assert with_two.subject == "CloudTrail alert, severity medium"
    assert (with_none.subject, with_none.attributes) == (None, {})
    assert with_none.body.isascii()
    assert topics.calls[1].body.isascii()


def test_a_payload_rejected_to_the_last_goes_to_the_default_topic_alone(
    app_env: AppEnvironment, topics: Topics
) -> None:
    """What a topic takes in no size goes to the default topic; the topic's other alerts still reach it."""
    default, routed = app_env.make_topic("rest"), app_env.make_topic("production")
    _configure_topic(app_env, default, routes=[{"accounts": [ACCOUNT], "sns_topic_arn": routed}])
    topics.refuse = lambda call: (
        ("InvalidParameter", "Invalid parameter: Message") if call.topic == routed and "e-1" in call.body else None
    )
    app_env.put_log(*(record(eventID=f"e-{number}", eventTime=f"2026-03-14T09:3{number}:00Z") for number in range(3)))
    app_env.invoke(s3_event(KEY))
    assert [body["event_id"] for body in app_env.bodies(routed)] == ["e-0", "e-2"]
    (there,) = app_env.bodies(default)
    assert there["event_id"] == "e-1"
    assert "InvalidParameter" in there["route_problem"]


def test_without_another_topic_only_the_rejected_payload_fails(app_env: AppEnvironment, topics: Topics) -> None:
    """A payload that no size helps fails the invocation by name, at each retry, while all others are delivered once."""
    topic = app_env.make_topic("alerts")
    _configure_topic(app_env, topic)
    topics.refuse = lambda call: ("InvalidParameter", "Invalid parameter: Message") if "e-0" in call.body else None
    app_env.put_log(*(record(eventID=f"e-{number}") for number in range(5)))
    for _ in range(2):
        with pytest.raises(InvocationFailedError, match=r"^1 failed:\n  the alert of event e-0 .*InvalidParameter"):
            app_env.invoke(s3_event(KEY))
    assert sorted(body["event_id"] for body in app_env.bodies(topic)) == ["e-1", "e-2", "e-3", "e-4"]


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("InvalidParameter", "Invalid parameter: TopicArn"),
        ("InvalidParameter", "Invalid parameter: TopicArn Reason: An ARN must have at least 6 elements, not 1"),
        ("InvalidParameterException", "Invalid parameter: TargetArn Reason: No endpoint found"),
        ("NotFound", "Topic does not exist"),
        ("AuthorizationError", "not authorized to perform: SNS:Publish"),
        ("KMSAccessDenied", "no"),
        ("KMSAccessDeniedException", "no"),
        ("KMSDisabled", "no"),
        ("KMSNotFound", "no"),
        ("KMSInvalidState", "no"),
        ("KMSOptInRequired", "no"),
        ("InvalidSecurity", "no"),
        ("EndpointDisabled", "no"),
    ],
)
def test_what_is_about_the_topic_is_asked_once(
    app_env: AppEnvironment, topics: Topics, code: str, message: str
) -> None:
    """A topic that takes nothing at all is tried with one alert, and the others go to the default topic at once."""
    default, routed = app_env.make_topic("rest"), app_env.make_topic("production")
    app_env.configure(sns={"default_topic_arn": default, "routes": [{"accounts": [ACCOUNT], "sns_topic_arn": routed}]})
    topics.refuse = lambda call: (code, message) if call.topic == routed else None
    app_env.put_log(record(), record(), record())
    app_env.invoke(s3_event(KEY))
    assert [call.topic for call in topics.calls].count(routed) == 1
    assert len(app_env.bodies(default)) == 3


@pytest.mark.parametrize("code", ["KMSThrottling", "Throttled", "ThrottlingException", "ThrottledException"])
def test_throttling_is_waited_for(app_env: AppEnvironment, topics: Topics, waits: list[float], code: str) -> None:
    """A throttled topic gets the same message again, whole."""
    topic = app_env.make_topic("alerts")
    app_env.configure(sns={"default_topic_arn": topic})
    topics.refuse = lambda _call: (code, "Rate exceeded") if len(topics.calls) <= 2 else None
    app_env.put_log(record())
    app_env.invoke(s3_event(KEY))
    (body,) = app_env.bodies(topic)
    assert body["request_parameters"] == {"bucketName": "payroll"}
    assert waits


@pytest.mark.parametrize("text", _HOSTILE)
def test_no_text_of_an_event_is_rejected(app_env: AppEnvironment, topics: Topics, text: str) -> None:
    """Whatever an attacker writes into names, codes, parameters and rule matches is taken by SNS at the first try."""
    topic = app_env.make_topic("alerts")
    rules = [{"id": "all", "title": "x", "expression": "True"}]
    app_env.configure(sns={"default_topic_arn": topic}, rules=rules)
    fields = ("eventName", "eventSource", "awsRegion", "errorCode", "errorMessage", "userAgent", "eventID", "eventTime")
    identity = {"type": "IAMUser", "userName": text, "arn": f"arn:aws:iam::{ACCOUNT}:user/{text}", "accountId": text}
    more = {"userIdentity": identity, "requestParameters": {text: [text]}, "responseElements": {"a": text}}
    app_env.put_log(record(**dict.fromkeys(fields, f"{text}x{text}"), **more))
    app_env.invoke(s3_event(KEY))
    assert len(topics.calls) == 1


@pytest.mark.parametrize("character", ["x", "字", "\U0001f600", '"', "\\", "\x00"])
def test_attributes_are_counted_in_bytes(app_env: AppEnvironment, topics: Topics, character: str) -> None:
    """Attributes as large as events and rules can make them leave a body that fits, and is not cut without need."""
    topic = app_env.make_topic("alerts")
    rules = [{"id": f"{number:02}{'r' * 98}", "title": "t", "expression": "True"} for number in range(12)]
    app_env.configure(sns={"default_topic_arn": topic}, rules=rules)
    names = dict.fromkeys(("eventName", "eventSource", "awsRegion", "errorCode"), character * 2000)
    for length in (150_000, 240_000, 250_000, 258_000, 262_144, 400_000):
        app_env.put_log(record(requestParameters={"a": "p" * length}, eventID=f"e-{length}", **names))
        app_env.invoke(s3_event(KEY))
    sizes = {json.loads(call.body)["event_id"]: call for call in topics.calls}
    assert len(topics.calls) == len(sizes) == 6
    assert all(call.bytes <= 262_144 for call in topics.calls)
    assert json.loads(sizes["e-150000"].body)["request_parameters"] == {"a": "p" * 150_000}


def test_fifo_ids_are_what_fifo_topics_take(app_env: AppEnvironment, topics: Topics) -> None:
    """Group and deduplication id of alerts and notices, in all sizes, are of FIFO topics' characters and length."""
    fifo = {"FifoTopic": "true", "ContentBasedDeduplication": "false"}
    topic = app_env.aws("sns").create_topic(Name="alerts.fifo", Attributes=fifo)["TopicArn"]
    app_env.configure(sns={"default_topic_arn": topic})
    topics.refuse = lambda call: ("InvalidParameter", "Invalid parameter: Message") if call.subject else None
    app_env.put_log(record(recipientAccountId="é", userIdentity=None, eventID="\u202e"))
    app_env.put(b"not gzip", key=KEY.replace("0123", "aaaa"))
    with pytest.raises(InvocationFailedError, match=r"^1 failed"):
        app_env.invoke(s3_event(KEY, KEY.replace("0123", "aaaa")))
    alerts = [call for call in topics.calls if "could not be read" not in call.body and "gzip" not in call.body]
    assert len(alerts) == 4
    assert len({(call.group, call.deduplication) for call in alerts}) == 1, "in every size it is the same message"
    assert len(topics.calls) == 6
    assert all(call.group and call.deduplication for call in topics.calls)


def test_other_accounts_are_not_held_up(app_env: AppEnvironment, topics: Topics) -> None:
    """A rejected payload of one account leaves the topic of another as it was."""
    first, second = app_env.make_topic("first"), app_env.make_topic("second")
    routes = [{"accounts": [ACCOUNT], "sns_topic_arn": first}, {"accounts": [_OTHER], "sns_topic_arn": second}]
    app_env.configure(sns={"routes": routes})
    topics.refuse = lambda call: ("InvalidParameter", "Invalid parameter: Message") if call.topic == first else None
    app_env.put_log(record(), record(recipientAccountId=_OTHER), record(recipientAccountId=_OTHER))
    with pytest.raises(InvocationFailedError, match=r"^1 failed"):
        app_env.invoke(s3_event(KEY))
    assert len(app_env.bodies(second)) == 2


def test_a_request_that_cannot_be_written_is_the_contents_fault(app_env: AppEnvironment, topics: Topics) -> None:
    """What the SDK cannot put into a request is sent smaller, and other alerts go to the topic as usual."""
    topic = app_env.make_topic("alerts")
    app_env.configure(sns={"default_topic_arn": topic})
    send = SnsTopics.send

    def refusing(self: SnsTopics, topic_arn: str, message: SnsMessage, **options: Any) -> None:
        if "e-0" in message.body and message.attributes:
            message = replace(message, subject="\ud800" if len(message.attributes) > 2 else message.subject)
        send(self, topic_arn, message, **options)

    app_env.monkeypatch.setattr(SnsTopics, "send", refusing)
    app_env.put_log(record(eventID="e-0"), record(eventID="e-1"))
    app_env.invoke(s3_event(KEY))
    assert sorted(body["event_id"] for body in app_env.bodies(topic)) == ["e-0", "e-1"]
    assert len(topics.calls) == 2, "what cannot be written is not sent"


def test_a_message_that_cannot_be_made_leaves_the_next(app_env: AppEnvironment, topics: Topics) -> None:
    """A fault of ours in the whole body leaves the plain one."""
    topic = app_env.make_topic("alerts")
    app_env.configure(sns={"default_topic_arn": topic})
    app_env.monkeypatch.setattr("cloudtrail_to_slack.destinations.sns.render.alert_body", lambda *_: 1 / 0)
    app_env.put_log(record())
    app_env.invoke(s3_event(KEY))
    (call,) = topics.calls
    assert "left out" in call.body


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("Unheard", 400, UnknownRejectionError),
        ("Unheard", 403, TransientError),
        ("Unheard", 429, TransientError),
        ("Unheard", 503, TransientError),
        ("Unheard", 413, PayloadRejectedError),
        ("unknown", 0, TransientError),
        ("InvalidParameter", 400, PayloadRejectedError),
        ("KMSThrottlingException", 400, TransientError),
        ("NotFoundException", 404, DestinationMisconfiguredError),
    ],
)
def test_what_an_error_means(code: str, status: int, kind: type[DeliveryError]) -> None:
    """An unknown error is classified by its status."""
    error = sns_error({"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}})
    assert type(error) is kind


def test_a_notice_that_is_rejected_keeps_its_ids(app_env: AppEnvironment, topics: Topics) -> None:
    """A notice about a rule that raises still has the rule, its severity and every event's id in its bare form."""
    topic = app_env.make_topic("alerts")
    rule = {"id": "svc", "expression": "event['requestParameters.none'] == 'é'", "severity": "high"}
    app_env.configure(sns={"default_topic_arn": topic}, use_default_rules=False, rules=[rule])
    topics.refuse = lambda call: ("InvalidParameter", "Invalid parameter: Message") if call.attributes else None
    app_env.put_log(*(record(eventID=f"e-{number}-") for number in range(100)))
    app_env.invoke(s3_event(KEY))
    (body,) = app_env.bodies(topic)
    assert all(f"e-{number}-" in body["error_message"] for number in range(100))
    assert (body["severity"], body["rules"]) == ("high", ["svc"])
    assert topics.calls[-1].body.isascii()
