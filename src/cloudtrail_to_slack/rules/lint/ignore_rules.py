"""Lint for ignore rules: conditions that an attacker can fulfill by choosing a name. Pure.

Callers choose user agents and the names of sessions, and some the names and paths of users and roles.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from cloudtrail_to_slack.rules.expressions.known_fields import read_key
from cloudtrail_to_slack.rules.expressions.syntax import Call, call_of, is_event, strings

_ISSUER = "userIdentity.sessionContext.sessionIssuer"
# Callers choose a part of these. Compared as a whole they identify the caller; names do not: other accounts may have
# the same.
_IDENTITIES = frozenset({"userIdentity.arn", "userIdentity.principalId", f"{_ISSUER}.arn", f"{_ISSUER}.principalId"})
_NAMES = frozenset({"userIdentity.userName", f"{_ISSUER}.userName"})
# Written by AWS alone, so they identify the caller.
_FIXED = frozenset({"userIdentity.invokedBy", "userIdentity.accessKeyId", "userIdentity.onBehalfOf.userId"})
_CHOSEN = re.compile(
    r"userAgent|userIdentity\.sessionContext\.sourceIdentity|responseElements\.assumedRoleUser\..*"
    r"|.*\.(?:roleSessionName|sessionName|sourceIdentity|assumedRoleId|userAgent)"
)
_IN_PART = _IDENTITIES | _NAMES
_INSTEAD = f'compare event.get("{_ISSUER}.arn") with == instead'
_ALL_VALUES = f"searches all values of an event, and callers choose many of them; {_INSTEAD}"
_PATTERNS = frozenset({"re_search", "re_match", "re_fullmatch", "glob"})
_SEARCHES = {
    "endswith": "looks at the end of", "startswith": "looks at the beginning of",
    **dict.fromkeys(("find", "rfind", "index", "rindex", "count"), "looks for a part of"),
}  # fmt: skip
# The beginning of an ARN that fixes the account and the user or role: nothing chosen stands before its end.
_PRINCIPAL = re.compile(r"arn:[a-z-]+:(?:sts::\d{12}:assumed-role/[^/]+/|iam::\d{12}:(?:user|role)/.+/)")

Found = Iterator[tuple[ast.expr, str]]


def loose_conditions(tree: ast.Expression) -> Found:
    """Yield the conditions of an ignore rule that an attacker can fulfill, and what to do about each."""
    return _loose(tree.body)


def _loose(node: ast.expr) -> Found:
    inner: list[ast.expr] = []
    if isinstance(node, ast.BoolOp):
        # Of `A and B` one part that fixes the caller is enough; of `A or B` each part must.
        if not (isinstance(node.op, ast.And) and any(map(_fixes_caller, node.values))):
            inner = node.values
    elif isinstance(node, ast.IfExp):
        inner = [node.body, node.orelse]
    elif isinstance(node, ast.Compare) and len(node.ops) == 1:
        yield from _loose_comparison(node, node.left, node.ops[0], node.comparators[0])
    elif isinstance(node, (ast.GeneratorExp, ast.ListComp)):
        inner = [node.elt, *(condition for generator in node.generators for condition in generator.ifs)]
        if any(_is_all_values(generator.iter) for generator in node.generators):
            yield node, _ALL_VALUES
    elif isinstance(node, ast.Call):
        call = call_of(node)
        inner = list(call.args) if call.function in ("any", "all", "bool") else []
        if not inner and not _fixes_caller(node):
            yield from _loose_call(node, call)
    for part in inner:
        yield from _loose(part)


def _loose_call(node: ast.Call, call: Call) -> Found:
    if call.function in _PATTERNS and call.args:
        yield from _searched(node, call.args[-1], f"uses {call.function} on")
    elif call.receiver and call.method in _SEARCHES:
        yield from _searched(node, call.receiver, _SEARCHES[call.method])


def _loose_comparison(node: ast.Compare, left: ast.expr, operator: ast.cmpop, right: ast.expr) -> Found:
    if isinstance(operator, (ast.NotIn, ast.NotEq, ast.IsNot)):
        return
    if isinstance(operator, ast.In) and strings(right) is None:  # a part of a string
        yield from _searched(node, right, "looks for a part of")
        return
    for side in (left, right):
        field = _whole_field(side)
        if not isinstance(operator, (ast.In, ast.Eq)):
            yield from _loose(side)
        elif field is None:
            if not _is_unique_id(side):
                yield from _searched(node, side, "compares a part of")
        elif _CHOSEN.fullmatch(field):
            yield node, f'ignores by "{field}", which every caller can choose; {_INSTEAD}'
        elif field in _NAMES:
            yield node, f'ignores by "{field}", a name that other accounts may have too; {_INSTEAD}'


def _searched(node: ast.expr, value: ast.expr, does: str) -> Found:
    """Yield what is wrong with a test of a part of `value`, if callers choose the field that it comes from."""
    fields = [key[1] for part in ast.walk(value) if (key := read_key(part))]
    for field in fields:
        if field == "sourceIPAddress":
            yield node, f'{does} "{field}"; use ip_in(…) for addresses, and == for the name of a service'
        elif _CHOSEN.fullmatch(field):
            yield node, f'{does} "{field}", which every caller can choose; {_INSTEAD}'
        elif field in _IN_PART:
            yield node, f'{does} "{field}", of which callers choose a part, such as the name of a session; {_INSTEAD}'
    call = call_of(value)
    inner = call.args[0] if call.function == "str" and call.args else value
    if not fields and (_is_all_values(inner) or (inner is not value and is_event(inner))):
        yield node, _ALL_VALUES


def _fixes_caller(node: ast.expr) -> bool:
    """Whether `node` is true for one user, role or service alone."""
    if isinstance(node, ast.BoolOp):
        quantifier = any if isinstance(node.op, ast.And) else all
        return quantifier(map(_fixes_caller, node.values))
    if isinstance(node, ast.Compare):
        sides = (node.left, *node.comparators)
        whole = any(_whole_field(side) in _IDENTITIES | _FIXED or _is_unique_id(side) for side in sides)
        return isinstance(node.ops[0], (ast.Eq, ast.In)) and whole and any(strings(side) is not None for side in sides)
    call = call_of(node)
    wanted = strings(call.args[0]) if call.args else None
    if call.method == "startswith" and wanted:
        return _whole_field(call.receiver) in _IDENTITIES and all(map(_PRINCIPAL.match, wanted))
    if call.function not in _PATTERNS or not wanted or _whole_field(call.args[-1]) not in _IDENTITIES:
        return False
    return all(_is_fixed_pattern(call.function, pattern) for pattern in wanted)


def _is_fixed_pattern(function: str, pattern: str) -> bool:
    if function == "glob":
        return _PRINCIPAL.match(re.split(r"[*?\[]", pattern)[0]) is not None
    if function == "re_search" and not pattern.startswith(("^", r"\A")):
        return False
    bare = pattern[1:] if pattern.startswith("^") else pattern.removeprefix(r"\A")
    bare = re.sub(r"(?:\\d|\[0-9\])\{12\}", "0" * 12, bare)  # the account may be any: an organization's role
    literal = re.split(r"[.*+?()\[\]{}|$^]|\\[a-zA-Z]", re.sub(r"\\([-./_])", r"\1", bare).replace("|", "(|"))[0]
    whole = literal == bare or bare in (f"{literal}$", rf"{literal}\z")
    exact = whole and (function == "re_fullmatch" or bare != literal) and literal.count(":") == 5  # noqa: PLR2004 (an ARN)
    return "|" not in pattern and (exact or _PRINCIPAL.match(literal) is not None)


def _whole_field(node: ast.expr | None) -> str | None:
    """Return the field whose whole value `node` is: as read, as a string, in lower case or with a default."""
    if node is None or isinstance(node, ast.Compare):
        return None
    key, call = read_key(node), call_of(node)
    if key:
        return key[1]
    if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or):
        return _whole_field(node.values[0])
    if call.function == "str" and call.args:
        return _whole_field(call.args[0])
    return None if call.args else _whole_field(call.receiver)  # .lower(), .strip()


def _is_unique_id(node: ast.expr) -> bool:
    """Whether `node` is `principalId.split(":")[0]`, the unique id of a user or role, which AWS chooses."""
    if not isinstance(node, ast.Subscript) or not isinstance(node.slice, ast.Constant) or node.slice.value != 0:
        return False
    call = call_of(node.value)
    at_colon = call.method in ("split", "partition") and call.args and strings(call.args[0]) == [":"]
    return bool(at_colon) and _whole_field(call.receiver) == "userIdentity.principalId"


def _is_all_values(node: ast.expr) -> bool:
    call = call_of(node)
    return call.method in ("values", "items") and is_event(call.receiver)
