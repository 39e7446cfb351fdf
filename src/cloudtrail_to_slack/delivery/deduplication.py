"""The ledger: who tells which alert at which destination, and what is told already, so that nothing is told twice.

One item of the state table for each alert and destination. Each step is one conditional write; `lease` ends when the
function that holds it can no longer be sending.

    function A                          item                                  function B
    claim ────────────────────────────▶ owner=A, expires_at=lease
    send to Slack or SNS                ·   ◀─────────────────────────────── claim refused: A is sending
    told ─────────────────────────────▶ told, expires_at=in a week            waits, asks again
                                        ·   ◀─────────────────────────────── claim refused: told. Nothing to do.

    (A could not send)
    release ──────────────────────────▶ no item                               a retry need not wait for the lease

    (A died between claim and told)     owner=A, expires_at=lease
                                        lease ends
                                        owner=B, expires_at=lease    ◀─────── claim granted: B sends
    (Had A died after Slack took the message, this is the one way in which an alert is seen twice.)

DynamoDB deletes expired items some days late (Amazon DynamoDB Developer Guide, "Using time to live"), so every
condition looks at `expires_at` itself. What no ledger could have written there counts as nothing: see `state_trust`.

When the table cannot be asked for a while (throttled, down), nothing that it guards is sent: the invocation fails and
Lambda retries it. When it cannot be asked at all (deleted, access denied) alerts are told without it, at least once:
whoever can take a table away must not be able to silence the alarm with it.
"""

import math
import uuid
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from typing import TYPE_CHECKING, Any

from cloudtrail_to_slack.clock import Clock
from cloudtrail_to_slack.errors import DeadlineExceededError, TransientError
from cloudtrail_to_slack.observability.logging import logger
from cloudtrail_to_slack.state.table import StateError, chunks, conditional_write, number
from cloudtrail_to_slack.state.trust import is_true, latest_time, longest_kept, over, over_values

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

LONGEST_LEASE_SECONDS = 90
LEASE_IS_SAFE_SECONDS = 60  # after claiming: what is sent then is answered, or has timed out, before the lease ends
_ROUNDS = 3
_MOST_RELEASED = 200
_LEAST_SECONDS = 1.5
# What is no delivery, and what is none any more. Our own claim may stand in our way: prolonged, or repeated by the SDK
# because the answer was lost. A lease that ends later than any that is written was written by someone else.
_FREE = (
    f"attribute_not_exists(pk) OR {over('expires_at')}"
    " OR (NOT completed = :true AND (#owner = :owner OR expires_at > :lease_end))"
)


class Claim(Enum):
    """What became of a claim: it is ours to tell, it is told already, or another function is telling it."""

    ACQUIRED = "acquired"
    COMPLETED = "completed"
    IN_PROGRESS = "in_progress"


class DeduplicationStore:
    """The ledger as one invocation uses it; `dynamodb` None: there is no table, and every claim is granted.

    `time_to_live` is how many seconds an alert that was told is remembered. `memory` outlives the invocation and serves
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
        self._dynamodb = dynamodb
        self._table = table_name
        self._time_to_live = time_to_live
        self._clock = clock
        self._owner = uuid.uuid4().hex
        self._memory = {} if memory is None else memory

    def claim(self, key: str) -> Claim:
        """Claim the right to tell what `key` stands for, or prolong a claim of our own.

        Raises:
            TransientError: the table cannot be asked for now.
        """
        try:
            held = self._put(self._claim_of(key, longest_kept(self._time_to_live), LONGEST_LEASE_SECONDS))
        except StateError as error:
            self._judge(error)
            return Claim.ACQUIRED
        return Claim.ACQUIRED if held is None else standing(held)

    def claim_all(self, keys: Sequence[str], until: float = math.inf) -> dict[str, Claim]:
        """Claim many at once; the keys must differ. What is left after `until` (seconds since 1970) is left out.

        Raises:
            TransientError: the table cannot be asked for now; what was claimed until then stays claimed.
        """
        claims: dict[str, Claim] = {}
        for chunk in chunks(keys):
            if claims and self._clock.now() > until:
                break
            claims |= self._claim_chunk(chunk)
        return claims

    def complete(self, keys: Sequence[str]) -> None:
        """Note that these are told.

        Raises:
            TransientError: the table cannot be asked for now.
            DeadlineExceededError: there is no time for all of them.
        """
        for position, chunk in enumerate(chunks(keys)):
            if position and self._clock.remaining() < _LEAST_SECONDS:
                raise DeadlineExceededError  # what is left may be sent again; else all of the invocation would be
            puts = [
                {"TableName": self._table, "Item": self._item(key, self._time_to_live) | {"completed": {"BOOL": True}}}
                for key in chunk
            ]
            try:
                if len(puts) == 1 or self._transact([{"Put": put} for put in puts]) is None:
                    for put in puts:
                        self._put(put)
            except StateError as error:
                self._judge(error)

    def release(self, keys: Iterable[str]) -> None:
        """Give claims up, so that a retry need not wait until their leases end; no harm is done if it fails."""
        for position, key in enumerate(keys):
            self._memory.pop(key, None)
            # The leases end by themselves, soon after the invocation.
            if not self._clock.has(0) or position >= _MOST_RELEASED:
                return
            try:
                self._delete(key)
            except StateError as error:
                logger.warning("claim not released", extra={"error": str(error)})
                return

    def acquire_cooldown(self, key: str, seconds: float) -> bool:
        """Whether `key` has not been asked for within `seconds`; from now on it has, unless it is released."""
        now = self._clock.now()
        if self._memory.get(key, 0.0) > now:
            return False
        self._memory[key] = now + seconds
        try:
            return self._put({**self._claim_of(key, seconds, seconds), "Item": self._item(key, seconds)}) is None
        except StateError as error:
            logger.warning("cannot tell what was said lately", extra={"error": str(error)})
            return True

    def _claim_of(self, key: str, kept: float, leased: float) -> dict[str, Any]:
        """Return the conditional write that claims `key`; an item is kept and leased for so many seconds at most."""
        now = self._clock.now()
        values = {":owner": {"S": self._owner}, ":true": {"BOOL": True}}
        return {
            "TableName": self._table,
            "Item": self._item(key, self._clock.lease(LONGEST_LEASE_SECONDS)),
            "ConditionExpression": _FREE,
            "ExpressionAttributeNames": {"#owner": "owner"},
            "ExpressionAttributeValues": {
                **over_values(now, max(kept, leased)),
                **values,
                ":lease_end": number(latest_time(now, leased)),
            },
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }

    def _item(self, key: str, seconds: float) -> dict[str, Any]:
        """Return an item of our own that lasts for `seconds`."""
        return {"pk": {"S": key}, "owner": {"S": self._owner}, "expires_at": number(self._clock.now() + seconds)}

    def _claim_chunk(self, keys: Sequence[str]) -> dict[str, Claim]:
        """Claim up to a transaction's items: all at once, then all but those that are not to be had, then singly."""
        claims: dict[str, Claim] = {}
        left, kept = list(keys), longest_kept(self._time_to_live)
        for _ in range(_ROUNDS):
            if len(left) <= 1:
                break
            try:
                refused = self._transact([{"Put": self._claim_of(key, kept, LONGEST_LEASE_SECONDS)} for key in left])
            except StateError as error:
                self._judge(error)
                refused = {}
            if refused is None:
                continue  # another transaction was at the same items
            if not refused:
                return claims | dict.fromkeys(left, Claim.ACQUIRED)
            claims |= {left[position]: standing(item) for position, item in refused.items()}
            left = [key for key in left if key not in claims]
        return claims | {key: self.claim(key) for key in left}

    def _put(self, request: Mapping[str, Any]) -> dict[str, Any] | None:
        """Put one item; None when it was put, else the item that stood in the way.

        Raises:
            StateError: the table cannot be asked.
        """
        if self._dynamodb is None:
            return None
        client = self._dynamodb
        return conditional_write(lambda: client.put_item(**request)).conflict

    def _transact(self, items: Sequence[Mapping[str, Any]]) -> dict[int, dict[str, Any]] | None:
        """Write all items or none.

        Returns the items in whose way something stood, by position: none of them, when all were written. None when it
        met another transaction and may be tried again.

        Raises:
            StateError: the table cannot be asked.
        """
        if self._dynamodb is None:
            return {}
        client = self._dynamodb
        answer = conditional_write(lambda: client.transact_write_items(TransactItems=list(items)))  # type: ignore[arg-type]  # plain dicts
        refused: dict[int, dict[str, Any]] = {}
        for position, reason in enumerate(answer.cancelled_for):
            if reason.get("Code") == "ConditionalCheckFailed":
                refused[position] = reason.get("Item", {})
        return None if answer.cancelled_for and not refused else refused

    def _delete(self, key: str) -> None:
        if self._dynamodb is None:
            return
        client = self._dynamodb
        conditional_write(
            lambda: client.delete_item(
                TableName=self._table,
                Key={"pk": {"S": key}},
                ConditionExpression="#owner = :owner AND attribute_not_exists(completed)",
                ExpressionAttributeNames={"#owner": "owner"},
                ExpressionAttributeValues={":owner": {"S": self._owner}},
            )
        )

    def _judge(self, error: StateError) -> None:
        """Go on without the table when it is not to be had at all.

        Raises:
            TransientError: it may be had again.
        """
        if not error.is_permanent:
            raise TransientError(f"ledger_{error.code}") from None
        logger.error("the state table cannot be used: alerts may be repeated", extra={"error": str(error)})
        self._dynamodb = None


def standing(item: Mapping[str, Any]) -> Claim:
    """Return what the item that stood in a claim's way says."""
    return Claim.COMPLETED if is_true(item, "completed") else Claim.IN_PROGRESS
