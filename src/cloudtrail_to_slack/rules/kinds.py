"""What kind of value a part of an expression gives, as far as its text tells. Pure.

An event's leaves are JSON scalars, so `event.get("eventName")` is one, and so is a comprehension's variable that goes
through `event.values()`. What is known to be a scalar needs no guard where a nested collection would.
"""

import ast
from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from typing import Any

Kinds = Mapping[str, "Kind"]


class Kind(Enum):
    """A kind of value."""

    SCALAR = "a text, number, boolean or None"
    FLAT = "a collection of scalars"
    PAIRS = "a collection of flat collections"
    EVENT = "the event itself"
    ANY = "anything"


_ELEMENT = {
    Kind.SCALAR: Kind.SCALAR,  # the characters of a text
    Kind.FLAT: Kind.SCALAR,
    Kind.PAIRS: Kind.FLAT,
    Kind.EVENT: Kind.SCALAR,  # its keys
    Kind.ANY: Kind.ANY,
}
_SCALAR_FUNCTIONS = frozenset(
    {"len", "any", "all", "str", "int", "float", "bool", "abs", "round", "isinstance",
     "re_search", "re_match", "re_fullmatch", "glob", "ip_in"}
)  # fmt: skip
_FLAT_METHODS = frozenset({"split", "rsplit", "splitlines", "partition", "rpartition"})
# These give scalars or sets whatever they are called on: get, items, keys and values are all that is left.
_COLLECTION_METHODS = frozenset({"get", "items", "keys", "values", "difference", "intersection", "union"})


def kind_of(node: ast.expr, kinds: Kinds) -> Kind:
    """Return the kind of what `node` gives, `kinds` being those of the variables around it."""
    find = _FINDERS.get(type(node))
    return find(node, kinds) if find else Kind.ANY


def element_kind(node: ast.expr, kinds: Kinds) -> Kind:
    """Return the kind of the elements of what `node` gives."""
    return _ELEMENT[kind_of(node, kinds)]


def bound(target: ast.expr, iterated: Kind) -> dict[str, Kind]:
    """Return the kinds of the variables in `target`, which goes through something of the kind `iterated`."""
    return dict(_unpacked(target, _ELEMENT[iterated]))


def is_constant_display(node: ast.expr) -> bool:
    """Whether `node` is a list, tuple or set of constants, written out."""
    return isinstance(node, ast.List | ast.Tuple | ast.Set) and all(
        isinstance(element, ast.Constant) for element in node.elts
    )


def _unpacked(target: ast.expr, kind: Kind) -> Iterable[tuple[str, Kind]]:
    if isinstance(target, ast.Name):
        yield target.id, kind
    elif isinstance(target, ast.Tuple | ast.List):
        for element in target.elts:
            yield from _unpacked(element, _ELEMENT[kind])
    elif isinstance(target, ast.Starred):  # what is left over, as a list
        yield from _unpacked(target.value, _collection_of({kind}))


def _kind_of_name(node: ast.Name, kinds: Kinds) -> Kind:
    return Kind.EVENT if node.id == "event" else kinds.get(node.id, Kind.ANY)


def _kind_of_unary(node: ast.UnaryOp, kinds: Kinds) -> Kind:
    return Kind.SCALAR if isinstance(node.op, ast.Not) else kind_of(node.operand, kinds)


def _kind_of_display(node: ast.List | ast.Tuple | ast.Set, kinds: Kinds) -> Kind:
    return _collection_of({kind_of(element, kinds) for element in node.elts})


def _kind_of_comprehension(node: ast.ListComp | ast.SetComp | ast.GeneratorExp, kinds: Kinds) -> Kind:
    inner: dict[str, Kind] = dict(kinds)
    for generator in node.generators:
        inner |= bound(generator.target, kind_of(generator.iter, inner))
    return _collection_of({kind_of(node.elt, inner)})


def _kind_of_part(node: ast.Subscript, kinds: Kinds) -> Kind:
    whole = kind_of(node.value, kinds)
    return whole if isinstance(node.slice, ast.Slice) and whole is not Kind.EVENT else _ELEMENT[whole]


def _kind_of_call(node: ast.Call, kinds: Kinds) -> Kind:
    if isinstance(node.func, ast.Attribute):
        return _kind_of_method(node, node.func, kinds)
    name = node.func.id if isinstance(node.func, ast.Name) else ""
    if name in _SCALAR_FUNCTIONS:
        return Kind.SCALAR
    if name == "range":
        return Kind.FLAT
    given = [kind_of(argument, kinds) for argument in node.args]  # once: looking twice at each level would double
    elements = {_ELEMENT[kind] for kind in given}
    if name in ("sorted", "list", "tuple", "set"):
        return _collection_of(elements)
    if name in ("enumerate", "zip"):
        return Kind.PAIRS if elements == {Kind.SCALAR} else Kind.ANY
    if name in ("min", "max"):
        return _scalar_if((set(given) if len(given) > 1 else elements) == {Kind.SCALAR}, node.keywords)
    return Kind.ANY


def _kind_of_method(node: ast.Call, method: ast.Attribute, kinds: Kinds) -> Kind:
    if method.attr in _FLAT_METHODS:
        return Kind.FLAT
    if method.attr not in _COLLECTION_METHODS:
        return Kind.SCALAR
    if kind_of(method.value, kinds) is not Kind.EVENT:
        return Kind.ANY
    if method.attr == "get":
        return _scalar_if(_all_scalar(node.args[1:], kinds), node.keywords)
    return Kind.PAIRS if method.attr == "items" else Kind.FLAT


def _collection_of(elements: set[Kind]) -> Kind:
    if elements <= {Kind.SCALAR}:
        return Kind.FLAT
    return Kind.PAIRS if elements <= {Kind.SCALAR, Kind.FLAT} else Kind.ANY


def _common(nodes: Iterable[ast.expr], kinds: Kinds) -> Kind:
    found = {kind_of(node, kinds) for node in nodes}
    return found.pop() if len(found) == 1 else Kind.ANY


def _all_scalar(nodes: Iterable[ast.expr], kinds: Kinds) -> bool:
    return all(kind_of(node, kinds) is Kind.SCALAR for node in nodes)


def _scalar_if(condition: bool, keywords: Iterable[ast.keyword] = ()) -> Kind:  # noqa: FBT001 (what its name says)
    return Kind.SCALAR if condition and not list(keywords) else Kind.ANY


_FINDERS: Mapping[type[ast.expr], Callable[[Any, Kinds], Kind]] = {
    ast.Constant: lambda _node, _kinds: Kind.SCALAR,
    ast.JoinedStr: lambda _node, _kinds: Kind.SCALAR,
    ast.Compare: lambda _node, _kinds: Kind.SCALAR,
    ast.Name: _kind_of_name,
    ast.UnaryOp: _kind_of_unary,
    ast.BinOp: lambda node, kinds: _scalar_if(_all_scalar((node.left, node.right), kinds)),
    ast.BoolOp: lambda node, kinds: _common(node.values, kinds),
    ast.IfExp: lambda node, kinds: _common((node.body, node.orelse), kinds),
    ast.Subscript: _kind_of_part,
    ast.Call: _kind_of_call,
    ast.List: _kind_of_display,
    ast.Tuple: _kind_of_display,
    ast.Set: _kind_of_display,
    ast.ListComp: _kind_of_comprehension,
    ast.SetComp: _kind_of_comprehension,
    ast.GeneratorExp: _kind_of_comprehension,
}
