"""The refusal of a part of an expression: what is wrong, and what to write instead. Pure."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable

from cloudtrail_to_slack.errors import ExpressionError, SourceSpan
from cloudtrail_to_slack.rules.expressions.diagnostics import excerpt
from cloudtrail_to_slack.rules.expressions.functions import FUNCTIONS
from cloudtrail_to_slack.rules.expressions.known_fields import CONTAINERS, FIELDS
from cloudtrail_to_slack.rules.expressions.syntax import call_of, field_read, is_event

_NAMES = {
    "true": "True", "false": "False", "null": "None", "none": "None", "TRUE": "True", "FALSE": "False", "NULL": "None",
    "AND": "and", "OR": "or", "NOT": "not", "re": "re_search(pattern, text)", "json": "json_loads(text)",
    "ipaddress": 'ip_in(text, "10.0.0.0/8")', "fnmatch": "glob(pattern, text)", "record": "event", "Event": "event",
    "filter": "a comprehension", "map": "a comprehension", "reversed": "value[::-1]", "repr": "str(value)",
    "frozenset": "set(…)", "pow": "**", "divmod": "// and %",
}  # fmt: skip
_ATTRIBUTES = {
    "format": "an f-string", "format_map": "an f-string", "has_key": '"key" in event', "contains": '"part" in text',
    "match": "re_match(pattern, text)", "search": "re_search(pattern, text)",
    "fullmatch": "re_fullmatch(pattern, text)", "loads": "json_loads(text)", "startsWith": ".startswith(…)",
    "endsWith": ".endswith(…)", "toLowerCase": ".lower()", "includes": '"part" in text', "length": "len(text)",
    "zfill": 'f"{value:05}"', "center": 'f"{value:^20}"', "ljust": 'f"{value:<20}"', "rjust": 'f"{value:>20}"',
    "append": "a comprehension", "encode": "the text itself",
}  # fmt: skip
_QUOTES = "\u201c\u201d\u201e\u2018\u2019\u201a\u00ab\u00bb\u00b4\u2032\u2033`"  # what chat programs make of ' and "
# Operators of other languages, looked for only in text that is not Python.
_FOREIGN = (
    (f"[{_QUOTES}]", "plain quotes, ' or \","), ("&&", "and"), (r"\|\|", "or"), ("!(?!=)", "not"), (r"\bAND\b", "and"),
    (r"\bOR\b", "or"), (r"\bNOT\b", "not"),
)  # fmt: skip
# A string, a comment, a keyword argument, an operator that has a `=`, or else a `=` that is none of these.
_EQUALS = re.compile(
    r"""'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|\#.*|(?:[\w)\]]\s*\(|,)\s*\w+\s*=(?!=)|[=!<>:]=|(?P<lonely>=)"""
)
_HALF = re.compile(r"^(?:and|or|in|is)\b|\b(?:and|or|not|in|is)$")
_HALVED = re.compile("never closed|unmatched|unterminated|does not match")  # Python's words for half an expression
LONGEST_PROBLEM = 500  # a rule may hold names of any length


class RefusalError(Exception):
    """A part of an expression that is not allowed in rules: the node, and what is wrong with it."""

    def __init__(self, node: ast.AST, problem: str) -> None:
        self.node = node
        super().__init__(problem)


def unknown_name(name: str) -> str:
    """Return what is wrong with an unknown name, and what to write instead."""
    if name in _NAMES:
        return f"uses the name {name}, which is not allowed in a rule; write {_NAMES[name]}"
    if name in FIELDS:
        return f'uses the name {name}; write event.get("{name}")'
    close = close_to(name, ["event", *FUNCTIONS])
    if close:
        return f"uses the name {name}, which is neither event nor a function of rules; did you mean {close}?"
    return f"uses the name {name}, which is neither event nor one of {', '.join(sorted(FUNCTIONS))}"


def refused_attribute(node: ast.Attribute, *, is_called: bool) -> RefusalError:
    """Return the refusal of an attribute other than a read-only method."""
    path: list[str] = []
    inner: ast.expr = node
    while isinstance(inner, ast.Attribute):
        path.insert(0, inner.attr)
        inner = inner.value
    if is_event(inner) and not is_called and not any(part.startswith("_") for part in path):
        key = ".".join(path)
        return RefusalError(node, f'uses event.{key}, and an event has keys; write event.get("{key}")')
    if node.attr in _ATTRIBUTES:
        return RefusalError(node, f"uses .{node.attr}, which is not allowed in a rule; use {_ATTRIBUTES[node.attr]}")
    return RefusalError(node, f"uses .{node.attr}, which is not a method that a rule may use")


def check_nested_read(node: ast.Subscript | ast.Call) -> None:
    """Refuse `event["userIdentity"]["arn"]`, `event.get("userIdentity").get("arn")` and their like.

    Raises:
        RefusalError: it is written like that: keys are flattened, so it would raise, or never find anything.
    """
    call = call_of(node)
    read = field_read(node.value if isinstance(node, ast.Subscript) else call.receiver or node)
    if not read or read.name not in CONTAINERS:
        return
    if call.method in ("items", "keys", "values"):
        wanted = f'any(… for key, value in event.items() if key.startswith("{read.name}."))'
        raise RefusalError(node, f"takes {read.name} for an object, and an event holds only leaves; write {wanted}")
    if isinstance(node, ast.Subscript):
        key, written = node.slice, '["…"]["…"]'
    elif call.method == "get" and call.args:
        key, written = call.args[0], '.get("…").get("…")'
    else:
        return
    if isinstance(key, ast.Constant) and isinstance(key.value, (str, int)):
        name = f"{read.name}.{key.value}"
        instead = f'write event["{name}"] or event.get("{name}")'
        raise RefusalError(node, f"reads a nested key as {written}, and keys are flattened; {instead}")


def unreadable(text: str, error: SyntaxError) -> ExpressionError:
    """Return what is wrong with an expression that Python cannot read, where, and what to write instead."""
    at, advice, is_part = _lonely_equals(text), "; use == to compare", False
    if at is None:
        found = ((re.search(foreign, text), instead) for foreign, instead in _FOREIGN)
        match, instead = next(((match, instead) for match, instead in found if match), (None, ""))
        is_part = not match and bool(_HALVED.search(error.msg) or _HALF.search(text))
        advice = "; it looks like half of an expression" if is_part else ""
        if match:
            at, advice = match.start(), f"; write {instead} instead of {match[0]}"
    place = None
    if at is not None:
        place = SourceSpan(text.count("\n", 0, at) + 1, at - (text.rfind("\n", 0, at) + 1))
    elif error.lineno:
        place = SourceSpan(error.lineno, max((error.offset or 1) - 1, 0))
    problem = excerpt(f"is not a Python expression ({error.msg}){advice}", LONGEST_PROBLEM)
    return ExpressionError(problem, place, is_part=is_part)


def _lonely_equals(text: str) -> int | None:
    """Return the position of a `=` that does not belong to a keyword argument."""
    return next((found.start() for found in _EQUALS.finditer(text) if found["lonely"]), None)


def close_to(word: str, known: Iterable[str], cutoff: float = 0.75) -> str | None:
    """Return the known word that `word` probably stands for."""
    import difflib  # noqa: PLC0415 (only for words that are wrong)

    same = [candidate for candidate in known if candidate.lower() == word.lower()]
    return next(iter(same or difflib.get_close_matches(word, sorted(known), n=1, cutoff=cutoff)), None)
