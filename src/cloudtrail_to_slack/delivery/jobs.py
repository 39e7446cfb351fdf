"""The way of one alert or notice to one destination: claimed, sent, noted as told; or sent by the default route.

claim ── told already ─────────────▶ done, a duplicate avoided
  │  └── another is telling it ────▶ back to the end of the lane, then wait for it
  ▼
send ─── refused by the set-up ────▶ once more, by the default route
  │  └── not sent ─────────────────▶ release, and fail
  ▼
note as told
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from cloudtrail_to_slack.alerts.alert import Alert, AlertFactory, PendingAlert
from cloudtrail_to_slack.alerts.notice import Notice
from cloudtrail_to_slack.clock import Clock, backoff_delays, with_retries
from cloudtrail_to_slack.delivery.alert_room import AlertRoom
from cloudtrail_to_slack.delivery.deduplication import LEASE_IS_SAFE_SECONDS, Claim, DeduplicationStore
from cloudtrail_to_slack.delivery.message_limit import Channel
from cloudtrail_to_slack.delivery.results import MessageIds, Outcome, Results, Undelivered
from cloudtrail_to_slack.delivery.route_problems import route_problem
from cloudtrail_to_slack.delivery.routing import Kind, Router, Target
from cloudtrail_to_slack.delivery.scheduler import Scheduler, Steps
from cloudtrail_to_slack.destinations.slack.render.notice_summary import notice_summary
from cloudtrail_to_slack.destinations.slack.render.summary import summary
from cloudtrail_to_slack.destinations.slack.render.summary_parts import SummaryPart
from cloudtrail_to_slack.destinations.slack.sender import SlackDelivery
from cloudtrail_to_slack.destinations.sns.render import SnsMessage, alert_sizes, notice_sizes
from cloudtrail_to_slack.destinations.sns.sender import SnsDelivery
from cloudtrail_to_slack.errors import DeadlineExceededError, DeliveryError, DestinationMisconfiguredError
from cloudtrail_to_slack.observability.logging import id_to_log, log_unexpected, logger
from cloudtrail_to_slack.rules import Severity

_ROUTE_PROBLEM_SECONDS = 3600
_MOST_LOGGED = 50  # of what did not reach one target for one reason
_NOTICES_OF_A_KIND = 5  # of messages in a channel; beyond it one lists the rest
Order = tuple[Any, ...]
Summarise = Callable[[Sequence["DeliveryJob"]], list[SummaryPart]]


@dataclass(slots=True)
class Post:
    """What all parcels of an invocation share. `broken` holds the error of each destination that is not set up."""

    router: Router
    slack: SlackDelivery
    sns: SnsDelivery
    ledger: DeduplicationStore
    clock: Clock
    results: Results
    lanes: Scheduler
    failures: list[tuple[MessageIds, Undelivered]]
    limit: int
    channels: dict[tuple[Target, str], Channel["DeliveryJob"]] = field(default_factory=dict)
    room: AlertRoom = field(default_factory=AlertRoom)
    broken: dict[Target, str] = field(default_factory=dict)
    _undelivered: Counter[tuple[Target, str]] = field(default_factory=Counter)
    _places: dict[Target, str] = field(default_factory=dict)

    def fail(self, target: Target, message_ids: MessageIds, what: str, code: str) -> Undelivered:
        """Record that something did not reach a target; of thousands, as in a flood, only the first are logged."""
        place = self._places.get(target) or self._places.setdefault(target, self.router.describe(target))
        failure, kind = Undelivered(what, place, code), target.kind.value
        self.results.count(kind, Outcome.UNDELIVERED)
        self.failures.append((message_ids, failure))
        self._undelivered[target, code] += 1
        count = self._undelivered[target, code]
        if count <= _MOST_LOGGED + 1:
            what = what if count <= _MOST_LOGGED else "more, for the same reason, which are not logged"
            logger.error("undelivered", extra={"what": what, "destination": kind, "address": place, "code": code})
        return failure

    def channel(self, target: Target, notices: str = "") -> "Channel[DeliveryJob] | None":
        """Return the slots that a target has for alerts or a kind of notices; None for a topic, which has no limit."""
        if target.kind is Kind.SNS:
            return None
        most_single = _NOTICES_OF_A_KIND if notices else self.limit
        return self.channels.setdefault((target, notices), Channel(target, self.limit, most_single))

    def note_told(self, keys: Sequence[str]) -> Steps[None]:
        """Note in the ledger that these are told; that they are is true whether or not it can be noted."""
        try:
            yield from with_retries(partial(self.ledger.complete, keys))
        except DeliveryError as error:
            logger.warning("told, and not noted as told", extra={"keys": len(keys), "code": error.code})


@dataclass(frozen=True, slots=True)
class RouteProblem:
    """What is said of a broken route, and the ledger's key of having said it."""

    key: str
    line: str


class DeliveryJob:
    """Something on its way to `target`; `via` is where it is sent, which may come to be the default route.

    `key` is the ledger's; None: it is not kept from being told again.
    """

    def __init__(self, post: Post, target: Target, message_ids: MessageIds, key: str | None, order: Order) -> None:
        self.order = order
        self.key = key
        self.via = target
        self.finished = False
        self._post = post
        self._target = target
        self._askers = message_ids
        self._failure: Undelivered | None = None
        self._patient = False
        self._exempt = False
        self._route_fault = ""
        self._claimed_at = 0.0

    @property
    def name(self) -> str:
        """What it is, for logs and errors."""
        raise NotImplementedError

    @property
    def arrived(self) -> bool:
        """Whether it is told, now or before."""
        return self.finished and self._failure is None

    @property
    def summarise(self) -> "Summarise":
        """What makes a summary of this and others of its kind."""
        raise NotImplementedError

    @property
    def can_be_alone(self) -> bool:
        """Whether there is still all that it takes to send it as a message of its own."""
        return True

    def exempt_from_limit(self) -> "DeliveryJob":
        """Return it as one that is sent even where only the slot for the summary is left."""
        self._exempt = True
        return self

    def run(self) -> Steps[None]:
        """Go its way; see the module."""
        try:
            yield from self._go()
        except DestinationMisconfiguredError as error:
            self.reroute(error)
        except DeliveryError as error:
            self.fail(error.code)
        except Exception as error:  # noqa: BLE001 (a fault of ours in one message must not stop the next)
            log_unexpected("sending a message", error)
            self.fail(type(error).__name__)

    def undone(self, code: str) -> None:
        """Note that it was not sent."""
        self.fail(code)

    def add_source(self, message_ids: MessageIds) -> None:
        """Note that others asked for the same."""
        if self._failure:
            self._post.failures.append((message_ids, self._failure))
        else:
            self._askers |= message_ids

    def fail(self, code: str) -> None:
        """Note that it did not arrive."""
        self._finish()
        self._failure = self._post.fail(self._target, self._askers, self.name, code)

    def done(self) -> None:
        """Note that it arrived."""
        destination = self._target.kind.value
        self._finish()
        self._post.results.count(destination, Outcome.DELIVERED)
        if self.via != self._target:
            self._post.results.count(destination, Outcome.FELL_BACK)

    def told_already(self) -> None:
        """Note that it had arrived before."""
        self._finish()
        self._post.results.count(self._target.kind.value, Outcome.DUPLICATE_AVOIDED)

    def reroute(self, error: DestinationMisconfiguredError) -> None:
        """Go by the default route, since its own is broken; fail where that is broken too."""
        code = error.code
        if error.certain and self.via not in self._post.broken:
            self._post.broken[self.via] = code
            place = self._post.router.describe(self.via)
            logger.error("route broken", extra={"destination": self.via.kind.value, "address": place, "code": code})
        fallback = self._post.router.fallback(self.via) if self.via == self._target else None
        if fallback is None:
            self.fail(code)
            return
        self._route_fault = code
        self._exempt = False
        self.via = fallback
        self._post.lanes.add(fallback, self.order, self)

    def route_problem(self) -> "RouteProblem | None":
        """Return what is to be said of the parcel's own route; None when it is in order, or was said lately."""
        if self.via == self._target:
            return None
        place = hashlib.sha256(self._target.address.encode()).hexdigest()[:32]
        key = f"route#{self._target.kind.value}#{place}"
        accounts = self._post.router.accounts(self._target)
        line = route_problem(self._target, accounts, self._route_fault, markup=self.via.kind is not Kind.SNS)
        return RouteProblem(key, line) if self._post.ledger.acquire_cooldown(key, _ROUTE_PROBLEM_SECONDS) else None

    def _finish(self) -> None:
        self.finished = True

    def _go(self) -> Steps[None]:
        fault = self.via.fault or self._post.broken.get(self.via)
        if fault:
            raise DestinationMisconfiguredError(fault)
        if self.key and not (yield from self._claimed(self.key)):
            return
        held = [self.key]
        try:
            said = self.route_problem()
            held.append(said.key if said else None)
            yield from self._send(said.line if said else None)
        except Exception:
            self._post.ledger.release(filter(None, held))
            raise
        self.done()
        if self.key:
            yield from self._post.note_told([self.key])

    def _send(self, note: str | None) -> Steps[None]:
        raise NotImplementedError

    def _claimed(self, key: str) -> Steps[bool]:
        """Claim it; False when that is not to be had, or not yet."""
        claim = yield from with_retries(partial(self._post.ledger.claim, key))
        if claim is Claim.IN_PROGRESS and not self._patient:
            self._patient = True
            self._post.lanes.add(self.via, (1, *self.order[1:]), self)  # after all that need not wait
            return False
        waits = backoff_delays()
        while claim is Claim.IN_PROGRESS:
            try:
                yield next(waits)
            except DeadlineExceededError:
                raise DeliveryError("another_function_is_telling_it") from None
            claim = yield from with_retries(partial(self._post.ledger.claim, key))
        if claim is Claim.COMPLETED:
            self.told_already()
            return False
        self._claimed_at = self._post.clock.now()
        return True

    def _check(self) -> None:
        """Prolong the claim before it may end, since sending may have had to wait.

        Raises:
            DeliveryError: another function has taken it over, or the table cannot be asked.
        """
        if self.key and self._post.clock.now() > self._claimed_at + LEASE_IS_SAFE_SECONDS:
            if self._post.ledger.claim(self.key) is not Claim.ACQUIRED:
                raise DeliveryError("another_function_is_telling_it")
            self._claimed_at = self._post.clock.now()

    def _publish(self, sizes: Sequence[Callable[[], SnsMessage]]) -> Steps[None]:
        yield from self._post.sns.publish(self.via.address, sizes, self._check)


class AlertJob(DeliveryJob):
    """An alert on its way. `make` is None when all that may still be told of it is its id."""

    def __init__(
        self,
        post: Post,
        target: Target,
        message_ids: MessageIds,
        key: str,
        alert: PendingAlert,
        make: AlertFactory | None,
    ) -> None:
        super().__init__(post, target, message_ids, key, (0, -alert.severity, alert.sort_time))
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

    @property
    def summarise(self) -> "Summarise":
        """What makes a summary of this and other alerts."""
        return summarise_alerts

    def done(self) -> None:
        """Note that it arrived, and how long after the event."""
        super().done()
        if self.alert.time:
            lag = max(self._post.clock.now() - self.alert.time.timestamp(), 0.0)
            self._post.results.latencies[self._target.kind.value].append(lag)

    def _finish(self) -> None:
        super()._finish()
        self.make = None  # its record takes no more memory

    def _go(self) -> Steps[None]:
        channel = self._post.channel(self.via)
        summarised = not (self._exempt or self.is_critical)
        if channel and summarised and (channel.at_limit or self.make is None):
            if channel.overflow:
                self.make = None  # a summary holds no more than the id of all but the first
            channel.overflow.append(self)
            return
        yield from super()._go()

    def _send(self, note: str | None) -> Steps[None]:
        if self.make is None:
            raise DeliveryError("alert_dropped")
        yield from self._post.room.wait(self.alert.size)
        with self._post.room.taken(self.alert.size):
            yield from self._send_made(self.make(), note)

    def _send_made(self, alert: Alert, note: str | None) -> Steps[None]:
        channel = self._post.channel(self.via)
        if channel is None:
            yield from self._publish(alert_sizes(alert, self.alert.key, note))
        else:
            yield from self._post.slack.alert(self.via, alert, note, self._check)
            channel.count(limited=not self.is_critical)


class NoticeJob(DeliveryJob):
    """A notice on its way."""

    def __init__(self, post: Post, target: Target, message_ids: MessageIds, key: str | None, notice: Notice) -> None:
        super().__init__(post, target, message_ids, key, (0,))
        self.notice = notice

    @property
    def name(self) -> str:
        """What the notice is about."""
        return self.notice.name

    @property
    def summarise(self) -> "Summarise":
        """What makes a summary of this and other notices of its kind."""
        return summarise_notices

    def fail(self, code: str) -> None:
        """Note that it did not arrive; a notice that nobody asked for is no reason to fail."""
        if self._askers:
            super().fail(code)
        else:
            logger.warning("notice not told", extra={"what": self.name, "code": code})

    @property
    def _channel(self) -> "Channel[DeliveryJob] | None":
        """The slots of its kind; None where it has no limit."""
        group = self.notice.group
        return self._post.channel(self.via, group.kind) if group else None

    def _go(self) -> Steps[None]:
        channel = self._channel
        if channel and channel.at_limit and not self._exempt:
            channel.overflow.append(self)
            return
        yield from super()._go()

    def _send(self, note: str | None) -> Steps[None]:
        if self.via.kind is Kind.SNS:
            yield from self._publish(notice_sizes(self.notice, note))
            return
        yield from self._post.slack.notice(self.via, self.notice, note, self._check)
        channel = self._channel
        if channel:
            channel.count(limited=True)


def summarise_alerts(parcels: Sequence[DeliveryJob]) -> list[SummaryPart]:
    """Return a summary of alerts, in their order."""
    return summary([parcel.alert for parcel in parcels if isinstance(parcel, AlertJob)])


def summarise_notices(parcels: Sequence[DeliveryJob]) -> list[SummaryPart]:
    """Return a summary of notices of one kind, in their order."""
    return notice_summary([parcel.notice for parcel in parcels if isinstance(parcel, NoticeJob)])
