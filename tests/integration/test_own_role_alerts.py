"""Alerts about calls of the function's own role: gathered, at most once an hour, and never fed by themselves."""

import json
from typing import Any

import boto3
import pytest

from cloudtrail_to_slack.errors import InvocationFailedError
from cloudtrail_to_slack_dev.fake_slack import SlackError
from support.passing_time import PassingTime
from support.world import ACCOUNT, CHANNEL, KEY, Context, World, record, s3_event

_ROLE = f"arn:aws:iam::{ACCOUNT}:role/cloudtrail-to-slack"
_RESTART_ROLE = f"arn:aws:iam::{ACCOUNT}:role/cloudtrail-to-slack-restart"
_ROLES: dict[str, Any] = {"own_role_arns": [_ROLE, _RESTART_ROLE]}


def _own(event_id: str, issuer: str = _ROLE, **fields: Any) -> dict[str, Any]:
    """A refused call of the function's own role to KMS, as when it publishes to an encrypted topic."""
    name = issuer.rpartition("/")[2]
    identity = {
        "type": "AssumedRole",
        "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/{name}/{name}",
        "accountId": ACCOUNT,
        "sessionContext": {"sessionIssuer": {"type": "Role", "arn": issuer, "userName": name}},
    }
    call = {"eventSource": "kms.amazonaws.com", "eventName": "GenerateDataKey", "eventID": event_id, **fields}
    return record(userIdentity=identity, **call)


def _from_bus(detail: dict[str, Any]) -> dict[str, Any]:
    return {"source": "aws.kms", "detail-type": "AWS API Call via CloudTrail", "detail": detail}


def _said(world: World) -> list[str]:
    return [json.dumps(message.blocks) for message in world.slack.messages(CHANNEL)]


def _key(number: int) -> str:
    return KEY.replace("0123", f"{number:04}")


def _read(world: World, number: int, *records: dict[str, Any], context: Any = None) -> Any:
    """Invoke the function with a log file that holds these records."""
    world.put_log(*records, key=_key(number))
    return world.invoke(s3_event(_key(number)), context)


def test_calls_of_the_own_role_are_one_message(world: World) -> None:
    """However many calls of its own role a log file holds, one message has names, errors and ids; they matched."""
    world.configure_bot(**_ROLES)
    calls = [_own(f"e-{number}-") for number in range(30)]
    other = _own("f-0-", _RESTART_ROLE, eventSource="sns.amazonaws.com", eventName="Publish")
    counts = _read(world, 0, *calls, other)
    (said,) = _said(world)
    assert all(f"e-{number}-" in said for number in range(30))
    for part in ("31 calls by the alerting function", "GenerateDataKey", "Publish", "AccessDenied", "f-0-", "medium"):
        assert part in said
    assert (counts["matched"], counts["own_role_alerts"]) == (31, 31)


def test_every_destination_gets_it(world: World) -> None:
    """Slack and SNS get the notice, where alerts about the account go."""
    topic, other = world.make_topic("alerts"), world.make_topic("other")
    routes = {"default_topic_arn": other, "routes": [{"accounts": [ACCOUNT], "sns_topic_arn": topic}]}
    world.configure_bot(sns=routes, **_ROLES)
    _read(world, 0, _own("e-1"))
    (body,) = world.bodies(topic)
    assert (body["severity"], body["rules"], body["account_id"]) == ("medium", ["default/access-denied"], ACCOUNT)
    assert "e-1" in body["error_message"]
    assert len(_said(world)) == 1
    assert world.bodies(other) == []


@pytest.mark.parametrize("table", [False, True])
def test_at_most_one_an_hour_and_nothing_is_lost(world: World, passing_time: PassingTime, table: bool) -> None:  # noqa: FBT001 (a parameter)
    """Within the hour calls wait; the next message has them all, also when nothing new comes."""
    world.configure_bot(table=table, **_ROLES)
    for number in range(12):
        _read(world, number, _own(f"e-{number}-"), record(errorCode=None))
        passing_time.passes(250)
    assert len(_said(world)) == 1
    passing_time.passes(1200)
    _read(world, 20, record(errorCode=None))
    _, second = _said(world)
    assert all(f"e-{number}-" in second for number in range(1, 12))
    passing_time.passes(7200)
    _read(world, 21, record(errorCode=None))
    assert len(_said(world)) == 2


def test_a_refused_topic_does_not_feed_itself(world: World, passing_time: PassingTime) -> None:
    """A topic that refuses every message gets three attempts, then one in a quarter of an hour; no success."""
    world.configure(sns={"default_topic_arn": f"arn:aws:sns:eu-west-1:{ACCOUNT}:missing"}, **_ROLES)
    attempts: list[str] = []
    session: Any = boto3.Session()
    world.monkeypatch.setattr(boto3, "DEFAULT_SESSION", session)
    session.events.register("before-send.sns", lambda request, **_: attempts.append(str(request.url)))
    world.make_table()
    world.monkeypatch.setenv("DYNAMODB_TABLE_NAME", "cloudtrail-to-slack-table")
    for number in range(14):  # each refusal in a log file of its own
        with pytest.raises(InvocationFailedError, match="own role"):
            _read(world, number, _own(f"e-{number}", eventSource="sns.amazonaws.com", eventName="Publish"))
        passing_time.passes(60)
    assert len(attempts) == 3
    passing_time.passes(900)
    with pytest.raises(InvocationFailedError):
        _read(world, 20, _own("e-20", eventSource="sns.amazonaws.com", eventName="Publish"))
    assert len(attempts) == 4


def test_data_events_of_its_own_are_one_message(world: World, passing_time: PassingTime) -> None:
    """A rule on reads of objects and items sees the function's own, in one message an hour."""
    rule = 'event.get("eventName") in ("GetObject", "UpdateItem")'
    world.configure_bot(rules=[{"id": "reads", "expression": rule, "severity": "critical"}], **_ROLES)
    for number in range(10):
        calls = [
            _own(f"{name}-{number}", eventSource=f"{source}.amazonaws.com", eventName=name, errorCode=None)
            for source, name in (("s3", "GetObject"), ("dynamodb", "UpdateItem"))
        ]
        _read(world, number, *calls)
        passing_time.passes(300)
    (said,) = _said(world)
    assert all(part in said for part in ("GetObject-0", "UpdateItem-0", "severity critical"))


def test_what_the_function_never_calls_is_alerted_whatever_waits(world: World) -> None:
    """With the function's credentials in other hands, a new kind of call is reported while others wait."""
    world.configure_bot(rules=[{"id": "r", "expression": "True", "severity": "high"}], **_ROLES)
    _read(world, 0, _own("e-0"))
    _read(world, 1, _own("e-1", eventSource="iam.amazonaws.com", eventName="AttachRolePolicy"))
    _read(world, 2, _own("e-2", eventSource="iam.amazonaws.com", eventName="AttachRolePolicy", errorCode=None))
    assert [next(f"e-{n}" for n in range(3) if f"e-{n}" in said) for said in _said(world)] == ["e-0", "e-1", "e-2"]


@pytest.mark.parametrize("from_bus", [False, True])
def test_a_critical_call_is_alerted_at_once(world: World, from_bus: bool) -> None:  # noqa: FBT001 (a parameter)
    """StopLogging by the function's own role is an alert like any other, by either path and each time."""
    world.configure_bot(**_ROLES)
    for number in range(2):
        call = _own(f"e-{number}", eventSource="cloudtrail.amazonaws.com", eventName="StopLogging", errorCode=None)
        if from_bus:
            world.invoke(_from_bus(call))
        else:
            _read(world, number, call)
    assert len(world.texts()) == 2
    assert all("StopLogging" in text for text in world.texts())


def test_from_eventbridge_its_work_is_left_to_the_log_file(world: World) -> None:
    """What the function calls as its work comes with the log file alone: what is done about it are such calls too."""
    world.configure_bot(**_ROLES)
    assert world.invoke(_from_bus(_own("e-1")))["notifications_ignored"] == 1
    assert _said(world) == []
    _read(world, 0, _own("e-1"))
    assert len(_said(world)) == 1


def test_from_eventbridge_other_calls_are_reported_once(world: World, passing_time: PassingTime) -> None:
    """Another call of the own role is reported within seconds, and not again when its log file comes."""
    world.configure_bot(**_ROLES)
    call = _own("e-1", eventSource="iam.amazonaws.com", eventName="AttachRolePolicy")
    world.invoke(_from_bus(call))
    assert len(_said(world)) == 1
    passing_time.passes(300)
    _read(world, 0, call)
    passing_time.passes(7200)
    _read(world, 1, record(errorCode=None))
    assert len(_said(world)) == 1


@pytest.mark.parametrize("from_bus", [False, True])
@pytest.mark.parametrize(
    "issuer",
    ["arn:aws:iam::999999999999:role/cloudtrail-to-slack", f"arn:aws:iam::{ACCOUNT}:role/x/cloudtrail-to-slack"],
)
def test_a_role_of_the_same_name_is_another(world: World, from_bus: bool, issuer: str) -> None:  # noqa: FBT001 (a parameter)
    """Calls of a role of that name in another account, or under another path, are alerts like any other."""
    world.configure_bot(**_ROLES)
    for number in range(2):
        call = _own(f"e-{number}", issuer, eventName=f"Encrypt{number}")
        call["userIdentity"]["arn"] = "arn:aws:sts::999999999999:assumed-role/cloudtrail-to-slack/x"
        if from_bus:
            world.invoke(_from_bus(call))
        else:
            _read(world, number, call)
    assert len(world.texts()) == 2
    assert all("called Encrypt" in text for text in world.texts())


class _Deployed(Context):
    invoked_function_arn = f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:cloudtrail-to-slack:live"


def test_without_the_setting_the_role_is_named_after_the_function(world: World) -> None:
    """Where no ARN is configured, the role of the function's name in the function's account is its own."""
    world.configure_bot()
    _read(world, 0, *(_own(f"e-{number}") for number in range(5)), context=_Deployed())
    (said,) = _said(world)
    assert "5 calls" in said


def test_an_unknown_role_is_not_gathered(world: World) -> None:
    """Where the own role cannot be known, its calls are alerts like any other."""
    world.configure_bot()
    assert _read(world, 0, _own("e-0")).get("own_role_alerts", 0) == 0
    assert "called GenerateDataKey" in world.texts()[0]


def test_what_cannot_be_delivered_fails_and_is_tried_again(world: World) -> None:
    """An invocation whose notice does not arrive fails; its retry sends it."""
    world.configure_bot(**_ROLES)
    world.slack.fail(SlackError("is_archived"), times=1)
    with pytest.raises(InvocationFailedError):
        _read(world, 0, _own("e-1"))
    world.invoke(s3_event(_key(0)))
    (said,) = _said(world)
    assert "e-1" in said


def test_an_account_without_a_route_fails(world: World) -> None:
    """Where no route takes the account, the invocation fails as for any alert."""
    topic = world.make_topic("alerts")
    world.configure(sns={"routes": [{"accounts": ["444455556666"], "sns_topic_arn": topic}]}, **_ROLES)
    with pytest.raises(InvocationFailedError, match=f"no route and no default for account {ACCOUNT}"):
        _read(world, 0, _own("e-1"))


def test_ignored_calls_are_ignored(world: World) -> None:
    """What an ignore rule matches is not reported, whoever called."""
    world.configure_bot(ignore_rules=['event.get("eventName") == "GenerateDataKey"'], **_ROLES)
    assert _read(world, 0, _own("e-1"))["ignored"] == 1
    assert _said(world) == []


def test_a_webhook_gets_it(world: World, passing_time: PassingTime) -> None:
    """Webhooks get the notice too, and what waits, without a word of their address in the table's key."""
    url = world.slack.add_webhook(CHANNEL)
    world.make_table()
    world.configure(
        environment={"SLACK_WEBHOOK_URL": url, "DYNAMODB_TABLE_NAME": "cloudtrail-to-slack-table"}, **_ROLES
    )
    _read(world, 0, _own("e-1"))
    _read(world, 1, _own("e-2"))
    passing_time.passes(3700)
    _read(world, 2, _own("e-3"))
    first, second = _said(world)
    assert ("e-1" in first, "e-2" in second, "e-3" in second) == (True, True, True)
    items = world.aws("dynamodb").scan(TableName="cloudtrail-to-slack-table")["Items"]
    assert items
    assert url.rpartition("/")[2] not in json.dumps(items)


def test_a_table_that_is_gone_takes_no_alert_with_it(world: World) -> None:
    """Where the table cannot be used at all, calls are reported from memory, once an hour still."""
    world.configure_bot(table=False, **_ROLES)
    world.monkeypatch.setenv("DYNAMODB_TABLE_NAME", "no-such-table")
    for number in range(3):
        _read(world, number, _own(f"e-{number}"))
    assert len(_said(world)) == 1
