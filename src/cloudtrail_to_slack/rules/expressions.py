"""From the text of a rule to something that can be evaluated, with no way out of the rule.

A rule is one Python expression over the read-only mapping `event`. What it may not use is refused when it is compiled:
names that are neither `event`, a function below nor a variable of the rule's own comprehensions, attributes that are no
method known to only read, and the nodes that bind or suspend.
"""

import ast
import warnings
from collections.abc import Callable, Mapping
from typing import Any

from cloudtrail_to_slack.errors import ExpressionError

Evaluate = Callable[[Mapping[str, Any]], object]

# fmt: off
FUNCTIONS: Mapping[str, Any] = {
    function.__name__: function
    for function in (
        len, any, all, str, int, float, bool, min, max, sum, sorted, set, list, tuple, dict, range, enumerate, zip,
        abs, round, isinstance,
    )
}
# fmt: on
_REFUSED_NODES: Mapping[type[ast.AST], str] = {
    ast.Lambda: "a lambda",
    ast.NamedExpr: "an assignment (:=)",
    ast.Await: "await",
    ast.Yield: "yield",
    ast.YieldFrom: "yield",
}
# Methods that only read. Everything else is refused: `format` reaches attributes, generators reach their frames.
METHODS = frozenset(
    {"capitalize", "casefold", "count", "endswith", "find", "get", "index", "isalnum", "isalpha", "isascii",
     "isdecimal", "isdigit", "isidentifier", "islower", "isnumeric", "isprintable", "isspace", "istitle", "isupper",
     "items", "join", "keys", "lower", "lstrip", "partition", "removeprefix", "removesuffix", "replace", "rfind",
     "rindex", "rpartition", "rsplit", "rstrip", "split", "splitlines", "startswith", "strip", "swapcase", "title",
     "upper", "values",
     "difference", "intersection", "isdisjoint", "issubset", "issuperset", "union"}
)  # fmt: skip


def compile_expression(text: str) -> Evaluate:
    """Compile a rule's expression to a function from a flattened event to the expression's value.

    The function raises whatever the expression raises.

    Raises:
        ExpressionError: `text` is no Python expression, or uses what a rule may not use.
    """
    return compile_tree(parse_expression(text))


def parse_expression(text: str) -> ast.Expression:
    """Parse a rule's expression and check that it uses only what a rule may use.

    Raises:
        ExpressionError: `text` is no Python expression, or uses what a rule may not use.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an odd but valid comparison is the user's business
            tree = ast.parse(text.strip(), "<rule>", mode="eval")
            _check(tree)
            compile(tree, "<rule>", "eval")  # some faults only show here
    except SyntaxError as error:
        raise ExpressionError(f"is not a Python expression ({error.msg})") from None
    except (ValueError, RecursionError, MemoryError):  # null bytes, or nesting beyond what the parser takes
        raise ExpressionError("is not a Python expression (it cannot be parsed)") from None
    return tree


def compile_tree(tree: ast.Expression) -> Evaluate:
    """Compile a checked expression, or a part of one, to a function from a flattened event to its value."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        code = compile(tree, "<rule>", "eval")

    def evaluate(event: Mapping[str, Any]) -> object:
        # `event` is a global and not a local, so that comprehensions and generator expressions see it too.
        return eval(code, {"__builtins__": {}, **FUNCTIONS, "event": event})  # noqa: S307 (checked above)

    return evaluate


def _check(tree: ast.Expression) -> None:
    own_names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    for node in ast.walk(tree):
        refused = _REFUSED_NODES.get(type(node))
        if refused:
            raise ExpressionError(f"uses {refused}, which a rule may not")
        if isinstance(node, ast.Name):
            _check_name(node.id, own_names)
        elif isinstance(node, ast.Attribute) and node.attr not in METHODS:
            raise ExpressionError(f"uses .{node.attr}, which is no method that a rule may use")
        elif isinstance(node, ast.comprehension) and node.is_async:
            raise ExpressionError("uses async, which a rule may not")


def _check_name(name: str, own_names: set[str]) -> None:
    if name.startswith("_"):
        raise ExpressionError(f"uses the name {name}, which a rule may not")
    if name not in own_names and name != "event" and name not in FUNCTIONS:
        raise ExpressionError(f"uses the name {name}, which is neither event nor one of {', '.join(sorted(FUNCTIONS))}")
    if name in own_names and (name == "event" or name in FUNCTIONS):
        raise ExpressionError(f"gives {name} another meaning")
