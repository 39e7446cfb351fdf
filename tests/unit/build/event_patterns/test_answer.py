"""What Terraform hears of the program that derives event patterns, when something is wrong."""

import io
import json
from typing import Any

import pytest

from cloudtrail_to_slack_build.realtime.answer import main


def _asked(query: Any) -> tuple[int, str, str]:
    answer, errors = io.StringIO(), io.StringIO()
    status = main(io.StringIO(query if isinstance(query, str) else json.dumps(query)), answer, errors)
    return status, answer.getvalue(), errors.getvalue()


def test_a_configuration_is_answered() -> None:
    """Patterns and the names of rules that are left come as JSON texts."""
    config = {"use_default_rules": False, "rules": ["event['eventName'] == 'A'", {"expression": "'x' in str(event)"}]}
    status, answer, errors = _asked({"config": json.dumps(config)})
    assert (status, errors) == (0, "")
    found = json.loads(answer)
    assert [json.loads(pattern)["detail"] for pattern in json.loads(found["patterns"])] == [{"eventName": ["A"]}]
    assert json.loads(found["left"]) == ["rules[1]"]


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("event[", "event["),
        ({"id": "mine", "expression": "event['a'] = 1"}, "the rule mine"),
        ("(" * 5000, "the rule"),
        ("x == " + "'a' or " * 300 + "(", "…"),
    ],
)
def test_a_rule_that_is_no_expression_is_named(rule: Any, said: str) -> None:
    """What cannot be parsed fails the plan with its name or its text, cut, and a way out."""
    status, answer, errors = _asked({"config": json.dumps({"rules": [rule]})})
    assert (status, answer) == (1, "")
    assert said in errors
    assert "realtime_event_patterns" in errors
    assert len(errors) < 1000


@pytest.mark.parametrize(
    "query",
    ["", "[]", "{}", {"config": "{"}, {"config": "[]"}, {"config": json.dumps({"rules": [5]})},
     {"config": json.dumps({"rules": [{"expression": True}]})}, {"config": json.dumps({"rules": [{"id": "x"}]})}],
)  # fmt: skip
def test_what_cannot_be_read_is_one_message(query: Any) -> None:
    """Whatever Terraform hands over, there is an answer or one message, and never a traceback."""
    status, answer, errors = _asked(query)
    assert (status, answer) == (1, "")
    assert errors.startswith("No event patterns can be derived from the rules")
