"""Setting and removing fields of a record by their flattened names, for tests of rules."""

from collections.abc import Sequence
from typing import Any


def set_field(record: dict[str, Any], path: Sequence[str], value: object) -> None:
    """Set a field of a record, by the parts of its path: objects on the way are made, numbers count in lists.

    Raises:
        ValueError: something on the way is neither an object nor a list, or a list has no such position.
    """
    holder: Any = record
    for position, part in enumerate(path):
        above, rest = ".".join(path[:position]), path[position:]
        key, is_last = _key(holder, rest)
        if not isinstance(holder, dict | list):
            raise ValueError(f"{above} is neither an object nor a list")  # noqa: TRY004 (its content)
        if key is None and isinstance(holder, list):
            if part != str(len(holder)):
                raise ValueError(f"there is no position {part} in {above or 'the record'}")
            key = len(holder)
            holder.append(None)
        key = part if key is None else key
        if is_last:
            holder[key] = value
            return
        inner = holder.get(key) if isinstance(holder, dict) else holder[key]
        if inner is None:
            inner = holder[key] = {}
        holder = inner


def remove_field(record: dict[str, Any], path: Sequence[str]) -> bool:
    """Remove a field of a record; return whether it was there."""
    holder: Any = record
    for position in range(len(path)):
        key, is_last = _key(holder, path[position:])
        if key is None:
            return False
        if is_last:
            del holder[key]
            return True
        holder = holder[key]
    return False


def _key(holder: Any, rest: Sequence[str]) -> tuple[Any, bool]:  # noqa: ANN401 (any JSON)
    """Return the key or position that comes next, and whether it is the last: a key may contain dots itself."""
    part, whole = rest[0], ".".join(rest)
    if isinstance(holder, dict):
        key = next((key for key in (whole, part) if key in holder), None)
        return key, len(rest) == 1 or key == whole
    is_position = isinstance(holder, list) and part.isascii() and part.isdecimal() and int(part) < len(holder)
    return int(part) if is_position else None, len(rest) == 1
