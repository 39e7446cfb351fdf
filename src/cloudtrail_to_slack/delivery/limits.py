"""How much one invocation may send to an address, and how much it may hold in memory."""

import math
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from cloudtrail_to_slack.delivery.routing import Target
from cloudtrail_to_slack.destinations.base import MessageLimit
from cloudtrail_to_slack.retry import Steps

Waiting = TypeVar("Waiting")
_MOST_BYTES = 2 * 1024**2  # of the records of all alerts in memory
_SMALL_BYTES = 16 * 1024  # not counted: CloudTrail's records have a few KB
_LOOK_AGAIN_SECONDS = 0.1


@dataclass(slots=True)
class Slots(Generic[Waiting]):
    """The slots for alerts, or for one kind of notice, at one address.

    Of what is not critical there are at most `limit` messages, one of which is the summary of the `overflow`. Critical
    alerts take slots first, for they are sorted by severity, and are sent when no slot is left, too.

    `message_limit` is the destination's; `most_single` is how many of its messages may be about one thing each. `sent`
    counts all messages, `limited` those that the limit is for. `reserved` slots are kept for the summary. `parent` is
    the summary's first message, to which the others reply; `has_threads` is False where there is no such thing.
    """

    target: Target
    message_limit: MessageLimit[Any]
    most_single: int
    has_threads: bool
    sent: int = 0
    limited: int = 0
    reserved: int = 1
    parent: str | None = None
    overflow: list[Waiting] = field(default_factory=list)

    @property
    def limit(self) -> int:
        """How many messages there may be in an invocation."""
        return self.message_limit.per_invocation

    @property
    def at_limit(self) -> bool:
        """True when only the slots reserved for the summary are left."""
        return self.sent >= min(self.limit, self.most_single) - self.reserved

    @property
    def exhausted(self) -> bool:
        """True when there is no slot even for a summary, and no thread in which it could go on."""
        return self.limited >= self.limit and not self.parent

    def expect(self, pending: int) -> None:
        """Reserve slots for the summary of what `pending` more alerts exceed the limit by.

        In a thread a summary takes one slot; without, each of its messages.
        """
        pending += len(self.overflow)
        if not self.has_threads and pending > self.limit - self.sent:
            messages = math.ceil(pending / self.message_limit.alerts_per_summary)
            self.reserved = max(self.reserved, min(messages, self.limit))

    def count(self, *, limited: bool) -> None:
        """Count a message that was sent; `limited`: the limit is for it."""
        self.sent += 1
        self.limited += limited


class AlertRoom:
    """Lets a delivery wait until there is room in memory for its alert; a single one always fits.

    An alert is made from its record when it is sent, and takes some 20 times as much memory. Each of dozens of
    destinations may have one that waits, for a rate limit say.
    """

    def __init__(self) -> None:
        self._taken = 0

    def wait(self, size: int) -> Steps[None]:
        """Wait until there is room for the alert of a record of `size` bytes."""
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
