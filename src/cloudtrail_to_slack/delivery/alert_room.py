"""How many large alerts may be in memory at once.

An alert is made from its record when it is sent, and takes some 20 times as much memory. Each destination may have one
that waits, for a rate limit say, and there may be dozens of destinations.
"""

from collections.abc import Generator
from contextlib import contextmanager

from cloudtrail_to_slack.retry import Steps

_MOST_BYTES = 2 * 1024**2  # of the records of all alerts in memory
_SMALL_BYTES = 16 * 1024  # not counted: CloudTrail's records have a few KB
_LOOK_AGAIN_SECONDS = 0.1


class AlertRoom:
    """Lets a delivery wait until there is room for its alert. A single one always fits."""

    def __init__(self) -> None:
        self._taken = 0

    def wait(self, size: int) -> Steps[None]:
        """Wait until there is room for the alert of a record of `size` bytes.

        Raises:
            DeadlineExceededError: the invocation ends before there is.
        """
        while size > _SMALL_BYTES and self._taken and self._taken + size > _MOST_BYTES:
            yield _LOOK_AGAIN_SECONDS

    @contextmanager
    def taken(self, size: int) -> Generator[None, None, None]:
        """Take the room of an alert for as long as it is in memory."""
        size = size if size > _SMALL_BYTES else 0
        self._taken += size
        try:
            yield
        finally:
            self._taken -= size
