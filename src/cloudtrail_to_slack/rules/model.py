"""What a rule is: an expression and what people should know when it matches.

Readable to Python 3.9 too, which may be all there is where Terraform asks for the event patterns of the rules.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date


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
class Rule:
    """A Python expression over `event` that raises an alert when it is True.

    `title` states what happened. `attempt` states it as something that was tried ("delete a CloudTrail trail"), for
    calls that did not succeed.
    """

    expression: str
    id: str | None = None
    title: str | None = None
    severity: Severity = Severity.MEDIUM
    description: str | None = None
    runbook_url: str | None = None
    mitre: tuple[str, ...] = ()
    attempt: str | None = None

    @property
    def name(self) -> str:
        """The id, or without one the expression: what SNS bodies call the rule."""
        return self.id or self.expression


@dataclass(frozen=True)
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
