"""CloudTrail, Slack or the state table in trouble: logging comes first, and nothing is said or counted twice."""

import json
import os
import threading
from typing import Any

import pytest

from cloudtrail_to_slack.auto_restart.handler import Application
from cloudtrail_to_slack.auto_restart.settings import read_settings
from cloudtrail_to_slack.clock import Clock
from cloudtrail_to_slack.errors import InvocationFailedError
from cloudtrail_to_slack_dev.fake_slack.faults import HttpStatus
from support.app_environment import CHANNEL, TABLE
from support.aws_proxy import refusal
from support.restart_environment import RestartEnvironment, envelope


@pytest.mark.parametrize("operation", ["GetTrailStatus", "StartLogging"])
@pytest.mark.parametrize(
    ("code", "reported"),
    [
        ("AccessDeniedException", "the function's role may not start it"),
        ("TrailNotFoundException", "the trail no longer exists"),
        ("InvalidHomeRegionException", "in the region where it was created"),
        ("UnsupportedOperationException", "CloudTrail answered UnsupportedOperationException."),
    ],
)
def test_what_cloudtrail_rejects_is_reported(
    restart: RestartEnvironment, operation: str, code: str, reported: str
) -> None:
    """What no retry can fix is reported with its reason and the command, once, and the invocation is done."""
    restart.trail()
    restart.aws_proxy.meet = lambda asked, _: refusal(code) if asked == operation else None
    event = envelope()
    assert restart.handle(event) == "failed"
    assert restart.handle(event) == "already_handled"
    (message,) = restart.app_env.slack.messages(CHANNEL)
    assert reported in message.text
    assert "CloudTrail logging is OFF" in message.text
    assert "aws cloudtrail start-logging" in json.dumps(message.blocks)


def test_a_trail_that_was_deleted_cannot_be_started(restart: RestartEnvironment) -> None:
    """A trail that is not there is reported as such."""
    assert restart.handle(envelope()) == "failed"
    assert "was it deleted?" in restart.texts()[0]


@pytest.mark.parametrize("fault", [refusal("ThrottlingException"), refusal("InternalFailure", 500)])
def test_throttled_it_is_tried_again(
    restart: RestartEnvironment, fault: tuple[int, dict[str, str]], capsys: pytest.CaptureFixture[str]
) -> None:
    """A transient error is reported once and fails the invocation; Lambda's retries start the trail and report it once.

    The alarm goes off at each attempt: no one knows whether there will be another.
    """
    restart.trail()
    event = envelope()
    restart.aws_proxy.meet = lambda asked, _: fault if asked == "StartLogging" else None
    for _ in range(2):
        with pytest.raises(InvocationFailedError, match=f"logging was not started .{fault[1]['__type']}"):
            restart.handle(event)
    restart.aws_proxy.meet = lambda _operation, _body: None
    assert restart.handle(event) == "restarted"
    assert restart.handle(event) == "already_handled"
    assert restart.logs()
    first, second = restart.texts()
    assert "could not be restarted yet" in first
    assert "if no message follows, the trail is off" in first
    assert restart.metric("LoggingLeftStopped", capsys.readouterr().out) == [1, 1, 0]
    assert "start 1 of at most 3" in second


@pytest.mark.parametrize("logging", [True, False])
def test_a_start_is_tried_again_within_the_invocation(restart: RestartEnvironment, *, logging: bool) -> None:
    """What passes within seconds needs no retry of Lambda's, whatever the trail's status says."""
    restart.trail()

    def meet(operation: str, _: object) -> tuple[int, dict[str, Any]] | None:
        if operation == "GetTrailStatus" and not restart.logs():
            return 200, {"IsLogging": logging}
        throttled = operation == "StartLogging" and len(restart.waited) < 3
        return refusal("ThrottlingException") if throttled else None

    restart.aws_proxy.meet = meet
    assert restart.handle(envelope()) == ("already_logging" if logging else "restarted")
    assert restart.logs()
    assert restart.waited == [1, 2, 4]


def test_tries_leave_time_for_slack(restart: RestartEnvironment) -> None:
    """Retries end in time to notify Slack, at the latest after 20 seconds of waiting."""
    restart.trail()
    restart.aws_proxy.meet = lambda operation, _: (
        refusal("ThrottlingException") if operation == "StartLogging" else None
    )
    with pytest.raises(InvocationFailedError):
        restart.handle(envelope())
    assert restart.waited == [1, 2, 4, 5, 5]
    assert len(restart.texts()) == 1
    restart.waited.clear()
    short = Clock(lambda: 16.5 - sum(restart.waited), now=lambda: restart.now, sleep=restart.waited.append)
    with pytest.raises(InvocationFailedError):
        restart.handle(envelope(), short)
    assert restart.waited == [1]
    assert len(restart.texts()) == 2


def test_a_status_that_cannot_be_had_keeps_no_trail_off(restart: RestartEnvironment) -> None:
    """While CloudTrail does not say how the trail is, it is counted and started."""
    restart.trail()
    restart.aws_proxy.meet = lambda operation, _: (
        refusal("ThrottlingException") if operation == "GetTrailStatus" else None
    )
    assert restart.handle(envelope()) == "restarted"
    assert restart.logs()
    assert "start 1 of at most 3" in restart.texts()[0]


def test_services_that_do_not_answer_keep_no_trail_off(restart: RestartEnvironment) -> None:
    """Where the maintenance parameter and the trail's status do not come, each is given up in time for the start."""
    restart.trail()
    restart.maintenance("2026-01-01T00:00:00Z")
    restart.app_env.monkeypatch.setattr("cloudtrail_to_slack.auto_restart.restarter._MOST_CALL_SECONDS", 0.5)
    done, silent = threading.Event(), ["GetParameter", "GetTrailStatus"]

    def meet(operation: str, _: object) -> None:
        if operation in silent:
            silent.remove(operation)
            done.wait(20)

    restart.aws_proxy.meet = meet
    try:
        assert restart.handle(envelope()) == "restarted"
    finally:
        done.set()
    assert restart.logs()
    assert "it cannot be read (timed_out)" in str(restart.app_env.slack.messages(CHANNEL)[0].blocks).replace("`", "")


def test_a_status_of_before_keeps_no_trail_off(restart: RestartEnvironment) -> None:
    """CloudTrail may say for some seconds that a stopped trail logs: it is started, without being counted."""
    restart.trail()
    restart.aws_proxy.meet = lambda operation, _: (200, {"IsLogging": True}) if operation == "GetTrailStatus" else None
    for _ in range(5):
        restart.stop()
        assert restart.handle(restart.stopped()) == "already_logging"
        assert restart.logs()


@pytest.mark.parametrize("began", [False, True])
def test_a_trail_said_to_log_that_cannot_be_started_is_reported(restart: RestartEnvironment, *, began: bool) -> None:
    """What CloudTrail refuses is reported as such, whatever the status says."""
    restart.trail()
    event = envelope()
    code = "ThrottlingException" if began else "AccessDeniedException"
    restart.aws_proxy.meet = lambda operation, _: (
        (200, {"IsLogging": True}) if operation == "GetTrailStatus" else
        refusal(code) if operation == "StartLogging" else None
    )  # fmt: skip
    if began:
        with pytest.raises(InvocationFailedError, match="ThrottlingException"):
            restart.handle(event)
        code = "AccessDeniedException"
    assert restart.handle(event) == "failed"
    assert "CloudTrail logging is OFF" in restart.texts()[-1]


def test_a_start_whose_answer_was_lost_is_its_own(restart: RestartEnvironment) -> None:
    """When the trail was started and the answer was lost, the retry knows whose doing it was."""
    restart.trail()
    event = envelope()

    def start_and_lose(operation: str, _: object) -> tuple[int, dict[str, str]] | None:
        if operation != "StartLogging":
            return None
        restart.start()
        return refusal("InternalFailure", 500)

    restart.aws_proxy.meet = start_and_lose
    with pytest.raises(InvocationFailedError):
        restart.handle(event)
    restart.aws_proxy.meet = lambda _operation, _body: None
    assert restart.handle(event) == "restarted"
    assert "start 1 of at most 3" in restart.texts()[-1]


def test_without_slack_logging_comes_first(restart: RestartEnvironment) -> None:
    """Slack away, the trail is started and the invocation fails; the retry reports, and starts and counts nothing."""
    restart.trail()
    event = envelope()
    restart.app_env.slack.fail(HttpStatus(503), times=4)
    with pytest.raises(InvocationFailedError, match=r"the notice did not reach Slack .http_503"):
        restart.handle(event)
    assert restart.logs()
    assert restart.handle(event) == "restarted"
    assert restart.started() == 1
    (text,) = restart.texts()
    assert "start 1 of at most 3" in text


def test_throttled_and_without_slack_both_are_made_good(restart: RestartEnvironment) -> None:
    """When neither CloudTrail nor Slack answer, the retry still reports that it could not be started."""
    restart.trail()
    event = envelope()
    restart.aws_proxy.meet = lambda operation, _: (
        refusal("ThrottlingException") if operation == "StartLogging" else None
    )
    restart.app_env.slack.fail(HttpStatus(503), times=4)
    with pytest.raises(InvocationFailedError, match="2 failed"):
        restart.handle(event)
    with pytest.raises(InvocationFailedError, match="1 failed"):
        restart.handle(event)
    assert ["could not be restarted yet" in text for text in restart.texts()] == [True]


@pytest.mark.parametrize("code", ["ResourceNotFoundException", "AccessDeniedException", "ThrottlingException"])
def test_without_the_table_logging_comes_first(restart: RestartEnvironment, code: str) -> None:
    """Without the table the trail is started, and Slack reads that starts are not counted."""
    restart.trail()
    restart.aws_proxy.meet = lambda operation, _: refusal(code) if operation == "UpdateItem" else None
    for _ in range(5):
        restart.stop()
        assert restart.handle(restart.stopped()) == "restarted"
    assert restart.logs()
    assert all(f"state table cannot be used ({code})" in text for text in restart.texts())


def test_a_count_that_is_always_overtaken_keeps_no_trail_off(restart: RestartEnvironment) -> None:
    """When other invocations change a trail's count each time before ours, it is started without being counted."""
    restart.trail()

    def overtake(operation: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]] | None:
        if operation != "UpdateItem" or "restarts = " not in body["UpdateExpression"]:
            return None
        changed = json.dumps([[f"event {len(restart.aws_proxy.seen)}", restart.now]])
        status, answer = refusal("ConditionalCheckFailedException")
        return status, {**answer, "Item": {"restarts": {"S": changed}}}

    restart.aws_proxy.meet = overtake
    assert restart.handle(envelope(eventTime="2026-03-14T12:01:00Z")) == "restarted"
    assert "(contended)" in restart.texts()[0]


def test_a_table_that_was_deleted_keeps_no_trail_off(restart: RestartEnvironment) -> None:
    """The same with the table really gone."""
    restart.trail()
    restart.app_env.aws("dynamodb").delete_table(TableName=TABLE)
    assert restart.handle(envelope()) == "restarted"
    assert restart.logs()


def test_a_trail_that_is_off_after_the_start_is_reported(restart: RestartEnvironment) -> None:
    """When CloudTrail took the start and says that the trail is off, that is reported."""
    restart.trail()
    restart.aws_proxy.meet = lambda operation, _: (200, {"IsLogging": False}) if operation == "GetTrailStatus" else None
    assert restart.handle(envelope()) == "stopped_again"
    assert "CloudTrail says that it is off" in restart.texts()[0]
    assert restart.waited == [3, 3, 3]


@pytest.mark.parametrize(("right_after", "action"), [(3, "restarted"), (4, "stopped_again")])
def test_a_status_of_before_raises_no_alarm(restart: RestartEnvironment, right_after: int, action: str) -> None:
    """After a start CloudTrail may go on saying for some seconds that the trail is off, or say nothing."""
    restart.trail()

    def meet(operation: str, _: object) -> tuple[int, dict[str, Any]] | None:
        looks = restart.aws_proxy.operations("GetTrailStatus") - 1
        if operation != "GetTrailStatus" or looks > right_after:
            return None
        return refusal("UnsupportedOperationException") if looks == 2 else (200, {"IsLogging": False})

    restart.aws_proxy.meet = meet
    assert restart.handle(envelope()) == action


def test_without_time_to_look_again_what_cloudtrail_says_counts(restart: RestartEnvironment) -> None:
    """Where no time is left, a trail that is said to be off is reported as off."""
    restart.trail()
    restart.aws_proxy.meet = lambda operation, _: (200, {"IsLogging": False}) if operation == "GetTrailStatus" else None
    short = Clock(lambda: 16.0, now=lambda: restart.now, sleep=restart.waited.append)
    assert restart.handle(envelope(), short) == "stopped_again"
    assert restart.waited == []


def test_a_start_that_no_one_confirms_counts(restart: RestartEnvironment) -> None:
    """When CloudTrail took the start and does not say how the trail is, it is taken at its word."""
    restart.trail()
    restart.aws_proxy.meet = lambda operation, _: (
        refusal("AccessDeniedException") if operation == "GetTrailStatus" and restart.started() else None
    )
    assert restart.handle(envelope()) == "restarted"


def test_an_endpoint_that_is_not_there_is_tried_again(restart: RestartEnvironment) -> None:
    """A region whose CloudTrail cannot be reached fails the invocation, after reporting why."""
    restart.app_env.monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDTRAIL", "http://127.0.0.1:9")
    with pytest.raises(InvocationFailedError, match="EndpointConnectionError"):
        restart.handle(envelope())
    assert "EndpointConnectionError" in restart.texts()[0]


def test_a_token_that_was_rotated_is_read_anew(restart: RestartEnvironment) -> None:
    """This function, too, reads a token again that Slack refuses, and takes one from JSON with a single string."""
    secrets = restart.app_env.aws("secretsmanager")
    arn = secrets.create_secret(Name="token", SecretString=json.dumps({"token": restart.app_env.slack.bot_token}))[
        "ARN"
    ]
    restart.configure(SLACK_BOT_TOKEN=None, SLACK_BOT_TOKEN_SECRET_ARN=arn)
    restart.trail()
    application = Application(read_settings(os.environ))
    for token in (None, "xoxb-new"):
        if token:
            restart.app_env.slack.bot_token = token
            secrets.put_secret_value(SecretId=arn, SecretString=token)
            restart.stop()
        application.handle(restart.stopped(), restart.clock())
    assert len(restart.texts()) == 2
