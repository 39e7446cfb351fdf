"""The store of periodic notices: what was sent and what waits to be sent about a subject, and when that is due.

One function sends at a time (see `state.leases`). Some kinds cool off after `_ATTEMPTS` failures in a row, because each
attempt may cause what the notice is about; meanwhile every invocation with anything new about them fails. Times are
seconds since 1970; times that this code cannot have written count as past (see `state.trust`).
"""

import json
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import partial
from typing import TypeVar

from cloudtrail_to_slack.clock import Clock
from cloudtrail_to_slack.errors import TransientError
from cloudtrail_to_slack.observability.logging import logger
from cloudtrail_to_slack.state.leases import LONGEST_LEASE_SECONDS
from cloudtrail_to_slack.state.table import Items, StateError
from cloudtrail_to_slack.state.trust import latest_time

T = TypeVar("T")

MOST_ENTRIES = 100  # kept of one subject; further ones are only counted
_MOST_CHARACTERS = 120_000  # of these, which an item has twice at most. Source: Amazon DynamoDB, "Quotas" (400 KB)
_ATTEMPTS = 3  # as many as Lambda makes of an asynchronous invocation
_KEPT_SECONDS = 14 * 24 * 3600  # longer than a dead letter waits, so that nothing is forgotten
_MOST_SUBJECTS = 10_000  # in memory
_ROUNDS = 30  # against other functions, of which many may report one subject at the same moment in a flood


class Standing(Enum):
    """What to do about a subject: send, wait, fail without an attempt, or nothing."""

    ACQUIRED = "acquired"
    WAITING = "waiting"
    FAILING = "failing"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Collected:
    """A subject's standing. If ACQUIRED, `entries` are to be sent now, and `more` counts those that were not kept.

    If WAITING, it can be sent at `due`.
    """

    standing: Standing
    entries: tuple[str, ...] = ()
    more: int = 0
    due: float = 0.0


@dataclass(slots=True)
class Subject:
    """The state of a subject; until `lease_until` only its `owner` sends."""

    to_send: set[str] = field(default_factory=set)
    were_sent: set[str] = field(default_factory=set)
    not_kept: int = 0
    failed_attempts: int = 0
    quiet_until: int = 0
    lease_until: int = 0
    owner: str = ""

    def dumped(self) -> str:
        """Return the subject as a string."""
        numbers = (self.not_kept, self.failed_attempts, self.quiet_until, self.lease_until)
        return json.dumps([sorted(self.to_send), sorted(self.were_sent), *numbers, self.owner])

    def keep(self, entries: set[str]) -> None:
        """Keep entries for the next notice; count those that are too many."""
        room = _MOST_CHARACTERS - len(json.dumps(sorted(self.to_send)))
        for entry in sorted(entries - self.to_send):
            room -= len(json.dumps(entry))
            if len(self.to_send) < MOST_ENTRIES and room >= 0:
                self.to_send.add(entry)
            else:
                self.not_kept += 1


def read_subject(text: str | None) -> Subject:
    """Read what `Subject.dumped` wrote; return an empty subject for anything else."""
    try:
        to_send, were_sent, not_kept, failed, quiet, lease, owner = json.loads(text or "null")
        if {type(each) for each in (not_kept, failed, quiet, lease)} == {int}:
            sets = set(map(str, to_send)), set(map(str, were_sent))
            return Subject(*sets, not_kept, failed, quiet, lease, str(owner))
    except (ValueError, TypeError, RecursionError):
        pass
    return Subject()


class NoticeStore:
    """The subjects, in the table; without a usable one, in `subjects`, which lives as long as the process.

    Every method raises TransientError if the table cannot be used now.
    """

    def __init__(self, subjects: dict[str, Subject], clock: Clock, table: Items | None = None) -> None:
        self._subjects = subjects
        self._clock = clock
        self._table = table
        self._owner = uuid.uuid4().hex

    def collect(self, key: str, entries: Sequence[str], interval: float) -> Collected:
        """Add entries to a subject, and acquire the right to send them if it is free and the subject is due.

        Also raises TransientError while another function is sending.
        """
        return self._change(key, partial(self._collect, entries, interval))

    def complete(self, key: str, sent: Collected, interval: float) -> None:
        """Record that the acquired entries were sent; nothing is sent again for an interval."""

        def change(subject: Subject) -> None:
            if subject.owner == self._owner:
                subject.were_sent = set(sent.entries)
                subject.to_send -= subject.were_sent
                subject.not_kept = subject.failed_attempts = subject.lease_until = 0
                subject.quiet_until = int(self._clock.now() + interval)

        self._change(key, change)

    def fail(self, key: str, cool_off: float) -> None:
        """Release what could not be sent; after several failures in a row, start the cool-off."""

        def change(subject: Subject) -> None:
            if subject.owner == self._owner:
                subject.failed_attempts += 1
                subject.lease_until = 0
                cools_off = subject.failed_attempts >= _ATTEMPTS
                subject.quiet_until = int(self._clock.now() + cool_off) if cools_off else 0

        self._change(key, change)

    def _collect(self, entries: Sequence[str], interval: float, subject: Subject) -> Collected:
        new = set(entries) - subject.were_sent
        if self._is_to_come(subject.quiet_until, interval):
            subject.keep(new)
            is_failing = subject.failed_attempts >= _ATTEMPTS
            standing = Standing.FAILING if is_failing else Standing.WAITING
            return Collected(standing if new else Standing.NOTHING, due=subject.quiet_until)
        if subject.owner != self._owner and self._is_to_come(subject.lease_until, LONGEST_LEASE_SECONDS):
            if new:
                raise TransientError("another_function_is_sending_it")
            return Collected(Standing.NOTHING)
        subject.keep(new)
        if not subject.to_send:
            return Collected(Standing.NOTHING)
        subject.owner = self._owner
        subject.lease_until = int(self._clock.now() + self._clock.lease(LONGEST_LEASE_SECONDS))
        return Collected(Standing.ACQUIRED, tuple(sorted(subject.to_send)), subject.not_kept)

    def _is_to_come(self, time: int, longest: float) -> bool:
        now = self._clock.now()
        return now < time <= latest_time(now, longest)

    def _change(self, key: str, change: Callable[[Subject], T]) -> T:
        """Change a subject; return the result of `change`."""
        results: list[T] = []

        def change_text(text: str | None) -> str | None:
            subject = read_subject(text)
            results.append(change(subject))
            after = subject.dumped()
            return None if after == text else after

        if self._table:
            try:
                expires_at = self._clock.now() + _KEPT_SECONDS
                if self._table.change(f"notice#{key}", "subject", change_text, expires_at, rounds=_ROUNDS):
                    return results[-1]
                raise TransientError("state_table_contended")
            except StateError as error:
                if not error.is_permanent:
                    raise TransientError(f"state_table_{error.code}") from None
                logger.error("the state table cannot be used: notices may be repeated", extra={"error": str(error)})
                self._table = None
        if len(self._subjects) > _MOST_SUBJECTS:
            self._subjects.clear()
        subject = self._subjects.setdefault(key, Subject())
        subject.owner = self._owner  # a process runs one invocation at a time
        return change(subject)
