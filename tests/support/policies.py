"""A small evaluator of AWS policies: what this project's use, and an error for what it does not know.

Source: IAM User Guide, "Policy evaluation logic": what no statement allows is denied, and a Deny outweighs any Allow.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

Statement = Mapping[str, Any]
_KNOWN = {"Sid", "Effect", "Action", "Resource", "Principal", "Condition"}


def allows(
    statements: Sequence[Statement],
    action: str,
    resource: str,
    *,
    service: str | None = None,
    context: Mapping[str, str] | None = None,
) -> bool:
    """Whether the statements allow an action on a resource; `service` is who asks, where they name a principal."""
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
        and any(_like(pattern, action, ignore_case=True) for pattern in _listed(statement["Action"]))
        and any(_like(pattern, resource) for pattern in _listed(statement["Resource"]))
    )


def _holds(condition: Mapping[str, Mapping[str, Any]], context: Mapping[str, str]) -> bool:
    assert condition.keys() <= {"ArnEquals", "StringEquals"}, f"unknown: {condition.keys()}"
    # ArnEquals takes wildcards, and none of these ARNs has one.
    return all(context.get(key) in _listed(values) for tested in condition.values() for key, values in tested.items())


def _like(pattern: str, text: str, *, ignore_case: bool = False) -> bool:
    expression = "".join({"*": ".*", "?": "."}.get(letter, re.escape(letter)) for letter in pattern)
    return re.fullmatch(expression, text, re.IGNORECASE if ignore_case else re.NOFLAG) is not None


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value
