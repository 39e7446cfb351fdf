"""slack_sdk's client, made to follow no redirect: urllib would send the token to wherever that leads."""

from typing import Any
from urllib.request import HTTPRedirectHandler, HTTPSHandler, Request, build_opener

from slack_sdk import WebClient


class _NoRedirect(HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:  # noqa: ANN401 (urllib's)
        """Return nothing to follow: urllib then raises the redirect as an error."""


class SlackClient(WebClient):
    """A client that makes each call once: slack_sdk's retries do not know how much time the invocation has left."""

    def __init__(self, base_url: str, token: str | None = None, timeout: int = 30) -> None:
        super().__init__(token=token, base_url=base_url, timeout=timeout, retry_handlers=[])
        self._opener = build_opener(_NoRedirect, HTTPSHandler(context=self.ssl))

    def _perform_urllib_http_request_internal(self, url: str, req: Request) -> dict[str, Any]:  # noqa: ARG002 (slack_sdk's)
        with self._opener.open(req, timeout=self.timeout) as answer:
            body = answer.read().decode("utf-8", "replace")
            return {"status": answer.status, "headers": answer.headers, "body": body}
