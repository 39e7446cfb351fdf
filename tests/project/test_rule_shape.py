"""The shape of a rule is defined once: what else names the fields of rules agrees with it."""

import re
from dataclasses import field, make_dataclass
from pathlib import Path

import pytest

from cloudtrail_to_slack.config import rule_values
from cloudtrail_to_slack.config.field_reader import Reader
from cloudtrail_to_slack.rules.model import FieldKind, IgnoreRule, Rule, rule_fields
from cloudtrail_to_slack_dev import rule_schema as schema
from cloudtrail_to_slack_dev.generate import generated
from support.module_docs import declared

_ROOT = Path(__file__).resolve().parents[2]


def test_generated_files_are_up_to_date() -> None:
    """The JSON schema and the tables of docs/rules.md are what `python -m cloudtrail_to_slack_dev.generate` writes."""
    for path, text in generated().items():
        assert path.read_text() == text, f"run python -m cloudtrail_to_slack_dev.generate: {path.name} is out of date"


@pytest.mark.parametrize(("variable", "shape"), [("detection_rules", Rule), ("detection_ignore_rules", IgnoreRule)])
def test_terraform_takes_the_fields_of_a_rule(variable: str, shape: type[Rule | IgnoreRule]) -> None:
    """The objects of a Terraform variable have exactly the fields of a rule."""
    body = declared(_ROOT, "variable")[variable]
    keys = re.findall(r"^    (\w+)\s+= (?:optional|string|list)", body, re.MULTILINE)
    assert keys == [each.name for each in rule_fields(shape)]


def test_every_kind_of_field_can_be_read_and_has_a_schema() -> None:
    """A kind of field that the reader or the schema forgot would fail only where a rule has such a field."""
    assert set(rule_values.VALUE_READERS) | {FieldKind.EXPRESSION, FieldKind.TESTS} == set(FieldKind)
    assert set(schema.KIND_SCHEMAS) == set(FieldKind)


def test_a_field_that_is_added_to_a_rule_is_known_everywhere() -> None:
    """One line in the dataclass makes a field known to the reader, the schema and the docs."""
    owner = field(default=None, metadata={"rule_field": (FieldKind.STRING, "who answers for it")})
    shape: type[Rule] = make_dataclass("Owned", [("owner", str | None, owner)], bases=(Rule,), frozen=True)
    values = rule_values.read_values(Reader({"owner": " us "}, "rules[0]", []), shape)
    assert values["owner"] == "us"
    assert schema.rule_schema(shape)["properties"]["owner"] == {"description": "who answers for it", "type": "string"}
    assert "| `owner` | who answers for it |" in schema.field_table(shape)
