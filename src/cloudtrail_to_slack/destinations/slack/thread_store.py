"""Threads in the state table: which is open for a fingerprint in a channel, and how many alerts it has.

The first function that claims a thread posts the parent message; until then the others wait (see `state.leases`). What
lasts much longer than a thread is kept open was not written by this code, and does not count (see `state.trust`).
"""

import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cloudtrail_to_slack.clock import Clock
from cloudtrail_to_slack.state.leases import OWNER, lease_condition, lease_values
from cloudtrail_to_slack.state.table import Table, number
from cloudtrail_to_slack.state.trust import longest_kept, string, whole_number

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

LEASE_SECONDS = 15  # how long opening a thread may take before another function does it instead
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

    `severity` is the parent's, 0 where it is unknown. `home` is the key of the item that counts the thread's alerts;
    empty: the item's own.
    """

    ts: str
    opening: str
    severity: int = 0
    home: str = ""


class ThreadStore:
    """The threads as one invocation uses them, each open for `time_to_live` seconds. Every method raises StateError."""

    def __init__(self, dynamodb: "DynamoDBClient", table_name: str, time_to_live: float, clock: Clock) -> None:
        self._table = Table(dynamodb, table_name, clock)
        self._time_to_live = time_to_live
        self._clock = clock
        self._owner = uuid.uuid4().hex

    def claim(self, key: str) -> Thread | bool:
        """Return the thread `key` if it is open, True when it is ours to open, False while another is opening it."""
        now = self._clock.now()
        item = {"pk": {"S": key}, "owner": {"S": self._owner}, "expires_at": number(now + LEASE_SECONDS)}
        kept = max(longest_kept(self._time_to_live), LEASE_SECONDS)
        conflict = self._table.put(item, _THREAD_IS_FREE, lease_values(now, self._owner, LEASE_SECONDS, kept))
        if conflict is None:
            return True
        if "ts" not in conflict:
            return False
        thread = _read_thread(key, conflict)
        if thread is None:  # nothing of ours: it makes way, unless it is something else by now
            seen = {":seen_expires_at": conflict["expires_at"], ":seen_ts": conflict["ts"]}
            return self._table.put(item, _UNCHANGED, seen) is None
        return thread

    def opened(self, key: str, thread: Thread, *, replaced: Thread | None = None) -> bool:
        """Record a thread with one alert in it, where it is ours to open or takes the place of the one `replaced`."""
        values = {
            ":expected": {"S": replaced.ts if replaced else self._owner},
            ":ts": {"S": thread.ts},
            ":opening": {"S": thread.opening},
            ":severity": number(thread.severity),
            ":home": {"S": thread.home},
            ":expires_at": number(self._clock.now() + self._time_to_live),
            ":one": number(1),
        }
        attribute, names = ("ts", None) if replaced else ("#owner", OWNER)
        return self._table.update(key, _OPEN, f"{attribute} = :expected", values, names=names).conflict is None

    def release(self, key: str) -> None:
        """Let the next alert open the thread that is ours to open."""
        self._table.delete(key, "#owner = :value", {":value": {"S": self._owner}})

    def forget(self, key: str, thread: Thread) -> None:
        """Forget a thread whose parent message is gone, unless another has been opened meanwhile."""
        self._table.delete(key, "ts = :value", {":value": {"S": thread.ts}})

    def count(self, key: str, thread: Thread) -> int | None:
        """Count one more alert in the thread; return how many there are, None when it is no longer that one."""
        values = {":one": number(1), ":ts": {"S": thread.ts}}
        answer = self._table.update(key, "ADD alerts :one", "ts = :ts", values, returned="ALL_NEW")
        return whole_number(answer.attributes, "alerts")

    def claim_shown(self, key: str, thread: Thread, alerts: int) -> bool:
        """Claim the right to show that the thread has `alerts`; False when a later count is shown already."""
        values = {":alerts": number(alerts), ":ts": {"S": thread.ts}}
        condition = "ts = :ts AND shown < :alerts"
        return self._table.update(key, "SET shown = :alerts", condition, values).conflict is None


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
