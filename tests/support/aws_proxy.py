"""A proxy between a client and a moto server: it records each call, and may answer in place of AWS."""

import http.client
import json
import threading
from collections.abc import Callable
from http.server import ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from support.local_server import LocalServer, QuietHandler

# What is answered in place of AWS: an HTTP status and a body. None: the answer of AWS.
Answer = tuple[int, dict[str, Any]]
Meet = Callable[[str, dict[str, Any]], Answer | None]


def refusal(code: str, status: int = 400) -> Answer:
    """Return an error in the form of the JSON protocols of AWS."""
    return status, {"__type": code, "message": "as the test wants it"}


class AwsProxy(LocalServer):
    """Passes calls of services with a JSON protocol on to `endpoint`; asks `meet` first, with operation and body."""

    def __init__(self, endpoint: str) -> None:
        self.meet: Meet = lambda _operation, _body: None
        self.seen: list[tuple[str, dict[str, Any]]] = []
        self._endpoint = urlsplit(endpoint).netloc
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        proxy = self

        class Handler(QuietHandler):
            def do_POST(self) -> None:  # noqa: N802 (the name is http.server's)
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status, answer = proxy.answered(dict(self.headers), self.path, body)
                self.send_response(status)
                self.send_header("Content-Type", "application/x-amz-json-1.1")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

        super().__init__(ThreadingHTTPServer(("127.0.0.1", 0), Handler))

    def operations(self, name: str) -> int:
        """Return how many calls of an operation there were."""
        return len([operation for operation, _ in self.seen if operation == name])

    def answered(self, headers: dict[str, str], path: str, body: bytes) -> tuple[int, bytes]:
        """Answer one call."""
        operation = headers["X-Amz-Target"].rpartition(".")[2]
        parsed = json.loads(body)
        with self._lock:
            self.seen.append((operation, parsed))
        met = self.meet(operation, parsed)
        if met:
            return met[0], json.dumps(met[1]).encode()
        if operation == "UpdateItem":  # DynamoDB makes one conditional write at a time; moto's threads do not
            with self._writing:
                return self._passed_on(headers, path, body)
        return self._passed_on(headers, path, body)

    def _passed_on(self, headers: dict[str, str], path: str, body: bytes) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection(self._endpoint, timeout=30)
        try:
            connection.request("POST", path, body, {name: headers[name] for name in headers if name != "Host"})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()
