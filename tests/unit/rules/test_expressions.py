"""From the text of a rule to something that can be evaluated, with no way out of the rule."""

import warnings
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cloudtrail_to_slack.errors import ExpressionError
from cloudtrail_to_slack.rules.expressions.compile import FUNCTIONS, compile_expression
from support.strategies import hostile_text

EVENT: Mapping[str, Any] = MappingProxyType(
    {
        "eventName": "RunInstances",
        "eventSource": "ec2.amazonaws.com",
        "errorCode": None,
        "requestParameters.items.0.type": "t3.micro",
        "requestParameters.items.1.type": "p4d.24xlarge",
        "requestParameters.count": 7,
    }
)


def value(expression: str) -> object:
    """What `expression` gives for the event."""
    return compile_expression(expression)(EVENT)


ALLOWED: dict[str, object] = {
    'event["eventName"] == "RunInstances"': True,
    'event.get("missing") is None and not event.get("errorCode")': True,
    '"eventName" in event': True,
    'event.get("eventName", "").lower().startswith(("run", "start"))': True,
    'any(v == "p4d.24xlarge" for k, v in event.items() if k.endswith(".type"))': True,
    'any(event[k].startswith("p4") for k in event if k.startswith("requestParameters.items."))': True,
    'all([event.get(f"requestParameters.items.{i}.type") for i in range(2)])': True,
    'len({event[k] for k in event if k.endswith("type")}) == 2': True,
    "sorted([x for y in [[2, 1], [3]] for x in y if any(z == x for z in y)]) == [1, 2, 3]": True,
    '{k: v for k, v in event.items()}["eventName"] == "RunInstances"': True,
    '1 < event.get("requestParameters.count") < 10': True,
    '"yes" if event.get("eventName") else "no"': "yes",
    'event["eventName"][:3] + event["eventSource"].split(".")[0]': "Runec2",
    '"%s/%s" % (event["eventName"], 1)': "RunInstances/1",
    "[*range(2), *[5]]": [0, 1, 5],
    'isinstance(event.get("requestParameters.count"), int)': True,
    '  event.get("eventName") ==\t"RunInstances"\n': True,
    'event.get("eventName") is "x"': False,
}
FUNCTIONS_OF_RULES: dict[str, object] = {
    "len('ab')": 2, "any([0, 1])": True, "all([0, 1])": False, "str(1)": "1", "int('2')": 2, "float('1.5')": 1.5,
    "bool('')": False, "min(1, 2)": 1, "max(1, 2)": 2, "sum([1, 2])": 3, "sorted([2, 1])": [1, 2], "set([1])": {1},
    "list((1,))": [1], "tuple([1])": (1,), "dict(a=1)": {"a": 1}, "list(range(2))": [0, 1],
    "list(enumerate('a'))": [(0, "a")], "list(zip('a', 'b'))": [("a", "b")], "abs(-1)": 1, "round(1.6)": 2,
    "isinstance(1, int)": True, "re_search('b', 'abc')": True, "re_match('b', 'abc')": False,
    "re_fullmatch('a.c', 'abc')": True, "glob('a*', 'abc')": True, "ip_in('10.1.2.3', '10.0.0.0/8')": True,
    "json_loads('[1]')": [1],
    "policy_opens(event, 'requestParameters.policy')": False,
    "policy_grants_admin(event, 'requestParameters.policy')": False,
}  # fmt: skip


@pytest.mark.parametrize(("expression", "result"), ALLOWED.items())
def test_allowed(expression: str, result: object) -> None:
    """What rules need works, in comprehensions and generator expressions of any depth too."""
    assert value(expression) == result


@pytest.mark.parametrize(("expression", "result"), FUNCTIONS_OF_RULES.items())
def test_functions(expression: str, result: object) -> None:
    """Each harmless function is there."""
    assert value(expression) == result


def test_every_function_has_its_example() -> None:
    """No function is offered to rules without an example above."""
    assert {name for name in FUNCTIONS if not any(f"{name}(" in text for text in FUNCTIONS_OF_RULES)} == set()


REFUSED = {
    "import os": "no statement",
    "x = 1": "no assignment",
    "": "nothing",
    "True; True": "two of them",
    "event[": "half of one",
    "open('/etc/passwd')": "open",
    "__import__('os')": "import",
    "eval('1')": "eval",
    "exec('1')": "exec",
    "getattr(event, 'get')": "getattr",
    "globals()": "globals",
    "print(1)": "print",
    "type(event)": "type",
    "vars()": "vars",
    "object()": "object",
    "unknown == 1": "unknown name",
    "_": "underscore",
    "[_ for _ in event]": "underscore as a variable",
    "().__class__": "dunder",
    "event._private": "private",
    "(lambda: 1)()": "lambda",
    "(x := 1)": "assignment expression",
    "[y for x in event if (y := x)]": "assignment in a comprehension",
    "await event": "await",
    "(x async for x in event)": "async",
    "(yield 1)": "yield",
    "[(yield x) for x in event]": "yield inside",
    "'{0.__class__}'.format(event)": "format",
    "str.format('{0.__class__}', event)": "unbound format",
    "'{a}'.format_map(event)": "format_map",
    "f'{event.__class__}'": "in an f-string",
    "f'{1:{().__class__}}'": "in a format specification",
    "[event for event in [1]]": "event redefined",
    "[len for len in [1]]": "function redefined",
    "a\x00b": "null byte",
    "'\ud800'": "lone surrogate",
    "(" * 5000 + ")" * 5000: "too deep to parse",
    "-" * 100_000 + "1": "too deep to compile",
    "1+" * 100_000 + "1": "too long a chain",
    "9" * 5000: "too long a number",
}


@pytest.mark.parametrize("expression", REFUSED, ids=REFUSED.values())
def test_refused(expression: str) -> None:
    """What is not an expression, or reaches beyond the event, is refused before any event comes."""
    with pytest.raises(ExpressionError):
        compile_expression(expression)


FRAMES = (
    "(x for x in [1]).gi_frame.f_builtins",
    "(x for x in [1]).gi_frame.f_globals",
    "(x for x in [1]).gi_code.co_consts",
    "(x for x in [1]).gi_yieldfrom",
    "(x async for x in [1]).ag_frame",
    "(x async for x in [1]).ag_code",
    "[list(g) for b in [[]] for g in [(b[0].gi_frame.f_back.f_back.f_back.f_globals for i in [1])] if not b.append(g)]",
)


@pytest.mark.parametrize("expression", FRAMES)
def test_no_way_out_through_frames(expression: str) -> None:
    """A generator's frame, which leads to every global of the process, cannot be reached."""
    with pytest.raises(ExpressionError):
        compile_expression(expression)


def test_the_message_says_what_is_wrong() -> None:
    """A refusal names what it refuses, and for an unknown name what there is instead."""
    with pytest.raises(ExpressionError, match=r"^uses the name zork, which is neither event nor one of abs, all, any"):
        compile_expression("zork.get('x')")
    with pytest.raises(ExpressionError, match=r"^is not a Python expression \("):
        compile_expression("event[")


def test_names_of_a_comprehension_end_with_it() -> None:
    """A comprehension's variable is unknown outside it, and that is an error of the rule, not a global."""
    with pytest.raises(NameError):
        value("[x for x in event] and x")


@pytest.mark.parametrize(
    ("expression", "error"),
    [('event["missing"]', KeyError), ('event.get("missing").lower()', AttributeError), ("1 / 0", ZeroDivisionError)],
)
def test_errors_come_through(expression: str, error: type[Exception]) -> None:
    """What an expression raises is raised."""
    with pytest.raises(error):
        value(expression)


CHANGERS = ("append", "clear", "update", "pop", "popitem", "setdefault", "add", "remove", "discard", "insert", "extend",
            "sort", "reverse", "difference_update", "intersection_update", "symmetric_difference_update")  # fmt: skip


@pytest.mark.parametrize("method", CHANGERS)
def test_nothing_can_be_changed(method: str) -> None:
    """A rule has no method that changes the event or anything else."""
    with pytest.raises(ExpressionError, match=rf"uses \.{method}, "):
        compile_expression(f"event.{method}('eventName')")


READERS: dict[str, object] = {
    "'aBc'.upper()": "ABC", "'aBc'.casefold()": "abc", "' a '.strip()": "a", "'a,b'.split(',')": ["a", "b"],
    "'a.b'.partition('.')": ("a", ".", "b"), "'ab'.removeprefix('a')": "b", "'ab'.replace('a', 'c')": "cb",
    "','.join(['a', 'b'])": "a,b", "'ab'.find('b')": 1, "'aa'.count('a')": 2, "'12'.isdigit()": True,
    "[1, 2].index(2)": 1, "{1}.issubset({1, 2})": True, "{1} & {1, 2}": {1}, "{1}.union([2])": {1, 2},
    "list({'a': 1}.keys())": ["a"], "list({'a': 1}.values())": [1],
}  # fmt: skip


@pytest.mark.parametrize(("expression", "result"), READERS.items())
def test_reading_methods(expression: str, result: object) -> None:
    """Methods that only read are there."""
    assert value(expression) == result


def test_odd_but_valid_expressions_do_not_warn() -> None:
    """Compiling a rule that Python would warn about warns no one."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        compile_expression('event.get("a") is "a" and "\\d"')
    assert caught == []


@settings(deadline=None, max_examples=100)
@example(text="0\r\x80")  # some Pythons' tokenizer takes that for broken UTF-8
@given(text=st.one_of(hostile_text(300), st.lists(st.sampled_from(sorted(ALLOWED)), max_size=3).map(" or ".join)))
def test_any_text(text: str) -> None:
    """Any text is either an expression or refused by the one error."""
    try:
        evaluate = compile_expression(text)
    except ExpressionError as error:
        assert str(error)
    else:
        assert callable(evaluate)


_FORBIDDEN = ("__class__", "__globals__", "_x", "gi_frame", "f_back", "f_globals", "cr_frame", "ag_frame", "format")


@given(
    before=st.sampled_from(
        ("event", "''", "(x for x in event)", "[]", "len", "str", "event.get", "1", "event.items()")
    ),
    attribute=st.sampled_from(_FORBIDDEN),
    around=st.sampled_from(
        ("{}", "[{} for y in event]", "any({} for y in event)", "f'{{{}}}'", "{{1: {}}}", "str({})")
    ),
)
def test_forbidden_attributes_are_refused_anywhere(before: str, attribute: str, around: str) -> None:
    """An attribute that leads out is refused wherever in an expression it stands."""
    with pytest.raises(ExpressionError):
        compile_expression(around.format(f"({before}).{attribute}"))
