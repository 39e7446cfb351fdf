"""The conditions on an event under which a rule can match, as far as an event pattern can express them. Pure.

Of `A and B` both must hold, of `A or B` one of them; what a pattern cannot say (a `not`, a search, a field that may
hide in a list) counts as true. So whatever the rule matches fulfils one of its alternatives, and an alternative may
well let through what the rule does not match: the function evaluates it again.
"""

from __future__ import annotations

import ast
import json
import re
from typing import NamedTuple

from cloudtrail_to_slack.rules.expressions.syntax import field_read, parse, strings

# CloudTrail's own fields that hold text; not recipientAccountId, which EventBridge's copy may lack. Source: AWS
# CloudTrail User Guide, "CloudTrail record contents" and "CloudTrail userIdentity element".
_TEXTS = frozenset(
    {"eventName", "eventSource", "errorCode", "eventType", "eventCategory", "awsRegion",
     "sourceIPAddress", "userAgent", "userIdentity.sessionContext.sessionIssuer.arn",
     "userIdentity.sessionContext.sessionIssuer.userName", "userIdentity.sessionContext.sessionIssuer.principalId",
     "userIdentity.sessionContext.sessionIssuer.type", "userIdentity.sessionContext.sessionIssuer.accountId",
     "insightDetails.state", "insightDetails.insightType", "insightDetails.eventName", "insightDetails.eventSource"}
)  # fmt: skip
# What stands one level below these is found under its own name: deeper, a dot may belong to a key.
_OBJECTS = frozenset({"userIdentity", "requestParameters", "responseElements", "additionalEventData"})
# Fields that are not selective by themselves, since nearly every event of an account and region has the same
# in them; of two of them only with these texts.
COMMON = frozenset({"awsRegion", "userIdentity.accountId"})
_COMMON_TEXTS = {"eventType": "AwsApiCall", "eventCategory": "Management"}
_MOST = 64  # alternatives of one rule, before some of its conditions are let go
_LONGEST = 500  # characters of a string that is asked for, as JSON: three of them fit into any pattern

# What `str` makes of anything but a text begins and ends with nothing else; a pattern sees no text there.
_NOT_A_TEXT = ("None", "True", "False", "nan", "inf", "-inf")
_NUMBER = re.compile(r"[-+.0-9e]*")


class Matcher(NamedTuple):
    """A string that a field must equal (`kind` ""), begin with ("prefix") or end with ("suffix")."""

    kind: str
    text: str


# By field, of which each must show one of its texts.
Alternative = dict[str, frozenset[Matcher]]


def alternatives(expression: str) -> list[Alternative] | None:
    """Return what an event must show, one or the other; None when a pattern cannot say it.

    Raises:
        SyntaxError, ValueError, RecursionError, MemoryError: it is not a Python expression.
    """
    found = _of(parse(expression).body)
    return found if found is not None and all(map(_says_enough, found)) else None


def _says_enough(alternative: Alternative) -> bool:
    return any(
        not any(_lets(matcher, _COMMON_TEXTS[field]) for matcher in matchers) if field in _COMMON_TEXTS else True
        for field, matchers in alternative.items()
        if field not in COMMON
    )


def _of(node: ast.expr) -> list[Alternative] | None:
    """Return the alternatives under which `node` can be true; None: any event may do."""
    if isinstance(node, ast.BoolOp):
        parts = [_of(value) for value in node.values]
        return _all_of(parts) if isinstance(node.op, ast.And) else _one_of(parts)
    if isinstance(node, ast.IfExp):
        return _one_of([_all_of([_of(node.test), _of(node.body)]), _of(node.orelse)])
    if isinstance(node, ast.Constant):
        return None if node.value else []
    if isinstance(node, ast.Compare):
        return _of_comparison(node)
    return _of_method(node) if isinstance(node, ast.Call) else None


def _all_of(parts: list[list[Alternative] | None]) -> list[Alternative] | None:
    whole: list[Alternative] | None = None
    for part in parts:
        if part is None:
            continue
        if whole is None:
            whole = part
        elif len(whole) * len(part) <= _MOST:
            both = [_both(left, right) for left in whole for right in part]
            whole = [alternative for alternative in both if all(alternative.values())]
    return whole


def _one_of(parts: list[list[Alternative] | None]) -> list[Alternative] | None:
    whole: list[Alternative] = []
    for part in parts:
        if part is None:
            return None
        whole += part
    return whole


def _both(left: Alternative, right: Alternative) -> Alternative:
    both = {**left, **right}
    for field in left.keys() & right.keys():
        both[field] = _narrower(left[field], right[field])
    return both


def _narrower(left: frozenset[Matcher], right: frozenset[Matcher]) -> frozenset[Matcher]:
    """Return the texts of one side that the other lets through, where one has texts only; else one side."""
    for some, others in ((left, right), (right, left)):
        if not any(matcher.kind for matcher in some):
            return frozenset(matcher for matcher in some if any(_lets(other, matcher.text) for other in others))
    return left


def _lets(matcher: Matcher, text: str) -> bool:
    if matcher.kind == "prefix":
        return text.startswith(matcher.text)
    return text.endswith(matcher.text) if matcher.kind == "suffix" else text == matcher.text


def _of_comparison(node: ast.Compare) -> list[Alternative] | None:
    """Read `field == "text"`, `"text" == field` and `field in ("text", …)`."""
    if len(node.ops) != 1:
        return None
    left, operator, right = node.left, node.ops[0], node.comparators[0]
    if isinstance(operator, ast.Eq):
        field, texts = _field(left), _texts(right)
        if field is None:
            field, texts = _field(right), _texts(left)
    elif isinstance(operator, ast.In) and isinstance(right, (ast.Tuple, ast.List, ast.Set)):
        field, texts = _field(left), _texts(right)
    else:
        return None
    if field is None or texts is None or field.default in texts:
        return None
    return [{field.name: frozenset(Matcher("", text) for text in texts)}] if texts else []


def _of_method(node: ast.Call) -> list[Alternative] | None:
    """Read `field.startswith("text")`, `field.endswith(("text", …))` and the same of `str(field)`."""
    method = node.func
    if not isinstance(method, ast.Attribute) or method.attr not in ("startswith", "endswith"):
        return None
    if len(node.args) != 1 or node.keywords:
        return None
    field, texts = _field(_inside_str(method.value)), _texts(node.args[0])
    if field is None or texts is None or isinstance(node.args[0], (ast.List, ast.Set)):
        return None
    matchers = frozenset(Matcher("prefix" if method.attr == "startswith" else "suffix", text) for text in texts)
    if any(_fits_no_text(matcher) or _lets(matcher, str(field.default)) for matcher in matchers):
        return None
    return [{field.name: matchers}] if matchers else []


class _Field(NamedTuple):
    name: str
    default: object = None


def _inside_str(node: ast.expr) -> ast.expr:
    called = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "str"
    if called and isinstance(node, ast.Call) and len(node.args) == 1 and not node.keywords:
        return node.args[0]
    return node


def _field(node: ast.expr) -> _Field | None:
    """Read `event["field"]` and `event.get("field", constant)`."""
    read = field_read(node)
    if not read or not read.is_constant or not _can_be_said(read.name):
        return None
    return _Field(read.name, read.default.value if isinstance(read.default, ast.Constant) else None)


def _can_be_said(name: str) -> bool:
    above, _, below = name.partition(".")
    if name == "userIdentity.sessionContext":
        return False  # an object
    return name in _TEXTS or (above in _OBJECTS and below != "" and not re.search(r"\.|^[0-9]+$", below))


def _texts(node: ast.expr) -> list[str] | None:
    """Return the string, or the strings of a collection that is written out; None when anything else is in it."""
    found = strings(node)
    return None if found is None or any(len(json.dumps(text)) > _LONGEST for text in found) else found


def _fits_no_text(matcher: Matcher) -> bool:
    """Whether `str` of a number, a boolean or None may fulfil it."""
    return bool(_NUMBER.fullmatch(matcher.text)) or any(_lets(matcher, text) for text in _NOT_A_TEXT)
