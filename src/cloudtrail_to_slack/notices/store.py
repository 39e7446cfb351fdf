"""The memory of periodic notices: what is waiting and what was sent about a subject, and when the next is due.

While one function sends, no other does (see `state.leases`). Some subjects cool off after `_ATTEMPTS` failures in a
row, because an attempt may itself cause what the notice is about: meanwhile each invocation that has anything new to
send about them fails. Times are seconds since 1970; what this code does not write is over (see `state.trust`).
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

MOST_ENTRIES = 100  # kept of one subject; of the others only the number
_ATTEMPTS = 3  # as many as Lambda makes of an asynchronous invocation
_KEPT_SECONDS = 14 * 24 * 3600  # longer than a dead letter waits, so that what is to be sent is not forgotten
_MOST_SUBJECTS = 10_000  # in memory
_ROUNDS = 30  # against other functions: in a flood, many have something to say about one subject at the same moment


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


@dataclass(slots=True)
class Subject:
    """What is kept of a subject; until `lease_until` its `owner` sends what is to be sent."""

    to_send: set[str] = field(default_factory=set)
    were_sent: set[str] = field(default_factory=set)
    not_kept: int = 0
    failed_attempts: int = 0
    quiet_until: int = 0
    lease_until: int = 0
    owner: str = ""

    def dumped(self) -> str:
        """Return it as a string."""
        numbers = (self.not_kept, self.failed_attempts, self.quiet_until, self.lease_until)
        return json.dumps([sorted(self.to_send), sorted(self.were_sent), *numbers, self.owner])

    def keep(self, entries: set[str]) -> None:
        """Keep entries for the next notice, or count them where there are too many."""
        unknown, room = sorted(entries - self.to_send), max(MOST_ENTRIES - len(self.to_send), 0)
        self.to_send.update(unknown[:room])
        self.not_kept += len(unknown[room:])


def read_subject(text: str | None) -> Subject:
    """Return what `Subject.dumped` wrote; an empty one for anything else, which someone else may have written."""
    try:
        to_send, were_sent, not_kept, failed, quiet, lease, owner = json.loads(text or "null")
        if {type(each) for each in (not_kept, failed, quiet, lease)} == {int}:
            sets = set(map(str, to_send)), set(map(str, were_sent))
            return Subject(*sets, not_kept, failed, quiet, lease, str(owner))
    except (ValueError, TypeError, RecursionError):
        pass
    return Subject()


class NoticeStore:
    """The subjects: in the table, or in `subjects`, which lives as long as the process, where there is no usable one.

    Every method raises TransientError where the table cannot be used now.
    """

    def __init__(self, subjects: dict[str, Subject], clock: Clock, table: Items | None = None) -> None:
        self._subjects = subjects
        self._clock = clock
        self._table = table
        self._owner = uuid.uuid4().hex

    def collect(self, key: str, entries: Sequence[str], interval: float) -> Collected:
        """Add entries to a subject and acquire the right to send them, where it is free and the subject is due.

        That another function is sending what is known of the subject is a TransientError, too.
        """
        return self._change(key, partial(self._collect, entries, interval))

    def complete(self, key: str, sent: Collected, interval: float) -> None:
        """Record that what was acquired is sent, and nothing is to be for an interval."""

        def change(subject: Subject) -> None:
            if subject.owner == self._owner:
                subject.were_sent = set(sent.entries)
                subject.to_send -= subject.were_sent
                subject.not_kept = subject.failed_attempts = subject.lease_until = 0
                subject.quiet_until = int(self._clock.now() + interval)

        self._change(key, change)

    def fail(self, key: str, cool_off: float) -> None:
        """Release what was acquired, because it could not be sent; after some times in a row for `cool_off` seconds."""

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
        """Change a subject; return what `change` does."""
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
        subject.owner = self._owner  # a process does one thing at a time
        return change(subject)
