"""The delivery of one alert or notice to one destination, and of many as a summary.

acquire ── delivered already ──────────▶ done, duplicate avoided
  │  └──── in progress elsewhere ──────▶ back to the end of the queue, then wait for it
  ▼
send ───── destination misconfigured ──▶ again, by the default route
  │  └──── not sent ───────────────────▶ release, and fail
  ▼
record that it is delivered
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from cloudtrail_to_slack.alerts.alert import AlertFactory
from cloudtrail_to_slack.alerts.text import Line
from cloudtrail_to_slack.delivery.deduplication import IN_PROGRESS_ELSEWHERE
from cloudtrail_to_slack.delivery.limits import Slots
from cloudtrail_to_slack.delivery.results import Outcome, Undelivered
from cloudtrail_to_slack.delivery.routing import Target
from cloudtrail_to_slack.destinations.base import Sizes, Summary
from cloudtrail_to_slack.errors import (
    DeadlineExceededError,
    DeliveryError,
    DestinationMisconfiguredError,
    ParentGoneError,
)
from cloudtrail_to_slack.ingest.payloads import MessageIds
from cloudtrail_to_slack.observability.logging import log_unexpected, logger
from cloudtrail_to_slack.retry import Steps, backoff_delays, with_retries
from cloudtrail_to_slack.state.leases import Claim

if TYPE_CHECKING:
    from cloudtrail_to_slack.delivery.dispatcher import Delivery


@dataclass(eq=False)
class DeliveryJob:
    """One delivery job. `effective_target` is `target`, or the default route after a fallback.

    `subject` is an alert or notice, and `name` its name in logs and errors. `key` is its key in the deduplication
    store; None: it may be delivered again. `kind` chooses its slots; None: it is not limited. `is_critical`: it gets a
    message of its own even beyond the limit. `is_exempt`: it may take the summary's slot. `can_be_alone`: the job still
    holds all it needs to be a message of its own.
    """

    delivery: "Delivery"
    subject: Any
    name: str
    target: Target
    message_ids: MessageIds
    key: str | None
    kind: str | None
    order: tuple[Any, ...] = (0,)
    is_critical: bool = False
    is_exempt: bool = field(default=False, init=False)
    can_be_alone: bool = field(default=True, init=False)
    finished: bool = field(default=False, init=False)
    failure: Undelivered | None = field(default=None, init=False)
    _deferred: bool = field(default=False, init=False)
    _fallback_code: str = field(default="", init=False)

    def __post_init__(self) -> None:
        self.effective_target = self.target

    def run(self) -> Steps[None]:
        """Deliver it; see the module."""
        try:
            yield from self._deliver()
        except DestinationMisconfiguredError as error:
            self.fall_back(error)
        except Exception as error:  # noqa: BLE001 (a bug must not stop other addresses)
            self.fail(_code_of(error))

    def add_source(self, message_ids: MessageIds) -> None:
        """Add further messages that the same subject came from."""
        if self.failure:
            self.delivery.failures.append((message_ids, self.failure))
        else:
            self.message_ids |= message_ids

    def fail(self, code: str) -> None:
        """Record that it was not delivered."""
        self._finish()
        self.failure = self.delivery.record_failure(self.target, self.message_ids, self.name, code)

    def mark_delivered(self) -> None:
        """Record that it was delivered."""
        self._finish(Outcome.DELIVERED, *([Outcome.FELL_BACK] if self.effective_target != self.target else []))

    def mark_duplicate(self) -> None:
        """Record that it had been delivered before."""
        self._finish(Outcome.DUPLICATE_AVOIDED)

    def fall_back(self, error: DestinationMisconfiguredError) -> None:
        """Take the default route, because its own cannot be used; fail if that cannot be used either."""
        delivery, code, failed = self.delivery, error.code, self.effective_target
        if error.certain and failed not in delivery.misconfigured:
            delivery.misconfigured[failed] = code
            extra = {"destination": failed.destination, "address": delivery.router.describe(failed), "code": code}
            logger.error("route cannot be used", extra=extra)
        fallback = delivery.router.fallback(self.target) if failed == self.target else None
        if fallback is None:
            self.fail(code)
            return
        self._fallback_code = code
        self.is_exempt = False
        self.effective_target = fallback
        delivery.scheduler.add(fallback, self.order, self)

    def route_warning(self) -> tuple[str | None, Line | None]:
        """Return the key and text of a warning about the job's own route; None: it can be used."""
        if self.effective_target == self.target:
            return None, None
        return self.delivery.route_warning(self.target, self._fallback_code)

    def _finish(self, *outcomes: Outcome) -> None:
        self.finished = True
        for outcome in outcomes:
            self.delivery.results.count(self.target.destination, outcome)

    def _deliver(self) -> Steps[None]:
        delivery = self.delivery
        slots = delivery.slots_of(self.effective_target, self.kind)
        if slots and not (self.is_exempt or self.is_critical) and (slots.at_limit or not self.can_be_alone):
            self._overflow(slots)
            return
        error = self.effective_target.error or delivery.misconfigured.get(self.effective_target)
        if error:
            raise DestinationMisconfiguredError(error)
        if self.key and not (yield from self._acquire(self.key)):
            return
        keys = [self.key] if self.key else []
        warning_key = None
        try:
            warning_key, warning = self.route_warning()
            yield from self._send(warning, keys)
        except Exception:
            delivery.store.release([*keys, *([warning_key] if warning_key else [])])
            raise
        if slots:
            slots.count(limited=not self.is_critical)
        self.mark_delivered()
        if keys:
            yield from delivery.record_delivered(keys)

    def _overflow(self, slots: "Slots[DeliveryJob]") -> None:
        slots.overflow.append(self)

    def _send(self, warning: Line | None, keys: list[str]) -> Steps[None]:
        raise NotImplementedError

    def _acquire(self, key: str) -> Steps[bool]:
        """Acquire the right to deliver it; False: it is delivered already, or deferred."""
        delivery, delays = self.delivery, backoff_delays()
        while (claim := (yield from with_retries(partial(delivery.store.claim, key)))) is Claim.IN_PROGRESS:
            if not self._deferred:
                self._deferred = True
                last = (1, *self.order[1:])  # after all jobs that need not wait
                delivery.scheduler.add(self.effective_target, last, self)
                return False
            try:
                yield next(delays)
            except DeadlineExceededError:
                raise DeliveryError(IN_PROGRESS_ELSEWHERE) from None
        if claim is Claim.COMPLETED:
            self.mark_duplicate()
        return claim is Claim.ACQUIRED


@dataclass(eq=False)
class AlertJob(DeliveryJob):
    """The delivery of an alert. `make` is None once only its ID may still be sent."""

    make: AlertFactory | None = field(default=None, kw_only=True)

    def mark_delivered(self) -> None:
        """Record that it was delivered, and how long after the event."""
        super().mark_delivered()
        if self.subject.time:
            latency = max(self.delivery.clock.now() - self.subject.time.timestamp(), 0.0)
            self.delivery.results.latencies[self.target.destination].append(latency)

    def _finish(self, *outcomes: Outcome) -> None:
        super()._finish(*outcomes)
        self.make = None  # frees its record

    def _overflow(self, slots: Slots[DeliveryJob]) -> None:
        if slots.overflow:
            self.make, self.can_be_alone = None, False  # a summary needs only its ID; the first may still be sent alone
        super()._overflow(slots)

    def _send(self, warning: Line | None, keys: list[str]) -> Steps[None]:
        if self.make is None:
            raise DeliveryError("alert_dropped")
        delivery, target, size = self.delivery, self.effective_target, self.subject.size
        yield from delivery.memory.wait_for(size)
        with delivery.memory.reserve(size):
            alert = self.make()
            threads = delivery.threads_of(target)
            if threads:
                yield from threads.join(target.address, alert, warning, partial(delivery.send, target, keys))
            else:
                render = delivery.destinations[target.destination].render_alert
                yield from delivery.send(target, keys, render(alert, dedup_key=self.subject.key, warning=warning))


class NoticeJob(DeliveryJob):
    """The delivery of a notice."""

    def fail(self, code: str) -> None:
        """Record that it was not delivered; a notice that belongs to no message must not fail the invocation."""
        if self.message_ids:
            super().fail(code)
        else:
            logger.warning("notice not delivered", extra={"what": self.name, "code": code})

    def _send(self, warning: Line | None, keys: list[str]) -> Steps[None]:
        destination = self.delivery.destinations[self.effective_target.destination]
        sizes = destination.render_notice(self.subject, warning=warning)
        yield from self.delivery.send(self.effective_target, keys, sizes)


@dataclass(eq=False)
class OverflowSummary:
    """Delivers alerts, or notices of one kind, to one address as one summary of as few messages as possible.

    The summary's further messages reply to its first. So do messages about alerts that come later, because another
    function acquired and did not send them, or another address was misconfigured. Without replies, the messages take
    slots of the limit. Whatever finds no slot is left to a retry, which has its own limit.
    """

    delivery: "Delivery"
    slots: Slots[DeliveryJob]
    jobs: Sequence[DeliveryJob]
    summarize: Callable[[Sequence[Any], Line | None], Sequence[Summary[Any]]]

    def run(self) -> Steps[None]:
        """Deliver the jobs; wait for those that are in progress elsewhere."""
        try:
            left, delays = self.jobs, backoff_delays()
            while left:
                acquired, left = yield from self._acquire(left)
                if acquired:
                    yield from self._deliver(acquired)
                if left:
                    yield next(delays)
        except DestinationMisconfiguredError as error:
            for job in self._release():
                job.fall_back(error)
        except Exception as error:  # noqa: BLE001 (a bug must not stop other addresses)
            self._release()
            self.fail(_code_of(error))

    def fail(self, code: str) -> None:
        """Record that the remaining jobs were not delivered."""
        for job in self.jobs:
            if not job.finished:
                job.fail(code)

    def _release(self) -> list[DeliveryJob]:
        """Release the remaining jobs, and return them."""
        left = [job for job in self.jobs if not job.finished]
        self.delivery.store.release([job.key for job in left if job.key])
        return left

    def _acquire(self, jobs: Sequence[DeliveryJob]) -> Steps[tuple[list[DeliveryJob], list[DeliveryJob]]]:
        """Acquire the jobs that are not delivered yet; return those acquired, and those in progress elsewhere.

        Jobs that are not acquired within half of the remaining time fail, so that the others can still be sent.
        """
        by_key = {str(job.key): job for job in jobs}
        until = self.delivery.clock.now() + self.delivery.clock.spare() / 2
        claims = yield from with_retries(partial(self.delivery.store.claim_all, list(by_key), until))
        found: dict[Claim | None, list[DeliveryJob]] = {claim: [] for claim in (*Claim, None)}
        for key, job in by_key.items():
            found[claims.get(key)].append(job)
        for job in found[None]:
            job.fail(DeadlineExceededError.CODE)
        for job in found[Claim.COMPLETED]:
            job.mark_duplicate()
        return found[Claim.ACQUIRED], found[Claim.IN_PROGRESS]

    def _deliver(self, jobs: Sequence[DeliveryJob]) -> Steps[None]:
        """Deliver the jobs in as many messages as it takes."""
        delivery, rest = self.delivery, list(jobs)
        warnings = (job.route_warning() for job in jobs)
        warning_key, warning = next((found for found in warnings if found[0]), (None, None))
        for number, part in enumerate(self.summarize([job.subject for job in jobs], warning)):
            members, rest = rest[: part.members], rest[part.members :]
            keys = [str(job.key) for job in members]
            try:
                yield from self._send(part.sizes, keys)
            except Exception:
                if warning_key and number == 0:
                    delivery.store.release([warning_key])
                raise
            for job in members:
                job.mark_delivered()
                delivery.results.count(self.slots.target.destination, Outcome.SUMMARIZED)
            yield from delivery.record_delivered(keys)

    def _send(self, sizes: Sizes[object], keys: Sequence[str]) -> Steps[None]:
        slots = self.slots
        if slots.exhausted:
            raise DeliveryError("message_limit_reached")
        is_reply = slots.parent is not None
        try:
            sent = yield from self.delivery.send(slots.target, keys, sizes, slots.parent)
        except ParentGoneError as error:
            slots.parent = None
            raise DeliveryError(error.code) from None  # the address itself can be used
        slots.parent = slots.parent or sent.id
        if not is_reply:
            slots.count(limited=True)


def _code_of(error: Exception) -> str:
    """Return an error's code; log a bug of ours by its type, because its text might quote a secret."""
    if isinstance(error, DeliveryError):
        return error.code
    log_unexpected("sending a message", error)
    return type(error).__name__
