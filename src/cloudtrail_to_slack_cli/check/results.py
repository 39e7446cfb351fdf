"""Which parts of an expression may become its value, and are not True or False."""

import ast
from collections.abc import Iterator

from cloudtrail_to_slack.rules.lint.known_fields import read_key

_BOOLEAN_FIELDS = frozenset({"readOnly", "managementEvent", "sessionCredentialFromConsole"})
_TEXT_METHODS = frozenset({"lower", "upper", "strip", "lstrip", "rstrip", "split", "replace", "join", "title"})
_OTHER_FUNCTIONS = frozenset(
    {"str", "len", "int", "float", "list", "dict", "set", "tuple", "sorted", "sum", "abs", "round", "json_loads"}
)
_LITERALS = (ast.JoinedStr, ast.BinOp, ast.List, ast.Dict, ast.Set, ast.Tuple, ast.ListComp, ast.DictComp, ast.SetComp)


def not_boolean(tree: ast.Expression) -> Iterator[tuple[ast.expr, str]]:
    """Yield parts that may become the value of an expression and are not boolean, each with what to do."""
    yield from ((node, problem) for node in _possible_values(tree.body) if (problem := _problem(node)))


def _possible_values(node: ast.expr) -> Iterator[ast.expr]:
    """Yield the parts whose value may be that of the whole: every operand of `and` and `or`, both branches of `if`."""
    if isinstance(node, ast.BoolOp):
        for value in node.values:
            yield from _possible_values(value)
    elif isinstance(node, ast.IfExp):
        yield from _possible_values(node.body)
        yield from _possible_values(node.orelse)
    else:
        yield node


def _problem(node: ast.expr) -> str | None:
    if isinstance(node, ast.Constant):
        return None if isinstance(node.value, bool) else f"gives {node.value!r}, and a rule must give True or False"
    read = read_key(node) if isinstance(node, ast.Call | ast.Subscript) else None
    if read is not None and isinstance(node, ast.Call):
        if len(node.args) > 1 or read[1] in _BOOLEAN_FIELDS:
            return None
        got = f'event.get("{read[1]}")'
        return f"gives None where the field is missing, and a rule must give True or False; write {got} is not None"
    if isinstance(node, _LITERALS):
        return "gives something other than True or False; compare it with something"
    if isinstance(node, ast.Call):
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        method = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        if name in _OTHER_FUNCTIONS or method in _TEXT_METHODS:
            return f"gives what {name or '.' + method}(…) gives, and a rule must give True or False; compare it"
    return None
