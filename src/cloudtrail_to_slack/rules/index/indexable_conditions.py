"""Find a rule's indexable conditions: leading parts that depend on one field each, and the text it requires. Pure.

In `A and B and C`, if A is False, neither B nor C can match or raise. A part that is always a boolean may be skipped.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from cloudtrail_to_slack.rules.expressions.compile import Evaluate, compile_tree, parse_expression
from cloudtrail_to_slack.rules.expressions.syntax import call_of, field_read, is_event, string_constant, strings, walk

# The fields an index may be built on: CloudTrail writes them as strings, and they can be decoded without the rest of
# the record. The most selective ones come first.
INDEXED_FIELDS = (
    "eventName", "errorCode", "userIdentity.type", "eventSource", "eventType", "userIdentity.userName",
    "userIdentity.arn", "userIdentity.principalId", "userIdentity.accountId", "userIdentity.invokedBy",
    "recipientAccountId", "eventCategory", "awsRegion", "sourceIPAddress", "userAgent",
)  # fmt: skip
_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*", re.ASCII)
_PLAIN_VALUE = re.compile(r"[ !#-\[\]-~]*")  # what JSON need not escape


@dataclass(frozen=True, eq=False)
class Condition:
    """A leading part of a rule that depends on one of `INDEXED_FIELDS` alone.

    `constants` are the only strings for which the part can be True; None: it must be evaluated for each value.
    `may_raise`: it may raise an error, or return something other than a boolean.
    """

    field: str
    part: ast.expr
    constants: frozenset[str] | None
    may_raise: bool

    @cached_property
    def evaluate(self) -> Evaluate:
        """The part as a function of an event; compiled when first used, because most never are."""
        return compile_tree(ast.Expression(self.part))

    @property
    def selectivity(self) -> tuple[bool, int]:
        """A sort key: conditions that few values fulfill come first, negated ones last."""
        part = self.part
        says_not = isinstance(part, ast.Compare) and isinstance(part.ops[0], (ast.NotEq, ast.NotIn, ast.IsNot))
        says_not |= isinstance(part, ast.UnaryOp) and isinstance(part.op, ast.Not)
        return says_not, INDEXED_FIELDS.index(self.field)


def indexable_conditions_of(expression: str) -> list[Condition]:
    """Return the leading conditions of a valid rule, in order; none if its first part needs several fields."""
    conditions = []
    for part in _conjuncts(parse_expression(expression).body):
        field, safe = _only_field(part), _always_boolean(part)
        if field in INDEXED_FIELDS:
            conditions.append(Condition(field, part, _constants(part), may_raise=not safe))
        elif not safe:
            break
    return conditions


def required_ends(expression: str) -> Sequence[bytes]:
    """Return the ends of keys, quote included, that a record's text must contain for a rule to match or raise."""
    ends = []
    for part in _conjuncts(parse_expression(expression).body):
        fields = _fields(part)
        lasts = {field.rpartition(".")[2] for field in fields}
        last = lasts.pop() if len(lasts) == 1 else ""
        # In a list the last part of a key is a position, which the text does not have.
        if fields.isdisjoint(INDEXED_FIELDS) and _PLAIN_KEY.fullmatch(last) and _is_false_without_them(part):
            ends.append(f'{last}"'.encode())
        if not _always_boolean(part):
            break
    return tuple(dict.fromkeys(ends))


def required_values(expression: str) -> Sequence[tuple[bytes, ...]]:
    """Return alternatives of values, quotes included: a text must contain one of each for a rule to match or raise."""
    found = []
    for part in _conjuncts(parse_expression(expression).body):
        if not _always_boolean(part):
            break
        if not _fields(part) <= frozenset(INDEXED_FIELDS) and (values := _values(part)):
            found.append(tuple(sorted(values)))
    return tuple(found)


def _values(part: ast.expr) -> frozenset[bytes]:
    """Return values of which a text must contain one for `part` to be True; none: it depends on something else."""
    if isinstance(part, ast.BoolOp):
        each = list(map(_values, part.values))
        if isinstance(part.op, ast.And):
            return min(filter(None, each), key=len, default=frozenset())
        return frozenset().union(*each) if all(each) else frozenset()
    constants = _constants(part) or frozenset()
    if not all(map(_PLAIN_VALUE.fullmatch, constants)) or not _is_false_without_them(part):
        return frozenset()
    return frozenset(f'"{constant}"'.encode() for constant in constants)


def _is_false_without_them(part: ast.expr) -> bool:
    """Whether a part is False for every event that has none of its fields."""
    try:
        return compile_tree(ast.Expression(part))({}) is False
    except Exception:  # noqa: BLE001 (a rule may raise anything)
        return False


def _conjuncts(node: ast.expr) -> Iterator[ast.expr]:
    """Yield the parts of `A and B and C`, in the order in which Python evaluates them."""
    if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And):
        for value in node.values:
            yield from _conjuncts(value)
    else:
        yield node


def _fields(part: ast.expr) -> frozenset[str]:
    """Return the fields that `part` depends on; empty: it depends on the whole event."""
    nodes = [node for node, _ in walk(part)]
    fields = [read.name for read in map(field_read, nodes) if read and read.is_constant]
    return frozenset(fields) if sum(map(is_event, nodes)) == len(fields) else frozenset()


def _only_field(part: ast.expr) -> str | None:
    """Return the only field that `part` depends on; None: it depends on none, several or the whole event."""
    fields = _fields(part)
    return next(iter(fields)) if len(fields) == 1 else None


def _constants(part: ast.expr) -> frozenset[str] | None:
    """Return the strings for which `event.get("key") == "text"` or `… in ("text", …)` can be True."""
    if not isinstance(part, ast.Compare) or len(part.ops) != 1:
        return None
    read, operator, right = field_read(part.left), part.ops[0], part.comparators[0]
    wanted = ast.In if isinstance(right, (ast.Tuple, ast.List, ast.Set)) else ast.Eq
    found = strings(right) if read and read.is_constant and isinstance(operator, wanted) else None
    return None if found is None else frozenset(found)


def _got_key(node: ast.AST) -> str | None:
    """Return the key of `event.get("key")` or `event.get("key", constant)`, which never raise."""
    read = field_read(node)
    return read.name if read and read.is_constant and not read.raises else None


def _always_boolean(part: ast.expr) -> bool:
    """Whether `part` is True or False for every event: leaves of an event are JSON scalars."""
    if isinstance(part, ast.BoolOp):
        return all(map(_always_boolean, part.values))
    if isinstance(part, ast.UnaryOp):
        return isinstance(part.op, ast.Not) and _always_boolean(part.operand)
    if isinstance(part, ast.Compare):
        return len(part.ops) == 1 and _compares_safely(part.left, part.ops[0], part.comparators[0])
    call = call_of(part)
    return (
        call.method in ("startswith", "endswith")
        and _is_str_of_field(call.receiver)
        and len(call.args) == 1
        and not call.keywords
        and not isinstance(call.args[0], (ast.List, ast.Set))
        and strings(call.args[0]) is not None
    )


def _compares_safely(left: ast.expr, operator: ast.cmpop, right: ast.expr) -> bool:
    if isinstance(operator, (ast.Eq, ast.NotEq, ast.Is, ast.IsNot)):
        return all(isinstance(side, ast.Constant) or _got_key(side) is not None for side in (left, right))
    if not isinstance(operator, (ast.In, ast.NotIn)):
        return False
    if isinstance(right, (ast.Tuple, ast.List)):
        return _got_key(left) is not None and all(isinstance(element, ast.Constant) for element in right.elts)
    return string_constant(left) is not None and (_is_str_of_field(right) or is_event(right))


def _is_str_of_field(node: ast.expr | None) -> bool:
    call = call_of(node)
    return call.function == "str" and len(call.args) == 1 and not call.keywords and _got_key(call.args[0]) is not None
