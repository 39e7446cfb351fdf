"""The counts of thresholds in the state table: one item for each window, one conditional update for each event.

The item holds the set of what was counted (`members`) and the event that was added last (`last_event`). Once the set is
complete, the condition lets only that event pass: on a retry it finds its alert again.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from cloudtrail_to_slack.rules.thresholds import Count, Counted, CountStoreError
from cloudtrail_to_slack.state.table import Items, StateError, number
from cloudtrail_to_slack.state.trust import string

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# Log files come late, and a queue keeps a notification for some days.
_KEPT_SECONDS = 4 * 86_400
_ADD = "ADD members :member SET last_event = :event, expires_at = :expires_at"
_IS_OPEN = "attribute_not_exists(members) OR size(members) < :count OR last_event = :event"


class TableCounts:
    """Counts that all invocations share; `now` returns the seconds since 1970."""

    def __init__(self, dynamodb: "DynamoDBClient", table_name: str, now: Callable[[], float]) -> None:
        self._items = Items(dynamodb, table_name)
        self._now = now

    def add(self, counted: Counted) -> Count:
        """Add an event to its set, unless another event has completed it.

        Raises:
            CountStoreError: the table cannot be reached.
        """
        values = {
            ":member": {"SS": [counted.member]},
            ":event": {"S": counted.event},
            ":count": number(counted.count),
            ":expires_at": number(int(max(self._now(), counted.end)) + _KEPT_SECONDS),
        }
        try:
            answer = self._items.update(counted.key, _ADD, _IS_OPEN, values, returned="ALL_NEW")
        except StateError as error:
            raise CountStoreError(str(error)) from None
        if answer.conflict is not None:
            return Count(string(answer.conflict, "last_event") or "")
        members = frozenset(answer.attributes.get("members", {}).get("SS", ()))
        return Count() if len(members) < counted.count else Count(counted.event, members)
