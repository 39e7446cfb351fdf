"""The model of a rule: an expression, and what people should know when it matches. Pure, and for Python 3.9 too.

`Rule` and `IgnoreRule` alone say which fields a rule has: all that is known of a field elsewhere follows from them.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import date
from enum import Enum, IntEnum
from typing import Any, NamedTuple

# Source: MITRE ATT&CK, techniques such as T1562 and sub-techniques such as T1562.008.
TECHNIQUE_PATTERN = r"^T[0-9]{4}([.][0-9]{3})?$"
# What is counted is kept in one item of the state table for each window, so it is bounded.
MAX_THRESHOLD_COUNT = 500
MAX_THRESHOLD_MINUTES = 1440


# What a field of a rule holds: `config.rule_reader` reads each kind, and the schema of rule files has each.
FieldKind = Enum(
    "FieldKind",
    ["EXPRESSION", "STRING", "STRINGS", "SEVERITY", "URL", "TECHNIQUES", "DAY", "THRESHOLD", "TESTS"],
)


class RuleField(NamedTuple):
    """One field of a rule, as people write it."""

    name: str
    kind: FieldKind
    description: str


class Severity(IntEnum):
    """How urgent a match is; of several matching rules the highest counts."""

    INFO = 1
    LOW = 2
    MEDIUM = 3
    HIGH = 4
    CRITICAL = 5

    @property
    def word(self) -> str:
        """The severity as configurations and SNS bodies write it."""
        return self.name.lower()


@dataclass(frozen=True)
class Threshold:
    """How many events a rule must match before it alerts: `count` within a window of `minutes`.

    Events are counted apart for each combination of the fields `by`; with `distinct` not events are counted but the
    different values of that field. Windows follow one another from 1970 on, so an event is in exactly one.
    """

    count: int
    minutes: int
    by: tuple[str, ...] = ()
    distinct: str | None = None


def _given(kind: FieldKind, description: str, default: object = None) -> Any:  # noqa: ANN401 (a field of any type)
    """Return a field that people may give a rule."""
    return field(default=default, metadata={"rule_field": (kind, description)})


@dataclass(frozen=True)
class _Condition:
    expression: str = field(
        metadata={"rule_field": (FieldKind.EXPRESSION, "the condition, a Python expression over `event`")}
    )
    id: str | None = None

    @property
    def name(self) -> str:
        """The id, or without one the expression: what SNS bodies, logs and metrics call the rule."""
        return self.id or self.expression


@dataclass(frozen=True)
class Rule(_Condition):
    """A Python expression over `event` that raises an alert when it is True.

    `attempt` states what happened as something that was tried ("delete a CloudTrail trail"), for calls that did not
    succeed; only the default rules have it. `exceptions` narrow this rule alone: what one of them matches is no match.
    `is_shipped`: the rule comes from a detection pack of this project, whose tests have checked it.
    `facts` are what an event has for the fields in the title, of a rule that matched it.
    """

    id: str | None = _given(FieldKind.STRING, "the rule's name in alerts, logs and metrics; unique")
    title: str | None = _given(
        FieldKind.STRING, "what happened, in a few words; `{field}` is filled with a field of the event"
    )
    severity: Severity = _given(
        FieldKind.SEVERITY, "`info`, `low`, `medium` (the default), `high` or `critical`", Severity.MEDIUM
    )
    description: str | None = _given(FieldKind.STRING, "what a match means")
    runbook_url: str | None = _given(FieldKind.URL, "the web address of what to do")
    mitre: tuple[str, ...] = _given(FieldKind.TECHNIQUES, "MITRE ATT&CK techniques, such as `T1562.008`", ())
    false_positives: tuple[str, ...] = _given(FieldKind.STRINGS, "benign causes of a match", ())
    first_steps: tuple[str, ...] = _given(FieldKind.STRINGS, "what to do first after a match", ())
    references: tuple[str, ...] = _given(FieldKind.STRINGS, "further reading", ())
    threshold: Threshold | None = _given(
        FieldKind.THRESHOLD,
        "alerts only after `count` matches within `minutes`, counted by the fields in `by`; with `distinct`"
        " it counts the different values of that field",
    )
    attempt: str | None = None
    exceptions: tuple[IgnoreRule, ...] = ()
    is_shipped: bool = False
    facts: tuple[str, ...] = ()


@dataclass(frozen=True)
class IgnoreRule(_Condition):
    """A Python expression over `event` that silences what it matches, through the day it `expires` (UTC)."""

    id: str | None = _given(FieldKind.STRING, "the ignore rule's name in logs and metrics")
    reason: str | None = _given(FieldKind.STRING, "why these events need no alert")
    expires: date | None = _given(FieldKind.DAY, "the last day (UTC) on which it applies, such as `2027-01-31`")


# Rule files may have them; the function reads past them.
FILE_ONLY_FIELDS = (RuleField("tests", FieldKind.TESTS, "events with the expected result, for the command line"),)


def rule_fields(shape: type[Rule | IgnoreRule]) -> tuple[RuleField, ...]:
    """Return the fields that a rule or an ignore rule may be given, in the order of the docs."""
    return tuple(
        RuleField(each.name, *each.metadata["rule_field"]) for each in fields(shape) if "rule_field" in each.metadata
    )
