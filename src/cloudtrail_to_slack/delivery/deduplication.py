"""The deduplication store: which alert is delivered to which address, so that none is delivered twice.

One item of the state table for each alert and address, with a lease (see `state.leases`) that ends at `expires_at`, and
`completed` once it is delivered. If a function dies after the destination accepted the message and before it recorded
that, the alert is delivered again: the only way in which one is seen twice.

When the table cannot be used for a while (throttled, down), nothing that it guards is sent: the invocation fails and
Lambda retries it. When it cannot be used at all (deleted, access denied), alerts are delivered without it, at least
once: who can take a table away must not be able to suppress alerts with it.
"""

import math
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from cloudtrail_to_slack.clock import Clock
from cloudtrail_to_slack.errors import DeadlineExceededError, TransientError
from cloudtrail_to_slack.observability.logging import logger
from cloudtrail_to_slack.state.leases import LONGEST_LEASE_SECONDS, Claim, lease_condition, lease_values
from cloudtrail_to_slack.state.table import StateError, Table, chunks, number
from cloudtrail_to_slack.state.trust import is_true, longest_kept

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_ROUNDS = 3
_MOST_RELEASED = 200
_LEAST_SECONDS = 1.5
_IS_FREE = lease_condition(done="completed = :true")


class DeduplicationStore:
    """The store as one invocation uses it; `dynamodb` None: there is no table, and everything is acquired.

    `time_to_live` is how many seconds a delivered alert is remembered. `memory` outlives the invocation and serves
    `acquire_cooldown` where there is no table.
    """

    def __init__(
        self,
        dynamodb: "DynamoDBClient | None",
        table_name: str,
        time_to_live: float,
        clock: Clock,
        memory: dict[str, float] | None = None,
    ) -> None:
        self._table = Table(dynamodb, table_name) if dynamodb else None
        self._time_to_live = time_to_live
        self._clock = clock
        self._owner = uuid.uuid4().hex
        self._memory = {} if memory is None else memory

    def claim(self, key: str) -> Claim:
        """Acquire the right to deliver what `key` stands for, or prolong it.

        Raises:
            TransientError: the table cannot be used now.
        """
        return self._claim_each([key])[key]

    def claim_all(self, keys: Sequence[str], until: float = math.inf) -> dict[str, Claim]:
        """Acquire many at once; the keys must differ. What is left after `until` (seconds since 1970) is left out.

        Raises:
            TransientError: the table cannot be used now; what was acquired until then stays acquired.
        """
        claims: dict[str, Claim] = {}
        for chunk in chunks(keys):
            if claims and self._clock.now() > until:
                break
            claims |= self._claim_chunk(chunk)
        return claims

    def complete(self, keys: Sequence[str]) -> None:
        """Record that these are delivered.

        Raises:
            TransientError: the table cannot be used now.
            DeadlineExceededError: there is no time for all of them.
        """
        for position, chunk in enumerate(chunks(keys)):
            if position and self._clock.remaining() < _LEAST_SECONDS:
                raise DeadlineExceededError  # what is left may be sent again; else all of the invocation would be
            if self._table is None:
                return
            table = self._table
            items = [self._item(key, self._time_to_live) | {"completed": {"BOOL": True}} for key in chunk]
            puts = [table.put_request(item) for item in items]
            try:
                if len(puts) == 1 or table.put_all(puts) is None:
                    for put in puts:
                        table.put(put)
            except StateError as error:
                self._do_without(error)

    def release(self, keys: Iterable[str]) -> None:
        """Release leases, so that a retry need not wait until they end; no harm is done if it fails."""
        for position, key in enumerate(keys):
            self._memory.pop(key, None)
            # The leases end by themselves, soon after the invocation.
            if self._table is None or not self._clock.has(0) or position >= _MOST_RELEASED:
                continue
            condition, values = "#owner = :owner AND attribute_not_exists(completed)", {":owner": {"S": self._owner}}
            try:
                self._table.delete(key, condition, values)
            except StateError as error:
                logger.warning("lease not released", extra={"error": str(error)})
                return

    def acquire_cooldown(self, key: str, seconds: float) -> bool:
        """Return whether `key` was not acquired within `seconds`; from now on it is, unless it is released."""
        now = self._clock.now()
        if self._memory.get(key, 0.0) > now:
            return False
        self._memory[key] = now + seconds
        if self._table is None:
            return True
        try:
            return self._table.put(self._request(self._table, self._item(key, seconds), seconds, seconds)) is None
        except StateError as error:
            logger.warning("it is not known what was said lately", extra={"error": str(error)})
            return True

    def _lease(self, table: Table, key: str) -> Any:  # noqa: ANN401 (a request)
        """Return the request that acquires the lease of `key`."""
        item, kept = self._item(key, self._clock.lease(LONGEST_LEASE_SECONDS)), longest_kept(self._time_to_live)
        return self._request(table, item, max(kept, LONGEST_LEASE_SECONDS), LONGEST_LEASE_SECONDS)

    def _request(self, table: Table, item: Mapping[str, Any], kept: float, longest: float) -> Any:  # noqa: ANN401 (as above)
        """Return the request that puts an item where it is free; `kept` and `longest` are seconds at most."""
        values = lease_values(self._clock.now(), self._owner, longest, kept)
        return table.put_request(item, _IS_FREE, {**values, ":true": {"BOOL": True}})

    def _item(self, key: str, seconds: float) -> dict[str, Any]:
        """Return an item of our own that lasts for `seconds`."""
        return {"pk": {"S": key}, "owner": {"S": self._owner}, "expires_at": number(self._clock.now() + seconds)}

    def _claim_chunk(self, keys: Sequence[str]) -> dict[str, Claim]:
        """Acquire up to a transaction's items: all at once, then all that can be acquired, then singly."""
        claims: dict[str, Claim] = {}
        left = list(keys)
        for _ in range(_ROUNDS):
            table = self._table
            if len(left) <= 1 or table is None:
                break
            try:
                conflicts = table.put_all([self._lease(table, key) for key in left])
            except StateError as error:
                self._do_without(error)
                break
            if conflicts is None:
                continue  # another transaction was at the same items
            if not conflicts:
                return claims | dict.fromkeys(left, Claim.ACQUIRED)
            claims |= {left[position]: _claim_of(item) for position, item in conflicts.items()}
            left = [key for key in left if key not in claims]
        return claims | self._claim_each(left)

    def _claim_each(self, keys: Sequence[str]) -> dict[str, Claim]:
        claims: dict[str, Claim] = {}
        for key in keys:
            try:
                conflict = self._table.put(self._lease(self._table, key)) if self._table else None
            except StateError as error:
                self._do_without(error)
                conflict = None
            claims[key] = Claim.ACQUIRED if conflict is None else _claim_of(conflict)
        return claims

    def _do_without(self, error: StateError) -> None:
        """Go on without the table when it cannot be used at all.

        Raises:
            TransientError: it may be usable again.
        """
        if not error.is_permanent:
            raise TransientError(f"state_table_{error.code}") from None
        logger.error("the state table cannot be used: alerts may be repeated", extra={"error": str(error)})
        self._table = None


def _claim_of(item: Mapping[str, Any]) -> Claim:
    """Return what the item that stood in the way says."""
    return Claim.COMPLETED if is_true(item, "completed") else Claim.IN_PROGRESS
