"""What a rule may consist of, whatever Python's grammar comes to offer."""

import ast

import pytest

from cloudtrail_to_slack.rules.expressions.allow_list import check
from cloudtrail_to_slack.rules.expressions.refusals import RefusalError

# The expressions that a rule may contain. A kind that a later Python adds is none of them.
_ALLOWED = {
    "Attribute", "BinOp", "BoolOp", "Call", "Compare", "Constant", "Dict", "DictComp", "FormattedValue", "GeneratorExp",
    "IfExp", "JoinedStr", "List", "ListComp", "Name", "Set", "SetComp", "Slice", "Starred", "Subscript", "Tuple",
    "UnaryOp",
}  # fmt: skip


class _Novelty(ast.expr):
    """An expression of a later Python."""

    _fields = ("value",)


_REFUSED = sorted((kind for kind in ast.expr.__subclasses__() if kind.__name__ not in _ALLOWED), key=str)


@pytest.mark.parametrize("kind", _REFUSED)
def test_any_other_kind_of_expression_is_refused(kind: type[ast.expr]) -> None:
    """What is not known to be harmless is refused, by itself and as a part of what is allowed."""
    node = kind.__new__(kind)  # without its parts, of which Python's own constructor would insist on some
    place = {"lineno": 1, "col_offset": 0, "end_lineno": 1, "end_col_offset": 1}
    vars(node).update(place)
    for tree in (node, ast.UnaryOp(ast.Not(), node, **place), ast.List([node], ast.Load(), **place)):
        with pytest.raises(RefusalError, match=r"uses .*(not allowed|may not)"):
            check(ast.Expression(tree))
