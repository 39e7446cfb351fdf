"""From a parsed Sigma condition to an expression over `event`.

Sigma compares strings without regard to case. So does the expression, except for fields that CloudTrail always writes
in one way: there `==` is exact, and the engine's index can use it. A field of a request or a response that is a list,
or in one, matches when any of its elements does. Sources: Sigma Specification, "Rules" and
"Modifiers"; AWS CloudTrail User Guide, "CloudTrail record contents".
"""

import json
import re
from collections.abc import Sequence
from typing import Any

from sigma.conditions import (
    ConditionAND,
    ConditionFieldEqualsValueExpression,
    ConditionNOT,
    ConditionOR,
    ConditionValueExpression,
)
from sigma.types import (
    SigmaBool,
    SigmaCasedString,
    SigmaCIDRExpression,
    SigmaCompareExpression,
    SigmaExists,
    SigmaFieldReference,
    SigmaNull,
    SigmaNumber,
    SigmaRegularExpression,
    SigmaString,
    SpecialChars,
)

# What CloudTrail always writes in one way.
EXACT_FIELDS = frozenset(
    {"eventName", "eventSource", "eventType", "eventCategory", "awsRegion", "errorCode", "userIdentity.type"}
)
# Objects of any shape, with lists anywhere. Positions are part of our keys, and no part of Sigma's.
_WITH_LISTS = frozenset(
    {"requestParameters", "responseElements", "additionalEventData", "serviceEventDetails", "resources"}
)
_OPERATORS = {"LT": "<", "LTE": "<=", "GT": ">", "GTE": ">="}


class InexpressibleError(Exception):
    """Something of a Sigma rule that an expression cannot say; the message says what."""


def translate(node: Any) -> str:  # noqa: ANN401 (a node of any of pySigma's classes)
    """Return the expression of a node of a parsed condition.

    Raises:
        InexpressibleError: no expression says the same.
    """
    match node:
        case ConditionAND():
            return " and ".join(_grouped(each) for each in node.args)
        case ConditionOR():
            return _one_of_values(node.args) or " or ".join(_grouped(each) for each in node.args)
        case ConditionNOT():
            return f"not {_grouped(node.args[0], always=True)}"
        case ConditionFieldEqualsValueExpression():
            return _field(node.field, node.value)
        case ConditionValueExpression():
            return _anywhere(node.value)
        case _:
            raise InexpressibleError(f"a condition of the kind {type(node).__name__}")


def _grouped(node: Any, *, always: bool = False) -> str:  # noqa: ANN401 (likewise)
    text = translate(node)
    return f"({text})" if always or isinstance(node, ConditionAND | ConditionOR) else text


def _one_of_values(nodes: Sequence[Any]) -> str | None:
    """Return `event.get(…) in (…)` where each of several nodes compares one exact field with a plain string."""
    fields = {node.field for node in nodes if isinstance(node, ConditionFieldEqualsValueExpression)}
    values = [getattr(node, "value", None) for node in nodes]
    plain = [str(value) for value in values if isinstance(value, SigmaString) and not value.contains_special()]
    if len(fields) != 1 or len(plain) != len(nodes) or not fields <= EXACT_FIELDS:
        return None
    return f"{_get(fields.pop())} in ({', '.join(map(_quoted, plain))})"


def _field(field: str, value: Any) -> str:  # noqa: ANN401 (likewise)
    """Return the expression that compares a field with a value; of a list, or an object, any value in it."""
    names = (field or "").split(".")
    if names[0] not in _WITH_LISTS:
        return _comparison(_get(field), value, exact=field in EXACT_FIELDS)
    positions = "([.][0-9]+)*"
    pattern = f"{field}([.].*)?" if len(names) == 1 else f"{positions}[.]".join(map(re.escape, names)) + positions
    where = f"for key, value in event.items() if re_fullmatch({_quoted(pattern)}, key)"
    match value:
        case SigmaNull():
            return f"not any(value is not None {where})"
        case SigmaExists():
            return f"{'' if value.exists else 'not '}any(value is not None {where})"
        case SigmaString() if not list(value.s):
            return f'any(value == "" {where})'
        case _:
            return f"any({_comparison('value', value)} {where})"


def _comparison(subject: str, value: Any, *, exact: bool = False) -> str:  # noqa: ANN401, C901, PLR0911 (one case for each of pySigma's types)
    """Return the expression that compares what `subject` stands for with a value."""
    match value:
        case SigmaString():
            return _string(subject, value, exact=exact or isinstance(value, SigmaCasedString))
        case SigmaBool():
            return f'str({subject}).lower() == "{str(bool(value)).lower()}"'
        case SigmaNumber():
            return f'str({subject}) == "{value}"'
        case SigmaNull():
            return f"{subject} is None"
        case SigmaExists():
            return f"{subject} is {'not ' if value.exists else ''}None"
        case SigmaRegularExpression():
            flags = "".join(sorted(flag.name[0].lower() for flag in value.flags))
            pattern = (f"(?{flags})" if flags else "") + str(value.regexp)
            return f"re_search({_quoted(pattern)}, {subject})"
        case SigmaCIDRExpression():
            return f"ip_in({subject}, {_quoted(str(value.cidr))})"
        case SigmaCompareExpression():
            number, operator = value.number, _OPERATORS.get(value.op.name)
            if operator is None:
                raise InexpressibleError(f"the comparison {value.op.name.lower()}")
            return f"isinstance({subject}, (int, float)) and {subject} {operator} {number}"
        case SigmaFieldReference():
            return f"{subject} is not None and {subject} == {_get(value.field)}"
        case _:
            raise InexpressibleError(f"a value of the kind {type(value).__name__}")


def _string(subject: str, value: SigmaString, *, exact: bool) -> str:
    parts = list(value.s)
    if not parts:
        return f'{subject} == ""'
    if parts == [SpecialChars.WILDCARD_MULTI]:
        return f"{subject} is not None"
    plain = not any(isinstance(part, SpecialChars) for part in parts)
    if plain and exact:
        return f"{subject} == {_quoted(str(value))}"
    if plain and str(value).lower() != "none":
        return f"str({subject}).lower() == {_quoted(str(value), exact=False)}"
    text = f'str("" if {subject} is None else {subject})' + ("" if exact else ".lower()")
    return _compared(text, value, exact=exact)


def _anywhere(value: Any) -> str:  # noqa: ANN401 (likewise)
    """Return the expression that looks for a keyword in all values of an event."""
    match value:
        case SigmaString():
            return f"any({_compared('str(value).lower()', _contained(value), exact=False)} for value in event.values())"
        case SigmaNumber():
            return f'any(str(value) == "{value}" for value in event.values())'
        case SigmaRegularExpression():
            pattern = _quoted(str(value.regexp))
            return f"any(re_search({pattern}, str(value)) for value in event.values())"
        case _:
            raise InexpressibleError(f"a keyword of the kind {type(value).__name__}")


def _contained(value: SigmaString) -> SigmaString:
    """Return a keyword as Sigma means it: anywhere in a value."""
    if not value.s:
        raise InexpressibleError("an empty keyword")
    wide = SigmaString(str(value))
    many = SpecialChars.WILDCARD_MULTI
    before, after = ([] if part is many else [many] for part in (value.s[0], value.s[-1]))
    wide.s = [*before, *value.s, *after]
    return wide


def _compared(text: str, value: SigmaString, *, exact: bool) -> str:
    """Return the expression that compares a string with a string, which may have wildcards."""
    many = SpecialChars.WILDCARD_MULTI
    match value.s:
        case (str() as whole,):
            return f"{text} == {_quoted(whole, exact=exact)}"
        case (SpecialChars.WILDCARD_MULTI, str() as inner, SpecialChars.WILDCARD_MULTI):
            return f"{_quoted(inner, exact=exact)} in {text}"
        case (str() as start, SpecialChars.WILDCARD_MULTI):
            return f"{text}.startswith({_quoted(start, exact=exact)})"
        case (SpecialChars.WILDCARD_MULTI, str() as end):
            return f"{text}.endswith({_quoted(end, exact=exact)})"
        case parts:
            pattern = ""
            for part in parts:
                if isinstance(part, str):
                    pattern += "".join(f"[{each}]" if each in "*?[" else each for each in part)
                elif isinstance(part, SpecialChars):
                    pattern += "*" if part is many else "?"
                else:
                    raise InexpressibleError(f"the placeholder {part}")
            return f"glob({_quoted(pattern, exact=exact)}, {text})"


def _get(field: str | None) -> str:
    if not field:
        raise InexpressibleError("a condition without a field")
    return f"event.get({_quoted(field)})"


def _quoted(text: str, *, exact: bool = True) -> str:
    """Return a string as Python writes it; in small letters unless `exact`."""
    return json.dumps(text if exact else text.lower(), ensure_ascii=False)
