"""The summary of what exceeds an address's message limit."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from cloudtrail_to_slack.alerts.text import Line
from cloudtrail_to_slack.delivery.context import DeliveryContext
from cloudtrail_to_slack.delivery.jobs import DeliveryJob
from cloudtrail_to_slack.delivery.limits import Slots
from cloudtrail_to_slack.delivery.results import Outcome
from cloudtrail_to_slack.destinations.base import Sizes, Summary
from cloudtrail_to_slack.errors import (
    DeadlineExceededError,
    DeliveryError,
    DestinationMisconfiguredError,
    ParentGoneError,
)
from cloudtrail_to_slack.observability.logging import log_unexpected
from cloudtrail_to_slack.retry import Steps, backoff_delays, with_retries
from cloudtrail_to_slack.state.leases import Claim

Summarize = Callable[[Sequence[Any], Line | None], Sequence[Summary[Any]]]


class OverflowSummary:
    """Delivers alerts, or notices of one kind, to one address as one summary of as few messages as possible.

    The summary's further messages reply to its first; so do those about alerts that come when it is sent already,
    because another function held and did not send them, or another address was misconfigured. Where the destination has
    no replies, its messages take slots of the limit. What finds no slot is left to a retry, which has its own limit.
    """

    def __init__(
        self, context: DeliveryContext, slots: Slots[DeliveryJob], jobs: Sequence[DeliveryJob], summarize: Summarize
    ) -> None:
        self._context = context
        self._slots = slots
        self._jobs = sorted(jobs, key=lambda job: job.order)
        self._summarize = summarize

    def run(self) -> Steps[None]:
        """Deliver the jobs; wait for those that are in progress elsewhere."""
        try:
            left, delays = self._jobs, backoff_delays()
            while left:
                acquired, left = yield from self._acquire(left)
                if acquired:
                    yield from self._deliver(acquired)
                if left:
                    yield next(delays)
        except DestinationMisconfiguredError as error:
            for job in self._release():
                job.fall_back(error)
        except Exception as error:  # noqa: BLE001 (a fault of ours must not stop other addresses)
            if not isinstance(error, DeliveryError):
                log_unexpected("sending a summary", error)
            self._release()
            self.fail(error.code if isinstance(error, DeliveryError) else type(error).__name__)

    def fail(self, code: str) -> None:
        """Record that none of what is left was delivered."""
        for job in self._jobs:
            if not job.finished:
                job.fail(code)

    def _release(self) -> list[DeliveryJob]:
        """Release what is left; return it."""
        left = [job for job in self._jobs if not job.finished]
        self._context.store.release([job.key for job in left if job.key])
        return left

    def _acquire(self, jobs: Sequence[DeliveryJob]) -> Steps[tuple[list[DeliveryJob], list[DeliveryJob]]]:
        """Acquire what is not delivered yet; return what is acquired, and what is in progress elsewhere.

        What takes longer to acquire than half of the time that is left fails, so that some of the rest can be sent.
        """
        by_key = {str(job.key): job for job in jobs}
        until = self._context.clock.now() + self._context.clock.spare() / 2
        claims = yield from with_retries(partial(self._context.store.claim_all, list(by_key), until))
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
        context, rest = self._context, list(jobs)
        warning_key, warning = next(filter(None, (job.route_warning() for job in jobs)), (None, None))
        for number, part in enumerate(self._summarize([job.subject for job in jobs], warning)):
            members, rest = rest[: part.members], rest[part.members :]
            keys = [str(job.key) for job in members]
            try:
                yield from self._send(part.sizes, keys)
            except Exception:
                if warning_key and number == 0:
                    context.store.release([warning_key])
                raise
            for job in members:
                job.mark_delivered()
                context.results.count(self._slots.target.destination, Outcome.SUMMARIZED)
            yield from context.record_delivered(keys)

    def _send(self, sizes: Sizes[object], keys: Sequence[str]) -> Steps[None]:
        slots = self._slots
        if slots.exhausted:
            raise DeliveryError("message_limit_reached")
        is_reply = slots.parent is not None
        try:
            sent = yield from self._context.send(slots.target, keys, sizes, slots.parent)
        except ParentGoneError as error:
            slots.parent = None
            raise DeliveryError(error.code) from None  # the address is in order
        slots.parent = slots.parent or sent.id
        if not is_reply:
            slots.count(limited=True)
