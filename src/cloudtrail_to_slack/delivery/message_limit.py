"""How many messages an address gets in one invocation, and what waits for a summary.

Alerts and each kind of notice have slots of their own. Alerts that are not critical get at most `limit` messages, one
of which is the summary of those beyond it. Critical alerts take slots first, for they are sorted by severity, and are
sent when no slot is left, too: a summary never replaces one.
"""

import math
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from cloudtrail_to_slack.delivery.routing import Target
from cloudtrail_to_slack.destinations.base import MessageLimit

Waiting = TypeVar("Waiting")


@dataclass(slots=True)
class Slots(Generic[Waiting]):
    """The slots of one kind of message at one address.

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
            self.reserved = max(
                self.reserved, min(math.ceil(pending / self.message_limit.alerts_per_summary), self.limit)
            )

    def count(self, *, limited: bool) -> None:
        """Count a message that was sent; `limited`: the limit is for it."""
        self.sent += 1
        self.limited += limited
