"""Going through the parts of an expression, and quickly: hundreds may be read at a cold start. Pure."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_NO_PARTS = frozenset({"ctx", "op", "ops", "kind", "id", "attr", "arg", "n", "s"})  # of a node: its marks and words


def walk(node: ast.AST) -> Iterator[tuple[ast.AST, int]]:
    """Yield `node` and everything in it, with how deep it is in there; no recursion, for it may be any depth."""
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
