"""A thread holds what is alike, and hides nothing that matters more than its parent."""

import json
from typing import Any

import pytest

from cloudtrail_to_slack.errors import InvocationFailedError
from cloudtrail_to_slack_dev.fake_slack import SlackError
from support.app_environment import CHANNEL, KEY, TABLE, AppEnvironment, record, s3_event

OTHER_KEY = KEY.replace("0123", "aaaa")
ROOT = {
    "type": "Root",
    "principalId": "111122223333",
    "arn": "arn:aws:iam::111122223333:root",
    "accountId": "111122223333",
}
MATCHES_ALL: list[Any] = [{"id": "all", "expression": "True", "title": "Everything", "severity": "low"}]


def succeeded(**fields: Any) -> dict[str, Any]:
    """Return a call that succeeded."""
    return record(errorCode=None, errorMessage=None, **fields)


def run(app_env: AppEnvironment, *records: dict[str, Any]) -> None:
    """Deliver each record by an invocation of its own."""
    for number, one in enumerate(records):
        key = KEY.replace("0123", f"{number:04}")
        app_env.put_log(one, key=key)
        app_env.invoke(s3_event(key))


def shape(app_env: AppEnvironment, channel: str = CHANNEL) -> list[int]:
    """Return how many replies each message in the channel has."""
    return [len(thread.replies) for thread in app_env.slack.threads(channel)]


def root_sign_in(result: str) -> dict[str, Any]:
    """Return a root sign-in with MFA."""
    return succeeded(
        userIdentity=ROOT,
        eventSource="signin.amazonaws.com",
        eventName="ConsoleLogin",
        additionalEventData={"MFAUsed": "Yes"},
        responseElements={"ConsoleLogin": result},
    )


APART: dict[str, list[dict[str, Any]]] = {
    "denied, then done": [record(eventName="AttachUserPolicy"), succeeded(eventName="AttachUserPolicy")],
    "failed, then done": [record(errorCode="NoSuchEntity"), succeeded()],
    "failed, then denied": [record(errorCode="NoSuchEntity"), record()],
    "a failed sign-in of root, then a successful one": [root_sign_in("Failure"), root_sign_in("Success")],
    "a failed change of role, then a successful one": [
        succeeded(eventName="SwitchRole", eventSource="signin.amazonaws.com", responseElements={"SwitchRole": result})
        for result in ("Failure", "Success")
    ],
    "a dry run, then the real call": [
        record(eventName="RunInstances", errorCode="Client.DryRunOperation"),
        succeeded(eventName="RunInstances"),
    ],
    "one name of two services": [
        succeeded(eventName="DeleteCluster", eventSource=f"{service}.amazonaws.com") for service in ("ecs", "eks")
    ],
}


@pytest.mark.parametrize("table", [True, False], ids=["table", "no table"])
@pytest.mark.parametrize("records", APART.values(), ids=APART)
def test_what_ended_otherwise_stands_in_the_channel(
    app_env: AppEnvironment, records: list[dict[str, Any]], *, table: bool
) -> None:
    """An alert of another outcome or service than the one before is a message of its own."""
    app_env.configure_bot(table=table, rules=MATCHES_ALL)
    app_env.put_log(*records)
    app_env.invoke(s3_event(KEY))
    assert len(shape(app_env)) == 2


def test_what_other_rules_matched_stands_in_the_channel(app_env: AppEnvironment) -> None:
    """Of two calls by one name, the one that a further rule matches is a message of its own."""
    grave = {
        "id": "payroll",
        "expression": "event.get('requestParameters.bucketName') == 'payroll'",
        "severity": "critical",
        "title": "Payroll touched",
    }
    app_env.configure_bot(rules=[*MATCHES_ALL, grave])
    run(
        app_env,
        *(succeeded(requestParameters={"bucketName": name}) for name in ("a", "b", "payroll")),
    )
    assert shape(app_env) == [1, 0]
    assert "Payroll touched" in json.dumps(app_env.slack.threads(CHANNEL)[1].root.blocks)


def test_a_reply_names_its_rules_and_severity(app_env: AppEnvironment) -> None:
    """A reply shows the titles of the rules that matched, its severity, and how the call ended."""
    app_env.configure_bot(rules=MATCHES_ALL)
    run(app_env, record(), record(errorCode="AccessDeniedException"))
    (thread,) = app_env.slack.threads(CHANNEL)
    said = json.dumps(thread.replies[0].blocks, ensure_ascii=False)
    for part in ("*Access denied*", "*Denied* · rule “Everything”", "*MEDIUM*", "`AccessDeniedException`"):
        assert part in said


def test_a_more_severe_alert_stands_in_the_channel(app_env: AppEnvironment) -> None:
    """An alert more severe than its thread's parent is the parent of what follows; a less severe one replies."""

    def alert_of(severity: str) -> None:
        app_env.configure_bot_again(rules=[{**MATCHES_ALL[0], "severity": severity}])
        app_env.monkeypatch.setenv("DYNAMODB_TABLE_NAME", TABLE)
        run(app_env, succeeded())

    app_env.make_table()
    for severity in ("low", "low", "critical", "medium", "critical"):
        alert_of(severity)
    assert shape(app_env) == [1, 2]
    low, critical = app_env.slack.threads(CHANNEL)
    assert ":large_blue_circle:" in json.dumps(low.root.blocks)
    assert ":red_circle:" in json.dumps(critical.root.blocks)
    assert "3 alerts like this" in json.dumps(critical.root.blocks)


def test_a_thread_of_unknown_severity_hides_nothing(app_env: AppEnvironment) -> None:
    """A thread whose item holds no severity takes no further alert: a new one is opened."""
    app_env.configure_bot(rules=MATCHES_ALL)
    run(app_env, succeeded())
    table = app_env.aws("dynamodb")
    for item in table.scan(TableName=TABLE)["Items"]:
        if item["pk"]["S"].startswith("thread#"):
            table.update_item(TableName=TABLE, Key={"pk": item["pk"]}, UpdateExpression="REMOVE severity")
    run(app_env, succeeded(), succeeded())
    assert shape(app_env) == [0, 1]


def copies(**fields: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what the caller's account and the resource owner's record of one call."""
    caller = succeeded(eventName="Decrypt", eventSource="kms.amazonaws.com", sharedEventID="shared-1", **fields)
    owner = {
        **succeeded(eventName="Decrypt", eventSource="kms.amazonaws.com", sharedEventID="shared-1", **fields),
        "userIdentity": {"type": "AWSAccount", "principalId": "AIDAX", "accountId": "111122223333"},
        "recipientAccountId": "444455556666",
    }
    return caller, owner


@pytest.mark.parametrize("table", [True, False], ids=["table", "no table"])
def test_copies_of_one_call_stand_together(app_env: AppEnvironment, *, table: bool) -> None:
    """What two accounts record of one call stands in one thread, each copy a message that shows the shared ID."""
    app_env.configure_bot(table=table, rules=MATCHES_ALL)
    app_env.put_log(*copies(), *(succeeded(eventName="Decrypt", eventSource="kms.amazonaws.com") for _ in range(2)))
    app_env.invoke(s3_event(KEY))
    (thread,) = app_env.slack.threads(CHANNEL)
    assert len(thread.replies) == 3
    messages = [json.dumps(message.blocks) for message in (thread.root, *thread.replies)]
    assert sum("shared-1" in message for message in messages) == 2
    assert sum("444455556666" in message for message in messages) == 1
    if table:
        assert "4 alerts like this" in messages[0]


def test_copies_across_invocations_stand_together(app_env: AppEnvironment) -> None:
    """The second copy replies to the first, which came by another log file; both are delivered."""
    app_env.configure_bot(rules=MATCHES_ALL)
    run(app_env, *copies())
    assert shape(app_env) == [1]
    assert "2 alerts like this" in json.dumps(app_env.slack.threads(CHANNEL)[0].root.blocks)


def test_a_shared_id_suppresses_and_hides_nothing(app_env: AppEnvironment) -> None:
    """Events that merely claim one shared ID are all delivered, and what ended otherwise or is graver stands apart."""
    grave = {
        "id": "owner",
        "expression": "event.get('recipientAccountId') == '444455556666'",
        "severity": "critical",
        "title": "The owner's copy",
    }
    app_env.configure_bot(rules=[*MATCHES_ALL, grave])
    run(app_env, *copies(), {**copies()[0], "errorCode": "AccessDenied"}, copies()[0])
    assert shape(app_env) == [1, 0, 0]


@pytest.mark.parametrize("poor", [True, False])
def test_a_copy_whose_thread_is_gone_is_posted(app_env: AppEnvironment, *, poor: bool) -> None:
    """When the first copy's message was deleted, the second is posted in the channel, whatever identity it has."""
    app_env.configure_bot(rules=MATCHES_ALL)
    first, second = copies(**({"userIdentity": None} if poor else {}))
    second = {**second, "userIdentity": None} if poor else second
    run(app_env, first)
    app_env.slack.fail(SlackError("thread_not_found"))
    run(app_env, second)
    assert shape(app_env) == [0, 0]


def test_a_copy_that_is_refused_gives_its_claim_up(app_env: AppEnvironment) -> None:
    """When Slack refuses the first copy, the retry delivers it and the second one joins it."""
    app_env.configure_bot(rules=MATCHES_ALL)
    first, second = copies()
    app_env.slack.fail(SlackError("is_archived"))
    with pytest.raises(InvocationFailedError):
        run(app_env, first)
    run(app_env, first, second)
    assert shape(app_env) == [1]


def test_the_gravest_copy_of_an_invocation_is_the_parent(app_env: AppEnvironment) -> None:
    """Within one invocation the most severe copy comes first, and the others reply to it."""
    grave = {"id": "owner", "expression": "event.get('recipientAccountId') == '444455556666'", "severity": "high"}
    app_env.configure_bot(table=False, rules=[*MATCHES_ALL, grave])
    app_env.put_log(*copies(), *copies())
    app_env.invoke(s3_event(KEY))
    (thread,) = app_env.slack.threads(CHANNEL)
    assert "444455556666" in json.dumps(thread.root.blocks)
    assert len(thread.replies) == 3


def test_updates_join_the_thread_of_what_they_update(app_env: AppEnvironment) -> None:
    """An update of an event is delivered in the thread of its like, and names the event that it corrects."""
    app_env.configure_bot(rules=MATCHES_ALL)
    first = succeeded()
    update = {
        **succeeded(),
        "addendum": {
            "reason": "UPDATED_DATA",
            "updatedFields": "responseElements",
            "originalEventID": first["eventID"],
        },
    }
    run(app_env, first, update)
    (thread,) = app_env.slack.threads(CHANNEL)
    assert f"Update of event `{first['eventID']}`" in json.dumps(thread.replies[0].blocks)
    assert "update of an earlier event" in thread.replies[0].text
