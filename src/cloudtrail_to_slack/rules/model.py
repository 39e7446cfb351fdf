"""The model of a rule: an expression, and what people should know when it matches. Pure, and for Python 3.9 too.

`Rule` and `IgnoreRule` define the fields of rules. The reader, the schema and the docs are derived from them.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import date
from enum import Enum, IntEnum
from typing import Any, NamedTuple

# Source: MITRE ATT&CK, techniques such as T1562 and sub-techniques such as T1562.008.
TECHNIQUE_PATTERN = r"^T[0-9]{4}([.][0-9]{3})?$"
# All counted events of a window are in one item of the state table, so their number is limited.
MAX_THRESHOLD_COUNT = 500
MAX_THRESHOLD_MINUTES = 1440


# The kinds of fields. `config.rule_values` reads each, and the CLI's `rule_schema` describes each.
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
    """How urgent a match is; an alert has the highest severity of its rules."""

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

    Events are counted separately for each combination of the fields `by`; with `distinct`, the different values of that
    field are counted instead. Windows follow one another from 1970 on, so each event is in exactly one.
    """

    count: int
    minutes: int
    by: tuple[str, ...] = ()
    distinct: str | None = None

    @property
    def window(self) -> str:
        """How long a window is, in words: `5 minutes`, `24 hours`."""
        number, unit = (self.minutes // 60, "hour") if self.minutes % 60 == 0 else (self.minutes, "minute")
        return f"{number} {unit}{'' if number == 1 else 's'}"

    @property
    def counted(self) -> str:
        """What it takes, in words: `10 matches`, `10 different eventName`."""
        if self.distinct == "readOnly":  # it has two values
            return "reads and changes"
        return f"{self.count} {f'different {self.distinct}' if self.distinct else 'matches'}"


def _given(kind: FieldKind, description: str, default: object = None) -> Any:  # noqa: ANN401 (a field of any type)
    """Return a field that users may set."""
    return field(default=default, metadata={"rule_field": (kind, description)})


@dataclass(frozen=True)
class _Condition:
    expression: str = field(
        metadata={"rule_field": (FieldKind.EXPRESSION, "the condition, a Python expression over `event`")}
    )
    id: str | None = None

    @property
    def name(self) -> str:
        """The id, or without one the expression: the rule's name in SNS bodies, logs and metrics."""
        return self.id or self.expression


@dataclass(frozen=True)
class Rule(_Condition):
    """A Python expression over `event` that raises an alert when it is True.

    `attempt` names the call as an attempt ("delete a CloudTrail trail"), for calls that did not succeed; only default
    rules have it. If one of the `exceptions` matches, the rule does not. `is_shipped`: the rule comes from a detection
    pack of this project, whose tests have checked it. After a match, `facts` are the event's values for the fields in
    the title, `counted` says what the threshold counted, and `members` are some of the values that it counted.
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
    counted: str = ""
    members: tuple[str, ...] = ()


@dataclass(frozen=True)
class IgnoreRule(_Condition):
    """A Python expression over `event` that silences the events it matches, until the end of `expires` (UTC)."""

    id: str | None = _given(FieldKind.STRING, "the ignore rule's name in logs and metrics")
    reason: str | None = _given(FieldKind.STRING, "why these events need no alert")
    expires: date | None = _given(FieldKind.DAY, "the last day (UTC) on which it applies, such as `2027-01-31`")


# Fields of rule files that the function ignores.
FILE_ONLY_FIELDS = (RuleField("tests", FieldKind.TESTS, "events with the expected result, for the command line"),)


def rule_fields(shape: type[Rule | IgnoreRule]) -> tuple[RuleField, ...]:
    """Return the fields that a rule or an ignore rule may be given, in the order of the docs."""
    return tuple(
        RuleField(each.name, *each.metadata["rule_field"]) for each in fields(shape) if "rule_field" in each.metadata
    )
