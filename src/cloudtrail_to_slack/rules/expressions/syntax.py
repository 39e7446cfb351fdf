"""Parse rules into syntax trees, walk them, and find the fields that they read. Pure, and for Python 3.9 too."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import NamedTuple

_NO_PARTS = frozenset({"ctx", "op", "ops", "kind", "id", "attr", "arg", "n", "s"})  # fields that hold no nodes


class FieldRead(NamedTuple):
    """A read of one field: `event["name"]`, which `raises` without it, or `event.get("name", default)`."""

    name: str
    key: ast.Constant
    raises: bool
    default: ast.expr | None = None

    @property
    def is_constant(self) -> bool:
        """Whether it depends only on this field: a default may read others."""
        return self.default is None or isinstance(self.default, ast.Constant)


class Call(NamedTuple):
    """A call of a function by its name, or of a method of `receiver`; both names are empty for anything else."""

    function: str = ""
    method: str = ""
    receiver: ast.expr | None = None
    args: Sequence[ast.expr] = ()
    keywords: Sequence[ast.keyword] = ()

    @property
    def name(self) -> str:
        """The name of the function or the method."""
        return self.function or self.method


_NO_CALL = Call()


def parse(text: str) -> ast.Expression:
    """Parse an expression, which may go over several lines as if it stood in parentheses.

    Positions in the tree are those in the text without the white space around it.

    Raises:
        SyntaxError, ValueError, RecursionError, MemoryError: it is not a Python expression.
    """
    text = text.strip()
    try:
        return ast.parse(text, "<rule>", mode="eval")
    except SyntaxError as error:
        if "\n" not in text and "\r" not in text:
            raise
        first_error = error
    try:
        tree = ast.parse(f"(\n{text}\n)", "<rule>", mode="eval")
    except SyntaxError as error:
        if error.lineno is None or not 1 < error.lineno <= len(text.splitlines()) + 1:
            raise first_error from None
        error.lineno -= 1
        raise error from None
    if tree.body.lineno == 1:  # the text closes our parenthesis itself: `a) or (b`
        raise first_error
    ast.increment_lineno(tree, -1)
    return tree


def walk(node: ast.AST) -> Iterator[tuple[ast.AST, int]]:
    """Yield `node` and all nodes in it with their depth; fast, because a cold start may read hundreds of rules."""
    waiting = [(node, 1)]
    while waiting:
        part, depth = waiting.pop()
        yield part, depth
        if type(part) in (ast.Constant, ast.Name):
            continue
        parts: list[object] = []
        for name in part._fields:
            value = None if name in _NO_PARTS else getattr(part, name, None)
            parts += value if isinstance(value, list) else [value] if value else []
        waiting += [(child, depth + 1) for child in reversed(parts) if isinstance(child, ast.AST)]


def field_read(node: ast.AST) -> FieldRead | None:
    """Return the read of a field that `node` is; None: it is none, or its key is not a literal."""
    if isinstance(node, ast.Subscript) and is_event(node.value):
        key = string_constant(node.slice)
        return FieldRead(str(key.value), key, raises=True) if key else None
    call = call_of(node)
    if call.method == "get" and is_event(call.receiver) and len(call.args) in (1, 2) and not call.keywords:
        key = string_constant(call.args[0])
        return FieldRead(str(key.value), key, False, *call.args[1:]) if key else None  # noqa: FBT003 (it is `raises`)
    return None


def call_of(node: ast.AST | None) -> Call:
    """Return the call that `node` is."""
    if isinstance(node, ast.Call):
        if isinstance(node.func, ast.Name):
            return Call(function=node.func.id, args=node.args, keywords=node.keywords)
        if isinstance(node.func, ast.Attribute):
            return Call("", node.func.attr, node.func.value, node.args, node.keywords)
    return _NO_CALL


def is_event(node: ast.AST | None) -> bool:
    """Whether `node` is the whole event."""
    return isinstance(node, ast.Name) and node.id == "event"


def string_constant(node: ast.AST) -> ast.Constant | None:
    """Return `node` if it is a string literal."""
    return node if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def strings(node: ast.expr) -> list[str] | None:
    """Return the string, or the strings of a collection of literals; None: it holds anything else."""
    nodes = node.elts if isinstance(node, (ast.Tuple, ast.List, ast.Set)) else [node]
    found = [str(constant.value) for constant in map(string_constant, nodes) if constant]
    return found if len(found) == len(nodes) else None
