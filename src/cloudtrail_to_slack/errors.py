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

Their messages never contain an event's content or a secret, because they are logged and Lambda shows them.
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
    """One issue in a configuration: where (`rules[2].expression`) and what."""

    path: str
    problem: str

    def __str__(self) -> str:
        return f"{self.path}: {self.problem}"


class ConfigurationError(CloudTrailToSlackError):
    """The configuration cannot be used; `issues` has everything that is wrong."""

    def __init__(self, issues: Sequence[ConfigurationIssue]) -> None:
        self.issues = tuple(issues)
        count = "1 issue" if len(self.issues) == 1 else f"{len(self.issues)} issues"
        super().__init__("\n  ".join([f"The configuration has {count}:", *map(str, self.issues)]))


@dataclass(frozen=True)
class SourceSpan:
    """A part of an expression: its line (from 1), its column (from 0) and its length in characters."""

    line: int
    column: int
    length: int = 1


class ExpressionError(CloudTrailToSlackError):
    """A rule's expression is invalid, or uses what rules may not use.

    `place` is its position in the stripped expression; None: no particular one. `is_part`: it looks like a part of an
    expression that was split at a separator.
    """

    def __init__(self, problem: str, place: SourceSpan | None = None, *, is_part: bool = False) -> None:
        self.place = place
        self.is_part = is_part
        super().__init__(problem)


class RuleBudgetError(CloudTrailToSlackError):
    """A rule exceeded the time or memory of one evaluation. The message names the limit."""


class SecretError(CloudTrailToSlackError):
    """A secret could not be read from its source. `is_transient`: it may be readable later."""

    def __init__(self, problem: str, *, is_transient: bool = False) -> None:
        self.is_transient = is_transient
        super().__init__(problem)


class LogFileError(CloudTrailToSlackError):
    """A log file could not be read; the message says why in a few words."""


class S3UnavailableError(LogFileError):
    """S3 did not begin to respond, or asked for a later retry; nothing of the file was read."""


class ConnectionLostError(LogFileError):
    """The connection to S3 was lost before the end of a log file."""


class RecordError(CloudTrailToSlackError):
    """A record cannot be evaluated, because it is not what CloudTrail writes."""


class EvaluationTimeError(CloudTrailToSlackError):
    """Evaluating one record took all the time that the invocation had left."""


class DeliveryError(CloudTrailToSlackError):
    """A message did not reach a destination. `code` is the destination's error code."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


class PayloadRejectedError(DeliveryError):
    """The destination rejects the content; a smaller message may be accepted."""


class UnknownRejectionError(PayloadRejectedError):
    """The destination rejects the message with an unknown code; a smaller one may be accepted, or none."""


class DestinationMisconfiguredError(DeliveryError):
    """The destination rejects every message until its configuration is fixed.

    `certain`: its code says so; otherwise it may still accept another message.
    """

    def __init__(self, code: str, *, certain: bool = True) -> None:
        self.certain = certain
        super().__init__(code)


class ParentGoneError(DestinationMisconfiguredError):
    """The message to reply to is gone; the address itself may be usable, so this is never `certain`."""


class TransientError(DeliveryError):
    """The destination may accept the same message after `retry_after` seconds (None: unknown)."""

    def __init__(self, code: str, retry_after: float | None = None) -> None:
        self.retry_after = retry_after
        super().__init__(code)


class DeadlineExceededError(DeliveryError):
    """The invocation has no time left to send it, or to wait for a retry."""

    CODE = "out_of_time"

    def __init__(self) -> None:
        super().__init__(self.CODE)


class InvocationFailedError(CloudTrailToSlackError):
    """Something failed, so the invocation must not count as a success.

    `problems` are sentences with counts and IDs; the message has only the first ones.
    """

    SHOWN = 20

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        more = len(self.problems) - self.SHOWN
        lines = [*self.problems[: self.SHOWN], *([f"… and {more} more"] if more > 0 else [])]
        super().__init__("\n  ".join([f"{len(self.problems)} failed:", *lines]))
