"""Sending notices that come at most once an interval about the same subject, each with all that came in between.

What comes between two notices waits in the store (see `notice_store`) and is sent with the next one: by the next
invocation that has anything to say about the subject, or by the next invocation of this process once it is due.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from cloudtrail_to_slack.alerts.notice import Notice
from cloudtrail_to_slack.clock import Clock
from cloudtrail_to_slack.delivery.context import target_key
from cloudtrail_to_slack.delivery.dispatcher import Delivery
from cloudtrail_to_slack.delivery.results import Outcome, Undelivered
from cloudtrail_to_slack.delivery.routing import Target
from cloudtrail_to_slack.errors import DeliveryError
from cloudtrail_to_slack.ingest.payloads import MessageIds
from cloudtrail_to_slack.notices.store import Collected, MemoryNotices, NoticeStore, Standing
from cloudtrail_to_slack.observability.logging import logger
from cloudtrail_to_slack.retry import run_to_completion, with_retries

_MOST_IN_TABLE = 50  # subjects of one kind and invocation, each of which is a call to the table or two
_NEXT_LOOK_SECONDS = 600


@dataclass(frozen=True, slots=True)
class NoticeSubject:
    """What a periodic notice is about. `name` is for logs and errors, `identity` the same whenever it is the same.

    `entries` are what is new about it, and `more` is how many others there are. `message_ids` are the
    messages that brought them; without any, nothing fails when the notice cannot be delivered.
    """

    name: str
    identity: str
    entries: tuple[str, ...]
    more: int = 0
    message_ids: MessageIds = frozenset()


# Makes notices of subjects and all their entries, each with the positions of its subjects.
Render = Callable[[Sequence[NoticeSubject]], Sequence[tuple[Notice, Sequence[int]]]]


@dataclass(frozen=True, slots=True)
class NoticeKind:
    """A kind of periodic notice: the seconds between two about the same subject, and what makes them.

    `cool_off` is for how many seconds no further attempt is made after some failed in a row; 0: it is tried each time.
    """

    name: str
    interval: float
    render: Render
    cool_off: float = 0.0


@dataclass(frozen=True, slots=True)
class Due:
    """A subject that something waits for, and when it can be sent."""

    at: float
    kind: NoticeKind
    target: Target
    subject: NoticeSubject


class PeriodicNotices:
    """The periodic notices of one invocation. `due` lives as long as the process."""

    def __init__(
        self, delivery: Delivery, store: NoticeStore, memory: MemoryNotices, clock: Clock, due: dict[str, Due]
    ) -> None:
        self._delivery = delivery
        self._store = store
        self._memory = memory
        self._clock = clock
        self._due = due

    def send(self, kind: NoticeKind, subjects: Sequence[NoticeSubject], targets: Sequence[Target]) -> None:
        """Send what is new about the subjects to each target, or keep it until the next notice is due.

        What could not be sent is among the delivery's failures.
        """
        for target in targets:
            self._send_to(kind, subjects, target)

    def send_due(self) -> None:
        """Send what waited and is due by now."""
        now = self._clock.now()
        for key in [key for key, due in self._due.items() if due.at <= now]:
            due = self._due.pop(key)
            # If it cannot be sent now, it is looked at again later.
            self._due[key] = replace(due, at=now + _NEXT_LOOK_SECONDS)
            self._send_to(due.kind, [due.subject], due.target)

    def _send_to(self, kind: NoticeKind, subjects: Sequence[NoticeSubject], target: Target) -> None:
        acquired: list[tuple[NoticeSubject, Collected, NoticeStore]] = []
        for number, subject in enumerate(subjects):
            store = self._store if number < _MOST_IN_TABLE else self._memory
            collected = self._collect(kind, subject, target, store)
            if collected is not None:
                complete = replace(subject, entries=collected.entries, more=subject.more + collected.more)
                acquired.append((complete, collected, store))
        if not acquired:
            return
        for notice, positions in kind.render([subject for subject, _, _ in acquired]):
            covered = [acquired[position] for position in positions]
            message_ids = frozenset[str | None]().union(*(subject.message_ids for subject, _, _ in covered))
            (arrived,) = self._delivery.notify_at([(target, notice)], message_ids)
            for subject, collected, store in covered:
                self._record(kind, subject, target, collected, store, arrived=arrived)

    def _collect(
        self, kind: NoticeKind, subject: NoticeSubject, target: Target, store: NoticeStore
    ) -> Collected | None:
        """Return what is to be sent about the subject now; None: nothing."""
        key = _key(kind, target, subject.identity)
        try:
            collected = run_to_completion(
                self._clock, with_retries(partial(store.collect, key, subject.entries, kind.interval))
            )
        except DeliveryError as error:
            self._fail(subject, target, error.code)
            return None
        match collected.standing:
            case Standing.ACQUIRED:
                return collected
            case Standing.WAITING | Standing.FAILING:
                later = replace(subject, entries=(), more=0, message_ids=frozenset())
                self._due[key] = Due(collected.due, kind, target, later)
                if collected.standing is Standing.FAILING:
                    self._fail(subject, target, "attempts_failed_lately")
                else:
                    extra = {"what": subject.name, "destination": target.destination, "new": len(subject.entries)}
                    logger.info("notice waits", extra=extra)
            case Standing.NOTHING:
                self._due.pop(key, None)
        return None

    def _record(
        self,
        kind: NoticeKind,
        subject: NoticeSubject,
        target: Target,
        collected: Collected,
        store: NoticeStore,
        *,
        arrived: bool,
    ) -> None:
        key = _key(kind, target, subject.identity)
        if arrived:
            self._due.pop(key, None)
            record = partial(store.complete, key, collected, kind.interval)
        else:
            record = partial(store.fail, key, collected, kind.cool_off)
        try:
            run_to_completion(self._clock, with_retries(record))
        except DeliveryError as error:
            logger.warning("notice not recorded", extra={"what": subject.name, "code": error.code, "sent": arrived})

    def _fail(self, subject: NoticeSubject, target: Target, code: str) -> None:
        if not subject.message_ids:
            logger.warning("notice not sent", extra={"what": subject.name, "code": code})
            return
        destination = target.destination
        self._delivery.results.count(destination, Outcome.UNDELIVERED)
        self._delivery.failures.append((subject.message_ids, Undelivered(subject.name, destination, code)))
        logger.error("undelivered", extra={"what": subject.name, "destination": destination, "code": code})


def _key(kind: NoticeKind, target: Target, identity: str) -> str:
    """Return the store's key of a subject at a target."""
    return f"{kind.name}#{target_key(target)}#{identity}"
