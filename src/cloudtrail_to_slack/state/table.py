"""The state table: what functions that run at the same time, or one after the other, must agree on.

One DynamoDB table, partition key `pk`, time to live in `expires_at` (seconds since 1970). DynamoDB deletes expired
items some days late (Amazon DynamoDB Developer Guide, "Using time to live"), so every condition looks at `expires_at`
itself. Nothing here is read and then written: each step is one conditional write.

A thread's item, for one channel and fingerprint:

    function A                          item                               function B
    claim ────────────────────────────▶ owner=A, leased until t+lease
    post the opening message            ·   ◀──────────────────────────── claim refused: A is opening
    opened ───────────────────────────▶ owner=A, ts=…, alerts=1            waits, asks again
                                        ·   ◀──────────────────────────── claim refused: ts=…
                                        ·                                  post in the thread
                                        alerts=2 ◀─────────────────────── count
    (A died before `opened`: when its lease ends, B's claim is granted)
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from cloudtrail_to_slack.errors import CloudTrailToSlackError
from cloudtrail_to_slack.state.trust import latest_time, longest_kept, over, over_values, string, whole_number

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


# Items in one request. Source: Amazon DynamoDB API Reference, BatchGetItem and TransactWriteItems
_AT_ONCE = 100
# What no repetition mends. Source: Amazon DynamoDB API Reference, PutItem and "Common Errors".
_BROKEN = frozenset(
    {"ResourceNotFoundException", "AccessDeniedException", "ValidationException", "UnrecognizedClientException",
     "InvalidSignatureException", "MissingAuthenticationToken", "IncompleteSignature", "OptInRequired"}
)  # fmt: skip


# What is no thread, and what is none any more. A claim that lasts longer than any is someone else's.
_NO_THREAD = (
    f"attribute_not_exists(pk) OR {over('expires_at')} OR (attribute_not_exists(ts) AND expires_at > :lease_end)"
)
_UNCHANGED = "expires_at = :seen_expires_at AND ts = :seen_ts"
_TIMESTAMP = re.compile(r"[0-9.]{1,40}")
# The update that opens a thread.
_OPEN = (
    "SET ts = :ts, opening = :opening, severity = :severity, home = :home, expires_at = :expires_at, "
    "alerts = :one, shown = :one"
)


class StateError(CloudTrailToSlackError):
    """The state table did not do what it was asked. `broken`: nor will it, until somebody mends the set-up."""

    def __init__(self, code: str, *, is_permanent: bool) -> None:
        self.code = code
        self.is_permanent = is_permanent
        super().__init__(f"the state table failed ({code})")


@dataclass(frozen=True, slots=True)
class Thread:
    """A thread that is open: the parent message's `ts`, and the message itself as JSON, to show it again.

    `severity` is the parent's, 0 where it is unknown. `home` is the key of the item that counts the thread's alerts,
    where that is another one's: an item may only point to the thread; empty: this one's.
    """

    ts: str
    opening: str
    severity: int = 0
    home: str = ""


class Items:
    """The items of a state table, and the conditional update that everybody makes who keeps any there."""

    def __init__(self, dynamodb: "DynamoDBClient", table_name: str) -> None:
        self._dynamodb = dynamodb
        self._table = table_name

    def update(
        self,
        key: str,
        update: str,
        condition: str,
        values: Mapping[str, Any],
        *,
        names: Mapping[str, str] | None = None,
        returned: str = "NONE",
    ) -> "Answer":
        """Update one item, if the condition holds.

        Raises:
            StateError: the table cannot be asked.
        """
        arguments: dict[str, Any] = {"ExpressionAttributeNames": names} if names else {}
        return conditional_write(
            lambda: self._dynamodb.update_item(
                TableName=self._table,
                Key={"pk": {"S": key}},
                UpdateExpression=update,
                ConditionExpression=condition,
                ExpressionAttributeValues=values,
                ReturnValues=returned,  # type: ignore[arg-type]  # the stubs want a literal
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
                **arguments,
            )
        )


class StateTable:
    """The conditional writes on the state table. Times are seconds since 1970.

    `time_to_live` is how many seconds a thread is kept open. What says it lasts much longer was not written by this
    code, and does not count; see `state_trust`.
    """

    def __init__(self, dynamodb: "DynamoDBClient", table_name: str, time_to_live: float = 900) -> None:
        self._dynamodb = dynamodb
        self._table = table_name
        self._items = Items(dynamodb, table_name)
        self._longest = longest_kept(time_to_live)

    def claim_thread(self, key: str, owner: str, *, now: float, lease: float) -> Thread | bool:
        """Claim the right to open the thread `key`.

        Returns the thread when it is open already, True when `owner` may open it, False while another is opening it.

        Raises:
            StateError: the table cannot be asked.
        """
        expires_at = number(now + lease)
        values = over_values(now, max(self._longest, lease)) | {":lease_end": number(latest_time(now, lease))}
        item = self._put_claim(key, owner, expires_at, _NO_THREAD, values)
        if item is None:
            return True
        if "ts" not in item:
            # The SDK repeats a call whose answer was lost, and then our own claim stands in our way.
            return string(item, "owner") == owner
        thread = _read_thread(key, item)
        if thread is None:  # nothing of ours: it makes way, unless it is something else by now
            seen = {":seen_expires_at": item["expires_at"], ":seen_ts": item["ts"]}
            return self._put_claim(key, owner, expires_at, _UNCHANGED, seen) is None
        return thread

    def _put_claim(
        self,
        key: str,
        owner: str,
        expires_at: Any,  # noqa: ANN401 (an attribute)
        condition: str,
        values: Mapping[str, Any],
    ) -> Mapping[str, Any] | None:
        """Put a claim if the condition holds; return the item that stood in its way, None when nothing did."""
        return conditional_write(
            lambda: self._dynamodb.put_item(
                TableName=self._table,
                Item={"pk": {"S": key}, "owner": {"S": owner}, "expires_at": expires_at},
                ConditionExpression=condition,
                ExpressionAttributeValues=values,
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        ).conflict

    def thread_opened(self, key: str, owner: str, thread: Thread, *, expires_at: float) -> bool:
        """Note that `owner` opened the thread, with one alert in it; False when another has taken it over."""
        values = _values(thread, expires_at) | {":owner": {"S": owner}}
        return self._update(key, _OPEN, "#owner = :owner", values, names={"#owner": "owner"}) is not None

    def replace_thread(self, key: str, ts: str, thread: Thread, *, expires_at: float) -> bool:
        """Let `thread`, with one alert in it, take the place of the one with the parent `ts`; False when it is gone."""
        values = _values(thread, expires_at) | {":old": {"S": ts}}
        return self._update(key, _OPEN, "ts = :old", values) is not None

    def release_thread(self, key: str, owner: str) -> None:
        """Give up a claim, or forget a thread that was opened by `owner`, so that the next alert may open one."""
        self._delete(key, "#owner = :value", {":value": {"S": owner}}, {"#owner": "owner"})

    def forget_thread(self, key: str, ts: str) -> None:
        """Forget the thread whose opening message is gone, unless another has been opened meanwhile."""
        self._delete(key, "ts = :value", {":value": {"S": ts}}, None)

    def count_in_thread(self, key: str, ts: str) -> int | None:
        """Count one more alert in the thread; return how many there are, None when the thread is no longer that one."""
        item = self._update(
            key, "ADD alerts :one", "ts = :ts", {":one": number(1), ":ts": {"S": ts}}, returned="ALL_NEW"
        )
        return None if item is None else whole_number(item, "alerts")

    def claim_shown(self, key: str, ts: str, alerts: int) -> bool:
        """Claim the right to show that the thread has `alerts`; False when a later count is shown already."""
        values = {":alerts": number(alerts), ":ts": {"S": ts}}
        return self._update(key, "SET shown = :alerts", "ts = :ts AND shown < :alerts", values) is not None

    def _update(
        self,
        key: str,
        update: str,
        condition: str,
        values: dict[str, Any],
        *,
        names: dict[str, str] | None = None,
        returned: str = "NONE",
    ) -> dict[str, Any] | None:
        """Update one item; None when the condition does not hold."""
        answer = self._items.update(key, update, condition, values, names=names, returned=returned)
        return answer.attributes if answer.conflict is None else None

    def _delete(self, key: str, condition: str, values: dict[str, Any], names: dict[str, str] | None) -> None:
        arguments: dict[str, Any] = {"ExpressionAttributeNames": names} if names else {}
        conditional_write(
            lambda: self._dynamodb.delete_item(
                TableName=self._table,
                Key={"pk": {"S": key}},
                ConditionExpression=condition,
                ExpressionAttributeValues=values,
                **arguments,
            )
        )


@dataclass(frozen=True, slots=True)
class Answer:
    """What a write gave: its attributes, or what kept it from being done.

    `conflict` is the item that stood in the way of a condition, `cancelled_for` the reasons of a transaction.
    """

    attributes: dict[str, Any] = field(default_factory=dict)
    conflict: dict[str, Any] | None = None
    cancelled_for: Sequence[Mapping[str, Any]] = ()


def _read_thread(key: str, item: Mapping[str, Any]) -> Thread | None:
    """Return the thread that an item holds; None for what this code does not write."""
    ts, opening = string(item, "ts"), string(item, "opening")
    severity, home = whole_number(item, "severity") or 0, string(item, "home") or ""
    if ts is None or opening is None or not _TIMESTAMP.fullmatch(ts) or not _is_message(opening):
        return None
    same_channel = home.startswith(key[: key.rfind("#") + 1])
    return Thread(ts, opening, severity, home if same_channel else "")


def _is_message(text: str) -> bool:
    """Whether a text is a message as `Thread` keeps it: text and blocks."""
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        return False
    if not isinstance(message, list) or len(message) != len(("text", "blocks")):
        return False
    words, blocks = message
    return isinstance(words, str) and isinstance(blocks, list) and all(isinstance(block, dict) for block in blocks)


def _values(thread: Thread, expires_at: float) -> dict[str, Any]:
    """Return the values of `_OPEN`."""
    return {
        ":ts": {"S": thread.ts},
        ":opening": {"S": thread.opening},
        ":severity": number(thread.severity),
        ":home": {"S": thread.home},
        ":expires_at": number(expires_at),
        ":one": number(1),
    }


def conditional_write(call: Callable[[], Mapping[str, Any]]) -> Answer:
    """Make one conditional write; that its condition does not hold is an answer.

    Raises:
        StateError: the table cannot be asked.
    """
    try:
        return Answer(dict(call().get("Attributes", {})))
    except ClientError as error:
        answer: Mapping[str, Any] = error.response
        code = _code(error)
        if code == "ConditionalCheckFailedException":
            return Answer(conflict=dict(answer.get("Item", {})))
        if code == "TransactionCanceledException":
            reasons = answer.get("CancellationReasons", ())
            return Answer(cancelled_for=reasons or ({"Code": "unknown"},))
        raise _failed(error) from None
    except BotoCoreError as error:
        raise _failed(error) from None


def read_items(call: Callable[[], Mapping[str, Any]]) -> Mapping[str, Any]:
    """Make one call that reads.

    Raises:
        StateError: the table cannot be asked.
    """
    try:
        return call()
    except (BotoCoreError, ClientError) as error:
        raise _failed(error) from None


def chunks(keys: Iterable[str]) -> Iterator[list[str]]:
    """Yield the keys, as many at a time as DynamoDB takes."""
    rest = iter(keys)
    while chunk := list(islice(rest, _AT_ONCE)):
        yield chunk


def number(value: float) -> Any:  # noqa: ANN401 (the stubs' attribute type is a union of all)
    """Return a whole number as DynamoDB takes it."""
    return {"N": str(int(value))}


def _failed(error: BotoCoreError | ClientError) -> StateError:
    code = _code(error)
    return StateError(code, is_permanent=code in _BROKEN)


def _code(error: BotoCoreError | ClientError) -> str:
    if isinstance(error, BotoCoreError):
        return type(error).__name__
    answer: Mapping[str, Any] = error.response
    return str(answer.get("Error", {}).get("Code", "unknown"))
