"""Insert guards into an expression, at operations whose result can be much larger than their input. Pure.

Python handles signals only at calls and loops, so a long expression without either gets calls for the timer.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Mapping
from typing import Any, NamedTuple

from cloudtrail_to_slack.rules.expressions import guards
from cloudtrail_to_slack.rules.expressions.functions import TEST_MAKERS, Test
from cloudtrail_to_slack.rules.expressions.syntax import call_of, walk

_SHORT = 100  # characters
_FEW_DIGITS = 4
_OPERATORS: Mapping[type[ast.operator], str] = {
    ast.Mult: "multiply", ast.Pow: "power", ast.LShift: "shift", ast.Mod: "modulo",
}  # fmt: skip
_ON_SETS = (ast.Sub, ast.BitOr, ast.BitAnd, ast.BitXor)
_HASHING = frozenset({"set", "dict", "difference", "intersection", "union", "isdisjoint", "issubset", "issuperset"})
_FEW = 16  # operations without a call, each of which may copy a string
_LITERALS = (ast.Constant, ast.JoinedStr, ast.Compare, ast.UnaryOp, ast.Subscript)  # none of them returns a set
_CALLS = {
    "join": "join", "replace": "replace", "int": "digits", "round": "digits", "range": "bounded_range",
    **dict.fromkeys(("rfind", "rindex", "rpartition", "rsplit", "strip", "lstrip", "rstrip"), "from_end"),
}  # fmt: skip
_GUARDED_CALLS = frozenset({*_CALLS, *_HASHING, *TEST_MAKERS})
_GUARDED_OPERATORS = (*_OPERATORS, *_ON_SETS)
# The names of the guards in an expression. No rule can use them, because they begin with an underscore.
_NAMES = (*_OPERATORS.values(), *_CALLS.values(), "one_by_one", "reached")
GUARDS: Mapping[str, Any] = {f"_{name}": getattr(guards, name) for name in _NAMES}


class Guarded(NamedTuple):
    """An expression with guards, and by name the tests that were made from its constant patterns and networks."""

    body: ast.expr
    may_take_long: bool  # it has guards or loops inside loops, so it needs the timer
    tests: Mapping[str, Test]


def guarded(body: ast.expr) -> Guarded:
    """Return a checked expression with guards; `body` itself is not changed."""
    nodes = [node for node, _ in walk(body)]
    loops = sum(isinstance(node, ast.comprehension) for node in nodes)
    is_long = sum(map(_copies, nodes)) > _FEW
    transformer, new = _Transformer(is_long=is_long), body
    if is_long or any(map(may_need_guard, nodes)):  # most rules need none, and copying them takes time
        new = transformer.visit(copy.deepcopy(body))
    is_changed = transformer.guards or transformer.tests
    return Guarded(new if is_changed else body, transformer.guards > 0 or loops > 1, transformer.tests)


class _Transformer(ast.NodeTransformer):
    """Replaces operations and calls with guards, which it counts, and with tests that are made beforehand."""

    def __init__(self, *, is_long: bool) -> None:
        self.guards = 0
        self.tests: dict[str, Test] = {}
        self._is_long = is_long

    def _guard(self, name: str, *args: ast.expr, like: ast.Call | None = None) -> ast.Call:
        """Return a call of a guard; with `like`, the arguments of that call are added."""
        self.guards += 1
        more, keywords = (like.args, like.keywords) if like else ([], [])
        return ast.Call(ast.Name(f"_{name}", ast.Load()), [*args, *more], keywords)

    def visit(self, node: ast.AST) -> Any:  # noqa: ANN401 (as the base)
        """Guard a node and what is in it."""
        copies = self._is_long and _copies(node)
        new = super().visit(node)
        if copies and isinstance(new, ast.Starred):
            new.value = self._guard("reached", new.value)
            return new
        return self._guard("reached", new) if copies else new

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.expr:
        """Guard an f-string of many parts."""
        self.generic_visit(node)
        if len(node.values) <= _FEW:
            return node
        parts: list[ast.expr] = [ast.JoinedStr([part]) for part in node.values]
        return self._guard("join", ast.Attribute(ast.Constant(""), "join", ast.Load()), ast.Tuple(parts, ast.Load()))

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        """Guard `*`, `**`, `<<`, `%`, and operators of sets."""
        name = _OPERATORS.get(type(node.op))
        small = _is_small(node.left) and ((name == "multiply" and _is_small(node.right)) or name == "modulo")
        sets = isinstance(node.op, _ON_SETS) and _may_be_set(node.left) and _may_be_set(node.right)
        self.generic_visit(node)
        if name and not small:
            return self._guard(name, node.left, node.right)
        if sets:
            node.left, node.right = self._guard("one_by_one", node.left), self._guard("one_by_one", node.right)
        return node

    def visit_Call(self, node: ast.Call) -> ast.expr:
        """Guard functions and methods, and make tests of constant patterns beforehand."""
        call = call_of(node)
        if call.function == "isinstance":  # its second argument names types, joined by `|`
            node.args[0] = self.visit(node.args[0])
            return node
        self.generic_visit(node)
        arguments = [*node.args, *(word.value for word in node.keywords)]
        constants = [str(argument.value) for argument in arguments if isinstance(argument, ast.Constant)]
        is_short = len(constants) == len(arguments) and all(len(constant) <= _SHORT for constant in constants)
        is_harmless = {
            "replace": _shrinks(node.args), "from_end": is_short, "digits": len(arguments) == 1,
            "bounded_range": is_short and len("".join(constants)) < _FEW_DIGITS,
        }  # fmt: skip
        guard = _CALLS.get(call.name)
        if guard and not is_harmless.get(guard):
            return self._guard(guard, node.func, like=node)
        if call.function in TEST_MAKERS:
            return self._test(call.function, node)
        if call.name in _HASHING:
            node.args = [arg if isinstance(arg, ast.Starred) else self._guard("one_by_one", arg) for arg in node.args]
        return node

    def _test(self, name: str, node: ast.Call) -> ast.Call:
        """Return a call of a test; it is made beforehand if all arguments but the tested value are constant."""
        make, left = TEST_MAKERS[name]
        rest = node.args[1:] if left == 0 else node.args[:-1]
        constants = [argument.value for argument in rest if isinstance(argument, ast.Constant)]
        if not rest or len(constants) < len(rest) or isinstance(node.args[left], ast.Starred):
            return node
        own = ast.Name(f"_test_{len(self.tests)}", ast.Load())
        self.tests[own.id] = make(*constants)
        return ast.Call(own, [node.args[left]], [])


def may_need_guard(node: ast.AST) -> bool:
    """Return whether a part of an expression may return much more than it gets, or take long."""
    if isinstance(node, ast.Call):
        return call_of(node).name in _GUARDED_CALLS
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.BinOp) and isinstance(node.op, _GUARDED_OPERATORS))


def _copies(node: ast.AST) -> bool:
    """Whether `node` reads or copies a whole string without a call."""
    if isinstance(node, (ast.BinOp, ast.Subscript)):
        return isinstance(getattr(node, "op", None), ast.Add) or isinstance(getattr(node, "slice", None), ast.Slice)
    texts = isinstance(node, ast.JoinedStr) and not all(isinstance(part, ast.Constant) for part in node.values)
    return texts or isinstance(node, (ast.Compare, ast.Starred))


def _may_be_set(node: ast.expr) -> bool:
    """Whether `node` may return a set, or something that can be combined with one."""
    if isinstance(node, ast.BinOp):
        return isinstance(node.op, _ON_SETS) and _may_be_set(node.left)
    return not isinstance(node, _LITERALS)


def _is_small(node: ast.expr) -> bool:
    """Whether `node` is a number with which arithmetic takes no time."""
    return isinstance(node, ast.Constant) and isinstance(node.value, (int, float)) and abs(node.value) < 2**64


def _shrinks(args: list[ast.expr]) -> bool:
    """Whether `replace(…)` with these arguments never makes a string longer."""
    strings: list[Any] = [argument.value for argument in args[:2] if isinstance(argument, ast.Constant)]
    return len(strings) > 1 and all(type(part) is str for part in strings) and len(strings[1]) <= len(strings[0])
