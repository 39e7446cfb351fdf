"""The delivery of one alert or notice to one destination.

acquire ── delivered already ──────────▶ done, a duplicate avoided
  │  └──── in progress elsewhere ──────▶ back to the end of the queue, then wait for it
  ▼
send ───── destination misconfigured ──▶ once more, by the default route
  │  └──── not sent ───────────────────▶ release, and fail
  ▼
mark delivered
"""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from cloudtrail_to_slack.alerts.alert import AlertFactory, PendingAlert
from cloudtrail_to_slack.alerts.notice import Notice
from cloudtrail_to_slack.alerts.text import Line
from cloudtrail_to_slack.delivery.context import DeliveryContext, RouteWarning
from cloudtrail_to_slack.delivery.results import Outcome, Undelivered
from cloudtrail_to_slack.delivery.routing import Target
from cloudtrail_to_slack.destinations.base import MessageLimit, Summary
from cloudtrail_to_slack.errors import DeadlineExceededError, DeliveryError, DestinationMisconfiguredError
from cloudtrail_to_slack.ingest.payloads import MessageIds
from cloudtrail_to_slack.observability.logging import id_to_log, log_unexpected, logger
from cloudtrail_to_slack.retry import Steps, backoff_delays, with_retries
from cloudtrail_to_slack.rules import Severity
from cloudtrail_to_slack.state.leases import LEASE_IS_SAFE_SECONDS, Claim

if TYPE_CHECKING:
    from cloudtrail_to_slack.delivery.message_limit import Slots

IN_PROGRESS_ELSEWHERE = "delivery_in_progress_elsewhere"
Order = tuple[Any, ...]


class DeliveryJob:
    """One delivery job. `effective_target` is `target`, or the default route after a fallback.

    `key` is that of the deduplication store; None: nothing keeps it from being delivered again.
    """

    def __init__(
        self, context: DeliveryContext, target: Target, message_ids: MessageIds, key: str | None, order: Order
    ) -> None:
        self.order = order
        self.key = key
        self.effective_target = target
        self.finished = False
        self._context = context
        self._target = target
        self._message_ids = message_ids
        self._failure: Undelivered | None = None
        self._deferred = False
        self._exempt = False
        self._fallback_code = ""
        self._acquired_at = 0.0

    @property
    def name(self) -> str:
        """What it is, for logs and errors."""
        raise NotImplementedError

    @property
    def arrived(self) -> bool:
        """Whether it is delivered, now or before."""
        return self.finished and self._failure is None

    @property
    def can_be_alone(self) -> bool:
        """Whether there is still all that it takes to send it as a message of its own."""
        return True

    def summarize(
        self, limit: MessageLimit[Any], jobs: "Sequence[DeliveryJob]", warning: Line | None
    ) -> Sequence[Summary[Any]]:
        """Return the messages that summarise this and other jobs of its kind, in their order."""
        raise NotImplementedError

    def exempt_from_limit(self) -> "DeliveryJob":
        """Return it as one that is sent even where only the slot for the summary is left."""
        self._exempt = True
        return self

    def run(self) -> Steps[None]:
        """Deliver it; see the module."""
        try:
            yield from self._deliver()
        except DestinationMisconfiguredError as error:
            self.fall_back(error)
        except DeliveryError as error:
            self.fail(error.code)
        except Exception as error:  # noqa: BLE001 (whatever went wrong, its text might quote the secret)
            log_unexpected("sending a message", error)
            self.fail(type(error).__name__)

    def abandon(self, code: str) -> None:
        """Record that it was not sent."""
        self.fail(code)

    def add_source(self, message_ids: MessageIds) -> None:
        """Record that other messages asked for the same."""
        if self._failure:
            self._context.failures.append((message_ids, self._failure))
        else:
            self._message_ids |= message_ids

    def fail(self, code: str) -> None:
        """Record that it did not arrive."""
        self._finish()
        self._failure = self._context.fail(self._target, self._message_ids, self.name, code)

    def mark_delivered(self) -> None:
        """Record that it arrived."""
        self._finish()
        self._count(Outcome.DELIVERED)
        if self.effective_target != self._target:
            self._count(Outcome.FELL_BACK)

    def mark_duplicate(self) -> None:
        """Record that it had arrived before."""
        self._finish()
        self._count(Outcome.DUPLICATE_AVOIDED)

    def fall_back(self, error: DestinationMisconfiguredError) -> None:
        """Take the default route, since its own cannot be used; fail where that cannot be used either."""
        context, code = self._context, error.code
        if error.certain and self.effective_target not in context.misconfigured:
            context.misconfigured[self.effective_target] = code
            address = context.router.describe(self.effective_target)
            extra = {"destination": self.effective_target.destination, "address": address, "code": code}
            logger.error("route cannot be used", extra=extra)
        fallback = context.router.fallback(self._target) if self.effective_target == self._target else None
        if fallback is None:
            self.fail(code)
            return
        self._fallback_code = code
        self._exempt = False
        self.effective_target = fallback
        context.scheduler.add(fallback, self.order, self)

    def route_warning(self) -> RouteWarning | None:
        """Return what to say of the job's own route; None when it can be used, or that was said lately."""
        if self.effective_target == self._target:
            return None
        return self._context.route_warning(self._target, self._fallback_code)

    def _finish(self) -> None:
        self.finished = True

    def _count(self, outcome: Outcome) -> None:
        self._context.results.count(self._target.destination, outcome)

    def _deliver(self) -> Steps[None]:
        error = self.effective_target.error or self._context.misconfigured.get(self.effective_target)
        if error:
            raise DestinationMisconfiguredError(error)
        if self.key and not (yield from self._acquire(self.key)):
            return
        held = [self.key]
        try:
            warning = self.route_warning()
            held.append(warning.key if warning else None)
            yield from self._send(warning.line if warning else None)
        except Exception:
            self._context.store.release(filter(None, held))
            raise
        self.mark_delivered()
        if self.key:
            yield from self._context.mark_delivered([self.key])

    def _send(self, warning: Line | None) -> Steps[None]:
        raise NotImplementedError

    def _acquire(self, key: str) -> Steps[bool]:
        """Acquire the right to deliver it; False when that is not to be had, or not yet."""
        context = self._context
        claim = yield from with_retries(partial(context.store.claim, key))
        if claim is Claim.IN_PROGRESS and not self._deferred:
            self._deferred = True
            context.scheduler.add(self.effective_target, (1, *self.order[1:]), self)  # after all that need not wait
            return False
        delays = backoff_delays()
        while claim is Claim.IN_PROGRESS:
            try:
                yield next(delays)
            except DeadlineExceededError:
                raise DeliveryError(IN_PROGRESS_ELSEWHERE) from None
            claim = yield from with_retries(partial(context.store.claim, key))
        if claim is Claim.COMPLETED:
            self.mark_duplicate()
            return False
        self._acquired_at = context.clock.now()
        return True

    def _check(self) -> None:
        """Prolong the lease before it may end, since sending may have had to wait.

        Raises:
            DeliveryError: another function has taken it over, or the table cannot be used.
        """
        clock = self._context.clock
        if self.key and clock.now() > self._acquired_at + LEASE_IS_SAFE_SECONDS:
            if self._context.store.claim(self.key) is not Claim.ACQUIRED:
                raise DeliveryError(IN_PROGRESS_ELSEWHERE)
            self._acquired_at = clock.now()


class AlertJob(DeliveryJob):
    """The delivery of an alert. `make` is None when all that may still be sent of it is its id."""

    def __init__(
        self,
        context: DeliveryContext,
        target: Target,
        message_ids: MessageIds,
        key: str,
        alert: PendingAlert,
        make: AlertFactory | None,
    ) -> None:
        super().__init__(context, target, message_ids, key, (0, -alert.severity, alert.sort_time))
        self.alert = alert
        self.make = make

    @property
    def name(self) -> str:
        """The event's id."""
        return f"the alert of event {id_to_log(self.alert.event_id) or 'without id'}"

    @property
    def is_critical(self) -> bool:
        """Whether it must have a message of its own."""
        return self.alert.severity is Severity.CRITICAL

    @property
    def can_be_alone(self) -> bool:
        """Whether its record is still there."""
        return self.make is not None

    def summarize(
        self, limit: MessageLimit[Any], jobs: Sequence[DeliveryJob], warning: Line | None
    ) -> Sequence[Summary[Any]]:
        """Return the messages that summarise this and other alerts."""
        return limit.summarize_alerts([job.alert for job in jobs if isinstance(job, AlertJob)], warning)

    def mark_delivered(self) -> None:
        """Record that it arrived, and how long after the event."""
        super().mark_delivered()
        if self.alert.time:
            latency = max(self._context.clock.now() - self.alert.time.timestamp(), 0.0)
            self._context.results.latencies[self._target.destination].append(latency)

    def _finish(self) -> None:
        super()._finish()
        self.make = None  # its record takes no more memory

    def _deliver(self) -> Steps[None]:
        slots = self._context.slots_for(self.effective_target)
        if slots and not (self._exempt or self.is_critical) and (slots.at_limit or self.make is None):
            if slots.overflow:
                self.make = None  # a summary holds no more than the id of all but the first
            slots.overflow.append(self)
            return
        yield from super()._deliver()

    def _send(self, warning: Line | None) -> Steps[None]:
        if self.make is None:
            raise DeliveryError("alert_dropped")
        room = self._context.room
        yield from room.wait(self.alert.size)
        with room.taken(self.alert.size):
            alert, target = self.make(), self.effective_target
            send = partial(self._context.send, target, self._check)
            threads = self._context.threads(target)
            if threads:
                yield from threads.join(target.address, alert, warning, send)
            else:
                destination = self._context.destination(target)
                yield from send(destination.render_alert(alert, dedup_key=self.alert.key, warning=warning))
        slots = self._context.slots_for(target)
        if slots:
            slots.count(limited=not self.is_critical)


class NoticeJob(DeliveryJob):
    """The delivery of a notice."""

    def __init__(
        self, context: DeliveryContext, target: Target, message_ids: MessageIds, key: str | None, notice: Notice
    ) -> None:
        super().__init__(context, target, message_ids, key, (0,))
        self.notice = notice

    @property
    def name(self) -> str:
        """What the notice is about."""
        return self.notice.name

    def summarize(
        self, limit: MessageLimit[Any], jobs: Sequence[DeliveryJob], warning: Line | None
    ) -> Sequence[Summary[Any]]:
        """Return the messages that summarise this and other notices of its kind."""
        return limit.summarize_notices([job.notice for job in jobs if isinstance(job, NoticeJob)], warning)

    def fail(self, code: str) -> None:
        """Record that it did not arrive; a notice that no message asked for must not fail the invocation."""
        if self._message_ids:
            super().fail(code)
        else:
            logger.warning("notice not delivered", extra={"what": self.name, "code": code})

    @property
    def _slots(self) -> "Slots[DeliveryJob] | None":
        """The slots of its kind; None where there is no limit."""
        group = self.notice.group
        return self._context.slots_for(self.effective_target, group.kind) if group else None

    def _deliver(self) -> Steps[None]:
        slots = self._slots
        if slots and slots.at_limit and not self._exempt:
            slots.overflow.append(self)
            return
        yield from super()._deliver()

    def _send(self, warning: Line | None) -> Steps[None]:
        destination = self._context.destination(self.effective_target)
        sizes = destination.render_notice(self.notice, warning=warning)
        yield from self._context.send(self.effective_target, self._check, sizes)
        slots = self._slots
        if slots:
            slots.count(limited=True)
