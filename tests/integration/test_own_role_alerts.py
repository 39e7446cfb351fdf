"""Alerts about calls of the function's own role: gathered, at most once an hour, and never fed by themselves."""

import json
from typing import Any

import boto3
import pytest

from cloudtrail_to_slack.errors import InvocationFailedError
from cloudtrail_to_slack_dev.fake_slack import SlackError
from support.app_environment import ACCOUNT, CHANNEL, KEY, AppEnvironment, Context, record, s3_event
from support.virtual_time import VirtualTime

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


def _said(app_env: AppEnvironment) -> list[str]:
    return [json.dumps(message.blocks) for message in app_env.slack.messages(CHANNEL)]


def _key(number: int) -> str:
    return KEY.replace("0123", f"{number:04}")


def _read(app_env: AppEnvironment, number: int, *records: dict[str, Any], context: Any = None) -> Any:
    """Invoke the function with a log file that holds these records."""
    app_env.put_log(*records, key=_key(number))
    return app_env.invoke(s3_event(_key(number)), context)


def test_calls_of_the_own_role_are_one_message(app_env: AppEnvironment) -> None:
    """However many calls of its own role a log file holds, one message has names, errors and ids; they matched."""
    app_env.configure_bot(**_ROLES)
    calls = [_own(f"e-{number}-") for number in range(30)]
    other = _own("f-0-", _RESTART_ROLE, eventSource="sns.amazonaws.com", eventName="Publish")
    counts = _read(app_env, 0, *calls, other)
    (said,) = _said(app_env)
    assert all(f"e-{number}-" in said for number in range(30))
    for part in ("31 calls by the alerting function", "GenerateDataKey", "Publish", "AccessDenied", "f-0-", "medium"):
        assert part in said
    assert (counts["matched"], counts["own_role_alerts"]) == (31, 31)


def test_every_destination_gets_it(app_env: AppEnvironment) -> None:
    """Slack and SNS get the notice, where alerts about the account go."""
    topic, other = app_env.make_topic("alerts"), app_env.make_topic("other")
    routes = {"default_topic_arn": other, "routes": [{"accounts": [ACCOUNT], "sns_topic_arn": topic}]}
    app_env.configure_bot(sns=routes, **_ROLES)
    _read(app_env, 0, _own("e-1"))
    (body,) = app_env.bodies(topic)
    assert (body["severity"], body["rules"], body["account_id"]) == ("medium", ["default/access-denied"], ACCOUNT)
    assert "e-1" in body["error_message"]
    assert len(_said(app_env)) == 1
    assert app_env.bodies(other) == []


@pytest.mark.parametrize("table", [False, True])
def test_at_most_one_an_hour_and_nothing_is_lost(
    app_env: AppEnvironment,
    virtual_time: VirtualTime,
    table: bool,  # noqa: FBT001 (a parameter)
) -> None:
    """Within the hour calls wait; the next message has them all, also when nothing new comes."""
    app_env.configure_bot(table=table, **_ROLES)
    for number in range(12):
        _read(app_env, number, _own(f"e-{number}-"), record(errorCode=None))
        virtual_time.passes(250)
    assert len(_said(app_env)) == 1
    virtual_time.passes(1200)
    _read(app_env, 20, record(errorCode=None))
    _, second = _said(app_env)
    assert all(f"e-{number}-" in second for number in range(1, 12))
    virtual_time.passes(7200)
    _read(app_env, 21, record(errorCode=None))
    assert len(_said(app_env)) == 2


def test_a_topic_that_denies_access_does_not_feed_itself(app_env: AppEnvironment, virtual_time: VirtualTime) -> None:
    """A topic that refuses every message gets three attempts, then one in a quarter of an hour; no success."""
    app_env.configure(sns={"default_topic_arn": f"arn:aws:sns:eu-west-1:{ACCOUNT}:missing"}, **_ROLES)
    attempts: list[str] = []
    session: Any = boto3.Session()
    app_env.monkeypatch.setattr(boto3, "DEFAULT_SESSION", session)
    session.events.register("before-send.sns", lambda request, **_: attempts.append(str(request.url)))
    app_env.make_table()
    app_env.monkeypatch.setenv("DYNAMODB_TABLE_NAME", "cloudtrail-to-slack-table")
    for number in range(14):  # each refusal in a log file of its own
        with pytest.raises(InvocationFailedError, match="own role"):
            _read(app_env, number, _own(f"e-{number}", eventSource="sns.amazonaws.com", eventName="Publish"))
        virtual_time.passes(60)
    assert len(attempts) == 3
    virtual_time.passes(900)
    with pytest.raises(InvocationFailedError):
        _read(app_env, 20, _own("e-20", eventSource="sns.amazonaws.com", eventName="Publish"))
    assert len(attempts) == 4


def test_data_events_of_its_own_are_one_message(app_env: AppEnvironment, virtual_time: VirtualTime) -> None:
    """A rule on reads of objects and items sees the function's own, in one message an hour."""
    rule = 'event.get("eventName") in ("GetObject", "UpdateItem")'
    app_env.configure_bot(rules=[{"id": "reads", "expression": rule, "severity": "critical"}], **_ROLES)
    for number in range(10):
        calls = [
            _own(f"{name}-{number}", eventSource=f"{source}.amazonaws.com", eventName=name, errorCode=None)
            for source, name in (("s3", "GetObject"), ("dynamodb", "UpdateItem"))
        ]
        _read(app_env, number, *calls)
        virtual_time.passes(300)
    (said,) = _said(app_env)
    assert all(part in said for part in ("GetObject-0", "UpdateItem-0", "severity critical"))


def test_many_calls_crowd_out_none_that_is_more_severe(app_env: AppEnvironment) -> None:
    """Of very many calls that are the function's work, the message names a critical one that comes last."""
    rule = {"id": "tables", "expression": "event['eventName'] == 'UpdateItem'", "severity": "critical"}
    app_env.configure_bot(rules=[rule], **_ROLES)
    last = _own("the-last", eventSource="dynamodb.amazonaws.com", eventName="UpdateItem")
    _read(app_env, 0, *(_own(f"e-{number}") for number in range(120)), last)
    (said,) = _said(app_env)
    assert all(part in said for part in ("121 calls by", "the-last", "UpdateItem", "severity critical"))


def test_what_the_function_never_calls_is_alerted_whatever_waits(app_env: AppEnvironment) -> None:
    """With the function's credentials in other hands, a new kind of call is reported while others wait."""
    app_env.configure_bot(rules=[{"id": "r", "expression": "True", "severity": "high"}], **_ROLES)
    _read(app_env, 0, _own("e-0"))
    _read(app_env, 1, _own("e-1", eventSource="iam.amazonaws.com", eventName="AttachRolePolicy"))
    _read(app_env, 2, _own("e-2", eventSource="iam.amazonaws.com", eventName="AttachRolePolicy", errorCode=None))
    assert [next(f"e-{n}" for n in range(3) if f"e-{n}" in said) for said in _said(app_env)] == ["e-0", "e-1", "e-2"]


@pytest.mark.parametrize("from_bus", [False, True])
def test_a_critical_call_is_alerted_at_once(app_env: AppEnvironment, from_bus: bool) -> None:  # noqa: FBT001 (a parameter)
    """StopLogging by the function's own role is an alert like any other, by either path and each time."""
    app_env.configure_bot(**_ROLES)
    for number in range(2):
        call = _own(f"e-{number}", eventSource="cloudtrail.amazonaws.com", eventName="StopLogging", errorCode=None)
        if from_bus:
            app_env.invoke(_from_bus(call))
        else:
            _read(app_env, number, call)
    assert len(app_env.texts()) == 2
    assert all("StopLogging" in text for text in app_env.texts())


def test_from_eventbridge_its_work_is_left_to_the_log_file(app_env: AppEnvironment) -> None:
    """What the function calls as its work comes with the log file alone: what is done about it are such calls too."""
    app_env.configure_bot(**_ROLES)
    assert app_env.invoke(_from_bus(_own("e-1")))["notifications_ignored"] == 1
    assert _said(app_env) == []
    _read(app_env, 0, _own("e-1"))
    assert len(_said(app_env)) == 1


def test_from_eventbridge_other_calls_are_reported_once(app_env: AppEnvironment, virtual_time: VirtualTime) -> None:
    """Another call of the own role is reported within seconds, and not again when its log file comes."""
    app_env.configure_bot(**_ROLES)
    call = _own("e-1", eventSource="iam.amazonaws.com", eventName="AttachRolePolicy")
    app_env.invoke(_from_bus(call))
    assert len(_said(app_env)) == 1
    virtual_time.passes(300)
    _read(app_env, 0, call)
    virtual_time.passes(7200)
    _read(app_env, 1, record(errorCode=None))
    assert len(_said(app_env)) == 1


@pytest.mark.parametrize("from_bus", [False, True])
@pytest.mark.parametrize(
    "issuer",
    ["arn:aws:iam::999999999999:role/cloudtrail-to-slack", f"arn:aws:iam::{ACCOUNT}:role/x/cloudtrail-to-slack"],
)
def test_a_role_of_the_same_name_is_another(app_env: AppEnvironment, from_bus: bool, issuer: str) -> None:  # noqa: FBT001 (a parameter)
    """Calls of a role of that name in another account, or under another path, are alerts like any other."""
    app_env.configure_bot(**_ROLES)
    for number in range(2):
        call = _own(f"e-{number}", issuer, eventName=f"Encrypt{number}")
        call["userIdentity"]["arn"] = "arn:aws:sts::999999999999:assumed-role/cloudtrail-to-slack/x"
        if from_bus:
            app_env.invoke(_from_bus(call))
        else:
            _read(app_env, number, call)
    assert len(app_env.texts()) == 2
    assert all("called Encrypt" in text for text in app_env.texts())


class _Deployed(Context):
    invoked_function_arn = f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:cloudtrail-to-slack:live"


def test_without_the_setting_the_role_is_named_after_the_function(app_env: AppEnvironment) -> None:
    """Where no ARN is configured, the role of the function's name in the function's account is its own."""
    app_env.configure_bot()
    _read(app_env, 0, *(_own(f"e-{number}") for number in range(5)), context=_Deployed())
    (said,) = _said(app_env)
    assert "5 calls" in said


def test_an_unknown_role_is_not_gathered(app_env: AppEnvironment) -> None:
    """Where the own role cannot be known, its calls are alerts like any other."""
    app_env.configure_bot()
    assert _read(app_env, 0, _own("e-0")).get("own_role_alerts", 0) == 0
    assert "called GenerateDataKey" in app_env.texts()[0]


def test_what_cannot_be_delivered_fails_and_is_tried_again(app_env: AppEnvironment) -> None:
    """An invocation whose notice does not arrive fails; its retry sends it."""
    app_env.configure_bot(**_ROLES)
    app_env.slack.fail(SlackError("is_archived"), times=1)
    with pytest.raises(InvocationFailedError):
        _read(app_env, 0, _own("e-1"))
    app_env.invoke(s3_event(_key(0)))
    (said,) = _said(app_env)
    assert "e-1" in said


def test_an_account_without_a_route_fails(app_env: AppEnvironment) -> None:
    """Where no route takes the account, the invocation fails as for any alert."""
    topic = app_env.make_topic("alerts")
    app_env.configure(sns={"routes": [{"accounts": ["444455556666"], "sns_topic_arn": topic}]}, **_ROLES)
    with pytest.raises(InvocationFailedError, match=f"no route and no default for account {ACCOUNT}"):
        _read(app_env, 0, _own("e-1"))


def test_ignored_calls_are_ignored(app_env: AppEnvironment) -> None:
    """What an ignore rule matches is not reported, whatever the caller."""
    app_env.configure_bot(ignore_rules=['event.get("eventName") == "GenerateDataKey"'], **_ROLES)
    assert _read(app_env, 0, _own("e-1"))["ignored"] == 1
    assert _said(app_env) == []


def test_a_webhook_gets_it(app_env: AppEnvironment, virtual_time: VirtualTime) -> None:
    """Webhooks get the notice too, and what waits, without a word of their address in the table's key."""
    url = app_env.slack.add_webhook(CHANNEL)
    app_env.make_table()
    app_env.configure(
        environment={"SLACK_WEBHOOK_URL": url, "DYNAMODB_TABLE_NAME": "cloudtrail-to-slack-table"}, **_ROLES
    )
    _read(app_env, 0, _own("e-1"))
    _read(app_env, 1, _own("e-2"))
    virtual_time.passes(3700)
    _read(app_env, 2, _own("e-3"))
    first, second = _said(app_env)
    assert ("e-1" in first, "e-2" in second, "e-3" in second) == (True, True, True)
    items = app_env.aws("dynamodb").scan(TableName="cloudtrail-to-slack-table")["Items"]
    assert items
    assert url.rpartition("/")[2] not in json.dumps(items)


def test_a_table_that_is_gone_takes_no_alert_with_it(app_env: AppEnvironment) -> None:
    """Where the table cannot be used at all, calls are reported from memory, once an hour still."""
    app_env.configure_bot(table=False, **_ROLES)
    app_env.monkeypatch.setenv("DYNAMODB_TABLE_NAME", "no-such-table")
    for number in range(3):
        _read(app_env, number, _own(f"e-{number}"))
    assert len(_said(app_env)) == 1
