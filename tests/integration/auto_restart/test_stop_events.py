"""What arrives is read strictly: a trail that was really stopped, by a name that CloudTrail could have, or nothing."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudtrail_to_slack.auto_restart.notices import restart_notice
from cloudtrail_to_slack.auto_restart.outcomes import Outcome, RestartAction, read_outcome
from cloudtrail_to_slack.auto_restart.stop_events import Refused, StopEvent, read_stop_event
from cloudtrail_to_slack.aws.arns import TrailArn, is_trail_name, partition_of, read_trail_arn
from cloudtrail_to_slack.destinations.slack.render.notice import notice_message
from support.restart_environment import ACCOUNT, RestartEnvironment, envelope
from support.slack_limits import assert_within_limits, texts_of
from support.slack_markup import assert_all_harmless, assert_escaped, assert_visible
from support.strategies import hostile_text, json_values, records


def stopped(event: object) -> StopEvent:
    """Read the event of a trail that was stopped."""
    found = read_stop_event(event)
    assert isinstance(found, StopEvent)
    return found


@pytest.mark.parametrize(
    "event",
    [
        None,
        [],
        "text",
        {},
        envelope(source="com.example.cloudtrail"),
        envelope(source="aws.cloudtrail.evil"),
        {**envelope(), "detail-type": "AWS Service Event via CloudTrail"},
        {**envelope(), "detail": None},
        {**envelope(), "detail": [1]},
        envelope(eventSource="evil.amazonaws.com"),
        envelope(eventName="StartLogging"),
        envelope(eventName=["StopLogging"]),
        envelope(errorCode="AccessDenied"),
        envelope(errorCode=""),
        envelope(errorMessage="no"),
    ],
)
def test_what_stopped_no_trail_is_refused(
    restart: RestartEnvironment, event: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """Anything but a StopLogging that succeeded, from AWS itself, is refused in the log, and nothing is done."""
    restart.trail()
    assert restart.handle(event) == "refused"
    assert not restart.logs()
    assert restart.aws_proxy.operations("UpdateItem") == 0
    assert restart.texts() == []
    output = capsys.readouterr().out
    assert "refused: not a successful StopLogging" in output
    assert '"EventsRefused":[1.0]' in output.replace(" ", "")


@pytest.mark.parametrize(
    "named",
    [
        None,
        17,
        "",
        "ab",
        "a" * 129,
        "-trail",
        "trail-",
        "my--trail",
        "my-_trail",
        "192.168.5.4",
        "the trail",
        "trail\n",
        "trail;reboot",
        "$(reboot)",
        "tráil",
        "<!channel>",
        "../trail",
        {"name": "the-trail"},
        "arn:aws:cloudtrail:eu-west-1:123456789012:trail/x;y",
        "arn:aws:cloudtrail:evil.example/:123456789012:trail/the-trail",
        "arn:aws:cloudtrail:eu-west-1:12345678901:trail/the-trail",
        "arn:aws:cloudtrail:eu-west-1:123456789012:eventdatastore/the-trail",
        "arn:aws:s3:::the-trail",
        "arn:aws:cloudtrail:eu-west-1:123456789012:trail/the-trail\n",
        "*",
    ],
)
def test_a_name_that_no_trail_can_have_is_reported_and_goes_nowhere(restart: RestartEnvironment, named: Any) -> None:
    """A name against CloudTrail's rules is shown as text, and no call of CloudTrail is made with it."""
    assert restart.handle(envelope(named)) == "unreadable_trail"
    assert restart.aws_proxy.operations("GetTrailStatus") + restart.started() == 0
    (text,) = restart.texts()
    assert "is not a trail name" in text
    assert_escaped(text)


@pytest.mark.parametrize("name", ["abc", "a" * 128, "My.trail_of-2026", "0", "000", "management-events", "1.2.3"])
def test_names_follow_cloudtrails_rules(name: str) -> None:
    """Names that CloudTrail takes are taken."""
    assert is_trail_name(name) == (len(name) >= 3)


def test_where_a_trail_is_comes_from_the_event_and_else_from_the_envelope() -> None:
    """Region and account are the event's own; where they are missing, those of the bus it came from."""
    assert (
        str(stopped(envelope(awsRegion="us-west-2")).trail) == f"arn:aws:cloudtrail:us-west-2:{ACCOUNT}:trail/the-trail"
    )
    poor = envelope(awsRegion=..., recipientAccountId=..., userIdentity=None)
    assert str(stopped(poor).trail) == f"arn:aws:cloudtrail:eu-west-1:{ACCOUNT}:trail/the-trail"
    for missing in ("region", "account"):
        assert stopped({**poor, missing: None}).trail is None
    assert stopped({**poor, "account": "12345678901x"}).trail is None


@pytest.mark.parametrize(
    ("region", "partition"),
    [
        ("eu-west-1", "aws"),
        ("cn-north-1", "aws-cn"),
        ("us-gov-west-1", "aws-us-gov"),
        ("eusc-de-east-1", "aws-eusc"),
        ("us-iso-east-1", "aws-iso"),
        ("us-isob-east-1", "aws-iso-b"),
        ("eu-isoe-west-1", "aws-iso-e"),
        ("us-isof-south-1", "aws-iso-f"),
    ],
)
def test_partitions(region: str, partition: str) -> None:
    """A trail that is given by name has an ARN of its region's partition."""
    assert partition_of(region) == partition
    trail = stopped(envelope(awsRegion=region)).trail
    assert trail == TrailArn(partition, region, ACCOUNT, "the-trail")
    assert read_trail_arn(str(trail)) == trail


def test_events_have_one_key_however_often_they_come() -> None:
    """The same event has the same key, by its id or else by all it holds; another has another."""
    event = envelope()
    assert stopped(event).key == stopped({**event, "id": "another"}).key
    assert stopped(event).key != stopped(envelope()).key
    without = envelope(eventID=...)
    assert stopped(without).key == stopped(without).key
    assert stopped(without).key != stopped(envelope(eventID=..., eventTime="2026-03-14T12:00:01Z")).key


def test_an_invented_event_of_the_same_id_has_another_key() -> None:
    """Another trail, region, account, caller or content makes another event of it; a name and its ARN are one trail."""
    event = envelope(eventID="e-1")
    key = stopped(event).key
    invented = [
        envelope("another-trail", eventID="e-1"),
        envelope(eventID="e-1", awsRegion="us-east-1"),
        envelope(eventID="e-1", recipientAccountId="444455556666"),
        envelope(eventID="e-1", userIdentity={"type": "AWSService"}),
        envelope(eventID="e-1", sourceIPAddress="198.51.100.1"),
        envelope("../../etc", eventID="e-1"),
        envelope(None, eventID="e-1"),
        {**envelope(eventID="e-1", awsRegion=...), "region": "us-west-1"},
    ]
    keys = {stopped(each).key for each in invented}
    assert len(keys) == len(invented)
    assert key not in keys
    assert stopped(envelope(eventID="e-1", responseElements=..., eventCategory="Management")).key == key


def test_an_invented_event_does_not_keep_a_trail_stopped(restart: RestartEnvironment) -> None:
    """Invented events of the real one's id, settled before it comes, leave the real one to be acted on."""
    restart.trail()
    restart.trail("decoy")
    restart.start("decoy")
    restart.start()
    for invented in (envelope("decoy", eventID="e-1"), envelope(eventID="e-1", sourceIPAddress="198.51.100.1")):
        assert restart.handle(invented) == "already_logging"
    restart.stop()
    assert restart.handle(envelope(eventID="e-1")) == "restarted"
    assert restart.logs()
    assert restart.handle(envelope(eventID="e-1")) == "already_handled"


def test_invented_events_do_not_use_up_the_restarts(restart: RestartEnvironment) -> None:
    """However many events are invented about a trail that logs, the next real stop is answered."""
    restart.trail()
    restart.start()
    for number in range(10):
        restart.handle(envelope(eventID=f"invented-{number}"))
    restart.stop()
    assert restart.handle(restart.stopped()) == "restarted"
    assert restart.logs()


@settings(deadline=None, max_examples=100)
@given(detail=records(), outer=json_values())
def test_nothing_that_arrives_raises(detail: dict[str, Any], outer: Any) -> None:
    """Whatever arrives is read as a stop or refused."""
    assert isinstance(read_stop_event(outer), Refused)
    assert isinstance(read_stop_event({**envelope(), "detail": detail}), StopEvent | Refused)


@settings(deadline=None, max_examples=100)
@given(
    detail=records(),
    named=hostile_text(3000)
    | st.just("the-trail")
    | st.just(f"arn:aws:cloudtrail:eu-west-1:999988887777:trail/{'x' * 128}"),
    action=st.sampled_from(RestartAction),
    code=st.none() | hostile_text(500),
)
def test_any_notice(detail: dict[str, Any], named: str, action: RestartAction, code: str | None) -> None:
    """Whatever stands in the event, the message is within every limit of Slack and does nothing but be read."""
    stop = stopped(
        {
            **envelope(),
            "detail": {
                **detail,
                "eventSource": "cloudtrail.amazonaws.com",
                "eventName": "StopLogging",
                "errorCode": None,
                "errorMessage": None,
                "requestParameters": {"name": named},
            },
        }
    )
    outcome = Outcome(action, 3, "2026-03-14T18:00:00+00:00", code, "holds no time")
    message = notice_message(restart_notice(stop, outcome, most=3, account=ACCOUNT, table_problem=code))
    assert_within_limits(message.text, message.blocks)
    assert_all_harmless(texts_of(message.blocks))
    assert_escaped(message.text)
    assert_visible(message.text)


@pytest.mark.parametrize(
    "text", [None, "", "null", "[]", "1", "nonsense", "{}", '{"action": "x"}', '{"action": "failed", "x": 1}']
)
def test_what_is_no_outcome_is_none(text: str | None) -> None:
    """What cannot be read of an earlier attempt is as if there were none."""
    assert read_outcome(text) is None


def test_an_outcome_is_remembered_whole() -> None:
    """What is written of an outcome is read again."""
    outcome = Outcome(RestartAction.UNFINISHED, 2, None, "ThrottlingException", "cannot be read")
    assert read_outcome(outcome.dumped()) == outcome
