"""Findings: what a check saw, and what to do about it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from cloudtrail_to_slack.aws.errors import error_code


class Level(Enum):
    """How bad a finding is. `UNKNOWN`: it could not be checked."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"
    UNKNOWN = "not checked"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check of `area` saw, and the `fix`, which is empty if there is nothing to do."""

    level: Level
    area: str
    what: str
    fix: str = ""


ok = partial(Finding, Level.OK)
warning = partial(Finding, Level.WARNING)  # it may be meant
problem = partial(Finding, Level.PROBLEM)  # alerts are lost or late
unknown = partial(Finding, Level.UNKNOWN)
Check = Callable[[], Iterator[Finding]]


def checked(area: str, check: Check) -> Iterator[Finding]:
    """Yield what a check finds; where AWS refuses an answer, a finding that says which permission is missing."""
    try:
        yield from check()
    except ClientError as error:
        code, operation = error_code(error), error.operation_name
        yield unknown(area, f"{operation} failed: {code}", f"use credentials that allow {operation}")
    except BotoCoreError as error:
        yield unknown(area, f"AWS cannot be reached: {type(error).__name__}", "check your network, region and profile")


def found(call: Callable[[], Mapping[str, Any]], *missing: str) -> Mapping[str, Any] | None:
    """Return what a call returns; None where AWS says, with one of the codes `missing`, that there is no such thing.

    Raises:
        ClientError: AWS refuses for another reason.
    """
    try:
        return call()
    except ClientError as error:
        if error_code(error) in missing:
            return None
        raise
