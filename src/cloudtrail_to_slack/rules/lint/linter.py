"""Likely mistakes in valid rules: unknown fields and event names. Pure."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice

from cloudtrail_to_slack.errors import SourceSpan
from cloudtrail_to_slack.rules.expressions import known_fields
from cloudtrail_to_slack.rules.expressions.compile import parse_expression, place_of
from cloudtrail_to_slack.rules.expressions.diagnostics import excerpt
from cloudtrail_to_slack.rules.expressions.known_fields import read_key
from cloudtrail_to_slack.rules.expressions.refusals import close_to
from cloudtrail_to_slack.rules.expressions.syntax import string_constant
from cloudtrail_to_slack.rules.lint.ignore_rules import loose_conditions
from cloudtrail_to_slack.rules.lint.known_events import dated_name, unknown_event_reason

_LONGEST_QUOTED = 60
# Objects of which all fields are known.
_WHOLE = {"userIdentity": known_fields.OF_USER_IDENTITY, "userIdentity.sessionContext": known_fields.OF_SESSION_CONTEXT}


@dataclass(frozen=True)
class RuleWarning:
    """A probable mistake in a valid rule: what, and where."""

    message: str
    place: SourceSpan | None

    def __str__(self) -> str:
        return self.message


def warnings_for(text: str, *, ignores: bool = False, most: int | None = None) -> list[RuleWarning]:
    """Return the probable mistakes in a rule's expression, in their order.

    `ignores`: it belongs to an ignore rule, which must not depend on what an attacker can choose. `most` limits how
    many to look for: each takes some milliseconds.

    Raises:
        ExpressionError: it is not an expression, or uses what a rule may not use.
    """
    tree = parse_expression(text)
    loose = loose_conditions(tree) if ignores else ()
    found = islice(chain(loose, _mistakes(list(ast.walk(tree)))), most)
    warnings = [RuleWarning(message, place_of(node, tree, text.strip())) for node, message in found]
    return sorted(warnings, key=lambda warning: (warning.place.line, warning.place.column) if warning.place else (0, 0))


def _mistakes(nodes: list[ast.AST]) -> Iterator[tuple[ast.expr, str]]:
    """Yield unknown fields and events, and names that CloudTrail shows with an API date."""
    words = [str(constant.value) for constant in map(string_constant, nodes) if constant]
    for node in nodes:
        key = read_key(node)
        wrong = _wrong_with_field(key[1]) if key else None
        if key and wrong:
            yield key[0], wrong
        for element, name in _compared_event_names(node):
            why, dated = unknown_event_reason(name), dated_name(name)
            if why:
                yield element, f'looks for the event "{excerpt(name, _LONGEST_QUOTED)}", which {why}'
            elif dated and not any(word.startswith(f"{name}20") for word in words):  # the rule looks for that name too
                use = f'which CloudTrail calls {dated}; use .startswith("{name}")'
                yield element, f'looks for the event "{name}", {use}'


def _wrong_with_field(key: str) -> str | None:
    top, _, rest = key.partition(".")
    reads = f'reads "{excerpt(key, _LONGEST_QUOTED)}"'
    if top not in known_fields.FIELDS:
        close = close_to(top, known_fields.FIELDS)
        if not close and top in known_fields.OF_USER_IDENTITY:
            close = f"userIdentity.{top}"
        return f"{reads}, a field that no CloudTrail record has{_meant(close, rest)}"
    if top in known_fields.LEAVES:
        return f"{reads}, and {top} has no fields of its own" if rest else None
    if not rest and top not in known_fields.SOMETIMES_LEAVES:
        return f'{reads}, which is not a leaf and so not in the event; read a field in it: "{top}.…"'
    whole = top
    while whole in _WHOLE and rest:
        part, _, rest = rest.partition(".")
        if part not in _WHOLE[whole]:
            close = close_to(part, _WHOLE[whole])
            return f"{reads}, and {whole} has no such field{_meant(close and f'{whole}.{close}', rest)}"
        whole = f"{whole}.{part}"
    return None


def _meant(close: str | None, rest: str) -> str:
    return f'; did you mean "{".".join(filter(None, (close, rest)))}"?' if close else ""


def _compared_event_names(node: ast.AST) -> Iterator[tuple[ast.expr, str]]:
    """Yield the strings that `eventName` is compared with, and their nodes."""
    sides = [node.left, *node.comparators] if isinstance(node, ast.Compare) else []
    if any((key := read_key(side)) and key[1] == "eventName" for side in sides):
        for side in sides:
            written = side.elts if isinstance(side, (ast.Tuple, ast.List, ast.Set)) else [side]
            yield from ((constant, str(constant.value)) for constant in map(string_constant, written) if constant)
