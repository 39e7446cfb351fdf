"""What all delivery jobs of an invocation share."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from cloudtrail_to_slack.alerts.text import Line, Value, joined
from cloudtrail_to_slack.clock import Clock
from cloudtrail_to_slack.delivery.alert_room import AlertRoom
from cloudtrail_to_slack.delivery.deduplication import DeduplicationStore
from cloudtrail_to_slack.delivery.message_limit import Slots
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


@dataclass(frozen=True, slots=True)
class RouteWarning:
    """What is said of a route that cannot be used, and the key of having said it."""

    key: str
    line: Line


@dataclass(slots=True)
class DeliveryContext:
    """What the jobs share. `misconfigured` has the error's code of each target that accepts nothing."""

    destinations: Mapping[str, Destination[Any]]
    router: Router
    store: DeduplicationStore
    clock: Clock
    results: Results
    scheduler: Scheduler
    sender: Sender
    failures: list[tuple[MessageIds, Undelivered]] = field(default_factory=list)
    slots: dict[tuple[Target, str], Slots["DeliveryJob"]] = field(default_factory=dict)
    room: AlertRoom = field(default_factory=AlertRoom)
    misconfigured: dict[Target, str] = field(default_factory=dict)
    _threads: dict[str, Threads[Any] | None] = field(default_factory=dict)
    _undelivered: Counter[tuple[Target, str]] = field(default_factory=Counter)

    def destination(self, target: Target) -> Destination[Any]:
        """Return a target's destination."""
        return self.destinations[target.destination]

    def threads(self, target: Target) -> Threads[Any] | None:
        """Return the threads of a target's destination; None where it has none."""
        name = target.destination
        if name not in self._threads:
            self._threads[name] = self.destinations[name].threads(self.clock)
        return self._threads[name]

    def all_threads(self) -> Iterable[Threads[Any]]:
        """Return the threads of all destinations that were used."""
        return filter(None, self._threads.values())

    def send(
        self, target: Target, check: Callable[[], None], sizes: Sizes[Any], parent: str | None = None
    ) -> Steps[Sent[Any]]:
        """Send the largest of some sizes that the target accepts; see `Sender.send`."""
        return (yield from self.sender.send(self.destination(target), target.address, check, sizes, parent))

    def fail(self, target: Target, message_ids: MessageIds, what: str, code: str) -> Undelivered:
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

    def slots_for(self, target: Target, notices: str = "") -> "Slots[DeliveryJob] | None":
        """Return the slots that a target has for alerts or a kind of notices; None where there is no limit."""
        limit = self.destination(target).limit
        if limit is None:
            return None
        if (target, notices) not in self.slots:
            most_single = _NOTICES_OF_A_KIND if notices else limit.per_invocation
            has_threads = self.threads(target) is not None
            self.slots[target, notices] = Slots(target, limit, most_single, has_threads)
        return self.slots[target, notices]

    def mark_delivered(self, keys: Sequence[str]) -> Steps[None]:
        """Record that these are delivered; that they are is true whether or not it can be recorded."""
        try:
            yield from with_retries(partial(self.store.complete, keys))
        except DeliveryError as error:
            extra = {"keys": len(keys), "code": error.code}
            logger.warning("delivered but not recorded: a retry may deliver it again", extra=extra)

    def route_warning(self, target: Target, code: str) -> RouteWarning | None:
        """Return what to say of a target that cannot be used; None when it was said lately."""
        key = f"route#{target_key(target)}"
        if not self.store.acquire_cooldown(key, _WARNING_SECONDS):
            return None
        accounts = self.router.accounts(target)
        shown = joined(Value(account, 20) for account in accounts[:_ACCOUNTS_SHOWN])
        line: Line = (
            "Sent to the default route: the route of ", "account " if len(accounts) == 1 else "accounts ", *shown,
            " and others" if accounts[_ACCOUNTS_SHOWN:] else "", " cannot be used. ", self.router.describe(target),
            " answers ", Value(code), ". To fix it: ",
            self.destination(target).fixes.get(code, "see the destination's documentation for that error"), ".",
        )  # fmt: skip
        return RouteWarning(key, line)


def target_key(target: Target) -> str:
    """Return what stands for a target in keys: of its address only a digest, for webhooks are secrets."""
    return f"{target.destination}#{hashlib.sha256(target.address.encode()).hexdigest()[:32]}"
