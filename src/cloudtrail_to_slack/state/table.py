"""The state table: what concurrent and successive invocations must agree on.

One DynamoDB table, partition key `pk`, time to live in `expires_at` (seconds since 1970). Each step is one conditional
write, never a read and then a write. Every method raises StateError if the table cannot be used.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from cloudtrail_to_slack.aws.errors import error_code
from cloudtrail_to_slack.clock import Clock
from cloudtrail_to_slack.errors import CloudTrailToSlackError, TransientError
from cloudtrail_to_slack.json_fields import mapping
from cloudtrail_to_slack.state.leases import OWNER
from cloudtrail_to_slack.state.trust import string

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# Items in one request. Source: Amazon DynamoDB API Reference, BatchGetItem and TransactWriteItems
_AT_ONCE = 100
_ATTEMPTS = 4
_FIRST_WAIT_SECONDS = 0.2
_MOST_SECONDS = 10.0  # of one request with the SDK's retries, even if a response arrives byte by byte
# Errors that no retry fixes. Source: Amazon DynamoDB API Reference, PutItem and "Common Errors".
_PERMANENT = frozenset(
    {"ResourceNotFoundException", "AccessDeniedException", "ValidationException", "UnrecognizedClientException",
     "InvalidSignatureException", "MissingAuthenticationToken", "IncompleteSignature", "OptInRequired"}
)  # fmt: skip


class StateError(CloudTrailToSlackError):
    """The state table cannot be used. `is_permanent`: not until its configuration is fixed."""

    def __init__(self, code: str, *, is_permanent: bool) -> None:
        self.code = code
        self.is_permanent = is_permanent
        super().__init__(f"the state table failed ({code})")


@dataclass(frozen=True, slots=True)
class Answer:
    """The result of a write: the item's attributes, or why it was not done.

    `conflict` is the item that did not fulfill the condition, `cancelled_for` has the reasons of a transaction.
    """

    attributes: dict[str, Any] = field(default_factory=dict)
    conflict: dict[str, Any] | None = None
    cancelled_for: Sequence[Mapping[str, Any]] = ()


class Items:
    """The items of a state table, changed only by conditional updates; no request outlasts the invocation."""

    def __init__(self, dynamodb: "DynamoDBClient", table_name: str, clock: Clock) -> None:
        self._dynamodb = dynamodb
        self._table = table_name
        self._clock = clock

    def update(
        self,
        key: str,
        update: str,
        condition: str,
        values: Mapping[str, Any],
        *,
        names: Mapping[str, str] | None = None,
        returned: str = "NONE",
    ) -> Answer:
        """Update one item, if the condition holds."""
        return self._write(
            self._dynamodb.update_item,
            TableName=self._table,
            Key={"pk": {"S": key}},
            UpdateExpression=update,
            ConditionExpression=condition,
            ExpressionAttributeValues=values,
            ReturnValues=returned,
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
            **({"ExpressionAttributeNames": names} if names else {}),
        )

    def replace(
        self, key: str, attribute: str, before: str | None, after: str, expires_at: float
    ) -> tuple[bool, str | None]:
        """Write a string if it still is `before` (None: missing); return whether it was, and the current string."""
        values = {":after": {"S": after}, ":expires_at": number(expires_at)}
        if before is None:
            condition, values[":string"] = f"NOT attribute_type({attribute}, :string)", {"S": "S"}
        else:
            condition, values[":before"] = f"{attribute} = :before", {"S": before}
        conflict = self.update(key, f"SET {attribute} = :after, expires_at = :expires_at", condition, values).conflict
        return (True, after) if conflict is None else (False, string(conflict, attribute))

    def change(
        self,
        key: str,
        attribute: str,
        change: Callable[[str | None], str | None],
        expires_at: float,
        *,
        known: str | None = None,
        rounds: int = 10,
    ) -> bool:
        """Change a string to what `change` returns, unless that is None; False: other functions were always faster.

        `known` is the expected string; if the string differs, `change` is called again with the actual one.
        """
        text = known
        for _ in range(rounds):
            after = change(text)
            if after is None:
                return True
            is_written, text = self.replace(key, attribute, text, after, expires_at)
            if is_written:
                return True
        return False

    def _write(self, operation: Callable[..., Mapping[str, Any]], **arguments: Any) -> Answer:  # noqa: ANN401 (of any operation)
        """Make one conditional write; a condition that is not fulfilled is a result and no error."""
        try:
            return Answer(dict(self._request(operation, **arguments).get("Attributes", {})))
        except (BotoCoreError, ClientError) as error:
            failure = _failed(error)
            response: Mapping[str, Any] = getattr(error, "response", {})
            is_transaction = "TransactItems" in arguments
            if failure.code == "ConditionalCheckFailedException" and not is_transaction:
                return Answer(conflict=dict(mapping(response.get("Item"))))
            if failure.code == "TransactionCanceledException" and is_transaction:
                reasons = response.get("CancellationReasons")
                known = [mapping(reason) for reason in reasons] if isinstance(reasons, list) else []
                return Answer(cancelled_for=known or ({"Code": "unknown"},))
            raise failure from None

    def _request(self, operation: Callable[..., Mapping[str, Any]], **arguments: Any) -> Mapping[str, Any]:  # noqa: ANN401 (likewise)
        try:
            with self._clock.call(_MOST_SECONDS):
                return operation(**arguments)
        except TransientError as error:
            raise StateError(error.code, is_permanent=False) from None
        except (BotoCoreError, ClientError):
            raise
        except Exception as error:  # noqa: BLE001 (the SDK may raise anything on a response that is not from DynamoDB)
            raise StateError(f"unexpected_answer_{type(error).__name__}", is_permanent=False) from None


class Table(Items):
    """The state table with all kinds of requests; a condition may use the name `#owner`."""

    def put(
        self, item: Mapping[str, Any], condition: str = "", values: Mapping[str, Any] | None = None
    ) -> dict[str, Any] | None:
        """Put one item, if the condition holds; return the conflicting item; None: it was put."""
        return self._write(self._dynamodb.put_item, **self._put(item, condition, values)).conflict

    def put_all(
        self, items: Sequence[Mapping[str, Any]], condition: str = "", values: Mapping[str, Any] | None = None
    ) -> dict[int, dict[str, Any]] | None:
        """Put all items if the condition holds for each, or none.

        Returns the conflicting items by position; empty: all were put; None: another transaction conflicted, so it may
        be tried again.
        """
        puts = [{"Put": self._put(item, condition, values)} for item in items]
        reasons = self._write(self._dynamodb.transact_write_items, TransactItems=puts).cancelled_for
        conflicts = {
            position: reason.get("Item", {})
            for position, reason in enumerate(reasons)
            if reason.get("Code") == "ConditionalCheckFailed"
        }
        return None if reasons and not conflicts else conflicts

    def delete(self, key: str, condition: str, values: Mapping[str, Any]) -> None:
        """Delete an item if the condition holds."""
        where = _where(condition, values)
        self._write(self._dynamodb.delete_item, TableName=self._table, Key={"pk": {"S": key}}, **where)

    def read(self, keys: Iterable[str], attributes: str) -> dict[str, Mapping[str, Any]]:
        """Return the items that exist, by key."""
        found: dict[str, Mapping[str, Any]] = {}
        for chunk in chunks(keys):
            asked = [{"pk": {"S": key}} for key in chunk]
            wanted: Any = {self._table: {"Keys": asked, "ProjectionExpression": attributes}}
            for attempt in range(_ATTEMPTS):
                try:
                    answer: Any = self._request(self._dynamodb.batch_get_item, RequestItems=wanted)
                except (BotoCoreError, ClientError) as error:
                    raise _failed(error) from None
                if "Responses" not in answer:
                    raise StateError("unexpected_answer", is_permanent=False)
                found |= {item["pk"]["S"]: item for item in answer["Responses"].get(self._table, [])}
                wanted = answer.get("UnprocessedKeys")
                if not wanted:
                    break
                if not self._clock.wait(_FIRST_WAIT_SECONDS * 2**attempt):
                    raise StateError("out_of_time", is_permanent=False)
            else:
                raise StateError("unprocessed_keys", is_permanent=False)
        return found

    def _put(self, item: Mapping[str, Any], condition: str, values: Mapping[str, Any] | None) -> dict[str, Any]:
        where = {**_where(condition, values), "ReturnValuesOnConditionCheckFailure": "ALL_OLD"} if condition else {}
        return {"TableName": self._table, "Item": item, **where}


def _where(condition: str, values: Mapping[str, Any] | None) -> dict[str, Any]:
    names = {"ExpressionAttributeNames": OWNER} if "#owner" in condition else {}
    return {"ConditionExpression": condition, "ExpressionAttributeValues": values, **names}


def _failed(error: BotoCoreError | ClientError) -> StateError:
    code = error_code(error)
    return StateError(code, is_permanent=code in _PERMANENT)


def chunks(keys: Iterable[str]) -> Iterator[list[str]]:
    """Yield the keys, as many at a time as DynamoDB accepts."""
    rest = iter(keys)
    while chunk := list(islice(rest, _AT_ONCE)):
        yield chunk


def number(value: float) -> Any:  # noqa: ANN401 (the stubs' attribute type is a union of all)
    """Return a whole number in DynamoDB's form."""
    return {"N": str(int(value))}
