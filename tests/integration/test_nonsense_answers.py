"""Services that answer something else than they should, as a proxy does: alerts are tried again, none is lost."""

from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from typing import Any

import pytest

from cloudtrail_to_slack.notices.self_reports import SelfReports
from support.app_environment import KEY, AppEnvironment, failed_messages, record, s3_event, sqs_event
from support.local_server import LocalServer, QuietHandler

_PAGE = b"<html><body>Who are you, xoxb-fake?</body></html>"
_ERROR = '{"__type":"com.amazonaws.dynamodb.v20120810#%s","%s":%s}'
_REFUSED = (_ERROR % ("ConditionalCheckFailedException", "Item", "5")).encode()
_CANCELLED = (_ERROR % ("TransactionCanceledException", "CancellationReasons", "[null]")).encode()
_RAISES = {"id": "raises", "expression": "event['nope'] == 1"}
_OTHER_KEY = KEY.replace("0123", "aaaa")
_BATCH = sqs_event(s3_event(KEY), s3_event(_OTHER_KEY))
_ANSWERS = {
    "AWS_ENDPOINT_URL_DYNAMODB": [
        (200, b"null"),
        (400, b'{"__type":["a"],"message":{}}'),
        (400, b"5"),
        (400, _REFUSED),
        (400, _CANCELLED),
        (403, _PAGE),
    ],
    "AWS_ENDPOINT_URL_SNS": [(200, _PAGE), (200, b""), (204, b""), (301, b""), (400, b"{}"), (407, _PAGE)],
    "SLACK_API_URL": [(200, b"5"), (200, b'"ok"'), (200, b"null"), (200, _PAGE), (200, b"[" * 100_000), (407, _PAGE)],
}


class Handler(QuietHandler):
    """Answers every request with `answer` of its server: a status and a body."""

    def do_POST(self) -> None:  # noqa: N802 (the name is http.server's)
        """Answer a request."""
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        status, body = self.server.answer  # type: ignore[attr-defined]  # the test sets it
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def nonsense() -> Iterator[Any]:
    """A server that answers what its attribute `answer` says; `url` is its address."""
    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    with LocalServer(server) as local:
        server.url = local.url
        yield server


@pytest.mark.parametrize("variable", _ANSWERS)
def test_an_answer_that_makes_no_sense_hands_the_messages_back(
    app_env: AppEnvironment,
    nonsense: Any,
    waits: list[float],
    capsys: pytest.CaptureFixture[str],
    variable: str,
) -> None:
    """Whatever stands in an answer, the handler raises nothing for a batch, says that it failed, and quotes nothing."""
    topic = app_env.make_topic("alerts")
    threshold = {"id": "counted", "expression": "event['eventName'] == 'DeleteBucket'"}
    rules = [{**threshold, "threshold": {"count": 1, "minutes": 5}}, _RAISES]
    app_env.configure_bot(sns={"default_topic_arn": topic}, rules=rules)
    app_env.put_log(record(), record())
    app_env.put_log(record(), key=_OTHER_KEY)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(variable, f"{nonsense.url}/api/" if variable == "SLACK_API_URL" else nonsense.url)
        for nonsense.answer in _ANSWERS[variable]:
            assert failed_messages(app_env.invoke(_BATCH)) == ["m0", "m1"]
    assert waits
    assert "xoxb-fake" not in capsys.readouterr().out


def test_a_fault_in_notices_about_itself_fails_what_they_are_about(
    app_env: AppEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where reporting on itself fails in a way that nothing foresaw, the batch's other messages succeed."""

    def fail(*_: Any) -> None:
        raise KeyError("xoxb-fake")

    monkeypatch.setattr(SelfReports, "send", fail)
    app_env.configure_bot(rules=[_RAISES])
    app_env.put_log(record())
    app_env.put_log(record(nope=2), key=_OTHER_KEY)
    assert failed_messages(app_env.invoke(_BATCH)) == ["m0"]
    assert len(app_env.texts()) == 2


@pytest.mark.parametrize("kind", ["bot", "webhook"])
def test_a_redirect_is_not_followed(app_env: AppEnvironment, waits: list[float], kind: str) -> None:
    """Where Slack's address redirects, the token goes nowhere else, and the alert does not count as delivered."""
    requests: list[str] = []

    class Redirecting(QuietHandler):
        def do_POST(self) -> None:  # noqa: N802 (likewise)
            self.rfile.read(int(self.headers["Content-Length"]))
            requests.append(self.path)
            self.send_response(302)
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def do_GET(self) -> None:  # noqa: N802 (likewise)
            requests.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"ok": true, "ts": "1.1"}' if kind == "bot" else b"ok")

    with LocalServer(ThreadingHTTPServer(("127.0.0.1", 0), Redirecting)) as local:
        if kind == "bot":
            app_env.configure_bot(table=False)
            app_env.monkeypatch.setenv("SLACK_API_URL", f"{local.url}/api/")
        else:
            app_env.configure(environment={"SLACK_WEBHOOK_URL": f"{local.url}/hook"})
        app_env.put_log(record())
        assert failed_messages(app_env.invoke(sqs_event(s3_event(KEY)))) == ["m0"]
    assert requests == ["/api/chat.postMessage" if kind == "bot" else "/hook"]
    assert not waits
