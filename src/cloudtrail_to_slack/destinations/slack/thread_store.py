"""Threads in the state table: which is open for a fingerprint in a channel, and how many alerts it has.

function A                          item                               function B
claim ────────────────────────────▶ owner=A, leased until t+lease
post the parent message             ·   ◀──────────────────────────── claim: A is opening it
opened ───────────────────────────▶ owner=A, ts=…, alerts=1            waits, asks again
                                    ·   ◀──────────────────────────── claim: ts=…
                                    ·                                  reply
                                    alerts=2 ◀─────────────────────── count
(A died before `opened`: when its lease ends, B acquires it)
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cloudtrail_to_slack.state.leases import lease_condition, lease_values
from cloudtrail_to_slack.state.table import Table, number
from cloudtrail_to_slack.state.trust import longest_kept, string, whole_number

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_THREAD_IS_FREE = lease_condition(done="attribute_exists(ts)")
_UNCHANGED = "expires_at = :seen_expires_at AND ts = :seen_ts"
_TIMESTAMP = re.compile(r"[0-9.]{1,40}")
# The update that opens a thread.
_OPEN = (
    "SET ts = :ts, opening = :opening, severity = :severity, home = :home, expires_at = :expires_at, "
    "alerts = :one, shown = :one"
)


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


class ThreadStore:
    """The threads in the state table. Times are seconds since 1970.

    `time_to_live` is how many seconds a thread is kept open. What says it lasts much longer was not written by this
    code, and does not count; see `state.trust`.
    """

    def __init__(self, dynamodb: "DynamoDBClient", table_name: str, time_to_live: float = 900) -> None:
        self._table = Table(dynamodb, table_name)
        self._longest = longest_kept(time_to_live)

    def claim_thread(self, key: str, owner: str, *, now: float, lease: float) -> Thread | bool:
        """Acquire the right to open the thread `key`.

        Returns the thread when it is open already, True when `owner` may open it, False while another is opening it.

        Raises:
            StateError: the table cannot be used.
        """
        item = {"pk": {"S": key}, "owner": {"S": owner}, "expires_at": number(now + lease)}
        values = lease_values(now, owner, lease, max(self._longest, lease))
        conflict = self._table.put(item, _THREAD_IS_FREE, values)
        if conflict is None:
            return True
        if "ts" not in conflict:
            return False
        thread = _read_thread(key, conflict)
        if thread is None:  # nothing of ours: it makes way, unless it is something else by now
            seen = {":seen_expires_at": conflict["expires_at"], ":seen_ts": conflict["ts"]}
            return self._table.put(item, _UNCHANGED, seen) is None
        return thread

    def thread_opened(self, key: str, owner: str, thread: Thread, *, expires_at: float) -> bool:
        """Record that `owner` opened the thread, with one alert in it; False when another has taken it over."""
        return self._open(key, "#owner", owner, thread, expires_at)

    def replace_thread(self, key: str, ts: str, thread: Thread, *, expires_at: float) -> bool:
        """Let `thread`, with one alert in it, take the place of the one with the parent `ts`; False when it is gone."""
        return self._open(key, "ts", ts, thread, expires_at)

    def release_thread(self, key: str, owner: str) -> None:
        """Release the lease, or forget a thread that was opened by `owner`, so that the next alert may open one."""
        self._table.delete(key, "#owner = :value", {":value": {"S": owner}})

    def forget_thread(self, key: str, ts: str) -> None:
        """Forget the thread whose parent message is gone, unless another has been opened meanwhile."""
        self._table.delete(key, "ts = :value", {":value": {"S": ts}})

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

    def _open(self, key: str, attribute: str, expected: str, thread: Thread, expires_at: float) -> bool:
        """Write the thread, with one alert in it, where an attribute is as expected."""
        values = {
            ":expected": {"S": expected},
            ":ts": {"S": thread.ts},
            ":opening": {"S": thread.opening},
            ":severity": number(thread.severity),
            ":home": {"S": thread.home},
            ":expires_at": number(expires_at),
            ":one": number(1),
        }
        names = {"#owner": "owner"} if attribute == "#owner" else None
        return self._update(key, _OPEN, f"{attribute} = :expected", values, names=names) is not None

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
        answer = self._table.update(key, update, condition, values, names=names, returned=returned)
        return answer.attributes if answer.conflict is None else None


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
        match json.loads(text):
            case [str(), list(blocks)]:
                return all(isinstance(block, dict) for block in blocks)
    except (ValueError, RecursionError):
        pass
    return False
