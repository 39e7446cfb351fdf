"""Send one message: in the largest size that the destination accepts, and again after a transient error."""

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from cloudtrail_to_slack.clock import Clock
from cloudtrail_to_slack.delivery.results import Outcome, Results
from cloudtrail_to_slack.destinations.base import TIMEOUT_SECONDS, Destination, Sent, Sizes
from cloudtrail_to_slack.errors import (
    DeliveryError,
    DestinationMisconfiguredError,
    PayloadRejectedError,
    TransientError,
    UnknownRejectionError,
)
from cloudtrail_to_slack.observability.logging import log_unexpected, logger
from cloudtrail_to_slack.retry import Steps, with_retries

P = TypeVar("P")


class Sender:
    """Sends the messages of one invocation."""

    def __init__(self, clock: Clock, results: Results) -> None:
        self._clock = clock
        self._results = results

    def send(
        self,
        destination: Destination[P],
        address: str,
        check: Callable[[], None],
        sizes: Sizes[P],
        parent: str | None = None,
    ) -> Steps[Sent[P]]:
        """Send the largest size that is accepted; `check` is called before each attempt.

        Raises:
            DeliveryError: not even the smallest was accepted, or the reason is not the content.
        """
        rejection: DeliveryError = PayloadRejectedError("nothing_to_send")
        for number, make in enumerate(sizes):
            try:
                payload = make()
            except Exception as error:  # noqa: BLE001 (a bug in the long message must not stop the short one)
                rejection = PayloadRejectedError(type(error).__name__)
                log_unexpected("making a message", error)
                continue
            try:
                sent_id = yield from with_retries(
                    partial(self._send, destination, address, check, payload, parent),
                    partial(self._results.count, destination.name, Outcome.RETRIED),
                )
            except PayloadRejectedError as error:
                rejection = error
                extra = {"destination": destination.name, "code": error.code}
                logger.warning("message rejected, sending a smaller one", extra=extra)
                continue
            if number:
                self._results.count(destination.name, Outcome.DOWNSIZED)
            return Sent(sent_id, payload)
        if isinstance(rejection, UnknownRejectionError):
            raise DestinationMisconfiguredError(rejection.code, certain=False)
        raise rejection

    def _send(
        self, destination: Destination[P], address: str, check: Callable[[], None], payload: P, parent: str | None
    ) -> str | None:
        check()
        try:
            with self._clock.call(TIMEOUT_SECONDS) as timeout:
                return destination.send(address, payload, parent=parent, timeout=timeout)
        except DeliveryError:
            raise
        except Exception as error:  # noqa: BLE001 (an SDK may raise anything on a response that it does not know)
            log_unexpected("sending a message", error)
            raise TransientError(type(error).__name__) from None
