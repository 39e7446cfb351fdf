"""Keys without which a rule is False: a record whose text does not even have them need not be decoded for it.

Of `A and B and C`, where A gives True or False for every event and B is False for an event without some key, the whole
is False for such an event, and raises nothing. Whether a record has the key is looked up in its text: a flattened key
ends with a key of the record, which stands in the text as it is unless something in the text is escaped.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from cloudtrail_to_slack.rules.expressions.compile import parse_expression
from cloudtrail_to_slack.rules.index.indexable_conditions import INDEXED_FIELDS, always_boolean, conjuncts, got_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*", re.ASCII)
_TESTS = frozenset({"re_search", "re_match", "re_fullmatch", "glob"})
_ESCAPE = b"\\"


class RequiredKeys:
    """The ends of keys that each rule requires, by the rule's position."""

    def __init__(self, expressions: Iterable[str]) -> None:
        self._ends = {
            1 << number: ends for number, expression in enumerate(expressions) if (ends := required_ends(expression))
        }
        self._rules = sum(self._ends)

    def possible(self, candidates: int, text: bytes | memoryview) -> int:
        """Return those of the candidate rules, as bits, that can match a record or raise on it, by its JSON text."""
        asked = candidates & self._rules
        if not asked:
            return candidates
        text = bytes(text)
        if _ESCAPE in text:
            return candidates
        for bit, ends in self._ends.items():
            if asked & bit and not all(end in text for end in ends):
                candidates &= ~bit
        return candidates


def required_ends(expression: str) -> Sequence[bytes]:
    """Return with what the text of a record's keys must end, quote included, for a rule to match or raise."""
    ends = []
    for part in conjuncts(parse_expression(expression).body):
        key = _required_key(part)
        last = key.rpartition(".")[2] if key else ""
        # In a list the last part of a key is a position, which the text does not have.
        if key not in INDEXED_FIELDS and _PLAIN.fullmatch(last):
            ends.append(f'{last}"'.encode())
        if not always_boolean(part):
            break
    return tuple(dict.fromkeys(ends))


def _required_key(part: ast.expr) -> str | None:
    """Return the key without which `part` is False, and raises nothing."""
    if isinstance(part, ast.Call) and isinstance(part.func, ast.Name) and part.func.id in _TESTS:
        return _got(part.args[1]) if len(part.args) > 1 and isinstance(part.args[0], ast.Constant) else None
    if not isinstance(part, ast.Compare) or len(part.ops) != 1:
        return None
    key, operator, right = _got(part.left), part.ops[0], part.comparators[0]
    if isinstance(operator, (ast.Eq, ast.IsNot)):
        is_none = isinstance(right, ast.Constant) and right.value is None
        return key if isinstance(right, ast.Constant) and is_none == isinstance(operator, ast.IsNot) else None
    if isinstance(operator, ast.In) and isinstance(right, (ast.Tuple, ast.List)):
        constants = [each.value for each in right.elts if isinstance(each, ast.Constant)]
        return key if len(constants) == len(right.elts) and None not in constants else None
    return None


def _got(node: ast.expr) -> str | None:
    """Return the key of `event.get("key")` without a default."""
    return got_key(node) if isinstance(node, ast.Call) and len(node.args) == 1 else None
