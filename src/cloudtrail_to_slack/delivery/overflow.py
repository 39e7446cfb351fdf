"""The summary of what exceeds an address's message limit."""

from collections.abc import Sequence
from functools import partial

from cloudtrail_to_slack.delivery.context import DeliveryContext
from cloudtrail_to_slack.delivery.jobs import IN_PROGRESS_ELSEWHERE, DeliveryJob
from cloudtrail_to_slack.delivery.message_limit import Slots
from cloudtrail_to_slack.delivery.results import Outcome
from cloudtrail_to_slack.destinations.base import Sizes
from cloudtrail_to_slack.errors import (
    DeadlineExceededError,
    DeliveryError,
    DestinationMisconfiguredError,
    ParentGoneError,
)
from cloudtrail_to_slack.observability.logging import log_unexpected
from cloudtrail_to_slack.retry import Steps, backoff_delays, with_retries
from cloudtrail_to_slack.state.leases import LEASE_IS_SAFE_SECONDS, Claim


class OverflowSummary:
    """Delivers alerts, or notices of one kind, to one address as one summary of as few messages as possible.

    The summary's further messages reply to its first; so do those about alerts that come when it is sent already,
    because another function held and did not send them, or another address was misconfigured. Where the destination has
    no replies, its messages take slots of the limit. What finds no slot is left to a retry, which has its own limit.
    """

    def __init__(self, context: DeliveryContext, slots: Slots[DeliveryJob], jobs: Sequence[DeliveryJob]) -> None:
        self._context = context
        self._slots = slots
        self._jobs = sorted(jobs, key=lambda job: job.order)
        self._acquired_at = 0.0

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
            self._release()
            for job in self._unfinished():
                job.fall_back(error)
        except Exception as error:  # noqa: BLE001 (a fault of ours must not stop other addresses)
            if not isinstance(error, DeliveryError):
                log_unexpected("sending a summary", error)
            self._release()
            self.abandon(error.code if isinstance(error, DeliveryError) else type(error).__name__)

    def abandon(self, code: str) -> None:
        """Record that none of what is left was delivered."""
        for job in self._unfinished():
            job.fail(code)

    def _unfinished(self) -> list[DeliveryJob]:
        return [job for job in self._jobs if not job.finished]

    def _release(self) -> None:
        self._context.store.release([job.key for job in self._unfinished() if job.key])

    def _acquire(self, jobs: Sequence[DeliveryJob]) -> Steps[tuple[list[DeliveryJob], list[DeliveryJob]]]:
        """Acquire what is not delivered yet; return what is acquired, and what is in progress elsewhere.

        What takes longer to acquire than half of the time that is left fails, so that some of the rest can be sent.
        """
        by_key = {str(job.key): job for job in jobs}
        clock = self._context.clock
        until = clock.now() + clock.spare() / 2
        claims = yield from with_retries(partial(self._context.store.claim_all, list(by_key), until))
        for key in by_key.keys() - claims.keys():
            by_key.pop(key).fail(DeadlineExceededError.CODE)
        self._acquired_at = clock.now()
        for key, claim in claims.items():
            if claim is Claim.COMPLETED:
                by_key[key].mark_duplicate()
        return (
            [job for key, job in by_key.items() if claims[key] is Claim.ACQUIRED],
            [job for key, job in by_key.items() if claims[key] is Claim.IN_PROGRESS],
        )

    def _deliver(self, jobs: Sequence[DeliveryJob]) -> Steps[None]:
        """Deliver the jobs in as many messages as it takes.

        Raises:
            DeliveryError: they were not delivered, or not all.
        """
        context, limit = self._context, self._slots.message_limit
        rest = list(jobs)
        warning = next(filter(None, (job.route_warning() for job in jobs)), None)
        for number, part in enumerate(jobs[0].summarize(limit, jobs, warning.line if warning else None)):
            members, rest = rest[: part.members], rest[part.members :]
            keys = [str(job.key) for job in members]
            try:
                yield from self._send(part.sizes, keys)
            except Exception:
                if warning and number == 0:
                    context.store.release([warning.key])
                raise
            for job in members:
                job.mark_delivered()
                context.results.count(self._slots.target.destination, Outcome.SUMMARIZED)
            yield from context.mark_delivered(keys)

    def _send(self, sizes: Sizes[object], keys: Sequence[str]) -> Steps[None]:
        slots = self._slots
        if slots.exhausted:
            raise DeliveryError("message_limit_reached")
        is_reply = slots.parent is not None
        try:
            sent = yield from self._context.send(slots.target, partial(self._check, keys), sizes, slots.parent)
        except ParentGoneError as error:
            slots.parent = None
            raise DeliveryError(error.code) from None  # the address is in order
        slots.parent = slots.parent or sent.id
        if not is_reply:
            slots.count(limited=True)

    def _check(self, keys: Sequence[str]) -> None:
        """Prolong the leases before they may end.

        Raises:
            DeliveryError: another function has taken one over, or the table cannot be used.
        """
        if self._context.clock.now() <= self._acquired_at + LEASE_IS_SAFE_SECONDS:
            return
        if set(self._context.store.claim_all(keys).values()) != {Claim.ACQUIRED}:
            raise DeliveryError(IN_PROGRESS_ELSEWHERE)
