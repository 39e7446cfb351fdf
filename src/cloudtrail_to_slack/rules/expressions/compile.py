"""Compile a rule's expression so that it can be evaluated and cannot reach anything but the event. Pure."""

from __future__ import annotations

import ast
import contextlib
import functools
import sys
import warnings
from collections.abc import Callable, Mapping, Sized
from typing import Any

from cloudtrail_to_slack.errors import ExpressionError, RuleBudgetError, SourceSpan
from cloudtrail_to_slack.rules.expressions.allow_list import check
from cloudtrail_to_slack.rules.expressions.diagnostics import excerpt
from cloudtrail_to_slack.rules.expressions.functions import FUNCTIONS
from cloudtrail_to_slack.rules.expressions.instrumentation import GUARDS, guarded, may_need_guard
from cloudtrail_to_slack.rules.expressions.limits import MAX_ELEMENTS, MAX_EXPRESSION_CHARACTERS
from cloudtrail_to_slack.rules.expressions.refusals import LONGEST_PROBLEM, RefusalError, unreadable
from cloudtrail_to_slack.rules.expressions.syntax import parse, walk
from cloudtrail_to_slack.rules.expressions.time_limit import RULE_FILE, limited

__all__ = ["FUNCTIONS", "Evaluate", "compile_expression", "compile_tree", "parse_expression", "place_of"]

Evaluate = Callable[[Mapping[str, Any]], object]

_KEPT = 2_048  # compiled expressions: loading the configuration compiles them, then the engine needs them again
_GLOBALS: dict[str, Any] = {"__builtins__": {}, **FUNCTIONS, **GUARDS}  # nothing in an expression can write into it


@functools.lru_cache(_KEPT)
def compile_expression(text: str) -> Evaluate:
    """Compile a rule's expression to a function of a flattened event, which several threads may call at once.

    The function raises whatever the expression raises, and RuleBudgetError if it exceeds a limit.

    Raises:
        ExpressionError: `text` is not a Python expression, or uses what a rule may not use.
    """
    return compile_tree(parse_expression(text))


@functools.lru_cache(_KEPT)
def parse_expression(text: str) -> ast.Expression:
    """Parse a rule's expression; raises as `compile_expression`. The tree is shared and must not be changed."""
    text = text.strip()
    if len(text) > MAX_EXPRESSION_CHARACTERS:
        raise ExpressionError(f"is longer than {MAX_EXPRESSION_CHARACTERS:,} characters")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an odd but valid comparison is the user's business
            tree = parse(text)
            try:
                check(tree)
                compile(tree, "<rule>", "eval")  # some mistakes only show here
                _check_over_limit(tree.body)
            except RefusalError as refusal:
                problem = excerpt(str(refusal), LONGEST_PROBLEM)
                raise ExpressionError(problem, place_of(refusal.node, tree, text)) from None
    except SyntaxError as error:
        raise unreadable(text, error) from None
    except (ValueError, RecursionError, MemoryError):  # null bytes, or nested too deeply for the parser
        raise ExpressionError("is not a Python expression (it cannot be parsed)") from None
    return tree


def compile_tree(tree: ast.Expression) -> Evaluate:
    """Compile a checked expression, or a part of one, to a function from a flattened event to its value."""
    whole = guarded(tree.body)
    # A function whose parameter is the event, so that comprehensions see it too and evaluations share nothing.
    parameter = ast.arg("event")
    arguments = ast.arguments(posonlyargs=[], args=[parameter], kwonlyargs=[], kw_defaults=[], defaults=[])
    function = ast.Expression(ast.Lambda(arguments, whole.body))
    if whole.body is tree.body:
        for node in (function.body, parameter):
            ast.copy_location(node, whole.body)  # nothing else is new
    else:
        ast.fix_missing_locations(function)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        code = compile(function, RULE_FILE, "eval")
    names = {**_GLOBALS, **whole.tests} if whole.tests else _GLOBALS
    plain: Callable[..., object] = eval(code, names)  # noqa: S307 (checked by `check`, and without builtins)
    return (lambda event: limited(plain, event)) if whole.may_take_long else plain


def _check_over_limit(body: ast.expr) -> None:
    """Refuse parts that exceed a limit whatever the event is."""
    waiting: list[ast.AST] = [body] if _may_be_large(body) else []
    while waiting:
        node = waiting.pop()
        if not isinstance(node, ast.expr) or not _stands_alone(node):
            waiting.extend(ast.iter_child_nodes(node))
        elif _may_be_large(node):
            if _iterations(node) > MAX_ELEMENTS:
                raise RefusalError(node, f"takes too much: more than {MAX_ELEMENTS:,} iterations")
            try:
                compile_tree(ast.Expression(node))({})
            except RuleBudgetError as error:
                raise RefusalError(node, f"takes too much: {error}") from None
            except Exception:  # noqa: BLE001, S110 (a rule that always raises is reported when it does, with the event)
                pass


def _iterations(node: ast.AST) -> int:
    """Return how many iterations the loops of a part take, as far as they iterate over constants."""
    inner = max((_iterations(part) for part in ast.iter_child_nodes(node)), default=1)
    for generator in getattr(node, "generators", ()):
        with contextlib.suppress(Exception):  # as above
            through = compile_tree(ast.Expression(generator.iter))({}) if _stands_alone(generator.iter) else ()
            inner *= len(through) if isinstance(through, Sized) else 1
    return inner


def _may_be_large(whole: ast.AST) -> bool:
    """Whether a part of `whole` can exceed a limit whatever the event is."""
    return any(isinstance(node, ast.comprehension) or may_need_guard(node) for node, _ in walk(whole))


def _stands_alone(node: ast.expr) -> bool:
    """Whether `node` can be evaluated alone: it depends neither on the event nor on a variable around it."""
    if isinstance(node, (ast.Starred, ast.FormattedValue, ast.Slice, ast.Attribute)):
        return False
    if isinstance(getattr(node, "ctx", None), ast.Store) or (isinstance(node, ast.Name) and node.id in FUNCTIONS):
        return False
    names = [part for part, _ in walk(node) if isinstance(part, ast.Name)]
    own = {name.id for name in names if isinstance(name.ctx, ast.Store)}
    return all(name.id in own or name.id in FUNCTIONS for name in names)


def place_of(node: ast.AST, tree: ast.Expression, text: str) -> SourceSpan | None:
    """Return the position of a node of `tree` in its text; None: it has none."""
    if sys.version_info < (3, 12):
        # Before 3.12 parts of an f-string are placed where they stand in a text of their own.
        f_strings = (outer for outer in ast.walk(tree) if isinstance(outer, ast.JoinedStr))
        node = next((outer for outer in f_strings if any(part is node for part in ast.walk(outer))), node)
    line, begin = getattr(node, "lineno", None), getattr(node, "col_offset", 0)
    if line is None:
        return None
    source = text.encode("utf-8", "replace").split(b"\n")[line - 1]
    last = node.end_col_offset if getattr(node, "end_lineno", None) == line else len(source)  # type: ignore[attr-defined]  # it has a line
    if isinstance(node, ast.Attribute) and node.value.end_lineno == line:
        # Begin at the dot, after the value.
        begin = max(source.find(b".", node.value.end_col_offset), begin)
    before, under = (len(part.decode("utf-8", "replace")) for part in (source[:begin], source[begin:last]))
    return SourceSpan(line, before, max(under, 1))
