"""Setting and removing fields of a record by their flattened names."""

from typing import Any

import pytest

from cloudtrail_to_slack_cli.rule_tests.record_fields import remove_field, set_field


@pytest.mark.parametrize(
    ("record", "field", "expected"),
    [
        ({}, "a.b", {"a": {"b": 1}}),
        ({"a": None}, "a.b", {"a": {"b": 1}}),
        ({"a": {"b": 0, "c": 2}}, "a.b", {"a": {"b": 1, "c": 2}}),
        ({"a": [{"b": 0}]}, "a.0.b", {"a": [{"b": 1}]}),
        ({"a": [0]}, "a.0", {"a": [1]}),
        ({"a": [0]}, "a.1", {"a": [0, 1]}),
        ({"a": []}, "a.0.b", {"a": [{"b": 1}]}),
        ({"a": [None]}, "a.0.b", {"a": [{"b": 1}]}),
        ({"a": {"b.c": 0}}, "a.b.c", {"a": {"b.c": 1}}),
        ({"a": {}}, "a.0", {"a": {"0": 1}}),
    ],
)
def test_a_field_is_set(record: dict[str, Any], field: str, expected: dict[str, Any]) -> None:
    """A field is set where its flattened name says, with what is missing on the way."""
    set_field(record, field.split("."), 1)
    assert record == expected


@pytest.mark.parametrize(
    ("record", "field", "problem"),
    [
        ({"a": "text"}, "a.b", "a is neither an object nor a list"),
        ({"a": [0]}, "a.2", "there is no position 2 in a"),
        ({"a": [0]}, "a.b", "there is no position b in a"),
        ({"a": [0]}, "a.٠", "there is no position"),
    ],
)
def test_a_field_that_cannot_be_set_is_an_error(record: dict[str, Any], field: str, problem: str) -> None:
    """A field below a value, or beyond the end of a list, is refused."""
    with pytest.raises(ValueError, match=problem):
        set_field(record, field.split("."), 1)


@pytest.mark.parametrize(
    ("record", "field", "removed", "expected"),
    [
        ({"a": {"b": 1, "c": 2}}, "a.b", True, {"a": {"c": 2}}),
        ({"a": [1, 2]}, "a.0", True, {"a": [2]}),
        ({"a": {"b.c": 0}}, "a.b.c", True, {"a": {}}),
        ({"a": [{"b": 1}]}, "a.0.b", True, {"a": [{}]}),
        ({"a": 1}, "b", False, {"a": 1}),
        ({"a": 1}, "a.b", False, {"a": 1}),
        ({"a": [1]}, "a.1", False, {"a": [1]}),
    ],
)
def test_a_field_is_removed(record: dict[str, Any], field: str, removed: bool, expected: dict[str, Any]) -> None:  # noqa: FBT001
    """A field is removed, and one that is not there changes nothing."""
    assert remove_field(record, field.split(".")) is removed
    assert record == expected
