"""How much an operation takes, as far as the text of an expression tells. Pure."""

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from cloudtrail_to_slack.rules.kinds import Kind, element_kind, is_constant_display, kind_of
from cloudtrail_to_slack.rules.walking import walk

_LONG_CONSTANT = 100
_SHORT_LOOP = 32  # constants that may be gone through as if they were written out one after the other
_SMALL_INTEGER = 2**64


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a part of an expression stands: the kinds of the variables there, and what it is inside of.

    `looped`: a loop. `repeated`: a loop through a few constants, as good as written out. `busy`: so much that even
    operations that take no longer than a text is long add up.
    """

    kinds: Mapping[str, Kind] = field(default_factory=dict)
    looped: bool = False
    repeated: bool = False
    busy: bool = False


def to_weigh(left: ast.expr, compares: ast.cmpop, right: ast.expr, scope: Scope) -> Iterable[int]:
    """Return which sides of a comparison, 0 and 1, may be more than the expression's constants and the event's leaves.

    Comparing takes as much as the smaller side, and searching as much as the larger.
    """
    scalars = is_scalar(left, scope) and is_scalar(right, scope)
    if isinstance(compares, ast.Is | ast.IsNot) or isinstance(left, ast.Constant):
        return ()
    if isinstance(right, ast.Constant) or (is_constant_display(right) and is_scalar(left, scope)):
        return ()
    if isinstance(compares, ast.In | ast.NotIn):
        if scalars:
            return (1,) if scope.looped else ()
        own = kind_of(right, scope.kinds) is Kind.EVENT or _is_leaves(right)
        bounded = own or (not scope.looped and is_bounded(right, scope))
        return () if bounded and is_scalar(left, scope) else (0, 1)
    return () if scalars or is_constant_display(left) or is_constant_display(right) else (0, 1)


def is_scalar(node: ast.expr, scope: Scope) -> bool:
    """Whether `node` gives a text, number, boolean or None."""
    return kind_of(node, scope.kinds) is Kind.SCALAR


def is_bounded(node: ast.expr, scope: Scope) -> bool:
    """Whether `node` gives only parts of the event or of the expression, none of them twice."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("split", "rsplit"):
        return is_scalar(node.func.value, scope)
    return kind_of(node, scope.kinds) in (Kind.SCALAR, Kind.EVENT) or is_constant_display(node) or _is_leaves(node)


def is_sum_of_scalars(name: str, node: ast.Call, scope: Scope) -> bool:
    """Whether a sum is one of numbers, or a mistake that is told at its first element."""
    return name == "sum" and len(node.args) == 1 and element_kind(node.args[0], scope.kinds) is Kind.SCALAR


def _is_leaves(node: ast.expr) -> bool:
    """Whether `node` is `event.keys()` or `event.values()`."""
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("keys", "values")
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "event"
    )


def size(node: ast.expr) -> int:
    """Return how much there is to evaluate in `node`."""
    return sum(type(part) is not ast.Constant for part in walk(node))


def is_short_loop(iterable: ast.expr) -> bool:
    """Whether `iterable` is a few constants, written out."""
    return is_constant_display(iterable) and len(iterable.elts) <= _SHORT_LOOP  # type: ignore[attr-defined]  # a display


def is_small_number(node: ast.expr) -> bool:
    """Whether `node` is a number with which arithmetic takes no time."""
    if not isinstance(node, ast.Constant) or not isinstance(node.value, int | float):
        return False
    return isinstance(node.value, float) or abs(node.value) < _SMALL_INTEGER


def is_short_number(node: ast.expr) -> bool:
    """Whether `node` is a whole number that may be counted to without counting."""
    return isinstance(node, ast.Constant) and isinstance(node.value, int) and abs(node.value) < _LONG_CONSTANT


def is_short(node: ast.Constant) -> bool:
    """Whether `node` is no long text."""
    return not isinstance(node.value, str) or len(node.value) <= _LONG_CONSTANT


def shrinks(args: list[ast.expr]) -> bool:
    """Whether `replace(…)` with these arguments gives no more than there was."""
    texts = [argument.value for argument in args[:2] if isinstance(argument, ast.Constant)]
    return len(texts) > 1 and all(isinstance(text, str) for text in texts) and len(str(texts[1])) <= len(str(texts[0]))
