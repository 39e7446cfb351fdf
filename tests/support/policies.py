"""A small evaluator of AWS policies: what this project's use, and an error for what it does not know.

Source: IAM User Guide, "Policy evaluation logic": what no statement allows is denied, and a Deny outweighs any Allow.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Statement = Mapping[str, Any]
_KNOWN = {"Sid", "Effect", "Action", "Resource", "Principal", "Condition"}


def allows(
    statements: Sequence[Statement],
    action: str,
    resource: str,
    *,
    service: str | None = None,
    context: Mapping[str, str | list[str]] | None = None,
) -> bool:
    """Whether the statements allow an action on a resource; `service` is who asks, where they name a principal.

    `context` holds the values of condition keys, a list for a key that has many.
    """
    effects = {
        statement["Effect"]
        for statement in statements
        if _applies(statement, action, resource, service) and _holds(statement.get("Condition", {}), context or {})
    }
    return effects == {"Allow"}


def _applies(statement: Statement, action: str, resource: str, service: str | None) -> bool:
    assert statement.keys() <= _KNOWN, f"unknown: {statement.keys() - _KNOWN}"
    principal = statement.get("Principal")
    assert principal is None or principal.keys() == {"Service"}, f"unknown: {principal}"
    return (
        (principal["Service"] if principal else None) == service
        and any(_like(pattern, action, ignore_case=True) for pattern in listed(statement["Action"]))
        and any(_like(pattern, resource) for pattern in listed(statement["Resource"]))
    )


def _holds(condition: Mapping[str, Mapping[str, Any]], context: Mapping[str, str | list[str]]) -> bool:
    """Whether every test of a condition holds.

    Source: IAM User Guide, "IAM JSON policy elements: Condition operators" and "Set operators for multi-valued context
    keys". ArnEquals takes wildcards, and none of these ARNs has one.
    """
    tests: Mapping[str, Callable[[str | list[str] | None, list[str]], bool]] = {
        "ArnEquals": lambda found, wanted: found in wanted,
        "StringEquals": lambda found, wanted: found in wanted,
        # It holds of no values too, which is why Null stands beside it.
        "ForAllValues:StringLike": lambda found, wanted: all(
            any(_like(pattern, value) for pattern in wanted) for value in listed(found or [])
        ),
        "Null": lambda found, wanted: wanted == [str(found is None).lower()],
    }
    assert condition.keys() <= tests.keys(), f"unknown: {condition.keys()}"
    return all(
        tests[operator](context.get(key), listed(values))
        for operator, tested in condition.items()
        for key, values in tested.items()
    )


def _like(pattern: str, text: str, *, ignore_case: bool = False) -> bool:
    expression = "".join({"*": ".*", "?": "."}.get(letter, re.escape(letter)) for letter in pattern)
    return re.fullmatch(expression, text, re.IGNORECASE if ignore_case else re.NOFLAG) is not None


def listed(value: str | list[str]) -> list[str]:
    """Return what a policy holds: one string is a list of one."""
    return [value] if isinstance(value, str) else value
