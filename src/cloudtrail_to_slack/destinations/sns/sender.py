"""Sending to SNS: what a topic rejects for its content is sent again, smaller and plainer."""

from collections.abc import Callable, Sequence
from functools import partial

from cloudtrail_to_slack.clock import Clock, with_retries
from cloudtrail_to_slack.delivery.results import Outcome, Results
from cloudtrail_to_slack.delivery.routing import Kind
from cloudtrail_to_slack.delivery.scheduler import Steps
from cloudtrail_to_slack.destinations.registry import TIMEOUT_SECONDS, Destinations
from cloudtrail_to_slack.destinations.sns.render import SnsMessage
from cloudtrail_to_slack.errors import DestinationMisconfiguredError, PayloadRejectedError
from cloudtrail_to_slack.observability.logging import log_unexpected, logger


class SnsDelivery:
    """Publishes what is for SNS in one invocation."""

    def __init__(self, destinations: Destinations, clock: Clock, results: Results) -> None:
        self._destinations = destinations
        self._clock = clock
        self._results = results

    def publish(
        self, topic_arn: str, sizes: Sequence[Callable[[], SnsMessage]], check: Callable[[], None]
    ) -> Steps[None]:
        """Publish the first, largest message that the topic takes; `check` is called before each attempt.

        Raises:
            DeliveryError: not even the last was taken, or not for its content. It marks no topic as broken that rejects
                content: other messages may yet pass.
        """
        refusal = PayloadRejectedError("nothing_to_send")
        for number, make in enumerate(sizes):
            try:
                message = make()
            except Exception as error:  # noqa: BLE001 (a fault of ours in the long message leaves the short one)
                refusal = PayloadRejectedError(type(error).__name__)
                log_unexpected("making a message", error)
                continue
            try:
                yield from with_retries(partial(self._send, topic_arn, message, check), self._count_retry)
            except PayloadRejectedError as error:
                refusal = error
                logger.warning("SNS rejected the content, sending less", extra={"code": error.code})
                continue
            if number:
                self._results.count(Kind.SNS.value, Outcome.DOWNSIZED)
            return
        # The last holds nothing to reject: something else about the topic is wrong, for this message at least.
        raise DestinationMisconfiguredError(refusal.code, certain=False)

    def _send(self, topic_arn: str, message: SnsMessage, check: Callable[[], None]) -> None:
        check()
        self._destinations.sns.send(topic_arn, message, timeout=self._clock.timeout(TIMEOUT_SECONDS))

    def _count_retry(self) -> None:
        self._results.count(Kind.SNS.value, Outcome.RETRIED)
