"""Mistakes that people make in rules, and what to write instead. Pure."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cloudtrail_to_slack.rules.expressions.fields import field_read, is_event
from cloudtrail_to_slack.rules.expressions.functions import FUNCTIONS
from cloudtrail_to_slack.rules.lint.known_fields import CONTAINERS, FIELDS

if TYPE_CHECKING:
    from collections.abc import Iterator

_CLOSERS = {"(": ")", "[": "]", "{": "}"}
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
    "fullmatch": "re_fullmatch(pattern, text)",
    "loads": "json_loads(text)", "startsWith": ".startswith(…)", "endsWith": ".endswith(…)",
    "toLowerCase": ".lower()",
    "includes": '"part" in text', "length": "len(text)", "zfill": 'f"{value:05}"', "center": 'f"{value:^20}"',
    "ljust": 'f"{value:<20}"', "rjust": 'f"{value:>20}"', "append": "a comprehension", "encode": "the text itself",
}  # fmt: skip
_QUOTES = "\u201c\u201d\u201e\u2018\u2019\u201a\u00ab\u00bb\u00b4\u2032\u2033`"  # what ' and " become in a chat
# What other languages write. Only looked for in what is no Python, so it is no part of a good text.
_FOREIGN = (
    (re.compile(f"[{_QUOTES}]"), "plain quotes, ' or \","),
    (re.compile(r"&&"), "and"),
    (re.compile(r"\|\|"), "or"),
    (re.compile(r"!(?!=)"), "not"),
    (re.compile(r"\bAND\b"), "and"),
    (re.compile(r"\bOR\b"), "or"),
    (re.compile(r"\bNOT\b"), "not"),
)
_HALF = re.compile(r"^(?:and|or|in|is)\b|\b(?:and|or|not|in|is)$")


class RefusalError(Exception):
    """A part of an expression that a rule may not have: the node, and what is wrong with it."""

    def __init__(self, node: ast.AST, problem: str) -> None:
        self.node = node
        super().__init__(problem)


def unknown_name(name: str) -> str:
    """Return what is wrong with a name that no rule knows, and what to write instead."""
    if name in _NAMES:
        return f"uses the name {name}, which a rule may not; write {_NAMES[name]}"
    if name in FIELDS:
        return f'uses the name {name}; write event.get("{name}")'
    close = close_to(name, ["event", *FUNCTIONS])
    if close:
        return f"uses the name {name}, which is neither event nor a function of rules; did you mean {close}?"
    return f"uses the name {name}, which is neither event nor one of {', '.join(sorted(FUNCTIONS))}"


def refused_attribute(node: ast.Attribute, *, is_called: bool) -> RefusalError:
    """Return the refusal of an attribute that is no method that only reads."""
    path = list(reversed(list(_attributes_of_event(node))))
    if path and not is_called and not any(part.startswith("_") for part in path):
        key = ".".join(path)
        return RefusalError(node, f'uses event.{key}, and an event has keys; write event.get("{key}")')
    if node.attr in _ATTRIBUTES:
        return RefusalError(node, f"uses .{node.attr}, which a rule may not; use {_ATTRIBUTES[node.attr]}")
    return RefusalError(node, f"uses .{node.attr}, which is no method that a rule may use")


def _attributes_of_event(node: ast.expr) -> Iterator[str]:
    names = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    if is_event(node):
        yield from names


def check_nested_key(node: ast.Subscript) -> None:
    """Refuse `event["userIdentity"]["arn"]`: it would always raise, for keys are flattened.

    Raises:
        RefusalError: it is written like that.
    """
    inner = container_key(node.value)
    if inner is None:
        return
    if isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, (str, int)):
        raise RefusalError(node, _nested(f"{inner}.{node.slice.value}", '["…"]["…"]'))


def check_nested_get(node: ast.Call) -> None:
    """Refuse `event.get("userIdentity").get("arn")` and its like: it would raise, or never find anything.

    Raises:
        RefusalError: it is written like that.
    """
    method = node.func
    if not isinstance(method, ast.Attribute) or method.attr not in ("get", "items", "keys", "values"):
        return
    inner = container_key(method.value)
    if inner is None:
        return
    if method.attr != "get":
        wanted = f'any(… for key, value in event.items() if key.startswith("{inner}."))'
        raise RefusalError(node, f"takes {inner} for an object, and an event holds only leaves; write {wanted}")
    if node.args and isinstance(node.args[0], ast.Constant) and isinstance(node.args[0].value, (str, int)):
        raise RefusalError(node, _nested(f"{inner}.{node.args[0].value}", '.get("…").get("…")'))


def container_key(node: ast.expr) -> str | None:
    """Return the key that `node` reads of the event, nested or not, if that is known to hold an object or a list."""
    read = field_read(node)
    return read.name if read and read.name in CONTAINERS else None


def _nested(key: str, written: str) -> str:
    return f'reads a nested key as {written}, and keys are flattened; write event["{key}"] or event.get("{key}")'


@dataclass(frozen=True)
class SyntaxAdvice:
    """What to write instead of what Python cannot read; where, if elsewhere than Python says; and if it is a half.

    `offset` counts characters from the beginning of the expression.
    """

    text: str = ""
    offset: int | None = None
    is_half: bool = False


def syntax_advice(text: str, message: str) -> SyntaxAdvice:
    """Return what to write instead of an expression about which Python says `message`."""
    equals = _lonely_equals(text)
    if equals is not None:
        return SyntaxAdvice("; use == to compare", equals)
    for found, instead in _FOREIGN:
        match = found.search(text)
        if match:
            return SyntaxAdvice(f"; write {instead} instead of {match[0]}", match.start())
    if re.search("never closed|unmatched|unterminated|does not match", message) or _HALF.search(text):
        return SyntaxAdvice("; it looks like a half of an expression", is_half=True)
    return SyntaxAdvice()


def _lonely_equals(text: str) -> int | None:
    """Return where a `=` stands that gives no keyword argument its value."""
    import io  # noqa: PLC0415 (only for what is no Python)
    import tokenize  # noqa: PLC0415 (likewise)

    starts = [0]
    for line in text.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    open_brackets: list[bool] = []  # whether each is that of a call
    before = before_that = ""
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.string in _CLOSERS and token.type == tokenize.OP:
                called = token.string == "(" and (before.isidentifier() or before in (")", "]"))
                open_brackets.append(called)
            elif token.string in (")", "]", "}") and open_brackets:
                open_brackets.pop()
            elif token.string == "=" and token.type == tokenize.OP:
                keyword = bool(open_brackets) and open_brackets[-1] and before.isidentifier()
                if not (keyword and before_that in ("(", ",")):
                    return starts[token.start[0] - 1] + token.start[1]
            before_that, before = before, token.string
    except (tokenize.TokenError, SyntaxError, IndexError, UnicodeDecodeError):  # the last from Python 3.12 and 3.13
        return None
    return None


def close_to(word: str, known: list[str] | frozenset[str]) -> str | None:
    """Return what `word` was probably meant to be."""
    import difflib  # noqa: PLC0415 (only for words that are wrong)

    same = [candidate for candidate in known if candidate.lower() == word.lower()]
    return next(iter(same or difflib.get_close_matches(word, sorted(known), n=1, cutoff=0.75)), None)
