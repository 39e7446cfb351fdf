"""Sending alerts and notices to where they are routed to, each once, and remembering what could not be sent.

One destination's failure does not hold up another's: every failure is noted and the rest goes on.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from cloudtrail_to_slack.alerts import Alert
from cloudtrail_to_slack.destinations import Destinations
from cloudtrail_to_slack.errors import BrokenDestinationError, ContentRefusedError, DeliveryError
from cloudtrail_to_slack.messages.slack_alert import alert_message, bare_message, reply_message
from cloudtrail_to_slack.messages.slack_message import SlackMessage
from cloudtrail_to_slack.messages.slack_notices import Notice
from cloudtrail_to_slack.messages.sns_body import alert_body, notice_body, subject
from cloudtrail_to_slack.routing import Kind, Router, Target
from cloudtrail_to_slack.telemetry import id_to_log, logger
from cloudtrail_to_slack.threads import Posted, Threads
from cloudtrail_to_slack.waiting import Clock, retried

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Undelivered:
    """A message that did not reach a destination: which, where to, and the destination's word for why."""

    what: str
    destination: str
    code: str

    def __str__(self) -> str:
        return f"{self.what} did not reach {self.destination}: {self.code}"


@dataclass(slots=True)
class Results:
    """What became of the messages of an invocation, per kind of destination."""

    delivered: Counter[str] = field(default_factory=Counter)
    undelivered: Counter[str] = field(default_factory=Counter)


class Delivery:
    """Delivers the alerts and notices of one invocation. No method of it raises."""

    def __init__(self, router: Router, destinations: Destinations, threads: Threads, clock: Clock) -> None:
        self._router = router
        self._destinations = destinations
        self._threads = threads
        self._clock = clock
        self.results = Results()

    def deliver(self, alert: Alert) -> list[Undelivered]:
        """Deliver an alert to every destination it is routed to; return where it did not arrive."""
        what = f"the alert of event {id_to_log(alert.event.event_id) or 'without id'}"
        targets = self._router.targets(alert.event.account)
        if not targets:
            return [self._unrouted(what, f"no route and no default for account {alert.event.account or 'unknown'}")]
        failures = [self._attempt(what, target, partial(self._send_alert, alert, target)) for target in targets]
        return [failure for failure in failures if failure]

    def tell(self, notice: Notice) -> list[Undelivered]:
        """Deliver a notice; return where it did not arrive."""
        what = (
            f"the notice {notice.title!r}" if notice.source_file is None else f"the notice about {notice.source_file}"
        )
        targets = self._router.notice_targets(notice.account)
        if notice.slack_only:
            targets = [target for target in targets if target.kind is not Kind.SNS]
        elif not targets:
            return [self._unrouted(what, "no route and no default")]
        failures = [self._attempt(what, target, partial(self._send_notice, notice, target)) for target in targets]
        return [failure for failure in failures if failure]

    def finish(self) -> None:
        """Do what is done once, after everything is delivered; nothing of it may turn that into a failure."""
        try:
            self._threads.show_counts()
        except Exception as error:  # noqa: BLE001 (all alerts are told by now)
            logger.warning("thread counts not shown", extra={"error": type(error).__name__})

    def _attempt(self, what: str, target: Target, send: Callable[[], None]) -> Undelivered | None:
        """Send, and note how it went."""
        destination = target.kind.value
        try:
            send()
        except DeliveryError as error:
            code = error.code
        except Exception as error:  # noqa: BLE001 (a fault of ours in one message must not stop the next)
            code = type(error).__name__
            logger.debug("a message could not be sent", exc_info=True)
        else:
            self.results.delivered[destination] += 1
            return None
        self.results.undelivered[destination] += 1
        logger.error("undelivered", extra={"what": what, "destination": destination, "code": code})
        return Undelivered(what, destination, code)

    def _unrouted(self, what: str, code: str) -> Undelivered:
        self.results.undelivered["unrouted"] += 1
        logger.error("undelivered", extra={"what": what, "destination": "unrouted", "code": code})
        return Undelivered(what, "any destination", code)

    def _send_alert(self, alert: Alert, target: Target) -> None:
        _refuse_faulty(target)
        sizes = (partial(alert_message, alert), partial(bare_message, alert))
        if target.kind is Kind.SNS:
            title = subject(alert.title)
            body = alert_body(alert)
            retried(self._clock, lambda: self._destinations.sns.send(target.address, title, body))
        elif target.kind is Kind.SLACK_WEBHOOK:
            self._smaller(sizes, lambda message: self._destinations.slack_webhook.send(target.address, message))
        else:

            def post(thread_ts: str | None) -> Posted:
                slack = self._destinations.slack_app
                tried = (partial(reply_message, alert), sizes[1]) if thread_ts else sizes
                ts, message = self._smaller(tried, lambda message: slack.send(target.address, message, thread_ts))
                return Posted(ts, message)

            self._threads.join(target.address, alert.fingerprint, alert.event.time, post)

    def _send_notice(self, notice: Notice, target: Target) -> None:
        _refuse_faulty(target)
        sizes = (lambda: notice.message, lambda: SlackMessage(notice.message.text))
        if target.kind is Kind.SNS:
            body = notice_body(notice.title, notice.text, notice.source_file, notice.account)
            retried(self._clock, lambda: self._destinations.sns.send(target.address, subject(notice.title), body))
        elif target.kind is Kind.SLACK_WEBHOOK:
            self._smaller(sizes, lambda message: self._destinations.slack_webhook.send(target.address, message))
        else:
            self._smaller(sizes, lambda message: self._destinations.slack_app.send(target.address, message))

    def _smaller(
        self, sizes: Sequence[Callable[[], SlackMessage]], send: Callable[[SlackMessage], T]
    ) -> tuple[T, SlackMessage]:
        """Send the first, largest message that is taken; return what sending gave, and that message.

        Raises:
            DeliveryError: not even the last was taken, or not for its content.
        """
        refusal: DeliveryError = ContentRefusedError("nothing_to_send")
        for make in sizes:
            try:
                message = make()
            except Exception as error:  # noqa: BLE001 (a fault of ours in the long message leaves the short one)
                refusal = ContentRefusedError(type(error).__name__)
                logger.debug("a message could not be made", exc_info=True)
                continue
            try:
                return retried(self._clock, partial(send, message)), message
            except ContentRefusedError as error:
                refusal = error
                logger.warning("content refused, sending less", extra={"code": error.code})
        raise refusal


def _refuse_faulty(target: Target) -> None:
    if target.fault:
        raise BrokenDestinationError(target.fault)
