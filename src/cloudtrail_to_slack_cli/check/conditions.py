"""Analyze an expression without an event: its conditions, what follows from them, and what its value may be."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from cloudtrail_to_slack.rules.expressions.compile import Evaluate, compile_tree
from cloudtrail_to_slack.rules.expressions.known_fields import read_key

_MISSING = object()
_BOOLEAN_FIELDS = frozenset({"readOnly", "managementEvent", "sessionCredentialFromConsole"})
_TEXT_METHODS = frozenset({"lower", "upper", "strip", "lstrip", "rstrip", "split", "replace", "join", "title"})
_OTHER_FUNCTIONS = frozenset(
    {"str", "len", "int", "float", "list", "dict", "set", "tuple", "sorted", "sum", "abs", "round", "json_loads"}
)
_LITERALS = (ast.JoinedStr, ast.BinOp, ast.List, ast.Dict, ast.Set, ast.Tuple, ast.ListComp, ast.DictComp, ast.SetComp)


@dataclass(eq=False)
class Condition:
    """One operand of an `and`. `field` is the only field that it reads, None if it reads none or several."""

    node: ast.expr

    @cached_property
    def dump(self) -> str:
        """The same for conditions that say the same in the same words."""
        return ast.dump(self.node)

    @cached_property
    def field(self) -> str | None:
        """The only field that decides it."""
        keys = [found[1] for node in ast.walk(self.node) if (found := read_key(node))]
        uses = sum(isinstance(node, ast.Name) and node.id == "event" for node in ast.walk(self.node))
        return keys[0] if len(set(keys)) == 1 and uses == len(keys) else None

    @cached_property
    def constants(self) -> frozenset[object] | None:
        """The only values with which it can be True, where it is `event.get("…") == …`, `is None` or `in (…)`."""
        node = self.node
        if not isinstance(node, ast.Compare) or len(node.ops) != 1 or self.field is None:
            return None
        if not isinstance(node.left, ast.Call | ast.Subscript):
            return None
        read = read_key(node.left)
        if read is None or (isinstance(node.left, ast.Call) and len(node.left.args) > 1):
            return None
        operator, right = node.ops[0], node.comparators[0]
        if isinstance(operator, ast.Eq | ast.Is) and isinstance(right, ast.Constant):
            return frozenset({right.value})
        listed = right.elts if isinstance(right, ast.Tuple | ast.List | ast.Set) else []
        constants = [element.value for element in listed if isinstance(element, ast.Constant)]
        is_list = isinstance(operator, ast.In) and not isinstance(right, ast.Constant)
        return frozenset(constants) if is_list and listed and len(constants) == len(listed) else None

    @cached_property
    def _evaluate(self) -> Evaluate:
        return compile_tree(ast.Expression(self.node))

    def holds(self, value: object) -> bool | None:
        """Whether it holds for a value of its field; None if it raises an error. A missing field is `MISSING`."""
        event: Mapping[str, Any] = {} if value is _MISSING else {str(self.field): value}
        try:
            return bool(self._evaluate(event))
        except Exception:  # noqa: BLE001 (a rule may raise anything)
            return None


class Conjunction:
    """An `and`, or a single condition: what must hold together."""

    def __init__(self, node: ast.expr) -> None:
        self.node = node
        self.conditions = [Condition(each) for each in _operands(node)]
        self.dumps = frozenset(condition.dump for condition in self.conditions)

    @cached_property
    def values(self) -> dict[str, frozenset[object]]:
        """The values that each field can have where everything holds, of fields of which that is known."""
        found: dict[str, frozenset[object]] = {}
        for condition in self.conditions:
            if condition.field is not None and condition.constants is not None:
                before = found.get(condition.field)
                found[condition.field] = condition.constants if before is None else before & condition.constants
        return {field: self._possible(field, values) for field, values in found.items()}

    @cached_property
    def contradiction(self) -> Condition | None:
        """The condition because of which not everything can hold; None if nothing is known against it."""
        for field, values in self.values.items():
            if not values:
                return self._of(field)[-1]
        return None

    def implies(self, condition: Condition) -> bool:
        """Whether a condition holds wherever everything here holds, as far as can be seen."""
        if condition.dump in self.dumps:
            return True
        values = self.values.get(condition.field or "")
        if condition.field is None or not values:
            return False
        return all(condition.holds(value) is True for value in _with_missing(values))

    def _possible(self, field: str, values: frozenset[object]) -> frozenset[object]:
        def may_be(value: object) -> bool:
            return all(condition.holds(value) is not False for condition in self._of(field))

        return frozenset(value for value in values if any(map(may_be, _with_missing(frozenset({value})))))

    def _of(self, field: str) -> list[Condition]:
        return [condition for condition in self.conditions if condition.field == field]


def alternatives(tree: ast.Expression) -> list[Conjunction]:
    """Return the alternatives of an expression: the operands of an `or`, or the whole."""
    return [Conjunction(node) for node in _operands(tree.body, ast.Or)]


def conjunctions(tree: ast.Expression) -> Iterator[Conjunction]:
    """Yield every `and` of an expression, outer ones first."""
    for node in ast.walk(tree):
        if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And):
            yield Conjunction(node)


def covers(outer: list[Conjunction], inner: list[Conjunction]) -> bool:
    """Whether an expression of the alternatives `outer` holds wherever one of `inner` does, as far as can be seen."""
    return all(any(all(map(each.implies, other.conditions)) for other in outer) for each in inner)


def meaning(tree: ast.Expression) -> object:
    """Return what two expressions share that say the same: with conditions in another order, or `in` for one value."""
    return frozenset(frozenset(map(_meaning, each.conditions)) for each in alternatives(tree))


def not_boolean(tree: ast.Expression) -> Iterator[tuple[ast.expr, str]]:
    """Yield parts that may become the value of an expression and are not boolean, each with what to do."""
    yield from ((node, problem) for node in _possible_values(tree.body) if (problem := _problem(node)))


def _possible_values(node: ast.expr) -> Iterator[ast.expr]:
    """Yield the parts whose value may be that of the whole: every operand of `and` and `or`, both branches of `if`."""
    if isinstance(node, ast.BoolOp):
        for value in node.values:
            yield from _possible_values(value)
    elif isinstance(node, ast.IfExp):
        yield from _possible_values(node.body)
        yield from _possible_values(node.orelse)
    else:
        yield node


def _problem(node: ast.expr) -> str | None:
    if isinstance(node, ast.Constant):
        return None if isinstance(node.value, bool) else f"gives {node.value!r}, and a rule must give True or False"
    read = read_key(node) if isinstance(node, ast.Call | ast.Subscript) else None
    if read is not None and isinstance(node, ast.Call):
        if len(node.args) > 1 or read[1] in _BOOLEAN_FIELDS:
            return None
        got = f'event.get("{read[1]}")'
        return f"gives None where the field is missing, and a rule must give True or False; write {got} is not None"
    if isinstance(node, _LITERALS):
        return "gives something other than True or False; compare it with something"
    if isinstance(node, ast.Call):
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        method = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        if name in _OTHER_FUNCTIONS or method in _TEXT_METHODS:
            return f"gives what {name or '.' + method}(…) gives, and a rule must give True or False; compare it"
    return None


def _meaning(condition: Condition) -> object:
    if condition.constants is not None and isinstance(condition.node, ast.Compare):
        is_plain = isinstance(condition.node.ops[0], ast.Eq | ast.In)
        read = ast.dump(condition.node.left)
        return (read, frozenset(map(repr, condition.constants))) if is_plain else condition.dump
    return condition.dump


def _with_missing(values: frozenset[object]) -> tuple[object, ...]:
    """Return values, and with None a field that is missing, which `event.get` gives as None, too."""
    return (*values, _MISSING) if None in values else tuple(values)


def _operands(node: ast.expr, operator: type[ast.boolop] = ast.And) -> Iterator[ast.expr]:
    if isinstance(node, ast.BoolOp) and isinstance(node.op, operator):
        for value in node.values:
            yield from _operands(value, operator)
    else:
        yield node
