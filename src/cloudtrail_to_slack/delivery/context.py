"""What all delivery jobs of an invocation share."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from cloudtrail_to_slack.alerts.text import Line, Value, joined
from cloudtrail_to_slack.clock import Clock
from cloudtrail_to_slack.delivery.deduplication import DeduplicationStore
from cloudtrail_to_slack.delivery.limits import AlertRoom, Slots
from cloudtrail_to_slack.delivery.results import Outcome, Results, Undelivered
from cloudtrail_to_slack.delivery.routing import Router, Target
from cloudtrail_to_slack.delivery.scheduler import Scheduler
from cloudtrail_to_slack.delivery.sending import Sender
from cloudtrail_to_slack.destinations.base import Destination, Sent, Sizes, Threads
from cloudtrail_to_slack.errors import DeliveryError
from cloudtrail_to_slack.ingest.payloads import MessageIds
from cloudtrail_to_slack.observability.logging import logger
from cloudtrail_to_slack.retry import Steps, with_retries

if TYPE_CHECKING:
    from cloudtrail_to_slack.delivery.jobs import DeliveryJob

_WARNING_SECONDS = 3600  # between two about the same route
_MOST_LOGGED = 50  # of what did not reach one target for one reason
_NOTICES_OF_A_KIND = 5  # of messages at an address; beyond it one lists the rest
_ACCOUNTS_SHOWN = 3


class DeliveryContext:
    """What the jobs share.

    `misconfigured` has the error's code of each target that accepts nothing, `slots` those of each target for alerts
    ("") or a kind of notices.
    """

    def __init__(self, destinations: Mapping[str, Destination[Any]], store: DeduplicationStore, clock: Clock) -> None:
        self.destinations = destinations
        self.store = store
        self.clock = clock
        self.results = Results()
        self.router = Router(destinations)
        self.scheduler = Scheduler(clock)
        self.room = AlertRoom()
        self.failures: list[tuple[MessageIds, Undelivered]] = []
        self.misconfigured: dict[Target, str] = {}
        self.slots: dict[tuple[Target, str], Slots[DeliveryJob]] = {}
        self.threads: dict[str, Threads[Any] | None] = {}
        self._sender = Sender(clock, self.results)
        self._undelivered: Counter[tuple[Target, str]] = Counter()

    def threads_of(self, target: Target) -> Threads[Any] | None:
        """Return the threads of a target's destination; None where it has none."""
        name = target.destination
        if name not in self.threads:
            self.threads[name] = self.destinations[name].threads(self.clock)
        return self.threads[name]

    def slots_of(self, target: Target, kind: str | None) -> "Slots[DeliveryJob] | None":
        """Return the slots of a target for alerts ("") or a kind of notices; None where there is no limit."""
        limit = self.destinations[target.destination].limit
        if limit is None or kind is None:
            return None
        if (target, kind) not in self.slots:
            most_single = _NOTICES_OF_A_KIND if kind else limit.per_invocation
            has_threads = self.threads_of(target) is not None
            self.slots[target, kind] = Slots(target, limit, most_single, has_threads)
        return self.slots[target, kind]

    def send(
        self, target: Target, keys: Sequence[str], sizes: Sizes[Any], parent: str | None = None
    ) -> Steps[Sent[Any]]:
        """Send the largest of some sizes that the target accepts, while the leases of `keys` hold."""
        destination, check = self.destinations[target.destination], partial(self.store.prolong, keys)
        return (yield from self._sender.send(destination, target.address, check, sizes, parent))

    def record_delivered(self, keys: Sequence[str]) -> Steps[None]:
        """Record that these are delivered; that they are is true whether or not it can be recorded."""
        try:
            yield from with_retries(partial(self.store.complete, keys))
        except DeliveryError as error:
            extra = {"keys": len(keys), "code": error.code}
            logger.warning("delivered but not recorded: a retry may deliver it again", extra=extra)

    def record_failure(self, target: Target, message_ids: MessageIds, what: str, code: str) -> Undelivered:
        """Record that something did not reach a target; of thousands, as in a flood, only the first are logged."""
        address = self.router.describe(target)
        failure = Undelivered(what, address, code)
        self.results.count(target.destination, Outcome.UNDELIVERED)
        self.failures.append((message_ids, failure))
        self._undelivered[target, code] += 1
        count = self._undelivered[target, code]
        if count <= _MOST_LOGGED + 1:
            what = what if count <= _MOST_LOGGED else "more, for the same reason, which are not logged"
            extra = {"what": what, "destination": target.destination, "address": address, "code": code}
            logger.error("undelivered", extra=extra)
        return failure

    def route_warning(self, target: Target, code: str) -> tuple[str, Line] | None:
        """Return what to say of a target that cannot be used, and the key to release if it cannot be said.

        None when it was said lately.
        """
        key = f"route#{target_key(target)}"
        if not self.store.acquire_cooldown(key, _WARNING_SECONDS):
            return None
        accounts = self.router.accounts(target)
        shown = joined(Value(account, 20) for account in accounts[:_ACCOUNTS_SHOWN])
        return key, (
            "Sent to the default route: the route of ", "account " if len(accounts) == 1 else "accounts ", *shown,
            " and others" if accounts[_ACCOUNTS_SHOWN:] else "", " cannot be used. ", self.router.describe(target),
            " answers ", Value(code), ". To fix it: ",
            self.destinations[target.destination].fixes.get(code, "see the destination's documentation for that error"),
            ".",
        )  # fmt: skip


def target_key(target: Target) -> str:
    """Return what stands for a target in keys: of its address only a digest, for webhooks are secrets."""
    return f"{target.destination}#{hashlib.sha256(target.address.encode()).hexdigest()[:32]}"
