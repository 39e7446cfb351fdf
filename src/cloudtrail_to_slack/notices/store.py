"""What periodic notices remember: what is still to be sent about a subject, what was sent, and when the next is due.

A subject (a rule and the error that it raises, the calls of the function's own role) is reported at most once an
interval at each destination. What comes in between is kept here and sent with the next notice. One item of the state
table for each subject and destination; each step is one conditional write:

    function A                              item                                    function B
    collect: nothing was sent lately ─────▶ to_send={e1}, lease_until=…
    send to Slack or SNS                    to_send={e1, e2}  ◀───────────────────── collect: A is sending, so it waits
    complete ─────────────────────────────▶ to_send={e2}, were_sent={e1}, quiet_until=in an hour
                                            ·                 ◀───────────────────── collect e1 again: it was sent
                                            quiet_until is over
                                            lease_until=…     ◀───────────────────── collect e3: B sends e2 and e3
    (A could not send)
    fail ─────────────────────────────────▶ failed_attempts=1, no lease             a retry sends e1

Some subjects cool off after `_ATTEMPTS` failures in a row, because an attempt may itself cause what the notice is
about: meanwhile each invocation that has anything new to send about them fails without an attempt.

Times are seconds since 1970. Those that this code does not write (see `state.trust`) count as over.
"""

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from cloudtrail_to_slack.clock import Clock
from cloudtrail_to_slack.errors import TransientError
from cloudtrail_to_slack.observability.logging import logger
from cloudtrail_to_slack.state.leases import LONGEST_LEASE_SECONDS, OWNER, lease_condition, lease_values
from cloudtrail_to_slack.state.table import Items, StateError, number
from cloudtrail_to_slack.state.trust import latest_time, over

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

T = TypeVar("T")

MOST_ENTRIES = 100  # kept of one subject; of the others only the number
_ATTEMPTS = 3  # as many as Lambda makes of an asynchronous invocation
_KEPT_SECONDS = 14 * 24 * 3600  # longer than a dead letter waits, so that what is to be sent is not forgotten
_MOST_SUBJECTS = 10_000  # in memory


class Standing(Enum):
    """What to do about a subject: send what is to be sent, wait, fail without an attempt, or nothing at all."""

    ACQUIRED = "acquired"
    WAITING = "waiting"
    FAILING = "failing"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Collected:
    """A subject's standing. `entries` are all to be sent now, if ACQUIRED, and `more` how many others were not kept.

    `due` is when it can be sent, if WAITING.
    """

    standing: Standing
    entries: tuple[str, ...] = ()
    more: int = 0
    due: float = 0.0
    failed_attempts: int = 0


@dataclass(slots=True)
class Subject:
    """What is kept of a subject in memory."""

    to_send: set[str] = field(default_factory=set)
    were_sent: set[str] = field(default_factory=set)
    not_kept: int = 0
    quiet_until: float = 0.0
    failed_attempts: int = 0


class NoticeStore:
    """Keeps subjects in memory: in `subjects`, which lives as long as the process."""

    def __init__(self, subjects: dict[str, Subject], clock: Clock) -> None:
        self._subjects = subjects
        self._clock = clock

    def collect(self, key: str, entries: Sequence[str], interval: float) -> Collected:  # noqa: ARG002 (the table's needs it)
        """Add entries to a subject and acquire the right to send them, where it is free and the subject is due."""
        if len(self._subjects) > _MOST_SUBJECTS:
            self._subjects.clear()
        subject = self._subjects.setdefault(key, Subject())
        new = set(entries) - subject.were_sent
        if subject.quiet_until > self._clock.now():
            unknown = sorted(new - subject.to_send)
            room = max(MOST_ENTRIES - len(subject.to_send), 0)
            subject.to_send.update(unknown[:room])
            subject.not_kept += len(unknown[room:])
            return _not_due(new, subject.failed_attempts, subject.quiet_until)
        subject.to_send |= new
        return _acquired(subject.to_send, subject.not_kept, subject.failed_attempts)

    def complete(self, key: str, sent: Collected, interval: float) -> None:
        """Record that what was acquired is sent, and nothing is to be for an interval."""
        self._subjects[key] = Subject(were_sent=set(sent.entries), quiet_until=self._clock.now() + interval)

    def fail(self, key: str, sent: Collected, cool_off: float) -> None:
        """Release what was acquired, because it could not be sent; after some times in a row for `cool_off` seconds."""
        subject = self._subjects.setdefault(key, Subject())
        subject.failed_attempts = sent.failed_attempts + 1
        if subject.failed_attempts >= _ATTEMPTS:
            subject.quiet_until = self._clock.now() + cool_off


class TableNoticeStore(NoticeStore):
    """Keeps subjects in the state table, and in memory where that cannot be used at all (deleted, access denied).

    Every method may raise TransientError: the table cannot be used now.
    """

    def __init__(self, dynamodb: "DynamoDBClient", table_name: str, subjects: dict[str, Subject], clock: Clock) -> None:
        super().__init__(subjects, clock)
        self._items = Items(dynamodb, table_name)
        self._owner = uuid.uuid4().hex
        self._usable = True

    def collect(self, key: str, entries: Sequence[str], interval: float) -> Collected:
        """See `NoticeStore`; another function's sending what is known of the subject is a TransientError, too."""
        in_memory = partial(super().collect, key, entries, interval)
        return self._in_table_or_memory(partial(self._collect_in_table, key, entries, interval), in_memory)

    def complete(self, key: str, sent: Collected, interval: float) -> None:
        """See `NoticeStore`."""
        update = (
            "SET quiet_until = :quiet, were_sent = :sent, expires_at = :expires"
            " REMOVE lease_until, failed_attempts, not_kept DELETE to_send :sent"
        )
        quiet_until = self._clock.now() + interval
        values = {":quiet": number(quiet_until), ":sent": {"SS": list(sent.entries)}, ":expires": self._expires()}
        in_memory = partial(super().complete, key, sent, interval)
        self._in_table_or_memory(partial(self._update_owned, key, update, values), in_memory)

    def fail(self, key: str, sent: Collected, cool_off: float) -> None:
        """See `NoticeStore`."""
        failed = sent.failed_attempts + 1
        quiet_until = self._clock.now() + cool_off if failed >= _ATTEMPTS else 0
        update = "SET failed_attempts = :failed, quiet_until = :quiet REMOVE lease_until"
        values = {":failed": number(failed), ":quiet": number(quiet_until)}
        in_memory = partial(super().fail, key, sent, cool_off)
        self._in_table_or_memory(partial(self._update_owned, key, update, values), in_memory)

    def _in_table_or_memory(self, in_table: Callable[[], T], in_memory: Callable[[], T]) -> T:
        if self._usable:
            try:
                return in_table()
            except StateError as error:
                if not error.is_permanent:
                    raise TransientError(f"state_table_{error.code}") from None
                logger.error("the state table cannot be used: notices may be repeated", extra={"error": str(error)})
                self._usable = False
        return in_memory()

    def _collect_in_table(self, key: str, entries: Sequence[str], interval: float) -> Collected:
        now = self._clock.now()
        answer = self._items.update(
            f"notice#{key}",
            "SET #owner = :owner, lease_until = :lease, expires_at = :expires"
            + (" ADD to_send :entries" if entries else ""),
            f"({over('quiet_until', ':latest_quiet')}) AND {lease_condition('lease_until')}"
            + ("" if entries else " AND attribute_exists(to_send)"),
            {
                ":lease": number(now + self._clock.lease(LONGEST_LEASE_SECONDS)),
                ":expires": self._expires(),
                ":latest_quiet": number(latest_time(now, interval)),
                **lease_values(now, self._owner, LONGEST_LEASE_SECONDS),
                **({":entries": {"SS": sorted(set(entries))}} if entries else {}),
            },
            names=OWNER,
            returned="ALL_NEW",
        )
        item = answer.attributes if answer.conflict is None else answer.conflict
        were_sent, failed_attempts = _strings(item, "were_sent"), int(_number(item, "failed_attempts"))
        if answer.conflict is None:
            to_send = _strings(item, "to_send") - were_sent
            if not to_send:
                self._update_owned(key, "REMOVE lease_until, to_send", {})
            return _acquired(to_send, int(_number(item, "not_kept")), failed_attempts)
        new, quiet_until = set(entries) - were_sent, _number(item, "quiet_until")
        if new and quiet_until <= now:
            raise TransientError("another_function_is_sending_it")
        if new:
            self._keep(key, new)
        return _not_due(new, failed_attempts, quiet_until)

    def _keep(self, key: str, entries: Iterable[str]) -> None:
        """Keep entries for the next notice, or count them where there are too many."""
        new = sorted(entries)[:MOST_ENTRIES]
        answer = self._items.update(
            f"notice#{key}",
            "SET expires_at = :expires ADD to_send :entries",
            "attribute_not_exists(to_send) OR size(to_send) < :most",
            {":entries": {"SS": new}, ":most": number(MOST_ENTRIES), ":expires": self._expires()},
        )
        if answer.conflict is not None:
            always = "attribute_exists(pk) OR attribute_not_exists(pk)"
            self._items.update(f"notice#{key}", "ADD not_kept :number", always, {":number": number(len(new))})

    def _update_owned(self, key: str, update: str, values: Mapping[str, Any]) -> None:
        """Update a subject that this function has acquired."""
        values = {**values, ":owner": {"S": self._owner}}
        self._items.update(f"notice#{key}", update, "#owner = :owner", values, names=OWNER)

    def _expires(self) -> Any:  # noqa: ANN401 (as `number`)
        return number(self._clock.now() + _KEPT_SECONDS)


def _acquired(to_send: set[str], not_kept: int, failed_attempts: int) -> Collected:
    if not to_send:
        return Collected(Standing.NOTHING)
    return Collected(Standing.ACQUIRED, tuple(sorted(to_send)), not_kept, failed_attempts=failed_attempts)


def _not_due(new: set[str], failed_attempts: int, due: float) -> Collected:
    """Return the standing of a subject that is not due: failing only where there is anything new to send about it."""
    if not new:
        return Collected(Standing.NOTHING)
    return Collected(Standing.FAILING if failed_attempts >= _ATTEMPTS else Standing.WAITING, due=due)


def _strings(item: Mapping[str, Any], name: str) -> set[str]:
    return {text for text in item.get(name, {}).get("SS", ()) if isinstance(text, str)}


def _number(item: Mapping[str, Any], name: str) -> float:
    try:
        return float(item.get(name, {}).get("N", 0))
    except ValueError:
        return 0.0
