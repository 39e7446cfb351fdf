"""The JSON schema of rule files, for editors, and the tables of the docs: both follow from the shape of a rule."""

from collections.abc import Mapping
from typing import Any

from cloudtrail_to_slack.rules.model import (
    FILE_ONLY_FIELDS,
    MAX_THRESHOLD_COUNT,
    MAX_THRESHOLD_MINUTES,
    TECHNIQUE_PATTERN,
    FieldKind,
    IgnoreRule,
    Rule,
    Severity,
    rule_fields,
)

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
KIND_SCHEMAS: Mapping[FieldKind, dict[str, Any]] = {
    FieldKind.EXPRESSION: {"type": "string", "pattern": r"\S"},
    FieldKind.STRING: {"type": "string"},
    FieldKind.STRINGS: {"type": "array", "items": {"type": "string"}},
    FieldKind.SEVERITY: {"enum": [severity.word for severity in Severity]},
    FieldKind.URL: {"type": "string", "pattern": "^https?://[!-~]+$"},
    FieldKind.TECHNIQUES: {"type": "array", "items": {"type": "string", "pattern": TECHNIQUE_PATTERN}},
    FieldKind.DAY: {"type": "string", "format": "date"},
    FieldKind.THRESHOLD: {
        "type": "object",
        "required": ["count", "minutes"],
        "additionalProperties": False,
        "properties": {
            "count": {"type": "integer", "minimum": 1, "maximum": MAX_THRESHOLD_COUNT},
            "minutes": {"type": "integer", "minimum": 1, "maximum": MAX_THRESHOLD_MINUTES},
            "by": {"type": ["string", "array"], "items": {"type": "string"}},
            "distinct": {"type": "string"},
        },
    },
    FieldKind.TESTS: {"type": "array", "items": {"$ref": "#/$defs/test"}},
}
_TEST = {
    "type": "object",
    "required": ["expect"],
    "additionalProperties": False,
    "properties": {
        "name": {"description": "what the test shows, in a few words", "type": "string"},
        "event": {
            "description": "a CloudTrail record, or the path of a file that contains one",
            "type": ["object", "string"],
        },
        "file": {"description": "the path of a file that contains a CloudTrail record", "type": "string"},
        "sample": {"description": "the name of a sample event of the command line", "type": "string"},
        "set": {"description": "fields to set, with dots for nested ones", "type": "object"},
        "unset": {"description": "fields to remove", "type": ["array", "string"], "items": {"type": "string"}},
        "expect": {"description": "what the rule does", "enum": ["match", "no_match", "ignored", "error"]},
    },
}


def json_schema() -> dict[str, Any]:
    """Return the JSON schema (draft 2020-12) of a rule file: an object with `rules`, `ignore_rules` or both."""
    return {
        "$schema": _DIALECT,
        "title": "Rules of cloudtrail-to-slack",
        "type": "object",
        "properties": {"rules": _list_of("rule"), "ignore_rules": _list_of("ignore_rule")},
        "anyOf": [{"required": ["rules"]}, {"required": ["ignore_rules"]}],
        "$defs": {"rule": rule_schema(Rule), "ignore_rule": rule_schema(IgnoreRule), "test": _TEST},
    }


def _list_of(name: str) -> dict[str, Any]:
    return {"type": "array", "items": {"anyOf": [KIND_SCHEMAS[FieldKind.EXPRESSION], {"$ref": f"#/$defs/{name}"}]}}


def rule_schema(shape: type[Rule | IgnoreRule]) -> dict[str, Any]:
    """Return the schema of a rule as an object."""
    known = (*rule_fields(shape), *FILE_ONLY_FIELDS)
    return {
        "type": "object",
        "required": ["expression"],
        "additionalProperties": False,
        "properties": {each.name: {"description": each.description, **KIND_SCHEMAS[each.kind]} for each in known},
    }


def field_table(shape: type[Rule | IgnoreRule]) -> str:
    """Return the fields of a rule or an ignore rule as a table in Markdown."""
    rows = [f"| `{each.name}` | {each.description} |" for each in (*rule_fields(shape), *FILE_ONLY_FIELDS)]
    return "\n".join(["| field | holds |", "| --- | --- |", *rows])
