"""Reading untyped JSON with every fault gathered."""

from typing import Any

import pytest
from hypothesis import example, given, settings

from cloudtrail_to_slack.config.field_reader import MOST, Reader
from cloudtrail_to_slack.errors import ConfigurationIssue
from cloudtrail_to_slack.json_fields import type_name
from support.strategies import json_values


def reader(data: object, path: str = "") -> tuple[Reader, list[ConfigurationIssue]]:
    """A reader and the list its issues go to."""
    issues: list[ConfigurationIssue] = []
    return Reader(data, path, issues), issues


@pytest.mark.parametrize(
    ("value", "name"),
    [(None, "null"), (True, "a boolean"), (1, "a number"), (1.5, "a number"), ("x", "a string"), ([], "a list"),
     ({}, "an object"), (b"", "something else")],
)  # fmt: skip
def test_kind(value: object, name: str) -> None:
    """A value is named by its JSON type."""
    assert type_name(value) == name


@pytest.mark.parametrize("path", ["", "slack.routes[0]"])
def test_paths(path: str) -> None:
    """A fault's path is where its object stands, then the key; the document itself is `config`."""
    found, issues = reader({"a": {"b": 1}}, path)
    found.nested("a", {"b": 1}).string("b")
    found.report("", "is odd")
    prefix = f"{path}." if path else ""
    assert [fault.path for fault in issues] == [f"{prefix}a.b", path or "config"]


def test_no_object_reads_as_an_empty_one() -> None:
    """What is not an object is one fault, and then every value has its default."""
    found, issues = reader([], "rules[0]")
    values = (found.string("a"), found.boolean("b", default=True), found.strings("c"), found.raw("d"), found.items("e"))
    assert values == (None, True, (), None, [])
    assert issues == [ConfigurationIssue("rules[0]", "must be an object, not a list")]


def test_unknown_keys() -> None:
    """Each unknown key is a fault, an endless one shortened."""
    found, issues = reader({"a": 1, "x": 2, "y" * 1000: 3})
    found.refuse_unknown(["b", "a"])
    assert issues == [ConfigurationIssue(key, "is not a known key; the keys are a, b") for key in ("x", "y" * 100)]


@pytest.mark.parametrize(("value", "text"), [(" x ", "x"), ("", None), ("  ", None), (None, None)])
def test_text(value: object, text: str | None) -> None:
    """A string is stripped, a blank one is none."""
    found, issues = reader({"a": value})
    assert found.string("a") == text
    assert issues == []


@pytest.mark.parametrize("value", ["12", 12, 12.0, "012"])
def test_whole_number(value: object) -> None:
    """A whole number may be written as text or with a point."""
    found, issues = reader({"a": value})
    assert found.integer("a", default=1, least=1) == 12
    assert issues == []


@pytest.mark.parametrize("value", ["x", "-1", "1.5", "", 1.5, float("inf"), True, [], {}, -1, 0])
def test_no_whole_number(value: object) -> None:
    """Anything else is a fault, and gives the default."""
    found, issues = reader({"a": value})
    assert found.integer("a", default=7, least=1) == 7
    assert [fault.path for fault in issues] == ["a"]


def test_texts() -> None:
    """A list of texts is stripped and loses its blanks; what is not text is a fault with its position."""
    found, issues = reader({"a": [" x ", "", 5, "y"]})
    assert found.strings("a") == ("x", "y")
    assert issues == [ConfigurationIssue("a[2]", "must be a string, not a number")]


@settings(deadline=None, max_examples=100)
@given(value=json_values())
@example(value=MOST + 1)
def test_no_fault_shows_a_value(value: Any) -> None:
    """Whatever stands in a key's place, its fault names the value's type and not the value."""
    found, issues = reader({"a": value})
    found.string("a")
    found.boolean("a", default=False)
    found.integer("a", default=1, least=1)
    reported = {fault.problem for fault in issues}
    names = ("null", "a boolean", "a number", "a string", "a list", "an object")
    wanted = ("a string", "true or false", "a whole number")
    outside = {"must be at least 1", f"must be at most {MOST:,}"}
    assert reported <= {f"must be {want}, not {name}" for want in wanted for name in names} | outside
