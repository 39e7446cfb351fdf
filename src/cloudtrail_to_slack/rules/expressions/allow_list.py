"""What a rule may consist of: the list of what is allowed, and nothing that is not on it. Pure."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cloudtrail_to_slack.rules.expressions.functions import FUNCTIONS, KEY_FUNCTIONS, METHODS, TEST_MAKERS, TYPES
from cloudtrail_to_slack.rules.expressions.guards import WIDE
from cloudtrail_to_slack.rules.expressions.limits import (
    MAX_EXPRESSION_DEPTH,
    MAX_EXPRESSION_NODES,
    MAX_FORMAT_WIDTH,
)
from cloudtrail_to_slack.rules.expressions.walking import walk
from cloudtrail_to_slack.rules.lint import linter as mistakes
from cloudtrail_to_slack.rules.lint.linter import RefusalError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

_ALLOWED = (
    ast.Constant, ast.Name, ast.Compare, ast.BoolOp, ast.UnaryOp, ast.BinOp, ast.IfExp, ast.Subscript, ast.Slice,
    ast.Call, ast.keyword, ast.Attribute, ast.List, ast.Tuple, ast.Set, ast.Dict, ast.Starred, ast.JoinedStr,
    ast.FormattedValue, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.comprehension,
)  # fmt: skip
_REFUSED: Mapping[str, str] = {
    "Lambda": "a lambda, which a rule may not; write what it does in a comprehension, or key=len",
    "NamedExpr": "an assignment (:=), which a rule may not; write the value where it is used, or == to compare",
    "Await": "await, which a rule may not",
    "Yield": "yield, which a rule may not",
    "YieldFrom": "yield, which a rule may not",
    "TemplateStr": "a template string, which a rule may not; write an f-string",
}
_MANY_DIGITS = 10
_LITERALS = (str, int, float, bool, type(None))
_FORMAT_SPEC = re.compile(
    r"(?:.?[<>=^])?[-+ ]?z?#?0?(?P<width>[0-9]*)[,_]?(?:\.(?P<precision>[0-9]+))?[bcdeEfFgGnosxX%]?", re.DOTALL
)
# How many arguments the functions take that Python itself does not have.
_ARGUMENTS = {"re_search": 2, "re_match": 2, "re_fullmatch": 2, "glob": 2, "json_loads": 1, "isinstance": 2}
_USES = {
    "re_search": "re_search(pattern, text)",
    "re_match": "re_match(pattern, text)",
    "re_fullmatch": "re_fullmatch(pattern, text)",
    "glob": "glob(pattern, text)",
    "ip_in": 'ip_in(text, "10.0.0.0/8", …)',
    "json_loads": "json_loads(text)",
    "isinstance": "isinstance(value, str)",
}


@dataclass(frozen=True)
class _Names:
    """The variables of an expression's own comprehensions, and the nodes (by id) where a function may be named."""

    own: set[str]
    called: set[int]


def check(tree: ast.Expression) -> None:
    """Check that an expression uses only what a rule may use.

    Raises:
        RefusalError: it does not; with the first place in the expression that is not allowed.
    """
    nodes = _parts(tree)
    names = _Names(_variables(nodes), _function_places(nodes))
    for node in nodes:
        if not isinstance(node, _ALLOWED):
            what = _REFUSED.get(type(node).__name__, "something that a rule may not")
            raise RefusalError(node, f"uses {what}")
        check_node = _CHECKS.get(type(node))
        if check_node:
            check_node(node, names)


def _parts(tree: ast.Expression) -> list[ast.AST]:
    """Return all parts of an expression, in the order in which they are read."""
    nodes = []
    counted = 0
    for node, depth in walk(tree.body):
        if depth > MAX_EXPRESSION_DEPTH:
            raise RefusalError(node, f"is nested more than {MAX_EXPRESSION_DEPTH} levels deep; write it flatter")
        counted += type(node) is not ast.Constant
        if counted > MAX_EXPRESSION_NODES:
            raise RefusalError(node, f"has more than {MAX_EXPRESSION_NODES:,} parts; make several rules of it")
        nodes.append(node)
    return nodes


def _variables(nodes: Iterable[ast.AST]) -> set[str]:
    return {node.id for node in nodes if type(node) is ast.Name and type(node.ctx) is ast.Store}


def _function_places(nodes: Iterable[ast.AST]) -> set[int]:
    """Return the nodes that name a function where one may stand: called, as a key, or as a type for isinstance."""
    allowed: set[int] = set()
    for node in nodes:
        if not isinstance(node, ast.Call):
            continue
        allowed.add(id(node.func))
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name in ("sorted", "min", "max"):
            allowed |= {
                id(word.value)
                for word in node.keywords
                if word.arg == "key" and isinstance(word.value, ast.Name) and word.value.id in KEY_FUNCTIONS
            }
        if name == "isinstance" and len(node.args) == _ARGUMENTS["isinstance"]:
            allowed |= set(map(id, _types(node.args[1])))
    return allowed


def _types(node: ast.expr) -> Iterator[ast.expr]:
    """Yield the parts of the second argument of isinstance: `str`, `(str, int)` or `str | int`."""
    waiting = list(node.elts) if isinstance(node, ast.Tuple) else [node]
    while waiting:
        part = waiting.pop()
        if isinstance(part, ast.BinOp) and isinstance(part.op, ast.BitOr):
            waiting += [part.left, part.right]
        elif isinstance(part, ast.Name) and part.id in TYPES:
            yield part


def _check_constant(node: ast.Constant, _names: _Names) -> None:
    if type(node.value) not in _LITERALS:
        kind = "..." if node.value is ... else type(node.value).__name__
        raise RefusalError(node, f"uses {kind}, which no event holds; write text or a number")


def _check_keyword(node: ast.keyword, _names: _Names) -> None:
    if node.arg is None:
        raise RefusalError(node, "uses ** in a call, which a rule may not; write the arguments out")
    if node.arg.startswith("_"):
        raise RefusalError(node, f"uses the name {node.arg}, which a rule may not")


def _check_comprehension(node: ast.comprehension, _names: _Names) -> None:
    if node.is_async:
        raise RefusalError(node.target, "uses async, which a rule may not")
    _check_target(node.target)


def _check_text(node: ast.JoinedStr, _names: _Names) -> None:
    for part in node.values:
        if isinstance(part, ast.FormattedValue) and isinstance(part.format_spec, ast.JoinedStr):
            _check_format_spec(part.format_spec)


def _check_subscript(node: ast.Subscript, _names: _Names) -> None:
    mistakes.check_nested_key(node)


def _check_name(node: ast.Name, names: _Names) -> None:
    name = node.id
    if name.startswith("_"):
        raise RefusalError(node, f"uses the name {name}, which a rule may not")
    if name in names.own and (name == "event" or name in FUNCTIONS):
        raise RefusalError(node, f"gives {name} another meaning; call the variable something else")
    if name == "event" or name in names.own:
        return
    if name not in FUNCTIONS:
        raise RefusalError(node, mistakes.unknown_name(name))
    if id(node) not in names.called:
        raise RefusalError(node, f"uses {name} without calling it, which a rule may not; write {name}(…)")


def _check_attribute(node: ast.Attribute, names: _Names) -> None:
    if node.attr.startswith("_") or node.attr not in METHODS:
        raise mistakes.refused_attribute(node, is_called=id(node) in names.called)
    if isinstance(node.value, ast.Name) and node.value.id in FUNCTIONS:
        raise RefusalError(node, f"uses .{node.attr} of {node.value.id}; call it on a value: value.{node.attr}(…)")
    if id(node) not in names.called:
        raise RefusalError(node, f"uses .{node.attr} without calling it, which a rule may not; write .{node.attr}(…)")


def _check_call(node: ast.Call, names: _Names) -> None:
    if isinstance(node.func, ast.Attribute):
        if any(isinstance(argument, ast.Starred) for argument in node.args):
            raise RefusalError(node, f"uses * in a call of .{node.func.attr}; write the arguments out")
        mistakes.check_nested_get(node)
        return
    if not isinstance(node.func, ast.Name) or node.func.id in names.own:
        raise RefusalError(node.func, "calls a value, which a rule may not; only functions and methods have names")
    name = node.func.id
    if name in _USES and name in FUNCTIONS:
        starred = any(isinstance(argument, ast.Starred) for argument in node.args)
        fits = len(node.args) == _ARGUMENTS[name] if name in _ARGUMENTS else len(node.args) > 1 or starred
        if node.keywords or not (fits or starred):
            raise RefusalError(node, f"calls {name} with other arguments than it takes; write {_USES[name]}")
    if name == "isinstance":
        types = node.args[1]
        named = sum(1 for part in ast.walk(types) if isinstance(part, ast.Name))
        if not named or named != len(list(_types(types))):
            raise RefusalError(types, f"tests for a type that is none of {', '.join(sorted(TYPES))}")
    if name in TEST_MAKERS:
        _check_constants(name, node)


def _check_constants(name: str, node: ast.Call) -> None:
    """Check patterns and networks that stand in the rule itself."""
    make, left = TEST_MAKERS[name]
    for argument in node.args[1:] if left == 0 else node.args[:-1]:
        if isinstance(argument, ast.Constant):
            try:
                make(argument.value)
            except (TypeError, ValueError) as error:
                raise RefusalError(argument, f"calls {name} with what it cannot use: {error}") from None


def _check_target(target: ast.expr) -> None:
    """Check that a comprehension binds names alone: `for event["x"] in …` would write into the event."""
    waiting = [target]
    while waiting:
        node = waiting.pop()
        if isinstance(node, (ast.Tuple, ast.List)):
            waiting.extend(node.elts)
        elif isinstance(node, ast.Starred):
            waiting.append(node.value)
        elif not isinstance(node, ast.Name):
            raise RefusalError(node, "uses a variable that is no name, which a rule may not")


def _check_format_spec(spec: ast.JoinedStr) -> None:
    texts = [part.value for part in spec.values if isinstance(part, ast.Constant)]
    if len(texts) != len(spec.values):
        raise RefusalError(spec, "uses a format that is not written out, which a rule may not; write the format itself")
    match = _FORMAT_SPEC.fullmatch("".join(map(str, texts)))
    sizes = [int(size) for size in match.groupdict().values() if size and len(size) < _MANY_DIGITS] if match else []
    short = match and all(len(size or "") < _MANY_DIGITS for size in match.groupdict().values())
    if not short or any(size > MAX_FORMAT_WIDTH for size in sizes):
        limit = f"width and precision up to {MAX_FORMAT_WIDTH:,}"
        raise RefusalError(spec, f"uses a format that a rule may not; known are fill, alignment, sign, {limit}, type")


def _check_operator(node: ast.BinOp, _names: _Names) -> None:
    if isinstance(node.op, ast.MatMult):
        raise RefusalError(node, "uses the operator @, which a rule may not")
    template = node.left.value if isinstance(node.left, ast.Constant) else None
    if isinstance(node.op, ast.Mod) and isinstance(template, str) and WIDE.search(template):
        raise RefusalError(node.left, f"asks for a width over {MAX_FORMAT_WIDTH:,}, or one that is not written out")


_CHECKS: Mapping[type[ast.AST], Callable[[Any, _Names], None]] = {
    ast.Constant: _check_constant, ast.Name: _check_name, ast.Attribute: _check_attribute, ast.Call: _check_call,
    ast.keyword: _check_keyword, ast.comprehension: _check_comprehension, ast.JoinedStr: _check_text,
    ast.BinOp: _check_operator, ast.Subscript: _check_subscript,
}  # fmt: skip
