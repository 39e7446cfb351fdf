"""Which field of the event a part of an expression reads. Pure."""

from __future__ import annotations

import ast
from typing import NamedTuple


class FieldRead(NamedTuple):
    """A read of one field: `event["name"]`, `event.get("name")` or `event.get("name", default)`.

    `key` is the node of the name. `raises`: it raises where the event has no such field. `default` is the node of the
    default; None where there is none.
    """

    name: str
    key: ast.Constant
    raises: bool
    default: ast.expr | None = None

    @property
    def is_constant(self) -> bool:
        """Whether it depends on this field alone: a default may read others."""
        return self.default is None or isinstance(self.default, ast.Constant)


def field_read(node: ast.AST) -> FieldRead | None:
    """Return the read that `node` is; None when it is none, or when its key is not written out."""
    if isinstance(node, ast.Subscript) and is_event(node.value):
        key = string_constant(node.slice)
        return FieldRead(str(key.value), key, raises=True) if key else None
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and is_event(node.func.value):
        key = string_constant(node.args[0]) if node.args else None
        if key and node.func.attr == "get" and len(node.args) in (1, 2) and not node.keywords:
            return FieldRead(str(key.value), key, raises=False, default=node.args[1] if len(node.args) > 1 else None)
    return None


def is_event(node: ast.AST) -> bool:
    """Whether `node` is the whole event."""
    return isinstance(node, ast.Name) and node.id == "event"


def string_constant(node: ast.AST) -> ast.Constant | None:
    """Return `node` if it is a string that is written out."""
    return node if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def strings(node: ast.expr) -> list[str] | None:
    """Return the string, or the strings of a collection that is written out; None when anything else is in it."""
    nodes = node.elts if isinstance(node, (ast.Tuple, ast.List, ast.Set)) else [node]
    found = [str(constant.value) for constant in map(string_constant, nodes) if constant]
    return found if len(found) == len(nodes) else None
