"""What is probably wrong with a rule that is allowed: unknown fields and event names. Pure.

These are warnings and no refusals: AWS adds fields and calls every week, and a rule may be ahead of this list.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from itertools import chain, islice
from typing import TYPE_CHECKING

from cloudtrail_to_slack.rules.expressions.compile import parse_expression, place_of
from cloudtrail_to_slack.rules.expressions.diagnostics import excerpt
from cloudtrail_to_slack.rules.lint.ignore_rules import loose_conditions
from cloudtrail_to_slack.rules.lint.known_events import dated_name, unknown_event_reason
from cloudtrail_to_slack.rules.lint.known_fields import (
    CONTAINERS,
    FIELDS,
    LEAVES,
    OF_SESSION_CONTEXT,
    OF_USER_IDENTITY,
    SOMETIMES_LEAVES,
    read_key,
)
from cloudtrail_to_slack.rules.lint.linter import close_to

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cloudtrail_to_slack.errors import SourceSpan

_LONGEST_QUOTED = 60


@dataclass(frozen=True)
class RuleWarning:
    """Something in a rule that is allowed and probably a mistake: what, and where."""

    message: str
    place: SourceSpan | None

    def __str__(self) -> str:
        return self.message


def warnings_for(text: str, *, ignores: bool = False, most: int | None = None) -> list[RuleWarning]:
    """Return what is probably wrong with a rule's expression, in the order in which it stands there.

    `ignores`: it is that of an ignore rule, in which nothing should depend on what an attacker can choose. `most` is
    how many to look for: each takes some milliseconds.

    Raises:
        ExpressionError: it is no expression, or uses what a rule may not use.
    """
    tree = parse_expression(text)
    of_nodes = ((node, message) for node in ast.walk(tree) for node, message in _of_node(node))
    found = islice(chain(loose_conditions(tree) if ignores else (), _undated_names(tree), of_nodes), most)
    warnings = [RuleWarning(message, place_of(node, tree, text.strip())) for node, message in found]
    return sorted(warnings, key=lambda warning: (warning.place.line, warning.place.column) if warning.place else (0, 0))


def _of_node(node: ast.AST) -> Iterator[tuple[ast.expr, str]]:
    key = read_key(node)
    if key is not None:
        wrong = _wrong_with_field(key[1])
        if wrong:
            yield key[0], wrong
    if isinstance(node, ast.Compare):
        yield from _event_names(node)


def _wrong_with_field(key: str) -> str | None:
    top, _, rest = key.partition(".")
    quoted = excerpt(key, _LONGEST_QUOTED)
    if top not in FIELDS:
        close = close_to(top, FIELDS) or _inside(top)
        meant = f'; did you mean "{".".join(filter(None, (close, rest)))}"?' if close else ""
        return f'reads "{quoted}", a field that no CloudTrail record has{meant}'
    if top in LEAVES:
        return f'reads "{quoted}", and {top} has no fields of its own' if rest else None
    if not rest:
        if top in SOMETIMES_LEAVES:
            return None
        return f'reads "{quoted}", which is no leaf and so not in the event; read what is in it: "{top}.…"'
    if top != "userIdentity":
        return None
    second, _, third = rest.partition(".")
    if second not in OF_USER_IDENTITY:
        return _wrong_with_part(quoted, top, second, third, OF_USER_IDENTITY)
    if second == "sessionContext" and third and third.partition(".")[0] not in OF_SESSION_CONTEXT:
        part, _, deeper = third.partition(".")
        return _wrong_with_part(quoted, f"{top}.{second}", part, deeper, OF_SESSION_CONTEXT)
    return None


def _wrong_with_part(quoted: str, whole: str, part: str, rest: str, known: frozenset[str]) -> str:
    close = close_to(part, known)
    meant = f'; did you mean "{".".join(filter(None, (whole, close, rest)))}"?' if close else ""
    return f'reads "{quoted}", and {whole} has no such field{meant}'


def _inside(name: str) -> str | None:
    """Return the path of what is a field of `userIdentity`, written without it."""
    return f"userIdentity.{name}" if name in OF_USER_IDENTITY and name not in CONTAINERS else None


def _undated_names(tree: ast.Expression) -> Iterator[tuple[ast.expr, str]]:
    """Warn about names that CloudTrail shows with an API date, unless the rule looks for that name too."""
    words = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    for node in ast.walk(tree):
        for element, name in _compared_event_names(node) if isinstance(node, ast.Compare) else ():
            dated = dated_name(name)
            if dated and not any(word.startswith(f"{name}20") for word in words):
                yield (
                    element,
                    f'looks for the event "{name}", which CloudTrail calls {dated}; use .startswith("{name}")',
                )


def _event_names(node: ast.Compare) -> Iterator[tuple[ast.expr, str]]:
    for element, name in _compared_event_names(node):
        why = unknown_event_reason(name)
        if why:
            yield element, f'looks for the event "{excerpt(name, _LONGEST_QUOTED)}", which {why}'


def _compared_event_names(node: ast.Compare) -> Iterator[tuple[ast.expr, str]]:
    """Yield the texts that `eventName` is compared with, and where each stands."""
    sides = [node.left, *node.comparators]
    if not any((key := read_key(side)) and key[1] == "eventName" for side in sides):
        return
    for side in sides:
        written = side.elts if isinstance(side, (ast.Tuple, ast.List, ast.Set)) else [side]
        for element in written:
            if isinstance(element, ast.Constant) and isinstance(element.value, str):
                yield element, element.value
