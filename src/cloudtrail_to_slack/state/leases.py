"""Leases: the right to do the work of an item in the state table. One function has it at a time. Pure.

    function A                             item                                  function B
    acquire ─────────────────────────────▶ owner=A, <attribute>=when it ends
    do it                                  ·   ◀────────────────────────────── acquire: in progress, so B waits
    complete ────────────────────────────▶ what says that it is done
                                           ·   ◀────────────────────────────── acquire: completed, nothing to do
    (A cannot do it: release)              no lease                              a retry need not wait for its end
    (A dies)                               the lease ends
                                           owner=B, <attribute>=…  ◀─────────── acquire: B does it

The owner may acquire its own lease again, to prolong it, or because the SDK repeated a call whose response was lost.
DynamoDB deletes expired items some days late (Amazon DynamoDB Developer Guide, "Using time to live"), so the condition
looks at the times itself.
"""

from enum import Enum
from typing import Any

from cloudtrail_to_slack.state.trust import latest_time, over

LONGEST_LEASE_SECONDS = 90
LEASE_IS_SAFE_SECONDS = 60  # a message sent this early is answered or times out before the lease ends
OWNER = {"#owner": "owner"}  # the names of attributes in the condition


class Claim(Enum):
    """The result of acquiring: this function has the right, the work is done, or another function is doing it."""

    ACQUIRED = "acquired"
    COMPLETED = "completed"
    IN_PROGRESS = "in_progress"


def lease_condition(attribute: str = "expires_at", done: str = "") -> str:
    """Return the condition that the lease, which ends at `attribute`, is free and the work is not `done`.

    `done` is a condition for completed work; it is valid until `:kept`, which `lease_values` derives from `kept`.
    """
    free = f"({over(attribute, ':latest_lease')} OR #owner = :owner)"
    return f"(NOT ({done}) OR {over('expires_at', ':kept')}) AND {free}" if done else free


def lease_values(now: float, owner: str, longest: float, kept: float | None = None) -> dict[str, Any]:
    """Return the values for `lease_condition`; leases last at most `longest` seconds."""
    return {
        ":owner": {"S": owner},
        ":now": {"N": str(int(now))},
        ":number_type": {"S": "N"},
        ":latest_lease": {"N": str(latest_time(now, longest))},
        **({":kept": {"N": str(latest_time(now, kept))}} if kept is not None else {}),
    }
