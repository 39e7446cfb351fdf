"""Serving the page of previews on this machine alone; everything is read anew for each request."""

import hashlib
import secrets
from collections.abc import Callable, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

from cloudtrail_to_slack_cli.errors import CommandError
from cloudtrail_to_slack_cli.preview.page import render_page
from cloudtrail_to_slack_cli.preview.previews import Preview

HOST = "127.0.0.1"


class PreviewServer(ThreadingHTTPServer):
    """Serves the previews that `read` returns; the page reloads when one of `files` changes. Port 0: any free one.

    Raises:
        CommandError: the port is taken.
    """

    daemon_threads = True

    def __init__(self, read: Callable[[], Sequence[Preview]], files: Sequence[str], port: int) -> None:
        self._read = read
        self._files = files
        try:
            super().__init__((HOST, port), _Handler)
        except OSError as error:
            raise CommandError(f"port {port} cannot be used ({error.strerror}): choose one with --port") from None

    @property
    def url(self) -> str:
        """Where the page is."""
        return f"http://localhost:{self.server_port}/"

    def version(self) -> str:
        """Return what is another when a file has changed."""
        digest = hashlib.blake2b(digest_size=8)
        for file in self._files:
            try:
                state = Path(file).stat()
            except OSError:
                digest.update(b"missing")
            else:
                digest.update(f"{state.st_mtime_ns} {state.st_size} {state.st_ino}".encode())
        return digest.hexdigest()

    def page(self, nonce: str) -> str:
        """Return the page as the files are now; with what is wrong, where they cannot be read."""
        version = self.version()
        try:
            return render_page(self._read(), version, nonce)
        except CommandError as error:
            return render_page((), version, nonce, str(error))


class _Handler(BaseHTTPRequestHandler):
    """Answers GET / and GET /version."""

    server: PreviewServer
    server_version = "cloudtrail-to-slack"
    _OWN_HOSTS: ClassVar = ("localhost", HOST)

    def do_GET(self) -> None:
        """Answer a request."""
        host = (self.headers.get("Host") or "").rsplit(":", 1)[0]
        if host not in self._OWN_HOSTS:  # another site's name that leads here must not read the events
            self._answer(403, "text/plain", "only for this machine")
        elif self.path == "/version":
            self._answer(200, "text/plain", self.server.version())
        elif self.path == "/":
            nonce = secrets.token_urlsafe(16)
            self._answer(200, "text/html", self.server.page(nonce), nonce)
        else:
            self._answer(404, "text/plain", "there is only /")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class has this name)
        """Log nothing."""

    def _answer(self, status: int, kind: str, text: str, nonce: str = "") -> None:
        content = text.encode("utf-8", "replace")
        script = f"'nonce-{nonce}'" if nonce else "'none'"
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header(
            "Content-Security-Policy",
            f"default-src 'none'; style-src 'unsafe-inline'; img-src data:; connect-src 'self'; script-src {script};"
            " base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        )
        self.end_headers()
        try:
            self.wfile.write(content)
        except (BrokenPipeError, ConnectionResetError):  # the browser went on
            self.close_connection = True
