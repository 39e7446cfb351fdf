"""Post JSON documents to destinations that are reached over HTTPS."""

import time
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from cloudtrail_to_slack.errors import TransientError

if TYPE_CHECKING:
    import requests

_CONNECT_SECONDS = 3.0
_IDLE_SECONDS = 30.0  # between invocations Lambda freezes the process; to notice a dead connection may take a time-out


class HttpClient:
    """Posts over connections that persist while they are in use."""

    def __init__(self) -> None:
        self._last_used = 0.0

    def post(self, url: str, body: Mapping[str, Any], timeout: float) -> "requests.Response":
        """Post a document, and return the response, whatever its status.

        A redirect is not followed: its target must not get the document.

        Raises:
            TransientError: there is no response.
        """
        if time.time() - self._last_used > _IDLE_SECONDS:
            self._session.close()  # its connections; it makes new ones
        try:
            return self._session.post(
                url,
                json=body,
                timeout=(min(_CONNECT_SECONDS, timeout), timeout),
                allow_redirects=False,
            )
        except OSError as error:  # the base of requests' errors, whose messages quote the address
            raise TransientError(f"connection_failed_{type(error).__name__}") from None
        finally:
            self._last_used = time.time()

    @cached_property
    def _session(self) -> "requests.Session":
        import requests  # noqa: PLC0415 (20 ms of a cold start)

        return requests.Session()
