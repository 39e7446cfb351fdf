"""A look at a record's text leaves out only rules that cannot match it or raise on it."""

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudtrail_to_slack.events.event import read_event
from cloudtrail_to_slack.rules import Rule, RuleSet
from cloudtrail_to_slack.rules.index.index import RequiredKeys
from cloudtrail_to_slack.rules.index.indexable_conditions import required_ends, required_values
from cloudtrail_to_slack.rules.packs import pack_rules

TODAY = date(2026, 3, 14)


@pytest.mark.parametrize(
    ("expression", "ends"),
    [
        ("""event.get("a.b") == "x" """, [b'b"']),
        ("""event.get("a") in ("x", 1) and event.get("c.d") is not None""", [b'a"', b'd"']),
        ("""re_search("x", event.get("a.key-1"))""", [b'key-1"']),
        ("""event.get("eventName") == "X" and glob("*", event.get("a")) and event.get("b") == 1""", [b'a"']),
        ("""event.get("a") == "x" and event["b"] == 1 and event.get("c") == 1""", [b'a"']),
        ("""event.get("a", "x") == "x" """, []),
        ("""event.get("a") is None""", []),
        ("""event.get("a") != "x" """, []),
        ("""event.get("a") == None""", []),
        ("""event.get("a") is not 1""", []),
        ("""event.get("a") in ("x", None)""", []),
        ("""event.get("a") in "xyz" """, []),
        ("""event.get("a") == event.get("b")""", []),
        ("""event.get("names.9") is not None""", []),
        ("""event.get("a.ü") == 1""", []),
        ("""re_search(event.get("p"), event.get("a"))""", []),
        ("""event.get("a") == 1 or event.get("b") == 1""", []),
        ("""not event.get("a") == 1""", []),
        ("""1 < event.get("a") == 1""", []),
    ],
)
def test_what_a_rule_requires(expression: str, ends: list[bytes]) -> None:
    """A key is required where the rule is False without it, and nothing before can raise."""
    assert list(required_ends(expression)) == ends


@pytest.mark.parametrize(
    ("expression", "values"),
    [
        ("""event.get("a.b") == "x" """, [(b'"x"',)]),
        ("""event.get("a") in ("x", "y") and event.get("c.d") == "z" """, [(b'"x"', b'"y"'), (b'"z"',)]),
        ("""event.get("eventName") == "X" or event.get("a") == "y" """, [(b'"X"', b'"y"')]),
        ("""event.get("a") == "x" and event.get("b") is None or event.get("a.1") == "y" """, [(b'"x"', b'"y"')]),
        ("""event.get("eventName") == "X" """, []),
        ("""event.get("a") == "x" or event.get("b") is None""", []),
        ("""event.get("a", "x") == "x" """, []),
        ("""event.get("a", "x") == "x" or event.get("b") == "y" """, []),
        ("""event.get("a") in ("x", None)""", []),
        ("""event.get("a") in ("x", 1)""", []),
        ("""event.get("a") != "x" """, []),
        ("""not event.get("a") == "x" """, []),
        ("""event.get("a") == 'say "x"'""", []),
        ("""event.get("a") == "ü" """, []),
        ("""event["b"] == 1 and event.get("a") == "x" """, []),
        ("""event.get("a") == "x" or re_search("x", event.get("b"))""", []),
    ],
)
def test_which_values_a_rule_requires(expression: str, values: list[tuple[bytes, ...]]) -> None:
    """One of the values is required that a part compares with, if it is False without them and nothing can raise."""
    assert list(required_values(expression)) == values


def test_what_is_escaped_is_not_ruled_out() -> None:
    """A key that is written with an escape is the same key, so a string with any escape rules nothing out."""
    keys = RequiredKeys(['event.get("a.b") == 1', "True"])
    assert keys.possible(0b11, b'{"a":{"b":1}}') == 0b11
    assert keys.possible(0b11, b'{"a.b":1}') == 0b11
    assert keys.possible(0b11, b'{"a":{"c":1}}') == 0b10
    assert keys.possible(0b11, b'{"a":{"\\u0062":1}}') == 0b11
    assert keys.possible(0b111, b"{}") == 0b110


names = st.sampled_from(["a", "b", "a.b", "c", "eventName", "ü", "0"])
leaves = st.one_of(st.none(), st.booleans(), st.integers(-2, 2), st.sampled_from(["x", "y", "", "\\", "\n", "a"]))
records = st.dictionaries(
    names, st.recursive(leaves, lambda child: st.lists(child, max_size=2) | st.dictionaries(names, child, max_size=3))
)
keys = st.sampled_from(["a", "b", "a.b", "a.a.b", "c.0", "c.0.a", "eventName"])
parts = st.one_of(
    st.builds("event.get({!r}) == {!r}".format, keys, leaves),
    st.builds("event.get({!r}) is not None".format, keys),
    st.builds("event.get({!r}) in ({!r}, {!r})".format, keys, leaves, leaves),
    st.builds("re_search('x', event.get({!r}))".format, keys),
    st.builds("event[{!r}] == 'x'".format, keys),
    st.builds("str(event.get({!r})).startswith('x')".format, keys),
    st.builds("not event.get({!r}) == 'x'".format, keys),
    st.builds("(event.get({!r}) == {!r} or event.get({!r}) in ('x', 'y'))".format, keys, leaves, keys),
    st.builds("(event.get({!r}) == {!r} and event.get({!r}) or event.get('a') == 'y')".format, keys, leaves, keys),
    st.builds(
        "(event.get({!r}) is None and event.get({!r}) == {!r} or event.get('b') == '')".format, keys, keys, leaves
    ),
)


@given(st.lists(parts, min_size=1, max_size=4).map(" and ".join), records, st.booleans())
def test_no_rule_is_left_out_that_matches_or_raises(expression: str, record: dict[str, Any], ascii_only: bool) -> None:  # noqa: FBT001 (drawn)
    """Whatever the record and however it is written, a rule that is ruled out neither matches nor raises."""
    text = json.dumps(record, ensure_ascii=ascii_only).encode()
    if not RequiredKeys([expression]).possible(1, text):
        evaluation = RuleSet([Rule(expression)], []).evaluate(read_event(record).flat, TODAY)
        assert (evaluation.matched, evaluation.problems) == ((), ())


def test_several_fields_of_one_last_name_require_that_name() -> None:
    """Where a rule is False without any of its fields, the name that they share must be in the text."""
    same = 'event.get("a.size") == "x" or event.get("b.0.size") == "x"'
    assert list(required_ends(same)) == [b'size"']
    assert list(required_ends('event.get("a.size") == "x" or event.get("a.kind") == "x"')) == []
    assert list(required_ends('event.get("a.size") is None or event.get("b.size") == "x"')) == []


def test_rules_of_packs_are_helped() -> None:
    """An ordinary instance is no reason to decode a record for the rule on expensive ones."""
    rules = pack_rules("recommended", None)
    number = [rule.id for rule in rules].index("execution-lateral-movement/unusual-instances-launched")
    required = RequiredKeys(rule.expression for rule in rules)
    assert required.possible(1 << number, b'{"eventName":"RunInstances","requestParameters":{"x":1}}') == 0
    assert required.possible(1 << number, b'{"eventName":"RunInstances","requestParameters":{"instanceType":"p3.2"}}')
