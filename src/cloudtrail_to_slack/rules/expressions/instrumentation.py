"""Putting guards into an expression where an operation could make too much, and nowhere else. Pure.

What could: operations that multiply, loops inside loops, and what is collected. Comparing, searching and changing the
values of an event takes as much as the event is large and runs as it is written, unless an expression does so more than
a few times: then all that it makes is charged. What only takes long is ended by the timer.
"""

from __future__ import annotations

import ast
import operator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar, Union

from cloudtrail_to_slack.rules.expressions.functions import TEST_MAKERS
from cloudtrail_to_slack.rules.expressions.walking import walk

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

BUDGET = "_budget"  # no rule can say this name: it begins with an underscore
# How often an expression makes strings, uses patterns or compares without guards.
_FEW_MAKERS, _FEW_PATTERNS, _MANY_COMPARISONS = 8, 2, 100
_SHORT = 100

_OPERATORS: Mapping[type[ast.operator], str] = {
    ast.Mult: "multiply", ast.Pow: "power", ast.LShift: "shift", ast.Mod: "modulo", ast.Add: "add",
}  # fmt: skip
_ON_SETS = (ast.Sub, ast.BitOr, ast.BitAnd, ast.BitXor)
_COLLECTING = frozenset(
    {"list", "tuple", "sorted", "set", "dict", "sum", "difference", "intersection", "union", "isdisjoint", "issubset",
     "issuperset"}
)  # fmt: skip
_CONSUMING = frozenset({"any", "all", "sum", "max", "min"})  # of a generator they keep nothing but an element
_FROM_END = frozenset({"rfind", "rindex", "rpartition", "rsplit", "strip", "lstrip", "rstrip"})
_READING = frozenset({"count", "endswith", "find", "get", "index", "items", "keys", "startswith", "values"})


Node = TypeVar("Node", bound=ast.AST)
Loop = Union[ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp]


@dataclass
class Instrumented:
    """An expression with its guards.

    `budgeted`: it has guards, which need the evaluation's budget under the name `BUDGET`. `tests` are the tests made
    from constant patterns and networks, by the names under which it calls them.
    """

    body: ast.expr
    budgeted: bool = False
    tests: dict[str, Callable[[object], bool]] = field(default_factory=dict)


def instrument(body: ast.expr) -> Instrumented:
    """Return a checked expression with its guards; `body` itself stays as it is."""
    result = Instrumented(body)
    result.body = _Guard(result).tree(body)
    return result


class _Guard:
    """`leaves` are the variables that hold an event's keys and values, or a rule's constants."""

    def __init__(self, result: Instrumented) -> None:
        self.result = result
        self.leaves: frozenset[str] = frozenset()
        self.looped = False
        nodes = list(walk(result.body))
        self.busy = sum(map(_makes, nodes)) > _FEW_MAKERS
        self.long = sum(isinstance(node, ast.Compare) for node in nodes) > _MANY_COMPARISONS
        self.scans = sum(_called(node) in TEST_MAKERS for node in nodes) > _FEW_PATTERNS

    def tree(self, node: Any) -> Any:  # noqa: ANN401 (a part of a node, of any kind)
        """Return `node`, or a list of nodes, with guards: itself where it needs none."""
        if isinstance(node, list):
            new = [self.tree(part) for part in node]
            return node if all(map(operator.is_, new, node)) else new
        guard = _GUARDS.get(type(node))
        return guard(self, node) if guard else self.rebuilt(node) if isinstance(node, ast.AST) else node

    def rebuilt(self, node: Node, **given: Any) -> Node:  # noqa: ANN401 (fields of any kind)
        """Return `node` with guards in its parts; those that are `given` are taken as they are."""
        fields = {name: given.get(name) or self.tree(part) for name, part in ast.iter_fields(node)}
        return node if all(fields[name] is getattr(node, name) for name in fields) else type(node)(**fields)

    def call(self, name: str, *args: ast.expr, like: ast.Call | None = None) -> ast.Call:
        """Return a call of a guard; with `like`, one that gets the arguments of that call too."""
        self.result.budgeted = True
        guard = ast.Attribute(ast.Name(BUDGET, ast.Load()), name, ast.Load())
        return ast.Call(guard, [*args, *(like.args if like else [])], like.keywords if like else [])

    def made(self, node: ast.expr, *, when: bool) -> ast.expr:
        """Charge what `node` makes, when that counts."""
        return self.call("made", node) if when else node

    def operation(self, node: ast.BinOp) -> ast.expr:
        """Guard `+` and its like."""
        name = _OPERATORS.get(type(node.op))
        small = _is_small(node.left) and (_is_small(node.right) or name == "modulo")
        if name in ("power", "shift") or (name and not small and (name != "add" or self.busy or self.looped)):
            return self.call(name, self.tree(node.left), self.tree(node.right))
        if not (isinstance(node.op, _ON_SETS) and _may_be_set(node.left) and _may_be_set(node.right)):
            return self.rebuilt(node)
        left, right = (self.call("fed", self.tree(side)) for side in (node.left, node.right))
        return self.made(ast.BinOp(left, node.op, right), when=True)

    def part(self, node: ast.Subscript) -> ast.expr:
        """Guard `value[…:…]`."""
        return self.made(self.rebuilt(node), when=self.busy and isinstance(node.slice, ast.Slice))

    def text_part(self, node: ast.FormattedValue) -> ast.expr:
        """Guard what stands in braces in an f-string; its format is constant."""
        value = self.made(self.shown(node.value), when=self.busy)
        return self.rebuilt(node, value=value, format_spec=node.format_spec)

    def comparison(self, node: ast.Compare) -> ast.expr:
        """Guard comparisons where there are many: the timer ends an evaluation where something is called."""
        return self.made(self.rebuilt(node), when=self.long)

    def shown(self, node: ast.expr) -> ast.expr:
        """Guard what is written out as a string."""
        value: ast.expr = self.tree(node)
        return value if self.is_leaf(node) else self.call("shown", value)

    def unpacked(self, node: ast.Starred) -> ast.expr:
        """Guard `*value`."""
        return ast.Starred(self.call("loop", self.tree(node.value)), node.ctx)

    def display(self, node: ast.List | ast.Tuple | ast.Set | ast.Dict) -> ast.expr:
        """Guard a collection that is written out."""
        parts = [*node.keys, *node.values] if isinstance(node, ast.Dict) else node.elts
        return self.made(self.rebuilt(node), when=not all(part and self.is_leaf(part) for part in parts))

    def comprehension(self, node: Loop, *, collects: bool = True) -> ast.expr:
        """Guard a comprehension or generator expression; `collects`: its elements are kept."""
        before = self.leaves, self.looped
        generators = []
        for each in node.generators:
            given = _is_given(each.iter)
            iterable = self.tree(each.iter)
            iterable = iterable if given and not self.looped else self.call("loop", iterable)
            bound = {part.id for part in walk(each.target) if isinstance(part, ast.Name)}
            self.leaves, self.looped = self.leaves | bound if given else self.leaves - bound, True
            generators.append(ast.comprehension(each.target, iterable, self.tree(each.ifs), each.is_async))
        parts = (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,)
        made = [self.made(self.tree(part), when=collects and not _is_number(part)) for part in parts]
        self.leaves, self.looped = before
        if isinstance(node, ast.DictComp):
            return ast.DictComp(made[0], made[1], generators)
        return type(node)(made[0], generators)

    def called(self, node: ast.Call) -> ast.expr:
        """Guard a call."""
        name = _called(node)
        if name == "isinstance":  # its second argument names types, which are nothing to guard
            return self.rebuilt(node, args=[self.tree(node.args[0]), *node.args[1:]])
        if name in _CONSUMING and len(node.args) == 1 and isinstance(node.args[0], ast.GeneratorExp):
            return self.rebuilt(node, args=[self.comprehension(node.args[0], collects=False)])
        if name == "str" and not (len(node.args) == 1 and self.is_leaf(node.args[0])):
            return self.made(self.rebuilt(node, args=list(map(self.shown, node.args))), when=True)
        call = self.rebuilt(node)
        if name in TEST_MAKERS:
            return self.test(name, call)
        if name in _COLLECTING:
            return self.collected(name, call)
        return (
            self.method(name, node, call) if isinstance(node.func, ast.Attribute) else self.function(name, node, call)
        )

    def function(self, name: str, node: ast.Call, call: ast.Call) -> ast.expr:
        """Guard a call of a function that makes a number or an iterator; `node` is what was written."""
        several = len(node.args) + len(node.keywords) > 1
        if name in ("int", "round") and several:
            return self.call("digits", call.func, like=call)
        if name == "json_loads" or (name == "range" and not _is_given(node)):
            return self.call("bounded_range" if name == "range" else "from_json", like=call)
        return call

    def method(self, name: str, node: ast.Call, call: ast.Call) -> ast.expr:
        """Guard a call of a method; `node` is what was written."""
        if name == "join" or (name == "replace" and not _shrinks(node.args)):
            return self.call(name, call.func, like=call)
        plain = all(isinstance(arg, ast.Constant) and len(str(arg.value)) <= _SHORT for arg in node.args)
        if name in _FROM_END and not (plain and not node.keywords):
            return self.made(self.call("from_end", call.func, like=call), when=True)
        return self.made(call, when=self.busy and name not in _READING)

    def collected(self, name: str, call: ast.Call) -> ast.expr:
        """Guard what makes a collection, or looks at all elements of one, in one go."""
        only = call.args[0] if len(call.args) == 1 and not call.keywords else None
        if (name == "sum" and only) or (only and _is_given(only) and not (self.looped or self.busy)):
            return call
        fed: list[ast.expr] = [arg if isinstance(arg, ast.Starred) else self.call("fed", arg) for arg in call.args]
        args = (
            [*fed[:1], *call.args[1:]] if name == "sum" else fed
        )  # what a sum starts with is no collection of its own
        return self.made(ast.Call(call.func, args, call.keywords), when=True)

    def test(self, name: str, call: ast.Call) -> ast.expr:
        """Guard a call of a test, which is made beforehand where all but what it tests is constant."""
        make, left = TEST_MAKERS[name]
        rest = call.args[1:] if left == 0 else call.args[:-1]
        constants = [argument.value for argument in rest if isinstance(argument, ast.Constant)]
        if rest and len(constants) == len(rest) and not isinstance(call.args[left], ast.Starred):
            own_name = f"_test_{len(self.result.tests)}"
            self.result.tests[own_name] = make(*constants)
            call = ast.Call(ast.Name(own_name, ast.Load()), [call.args[left]], [])
        return self.call("scan", call.func, like=call) if (self.looped or self.scans) and name != "ip_in" else call

    def is_leaf(self, node: ast.expr) -> bool:
        """Whether `node` is no collection for sure: a constant, a value of the event, or the string of one."""
        if isinstance(node, ast.Name):
            return node.id in self.leaves
        if isinstance(node, ast.Subscript):
            return _is_event(node.value)
        if _called(node) in ("get", "str") and isinstance(node, ast.Call) and not node.keywords:
            of_event = isinstance(node.func, ast.Name) or (
                isinstance(node.func, ast.Attribute) and _is_event(node.func.value)
            )
            return of_event and all(map(self.is_leaf, node.args))
        return isinstance(node, (ast.Constant, ast.JoinedStr, ast.Compare))


def _called(node: ast.AST) -> str:
    """Return the name of the function or method that `node` calls; empty where it is no call."""
    func = node.func if isinstance(node, ast.Call) else None
    return str(getattr(func, "id", "") or getattr(func, "attr", ""))


def _makes(node: ast.AST) -> bool:
    """Whether `node` makes a string or collection that is as large as what it is made of."""
    if isinstance(node, ast.Call):
        return _called(node) in _COLLECTING or (isinstance(node.func, ast.Attribute) and node.func.attr not in _READING)
    return isinstance(node, (ast.Slice, ast.FormattedValue)) or (
        isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add)
    )


def _is_event(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id == "event"


def _is_given(node: ast.expr) -> bool:
    """Whether `node` is the event, its keys or values, constants that are written out, or a short range."""
    if isinstance(node, (ast.List, ast.Tuple, ast.Set)):
        return all(isinstance(part, ast.Constant) for part in node.elts)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "range":
        numbers = [part.value for part in node.args if isinstance(part, ast.Constant) and isinstance(part.value, int)]
        return len(numbers) == len(node.args) and all(abs(number) < _SHORT for number in numbers)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return node.func.attr in ("items", "keys", "values") and _is_event(node.func.value)
    return _is_event(node)


def _may_be_set(node: ast.expr) -> bool:
    """Whether `node` may give a set, or something that can be combined with one."""
    if isinstance(node, ast.BinOp):
        return isinstance(node.op, _ON_SETS) and _may_be_set(node.left)
    return not isinstance(node, (ast.Constant, ast.JoinedStr, ast.Compare, ast.UnaryOp, ast.Subscript))


def _is_small(node: ast.expr) -> bool:
    """Whether `node` is a number with which arithmetic takes no time."""
    return isinstance(node, ast.Constant) and isinstance(node.value, (int, float)) and abs(node.value) < 2**64


def _is_number(node: ast.expr) -> bool:
    """Whether `node` gives a number or boolean for sure."""
    return _is_small(node) or isinstance(node, ast.Compare) or _called(node) in ("len", "any", "all", *TEST_MAKERS)


def _shrinks(args: list[ast.expr]) -> bool:
    """Whether `replace(…)` with these arguments gives no more than there was."""
    texts = [argument.value for argument in args[:2] if isinstance(argument, ast.Constant)]
    return len(texts) > 1 and all(isinstance(text, str) for text in texts) and len(str(texts[1])) <= len(str(texts[0]))


# What is not here needs no guard of its own, but its parts may.
_GUARDS: Mapping[type[ast.AST], Callable[[_Guard, Any], ast.expr]] = {
    ast.BinOp: _Guard.operation, ast.Call: _Guard.called, ast.Subscript: _Guard.part, ast.Compare: _Guard.comparison,
    ast.FormattedValue: _Guard.text_part, ast.Starred: _Guard.unpacked, ast.Set: _Guard.display,
    ast.List: _Guard.display, ast.Tuple: _Guard.display, ast.Dict: _Guard.display, ast.ListComp: _Guard.comprehension,
    ast.SetComp: _Guard.comprehension, ast.DictComp: _Guard.comprehension, ast.GeneratorExp: _Guard.comprehension,
}  # fmt: skip
