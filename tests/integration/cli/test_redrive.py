"""`redrive` gives dead letters to the real function again, and removes those on which it succeeds."""

import io
import json
from types import SimpleNamespace
from typing import Any, cast

import boto3
import pytest
from botocore.response import StreamingBody

from cloudtrail_to_slack.errors import InvocationFailedError
from integration.cli.deployed import CHANNEL, KEY, NAME, REGION, Deployed, deploy
from support.app_environment import AppEnvironment, record, s3_event
from support.command_line import Ran, cloudtrail_to_slack

_ARGUMENTS = ("--function", NAME, "--region", REGION)


@pytest.fixture
def deployed(app_env: AppEnvironment) -> Deployed:
    """A function that is invoked in this process, with a bot and no other destination."""
    found = deploy(app_env)
    app_env.configure_bot()
    app_env.put_log(record())
    made, invoked = boto3.Session, cast("Any", lambda params, **_: _invoked(app_env, params))

    def session(*arguments: Any, **options: Any) -> boto3.Session:
        new = made(*arguments, **options)
        new.events.register("before-call.lambda.Invoke", invoked)
        return new

    app_env.monkeypatch.setattr(boto3, "Session", session)
    return found


def _invoked(app_env: AppEnvironment, params: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """Return what Lambda answers to an invocation: what the handler returns, or the error that it raises."""
    failed: dict[str, str] = {}
    try:
        result: Any = app_env.invoke(json.loads(params["body"]))
    except InvocationFailedError as error:
        failed = {"FunctionError": "Unhandled"}
        result = {"errorType": type(error).__name__, "errorMessage": str(error)}
    payload = json.dumps(result).encode()
    body = StreamingBody(io.BytesIO(payload), len(payload))
    return SimpleNamespace(status_code=200), {"StatusCode": 200, "Payload": body, **failed}


def _put(deployed: Deployed, payload: Any) -> str:
    sqs = deployed.aws("sqs")
    url: str = sqs.get_queue_url(QueueName="alerts-dead-letters")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody=payload if isinstance(payload, str) else json.dumps(payload))
    return url


def _waiting(deployed: Deployed) -> int:
    """Return how many messages are in the queue, hidden ones included."""
    sqs = deployed.aws("sqs")
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    url = sqs.get_queue_url(QueueName="alerts-dead-letters")["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return sum(int(attributes[name]) for name in names)


def _redrive(*more: str) -> Ran:
    return cloudtrail_to_slack("redrive", *_ARGUMENTS, *more)


def _envelope() -> str:
    """A message of a queue in front of the function, which a topic filled."""
    return json.dumps({"Type": "Notification", "Message": json.dumps(s3_event(KEY))})


@pytest.mark.parametrize("body", [json.dumps(s3_event(KEY)), _envelope()], ids=["invocation", "queue"])
def test_a_dead_letter_is_delivered_and_removed(deployed: Deployed, body: str) -> None:
    """The alert of a failed invocation, or of a message that a queue gave up, arrives, and the queue is empty."""
    _put(deployed, body)
    ran = _redrive()
    assert (ran.code, _waiting(deployed)) == (0, 0)
    assert len(deployed.app_env.slack.messages(CHANNEL)) == 1
    assert f"s3://trail-bucket/{KEY}" in ran.out
    assert "1 dead letter, 0 failed again" in ran.out


def test_a_dry_run_changes_nothing(deployed: Deployed) -> None:
    """--dry-run shows what waits, leaves it there and invokes nothing."""
    for body in (s3_event(KEY), s3_event("other.json.gz"), "not json"):
        _put(deployed, body)
    ran = _redrive("--dry-run")
    assert (ran.code, _waiting(deployed), deployed.app_env.slack.calls) == (0, 3, [])
    assert "a message that is not JSON" in ran.out
    assert "3 dead letters; nothing was changed" in ran.out


def test_what_fails_again_stays(deployed: Deployed) -> None:
    """A dead letter on which the function fails stays in the queue, with the function's own words; others go on."""
    _put(deployed, s3_event("missing.json.gz"))
    _put(deployed, s3_event(KEY))
    ran = _redrive()
    assert (ran.code, _waiting(deployed)) == (1, 1)
    assert "missing.json.gz" in ran.out
    assert "failed again and stays in the queue" in ran.out
    assert len([each for each in deployed.app_env.slack.messages(CHANNEL) if "called" in each.text]) == 1


def test_a_message_that_is_handed_back_stays(deployed: Deployed) -> None:
    """A message of a queue that the function hands back stays in the dead-letter queue."""
    _put(deployed, json.dumps({"Type": "Notification", "Message": json.dumps(s3_event("missing.json.gz"))}))
    ran = _redrive()
    assert (ran.code, _waiting(deployed)) == (1, 1)
    assert "returned it to the queue" in ran.out


def test_as_many_as_asked_for(deployed: Deployed) -> None:
    """--max-messages bounds how many are taken, and the rest stays."""
    for _ in range(3):
        _put(deployed, s3_event(KEY))
    assert _redrive("--max-messages", "2").code == 0
    assert _waiting(deployed) == 1


def test_a_dead_letter_on_which_it_succeeded_before_repeats_nothing(deployed: Deployed) -> None:
    """What was delivered is not delivered again, thanks to the state table."""
    deployed.app_env.invoke(s3_event(KEY))
    _put(deployed, s3_event(KEY))
    assert _redrive().code == 0
    assert len(deployed.app_env.slack.messages(CHANNEL)) == 1


def test_a_queue_that_is_not_there_is_said_plainly(deployed: Deployed) -> None:
    """A wrong --queue or --function ends with one line and exit code 2."""
    ran = _redrive("--queue", f"{deployed.app_env.endpoint}/123456789012/no-such")
    assert (ran.code, "ReceiveMessage failed" in ran.err) == (2, True)
    ran = cloudtrail_to_slack("redrive", "--function", "no-such", "--region", REGION)
    assert (ran.code, "there is no function no-such" in ran.err) == (2, True)
