"""What a rule looks at first: the leading parts that can be decided from one field each.

Of `A and B and C` Python evaluates A first, and when A is False the whole is False: neither B nor C can match or raise.
So a leading part that depends on one field alone decides, for some values of that field, that the rule neither matches
nor raises. A part that always gives a boolean, whatever the event, may be passed over; any other part ends the leading
ones, for it may raise.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from cloudtrail_to_slack.rules.expressions.compile import Evaluate, compile_tree, parse_expression
from cloudtrail_to_slack.rules.expressions.fields import field_read, is_event, string_constant, strings

if TYPE_CHECKING:
    from collections.abc import Iterator

# The fields an index may be built on: CloudTrail writes them as text, and they can be decoded without the rest of the
# record. The most selective ones come first.
INDEXED_FIELDS = (
    "eventName",
    "errorCode",
    "userIdentity.type",
    "eventSource",
    "eventType",
    "userIdentity.userName",
    "userIdentity.arn",
    "userIdentity.principalId",
    "userIdentity.accountId",
    "userIdentity.invokedBy",
    "recipientAccountId",
    "eventCategory",
    "awsRegion",
    "sourceIPAddress",
    "userAgent",
)


@dataclass(frozen=True, eq=False)
class Condition:
    """A leading part of a rule that depends on one of `INDEXED_FIELDS` alone.

    `constants` are the only texts for which the part can be True; None: it must be asked for each value. `may_raise`:
    it does not give a boolean for every event.
    """

    field: str
    part: ast.expr
    constants: frozenset[str] | None
    may_raise: bool

    @cached_property
    def evaluate(self) -> Evaluate:
        """The part as a function of an event; compiled when it is first asked, for most never are."""
        return compile_tree(ast.Expression(self.part))

    @property
    def only_constants(self) -> bool:
        """Whether the part is False for every value but its constants, a missing one among them."""
        got = self.part.left if self.constants is not None and isinstance(self.part, ast.Compare) else None
        return isinstance(got, ast.Call) and len(got.args) == 1

    @property
    def negative(self) -> bool:
        """Whether the part is True for most values, as `not …` is."""
        if isinstance(self.part, ast.Compare):
            return isinstance(self.part.ops[0], (ast.NotEq, ast.NotIn, ast.IsNot))
        return isinstance(self.part, ast.UnaryOp) and isinstance(self.part.op, ast.Not)


def indexable_conditions_of(expression: str) -> list[Condition]:
    """Return the leading conditions of a valid rule, in order; none when its first part needs more than one field."""
    conditions = []
    for part in conjuncts(parse_expression(expression).body):
        field = _only_field(part)
        if field in INDEXED_FIELDS:
            conditions.append(Condition(field, part, _constants(part), may_raise=not always_boolean(part)))
        elif not always_boolean(part):
            break
    return conditions


def conjuncts(node: ast.expr) -> Iterator[ast.expr]:
    """Yield the parts of `A and B and C`, in the order in which Python evaluates them."""
    if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And):
        for value in node.values:
            yield from conjuncts(value)
    else:
        yield node


def _only_field(part: ast.expr) -> str | None:
    """Return the one field that `part` depends on; None when it depends on none, on several or on the whole event."""
    fields = [field for field in map(_accessed, ast.walk(part)) if field is not None]
    uses = sum(is_event(node) for node in ast.walk(part))
    return fields[0] if len(set(fields)) == 1 and uses == len(fields) else None


def _accessed(node: ast.AST) -> str | None:
    """Return the key of `event["key"]`, `event.get("key")` or `event.get("key", constant)`."""
    read = field_read(node)
    return read.name if read and read.is_constant else None


def got_key(node: ast.AST) -> str | None:
    """Return the key of `event.get("key")` or `event.get("key", constant)`, which never raise."""
    read = field_read(node)
    return read.name if read and read.is_constant and not read.raises else None


def _constants(part: ast.expr) -> frozenset[str] | None:
    """Return the texts for which `event.get("key") == "text"` or `… in ("text", …)` can be True."""
    if not isinstance(part, ast.Compare) or len(part.ops) != 1 or _accessed(part.left) is None:
        return None
    operator, right = part.ops[0], part.comparators[0]
    is_collection = isinstance(right, (ast.Tuple, ast.List, ast.Set))
    if isinstance(operator, ast.In) if is_collection else isinstance(operator, ast.Eq):
        found = strings(right)
        return None if found is None else frozenset(found)
    return None


def always_boolean(part: ast.expr) -> bool:
    """Whether `part` gives True or False for every event: leaves of an event are JSON scalars."""
    if isinstance(part, ast.BoolOp):
        return all(map(always_boolean, part.values))
    if isinstance(part, ast.UnaryOp):
        return isinstance(part.op, ast.Not) and always_boolean(part.operand)
    if isinstance(part, ast.Compare):
        return _compares_safely(part)
    # What is left is a test of how the text of a field begins or ends.
    return (
        isinstance(part, ast.Call)
        and isinstance(part.func, ast.Attribute)
        and part.func.attr in ("startswith", "endswith")
        and _is_str_of_field(part.func.value)
        and len(part.args) == 1
        and not part.keywords
        and not isinstance(part.args[0], (ast.List, ast.Set))
        and strings(part.args[0]) is not None
    )


def _compares_safely(part: ast.Compare) -> bool:
    if len(part.ops) != 1:
        return False
    left, operator, right = part.left, part.ops[0], part.comparators[0]
    scalars = all(isinstance(side, ast.Constant) or got_key(side) is not None for side in (left, right))
    if isinstance(operator, (ast.Eq, ast.NotEq, ast.Is, ast.IsNot)):
        return scalars
    if not isinstance(operator, (ast.In, ast.NotIn)):
        return False
    if isinstance(right, (ast.Tuple, ast.List)):
        return got_key(left) is not None and all(isinstance(element, ast.Constant) for element in right.elts)
    return string_constant(left) is not None and (_is_str_of_field(right) or is_event(right))


def _is_str_of_field(node: ast.expr) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "str"
        and len(node.args) == 1
        and not node.keywords
        and got_key(node.args[0]) is not None
    )
