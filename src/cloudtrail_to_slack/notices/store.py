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

Times are seconds since 1970. DynamoDB deletes expired items some days late, so conditions look at the times
themselves; times that this code does not write (too far in the future, or no numbers) count as over.
"""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any, Protocol

from cloudtrail_to_slack.clock import Clock
from cloudtrail_to_slack.errors import TransientError
from cloudtrail_to_slack.observability.logging import logger
from cloudtrail_to_slack.state.leases import LONGEST_LEASE_SECONDS, OWNER, lease_condition, lease_values
from cloudtrail_to_slack.state.table import Items, StateError, number
from cloudtrail_to_slack.state.trust import latest_time, over

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

MOST_ENTRIES = 100  # kept of one subject; of the others only the number
_ATTEMPTS = 3  # as many as Lambda makes of an asynchronous invocation
_KEPT_SECONDS = 14 * 24 * 3600  # longer than a dead letter waits, so that what is to be sent is not forgotten
_MOST_SUBJECTS = 10_000  # in memory
_ANY = "attribute_exists(pk) OR attribute_not_exists(pk)"


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


class NoticeStore(Protocol):
    """Where the subjects of periodic notices are kept. Every method may raise TransientError."""

    def collect(self, key: str, entries: Sequence[str], interval: float) -> Collected:
        """Add entries to a subject and acquire the right to send them, where it is free and the subject is due."""

    def complete(self, key: str, sent: Collected, interval: float) -> None:
        """Record that what was acquired is sent, and nothing is to be for an interval."""

    def fail(self, key: str, sent: Collected, cool_off: float) -> None:
        """Give up what was acquired, because it could not be sent; after some times in a row for `cool_off` seconds."""


@dataclass(slots=True)
class Subject:
    """What is remembered of a subject in memory."""

    to_send: set[str] = field(default_factory=set)
    were_sent: set[str] = field(default_factory=set)
    not_kept: int = 0
    quiet_until: float = 0.0
    failed_attempts: int = 0


class MemoryNotices:
    """Keeps subjects where there is no state table, in `subjects`, which lives as long as the process."""

    def __init__(self, subjects: dict[str, Subject], clock: Clock) -> None:
        self._subjects = subjects
        self._clock = clock

    def collect(self, key: str, entries: Sequence[str], interval: float) -> Collected:  # noqa: ARG002 (the protocol's)
        """See `NoticeStore`."""
        if len(self._subjects) > _MOST_SUBJECTS:
            self._subjects.clear()
        subject = self._subjects.setdefault(key, Subject())
        new = set(entries) - subject.were_sent
        if subject.quiet_until > self._clock.now():
            unknown = sorted(new - subject.to_send)
            room = max(MOST_ENTRIES - len(subject.to_send), 0)
            subject.to_send.update(unknown[:room])
            subject.not_kept += len(unknown[room:])
            return _held(new, subject.failed_attempts, subject.quiet_until)
        subject.to_send |= new
        if not subject.to_send:
            return Collected(Standing.NOTHING)
        found = tuple(sorted(subject.to_send))
        return Collected(Standing.ACQUIRED, found, subject.not_kept, failed_attempts=subject.failed_attempts)

    def complete(self, key: str, sent: Collected, interval: float) -> None:
        """See `NoticeStore`."""
        self._subjects[key] = Subject(were_sent=set(sent.entries), quiet_until=self._clock.now() + interval)

    def fail(self, key: str, sent: Collected, cool_off: float) -> None:
        """See `NoticeStore`."""
        subject = self._subjects.setdefault(key, Subject())
        subject.failed_attempts = sent.failed_attempts + 1
        if subject.failed_attempts >= _ATTEMPTS:
            subject.quiet_until = self._clock.now() + cool_off


class TableNotices:
    """Keeps subjects in the state table, as one invocation uses it.

    Where the table cannot be used at all (deleted, access denied), `memory` takes its place.
    """

    def __init__(self, dynamodb: "DynamoDBClient", table_name: str, clock: Clock, memory: MemoryNotices) -> None:
        self._items = Items(dynamodb, table_name)
        self._clock = clock
        self._memory = memory
        self._owner = uuid.uuid4().hex
        self._usable = True

    def collect(self, key: str, entries: Sequence[str], interval: float) -> Collected:
        """See `NoticeStore`.

        Raises:
            TransientError: the table cannot be used now, or another function is sending what is known of the subject.
        """
        found = self._acquire(key, entries, interval) if self._usable else None
        if found is None:
            return self._memory.collect(key, entries, interval)
        if isinstance(found, Collected):
            return found
        new = set(entries) - _strings(found, "were_sent")
        quiet = _number(found, "quiet_until")
        if new and quiet <= self._clock.now():
            raise TransientError("another_function_is_sending_it")
        if new:
            self._keep(key, new)
        return _held(new, int(_number(found, "failed_attempts")), quiet)

    def complete(self, key: str, sent: Collected, interval: float) -> None:
        """See `NoticeStore`.

        Raises:
            TransientError: the table cannot be used now.
        """
        if not self._usable:
            self._memory.complete(key, sent, interval)
            return
        now = self._clock.now()
        self._update(
            key,
            "SET quiet_until = :quiet, were_sent = :sent, expires_at = :expires"
            " REMOVE lease_until, failed_attempts, not_kept DELETE to_send :sent",
            "#owner = :owner",
            {":quiet": number(now + interval), ":sent": {"SS": list(sent.entries)}, ":expires": self._expires()},
        )

    def fail(self, key: str, sent: Collected, cool_off: float) -> None:
        """See `NoticeStore`.

        Raises:
            TransientError: the table cannot be used now.
        """
        if not self._usable:
            self._memory.fail(key, sent, cool_off)
            return
        failed = sent.failed_attempts + 1
        quiet = self._clock.now() + cool_off if failed >= _ATTEMPTS else 0
        self._update(
            key,
            "SET failed_attempts = :failed, quiet_until = :quiet REMOVE lease_until",
            "#owner = :owner",
            {":failed": number(failed), ":quiet": number(quiet)},
        )

    def _acquire(self, key: str, entries: Sequence[str], interval: float) -> "Collected | Mapping[str, Any] | None":
        """Add the entries and acquire the subject; return the item that stands in the way, None without a table."""
        now = self._clock.now()
        answer = self._update(
            key,
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
        )
        if answer is None:
            return None
        item, is_ours = answer
        if not is_ours:
            return item
        found = _strings(item, "to_send") - _strings(item, "were_sent")
        failed = int(_number(item, "failed_attempts"))
        if found:
            more = int(_number(item, "not_kept"))
            return Collected(Standing.ACQUIRED, tuple(sorted(found)), more, failed_attempts=failed)
        self._update(key, "REMOVE lease_until, to_send", "#owner = :owner", {})
        return Collected(Standing.NOTHING)

    def _keep(self, key: str, entries: Iterable[str]) -> None:
        """Keep entries for the next notice, or count them where there are too many."""
        new = sorted(entries)[:MOST_ENTRIES]
        answer = self._update(
            key,
            "SET expires_at = :expires ADD to_send :entries",
            "attribute_not_exists(to_send) OR size(to_send) < :most",
            {":entries": {"SS": new}, ":most": number(MOST_ENTRIES), ":expires": self._expires()},
        )
        if answer is not None and not answer[1]:
            self._update(key, "ADD not_kept :number", _ANY, {":number": number(len(new))})

    def _update(
        self, key: str, update: str, condition: str, values: Mapping[str, Any]
    ) -> tuple[Mapping[str, Any], bool] | None:
        """Make a conditional write; return the item and whether it was written. None: the table is not usable.

        Raises:
            TransientError: the table cannot be used now.
        """
        uses_owner = "#owner" in update or "#owner" in condition
        try:
            answer = self._items.update(
                f"notice#{key}",
                update,
                condition,
                {**values, **({":owner": {"S": self._owner}} if uses_owner else {})},
                names=OWNER if uses_owner else None,
                returned="ALL_NEW",
            )
        except StateError as error:
            if not error.is_permanent:
                raise TransientError(f"state_table_{error.code}") from None
            logger.error("the state table cannot be used: notices may be repeated", extra={"error": str(error)})
            self._usable = False
            return None
        if answer.conflict is not None:
            return answer.conflict, False
        return answer.attributes, True

    def _expires(self) -> Any:  # noqa: ANN401 (as `number`)
        return number(self._clock.now() + _KEPT_SECONDS)


def _held(new: set[str], failed_attempts: int, due: float) -> Collected:
    """Return the standing of a subject that is not due: failing only where there is anything new to send about it."""
    if not new:
        return Collected(Standing.NOTHING)
    standing = Standing.FAILING if failed_attempts >= _ATTEMPTS else Standing.WAITING
    return Collected(standing, due=due)


def _strings(item: Mapping[str, Any], name: str) -> set[str]:
    value = item.get(name, {}).get("SS", ())
    return {text for text in value if isinstance(text, str)}


def _number(item: Mapping[str, Any], name: str) -> float:
    try:
        return float(item.get(name, {}).get("N", 0))
    except ValueError:
        return 0.0
