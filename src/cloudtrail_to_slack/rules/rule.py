"""What a rule is: an expression and what people should know when it matches."""

from dataclasses import dataclass
from datetime import date
from enum import IntEnum


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


@dataclass(frozen=True, slots=True)
class Rule:
    """A Python expression over `event` that raises an alert when it is True."""

    expression: str
    id: str | None = None
    title: str | None = None
    severity: Severity = Severity.MEDIUM
    description: str | None = None
    runbook_url: str | None = None
    mitre: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The id, or without one the expression: what SNS bodies call the rule."""
        return self.id or self.expression


@dataclass(frozen=True, slots=True)
class IgnoreRule:
    """A Python expression over `event` that silences what it matches, through the day it `expires` (UTC)."""

    expression: str
    id: str | None = None
    reason: str | None = None
    expires: date | None = None

    @property
    def name(self) -> str:
        """The id, or without one the expression."""
        return self.id or self.expression
