"""Read untyped JSON, and collect every issue with its path. Pure.

A reader returns typed values, and a default for a missing one. For a wrong value it reports an issue and returns the
default, so that the user sees all issues at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from cloudtrail_to_slack.errors import ConfigurationIssue
from cloudtrail_to_slack.json_fields import type_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

T = TypeVar("T")

MOST = 10**9  # the largest number that can be set; in seconds, about thirty years
_MOST_DIGITS = 18


class Reader:
    """Reads one JSON object. `path` is its position in the document; empty: it is the whole document."""

    def __init__(self, data: object, path: str, issues: list[ConfigurationIssue]) -> None:
        self.issues = issues
        self._path = path
        self._data: Mapping[str, Any] = data if isinstance(data, dict) else {}
        if not isinstance(data, dict):
            self.report("", f"must be an object, not {type_name(data)}")

    def report(self, key: str, problem: str) -> None:
        """Report that the value at `key` (empty: the object itself) is wrong."""
        self.issues.append(ConfigurationIssue(self._path_of(key) or "config", problem))

    def refuse_unknown(self, known: Iterable[str]) -> None:
        """Report an issue for every key that is not among `known`."""
        names = sorted(known)
        for key in (str(key)[:100] for key in self._data if key not in names):
            from cloudtrail_to_slack.rules.expressions.refusals import close_to  # noqa: PLC0415 (only for what is wrong)

            close = close_to(key, names, cutoff=0.8)
            meant = f"did you mean {close}?" if close else f"the keys are {', '.join(names)}"
            self.report(key, f"is not a known key; {meant}")

    def raw(self, key: str) -> object:
        """Return the unchecked value at `key`; None: it is missing."""
        return self._data.get(key)

    def string(self, key: str) -> str | None:
        """Return the string at `key`, stripped; None: it is missing, null or blank."""
        return (self.separator(key) or "").strip() or None

    def separator(self, key: str) -> str | None:
        """Return the string at `key`, not stripped, because a line break can separate; None: it is missing or empty."""
        return self._typed(key, str, "a string") or None

    def boolean(self, key: str, *, default: bool) -> bool:
        """Return the boolean at `key`; the strings "true" and "false", which templates write, are accepted."""
        value = self._data.get(key)
        if isinstance(value, str) and value.strip().lower() in ("true", "false"):
            return value.strip().lower() == "true"
        value = self._typed(key, bool, "true or false")
        return default if value is None else value

    def integer(self, key: str, *, default: int, least: int) -> int:
        """Return the whole number at `key`, from `least` to `MOST`; a number written as a string is accepted."""
        value = self._data.get(key)
        if value is None:
            return default
        if isinstance(value, str) and value.strip().isdecimal() and len(value.strip()) <= _MOST_DIGITS:
            value = int(value)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            self.report(key, f"must be a whole number, not {type_name(value)}")
        elif value < least:
            self.report(key, f"must be at least {least}")
        elif value > MOST:
            self.report(key, f"must be at most {MOST:,}")
        else:
            return value
        return default

    def items(self, key: str) -> list[Any]:
        """Return the list at `key`; empty: it is missing."""
        return self._typed(key, list, "a list") or []

    def strings(self, key: str) -> tuple[str, ...]:
        """Return the strings of the list at `key`, stripped, without blank ones."""
        items = self.items(key)
        for number, item in enumerate(items):
            if not isinstance(item, str):
                self.report(f"{key}[{number}]", f"must be a string, not {type_name(item)}")
        return tuple(item.strip() for item in items if isinstance(item, str) and item.strip())

    def nested(self, key: str, data: object) -> Reader:
        """Return a reader of `data`, the value at `key`, which adds its issues to this reader's."""
        return Reader(data, self._path_of(key), self.issues)

    def _path_of(self, key: str) -> str:
        return ".".join(filter(None, (self._path, key)))

    def _typed(self, key: str, kind: type[T], wanted: str) -> T | None:
        """Return the value at `key`; None: it is missing or null, or has another type, which is an issue."""
        value = self._data.get(key)
        if value is None or isinstance(value, kind):
            return value
        self.report(key, f"must be {wanted}, not {type_name(value)}")
        return None
