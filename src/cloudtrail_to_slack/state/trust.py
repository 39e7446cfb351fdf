"""Which items in the state table are trusted: only those that this code could have written. Pure.

An attacker who can write to the table could suppress alerts with an item whose lease or expiry lies far in the future,
or whose attributes have another type. So a time that is not a number, or later than any the code writes, is ignored: a
forged item suppresses an alert no longer than a genuine one.

DynamoDB never compares values of different types as less or greater, so each condition checks the type first.
Source: Amazon DynamoDB Developer Guide, "Condition and filter expressions, operators, and functions".
"""

import re
from collections.abc import Mapping
from typing import Any

from cloudtrail_to_slack.json_fields import mapping

CLOCKS_DIFFER_SECONDS = 60
# After the time to live is shortened, items written before must not look forged.
_SET_SHORTER_SINCE = 2
_WHOLE_NUMBER = re.compile(r"-?[0-9]{1,15}")


def over(attribute: str, latest: str = ":latest") -> str:
    """Return the condition that the time in `attribute` is past, missing, not a number, or later than any written."""
    return f"NOT attribute_type({attribute}, :number_type) OR {attribute} <= :now OR {attribute} > {latest}"


def over_values(now: float, longest: float) -> dict[str, Any]:
    """Return the values for `over`, of a time that is written at most `longest` seconds ahead."""
    return {
        ":now": {"N": str(int(now))},
        ":latest": {"N": str(latest_time(now, longest))},
        ":number_type": {"S": "N"},
    }


def latest_time(now: float, longest: float) -> int:
    """Return the latest time that a function can have written, `longest` seconds ahead of its own clock."""
    return int(now + longest) + CLOCKS_DIFFER_SECONDS


def longest_kept(time_to_live: float) -> float:
    """Return how many seconds ahead an item's expiry may lie, with the current time to live."""
    return _SET_SHORTER_SINCE * time_to_live


def whole_number(item: Mapping[str, Any], name: str) -> int | None:
    """Return a whole number of at most 15 digits; None: it is anything else."""
    value = mapping(item.get(name)).get("N")
    return int(value) if isinstance(value, str) and _WHOLE_NUMBER.fullmatch(value) else None


def string(item: Mapping[str, Any], name: str) -> str | None:
    """Return a string; None: it is anything else."""
    value = mapping(item.get(name)).get("S")
    return value if isinstance(value, str) else None


def is_true(item: Mapping[str, Any], name: str) -> bool:
    """Whether an attribute is the boolean true."""
    return mapping(item.get(name)).get("BOOL") is True
