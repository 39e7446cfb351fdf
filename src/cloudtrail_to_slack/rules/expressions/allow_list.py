"""The allow list of what a rule's expression may contain. Pure."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence

from cloudtrail_to_slack.rules.expressions import refusals
from cloudtrail_to_slack.rules.expressions.functions import FUNCTIONS, KEY_FUNCTIONS, METHODS, TEST_MAKERS, TYPES
from cloudtrail_to_slack.rules.expressions.guards import WIDE
from cloudtrail_to_slack.rules.expressions.limits import MAX_EXPRESSION_DEPTH, MAX_EXPRESSION_NODES, MAX_FORMAT_WIDTH
from cloudtrail_to_slack.rules.expressions.refusals import RefusalError
from cloudtrail_to_slack.rules.expressions.syntax import call_of, walk

_ALLOWED = (
    ast.Constant, ast.Name, ast.Compare, ast.BoolOp, ast.UnaryOp, ast.BinOp, ast.IfExp, ast.Subscript, ast.Slice,
    ast.Call, ast.keyword, ast.Attribute, ast.List, ast.Tuple, ast.Set, ast.Dict, ast.Starred, ast.JoinedStr,
    ast.FormattedValue, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.comprehension,
)  # fmt: skip
_REFUSED: Mapping[str, str] = {
    "Lambda": "a lambda, which is not allowed in a rule; write what it does in a comprehension, or key=len",
    "NamedExpr": "an assignment (:=), which is not allowed in a rule; write the value in its place, or == to compare",
    "Await": "await, which is not allowed in a rule",
    "Yield": "yield, which is not allowed in a rule",
    "YieldFrom": "yield, which is not allowed in a rule",
    "TemplateStr": "a template string, which is not allowed in a rule; write an f-string",
}
_LITERALS = (str, int, float, bool, type(None))
_FORMAT_SPEC = re.compile(r"(?:.?[<>=^])?[-+ ]?z?#?0?([0-9]{0,9})[,_]?(?:\.([0-9]{1,9}))?[bcdeEfFgGnosxX%]?", re.DOTALL)
# The functions that Python itself does not have, and isinstance: how many arguments each takes (0: two or more) and how
# to call it.
_SIGNATURES = {
    "re_search": (2, "re_search(pattern, text)"),
    "re_match": (2, "re_match(pattern, text)"),
    "re_fullmatch": (2, "re_fullmatch(pattern, text)"),
    "glob": (2, "glob(pattern, text)"),
    "ip_in": (0, 'ip_in(text, "10.0.0.0/8", …)'),
    "json_loads": (1, "json_loads(text)"),
    "policy_opens": (0, 'policy_opens(event, "requestParameters.policyDocument", …)'),
    "policy_grants_admin": (0, 'policy_grants_admin(event, "requestParameters.policyDocument", …)'),
    "isinstance": (2, "isinstance(value, str)"),
}


def check(tree: ast.Expression) -> None:
    """Check that an expression uses only what a rule may use.

    Raises:
        RefusalError: it does not; the error has the first part that is not allowed.
    """
    nodes = _parts(tree)
    checker = _Checker(nodes)
    for node in nodes:
        if not isinstance(node, _ALLOWED):
            what = _REFUSED.get(type(node).__name__, "something that a rule may not")
            raise RefusalError(node, f"uses {what}")
        checker.visit(node)


def _parts(tree: ast.Expression) -> list[ast.AST]:
    """Return all parts of an expression, in source order."""
    nodes = []
    counted = 0
    for node, depth in walk(tree.body):
        if depth > MAX_EXPRESSION_DEPTH:
            raise RefusalError(node, f"is nested more than {MAX_EXPRESSION_DEPTH} levels deep; make it flatter")
        counted += type(node) is not ast.Constant
        if counted > MAX_EXPRESSION_NODES:
            raise RefusalError(node, f"has more than {MAX_EXPRESSION_NODES:,} parts; split it into several rules")
        nodes.append(node)
    return nodes


class _Checker(ast.NodeVisitor):
    """Checks single nodes of an expression.

    `_own` are the variables of its comprehensions, `_named` the nodes (by id) where a function may be named: where it
    is called, as a key, or as a type for isinstance.
    """

    def __init__(self, nodes: Sequence[ast.AST]) -> None:
        self._own = {node.id for node in nodes if type(node) is ast.Name and type(node.ctx) is ast.Store}
        self._named: set[int] = set()
        for node in nodes:
            if not isinstance(node, ast.Call):
                continue
            self._named.add(id(node.func))
            name = call_of(node).function
            if name in ("sorted", "min", "max"):
                keys = (word.value for word in node.keywords if word.arg == "key")
                self._named |= {id(key) for key in keys if isinstance(key, ast.Name) and key.id in KEY_FUNCTIONS}
            if name == "isinstance" and len(node.args) > 1 and _is_type(node.args[1]):
                self._named |= {id(part) for part in ast.walk(node.args[1])}

    def generic_visit(self, node: ast.AST) -> None:
        """Accept a node of any other kind; `check` visits the nodes in it."""

    def visit_Constant(self, node: ast.Constant) -> None:
        """Check a constant."""
        if type(node.value) not in _LITERALS:
            kind = "..." if node.value is ... else type(node.value).__name__
            raise RefusalError(node, f"uses {kind}, which no event holds; write text or a number")

    def visit_Name(self, node: ast.Name) -> None:
        """Check a variable or the name of a function."""
        name = node.id
        if name.startswith("_"):
            raise RefusalError(node, f"uses the name {name}, which is not allowed in a rule")
        if name in self._own and (name == "event" or name in FUNCTIONS):
            raise RefusalError(node, f"redefines {name}; use another variable name")
        if name == "event" or name in self._own:
            return
        if name not in FUNCTIONS:
            raise RefusalError(node, refusals.unknown_name(name))
        if id(node) not in self._named:
            raise RefusalError(node, f"uses {name} without calling it, which is not allowed in a rule; write {name}(…)")

    def visit_Attribute(self, node: ast.Attribute) -> None:
        """Check the name of a method."""
        name, is_called = node.attr, id(node) in self._named
        if name.startswith("_") or name not in METHODS:
            raise refusals.refused_attribute(node, is_called=is_called)
        if isinstance(node.value, ast.Name) and node.value.id in FUNCTIONS:
            raise RefusalError(node, f"uses .{name} of {node.value.id}; call it on a value: value.{name}(…)")
        if not is_called:
            raise RefusalError(
                node, f"uses .{name} without calling it, which is not allowed in a rule; write .{name}(…)"
            )

    def visit_Subscript(self, node: ast.Subscript) -> None:
        """Check what reads a key."""
        refusals.check_nested_read(node)

    def visit_Call(self, node: ast.Call) -> None:
        """Check a call."""
        starred = any(isinstance(argument, ast.Starred) for argument in node.args)
        if isinstance(node.func, ast.Attribute):
            if starred:
                raise RefusalError(node, f"uses * in a call of .{node.func.attr}; write the arguments out")
            refusals.check_nested_read(node)
            return
        if not isinstance(node.func, ast.Name) or node.func.id in self._own:
            raise RefusalError(
                node.func, "calls a value, which is not allowed in a rule; only functions and methods have names"
            )
        name = node.func.id
        if name in _SIGNATURES:
            number, use = _SIGNATURES[name]
            fits = len(node.args) == number if number else len(node.args) > 1
            if node.keywords or not (fits or (starred and name != "isinstance")):
                raise RefusalError(node, f"calls {name} with the wrong arguments; write {use}")
        if name == "isinstance" and not _is_type(node.args[1]):
            raise RefusalError(node.args[1], f"tests for a type that is none of {', '.join(sorted(TYPES))}")
        if name in TEST_MAKERS:
            _check_constants(name, node)

    def visit_keyword(self, node: ast.keyword) -> None:
        """Check a keyword argument."""
        if node.arg is None:
            raise RefusalError(node, "uses ** in a call, which is not allowed in a rule; write the arguments out")
        if node.arg.startswith("_"):
            raise RefusalError(node, f"uses the name {node.arg}, which is not allowed in a rule")

    def visit_comprehension(self, node: ast.comprehension) -> None:
        """Check that a loop binds names alone: `for event["x"] in …` would write into the event."""
        if node.is_async:
            raise RefusalError(node.target, "uses async, which is not allowed in a rule")
        for part, _ in walk(node.target):
            if not isinstance(part, (ast.Name, ast.Tuple, ast.List, ast.Starred)):
                raise RefusalError(part, "uses a variable that is not a name, which is not allowed in a rule")

    def visit_FormattedValue(self, node: ast.FormattedValue) -> None:
        """Check the format of a value in an f-string."""
        spec = node.format_spec
        if not isinstance(spec, ast.JoinedStr):
            return
        texts = [part.value for part in spec.values if isinstance(part, ast.Constant)]
        if len(texts) != len(spec.values):
            raise RefusalError(
                spec, "uses a format that is not written out, which is not allowed in a rule; write the format itself"
            )
        match = _FORMAT_SPEC.fullmatch("".join(map(str, texts)))
        if not match or any(int(size or 0) > MAX_FORMAT_WIDTH for size in match.groups()):
            limit = f"width and precision up to {MAX_FORMAT_WIDTH:,}"
            raise RefusalError(
                spec, f"uses a format that a rule may not; known are fill, alignment, sign, {limit}, type"
            )

    def visit_BinOp(self, node: ast.BinOp) -> None:
        """Check an operator."""
        if isinstance(node.op, ast.MatMult):
            raise RefusalError(node, "uses the operator @, which is not allowed in a rule")
        template = node.left.value if isinstance(node.left, ast.Constant) else None
        if isinstance(node.op, ast.Mod) and isinstance(template, str) and WIDE.search(template):
            raise RefusalError(node.left, f"uses a width over {MAX_FORMAT_WIDTH:,}, or one that is not written out")


def _is_type(node: ast.expr) -> bool:
    """Whether `node` can be the second argument of isinstance: `str`, `(str, int)` or `str | int`."""
    if isinstance(node, ast.Tuple):
        return bool(node.elts) and not any(isinstance(each, ast.Tuple) or not _is_type(each) for each in node.elts)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return not any(isinstance(each, ast.Tuple) or not _is_type(each) for each in (node.left, node.right))
    return isinstance(node, ast.Name) and node.id in TYPES


def _check_constants(name: str, node: ast.Call) -> None:
    """Check patterns and networks that stand in the rule itself."""
    make, left = TEST_MAKERS[name]
    for argument in node.args[1:] if left == 0 else node.args[:-1]:
        if isinstance(argument, ast.Constant):
            try:
                make(argument.value)
            except (TypeError, ValueError) as error:
                raise RefusalError(argument, f"calls {name} with an invalid argument: {error}") from None
