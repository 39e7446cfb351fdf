"""Findings: what a check saw, and what to do about it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError


class Level(Enum):
    """How bad a finding is. `UNKNOWN`: it could not be checked."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"
    UNKNOWN = "not checked"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check of `area` saw, and the `fix`, which is empty if there is nothing to do."""

    area: str
    level: Level
    what: str
    fix: str = ""


def ok(area: str, what: str) -> Finding:
    """Return a finding that needs nothing to be done."""
    return Finding(area, Level.OK, what)


def warning(area: str, what: str, fix: str) -> Finding:
    """Return a finding that may be meant."""
    return Finding(area, Level.WARNING, what, fix)


def problem(area: str, what: str, fix: str) -> Finding:
    """Return a finding because of which alerts are lost or late."""
    return Finding(area, Level.PROBLEM, what, fix)


def unknown(area: str, what: str, fix: str) -> Finding:
    """Return a finding of a check that could not be made."""
    return Finding(area, Level.UNKNOWN, what, fix)


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


def error_code(error: ClientError) -> str:
    """Return AWS's word for an error."""
    return str(error.response.get("Error", {}).get("Code", "unknown error"))


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
