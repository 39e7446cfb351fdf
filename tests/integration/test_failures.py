"""What fails must fail alone, be tried again where that helps, and never pass for a success."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from cloudtrail_to_slack.errors import InvocationFailedError
from cloudtrail_to_slack_dev.fake_slack import Dropped, HttpStatus, RateLimited, SlackError
from support.app_environment import (
    BUCKET,
    CHANNEL,
    KEY,
    AppEnvironment,
    Context,
    failed_messages,
    record,
    s3_event,
    sns_event,
    sqs_event,
)

_TOPIC_GONE = "arn:aws:sns:eu-west-1:123456789012:no-such-topic"


@pytest.fixture
def stranger() -> Iterator[Callable[[str], str]]:
    """A server that is not Slack and answers everything with 200 and a given string; yields its address."""
    servers: list[ThreadingHTTPServer] = []

    def start(answer: str) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(200)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer.encode())

            def log_message(self, *_: Any) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}/"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    "fault", [RateLimited(7), HttpStatus(503), SlackError("internal_error"), SlackError("fatal_error"), Dropped()]
)
@pytest.mark.parametrize("kind", ["bot", "webhook"])
def test_a_passing_error_is_tried_again(app_env: AppEnvironment, waits: list[float], fault: Any, kind: str) -> None:
    """After a passing error of Slack's the alert is sent again, a 429 after as long as Slack asks for."""
    if kind == "bot":
        app_env.configure_bot(table=False)
    else:
        app_env.configure(environment={"SLACK_WEBHOOK_URL": app_env.slack.add_webhook(CHANNEL)})
    app_env.slack.fail(fault)
    app_env.put_log(record())
    app_env.invoke(s3_event(KEY))
    assert len(app_env.texts()) == 1
    assert len(waits) == 1
    # What is waited is what is left of it when the queue's turn comes.
    assert 1 < waits[0] <= 7 if isinstance(fault, RateLimited) else 0 < waits[0] <= 1


def test_to_come_back_at_once_is_no_time(app_env: AppEnvironment, waits: list[float]) -> None:
    """A 429 that asks for no wait at all is an error like any other: Slack is asked a few times, and not at once."""
    app_env.configure_bot(table=False)
    app_env.slack.fail(RateLimited(0), times=100)
    app_env.put_log(record())
    with pytest.raises(InvocationFailedError, match="ratelimited"):
        app_env.invoke(s3_event(KEY))
    assert len(waits) == 3
    assert min(waits) >= 0.5


def test_waiting_ends_with_the_time_that_is_left(app_env: AppEnvironment, waits: list[float]) -> None:
    """What Slack wants to have waited for longer than the invocation lasts fails it at once, for Lambda to retry."""
    app_env.configure_bot(table=False)
    app_env.slack.fail(RateLimited(30))
    app_env.put_log(record(eventID="e-1"))
    with pytest.raises(
        InvocationFailedError, match="the alert of event e-1 did not reach Slack channel C0DEFAULT: ratelimited"
    ):
        app_env.invoke(s3_event(KEY), Context(milliseconds=20_000))
    assert waits == []


def test_trying_again_has_an_end(app_env: AppEnvironment, waits: list[float]) -> None:
    """An error that does not pass within a few attempts fails the invocation."""
    app_env.configure_bot(table=False)
    app_env.slack.fail(HttpStatus(500), times=100)
    app_env.put_log(record())
    with pytest.raises(InvocationFailedError, match="did not reach Slack channel C0DEFAULT: http_500"):
        app_env.invoke(s3_event(KEY))
    assert len(waits) == 3


@pytest.mark.parametrize(
    "code", ["channel_not_found", "not_in_channel", "is_archived", "restricted_action_read_only_channel", "new_error"]
)
def test_a_set_up_error_fails_at_once(app_env: AppEnvironment, waits: list[float], code: str) -> None:
    """An error that trying again cannot fix fails the invocation, saying Slack's own word for it."""
    app_env.configure_bot(table=False)
    app_env.slack.fail(SlackError(code), times=10)
    app_env.put_log(record())
    with pytest.raises(InvocationFailedError, match=f"did not reach Slack channel C0DEFAULT: {code}"):
        app_env.invoke(s3_event(KEY))
    assert waits == []


@pytest.mark.parametrize("kind", ["bot", "webhook"])
@pytest.mark.parametrize("code", ["invalid_blocks", "msg_blocks_too_long", "msg_too_long"])
@pytest.mark.parametrize("refusals", [1, 2, 3])
def test_content_slack_refuses_is_sent_smaller(app_env: AppEnvironment, code: str, kind: str, refusals: int) -> None:
    """What Slack refuses goes down a ladder: without details, as a string without blocks, last as one bare line."""
    if kind == "bot":
        app_env.configure_bot(table=False)
    else:
        app_env.configure(environment={"SLACK_WEBHOOK_URL": app_env.slack.add_webhook(CHANNEL)})
    app_env.slack.fail(SlackError(code), times=refusals)
    app_env.put_log(record(eventID="e-1"))
    app_env.invoke(s3_event(KEY))
    (message,) = app_env.slack.messages(CHANNEL)
    assert bool(message.blocks) == (refusals == 1)
    said = message.text + json.dumps(message.blocks)
    for part in ("DeleteBucket", "e-1", "111122223333", f"s3://{BUCKET}/{KEY}"):
        assert part in said
    assert ("shortened" in said) == (refusals < 3)


def test_one_destinations_failure_does_not_hold_up_another(app_env: AppEnvironment) -> None:
    """With Slack down SNS still gets the alert, with the topic gone Slack does; the invocation fails either way."""
    topic = app_env.make_topic("alerts")
    app_env.configure_bot(table=False, sns={"default_topic_arn": topic})
    app_env.put_log(record())
    app_env.slack.fail(SlackError("token_revoked"))
    with pytest.raises(InvocationFailedError, match="Slack channel"):
        app_env.invoke(s3_event(KEY))
    assert len(app_env.bodies(topic)) == 1
    app_env.configure_bot_again(sns={"default_topic_arn": _TOPIC_GONE})
    with pytest.raises(InvocationFailedError, match=r"did not reach SNS topic arn:\S+: NotFound"):
        app_env.invoke(s3_event(KEY))
    assert len(app_env.texts()) == 1


@pytest.mark.usefixtures("waits")
def test_an_alert_that_fails_does_not_hold_up_the_next(app_env: AppEnvironment) -> None:
    """Of three alerts the first cannot be sent; the others arrive, and the error names the one."""
    app_env.configure_bot(table=False)
    app_env.slack.fail(HttpStatus(500), times=4)
    app_env.put_log(record(eventID="e-2"), record(), record())
    with pytest.raises(InvocationFailedError) as caught:
        app_env.invoke(s3_event(KEY))
    assert caught.value.problems == ("the alert of event e-2 did not reach Slack channel C0DEFAULT: http_500",)
    assert len(app_env.texts()) == 2


@pytest.mark.usefixtures("waits")
def test_an_undelivered_alert_hands_its_message_back(app_env: AppEnvironment) -> None:
    """From a batch, exactly the message whose alert did not arrive is handed back."""
    other = KEY.replace("0123", "abcd")
    app_env.slack.add_channel("C1", "down")
    app_env.configure_bot(table=False, slack={"routes": [{"accounts": ["444455556666"], "slack_channel_id": "C1"}]})
    app_env.slack.fail(HttpStatus(500), times=4, channel="C1")
    app_env.put_log(record())
    app_env.put_log(record(recipientAccountId="444455556666"), key=other)
    answer = app_env.invoke(sqs_event(s3_event(KEY), s3_event(other)))
    assert failed_messages(answer) == ["m1"]


def test_an_unreadable_webhook_secret_fails_slack_only(app_env: AppEnvironment) -> None:
    """When the webhook's secret cannot be read, SNS still gets the alert and the invocation fails, naming no secret."""
    topic = app_env.make_topic("alerts")
    app_env.configure(
        environment={"SLACK_WEBHOOK_URL_SSM_PARAMETER": "/missing"},
        sns={"default_topic_arn": topic},
    )
    app_env.put_log(record())
    with pytest.raises(InvocationFailedError, match=r"did not reach the default Slack webhook: webhook_unreadable"):
        app_env.invoke(s3_event(KEY))
    assert len(app_env.bodies(topic)) == 1


def test_an_unreadable_token_fails_slack_only(app_env: AppEnvironment) -> None:
    """When the bot's token cannot be read, SNS still gets the alert and the invocation fails."""
    topic = app_env.make_topic("alerts")
    app_env.configure(
        environment={"SLACK_BOT_TOKEN_SECRET_ARN": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:missing"},
        slack={"default_channel_id": CHANNEL},
        sns={"default_topic_arn": topic},
    )
    app_env.put_log(record())
    with pytest.raises(InvocationFailedError, match="did not reach Slack channel C0DEFAULT: token_unreadable"):
        app_env.invoke(s3_event(KEY))
    assert len(app_env.bodies(topic)) == 1


def test_a_redirect_is_not_followed(app_env: AppEnvironment, waits: list[float]) -> None:
    """A webhook that redirects is not followed to wherever it points, and is not taken for a success."""
    app_env.configure(environment={"SLACK_WEBHOOK_URL": app_env.slack.add_webhook(CHANNEL)})
    app_env.slack.fail(HttpStatus(302), times=10)
    app_env.put_log(record())
    with pytest.raises(InvocationFailedError, match=r"the default Slack webhook: http_302"):
        app_env.invoke(s3_event(KEY))
    assert waits == []


@pytest.mark.parametrize("answer", ["<html>Sign in</html>", "", "OK, maybe"])
def test_an_answer_that_is_not_slacks_is_no_success(
    app_env: AppEnvironment, waits: list[float], stranger: Callable[[str], str], answer: str
) -> None:
    """A webhook answered by something that is not Slack, a proxy or a login page, is not taken for delivered."""
    app_env.configure(environment={"SLACK_WEBHOOK_URL": stranger(answer)})
    app_env.put_log(record())
    with pytest.raises(InvocationFailedError, match=r"the default Slack webhook: unexpected_answer"):
        app_env.invoke(s3_event(KEY))
    assert len(waits) == 3


@pytest.mark.usefixtures("waits")
@pytest.mark.parametrize("answer", ['{"ok":true}', "<html>Sign in</html>", '"text"', "{}"])
def test_an_answer_without_a_message_is_no_success(
    app_env: AppEnvironment, stranger: Callable[[str], str], answer: str
) -> None:
    """What answers for Slack's API without naming the message it posted has not delivered it."""
    app_env.configure_bot(table=False)
    app_env.monkeypatch.setenv("SLACK_API_URL", stranger(answer))
    app_env.put_log(record())
    with pytest.raises(InvocationFailedError, match="did not reach Slack channel"):
        app_env.invoke(s3_event(KEY))


def test_a_token_that_is_none_is_not_sent_and_not_logged(
    app_env: AppEnvironment, capfd: pytest.CaptureFixture[str]
) -> None:
    """A secret that holds a document in place of a token fails as unreadable, and stands in no log."""
    app_env.configure_bot(table=False)
    app_env.monkeypatch.setenv("SLACK_BOT_TOKEN", '{\n "token": "xoxb-SECRETSECRET"\n}')
    app_env.put_log(record())
    with pytest.raises(InvocationFailedError, match="token_unreadable"):
        app_env.invoke(s3_event(KEY))
    assert "SECRETSECRET" not in "".join(capfd.readouterr())


def test_one_object_this_function_fails_on_does_not_stop_the_next(app_env: AppEnvironment) -> None:
    """A key that cannot be asked for, half a surrogate pair in it, fails alone."""
    app_env.configure_bot(table=False)
    app_env.put_log(record())
    message = {"s3Bucket": BUCKET, "s3ObjectKey": ["half \ud800.json.gz", KEY]}
    with pytest.raises(InvocationFailedError, match="1 failed"):
        app_env.invoke(sns_event(message))
    assert len([text for text in app_env.texts() if "DeleteBucket" in text]) == 1


def test_a_flood_is_delivered_in_parts(app_env: AppEnvironment, monkeypatch: pytest.MonkeyPatch) -> None:
    """What matches is held up to a limit only, so that a flood does not fill the memory; nothing of it is lost."""
    topic = app_env.make_topic("alerts")
    app_env.configure(sns={"default_topic_arn": topic})
    monkeypatch.setattr("cloudtrail_to_slack.evaluation.records.MAX_PENDING_BYTES", 5_000)
    app_env.put_log(*(record(eventID=f"e-{number}") for number in range(12)))
    app_env.invoke(s3_event(KEY))
    assert {body["event_id"] for body in app_env.bodies(topic)} == {f"e-{number}" for number in range(12)}


def test_the_same_object_announced_in_two_ways_is_read_once(app_env: AppEnvironment) -> None:
    """An object that S3 and CloudTrail both announce in one batch is delivered once."""
    app_env.configure_bot(table=False)
    app_env.put_log(record())
    app_env.invoke(sqs_event(s3_event(KEY), {"s3Bucket": BUCKET, "s3ObjectKey": [KEY]}))
    assert len(app_env.texts()) == 1


def test_a_short_message_is_no_markup(app_env: AppEnvironment) -> None:
    """The text that replaces a refused alert is shown as it is: nothing of an event is formatted or linked."""
    app_env.configure_bot(table=False)
    app_env.slack.fail(SlackError("invalid_blocks"), times=2)
    app_env.put_log(record(eventName="*Bold* https://evil.example"))
    app_env.invoke(s3_event(KEY))
    (message,) = app_env.slack.messages(CHANNEL)
    assert (message.payload["mrkdwn"], message.payload["parse"]) in ((False, "none"), ("False", "none"), ("0", "none"))
