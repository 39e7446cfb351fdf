"""A small HTTP server that lets one function answer everything."""

import socket
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any, cast
from urllib.parse import urlsplit

from cloudtrail_to_slack_dev.fake_slack.wire import Answer


class Listener(ThreadingHTTPServer):
    """An HTTP server on a free port of 127.0.0.1 that hands each POST to a function.

    The function gets the path, the headers by lower-case name and the body; `None` from it ends the connection.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, answer: Callable[[str, dict[str, str], bytes], Answer | None]) -> None:
        self.answer = answer
        self._open: set[Any] = set()
        self._thread = threading.Thread(target=self.serve_forever, args=(0.02,), name="fake-slack", daemon=True)
        super().__init__(("127.0.0.1", 0), _Handler)

    def run(self) -> None:
        """Serve from now on, in a thread of its own."""
        self._thread.start()

    def end(self) -> None:
        """Stop serving and end open connections."""
        self.shutdown()
        self._thread.join()
        for connection in tuple(self._open):
            # Kept-alive connections would otherwise outlive the server, and clients would go on using them.
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self.server_close()

    def server_bind(self) -> None:
        """Bind to the address without asking DNS about it."""
        # HTTPServer's own looks the name up in DNS, which can take seconds.
        TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", self.server_address[1]

    def get_request(self) -> tuple[Any, Any]:
        """Accept a connection and remember that it is open."""
        connection, address = super().get_request()
        self._open.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:  # noqa: ANN401 (the base class's own signature)
        """End a connection."""
        self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 (the base class's own signature)
        """Report an error, unless the sender has gone away."""
        # A sender that has gone away is what the faults are there to cause.
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Headers and body leave in one packet; in two, delayed acknowledgements cost 40 ms a request.
    wbufsize = -1
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        """Answer one request."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer = cast("Listener", self.server).answer(urlsplit(self.path).path, headers, body)
        if answer is None:
            self.close_connection = True
            return
        content = answer.body.encode()
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(content)))
        if answer.retry_after is not None:
            self.send_header("Retry-After", str(answer.retry_after))
        if answer.scopes is not None:
            self.send_header("X-OAuth-Scopes", answer.scopes)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ANN401 (the base class's own signature)
        """Stay silent; `calls` is the log, and the path may hold a webhook's secret."""
