"""Read untrusted JSON: return a value of the wanted type, or a harmless one. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_NAMES: dict[type, str] = {str: "a string", dict: "an object", list: "a list", bool: "a boolean", type(None): "null"}


def string(value: object) -> str:
    """Return `value` if it is a string, otherwise an empty one."""
    return value if isinstance(value, str) else ""


def mapping(value: object) -> Mapping[str, Any]:
    """Return `value` if it is an object, otherwise an empty one."""
    return value if isinstance(value, Mapping) else {}


def string_at(value: object, *path: str) -> str:
    """Return the string at a path of nested objects, stripped; "" if there is none."""
    for name in path:
        value = mapping(value).get(name)
    return string(value).strip()


def type_name(value: object) -> str:
    """Return JSON's name for the type of `value`, with an article; nothing of its content."""
    return _NAMES.get(type(value), "a number" if isinstance(value, (int, float)) else "something else")
