"""The counts of thresholds in the state table: one item for each window, one conditional update for each event.

The item holds the counted set (`members`) and the event that was added last (`last_event`). Once the set is complete,
the condition accepts only that event, so that a retry of it alerts again.
"""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from cloudtrail_to_slack.clock import Clock
from cloudtrail_to_slack.rules.thresholds import Count, CountStoreError, Window
from cloudtrail_to_slack.state.table import Answer, Items, StateError, number
from cloudtrail_to_slack.state.trust import string

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# Log files may be late, and a queue keeps a notification for some days.
_KEPT_SECONDS = 4 * 86_400
_ADD = "ADD members :member SET last_event = :event, expires_at = :expires_at"
_IS_OPEN = (
    "attribute_not_exists(members) OR"
    " (attribute_type(members, :set) AND (size(members) < :count OR last_event = :event))"
)
_EVENT = re.compile("[0-9a-f]{64}")
_ROUNDS = 3
_WAITS_SECONDS = (0.1, 0.3)  # before the next attempts; a retry of the invocation counts the rest
_MOST_SHARE = 0.3  # of the invocation's time, for all counts together: alerts of other rules must not wait for them


class TableCounts:
    """Counts that all invocations share."""

    def __init__(self, dynamodb: "DynamoDBClient", table_name: str, clock: Clock) -> None:
        self._items = Items(dynamodb, table_name, clock)
        self._clock = clock
        self._seconds_left = clock.spare() * _MOST_SHARE

    def add(self, window: Window, event: str, count: int) -> Count:
        """Add an event to its set, unless another event has completed it.

        Raises:
            CountStoreError: the table cannot be used, or counting has taken its share of the time.
        """
        if self._seconds_left <= 0:
            raise CountStoreError("counting takes longer than its share of the time", is_transient=True)
        start = self._clock.now()
        try:
            return self._add(window, event, count)
        finally:
            self._seconds_left -= self._clock.now() - start

    def _add(self, window: Window, event: str, count: int) -> Count:
        values = {
            ":member": {"SS": [window.value or event]},
            ":event": {"S": event},
            ":count": number(count),
            ":expires_at": number(int(max(self._clock.now(), window.end)) + _KEPT_SECONDS),
            ":set": {"S": "SS"},
        }
        for _ in range(_ROUNDS):
            answer = self._update(window.key, _ADD, _IS_OPEN, values, "ALL_NEW")
            if answer.conflict is None:
                members = frozenset(answer.attributes.get("members", {}).get("SS", ()))
                return Count() if len(members) < count else Count(event, members)
            seen, completed_by = answer.conflict.get("members", {}), string(answer.conflict, "last_event") or ""
            if _EVENT.fullmatch(completed_by) and "SS" in seen:
                return Count(completed_by)
            # This code did not write it: remove it, unless it has changed.
            self._update(window.key, "REMOVE members", "members = :seen", {":seen": seen}, "NONE")
        raise CountStoreError("contended", is_transient=True)

    def _update(self, key: str, update: str, condition: str, values: Mapping[str, Any], returned: str) -> Answer:
        waits = list(reversed(_WAITS_SECONDS))
        while True:
            try:
                return self._items.update(key, update, condition, values, returned=returned)
            except StateError as error:
                if error.is_permanent or not waits or not self._clock.wait(waits.pop()):
                    raise CountStoreError(str(error), is_transient=not error.is_permanent) from None
