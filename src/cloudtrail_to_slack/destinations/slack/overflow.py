"""The summary of what exceeds a channel's limit of messages."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from cloudtrail_to_slack.clock import backoff_delays, with_retries
from cloudtrail_to_slack.delivery.deduplication import LEASE_IS_SAFE_SECONDS, Claim
from cloudtrail_to_slack.delivery.jobs import DeliveryJob, Post
from cloudtrail_to_slack.delivery.message_limit import Channel
from cloudtrail_to_slack.delivery.results import Outcome
from cloudtrail_to_slack.delivery.routing import Kind
from cloudtrail_to_slack.delivery.scheduler import Steps
from cloudtrail_to_slack.destinations.slack.errors import THREAD_GONE
from cloudtrail_to_slack.destinations.slack.render.message import noted
from cloudtrail_to_slack.destinations.slack.render.summary_parts import SummaryPart
from cloudtrail_to_slack.errors import DeadlineExceededError, DeliveryError, DestinationMisconfiguredError
from cloudtrail_to_slack.observability.logging import log_unexpected


class OverflowSummary:
    """Alerts, or notices of one kind, on their way to one channel as one summary of as few messages as possible.

    The summary's further messages reply to its first; so do those about alerts that come when it is sent already,
    because another function held and did not send them, or another channel was broken. Where there is no such thread
    (a webhook knows none), its messages take slots of the channel's limit. What finds no slot is left to a retry, which
    has a limit of its own.
    """

    def __init__(self, post: Post, channel: Channel[DeliveryJob], parcels: Sequence[DeliveryJob]) -> None:
        self._post = post
        self._channel = channel
        self._parcels = sorted(parcels, key=lambda parcel: parcel.order)
        self._claimed_at = 0.0

    def run(self) -> Steps[None]:
        """Tell them; those that another function is telling are waited for."""
        try:
            left, waits = self._parcels, backoff_delays()
            while left:
                ours, left = yield from self._claimed(left)
                if ours:
                    yield from self._tell(ours)
                if left:
                    yield next(waits)
        except DestinationMisconfiguredError as error:
            self._release()
            for parcel in self._unfinished():
                parcel.reroute(error)
        except Exception as error:  # noqa: BLE001 (a fault of ours must not stop other channels)
            if not isinstance(error, DeliveryError):
                log_unexpected("sending a summary", error)
            self._release()
            self.undone(error.code if isinstance(error, DeliveryError) else type(error).__name__)

    def undone(self, code: str) -> None:
        """Note that none of what is left was told."""
        for parcel in self._unfinished():
            parcel.fail(code)

    def _unfinished(self) -> list[DeliveryJob]:
        return [parcel for parcel in self._parcels if not parcel.finished]

    def _release(self) -> None:
        self._post.ledger.release([parcel.key for parcel in self._unfinished() if parcel.key])

    def _claimed(self, parcels: Sequence[DeliveryJob]) -> Steps[tuple[list[DeliveryJob], list[DeliveryJob]]]:
        """Claim what is not told yet; return what is ours, and what another function is telling.

        What takes longer to claim than half of the time that is left fails, so that something can be sent of the rest.
        """
        by_key = {str(parcel.key): parcel for parcel in parcels}
        clock = self._post.clock
        until = clock.now() + clock.spare() / 2
        claims = yield from with_retries(partial(self._post.ledger.claim_all, list(by_key), until))
        for key in by_key.keys() - claims.keys():
            by_key.pop(key).fail(DeadlineExceededError.CODE)
        self._claimed_at = self._post.clock.now()
        for key, claim in claims.items():
            if claim is Claim.COMPLETED:
                by_key[key].told_already()
        return (
            [parcel for key, parcel in by_key.items() if claims[key] is Claim.ACQUIRED],
            [parcel for key, parcel in by_key.items() if claims[key] is Claim.IN_PROGRESS],
        )

    def _tell(self, parcels: Sequence[DeliveryJob]) -> Steps[None]:
        """Tell them in as many messages as it takes.

        Raises:
            DeliveryError: they were not told, or not all.
        """
        rest = list(parcels)
        said = next(filter(None, (parcel.route_problem() for parcel in parcels)), None)
        for number, part in enumerate(parcels[0].summarise(parcels)):
            told, rest = rest[: part.members], rest[part.members :]
            noted_part = replace(part, message=noted(part.message, said.line)) if said and number == 0 else part
            try:
                yield from self._send(noted_part, [str(parcel.key) for parcel in told])
            except Exception:
                if said and number == 0:
                    self._post.ledger.release([said.key])
                raise
            for parcel in told:
                parcel.done()
                self._post.results.count(self._channel.target.kind.value, Outcome.SUMMARIZED)
            yield from self._post.note_told([str(parcel.key) for parcel in told])

    def _send(self, part: SummaryPart, keys: Sequence[str]) -> Steps[None]:
        channel = self._channel
        if channel.exhausted:
            raise DeliveryError("message_limit_reached")
        in_thread = channel.summary_ts is not None
        try:
            ts = yield from self._post.slack.summary_part(
                channel.target, part, channel.summary_ts, partial(self._check, keys)
            )
        except DestinationMisconfiguredError as error:
            if error.code not in THREAD_GONE:
                raise
            channel.summary_ts = None
            raise DeliveryError(error.code) from None  # the channel is in order
        if channel.target.kind is Kind.SLACK_APP:
            channel.summary_ts = channel.summary_ts or ts
        if not in_thread:
            channel.count(limited=True)

    def _check(self, keys: Sequence[str]) -> None:
        """Prolong the claims before they may end.

        Raises:
            DeliveryError: another function has taken one over, or the table cannot be asked.
        """
        if self._post.clock.now() <= self._claimed_at + LEASE_IS_SAFE_SECONDS:
            return
        if set(self._post.ledger.claim_all(keys).values()) != {Claim.ACQUIRED}:
            raise DeliveryError("another_function_is_telling_it")
