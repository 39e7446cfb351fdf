"""The delivery of one alert or notice to one destination.

acquire ── delivered already ──────────▶ done, a duplicate avoided
  │  └──── in progress elsewhere ──────▶ back to the end of the queue, then wait for it
  ▼
send ───── destination misconfigured ──▶ once more, by the default route
  │  └──── not sent ───────────────────▶ release, and fail
  ▼
record that it is delivered
"""

from dataclasses import dataclass, field
from functools import partial
from typing import Any

from cloudtrail_to_slack.alerts.alert import AlertFactory, PendingAlert
from cloudtrail_to_slack.alerts.notice import Notice
from cloudtrail_to_slack.alerts.text import Line
from cloudtrail_to_slack.delivery.context import DeliveryContext
from cloudtrail_to_slack.delivery.deduplication import IN_PROGRESS_ELSEWHERE
from cloudtrail_to_slack.delivery.limits import Slots
from cloudtrail_to_slack.delivery.results import Outcome, Undelivered
from cloudtrail_to_slack.delivery.routing import Target
from cloudtrail_to_slack.errors import DeadlineExceededError, DeliveryError, DestinationMisconfiguredError
from cloudtrail_to_slack.ingest.payloads import MessageIds
from cloudtrail_to_slack.observability.logging import log_unexpected, logger
from cloudtrail_to_slack.retry import Steps, backoff_delays, with_retries
from cloudtrail_to_slack.rules import Severity
from cloudtrail_to_slack.state.leases import Claim


@dataclass(eq=False, kw_only=True)
class DeliveryJob:
    """One delivery job. `effective_target` is `target`, or the default route after a fallback.

    `subject` is an alert or notice, and `name` what logs and errors call it. `key` is that of the deduplication store;
    None: nothing keeps it from being delivered again. `kind` chooses the slots that it takes; None: it is not limited.
    `is_exempt`: it is sent even where only the slot for the summary is left.
    """

    context: DeliveryContext
    subject: Any
    name: str
    target: Target
    message_ids: MessageIds
    key: str | None
    kind: str | None
    is_exempt: bool = False
    order: tuple[Any, ...] = field(default=(0,), init=False)
    finished: bool = field(default=False, init=False)
    _failure: Undelivered | None = field(default=None, init=False)
    _deferred: bool = field(default=False, init=False)
    _fallback_code: str = field(default="", init=False)

    def __post_init__(self) -> None:
        self.effective_target = self.target

    @property
    def arrived(self) -> bool:
        """Whether it is delivered, now or before."""
        return self.finished and self._failure is None

    @property
    def is_critical(self) -> bool:
        """Whether it must have a message of its own, beyond the limit too."""
        return False

    @property
    def can_be_alone(self) -> bool:
        """Whether there is still all that it takes to send it as a message of its own."""
        return True

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

    def add_source(self, message_ids: MessageIds) -> None:
        """Record that other messages asked for the same."""
        if self._failure:
            self.context.failures.append((message_ids, self._failure))
        else:
            self.message_ids |= message_ids

    def fail(self, code: str) -> None:
        """Record that it did not arrive."""
        self._finish()
        self._failure = self.context.record_failure(self.target, self.message_ids, self.name, code)

    def mark_delivered(self) -> None:
        """Record that it arrived."""
        self._finish(Outcome.DELIVERED, *([Outcome.FELL_BACK] if self.effective_target != self.target else []))

    def mark_duplicate(self) -> None:
        """Record that it had arrived before."""
        self._finish(Outcome.DUPLICATE_AVOIDED)

    def fall_back(self, error: DestinationMisconfiguredError) -> None:
        """Take the default route, since its own cannot be used; fail where that cannot be used either."""
        context, code, failed = self.context, error.code, self.effective_target
        if error.certain and failed not in context.misconfigured:
            context.misconfigured[failed] = code
            extra = {"destination": failed.destination, "address": context.router.describe(failed), "code": code}
            logger.error("route cannot be used", extra=extra)
        fallback = context.router.fallback(self.target) if failed == self.target else None
        if fallback is None:
            self.fail(code)
            return
        self._fallback_code = code
        self.is_exempt = False
        self.effective_target = fallback
        context.scheduler.add(fallback, self.order, self)

    def route_warning(self) -> tuple[str, Line] | None:
        """Return what to say of the job's own route, and its key; None when it can be used, or that was said lately."""
        if self.effective_target == self.target:
            return None
        return self.context.route_warning(self.target, self._fallback_code)

    def _finish(self, *outcomes: Outcome) -> None:
        self.finished = True
        for outcome in outcomes:
            self.context.results.count(self.target.destination, outcome)

    def _deliver(self) -> Steps[None]:
        context = self.context
        slots = context.slots_of(self.effective_target, self.kind)
        if slots and not (self.is_exempt or self.is_critical) and (slots.at_limit or not self.can_be_alone):
            self._overflow(slots)
            return
        error = self.effective_target.error or context.misconfigured.get(self.effective_target)
        if error:
            raise DestinationMisconfiguredError(error)
        keys = [self.key] if self.key else []
        if self.key and not (yield from self._acquire(self.key)):
            return
        held = list(keys)
        try:
            key, warning = self.route_warning() or (None, None)
            held += [key] if key else []
            yield from self._send(warning, keys)
        except Exception:
            context.store.release(held)
            raise
        if slots:
            slots.count(limited=not self.is_critical)
        self.mark_delivered()
        if keys:
            yield from context.record_delivered(keys)

    def _overflow(self, slots: "Slots[DeliveryJob]") -> None:
        slots.overflow.append(self)

    def _send(self, warning: Line | None, keys: list[str]) -> Steps[None]:
        destination = self.context.destinations[self.effective_target.destination]
        sizes = destination.render_notice(self.subject, warning=warning)
        yield from self.context.send(self.effective_target, keys, sizes)

    def _acquire(self, key: str) -> Steps[bool]:
        """Acquire the right to deliver it; False when that is not to be had, or not yet."""
        context, delays = self.context, backoff_delays()
        while (claim := (yield from with_retries(partial(context.store.claim, key)))) is Claim.IN_PROGRESS:
            if not self._deferred:
                self._deferred = True
                after_all_that_need_not_wait = (1, *self.order[1:])
                context.scheduler.add(self.effective_target, after_all_that_need_not_wait, self)
                return False
            try:
                yield next(delays)
            except DeadlineExceededError:
                raise DeliveryError(IN_PROGRESS_ELSEWHERE) from None
        if claim is Claim.COMPLETED:
            self.mark_duplicate()
        return claim is Claim.ACQUIRED


@dataclass(eq=False, kw_only=True)
class AlertJob(DeliveryJob):
    """The delivery of an alert. `make` is None when all that may still be sent of it is its id."""

    subject: PendingAlert
    make: AlertFactory | None

    def __post_init__(self) -> None:
        super().__post_init__()
        self.order = (0, -self.subject.severity, self.subject.sort_time)

    @property
    def is_critical(self) -> bool:
        """Whether it must have a message of its own, beyond the limit too."""
        return self.subject.severity is Severity.CRITICAL

    @property
    def can_be_alone(self) -> bool:
        """Whether its record is still there."""
        return self.make is not None

    def mark_delivered(self) -> None:
        """Record that it arrived, and how long after the event."""
        super().mark_delivered()
        if self.subject.time:
            latency = max(self.context.clock.now() - self.subject.time.timestamp(), 0.0)
            self.context.results.latencies[self.target.destination].append(latency)

    def _finish(self, *outcomes: Outcome) -> None:
        super()._finish(*outcomes)
        self.make = None  # its record takes no more memory

    def _overflow(self, slots: Slots[DeliveryJob]) -> None:
        if slots.overflow:
            self.make = None  # a summary holds no more than the id of all but the first
        super()._overflow(slots)

    def _send(self, warning: Line | None, keys: list[str]) -> Steps[None]:
        if self.make is None:
            raise DeliveryError("alert_dropped")
        context, target, size = self.context, self.effective_target, self.subject.size
        yield from context.room.wait(size)
        with context.room.taken(size):
            alert = self.make()
            threads = context.threads_of(target)
            if threads:
                yield from threads.join(target.address, alert, warning, partial(context.send, target, keys))
            else:
                render = context.destinations[target.destination].render_alert
                yield from context.send(target, keys, render(alert, dedup_key=self.subject.key, warning=warning))


class NoticeJob(DeliveryJob):
    """The delivery of a notice."""

    subject: Notice

    def fail(self, code: str) -> None:
        """Record that it did not arrive; a notice that no message asked for must not fail the invocation."""
        if self.message_ids:
            super().fail(code)
        else:
            logger.warning("notice not delivered", extra={"what": self.name, "code": code})
