"""Read the fields of a rule, with one function for each kind. Pure."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING, Any

from cloudtrail_to_slack.config.environment import is_web_address
from cloudtrail_to_slack.config.field_reader import Reader
from cloudtrail_to_slack.rules.expressions.diagnostics import excerpt
from cloudtrail_to_slack.rules.model import (
    MAX_THRESHOLD_COUNT,
    MAX_THRESHOLD_MINUTES,
    TECHNIQUE_PATTERN,
    FieldKind,
    IgnoreRule,
    Rule,
    Severity,
    Threshold,
    rule_fields,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

SEVERITIES = {severity.word: severity for severity in Severity}
_LONGEST_SHOWN = 100


def read_values(reader: Reader, shape: type[Rule | IgnoreRule]) -> dict[str, Any]:
    """Return the value of each field except the expression; None: it is missing or wrong."""
    return {
        each.name: VALUE_READERS[each.kind](reader, each.name)
        for each in rule_fields(shape)
        if each.kind is not FieldKind.EXPRESSION
    }


def read_severity(reader: Reader, key: str) -> Severity | None:
    """Return the severity at `key`; None: it is missing, or wrong, which is an issue."""
    word = reader.string(key)
    if word and word.lower() not in SEVERITIES:
        reader.report(key, f"must be one of {', '.join(SEVERITIES)}")
    return SEVERITIES.get(word.lower()) if word else None


def _url(reader: Reader, key: str) -> str | None:
    url = reader.string(key)
    if url and not is_web_address(url):
        reader.report(key, "must be an http(s) address")
        return None
    return url


def _techniques(reader: Reader, key: str) -> tuple[str, ...]:
    """Return the MITRE ATT&CK techniques at `key`; invalid ones are issues and left out."""
    techniques = reader.strings(key)
    for technique in techniques:
        if not re.search(TECHNIQUE_PATTERN, technique):
            reader.report(
                key, f"has {excerpt(technique, _LONGEST_SHOWN)!r}, which is not a technique such as T1562.008"
            )
    return tuple(technique for technique in techniques if re.search(TECHNIQUE_PATTERN, technique))


def _day(reader: Reader, key: str) -> date | None:
    text = reader.string(key)
    try:
        # Terraform's yamldecode turns an unquoted day into a time.
        return date.fromisoformat(text.removesuffix("T00:00:00Z")) if text else None
    except ValueError:
        reader.report(key, "must be a day such as 2027-01-31")
        return None


def _threshold(reader: Reader, key: str) -> Threshold | None:
    """Return the threshold at `key`; None: it is missing or wrong, so each match alerts."""
    if reader.raw(key) is None:
        return None
    issues_before = len(reader.issues)
    given = reader.nested(key, reader.raw(key))
    given.refuse_unknown(("count", "minutes", "by", "distinct"))
    numbers: dict[str, int] = {}
    for name, most in (("count", MAX_THRESHOLD_COUNT), ("minutes", MAX_THRESHOLD_MINUTES)):
        numbers[name] = given.integer(name, default=1, least=1)
        if given.raw(name) is None:
            given.report(name, "is missing")
        elif numbers[name] > most:
            given.report(name, f"must be at most {most}")
    by = given.raw("by")
    fields = (by,) if isinstance(by, str) and by else given.strings("by")
    threshold = Threshold(**numbers, by=fields, distinct=given.string("distinct"))
    return threshold if len(reader.issues) == issues_before else None


VALUE_READERS: Mapping[FieldKind, Callable[[Reader, str], object]] = {
    FieldKind.STRING: Reader.string,
    FieldKind.STRINGS: Reader.strings,
    FieldKind.SEVERITY: read_severity,
    FieldKind.URL: _url,
    FieldKind.TECHNIQUES: _techniques,
    FieldKind.DAY: _day,
    FieldKind.THRESHOLD: _threshold,
}
