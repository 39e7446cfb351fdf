"""The handler's JSON log lines, and the counts it closes an invocation with."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

_CLOSING = "invocation finished"
_SHOWN_LEVELS = frozenset({"WARNING", "ERROR", "CRITICAL"})
# What every line has and the reader of a demo needs not.
_COMMON = frozenset({"level", "location", "message", "timestamp", "service", "request_id"})

LogLine = Mapping[str, Any]


@dataclass(slots=True)
class Totals:
    """What the closing lines of all invocations add up to."""

    counts: Counter[str] = field(default_factory=Counter)
    delivered: Counter[str] = field(default_factory=Counter)
    undelivered: Counter[str] = field(default_factory=Counter)

    def add(self, lines: Sequence[LogLine]) -> bool:
        """Add what one invocation closed with; False when it did not say."""
        closing = [line for line in lines if line.get("message") == _CLOSING]
        for line in closing:
            self.counts.update({name: value for name, value in line.items() if isinstance(value, int)})
            self.delivered.update(line.get("delivered", {}))
            self.undelivered.update(line.get("undelivered", {}))
        return bool(closing)


def read_log(text: str) -> list[LogLine]:
    """Return the log lines in what an invocation wrote to standard output; metrics are left out."""
    lines: list[LogLine] = []
    for text_line in text.splitlines():
        try:
            line = json.loads(text_line)
        except ValueError:
            line = {"level": "WARNING", "message": f"not a log line: {text_line}"}
        if isinstance(line, dict) and "_aws" not in line:
            lines.append(line)
    return lines


def warnings_of(lines: Sequence[LogLine]) -> list[LogLine]:
    """Return the lines at WARNING and above."""
    return [line for line in lines if line.get("level") in _SHOWN_LEVELS]


def details_of(line: LogLine) -> dict[str, Any]:
    """Return what a line says besides its message."""
    return {name: value for name, value in line.items() if name not in _COMMON}


def unreadable_reasons(lines: Sequence[LogLine]) -> dict[str, str]:
    """Return why each log file, by its URL, could not be read."""
    return {str(line.get("object")): str(line.get("reason")) for line in lines if line.get("message") == "unreadable"}
