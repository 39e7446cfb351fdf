"""Delivering alerts and notices to where they are routed to, each once, and recording what could not be delivered.

Each address has its own queue, in which the most severe alerts come first, then the earliest; what one has to wait for,
or cannot accept, does not delay another. See `jobs` for one delivery, and `deduplication` for what keeps it from being
repeated.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from cloudtrail_to_slack.alerts.alert import AlertFactory, PendingAlert
from cloudtrail_to_slack.alerts.notice import Notice
from cloudtrail_to_slack.clock import Clock
from cloudtrail_to_slack.delivery.context import DeliveryContext, target_key
from cloudtrail_to_slack.delivery.deduplication import DeduplicationStore
from cloudtrail_to_slack.delivery.jobs import AlertJob, DeliveryJob, NoticeJob
from cloudtrail_to_slack.delivery.limits import Slots
from cloudtrail_to_slack.delivery.overflow import OverflowSummary
from cloudtrail_to_slack.delivery.results import Outcome, Undelivered
from cloudtrail_to_slack.delivery.routing import Target
from cloudtrail_to_slack.destinations.base import Destination
from cloudtrail_to_slack.ingest.payloads import MessageIds
from cloudtrail_to_slack.observability.logging import id_to_log, log_unexpected, logger


class Delivery:
    """Delivers the alerts and notices of one invocation. No method of it raises.

    `failures` has what did not arrive, and the ids of the messages that asked for it.
    """

    def __init__(self, destinations: Mapping[str, Destination[Any]], store: DeduplicationStore, clock: Clock) -> None:
        self._context = DeliveryContext(destinations, store, clock)
        self._scheduler = self._context.scheduler
        self.results = self._context.results
        self.router = self._context.router
        self.failures = self._context.failures
        self._jobs: dict[str, AlertJob] = {}

    def deliver(self, alerts: Iterable[tuple[PendingAlert, AlertFactory, MessageIds]]) -> None:
        """Deliver alerts to every destination they are routed to, as far as each address's limit goes.

        The most severe come first, and critical ones always. What exceeds the limit is summarised by `finish`.
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
            slots = self._context.slots_of(target, "")
            if slots:
                slots.expect(alerts_for_it)
        self._scheduler.run()

    def notify(self, notices: Iterable[tuple[Notice, MessageIds]]) -> None:
        """Deliver notices, after the alerts; what exceeds the limit of a kind of them as a summary."""
        for notice, message_ids in notices:
            targets = self.router.notice_targets(notice.account)
            if not targets:
                self.unrouted(notice.name, "no route and no default", message_ids)
            for target in targets:
                self._add_notice(notice, target, message_ids)
        self._scheduler.run()
        self._summarize_overflow()

    def notify_at(self, notices: Iterable[tuple[Target, Notice]], message_ids: MessageIds) -> list[bool]:
        """Deliver notices, each to one target; return whether each arrived. `message_ids` must not be empty."""
        jobs = [self._add_notice(notice, target, message_ids) for target, notice in notices]
        self._scheduler.run()
        return [job.arrived for job in jobs]

    def finish(self) -> None:
        """Summarise what exceeded the message limits, and show how many alerts each thread has by now."""
        self._summarize_overflow()
        try:
            for threads in filter(None, self._context.threads.values()):
                threads.show_counts()
        except Exception as error:  # noqa: BLE001 (whatever went wrong, its text might quote the secret)
            log_unexpected("showing how many alerts a thread has", error)

    def unrouted(self, what: str, code: str, message_ids: MessageIds) -> None:
        """Record that something has no destination at all."""
        self.results.count("unrouted", Outcome.UNDELIVERED)
        logger.error("undelivered", extra={"what": what, "destination": "unrouted", "code": code})
        self.failures.append((message_ids, Undelivered(what, "any destination", code)))

    def _summarize_overflow(self) -> None:
        while full := [(kind, slots) for (_, kind), slots in self._context.slots.items() if slots.overflow]:
            for kind, slots in full:
                overflow, slots.overflow = slots.overflow, []
                first = overflow[0]
                if len(overflow) == 1 and first.can_be_alone and slots.limited < slots.limit:
                    first.is_exempt = True
                    self._scheduler.add(slots.target, first.order, first)
                else:
                    self._scheduler.add(slots.target, first.order, self._summary(kind, slots, overflow))
            self._scheduler.run()

    def _summary(self, kind: str, slots: Slots[DeliveryJob], overflow: list[DeliveryJob]) -> OverflowSummary:
        limit = slots.message_limit
        summarize = limit.summarize_notices if kind else limit.summarize_alerts
        return OverflowSummary(self._context, slots, overflow, summarize)

    def _add(self, alert: PendingAlert, make: AlertFactory, name: str, target: Target, message_ids: MessageIds) -> bool:
        """Queue an alert, unless it is or was queued already; return whether a limit is for it."""
        key = f"alert#{target_key(target)}#{alert.key}"
        known = self._jobs.get(key)
        if known is None:
            known = self._jobs[key] = AlertJob(
                context=self._context, subject=alert, make=make, name=name, target=target, message_ids=message_ids,
                key=key, kind="",
            )  # fmt: skip
            self._scheduler.add(target, known.order, known)
            return not known.is_critical
        self.results.count(target.destination, Outcome.DUPLICATE_AVOIDED)
        known.add_source(message_ids)
        return False

    def _add_notice(self, notice: Notice, target: Target, message_ids: MessageIds) -> NoticeJob:
        job = NoticeJob(
            context=self._context, subject=notice, name=notice.name, target=target, message_ids=message_ids,
            key=f"notice#{target_key(target)}#{notice.identity}" if notice.identity else None,
            kind=notice.group.kind if notice.group else None,
        )  # fmt: skip
        self._scheduler.add(target, job.order, job)
        return job
