"""How destinations post over HTTPS."""

from http.server import ThreadingHTTPServer

import pytest

from cloudtrail_to_slack.destinations.http import HttpClient
from support.local_server import LocalServer, QuietHandler


def test_a_connection_that_was_idle_is_not_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Messages of a burst share a connection; after a pause, in which it may have died, there is a new one."""
    ports: list[int] = []

    class Handler(QuietHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:  # noqa: N802 (the name is http.server's)
            self.rfile.read(int(self.headers["Content-Length"]))
            ports.append(self.client_address[1])
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

    client = HttpClient()
    with LocalServer(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as server:
        for idle_seconds in (60, 60, 0):
            monkeypatch.setattr("cloudtrail_to_slack.destinations.http._IDLE_SECONDS", idle_seconds)
            client.post(server.url, {}, 5)
    assert ports[0] == ports[1] != ports[2]
