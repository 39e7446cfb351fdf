"""The deduplication store: it records which alert was delivered where, so that none is delivered twice.

The state table has one item for each alert and address: a lease (see `state.leases`) that ends at `expires_at`, marked
`completed` after the delivery. If a function dies between sending and recording, the alert is delivered again.

If the table is unavailable for a while (throttled, down), nothing that needs it is sent: the invocation fails and
Lambda retries it. If the table cannot be used at all (deleted, access denied), alerts are delivered without it, at
least once: an attacker who can remove the table must not be able to suppress alerts.
"""

import math
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from cloudtrail_to_slack.clock import Clock
from cloudtrail_to_slack.errors import DeadlineExceededError, DeliveryError, TransientError
from cloudtrail_to_slack.observability.logging import logger
from cloudtrail_to_slack.state.leases import (
    LEASE_IS_SAFE_SECONDS,
    LONGEST_LEASE_SECONDS,
    Claim,
    lease_condition,
    lease_values,
)
from cloudtrail_to_slack.state.table import StateError, Table, chunks, number
from cloudtrail_to_slack.state.trust import is_true, longest_kept

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

T = TypeVar("T")
IN_PROGRESS_ELSEWHERE = "delivery_in_progress_elsewhere"
_ROUNDS = 3
_MOST_RELEASED = 200
_LEAST_SECONDS = 1.5
_TRUE = {"BOOL": True}
_IS_FREE = lease_condition(done="completed = :true")


class DeduplicationStore:
    """The store as one invocation uses it; `dynamodb` None: without a table, everything is acquired.

    A delivered alert is remembered for `time_to_live` seconds. `memory` outlives the invocation and serves
    `acquire_cooldown` without a table. Methods raise TransientError if the table is unavailable.
    """

    def __init__(
        self,
        dynamodb: "DynamoDBClient | None",
        table_name: str,
        time_to_live: float,
        clock: Clock,
        memory: dict[str, float] | None = None,
    ) -> None:
        self._table = Table(dynamodb, table_name, clock) if dynamodb else None
        self._time_to_live = time_to_live
        self._longest_kept = max(longest_kept(time_to_live), LONGEST_LEASE_SECONDS)
        self._clock = clock
        self._owner = uuid.uuid4().hex
        self._memory = {} if memory is None else memory
        self._acquired_at: dict[str, float] = {}

    def claim(self, key: str) -> Claim:
        """Acquire the right to deliver what has this key, or prolong it."""
        return self.claim_all([key])[key]

    def claim_all(self, keys: Sequence[str], until: float = math.inf) -> dict[str, Claim]:
        """Acquire many at once; the keys must differ. Those not reached by `until` (seconds since 1970) are left out.

        Keys that were acquired before a TransientError stay acquired.
        """
        claims: dict[str, Claim] = {}
        for chunk in chunks(keys):
            if claims and self._clock.now() > until:
                break
            claims |= self._claim_chunk(chunk)
        return claims

    def prolong(self, keys: Iterable[str]) -> None:
        """Prolong the leases that may end while a message is sent, because sending may have had to wait.

        Raises:
            DeliveryError: another function has taken one over.
        """
        since = self._clock.now() - LEASE_IS_SAFE_SECONDS
        old = [key for key in keys if self._acquired_at[key] < since]
        if old and set(self.claim_all(old).values()) != {Claim.ACQUIRED}:
            raise DeliveryError(IN_PROGRESS_ELSEWHERE)

    def complete(self, keys: Sequence[str]) -> None:
        """Record that these are delivered.

        Raises:
            DeadlineExceededError: there is no time for all of them.
        """
        for position, chunk in enumerate(chunks(keys)):
            if position and self._clock.remaining() < _LEAST_SECONDS:
                raise DeadlineExceededError  # the rest may be sent again, instead of the whole invocation
            items = [{**self._item(key, self._time_to_live), "completed": _TRUE} for key in chunk]
            if len(items) == 1 or self._write(Table.put_all, items) is None:
                for item in items:
                    self._write(Table.put, item)

    def release(self, keys: Iterable[str]) -> None:
        """Release leases, so that a retry need not wait until they end; a failure does no harm."""
        for position, key in enumerate(keys):
            self._memory.pop(key, None)
            # The leases end by themselves, soon after the invocation.
            if self._table is None or not self._clock.has_time_for(0) or position >= _MOST_RELEASED:
                continue
            condition, values = "#owner = :owner AND attribute_not_exists(completed)", {":owner": {"S": self._owner}}
            try:
                self._table.delete(key, condition, values)
            except StateError as error:
                logger.warning("lease not released", extra={"error": str(error)})
                return

    def acquire_cooldown(self, key: str, seconds: float) -> bool:
        """Acquire `key` for `seconds`, and return True; return False if it is acquired already."""
        now = self._clock.now()
        if self._memory.get(key, 0.0) > now:
            return False
        self._memory[key] = now + seconds
        if self._table is None:
            return True
        try:
            return self._table.put(self._item(key, seconds), _IS_FREE, self._values(seconds)) is None
        except StateError as error:
            logger.warning("cannot check whether this warning was sent recently", extra={"error": str(error)})
            return True

    def _claim_chunk(self, keys: Sequence[str]) -> dict[str, Claim]:
        """Acquire up to one transaction's items: all at once, then those that are free, then one by one."""
        claims: dict[str, Claim] = {}
        left = list(keys)
        for _ in range(_ROUNDS):
            if len(left) <= 1:
                break
            conflicts = self._write(Table.put_all, [self._lease(key) for key in left], _IS_FREE, self._values())
            if conflicts is None:
                continue  # another transaction conflicted, or there is no table
            claims |= {left[position]: _claim_of(item) for position, item in conflicts.items()}
            left = [key for key in left if key not in claims]
            if not conflicts:
                claims |= dict.fromkeys(left, Claim.ACQUIRED)
                left = []
        for key in left:
            claims[key] = _claim_of(self._write(Table.put, self._lease(key), _IS_FREE, self._values()))
        self._acquired_at |= dict.fromkeys(claims, self._clock.now())
        return claims

    def _lease(self, key: str) -> dict[str, Any]:
        return self._item(key, self._clock.lease(LONGEST_LEASE_SECONDS))

    def _item(self, key: str, seconds: float) -> dict[str, Any]:
        """Return an item of this invocation that lasts for `seconds`."""
        return {"pk": {"S": key}, "owner": {"S": self._owner}, "expires_at": number(self._clock.now() + seconds)}

    def _values(self, cooldown: float | None = None) -> dict[str, Any]:
        longest, kept = (LONGEST_LEASE_SECONDS, self._longest_kept) if cooldown is None else (cooldown, cooldown)
        return {**lease_values(self._clock.now(), self._owner, longest, kept), ":true": _TRUE}

    def _write(self, write: Callable[..., T], *arguments: Any) -> T | None:  # noqa: ANN401 (those of `write`)
        """Write to the table, and return the result; None without a table, also once it cannot be used at all."""
        if self._table is None:
            return None
        try:
            return write(self._table, *arguments)
        except StateError as error:
            if not error.is_permanent:
                raise TransientError(f"state_table_{error.code}") from None
            logger.error("the state table cannot be used: alerts may be repeated", extra={"error": str(error)})
            self._table = None
            return None


def _claim_of(conflict: Mapping[str, Any] | None) -> Claim:
    """Return the claim that a conflicting item (None: there was none) results in."""
    if conflict is None:
        return Claim.ACQUIRED
    return Claim.COMPLETED if is_true(conflict, "completed") else Claim.IN_PROGRESS
