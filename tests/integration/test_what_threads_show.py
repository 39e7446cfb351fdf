"""A thread holds what is alike, and hides nothing that matters more than its parent."""

import json
from typing import Any

import pytest

from cloudtrail_to_slack.errors import InvocationFailedError
from cloudtrail_to_slack_dev.fake_slack import SlackError
from support.world import CHANNEL, KEY, TABLE, World, record, s3_event

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


def run(world: World, *records: dict[str, Any]) -> None:
    """Deliver each record by an invocation of its own."""
    for number, one in enumerate(records):
        key = KEY.replace("0123", f"{number:04}")
        world.put_log(one, key=key)
        world.invoke(s3_event(key))


def shape(world: World, channel: str = CHANNEL) -> list[int]:
    """Return how many replies each message in the channel has."""
    return [len(thread.replies) for thread in world.slack.threads(channel)]


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
    world: World, records: list[dict[str, Any]], *, table: bool
) -> None:
    """An alert of another outcome or service than the one before is a message of its own."""
    world.configure_bot(table=table, rules=MATCHES_ALL)
    world.put_log(*records)
    world.invoke(s3_event(KEY))
    assert shape(world) == [0, 0]


def test_what_other_rules_matched_stands_in_the_channel(world: World) -> None:
    """Of two calls by one name, the one that a further rule matches is a message of its own."""
    grave = {
        "id": "payroll",
        "expression": "event.get('requestParameters.bucketName') == 'payroll'",
        "severity": "critical",
        "title": "Payroll touched",
    }
    world.configure_bot(rules=[*MATCHES_ALL, grave])
    run(
        world,
        *(succeeded(requestParameters={"bucketName": name}) for name in ("a", "b", "payroll")),
    )
    assert shape(world) == [1, 0]
    assert "Payroll touched" in json.dumps(world.slack.threads(CHANNEL)[1].root.blocks)


def test_a_reply_names_its_rules_and_severity(world: World) -> None:
    """A reply shows the titles of the rules that matched, its severity, and how the call ended."""
    world.configure_bot(rules=MATCHES_ALL)
    run(world, record(), record(errorCode="AccessDeniedException"))
    (thread,) = world.slack.threads(CHANNEL)
    said = json.dumps(thread.replies[0].blocks, ensure_ascii=False)
    for part in ("*Access denied*", "*Denied* · rule “Everything”", "severity medium", "`AccessDeniedException`"):
        assert part in said


def test_a_more_severe_alert_stands_in_the_channel(world: World) -> None:
    """An alert more severe than its thread's parent is the parent of what follows; a less severe one replies."""

    def alert_of(severity: str) -> None:
        world.configure_bot_again(rules=[{**MATCHES_ALL[0], "severity": severity}])
        world.monkeypatch.setenv("DYNAMODB_TABLE_NAME", TABLE)
        run(world, succeeded())

    world.make_table()
    for severity in ("low", "low", "critical", "medium", "critical"):
        alert_of(severity)
    assert shape(world) == [1, 2]
    low, critical = world.slack.threads(CHANNEL)
    assert ":large_blue_circle:" in json.dumps(low.root.blocks)
    assert ":red_circle:" in json.dumps(critical.root.blocks)
    assert "3 alerts like this" in json.dumps(critical.root.blocks)


def test_a_thread_of_unknown_severity_hides_nothing(world: World) -> None:
    """A thread whose item holds no severity takes no further alert: a new one is opened."""
    world.configure_bot(rules=MATCHES_ALL)
    run(world, succeeded())
    table = world.aws("dynamodb")
    for item in table.scan(TableName=TABLE)["Items"]:
        if item["pk"]["S"].startswith("thread#"):
            table.update_item(TableName=TABLE, Key={"pk": item["pk"]}, UpdateExpression="REMOVE severity")
    run(world, succeeded(), succeeded())
    assert shape(world) == [0, 1]


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
def test_copies_of_one_call_stand_together(world: World, *, table: bool) -> None:
    """What two accounts record of one call stands in one thread, each copy a message that shows the shared ID."""
    world.configure_bot(table=table, rules=MATCHES_ALL)
    world.put_log(*copies(), *(succeeded(eventName="Decrypt", eventSource="kms.amazonaws.com") for _ in range(2)))
    world.invoke(s3_event(KEY))
    (thread,) = world.slack.threads(CHANNEL)
    assert len(thread.replies) == 3
    messages = [json.dumps(message.blocks) for message in (thread.root, *thread.replies)]
    assert sum("shared-1" in message for message in messages) == 2
    assert sum("444455556666" in message for message in messages) == 1
    if table:
        assert "4 alerts like this" in messages[0]


def test_copies_across_invocations_stand_together(world: World) -> None:
    """The second copy replies to the first, which came by another log file; both are delivered."""
    world.configure_bot(rules=MATCHES_ALL)
    run(world, *copies())
    assert shape(world) == [1]
    assert "2 alerts like this" in json.dumps(world.slack.threads(CHANNEL)[0].root.blocks)


def test_a_shared_id_suppresses_and_hides_nothing(world: World) -> None:
    """Events that merely claim one shared ID are all delivered, and what ended otherwise or is graver stands apart."""
    grave = {
        "id": "owner",
        "expression": "event.get('recipientAccountId') == '444455556666'",
        "severity": "critical",
        "title": "The owner's copy",
    }
    world.configure_bot(rules=[*MATCHES_ALL, grave])
    run(world, *copies(), {**copies()[0], "errorCode": "AccessDenied"}, copies()[0])
    assert shape(world) == [1, 0, 0]


@pytest.mark.parametrize("poor", [True, False])
def test_a_copy_whose_thread_is_gone_is_posted(world: World, *, poor: bool) -> None:
    """When the first copy's message was deleted, the second is posted in the channel, whatever identity it has."""
    world.configure_bot(rules=MATCHES_ALL)
    first, second = copies(**({"userIdentity": None} if poor else {}))
    second = {**second, "userIdentity": None} if poor else second
    run(world, first)
    world.slack.fail(SlackError("thread_not_found"))
    run(world, second)
    assert shape(world) == [0, 0]


def test_a_copy_that_is_refused_gives_its_claim_up(world: World) -> None:
    """When Slack refuses the first copy, the retry delivers it and the second one joins it."""
    world.configure_bot(rules=MATCHES_ALL)
    first, second = copies()
    world.slack.fail(SlackError("is_archived"))
    with pytest.raises(InvocationFailedError):
        run(world, first)
    run(world, first, second)
    assert shape(world) == [1]


def test_the_gravest_copy_of_an_invocation_is_the_parent(world: World) -> None:
    """Within one invocation the most severe copy comes first, and the others reply to it."""
    grave = {"id": "owner", "expression": "event.get('recipientAccountId') == '444455556666'", "severity": "high"}
    world.configure_bot(table=False, rules=[*MATCHES_ALL, grave])
    world.put_log(*copies(), *copies())
    world.invoke(s3_event(KEY))
    (thread,) = world.slack.threads(CHANNEL)
    assert "444455556666" in json.dumps(thread.root.blocks)
    assert len(thread.replies) == 3


def test_updates_join_the_thread_of_what_they_update(world: World) -> None:
    """An update of an event is delivered in the thread of its like, and names the event that it corrects."""
    world.configure_bot(rules=MATCHES_ALL)
    first = succeeded()
    update = {
        **succeeded(),
        "addendum": {
            "reason": "UPDATED_DATA",
            "updatedFields": "responseElements",
            "originalEventID": first["eventID"],
        },
    }
    run(world, first, update)
    (thread,) = world.slack.threads(CHANNEL)
    assert f"Update of event `{first['eventID']}`" in json.dumps(thread.replies[0].blocks)
    assert "update of an earlier event" in thread.replies[0].text
