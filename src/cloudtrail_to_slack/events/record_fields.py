"""Setting and removing fields of a record by their flattened names, for tests of rules. Pure."""

from collections.abc import Sequence
from typing import Any


def set_field(record: dict[str, Any], path: Sequence[str], value: object) -> None:
    """Set a field of a record, by the parts of its path: objects on the way are made, numbers count in lists.

    Raises:
        ValueError: something on the way is neither an object nor a list, or a list has no such position.
    """
    _set(record, path, 0, value)


def remove_field(record: dict[str, Any], path: Sequence[str]) -> bool:
    """Remove a field of a record; return whether it was there."""
    holder: Any = record
    for position, part in enumerate(path):
        rest = path[position:]
        key = _key(holder, rest)
        if key is None:
            return False
        if len(rest) == 1 or (isinstance(key, str) and key != part):
            del holder[key]
            return True
        holder = holder[key]
    return False


def _set(holder: Any, path: Sequence[str], position: int, value: object) -> None:  # noqa: ANN401 (any JSON)
    rest = path[position:]
    key: Any
    if not isinstance(holder, dict | list):
        raise ValueError(f"{'.'.join(path[:position])} is neither an object nor a list")  # noqa: TRY004 (its content)
    key = _key(holder, rest)
    if isinstance(holder, list) and key is None:
        if rest[0] != str(len(holder)):
            raise ValueError(f"there is no position {rest[0]} in {'.'.join(path[:position]) or 'the record'}")
        key = len(holder)
        holder.append(None)
    key = rest[0] if key is None else key
    if len(rest) == 1 or (isinstance(key, str) and key != rest[0]):
        holder[key] = value
        return
    inner = holder[key] if isinstance(holder, list) else holder.get(key)
    if inner is None:
        inner = holder[key] = {}
    _set(inner, path, position + 1, value)


def _key(holder: Any, rest: Sequence[str]) -> str | int | None:  # noqa: ANN401 (any JSON)
    """Return the key or position that the next part names; a key may contain dots itself, as some records have."""
    if isinstance(holder, dict):
        whole = ".".join(rest)
        return whole if whole in holder else rest[0] if rest[0] in holder else None
    if isinstance(holder, list) and rest[0].isascii() and rest[0].isdecimal() and int(rest[0]) < len(holder):
        return int(rest[0])
    return None
