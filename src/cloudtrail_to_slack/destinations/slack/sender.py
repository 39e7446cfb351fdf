"""Sending to one Slack channel or webhook: as large as it is taken, in the thread it belongs to, within a budget."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

from cloudtrail_to_slack.alerts.alert import Alert
from cloudtrail_to_slack.alerts.notice import Notice, bare_notice, plain_notice
from cloudtrail_to_slack.clock import Clock, with_retries
from cloudtrail_to_slack.delivery.results import Outcome, Results
from cloudtrail_to_slack.delivery.routing import Kind, Target
from cloudtrail_to_slack.delivery.scheduler import Steps
from cloudtrail_to_slack.destinations.registry import TIMEOUT_SECONDS, Destinations
from cloudtrail_to_slack.destinations.slack.render.alert import (
    alert_message,
    bare_line,
    compact_message,
    plain_message,
    reply_message,
)
from cloudtrail_to_slack.destinations.slack.render.message import SlackMessage, noted
from cloudtrail_to_slack.destinations.slack.render.summary_parts import SummaryPart
from cloudtrail_to_slack.destinations.slack.threads import Posted, ThreadPlace, Threads
from cloudtrail_to_slack.errors import (
    DeliveryError,
    DestinationMisconfiguredError,
    PayloadRejectedError,
    UnknownRejectionError,
)
from cloudtrail_to_slack.observability.logging import log_unexpected, logger

T = TypeVar("T")

# Called before each attempt: raises when the alert is no longer ours to tell.
Check = Callable[[], None]


class SlackDelivery:
    """Sends what is for Slack in one invocation."""

    def __init__(self, destinations: Destinations, threads: Threads, clock: Clock, results: Results) -> None:
        self._destinations = destinations
        self._threads = threads
        self._clock = clock
        self._results = results

    def alert(self, target: Target, alert: Alert, note: str | None, check: Check) -> Steps[None]:
        """Send an alert, the bot in the thread of its fingerprint.

        Raises:
            DeliveryError: it was not sent.
        """
        smaller: list[Callable[[], SlackMessage]] = [
            partial(_noted, make, alert, note) for make in (alert_message, compact_message, plain_message, bare_line)
        ]
        if target.kind is Kind.SLACK_WEBHOOK:
            yield from self._sized(target, smaller, None, check)
            return

        def post(thread_ts: str | None) -> Steps[Posted]:
            reply: Callable[[], SlackMessage] = partial(_noted, reply_message, alert, note)
            sizes = [reply, *smaller[2:]] if thread_ts else smaller
            return (yield from self._sized(target, sizes, thread_ts, check))

        place = ThreadPlace(alert.severity, alert.event.time, alert.fingerprint, alert.shared_fingerprint)
        yield from self._threads.join(target.address, place, post)

    def summary_part(self, target: Target, part: SummaryPart, thread_ts: str | None, check: Check) -> Steps[str]:
        """Send one message of a summary, under `thread_ts` if given; return its `ts`, empty for a webhook.

        Raises:
            DeliveryError: it was not sent.
        """
        sizes: list[Callable[[], SlackMessage]] = [lambda: part.message, lambda: part.fallback]
        return (yield from self._sized(target, sizes, thread_ts, check)).ts

    def notice(self, target: Target, notice: Notice, note: str | None, check: Check) -> Steps[None]:
        """Send a notice: whole, as text without blocks, or its beginning as one bare line.

        Raises:
            DeliveryError: it was not sent.
        """
        sizes: list[Callable[[], SlackMessage]] = [
            lambda: noted(notice.message, note),
            lambda: noted(plain_notice(notice), note),
            lambda: bare_notice(notice),
        ]
        yield from self._sized(target, sizes, None, check)

    def _sized(
        self, target: Target, sizes: Sequence[Callable[[], SlackMessage]], thread_ts: str | None, check: Check
    ) -> Steps[Posted]:
        """Send the first, largest message that is taken.

        Raises:
            DeliveryError: not even the last was taken, or not for its content.
        """
        refusal: DeliveryError = PayloadRejectedError("nothing_to_send")
        for number, make in enumerate(sizes):
            try:
                message = make()
            except Exception as error:  # noqa: BLE001 (a fault of ours in the long message leaves the short one)
                refusal = PayloadRejectedError(type(error).__name__)
                log_unexpected("making a message", error)
                continue
            try:
                ts = yield from with_retries(
                    partial(self._send, target, message, thread_ts, check),
                    partial(self._count, target, Outcome.RETRIED),
                )
            except PayloadRejectedError as error:
                refusal = error
                logger.warning("content refused, sending less", extra={"code": error.code})
                continue
            if number:
                self._count(target, Outcome.DOWNSIZED)
            return Posted(ts, message)
        if isinstance(refusal, UnknownRejectionError):
            raise DestinationMisconfiguredError(refusal.code, certain=False)
        raise refusal

    def _send(self, target: Target, message: SlackMessage, thread_ts: str | None, check: Check) -> str:
        check()
        timeout = self._clock.timeout(TIMEOUT_SECONDS)
        if target.kind is Kind.SLACK_APP:
            return self._destinations.slack_app.send(target.address, message, thread_ts, timeout=timeout)
        self._destinations.slack_webhook.send(target.address, message, timeout=timeout)
        return ""

    def _count(self, target: Target, outcome: Outcome) -> None:
        self._results.count(target.kind.value, outcome)


def _noted(make: Callable[[Alert], SlackMessage], alert: Alert, note: str | None) -> SlackMessage:
    # The bare line stays bare: there must be nothing in it to refuse.
    return make(alert) if make is bare_line else noted(make(alert), note)
