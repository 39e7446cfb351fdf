"""Putting guards into an expression, where an operation could take more than there is, and nowhere else. Pure.

What could take much: what multiplies (`*`, `**`, `<<`, `%`, `join`, `replace`), loops, whatever is made inside a loop,
and looking at all of a nested collection, whose parts may be shared a million times. Comparing, searching and changing
the leaves of an event outside a loop takes as much as the event is large, and runs as it is written.
"""

import ast
import operator
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from cloudtrail_to_slack.rules.costs import (
    Scope,
    is_bounded,
    is_short,
    is_short_loop,
    is_short_number,
    is_small_number,
    is_sum_of_scalars,
    shrinks,
    size,
    to_weigh,
)
from cloudtrail_to_slack.rules.functions import TEST_MAKERS
from cloudtrail_to_slack.rules.kinds import Kind, bound, is_constant_display, kind_of

BUDGET = "_budget"  # no rule can say this name: it begins with an underscore
_SHORT_DISPLAY = 8  # elements that a loop may write out each time, uncounted

_MULTIPLYING: Mapping[type[ast.operator], str] = {
    ast.Mult: "multiply", ast.Pow: "power", ast.LShift: "shift", ast.Mod: "modulo",
}  # fmt: skip
_MULTIPLYING_FUNCTIONS = {
    "dict": "mapped", "enumerate": "enumerated", "zip": "zipped",
    "json_loads": "from_json", "range": "bounded_range", "set": "hashed", "sum": "total",
}  # fmt: skip
_MAKING_METHODS = frozenset(
    {"capitalize", "casefold", "lower", "lstrip", "partition", "removeprefix", "removesuffix", "rpartition", "rsplit",
     "rstrip", "split", "splitlines", "strip", "swapcase", "title", "upper", "difference", "intersection", "union"}
)  # fmt: skip
_FROM_END_METHODS = frozenset({"rfind", "rindex", "rpartition", "rsplit", "strip", "lstrip", "rstrip"})
_SET_METHODS = frozenset({"difference", "intersection", "isdisjoint", "issubset", "issuperset", "union"})
_MAKING_FUNCTIONS = frozenset({"list", "max", "min", "round", "sorted", "tuple"})
_EXTREMES = frozenset({"max", "min", "sorted"})

_BUSY_LOOP = 60  # nodes
_BUSY_EXPRESSION = 500

Node = TypeVar("Node", bound=ast.expr)
AnyNode = TypeVar("AnyNode", bound=ast.expr | ast.keyword)
_Comprehension = ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp


@dataclass(slots=True)
class Guarded:
    """An expression with its guards.

    `budgeted`: it has guards, which need the evaluation's budget under the name `BUDGET`. `tests` are the tests made
    from constant patterns and networks, by the names under which it calls them.
    """

    body: ast.expr
    budgeted: bool
    tests: dict[str, Callable[[object], bool]]


def guarded(body: ast.expr) -> Guarded:
    """Return a checked expression with its guards; `body` itself stays as it is."""
    guard = _Guard()
    whole = guard.tree(body, Scope(busy=size(body) > _BUSY_EXPRESSION))
    return Guarded(whole, guard.budgeted, guard.tests)


class _Guard:
    def __init__(self) -> None:
        self.budgeted = False
        self.tests: dict[str, Callable[[object], bool]] = {}

    def tree(self, node: ast.expr, scope: Scope) -> ast.expr:
        """Return `node` with its guards."""
        guard = _GUARDS.get(type(node))
        return guard(self, node, scope) if guard else self.rebuilt(node, scope)

    def rebuilt(self, node: Node, scope: Scope, **given: ast.expr | None) -> Node:
        """Return `node` with guards in its parts; parts that are `given` are taken as they are."""
        fields: dict[str, Any] = dict(given)
        for name in node._fields:
            value = getattr(node, name)
            if name in given:
                continue
            if isinstance(value, ast.expr):
                fields[name] = self.tree(value, scope)
            elif isinstance(value, list):
                fields[name] = [self.tree(part, scope) if isinstance(part, ast.expr) else part for part in value]
        return _with(node, **fields)

    def text(self, node: ast.JoinedStr, scope: Scope) -> ast.expr:
        """Guard an f-string."""
        return self._made(self.rebuilt(node, scope), scope)

    def text_part(self, node: ast.FormattedValue, scope: Scope) -> ast.expr:
        """Guard what stands in braces in an f-string; its format is constant."""
        return self.rebuilt(node, scope, value=self._whole(node.value, scope), format_spec=node.format_spec)

    def unpacked(self, node: ast.Starred, scope: Scope) -> ast.expr:
        """Guard `*value`."""
        return _with(node, value=self._call("each", self.tree(node.value, scope)))

    def set_display(self, node: ast.Set, scope: Scope) -> ast.expr:
        """Guard `{…, …}`."""
        return self._display(node, _with(node, elts=[self._whole(element, scope) for element in node.elts]), scope)

    def list_display(self, node: ast.List | ast.Tuple, scope: Scope) -> ast.expr:
        """Guard `[…, …]` and `(…, …)`."""
        return self._display(node, self.rebuilt(node, scope), scope)

    def dict_display(self, node: ast.Dict, scope: Scope) -> ast.expr:
        """Guard `{…: …, **…}`."""
        keys = [key and self._whole(key, scope) for key in node.keys]
        mapping = _with(node, keys=keys, values=[self.tree(value, scope) for value in node.values])
        return mapping if all(keys) and len(keys) <= _SHORT_DISPLAY else self._made(mapping, scope)

    def called(self, node: ast.Call, scope: Scope) -> ast.expr:
        """Guard a call."""
        if isinstance(node.func, ast.Attribute):
            return self._method(node, node.func, scope)
        return self._function(node, node.func.id if isinstance(node.func, ast.Name) else "", scope)

    def _call(self, name: str, *args: ast.expr, keywords: Iterable[ast.keyword] = ()) -> ast.Call:
        self.budgeted = True
        guard = ast.Attribute(ast.Name(BUDGET, ast.Load()), name, ast.Load())
        return ast.Call(guard, list(args), list(keywords))

    def _made(self, node: ast.expr, scope: Scope) -> ast.expr:
        """Count what `node` makes, when it may make it again and again."""
        return self._call("made", node) if scope.looped else node

    def _passing(self, node: ast.expr, scope: Scope) -> ast.expr:
        """Return `node` for a use after which its value is gone: what is made need not be counted."""
        passing = self.tree(node, scope)
        if scope.busy:
            return passing
        guard = _guard_of(passing)
        if guard == "made" and isinstance(passing, ast.Call):
            return passing.args[0]
        simple = isinstance(node, ast.Call) and len(node.args) == 1 and self._all_scalar(node.args, scope)
        if guard == "show" and simple and isinstance(passing, ast.Call) and not passing.keywords:
            return ast.Call(ast.Name("str", ast.Load()), passing.args, [])
        return passing

    def _whole(self, node: ast.expr, scope: Scope) -> ast.expr:
        """Return `node` for a use that looks at all of its value, however nested: weighed, if it may be nested."""
        simple = isinstance(node, ast.Starred) or kind_of(node, scope.kinds) in (Kind.SCALAR, Kind.EVENT)
        looked_at = self.tree(node, scope)
        return looked_at if simple or is_constant_display(node) else self._call("weighed", looked_at)

    def _display(self, node: ast.List | ast.Tuple | ast.Set, built: ast.expr, scope: Scope) -> ast.expr:
        starred = any(isinstance(element, ast.Starred) for element in node.elts)
        return self._made(built, scope) if starred or len(node.elts) > _SHORT_DISPLAY else built

    def operation(self, node: ast.BinOp, scope: Scope) -> ast.expr:
        """Guard `+` and its like."""
        if is_small_number(node.left) and is_small_number(node.right) and not isinstance(node.op, ast.Pow | ast.LShift):
            return node
        scalar = kind_of(node, scope.kinds) is Kind.SCALAR
        if type(node.op) in _MULTIPLYING:
            if isinstance(node.op, ast.Mod) and is_small_number(node.left):
                return self.rebuilt(node, scope)
            return self._call(_MULTIPLYING[type(node.op)], self.tree(node.left, scope), self.tree(node.right, scope))
        if isinstance(node.op, ast.Add):
            if scalar and not scope.looped:
                return self.rebuilt(node, scope)
            return self._call("add", self.tree(node.left, scope), self.tree(node.right, scope))
        if scalar:
            return self.rebuilt(node, scope)
        # Sets and dicts: their elements are hashed and compared.
        sides = {
            "left": self._call("operand", self.tree(node.left, scope)),
            "right": self._call("operand", self.tree(node.right, scope)),
        }
        return self._made(self.rebuilt(node, scope, **sides), scope)

    def comparison(self, node: ast.Compare, scope: Scope) -> ast.expr:
        """Guard `==` and its like."""
        sides = [node.left, *node.comparators]
        weighed = set()
        for position, compares in enumerate(node.ops):
            weighed |= {position + side for side in to_weigh(sides[position], compares, sides[position + 1], scope)}
        new = []
        for position, side in enumerate(sides):
            passing = self._passing(side, scope)
            known = isinstance(side, ast.Constant) or kind_of(side, scope.kinds) is Kind.EVENT
            new.append(self._call("weighed", passing) if position in weighed and not known else passing)
        return _with(node, left=new[0], comparators=new[1:])

    def part(self, node: ast.Subscript, scope: Scope) -> ast.expr:
        """Guard `value[…]`."""
        if isinstance(node.slice, ast.Slice):
            return self._made(self.rebuilt(node, scope), scope)
        return self.rebuilt(node, scope, slice=self._whole(node.slice, scope))

    def comprehension(self, node: _Comprehension, scope: Scope) -> ast.expr:
        """Guard a comprehension or generator expression."""
        generators: list[ast.comprehension] = []
        inner = scope
        busy = scope.busy or size(node) > _BUSY_LOOP
        once = not (scope.looped or scope.repeated or busy) and len(node.generators) == 1
        unrolled = once and is_short_loop(node.generators[0].iter)
        for generator in node.generators:
            iterable = self.tree(generator.iter, inner)
            kinds = {**inner.kinds, **bound(generator.target, kind_of(generator.iter, inner.kinds))}
            inner = Scope(kinds, looped=not unrolled, repeated=unrolled, busy=busy)
            looped = iterable if unrolled else self._call("loop", iterable)
            conditions = [self.tree(condition, inner) for condition in generator.ifs]
            generators.append(ast.comprehension(generator.target, looped, conditions, generator.is_async))
        if isinstance(node, ast.DictComp):
            return ast.DictComp(self._whole(node.key, inner), self.tree(node.value, inner), generators)
        element = self._whole(node.elt, inner) if isinstance(node, ast.SetComp) else self.tree(node.elt, inner)
        return type(node)(element, generators)

    def _method(self, node: ast.Call, method: ast.Attribute, scope: Scope) -> ast.expr:
        name, args = method.attr, node.args
        receiver = self._passing(method.value, scope)
        constant = all(isinstance(argument, ast.Constant) and is_short(argument) for argument in args)
        kind = kind_of(method.value, scope.kinds)
        if (scope.busy and kind is not Kind.EVENT) or (
            name in ("count", "index") and not constant and kind is not Kind.SCALAR
        ):
            receiver = self._call("weighed", receiver)
        bound_method = _with(method, value=receiver)
        if name == "join":
            return self._call("join", bound_method, *(self.tree(argument, scope) for argument in args))
        prepare = self._elements if name in _SET_METHODS else self._whole
        prepared = [prepare(argument, scope) for argument in args]
        keywords = [_with(word, value=self._whole(word.value, scope)) for word in node.keywords]
        if name == "replace" and (scope.looped or not shrinks(args)):
            return self._call("replace", bound_method, *prepared, keywords=keywords)
        if name in _FROM_END_METHODS and (keywords or not constant):
            return self._call("made", self._call("from_end", bound_method, *prepared, keywords=keywords))
        call = _with(node, func=bound_method, args=prepared, keywords=keywords)
        return self._made(call, scope) if name in _MAKING_METHODS else call

    def _elements(self, node: ast.expr, scope: Scope) -> ast.expr:
        """Return `node` for a use that hashes its elements."""
        cheap = is_constant_display(node) or kind_of(node, scope.kinds) in (Kind.SCALAR, Kind.EVENT)
        return self.tree(node, scope) if cheap else self._call("elements", self.tree(node, scope))

    def _function(self, node: ast.Call, name: str, scope: Scope) -> ast.expr:
        if name in TEST_MAKERS:
            return self._test(name, node, scope)
        if name == "isinstance":  # its second argument names types, which are nothing to guard
            return _with(node, args=[self.tree(node.args[0], scope), *node.args[1:]])
        args = self._arguments(name, node, scope)
        keywords = [_with(word, value=self.tree(word.value, scope)) for word in node.keywords]
        small_range = name == "range" and all(is_short_number(argument) for argument in node.args)
        if name in _MULTIPLYING_FUNCTIONS and not small_range and not is_sum_of_scalars(name, node, scope):
            return self._call(_MULTIPLYING_FUNCTIONS[name], *args, keywords=keywords)
        several = len(node.args) + len(keywords) > 1 or any(isinstance(arg, ast.Starred) for arg in node.args)
        if name in ("int", "round") and several:
            return self._call({"int": "integer", "round": "rounded"}[name], *args, keywords=keywords)
        if name == "str" and (scope.looped or several or not self._all_scalar(node.args, scope)):
            return self._call("show", *args, keywords=keywords)
        call = _with(node, args=args, keywords=keywords)
        return self._made(call, scope) if name in _MAKING_FUNCTIONS else call

    def _arguments(self, name: str, node: ast.Call, scope: Scope) -> list[ast.expr]:
        """Return the arguments of a function; of those that compare elements, weighed unless they are scalars."""
        if name not in _EXTREMES:
            return [self.tree(argument, scope) for argument in node.args]
        if len(node.args) == 1 and not isinstance(node.args[0], ast.Starred):
            elements = self.tree(node.args[0], scope)
            return [elements if is_bounded(node.args[0], scope) else self._call("items", elements)]
        return [self._whole(argument, scope) for argument in node.args]

    def _all_scalar(self, nodes: Iterable[ast.expr], scope: Scope) -> bool:
        return all(kind_of(node, scope.kinds) in (Kind.SCALAR, Kind.EVENT) for node in nodes)

    def _test(self, name: str, node: ast.Call, scope: Scope) -> ast.expr:
        make, left = TEST_MAKERS[name]
        rest = node.args[1:] if left == 0 else node.args[:-1]
        if (
            rest
            and not isinstance(node.args[left], ast.Starred)
            and all(isinstance(argument, ast.Constant) for argument in rest)
        ):
            own_name = f"_test_{len(self.tests)}"
            self.tests[own_name] = make(*(argument.value for argument in rest if isinstance(argument, ast.Constant)))
            call = ast.Call(ast.Name(own_name, ast.Load()), [self.tree(node.args[left], scope)], [])
        else:
            call = self.rebuilt(node, scope)
        return self._call("slow", call) if scope.looped else call


def _with(node: AnyNode, **fields: Any) -> AnyNode:  # noqa: ANN401 (fields of any kind)
    """Return `node` with other fields: itself where all are the same, so that an ordinary rule stays as it is."""
    same = True
    for name, value in fields.items():
        before = getattr(node, name)
        if isinstance(value, list):
            same = same and len(value) == len(before) and all(map(operator.is_, value, before))
        else:
            same = same and value is before
    return node if same else type(node)(**{**dict(ast.iter_fields(node)), **fields})


def _as_it_is(_guard: _Guard, node: ast.expr, _scope: Scope) -> ast.expr:
    return node


# What is not here needs no guard of its own, but its parts may.
_GUARDS: Mapping[type[ast.expr], Callable[[_Guard, Any, Scope], ast.expr]] = {
    ast.Constant: _as_it_is, ast.Name: _as_it_is, ast.BinOp: _Guard.operation, ast.Compare: _Guard.comparison,
    ast.Call: _Guard.called, ast.Subscript: _Guard.part, ast.JoinedStr: _Guard.text,
    ast.FormattedValue: _Guard.text_part, ast.Starred: _Guard.unpacked, ast.Set: _Guard.set_display,
    ast.List: _Guard.list_display, ast.Tuple: _Guard.list_display, ast.Dict: _Guard.dict_display,
    ast.ListComp: _Guard.comprehension, ast.SetComp: _Guard.comprehension, ast.DictComp: _Guard.comprehension,
    ast.GeneratorExp: _Guard.comprehension,
}  # fmt: skip


def _guard_of(node: ast.expr) -> str:
    """Return the name of the guard that `node` is a call of; empty when it is none."""
    guard = node.func if isinstance(node, ast.Call) else None
    is_guard = isinstance(guard, ast.Attribute) and isinstance(guard.value, ast.Name) and guard.value.id == BUDGET
    return guard.attr if is_guard and isinstance(guard, ast.Attribute) else ""
