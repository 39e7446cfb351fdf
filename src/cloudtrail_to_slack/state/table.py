"""The state table: what functions that run at the same time, or one after the other, must agree on.

One DynamoDB table, partition key `pk`, time to live in `expires_at` (seconds since 1970). Nothing is read and then
written: each step is one conditional write.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from cloudtrail_to_slack.clock import Clock
from cloudtrail_to_slack.errors import CloudTrailToSlackError
from cloudtrail_to_slack.state.leases import OWNER

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


# Items in one request. Source: Amazon DynamoDB API Reference, BatchGetItem and TransactWriteItems
_AT_ONCE = 100
_ATTEMPTS = 4
_FIRST_WAIT_SECONDS = 0.2
# What no retry fixes. Source: Amazon DynamoDB API Reference, PutItem and "Common Errors".
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


class Items:
    """The items of a state table, changed by conditional updates alone."""

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
            StateError: the table cannot be used.
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


class Table(Items):
    """The state table with every request that is made to it."""

    def put_request(self, item: Mapping[str, Any], condition: str = "", values: Mapping[str, Any] | None = None) -> Any:  # noqa: ANN401 (the stubs' type of all arguments)
        """Return the request that puts an item if the condition holds."""
        request: dict[str, Any] = {"TableName": self._table, "Item": item}
        if condition:
            request |= {
                "ConditionExpression": condition,
                "ExpressionAttributeValues": values,
                "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
                **_names(condition),
            }
        return request

    def put(self, request: Mapping[str, Any]) -> dict[str, Any] | None:
        """Put one item; return the item that stood in the way, None when it was put.

        Raises:
            StateError: the table cannot be used.
        """
        return conditional_write(lambda: self._dynamodb.put_item(**request)).conflict

    def put_all(self, requests: Sequence[Mapping[str, Any]]) -> dict[int, dict[str, Any]] | None:
        """Put all items or none.

        Returns the items that stood in the way, by position: none of them, when all were put. None when it met another
        transaction and may be tried again.

        Raises:
            StateError: the table cannot be used.
        """
        puts: Any = [{"Put": request} for request in requests]
        answer = conditional_write(lambda: self._dynamodb.transact_write_items(TransactItems=puts))
        conflicts = {
            position: reason.get("Item", {})
            for position, reason in enumerate(answer.cancelled_for)
            if reason.get("Code") == "ConditionalCheckFailed"
        }
        return None if answer.cancelled_for and not conflicts else conflicts

    def delete(self, key: str, condition: str, values: Mapping[str, Any]) -> None:
        """Delete an item if the condition holds.

        Raises:
            StateError: the table cannot be used.
        """
        conditional_write(
            lambda: self._dynamodb.delete_item(
                TableName=self._table,
                Key={"pk": {"S": key}},
                ConditionExpression=condition,
                ExpressionAttributeValues=values,
                **_names(condition),
            )
        )

    def read(self, keys: Iterable[str], attributes: str, clock: Clock) -> dict[str, Mapping[str, Any]]:
        """Return those of the items that exist, by key.

        Raises:
            StateError: the table cannot be used.
        """
        found: dict[str, Mapping[str, Any]] = {}
        for chunk in chunks(keys):
            wanted: Any = {
                self._table: {"Keys": [{"pk": {"S": key}} for key in chunk], "ProjectionExpression": attributes}
            }
            for attempt in range(_ATTEMPTS):
                try:
                    answer: Any = self._dynamodb.batch_get_item(RequestItems=wanted)
                except (BotoCoreError, ClientError) as error:
                    raise _failed(error) from None
                found |= {item["pk"]["S"]: item for item in answer["Responses"].get(self._table, [])}
                wanted = answer.get("UnprocessedKeys")
                if not wanted:
                    break
                if not clock.wait(_FIRST_WAIT_SECONDS * 2**attempt):
                    raise StateError("out_of_time", is_permanent=False)
            else:
                raise StateError("unprocessed_keys", is_permanent=False)
        return found


@dataclass(frozen=True, slots=True)
class Answer:
    """What a write gave: its attributes, or what kept it from being done.

    `conflict` is the item that stood in the way of a condition, `cancelled_for` the reasons of a transaction.
    """

    attributes: dict[str, Any] = field(default_factory=dict)
    conflict: dict[str, Any] | None = None
    cancelled_for: Sequence[Mapping[str, Any]] = ()


def conditional_write(call: Callable[[], Mapping[str, Any]]) -> Answer:
    """Make one conditional write; that its condition does not hold is an answer.

    Raises:
        StateError: the table cannot be used.
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


def chunks(keys: Iterable[str]) -> Iterator[list[str]]:
    """Yield the keys, as many at a time as DynamoDB takes."""
    rest = iter(keys)
    while chunk := list(islice(rest, _AT_ONCE)):
        yield chunk


def number(value: float) -> Any:  # noqa: ANN401 (the stubs' attribute type is a union of all)
    """Return a whole number as DynamoDB takes it."""
    return {"N": str(int(value))}


def _names(condition: str) -> Any:  # noqa: ANN401 (a part of any request)
    return {"ExpressionAttributeNames": OWNER} if "#owner" in condition else {}


def _failed(error: BotoCoreError | ClientError) -> StateError:
    code = _code(error)
    return StateError(code, is_permanent=code in _PERMANENT)


def _code(error: BotoCoreError | ClientError) -> str:
    if isinstance(error, BotoCoreError):
        return type(error).__name__
    answer: Mapping[str, Any] = error.response
    return str(answer.get("Error", {}).get("Code", "unknown"))
