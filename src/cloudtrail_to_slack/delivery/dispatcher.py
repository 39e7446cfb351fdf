"""Sending alerts and notices to where they are routed to, each once, and remembering what could not be sent.

Each destination has its own lane, in which the most severe alerts come first, then the earliest; what one has to wait
for, or cannot take, does not hold up another. See `parcels` for the way of one alert, and `ledger` for what keeps it
from being told twice.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable

from cloudtrail_to_slack.alerts.alert import AlertFactory, PendingAlert
from cloudtrail_to_slack.alerts.notice import Notice
from cloudtrail_to_slack.clock import Clock
from cloudtrail_to_slack.delivery.deduplication import DeduplicationStore
from cloudtrail_to_slack.delivery.jobs import AlertJob, NoticeJob, Post
from cloudtrail_to_slack.delivery.results import MessageIds, Outcome, Results, Undelivered
from cloudtrail_to_slack.delivery.routing import Router, Target
from cloudtrail_to_slack.delivery.scheduler import Scheduler
from cloudtrail_to_slack.destinations.registry import Destinations
from cloudtrail_to_slack.destinations.slack.overflow import OverflowSummary
from cloudtrail_to_slack.destinations.slack.render.summary import ALERTS_IN_ONE_MESSAGE
from cloudtrail_to_slack.destinations.slack.sender import SlackDelivery
from cloudtrail_to_slack.destinations.slack.threads import Threads
from cloudtrail_to_slack.destinations.sns.sender import SnsDelivery
from cloudtrail_to_slack.observability.logging import id_to_log, log_unexpected, logger


class Delivery:
    """Delivers the alerts and notices of one invocation. No method of it raises.

    `failures` gathers what did not arrive, and who asked for it; `limit` is how many messages of alerts a
    Slack channel gets.
    """

    def __init__(
        self,
        router: Router,
        destinations: Destinations,
        threads: Threads,
        ledger: DeduplicationStore,
        clock: Clock,
        *,
        limit: int = 20,
    ) -> None:
        self.results = Results()
        self.failures: list[tuple[MessageIds, Undelivered]] = []
        self.router = router
        self._threads = threads
        self._lanes = Scheduler(clock)
        slack = SlackDelivery(destinations, threads, clock, self.results)
        sns = SnsDelivery(destinations, clock, self.results)
        self._post = Post(router, slack, sns, ledger, clock, self.results, self._lanes, self.failures, limit)
        self._parcels: dict[str, AlertJob] = {}

    def deliver(self, alerts: Iterable[tuple[PendingAlert, AlertFactory, MessageIds]]) -> None:
        """Deliver alerts to every destination they are routed to, as far as each channel's limit goes.

        The most severe come first, and critical ones always. What goes beyond the limit is summarised by `finish`.
        """
        pending: Counter[Target] = Counter()
        for alert, make, message_ids in alerts:
            targets = self.router.targets(alert.account)
            if not targets:
                code = f"no route and no default for account {alert.account or 'unknown'}"
                self.unrouted(f"the alert of event {id_to_log(alert.event_id) or 'without id'}", code, message_ids)
            for target in targets:
                pending[target] += self._add(alert, make, target, message_ids)
        for target, alerts_for_it in pending.items():
            channel = self._post.channel(target)
            if channel:
                channel.expect(alerts_for_it, ALERTS_IN_ONE_MESSAGE)
        self._lanes.run()

    def tell(self, notices: Iterable[tuple[Notice, MessageIds]]) -> None:
        """Deliver notices, after the alerts; what exceeds the limit of a kind of them as a summary."""
        for notice, message_ids in notices:
            targets = self.router.notice_targets(notice.account)
            if not targets:
                self.unrouted(notice.name, "no route and no default", message_ids)
            for target in targets:
                self._add_notice(notice, target, message_ids)
        self._lanes.run()
        self._summarise_overflow()

    def tell_at(self, notices: Iterable[tuple[Target, Notice]], message_ids: MessageIds) -> list[bool]:
        """Deliver notices, each to one target; return whether each was delivered. `message_ids` must not be empty."""
        parcels = [self._add_notice(notice, target, message_ids) for target, notice in notices]
        self._lanes.run()
        return [parcel.arrived for parcel in parcels]

    def finish(self) -> None:
        """Summarise what went beyond the channels' limits, and show how many alerts each thread has by now."""
        self._summarise_overflow()
        try:
            self._threads.show_counts()
        except Exception as error:  # noqa: BLE001 (all alerts are told by now, and nothing may turn that into a failure)
            log_unexpected("showing how many alerts a thread has", error)

    def _summarise_overflow(self) -> None:
        while full := [channel for channel in self._post.channels.values() if channel.overflow]:
            for channel in full:
                overflow, channel.overflow = channel.overflow, []
                first = overflow[0]
                alone = len(overflow) == 1 and first.can_be_alone and channel.limited < channel.limit
                job = first.exempt_from_limit() if alone else OverflowSummary(self._post, channel, overflow)
                self._lanes.add(channel.target, first.order, job)
            self._lanes.run()

    def _add(self, alert: PendingAlert, make: AlertFactory, target: Target, message_ids: MessageIds) -> bool:
        """Put an alert into its lane, unless it is there already or has been; return whether a limit is for it."""
        key = _key("alert", target, alert.key)
        known = self._parcels.get(key)
        if known is None:
            known = AlertJob(self._post, target, message_ids, key, alert, make)
            self._parcels[key] = known
            self._lanes.add(target, known.order, known)
            return not known.is_critical
        self.results.count(target.kind.value, Outcome.DUPLICATE_AVOIDED)
        known.add_source(message_ids)
        return False

    def _add_notice(self, notice: Notice, target: Target, message_ids: MessageIds) -> NoticeJob:
        key = _key("notice", target, notice.identity) if notice.identity else None
        parcel = NoticeJob(self._post, target, message_ids, key, notice)
        self._lanes.add(target, parcel.order, parcel)
        return parcel

    def unrouted(self, what: str, code: str, message_ids: MessageIds) -> None:
        """Record that something has no destination at all."""
        self.results.count("unrouted", Outcome.UNDELIVERED)
        logger.error("undelivered", extra={"what": what, "destination": "unrouted", "code": code})
        self.failures.append((message_ids, Undelivered(what, "any destination", code)))


def _key(kind: str, target: Target, identity: str) -> str:
    """Return the ledger's key of something for a target, of which only a digest is in it: webhooks are secrets."""
    place = hashlib.sha256(target.address.encode()).hexdigest()[:32]
    return f"{kind}#{target.kind.value}#{place}#{identity}"
