"""Limits of one invocation: messages per address, and alerts in memory."""

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
_SMALL_BYTES = 16 * 1024  # records up to this size are not counted; most have a few KB
_CHECK_AGAIN_SECONDS = 0.1


@dataclass(slots=True)
class Slots(Generic[Waiting]):
    """The slots for alerts, or for one kind of notice, at one address.

    At most `limit` messages are not critical, and one of them is the summary of the `overflow`. Critical alerts take
    slots first, because they are sorted by severity, and are sent even if no slot is left.

    `message_limit` is the destination's; `most_single` is how many messages may hold a single alert or notice. `sent`
    counts all messages, `limited` those that count towards the limit. `reserved` slots are kept for the summary.
    `parent` is the summary's first message, to which the others reply, if the destination `has_threads`.
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
        """The most messages in an invocation."""
        return self.message_limit.per_invocation

    @property
    def at_limit(self) -> bool:
        """True when only the slots reserved for the summary are left."""
        return self.sent >= min(self.limit, self.most_single) - self.reserved

    @property
    def exhausted(self) -> bool:
        """True when no slot is left even for a summary, and it has no thread to continue in."""
        return self.limited >= self.limit and not self.parent

    def expect(self, pending: int) -> None:
        """Reserve slots for the summary of those of `pending` more alerts that will exceed the limit.

        In a thread a summary takes one slot; otherwise each of its messages takes one.
        """
        pending += len(self.overflow)
        if not self.has_threads and pending > self.limit - self.sent:
            messages = math.ceil(pending / self.message_limit.alerts_per_summary)
            self.reserved = max(self.reserved, min(messages, self.limit))

    def count(self, *, limited: bool) -> None:
        """Count a message that was sent; `limited`: it counts towards the limit."""
        self.sent += 1
        self.limited += limited


class AlertMemory:
    """Limits the memory of alerts that are being sent; a single one always fits.

    An alert is made from its record when it is sent, and takes about 20 times as much memory. Each of dozens of
    destinations may have one that waits, such as for a rate limit.
    """

    def __init__(self) -> None:
        self._reserved = 0

    def wait_for(self, size: int) -> Steps[None]:
        """Wait until there is memory for the alert of a record of `size` bytes."""
        while size > _SMALL_BYTES and self._reserved and self._reserved + size > _MOST_BYTES:
            yield _CHECK_AGAIN_SECONDS

    @contextmanager
    def reserve(self, size: int) -> Generator[None, None, None]:
        """Reserve the memory of an alert while it is sent."""
        size = size if size > _SMALL_BYTES else 0
        self._reserved += size
        try:
            yield
        finally:
            self._reserved -= size
