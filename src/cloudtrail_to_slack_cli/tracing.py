"""Why an expression has its value: the value of each part that Python evaluated, down to the one that decided."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from cloudtrail_to_slack.rules.expressions.compile import compile_tree, parse_expression
from cloudtrail_to_slack.rules.expressions.known_fields import read_key

_MISSING = object()
_MOST_ALTERNATIVES = 5


@dataclass(slots=True)
class Step:
    """One part of an expression: its source in one line, and its value, or the error that it raised.

    `reads` are the fields that a part without parts of its own reads, with their values as text. `kind` is "and", "or",
    "not", "if", or empty for a part that is evaluated as a whole.
    """

    source: str
    kind: str = ""
    value: object = None
    error: str | None = None
    reads: list[tuple[str, str]] = field(default_factory=list)
    parts: list["Step"] = field(default_factory=list)

    @property
    def shown(self) -> str:
        """The value, or the error, in words."""
        return f"raises {self.error}" if self.error else shown(self.value)


def trace(expression: str, flat: Mapping[str, Any]) -> Step:
    """Return the values of an expression's parts on a flattened event; parts that Python passes over are left out.

    Raises:
        ExpressionError: it is not an expression that a rule may have.
    """
    text = expression.strip()
    return _trace(parse_expression(text).body, text, flat)


def deciding(step: Step) -> Step:
    """Return the first part that decided the value: a condition that failed, held or raised; else the step itself."""
    while step.parts:
        if step.kind in ("and", "or") and not step.error and bool(step.value) is (step.kind == "and"):
            return step  # every part had its say
        step = step.parts[-1]
    return step


def why(expression: str, flat: Mapping[str, Any]) -> list[str]:
    """Return in lines the first condition of an expression that decided its value, and what it read."""
    step = deciding(trace(expression, flat))
    what = {"and": "every condition holds", "or": "no alternative holds"}.get(step.kind)
    if what and step.parts:
        lines = [f"{what}:", *(f"  {part.source} is {part.shown}" for part in step.parts[:_MOST_ALTERNATIVES])]
        more = len(step.parts) - _MOST_ALTERNATIVES
        return [*lines, *([f"  and {more} more"] if more > 0 else [])]
    value = step.shown if step.error else f"is {step.shown}"
    return [f"decided by: {step.source}", f"  {value}", *(f'  "{key}" is {read}' for key, read in step.reads)]


def shown(value: object, longest: int = 120) -> str:
    """Return a value as Python writes it, cut at its end."""
    text = repr(value)
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _trace(node: ast.expr, text: str, flat: Mapping[str, Any]) -> Step:
    step = Step(_source(node, text))
    if isinstance(node, ast.BoolOp):
        step.kind = "and" if isinstance(node.op, ast.And) else "or"
        for operand in node.values:
            part = _trace(operand, text, flat)
            step.parts.append(part)
            if part.error or bool(part.value) is (step.kind == "or"):
                break
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        step.kind = "not"
        step.parts = [_trace(node.operand, text, flat)]
    elif isinstance(node, ast.IfExp):
        step.kind = "if"
        test = _trace(node.test, text, flat)
        step.parts = [test] if test.error else [test, _trace(node.body if test.value else node.orelse, text, flat)]
    else:
        _evaluate(step, node, flat)
        return step
    last = step.parts[-1]
    step.value, step.error = not last.value if step.kind == "not" else last.value, last.error
    return step


def _evaluate(step: Step, node: ast.expr, flat: Mapping[str, Any]) -> None:
    step.reads = list(_reads(node, flat))
    try:
        step.value = compile_tree(ast.Expression(node))(flat)
    except Exception as error:  # noqa: BLE001 (a rule may raise anything)
        step.error = f"{type(error).__name__}: {error}"


def _reads(node: ast.expr, flat: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    seen = set()
    for part in ast.walk(node):
        found = read_key(part)
        if found is not None and found[1] not in seen:
            seen.add(found[1])
            value = flat.get(found[1], _MISSING)
            yield found[1], "missing" if value is _MISSING else shown(value)


def _source(node: ast.expr, text: str) -> str:
    try:
        segment = ast.get_source_segment(text, node)
    except (ValueError, IndexError):
        segment = None
    return " ".join((segment or ast.unparse(node)).split())
