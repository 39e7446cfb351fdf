"""Lint for ignore rules: conditions that an attacker can fulfil by choosing a name. Pure.

The caller who assumes a role names the session, and the name is the end of `userIdentity.arn` and `principalId`. Those
who may create users and roles choose their paths and names; every caller chooses a user agent. An ignore rule that
looks at a part of such a field ignores everyone who knows of it, unless it also fixes who calls.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from cloudtrail_to_slack.rules.expressions.fields import is_event, strings
from cloudtrail_to_slack.rules.lint.known_fields import read_key

_ISSUER = "userIdentity.sessionContext.sessionIssuer"
# Fixed as a whole, chosen in part. With == they say who calls; names do not, for every account may have the same.
_IDENTITIES = frozenset({"userIdentity.arn", "userIdentity.principalId", f"{_ISSUER}.arn", f"{_ISSUER}.principalId"})
_NAMES = frozenset({"userIdentity.userName", f"{_ISSUER}.userName"})
# Written by AWS alone: with == they say who calls.
_FIXED = frozenset({"userIdentity.invokedBy", "userIdentity.accessKeyId", "userIdentity.onBehalfOf.userId"})
_CHOSEN = re.compile(
    r"userAgent|userIdentity\.sessionContext\.sourceIdentity|responseElements\.assumedRoleUser\..*"
    r"|.*\.(?:roleSessionName|sessionName|sourceIdentity|assumedRoleId|userAgent)"
)
_IN_PART = _IDENTITIES | _NAMES | {"sourceIPAddress"}
_INSTEAD = f'compare event.get("{_ISSUER}.arn") with == instead'
_PATTERNS = frozenset({"re_search", "re_match", "re_fullmatch", "glob"})
_SEARCHES = frozenset({"find", "rfind", "index", "rindex", "count"})
# The beginning of an ARN that fixes the account and the user or role: nothing chosen stands before its end.
_PRINCIPAL = re.compile(r"arn:[a-z-]+:(?:sts::\d{12}:assumed-role/[^/]+/|iam::\d{12}:(?:user|role)/.+/)")

Found = Iterator[tuple[ast.expr, str]]


def loose_conditions(tree: ast.Expression) -> Found:
    """Yield the conditions of an ignore rule under which an attacker can have an event ignored, and what to do."""
    return _loose(tree.body)


def _loose(node: ast.expr) -> Found:
    if isinstance(node, ast.BoolOp):
        # Of `A and B` one part that fixes the caller is enough; of `A or B` each part must.
        if not (isinstance(node.op, ast.And) and any(map(_fixes_caller, node.values))):
            for value in node.values:
                yield from _loose(value)
    elif isinstance(node, ast.IfExp):
        for value in (node.body, node.orelse):
            yield from _loose(value)
    elif isinstance(node, ast.Compare):
        yield from _loose_comparison(node)
    elif isinstance(node, ast.Call):
        yield from _loose_call(node)
    elif isinstance(node, (ast.GeneratorExp, ast.ListComp)):
        yield from _loose_loop(node)


def _fixes_caller(node: ast.expr) -> bool:
    """Whether `node` holds for one user, role or service alone."""
    if isinstance(node, ast.BoolOp):
        quantifier = any if isinstance(node.op, ast.And) else all
        return quantifier(map(_fixes_caller, node.values))
    if isinstance(node, ast.Compare) and isinstance(node.ops[0], (ast.Eq, ast.In)):
        sides = (node.left, *node.comparators)
        whole = any(_whole_field(side) in _IDENTITIES | _FIXED or _unique_id(side) for side in sides)
        return whole and any(map(_is_constant, sides))
    return _fixes_beginning(node)


def _fixes_beginning(node: ast.expr) -> bool:
    if not isinstance(node, ast.Call) or not node.args:
        return False
    if isinstance(node.func, ast.Attribute):
        fits = node.func.attr == "startswith" and _whole_field(node.func.value) in _IDENTITIES
        return fits and all(_PRINCIPAL.match(text) for text in strings(node.args[0]) or ("",))
    name = node.func.id if isinstance(node.func, ast.Name) else ""
    if name not in _PATTERNS or _whole_field(node.args[-1]) not in _IDENTITIES:
        return False
    return all(_fixed_pattern(name, text) for text in strings(node.args[0]) or ("",))


def _fixed_pattern(name: str, pattern: str) -> bool:
    if name == "glob":
        return _PRINCIPAL.match(re.split(r"[*?\[]", pattern)[0]) is not None
    anchored = pattern.startswith(("^", r"\A"))
    if name == "re_search" and not anchored:
        return False
    bare = pattern[1:] if pattern.startswith("^") else pattern.removeprefix(r"\A")
    bare = re.sub(r"(?:\\d|\[0-9\])\{12\}", "0" * 12, bare)  # the account may be any: an organisation's role
    literal = re.split(r"[.*+?()\[\]{}|$^]|\\[a-zA-Z]", re.sub(r"\\([-./_])", r"\1", bare).replace("|", "(|"))[0]
    whole = literal == bare or bare in (f"{literal}$", rf"{literal}\z")
    exact = whole and (name == "re_fullmatch" or bare != literal) and literal.count(":") == 5  # noqa: PLR2004 (an ARN)
    return "|" not in pattern and (exact or _PRINCIPAL.match(literal) is not None)


def _loose_comparison(node: ast.Compare) -> Found:
    if len(node.ops) != 1:
        return
    left, operator, right = node.left, node.ops[0], node.comparators[0]
    if isinstance(operator, (ast.NotIn, ast.NotEq, ast.IsNot)):
        return
    if not isinstance(operator, (ast.In, ast.Eq)):
        for side in (left, right):
            yield from _loose(side)
        return
    if isinstance(operator, ast.In) and strings(right) is None:  # a part of a text
        yield from _searched(node, right, "looks for a part of")
        return
    for side in (left, right):
        yield from _loose_side(node, side)


def _loose_side(node: ast.Compare, side: ast.expr) -> Found:
    field = _whole_field(side)
    if field is None:
        if not _unique_id(side):
            yield from _searched(node, side, "compares a part of")
    elif _CHOSEN.fullmatch(field):
        yield node, f'ignores by "{field}", which every caller can choose; {_INSTEAD}'
    elif field in _NAMES:
        yield node, f'ignores by "{field}", a name that other accounts may have too; {_INSTEAD}'


def _loose_call(node: ast.Call) -> Found:
    if isinstance(node.func, ast.Attribute):
        does = {"endswith": "looks at the end of", "startswith": "looks at the beginning of"}.get(node.func.attr)
        if does and not _fixes_beginning(node):
            yield from _searched(node, node.func.value, does)
        elif node.func.attr in _SEARCHES:
            yield from _searched(node, node.func.value, "looks for a part of")
        return
    name = node.func.id if isinstance(node.func, ast.Name) else ""
    if name in _PATTERNS and node.args and not _fixes_beginning(node):
        yield from _searched(node, node.args[-1], f"uses {name} on")
    elif name in ("any", "all", "bool"):
        for argument in node.args:
            yield from _loose(argument)


def _loose_loop(node: ast.GeneratorExp | ast.ListComp) -> Found:
    yield from _loose(node.elt)
    for generator in node.generators:
        for condition in generator.ifs:
            yield from _loose(condition)
        if _is_all_values(generator.iter):
            yield node, f"searches all values of an event, and callers choose many of them; {_INSTEAD}"


def _searched(node: ast.expr, value: ast.expr, does: str) -> Found:
    """Yield what is wrong with a test of a part of `value`, if that comes from a field that is chosen."""
    fields = [key[1] for part in ast.walk(value) if (key := read_key(part))]
    for field in fields:
        if field == "sourceIPAddress":
            yield node, f'{does} "{field}"; use ip_in(…) for addresses, and == for the name of a service'
        elif _CHOSEN.fullmatch(field):
            yield node, f'{does} "{field}", which every caller can choose; {_INSTEAD}'
        elif field in _IN_PART:
            yield node, f'{does} "{field}", of which callers choose a part, such as the name of a session; {_INSTEAD}'
    if not fields and _is_whole_event(value):
        yield node, f"searches all values of an event, and callers choose many of them; {_INSTEAD}"


def _whole_field(node: ast.expr) -> str | None:
    """Return the field that `node` is the whole value of: read, made a text, in lower case or with a default."""
    key = read_key(node) if not isinstance(node, ast.Compare) else None
    if key:
        return key[1]
    if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or):
        return _whole_field(node.values[0])
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "str" and node.args:
        return _whole_field(node.args[0])
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and not node.args:
        return _whole_field(node.func.value)  # .lower(), .strip()
    return None


def _unique_id(node: ast.expr) -> bool:
    """Whether `node` is `principalId.split(":")[0]`, the unique id of a user or role, which AWS chooses."""
    if not isinstance(node, ast.Subscript) or not isinstance(node.slice, ast.Constant) or node.slice.value != 0:
        return False
    call = node.value
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute) or not call.args:
        return False
    at_colon = call.func.attr in ("split", "partition") and strings(call.args[0]) == [":"]
    return at_colon and _whole_field(call.func.value) == "userIdentity.principalId"


def _is_constant(node: ast.expr) -> bool:
    return strings(node) is not None


def _is_all_values(node: ast.expr) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("values", "items")
        and is_event(node.func.value)
    )


def _is_whole_event(node: ast.expr) -> bool:
    named = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "str" and node.args
    inner = node.args[0] if named and isinstance(node, ast.Call) else node
    return (named and is_event(inner)) or _is_all_values(inner)
