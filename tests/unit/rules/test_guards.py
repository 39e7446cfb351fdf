"""The bounds of one evaluation, and that they change nothing within them."""

import ast
import re
import threading
import warnings
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudtrail_to_slack.errors import ExpressionError, RuleBudgetError
from cloudtrail_to_slack.rules.expressions.compile import FUNCTIONS, compile_expression, compile_tree, parse_expression
from cloudtrail_to_slack.rules.expressions.guards import weight
from cloudtrail_to_slack.rules.expressions.instrumentation import guarded
from cloudtrail_to_slack.rules.expressions.limits import MAX_WEIGHT
from support.strategies import hostile_text

EVENT: Mapping[str, Any] = MappingProxyType({"eventName": "RunInstances", "n": 7, "none": None, "yes": True})

# Just within a bound, and just beyond it.
BOUNDS = {
    "a text": ("len('a' * (event['n'] + 999_993)) > 0", "len('a' * (event['n'] + 999_994)) > 0"),
    "a list": ("len([0] * (event['n'] + 99_993)) > 0", "len([0] * (event['n'] + 99_994)) > 0"),
    "a range": ("len(range(event['n'] + 99_993)) > 0", "len(range(event['n'] + 99_994)) > 0"),
    "a range of steps": ("len(range(0, 7 * 99_999 + 1, event['n'])) > 0", "len(range(0, 700_001, event['n'])) > 0"),
    "an integer": ("2 ** (event['n'] + 505) > 0", "2 ** (event['n'] + 1017) > 0"),
    "a shift": ("1 << (event['n'] + 1016) > 0", "1 << (event['n'] + 1018) > 0"),
    "joining": (
        "len('ab'.join(['a'] * (event['n'] + 9_993))) > 0",
        "len(('a' * 1000).join(['a'] * (event['n'] + 9_993))) > 0",
    ),
    "replacing": (
        "len(('a' * 1000).replace('a', 'b' * (event['n'] + 993))) > 0",
        "len(('a' * 1000).replace('a', 'b' * (event['n'] + 994))) > 0",
    ),
    "replacing some": (
        "len(('a' * 1000).replace('a', 'b' * (event['n'] + 9_993), 99)) > 0",
        "len(('a' * 1000).replace('a', 'b' * (event['n'] + 9_993), 101)) > 0",
    ),
    "weight": ("str([[0] * 1000] * (event['n'] + 890)) != ''", "str([[0] * 1000] * (event['n'] + 1300)) != ''"),
    "width": ("('%' + str(event['n']) + '00d') % 1 != ''", "('%' + str(event['n']) + '000d') % 1 != ''"),
    "digits of another base": ("int('1' * (event['n'] + 1017), 2) > 0", "int('1' * (event['n'] + 1018), 2) > 0"),
    "rounding": ("round(1, event['n'] - 1031) == 0", "round(1, event['n'] - 1032) == 0"),
}


@pytest.mark.parametrize(("within", "beyond"), BOUNDS.values(), ids=BOUNDS)
def test_bounds(within: str, beyond: str) -> None:
    """What is within a bound has its value; the next larger thing ends the evaluation."""
    assert compile_expression(within)(EVENT) is True
    with pytest.raises(RuleBudgetError):
        compile_expression(beyond)(EVENT)


def test_the_largest_real_record_can_be_scanned() -> None:
    """A record of 3,728 keys and 0.2 million characters can be scanned for 20 words, each value in lower case."""
    event = {f"requestParameters.items.{number:04}.name": "v" * 50 for number in range(3728)}
    words = [f"x{number}" for number in range(20)]
    found = compile_expression(f"any(word in str(value).lower() for value in event.values() for word in {words})")
    assert found(event) is False
    assert found({**event, "last": "aX7"}) is True


UNGUARDED = (
    "event.get('eventName') == 'ConsoleLogin' and event.get('additionalEventData.MFAUsed') != 'Yes'",
    "'assumed-role/AWSReservedSSO' not in str(event.get('userIdentity.arn'))",
    "event.get('errorCode', '').startswith(('AccessDenied', 'Client'))",
    "event['eventName'][:3] == 'Run' and event['eventName'].split('s')[0].lower() == 'run'",
    "event.get('n') in (1, 2, 7) or event.get('n') in [1] or event.get('n', 0) + 1 > 7",
    "f\"{event['eventName']}/{event['n']:>5}\" == event.get('a', '') + event.get('b', '')",
    "'eventName' in event and event.get('a') in event.values() and len(event) > 3",
    "all(event.get(key) for key in ('eventName', 'n'))",
    "isinstance(event.get('n'), (int, float)) and max(event.get('n', 0), 5) - 2 * 3 > -1",
    "sorted(event)[0] == 'eventName' or list(range(3)) == [0, 1, 2]",
    "re_search('^Run', event.get('eventName')) or glob('Run*', event.get('eventName'))",
    "event.get('a', '').replace('-', '') == 'x'",
)


@pytest.mark.parametrize("expression", UNGUARDED)
def test_ordinary_rules_have_no_guards(expression: str) -> None:
    """What cannot make more than the event is large runs as it is written, and needs no timer of its own."""
    assert not guarded(parse_expression(expression).body).may_take_long


def test_evaluations_share_nothing() -> None:
    """A rule that takes much may do so again and again."""
    evaluate = compile_expression("sum(x for x in range(event['n'] * 10_000)) > 0")
    assert [evaluate(EVENT) for _ in range(5)] == [True] * 5


def test_threads_share_nothing() -> None:
    """Evaluations of the same rule at the same time do not see each other's event."""
    evaluate = compile_expression("[event['n'] for x in range(event['n'] * 10_000)][-1]")
    barrier = threading.Barrier(4)

    def run(number: int) -> list[object]:
        barrier.wait()
        return [evaluate({"n": number}) for _ in range(3)]

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(run, (6, 7, 8, 9))) == [[number] * 3 for number in (6, 7, 8, 9)]


def test_parts_of_a_checked_tree_are_guarded_too() -> None:
    """A part of an expression that is compiled alone has the same guards."""
    first = parse_expression("event['n'] ** event['n'] ** event['n'] == 1 and True").body
    part = ast.Expression(first.values[0])  # type: ignore[attr-defined]  # it is an `and`
    with pytest.raises(RuleBudgetError):
        compile_tree(part)(EVENT)


def test_compiling_leaves_the_tree_as_it_is() -> None:
    """A checked tree can be compiled as a whole and in parts, for its guards go into a copy."""
    tree = parse_expression("any(x * 2 for x in event.values())")
    before = compile(tree, "", "eval").co_names
    compile_tree(tree)
    assert compile(tree, "", "eval").co_names == before


def test_weights() -> None:
    """A value weighs as much as there is to look at, shared parts every time; no more is counted than matters."""
    shared = ["ab"] * 3
    assert [weight(value) for value in ("ab", None, True, 1.5, 2**80)] == [2, 0, 0, 0, 10]
    assert weight([shared, shared]) == 2 * 8 + 2 * 3 * (8 + 2)
    assert weight({"ab": shared}) == 8 + 2 + 3 * (8 + 2)
    assert weight(MappingProxyType({"a": "b"})) == weight({"a": 1}.items()) - 15 == 8 + 2
    assert weight(x for x in shared) == 0
    endless: list[Any] = []
    endless.append(endless)
    assert weight(endless) > MAX_WEIGHT


def plainly(text: str, event: Mapping[str, Any]) -> object:
    """What Python's own `eval` makes of an expression."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns about odd comparisons
        code = compile(text, "<plain>", "eval")
    return eval(code, {"__builtins__": {}, **FUNCTIONS, "event": event})  # noqa: S307 (the expressions of these tests)


# What raises raises the same with its guards.
ERRORS = (
    "1 + 'a' * event['n']", "event['none'] * event['n']", "event['none'] ** 2", "event['none'] << 1",
    "1.5 << event['n']",
    "1 << -event['n']", "0 ** -event['n']", "event['none'] % 2", "'%d' % event['eventName']", "'%z' % event['n']",
    "'%s %s' % event['eventName']", "event['none'].join(event)", "','.join(event.values())", "','.join(event['none'])",
    "event['none'].replace('a', 'bb')", "'a'.replace(event['none'], 'bb')", "event['none'].strip(event['n'])",
    "'a'.rfind(event['none'])", "[x for x in event['none']]", "[x for x in event['n']]", "range(event['eventName'])",
    "range(1, 2, event['n'] - 7)", "set(event['none'])", "set([[event['n']]])", "{[event['n']]}", "dict(event['none'])",
    "dict([event['n']])", "sum(event)", "sum([event['none']])", "sum([[1], event['n']], [])", "sum(['a'], 'a')",
    "max([])", "max(event['n'])", "sorted(event.values())", "sorted(event['none'])", "sorted([[1], event['n']])",
    "list(zip(event['n']))", "int('z', event['n'] + 9)", "int('z', event['n'])", "round(event['none'], event['n'])",
    "round('a', 2)", "[1] + event['eventName']", "[1] + event['none']", "event['a'] + 1 / 0", "{1} | event['none']",
    "[1] - {1}", "event.keys() | event['none']", "{1}.union(event['none'])", "{1}.union([[1]])",
    "[1].index(event['n'])",
    "event['eventName'].index(event['eventName'] * 2)", "[1][event['n']]", "{}[event['n']]", "{}[[event['n']]]",
    "event.get([event['n']])", "[1] in event['none']", "[1] < event['none']", "[1] < [event['none']]", "[*event['n']]",
    "max(*event['none'])", "f\"{[event['n']]:d}\"", "str(1, event['n'])", "json_loads(*[1, 2])",
    "len(x for x in event)",
    "'a'.count([event['n']])", "[x.upper() for x in event.values()]",
    "[x for x, y in event]", "[x for x in event] and x",
)  # fmt: skip


@pytest.mark.parametrize("expression", ERRORS)
def test_errors_are_the_same(expression: str) -> None:
    """What raises without guards raises the same with them."""
    text = expression
    with pytest.raises(Exception) as plain:  # noqa: PT011 (whatever Python raises)
        plainly(text, EVENT)
    with pytest.raises(type(plain.value)) as guarded_error:
        compile_expression(text)(EVENT)
    assert type(guarded_error.value) is type(plain.value)


_scalars = st.sampled_from(
    ("event.get('a')", "event['b']", "event.get('c', '')", "event.get('n', 0)", "'x'", "''", "'a.b'", "1", "0", "2",
     "-3", "2.5", "None", "True", "str(event.get('a'))", "len(event)", "f'{event.get(\"a\")}-{1:>3}'")
)  # fmt: skip
_lists = st.sampled_from(
    ("event", "event.values()", "event.keys()", "event.items()", "[1, 2, 2]", "['a', 'b']", "('a', 'x')", "{1, 2}",
     "[[1], [2]]", "range(3)", "str(event.get('a')).split('.')", "list(enumerate(event))", "{'a': 1}",
     "list(zip('ab', [1, 2]))")
)  # fmt: skip
_binary = st.sampled_from(
    ("==", "!=", "<", ">=", "in", "not in", "is", "+", "-", "*", "%", "//", "&", "|", "<<", "and", "or", "**")
)
_methods = st.sampled_from(
    (".upper()", ".strip()", ".split('a')", ".startswith(('x', 'a'))", ".replace('a', 'bb')", ".rfind('a')", "[0]",
     "[::-1]", "[1:]", ".get('a')", ".count('a')", ".rsplit('.', 1)", ".removeprefix('x')", ".isdigit()",
     ".partition('.')", ".items()", ".union([1])", ".index(1)", ".join(['a', 'b'])", ".casefold()")
)  # fmt: skip
_calls = st.sampled_from(
    ("len({})", "str({})", "sorted({})", "sum({})", "max({})", "min({}, default=0)", "any({})", "all({})", "list({})",
     "tuple({})", "set({})", "dict({})", "int({})", "float({})", "bool({})", "abs({})", "round({}, 1)", "[*{}]",
     "isinstance({}, (str, int))", "f'{{{}}}'", "f'{{{}!r:>20}}'", "'%s' % ({},)", "sorted({}, key=str)",
     "list(enumerate({}))", "list(zip({}, 'ab'))", "','.join({})", "sorted({}, key=len, reverse=True)", "{{{}: 1}}",
     "{{{}}}", "({}).upper()", "json_loads({})", "re_search('a', {})", "glob('*a*', {})", "ip_in({}, '10.0.0.0/8')",
     "range({})", "not {}", "-{}", "({} if event.get('b') else 'no')", "int({}, 16)")
)  # fmt: skip
_loops = st.sampled_from(
    ("[x for x in {}]", "any(x == 'x' for x in {})", "[x for x in {} if x]", "{{x for x in {}}}",
     "{{x: 1 for x in {}}}",
     "[(x, y) for x in {} for y in (1, 2)]", "[str(x).lower() for x in {}]", "[x + x for x in {}]",
     "[x * 2 for x in {}]",
     "[f'{{x}}!' for x in {}]", "all('a' in str(x) for x in {})", "[y for x in {} for y in x]", "[x[:1] for x in {}]",
     "sum(1 for x in {} if x != 1)", "[x in event for x in {}]", "[x.split('.') for x in {}]", "[k for k, v in {}]",
     "[x for x in {} if any(x == y for y in event.values())]", "[[*x] for x in {}]", "[event.get(x) for x in {}]")
)  # fmt: skip


def _grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.builds("({}) {} ({})".format, inner, _binary, inner),
        st.builds("({}){}".format, inner, _methods),
        st.builds(lambda call, value: call.format(f"({value})"), _calls, inner),
        st.builds(lambda loop, value: loop.format(f"({value})"), _loops, inner),
    )


_expressions = st.recursive(st.one_of(_scalars, _lists), _grown, max_leaves=6)
_values = st.one_of(st.none(), st.booleans(), st.integers(-10, 300), st.floats(allow_nan=False), hostile_text(12))
_events = st.dictionaries(st.sampled_from(("a", "b", "c", "n", "userIdentity.type")), _values).map(MappingProxyType)


def _outcome(evaluate: Callable[[], object]) -> object:
    """Return what an evaluation gives, iterators as their elements, or the type of what it raises."""
    try:
        result = evaluate()
        iterates = hasattr(result, "__iter__") and not isinstance(result, str | list | tuple | dict | set)
        result = list(result) if iterates and isinstance(result, Iterable) else result
    except Exception as error:  # noqa: BLE001 (whatever the expression raises)
        return type(error)
    # Sets in any order; objects without the address that they happen to have.
    shown = sorted(map(repr, result)) if isinstance(result, set) else repr(result)
    return type(result), re.sub(r" at 0x\w+", "", str(shown))


@settings(deadline=None, max_examples=700)
@given(text=_expressions, event=_events)
def test_guards_change_nothing(text: str, event: Mapping[str, Any]) -> None:
    """Any expression of ordinary size gives, or raises, with guards what Python's own `eval` does without."""
    try:
        evaluate = compile_expression(text)
    except ExpressionError:
        return
    # With guards first: what they stop is not for `eval` to try.
    with_guards = _outcome(lambda: evaluate(event))
    if with_guards != RuleBudgetError:
        assert with_guards == _outcome(lambda: plainly(text, event))
