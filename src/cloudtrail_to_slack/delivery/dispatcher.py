"""Deliver alerts and notices to their destinations, each once, and record what could not be delivered.

Each address has its own queue, in which the most severe alerts come first, then the earliest. An address that is slow
or rejects messages does not delay the others. See `jobs` for one delivery, and `deduplication` for how repeats are
avoided.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from cloudtrail_to_slack.alerts.alert import AlertFactory, PendingAlert
from cloudtrail_to_slack.alerts.notice import Notice
from cloudtrail_to_slack.alerts.text import Line, Value, joined
from cloudtrail_to_slack.clock import Clock
from cloudtrail_to_slack.delivery.deduplication import DeduplicationStore
from cloudtrail_to_slack.delivery.jobs import AlertJob, DeliveryJob, NoticeJob, OverflowSummary
from cloudtrail_to_slack.delivery.limits import AlertMemory, Slots
from cloudtrail_to_slack.delivery.results import Outcome, Results, Undelivered
from cloudtrail_to_slack.delivery.routing import Router, Target
from cloudtrail_to_slack.delivery.scheduler import Scheduler
from cloudtrail_to_slack.delivery.sending import Sender
from cloudtrail_to_slack.destinations.base import Destination, Sent, Sizes, Threads
from cloudtrail_to_slack.errors import DeliveryError
from cloudtrail_to_slack.ingest.payloads import MessageIds
from cloudtrail_to_slack.observability.logging import id_to_log, log_unexpected, logger
from cloudtrail_to_slack.retry import Steps, with_retries
from cloudtrail_to_slack.rules import Severity

_WARNING_SECONDS = 3600  # between two warnings about the same route
_MOST_LOGGED = 50  # failures of one target for one reason
_NOTICES_OF_A_KIND = 5  # messages for one address; the last lists the rest
_ACCOUNTS_SHOWN = 3


class Delivery:
    """Delivers the alerts and notices of one invocation: `deliver`, `notify`, `notify_at` and `finish` never raise.

    `failures` holds what was not delivered, and the messages it came from. The jobs share the rest: `misconfigured` has
    the error code of each target that accepts nothing, and `slots` those of each target for alerts ("") or a kind of
    notice.
    """

    def __init__(self, destinations: Mapping[str, Destination[Any]], store: DeduplicationStore, clock: Clock) -> None:
        self.destinations = destinations
        self.store = store
        self.clock = clock
        self.results = Results()
        self.router = Router(destinations)
        self.scheduler = Scheduler(clock)
        self.memory = AlertMemory()
        self.failures: list[tuple[MessageIds, Undelivered]] = []
        self.misconfigured: dict[Target, str] = {}
        self.slots: dict[tuple[Target, str], Slots[DeliveryJob]] = {}
        self._jobs: dict[str, AlertJob] = {}
        self._threads: dict[str, Threads[Any] | None] = {}
        self._sender = Sender(clock, self.results)
        self._undelivered: Counter[tuple[Target, str]] = Counter()

    def deliver(self, alerts: Iterable[tuple[PendingAlert, AlertFactory, MessageIds]]) -> None:
        """Deliver alerts to every destination they are routed to, within each address's message limit.

        The most severe come first, and critical ones are always sent. `finish` summarizes what exceeds the limit.
        """
        pending: Counter[Target] = Counter()
        for alert, make, message_ids in alerts:
            name = f"the alert of event {id_to_log(alert.event_id) or 'without id'}"
            targets = self.router.targets(alert.account, alert.severity)
            if not targets:
                self.unrouted(name, f"no route and no default for account {alert.account or 'unknown'}", message_ids)
            for target in targets:
                pending[target] += self._add(alert, make, name, target, message_ids)
        for target, alerts_for_it in pending.items():
            slots = self.slots_of(target, "")
            if slots:
                slots.expect(alerts_for_it)
        self.scheduler.run()

    def notify(self, notices: Iterable[tuple[Notice, MessageIds]]) -> None:
        """Deliver notices, after the alerts; those beyond the limit of their kind as a summary."""
        for notice, message_ids in notices:
            targets = self.router.notice_targets(notice.account)
            if not targets:
                self.unrouted(notice.name, "no route and no default", message_ids)
            for target in targets:
                self._add_notice(notice, target, message_ids)
        self.scheduler.run()
        self.finish()

    def notify_at(self, notices: Iterable[tuple[Target, Notice]], message_ids: MessageIds) -> list[bool]:
        """Deliver notices, each to one target; return whether each was delivered. `message_ids` must not be empty."""
        jobs = [self._add_notice(notice, target, message_ids) for target, notice in notices]
        self.scheduler.run()
        return [job.finished and job.failure is None for job in jobs]

    def finish(self) -> None:
        """Summarize what exceeded the message limits."""
        while full := [(kind, slots) for (_, kind), slots in self.slots.items() if slots.overflow]:
            for kind, slots in full:
                overflow, slots.overflow = slots.overflow, []
                first, limit = overflow[0], slots.message_limit
                job: DeliveryJob | OverflowSummary = first
                if len(overflow) == 1 and first.can_be_alone and slots.limited < slots.limit:
                    first.is_exempt = True
                else:
                    summarize = limit.summarize_notices if kind else limit.summarize_alerts
                    job = OverflowSummary(self, slots, sorted(overflow, key=lambda job: job.order), summarize)
                self.scheduler.add(slots.target, first.order, job)
            self.scheduler.run()

    def close(self) -> None:
        """Complete the threads after all deliveries: show how many alerts each has, and post details."""
        try:
            for threads in filter(None, self._threads.values()):
                threads.finish()
        except Exception as error:  # noqa: BLE001 (whatever went wrong, its text might quote the secret)
            log_unexpected("completing threads", error)

    def unrouted(self, what: str, code: str, message_ids: MessageIds) -> None:
        """Record that something has no destination."""
        self.results.count("unrouted", Outcome.UNDELIVERED)
        logger.error("undelivered", extra={"what": what, "destination": "unrouted", "code": code})
        self.failures.append((message_ids, Undelivered(what, "any destination", code)))

    def threads_of(self, target: Target) -> Threads[Any] | None:
        """Return the threads of a target's destination; None: it has none."""
        name = target.destination
        if name not in self._threads:
            self._threads[name] = self.destinations[name].threads(self.clock)
        return self._threads[name]

    def slots_of(self, target: Target, kind: str | None) -> Slots[DeliveryJob] | None:
        """Return the slots of a target for alerts ("") or a kind of notice; None: there is no limit."""
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
        """Send the largest size that the target accepts, while the leases of `keys` last."""
        destination, check = self.destinations[target.destination], partial(self.store.prolong, keys)
        return (yield from self._sender.send(destination, target.address, check, sizes, parent))

    def record_delivered(self, keys: Sequence[str]) -> Steps[None]:
        """Record a delivery; if that is impossible, log it, because the delivery itself succeeded."""
        try:
            yield from with_retries(partial(self.store.complete, keys))
        except DeliveryError as error:
            extra = {"keys": len(keys), "code": error.code}
            logger.warning("delivered but not recorded: a retry may deliver it again", extra=extra)

    def record_failure(self, target: Target, message_ids: MessageIds, what: str, code: str) -> Undelivered:
        """Record that something did not reach a target; in a flood, log only the first failures."""
        address = self.router.describe(target)
        failure = Undelivered(what, address, code)
        self.results.count(target.destination, Outcome.UNDELIVERED)
        self.failures.append((message_ids, failure))
        self._undelivered[target, code] += 1
        count = self._undelivered[target, code]
        if count <= _MOST_LOGGED + 1:
            what = what if count <= _MOST_LOGGED else "further ones, for the same reason, which are not logged"
            extra = {"what": what, "destination": target.destination, "address": address, "code": code}
            logger.error("undelivered", extra=extra)
        return failure

    def route_warning(self, target: Target, code: str) -> tuple[str | None, Line | None]:
        """Return a key to release if sending fails, and the warning about an unusable target; None: sent recently."""
        key = f"route#{target.key}"
        if not self.store.acquire_cooldown(key, _WARNING_SECONDS):
            return None, None
        accounts = self.router.accounts(target)
        shown = joined(Value(account, 20) for account in accounts[:_ACCOUNTS_SHOWN])
        fix = self.destinations[target.destination].fixes.get(
            code, "see the destination's documentation for that error"
        )
        return key, (
            "Sent to the default route, because the route for ", "account " if len(accounts) == 1 else "accounts ",
            *shown, " and others" if accounts[_ACCOUNTS_SHOWN:] else "", " cannot be used: ",
            self.router.describe(target), " answered ", Value(code), ". To fix it: ", fix, ".",
        )  # fmt: skip

    def _add(self, alert: PendingAlert, make: AlertFactory, name: str, target: Target, message_ids: MessageIds) -> bool:
        """Queue an alert, unless it was queued before; return whether it counts towards the limit."""
        key = f"alert#{target.key}#{alert.key}"
        known = self._jobs.get(key)
        if known:
            self.results.count(target.destination, Outcome.DUPLICATE_AVOIDED)
            known.add_source(message_ids)
            return False
        order, is_critical = (0, -alert.severity, alert.sort_time), alert.severity is Severity.CRITICAL
        job = AlertJob(self, alert, name, target, message_ids, key, "", order, is_critical, make=make)
        self._jobs[key] = job
        self.scheduler.add(target, order, job)
        return not job.is_critical

    def _add_notice(self, notice: Notice, target: Target, message_ids: MessageIds) -> NoticeJob:
        key = f"notice#{target.key}#{notice.identity}" if notice.identity else None
        kind = notice.group.kind if notice.group else None
        job = NoticeJob(self, notice, notice.name, target, message_ids, key, kind)
        self.scheduler.add(target, job.order, job)
        return job
