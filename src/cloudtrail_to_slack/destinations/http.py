"""Post JSON documents to destinations that are reached over HTTPS."""

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from cloudtrail_to_slack.errors import TransientError

if TYPE_CHECKING:
    import requests

_CONNECT_SECONDS = 3.0
_JSON = "application/json; charset=utf-8"  # Slack warns about JSON without a charset


class HttpClient:
    """Posts over persistent connections."""

    def post(self, url: str, body: Mapping[str, Any], timeout: float) -> "requests.Response":
        """Post a document, and return the response, whatever its status.

        A redirect is not followed: its target must not get the document.

        Raises:
            TransientError: there is no response.
        """
        try:
            return self._session.post(
                url,
                json=body,
                headers={"Content-Type": _JSON},
                timeout=(min(_CONNECT_SECONDS, timeout), timeout),
                allow_redirects=False,
            )
        except OSError as error:  # the base of requests' errors, whose messages quote the address
            raise TransientError(f"connection_failed_{type(error).__name__}") from None

    @cached_property
    def _session(self) -> "requests.Session":
        import requests  # noqa: PLC0415 (20 ms of a cold start)

        return requests.Session()
