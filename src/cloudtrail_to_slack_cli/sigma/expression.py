"""From a parsed Sigma condition to an expression over `event`.

Sigma compares strings without regard to case. So does the expression, but where CloudTrail's spelling of a value is
known, it compares with that, exactly: then the engine's index can use it. Sources: Sigma Specification, "Rules" and
"Modifiers".
"""

from collections.abc import Callable, Sequence
from typing import Any

from sigma.conditions import (
    ConditionAND,
    ConditionFieldEqualsValueExpression,
    ConditionNOT,
    ConditionOR,
    ConditionValueExpression,
)
from sigma.types import (
    Placeholder,
    SigmaBool,
    SigmaCasedString,
    SigmaCIDRExpression,
    SigmaCompareExpression,
    SigmaExists,
    SigmaExpansion,
    SigmaFieldReference,
    SigmaNull,
    SigmaNumber,
    SigmaRegularExpression,
    SigmaString,
    SigmaTimestampPart,
    SpecialChars,
)

from cloudtrail_to_slack_cli.sigma.fields import any_value, exists, get, is_leaf, is_string, quoted, spelled

Test = Callable[[str], str]  # from the expression of a value to the expression that tests it

_OPERATORS = {"LT": "<", "LTE": "<=", "GT": ">", "GTE": ">="}
_MANY = SpecialChars.WILDCARD_MULTI


class InexpressibleError(Exception):
    """Something of a Sigma rule that an expression cannot say; the message says what."""


def translate(node: Any) -> str:  # noqa: ANN401 (a node of any of pySigma's classes)
    """Return the expression of a node of a parsed condition.

    Raises:
        InexpressibleError: no expression says the same.
    """
    match node:
        case ConditionAND():
            # What looks through the event takes longest, and comes last.
            return " and ".join(sorted((_grouped(each) for each in node.args), key=lambda text: "any(" in text))
        case ConditionOR():
            return _one_of(node.args) or _any_of(node.args) or " or ".join(_grouped(each) for each in node.args)
        case ConditionNOT():
            return f"not {_grouped(node.args[0], always=True)}"
        case ConditionFieldEqualsValueExpression():
            return _one_of([node]) or _field(node.field, node.value)
        case ConditionValueExpression():
            return _anywhere(node.value)
        case _:
            raise InexpressibleError(f"a condition of the kind {type(node).__name__}")


def plain_string(value: object) -> str | None:
    """Return a Sigma string that has no wildcard and no placeholder; None: it is something else, or empty."""
    parts = list(value.s) if isinstance(value, SigmaString) else []
    return parts[0] if len(parts) == 1 and isinstance(parts[0], str) else None


def _grouped(node: Any, *, always: bool = False) -> str:  # noqa: ANN401 (likewise)
    text = translate(node)
    is_group = isinstance(node, ConditionAND) or (isinstance(node, ConditionOR) and _one_of(node.args) is None)
    return f"({text})" if always or is_group else text


def _one_of(nodes: Sequence[Any]) -> str | None:
    """Return one comparison for nodes that compare one field with plain strings; None: they do something else."""
    field = _only_field(nodes)
    values = [each.value for each in nodes if field and not isinstance(each.value, SigmaCasedString)]
    plain = [value for value in map(plain_string, values) if value is not None]
    if field is None or len(plain) != len(nodes):
        return None
    known = [spelled(field, value) for value in plain]
    if all(known):
        return _is_one(get(field), [each for names in known for each in names])
    return any_value(field, lambda subject: _is_one(f"{_text(subject, plain)}.lower()", [v.lower() for v in plain]))


def _any_of(nodes: Sequence[Any]) -> str | None:
    """Return one search for nodes that test the values of one field that is no leaf; None: they do something else."""
    field = _only_field(nodes)
    alone = (SigmaNull, SigmaExists, SigmaFieldReference)
    if field is None or is_leaf(field) or any(isinstance(each.value, alone) for each in nodes):
        return None
    tests = [_test(each.value) for each in nodes]
    return any_value(field, lambda subject: " or ".join(test(subject) for test in tests))


def _only_field(nodes: Sequence[Any]) -> str | None:
    """Return the field that all nodes compare; None: there are several, or other nodes."""
    fields = {getattr(node, "field", None) for node in nodes}
    are_comparisons = all(isinstance(node, ConditionFieldEqualsValueExpression) for node in nodes)
    return _named(fields.pop()) if are_comparisons and len(fields) == 1 else None


def _is_one(subject: str, values: Sequence[str]) -> str:
    found = list(map(quoted, dict.fromkeys(values)))
    return f"{subject} == {found[0]}" if len(found) == 1 else f"{subject} in ({', '.join(found)})"


def _text(subject: str, values: Sequence[str] | None = None) -> str:
    """Return the expression of a value as text, empty if it is missing; `values` are what it is compared with."""
    if values is not None and all(value.lower() != "none" for value in values):
        return f"str({subject})"
    return f'str("" if {subject} is None else {subject})'


def _named(field: str | None) -> str:
    if not field:
        raise InexpressibleError("a condition without a field")
    return str(field)


def _field(name: str | None, value: Any) -> str:  # noqa: ANN401 (likewise)
    """Return the expression that compares a field with a value; of a list, or an object, any value in it."""
    field = _named(name)
    match value:
        case SigmaNull() if is_leaf(field):
            return f"{get(field)} is None"
        case SigmaNull():
            return f"not {any_value(field, lambda subject: f'{subject} is not None')}"
        case SigmaExists():
            return f"{'' if value.exists else 'not '}{exists(field)}"
        case SigmaFieldReference():
            return any_value(field, lambda subject: _same(subject, value))
        case _:
            return any_value(field, _test(value))


def _same(subject: str, reference: SigmaFieldReference) -> str:
    """Return the expression that compares a value with another field."""

    def test(other: str) -> str:
        text, wanted = f"str({subject}).lower()", f"str({other}).lower()"
        if reference.starts_with and reference.ends_with:
            compared = f"{wanted} in {text}"
        elif reference.starts_with or reference.ends_with:
            compared = f"{text}.{'startswith' if reference.starts_with else 'endswith'}({wanted})"
        else:
            compared = f"{text} == {wanted}"
        return f"{subject} is not None and {other} is not None and {compared}"

    return any_value(_named(reference.field), test, ("other_key", "other"))


def _test(value: Any) -> Test:  # noqa: ANN401 (one of pySigma's types)
    """Return the test of a value."""
    match value:
        case SigmaString():
            return _string(value, exact=isinstance(value, SigmaCasedString))
        case SigmaBool():
            return lambda subject: f'str({subject}).lower() == "{str(bool(value)).lower()}"'
        case SigmaExpansion():  # one value that a modifier has turned into several
            tests = list(map(_test, value.values))
            return lambda subject: f"({' or '.join(test(subject) for test in tests)})"
        case SigmaTimestampPart():
            raise InexpressibleError(f"a comparison with the {value.timestamp_part.name.lower()} of a time")
        case SigmaNumber():
            number = value.number
            texts = [str(number), f"{number}.0"] if isinstance(number, int) else [str(number)]
            return lambda subject: _is_one(f"str({subject})", texts)
        case SigmaRegularExpression():
            return _pattern(value)
        case SigmaCIDRExpression():
            return lambda subject: f"ip_in({subject}, {quoted(str(value.cidr))})"
        case SigmaCompareExpression():
            operator = _OPERATORS.get(value.op.name)
            if operator is None:
                raise InexpressibleError(f"the comparison {value.op.name.lower()}")
            is_number = "isinstance({0}, (int, float)) and not isinstance({0}, bool)"
            return lambda subject: f"{is_number.format(subject)} and {subject} {operator} {value.number}"
        case _:
            raise InexpressibleError(f"a value of the kind {type(value).__name__}")


def _pattern(value: SigmaRegularExpression) -> Test:
    _refuse_placeholders(value.regexp)
    flags = "".join(sorted(value.sigma_to_re_flag[flag] for flag in value.flags))
    pattern = quoted((f"(?{flags})" if flags else "") + str(value.regexp))

    def test(subject: str) -> str:
        if is_string(subject):
            return f"re_search({pattern}, {subject})"
        text = f"{subject} if isinstance({subject}, str) else str({subject}).lower()"
        return f"{subject} is not None and re_search({pattern}, {text})"

    return test


def _string(value: SigmaString, *, exact: bool) -> Test:
    """Return the test of a string, which may have wildcards."""
    _refuse_placeholders(value)
    parts = list(value.s)
    if not parts:
        return lambda subject: f'{subject} == ""'
    if all(part is _MANY for part in parts):
        return lambda subject: f"{subject} is not None"
    lower = "" if exact else ".lower()"
    texts = [plain] if (plain := plain_string(value)) else None
    return lambda subject: _compared(f"{_text(subject, texts)}{lower}", parts, exact=exact)


def _compared(text: str, parts: Sequence[Any], *, exact: bool) -> str:
    """Return the expression that compares a string with the parts of another."""

    def written(part: str) -> str:
        return quoted(part if exact else part.lower())

    match parts:
        case (str() as whole,):
            return f"{text} == {written(whole)}"
        case (SpecialChars.WILDCARD_MULTI, str() as inner, SpecialChars.WILDCARD_MULTI):
            return f"{written(inner)} in {text}"
        case (str() as start, SpecialChars.WILDCARD_MULTI):
            return f"{text}.startswith({written(start)})"
        case (SpecialChars.WILDCARD_MULTI, str() as end):
            return f"{text}.endswith({written(end)})"
    pattern = ""
    for part in parts:
        if isinstance(part, str):
            pattern += "".join(f"[{each}]" if each in "*?[" else each for each in part)
        else:
            pattern += "*" if part is _MANY else "?"
    return f"glob({written(pattern)}, {text})"


def _anywhere(value: Any) -> str:  # noqa: ANN401 (likewise)
    """Return the expression that looks for a keyword in all values of an event."""
    if isinstance(value, SigmaExpansion):
        return f"({' or '.join(map(_anywhere, value.values))})"
    if isinstance(value, SigmaString):
        _refuse_placeholders(value)
        if not value.s:
            raise InexpressibleError("an empty keyword")
        before, after = ([] if part is _MANY else [_MANY] for part in (value.s[0], value.s[-1]))
        exact = isinstance(value, SigmaCasedString)
        text = f"{_text('value')}{'' if exact else '.lower()'}"
        test = _compared(text, [*before, *value.s, *after], exact=exact)
    elif isinstance(value, SigmaNumber | SigmaRegularExpression):
        test = _test(value)("value")
    else:
        raise InexpressibleError("a keyword that is neither a string nor a number")
    return f"any({test} for value in event.values())"


def _refuse_placeholders(value: SigmaString) -> None:
    for part in value.s:
        if isinstance(part, Placeholder):
            raise InexpressibleError(f"the placeholder %{part.name}%; write your own values in its place")
