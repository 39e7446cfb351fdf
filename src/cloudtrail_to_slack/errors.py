"""Every error this package raises on purpose.

    CloudTrailToSlackError
    ├── ConfigurationError, ExpressionError, RuleBudgetError, SecretError
    ├── LogFileError ── S3UnavailableError, ConnectionLostError
    ├── RecordError, EvaluationTimeError
    ├── DeliveryError
    │   ├── PayloadRejectedError ── UnknownRejectionError
    │   ├── DestinationMisconfiguredError ── ParentGoneError
    │   └── TransientError, DeadlineExceededError
    └── InvocationFailedError

No message of theirs holds an event's content or a secret: they are logged, and Lambda shows them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


class CloudTrailToSlackError(Exception):
    """Base of all errors of this package."""


@dataclass(frozen=True)
class ConfigurationIssue:
    """One thing wrong in a configuration: where (`rules[2].expression`) and what."""

    path: str
    problem: str

    def __str__(self) -> str:
        return f"{self.path}: {self.problem}"


class ConfigurationError(CloudTrailToSlackError):
    """The configuration cannot be used; `issues` names everything that is wrong with it."""

    def __init__(self, issues: Sequence[ConfigurationIssue]) -> None:
        self.issues = tuple(issues)
        count = "1 issue" if len(self.issues) == 1 else f"{len(self.issues)} issues"
        super().__init__("\n  ".join([f"The configuration has {count}:", *map(str, self.issues)]))


@dataclass(frozen=True)
class SourceSpan:
    """A stretch of an expression, in characters: the line (from 1), where it begins in that line (from 0), how long."""

    line: int
    column: int
    length: int = 1


class ExpressionError(CloudTrailToSlackError):
    """A rule's expression is no expression, or uses what rules may not use.

    `place` is where, in the expression without the white space around it; None when it is nowhere in particular.
    `is_part`: it looks like a part of an expression, as a separator in the wrong place leaves behind.
    """

    def __init__(self, problem: str, place: SourceSpan | None = None, *, is_part: bool = False) -> None:
        self.place = place
        self.is_part = is_part
        super().__init__(problem)


class RuleBudgetError(CloudTrailToSlackError):
    """A rule asked for more time or memory than one evaluation may take. The message names the limit it met."""


class SecretError(CloudTrailToSlackError):
    """A secret could not be read from where the environment says it is. `is_transient`: it may be readable later."""

    def __init__(self, problem: str, *, is_transient: bool = False) -> None:
        self.is_transient = is_transient
        super().__init__(problem)


class LogFileError(CloudTrailToSlackError):
    """A log file could not be read; the message says why in a few words."""


class S3UnavailableError(LogFileError):
    """S3 did not begin to answer, or asked to try again later; nothing of the file was read."""


class ConnectionLostError(LogFileError):
    """The connection to S3 was lost before the end of a log file."""


class RecordError(CloudTrailToSlackError):
    """A record of a log file is not what CloudTrail writes."""


class EvaluationTimeError(CloudTrailToSlackError):
    """The rules took all the time that the invocation had left on one record."""


class DeliveryError(CloudTrailToSlackError):
    """A message did not reach a destination. `code` is the destination's own word for why."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


class PayloadRejectedError(DeliveryError):
    """The destination rejects the content; less of it may pass."""


class UnknownRejectionError(PayloadRejectedError):
    """The destination rejects this message with an unknown code; a smaller one may pass, or none."""


class DestinationMisconfiguredError(DeliveryError):
    """The destination rejects every message until its configuration is fixed.

    `certain`: it said so in words that are known; else it may yet take another message.
    """

    def __init__(self, code: str, *, certain: bool = True) -> None:
        self.certain = certain
        super().__init__(code)


class ParentGoneError(DestinationMisconfiguredError):
    """The message that this one replies to is gone; the address itself may be in order, so this is never `certain`."""


class TransientError(DeliveryError):
    """The destination may accept the same message in `retry_after` seconds (None: it did not say when)."""

    def __init__(self, code: str, retry_after: float | None = None) -> None:
        self.retry_after = retry_after
        super().__init__(code)


class DeadlineExceededError(DeliveryError):
    """The invocation has no time left to send it, or to wait until it may be sent."""

    CODE = "out_of_time"

    def __init__(self) -> None:
        super().__init__(self.CODE)


class InvocationFailedError(CloudTrailToSlackError):
    """Something failed, so Lambda must not take the invocation for a success.

    `problems` are sentences with counts and ids; only the first few stand in the message.
    """

    SHOWN = 20

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        more = len(self.problems) - self.SHOWN
        lines = [*self.problems[: self.SHOWN], *([f"… and {more} more"] if more > 0 else [])]
        super().__init__("\n  ".join([f"{len(self.problems)} failed:", *lines]))
