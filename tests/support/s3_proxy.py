"""A proxy between a client and the S3 of a moto server: it counts requests, holds them, or answers in place of S3."""

import http.client
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from support.local_server import LocalServer, QuietHandler

_PATIENCE = 30  # seconds until a request that is held is answered anyway


class S3Proxy(LocalServer):
    """Passes requests on to `endpoint`. `listed` are the prefixes that were listed, `read` the objects that were read.

    `faults` has for each key what S3 answers instead, one request after the other: "slow", "error", "denied", "cut" or
    "close". Reads are held until `hold_until_in_flight` of them are there at once. `before` is called before each read
    with its number.
    """

    def __init__(self, endpoint: str) -> None:
        self.listed: list[str] = []
        self.read: list[tuple[str, str]] = []
        self.faults: dict[str, list[str]] = {}
        self.hold_until_in_flight = 0
        self.most_in_flight = 0
        self.before: Callable[[int], object] = lambda _number: None
        self._in_flight = 0
        self._condition = threading.Condition()
        self._endpoint = urlsplit(endpoint).netloc
        proxy = self

        class Handler(QuietHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:  # noqa: N802 (the name is http.server's)
                proxy._answer(self)

            do_HEAD = do_GET  # noqa: N815 (the name is http.server's)

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, request: Any, client_address: Any) -> None:
                """Say nothing: clients that close connections are what tests are about."""

        super().__init__(Server(("127.0.0.1", 0), Handler))

    def _answer(self, handler: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(handler.path)
        bucket, _, key = unquote(parts.path).lstrip("/").partition("/")
        if handler.command == "GET" and not key:
            with self._condition:
                self.listed.append(parse_qs(parts.query).get("prefix", [""])[0])
        if handler.command != "GET" or not key:
            self._pass_on(handler, cut=False)
            return
        with self._condition:
            self.read.append((bucket, key))
            number = len(self.read)
            fault = self.faults[key].pop(0) if self.faults.get(key) else ""
            self._in_flight += 1
            self.most_in_flight = max(self.most_in_flight, self._in_flight)
            self._condition.notify_all()
            self._condition.wait_for(lambda: self.most_in_flight >= self.hold_until_in_flight, _PATIENCE)
        try:
            self.before(number)
            self._read(handler, fault)
        finally:
            with self._condition:
                self._in_flight -= 1

    def _read(self, handler: BaseHTTPRequestHandler, fault: str) -> None:
        answers = {"slow": (503, "SlowDown"), "error": (500, "InternalError"), "denied": (403, "AccessDenied")}
        if fault == "close":
            handler.close_connection = True
            handler.connection.close()
        elif fault in answers:
            status, code = answers[fault]
            self._send(handler, status, {}, f"<Error><Code>{code}</Code></Error>".encode())
        else:
            self._pass_on(handler, cut=fault == "cut")

    def _pass_on(self, handler: BaseHTTPRequestHandler, *, cut: bool) -> None:
        connection = http.client.HTTPConnection(self._endpoint, timeout=30)
        try:
            connection.request(handler.command, handler.path, headers=dict(handler.headers))
            answer = connection.getresponse()
            body = answer.read()
            headers = {name: value for name, value in answer.headers.items() if name.lower() in _PASSED_ON}
            length = int(answer.headers.get("Content-Length", len(body)))
        finally:
            connection.close()
        if cut:
            handler.close_connection = True
            body = body[: len(body) // 2]
        self._send(handler, answer.status, headers, body, length)

    def _send(
        self, handler: BaseHTTPRequestHandler, status: int, headers: dict[str, str], body: bytes, length: int = -1
    ) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(body) if length < 0 else length))
        handler.end_headers()
        handler.wfile.write(body)


_PASSED_ON = frozenset(
    {"etag", "content-type", "content-range", "content-encoding", "x-amz-bucket-region", "accept-ranges"}
)
