"""Speaks with Terraform's `data "external"`: a query in, an answer out, both JSON objects of strings.

The query has `config` (config.json, as JSON text); the answer `patterns` (a JSON list of event patterns, each as JSON)
and `left` (a JSON list of the names of rules that no pattern can speak for). A failure is one message, and status 1.
"""

from __future__ import annotations

import json
from typing import IO, Any

from cloudtrail_to_slack_build.realtime.alternatives import Alternative, alternatives
from cloudtrail_to_slack_build.realtime.patterns import event_patterns
from cloudtrail_to_slack_build.realtime.rules_in_force import rules_in_force

_SHOWN = 200  # characters of an expression
_WAY_OUT = "Mend the rule, or set realtime_event_patterns, from which on nothing is derived."


class UnreadableError(Exception):
    """What Terraform handed over cannot be read; the message says what of it."""


def main(query: IO[str], answer: IO[str], errors: IO[str]) -> int:
    """Answer a query; return the exit status."""
    try:
        answer.write(json.dumps(answer_to(query.read())))
    except UnreadableError as error:
        errors.write(f"No event patterns can be derived from the rules: {error}\n\n{_WAY_OUT}\n")
        return 1
    return 0


def answer_to(query: str) -> dict[str, str]:
    """Return the answer to a query.

    Raises:
        UnreadableError: the query or a rule in it cannot be read.
    """
    try:
        config: dict[str, Any] = json.loads(json.loads(query)["config"])
        rules = list(rules_in_force(config))
    except (ValueError, KeyError, TypeError, AttributeError):
        needed = "the query must be a JSON object with `config`, which is config.json, and each rule a text or have one"
        raise UnreadableError(needed) from None
    found: list[Alternative] = []
    left: list[str] = []
    for name, expression in rules:
        of_rule = _alternatives(name, expression)
        if of_rule is None:
            left.append(name)
        else:
            found += of_rule
    return {"patterns": json.dumps(event_patterns(found)), "left": json.dumps(left)}


def _alternatives(name: str, expression: str) -> list[Alternative] | None:
    try:
        return alternatives(expression)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        problem = error.msg if isinstance(error, SyntaxError) else "it cannot be parsed"
        shown = expression if len(expression) <= _SHOWN else f"{expression[:_SHOWN]}…"
        called = "" if name == expression else f" {name}"
        raise UnreadableError(f"the rule{called} is not a Python expression ({problem}): {shown}") from None
