"""Going through the parts of an expression, and quickly: hundreds may be read at a cold start. Pure."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_NO_PARTS = frozenset({"ctx", "op", "ops", "kind", "id", "attr", "arg", "n", "s"})  # of a node: its marks and words


def children(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the parts of `node` that are nodes themselves, in order; not what only marks it, as `+` does."""
    if type(node) in (ast.Constant, ast.Name):
        return
    for name in node._fields:
        if name in _NO_PARTS:
            continue
        value = getattr(node, name, None)
        if isinstance(value, ast.AST):
            yield value
        elif isinstance(value, list):
            for part in value:
                if isinstance(part, ast.AST):
                    yield part


def walk(node: ast.AST) -> Iterator[ast.AST]:
    """Yield `node` and everything in it, in the order in which things are read."""
    for part, _ in walk_deep(node):
        yield part


def walk_deep(node: ast.AST) -> Iterator[tuple[ast.AST, int]]:
    """Yield `node` and everything in it, with how deep it is in there; no recursion, for it may be any depth."""
    waiting = [(node, 1)]
    while waiting:
        part, depth = waiting.pop()
        yield part, depth
        parts = [(child, depth + 1) for child in children(part)]
        parts.reverse()
        waiting += parts
