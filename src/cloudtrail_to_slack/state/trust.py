"""Which items in the state table are trusted: only those that this code could have written. Pure.

Who can write the table could suppress alerts with an item whose lease or expiry lies far in the future, or whose
attributes are of another type. So a time later than the longest that the code ever writes, and what is no number, count
as no time at all: an item that looks right suppresses something for as long as such an item does, and no longer.

DynamoDB never compares values of different types as less or greater, so each condition asks for the type first.
Source: Amazon DynamoDB Developer Guide, "Condition and filter expressions, operators, and functions".
"""

import re
from collections.abc import Mapping
from typing import Any

CLOCKS_DIFFER_SECONDS = 60
# A time to live that was set shorter since must not make everything written before look invented.
_SET_SHORTER_SINCE = 2
_WHOLE_NUMBER = re.compile(r"-?[0-9]{1,15}")


def over(attribute: str, latest: str = ":latest") -> str:
    """Return the condition that the time in `attribute` is over, missing, no number, or later than any ever written."""
    return f"NOT attribute_type({attribute}, :number_type) OR {attribute} <= :now OR {attribute} > {latest}"


def over_values(now: float, longest: float) -> dict[str, Any]:
    """Return the values for `over`, of a time that is written at most `longest` seconds ahead."""
    return {
        ":now": {"N": str(int(now))},
        ":latest": {"N": str(latest_time(now, longest))},
        ":number_type": {"S": "N"},
    }


def latest_time(now: float, longest: float) -> int:
    """Return the latest time that another function can have written `longest` seconds ahead of its clock."""
    return int(now + longest) + CLOCKS_DIFFER_SECONDS


def longest_kept(time_to_live: float) -> float:
    """Return how many seconds ahead an item's expiry may lie, with this time to live set now."""
    return _SET_SHORTER_SINCE * time_to_live


def whole_number(item: Mapping[str, Any], name: str) -> int | None:
    """Return a whole number of at most 15 digits; None for anything else."""
    value = _attribute(item, name).get("N")
    return int(value) if isinstance(value, str) and _WHOLE_NUMBER.fullmatch(value) else None


def string(item: Mapping[str, Any], name: str) -> str | None:
    """Return a string; None for anything else."""
    value = _attribute(item, name).get("S")
    return value if isinstance(value, str) else None


def is_true(item: Mapping[str, Any], name: str) -> bool:
    """Whether an attribute is true, as the code writes it."""
    return _attribute(item, name).get("BOOL") is True


def _attribute(item: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = item.get(name)
    return found if isinstance(found, Mapping) else {}
