"""The rules of `config.json`: read one by one, so that what is wrong with one rule stops no other. Pure.

A rule whose expression can be used is evaluated, whatever else about it is wrong: without its id, severity or the like
it still detects what it is for. An ignore rule with any issue is left out, because a misread one could hide alerts.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, TypeVar

from cloudtrail_to_slack.config.environment import is_web_address
from cloudtrail_to_slack.config.field_reader import Reader
from cloudtrail_to_slack.config.rule_choice import SEVERITIES, RuleChoice
from cloudtrail_to_slack.errors import ConfigurationIssue, ExpressionError
from cloudtrail_to_slack.json_fields import type_name
from cloudtrail_to_slack.rules.expressions.compile import compile_expression, parse_expression
from cloudtrail_to_slack.rules.expressions.diagnostics import excerpt, render_caret
from cloudtrail_to_slack.rules.model import (
    FILE_ONLY_FIELDS,
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
from cloudtrail_to_slack.rules.packs import default_rules, events_to_track_rule

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

T = TypeVar("T")

_LINE_BREAKS = re.compile(r"\s*\\?[\r\n]\s*")
_LONGEST_ID = 100


@dataclass(frozen=True)
class RuleIssue:
    """What is wrong with one rule: where it stands (`rules[2]`), its id, and every issue in it.

    `left_out` is False for a rule that is evaluated without the part that is wrong.
    """

    path: str
    rule_id: str | None
    details: tuple[ConfigurationIssue, ...]
    left_out: bool


class RuleReader:
    """Reads the rules of a document. `issues` gathers what is wrong with single rules; other issues are the document's.

    `joined` is how many of the first `rules` and `ignore_rules` were one string, split at `separator` already.
    """

    def __init__(self, document: Reader, separator: str, joined: Mapping[str, int] | None = None) -> None:
        self.issues: list[RuleIssue] = []
        self._document = document
        self._separator = separator
        self._joined = joined or {}

    def rules(self, function_name: str | None) -> tuple[Rule, ...]:
        """Return all rules that can be evaluated, in order: default rules, packs, the user's, events to track."""
        use_defaults = self._document.boolean("use_default_rules", default=True)
        before = list(default_rules(function_name)) if use_defaults else []
        choice = RuleChoice(self._document, lambda issue: self._note(issue.path, None, [issue], left_out=True))
        after = self._tracked(choice)
        ids = {rule.id for rule in before}
        before += [rule for rule in choice.packs(function_name) if rule.id not in ids]
        taken = {rule.id for rule in (*before, *after)}
        own = self._each("rules", lambda item, path, separator: self._rule(item, path, separator, taken))
        return choice.applied((*before, *own, *after), self._ignore_rule)

    def ignore_rules(self) -> tuple[IgnoreRule, ...]:
        """Return the ignore rules without any issue, in order."""
        return tuple(self._each("ignore_rules", self._ignore_rule))

    def _each(self, key: str, read: Callable[[object, str, str | None], T | None]) -> list[T]:
        """Read rules given as a list, or joined by the separator in one string."""
        value = self._document.raw(key)
        if isinstance(value, str):
            parts = filter(None, (part.strip() for part in value.split(self._separator)))
            made = (read(part, f"{key}[{position}]", self._separator) for position, part in enumerate(parts))
            return [element for element in made if element is not None]
        joined = {f"{key}[{position}]" for position in range(self._joined.get(key, 0))}
        return list(
            self._document.each(key, lambda item, path: read(item, path, self._separator if path in joined else None))
        )

    def _rule(self, item: object, path: str, separator: str | None, taken: set[str | None]) -> Rule | None:
        found: list[ConfigurationIssue] = []
        values = _fields(item, path, separator, Rule, found)
        rule_id = values.get("id")
        if "expression" not in values:
            self._note(path, rule_id, found, left_out=True)
            return None
        if rule_id and rule_id in taken:
            problem = f"is {excerpt(rule_id, _LONGEST_ID)!r}, and another rule has that id already"
            found.append(ConfigurationIssue(f"{path}.id", problem))
            del values["id"]
        self._note(path, rule_id, found, left_out=False)
        taken.add(values.get("id"))
        return Rule(**values)

    def _ignore_rule(self, item: object, path: str, separator: str | None = None) -> IgnoreRule | None:
        found: list[ConfigurationIssue] = []
        values = _fields(item, path, separator, IgnoreRule, found)
        self._note(path, values.get("id"), found, left_out=True)
        return IgnoreRule(**values) if "expression" in values and not found else None

    def _tracked(self, choice: RuleChoice) -> tuple[Rule, ...]:
        """Return the rule of the events to track, as one or none."""
        key = "events_to_track"
        value = self._document.raw(key)
        names = value.split(",") if isinstance(value, str) else dict(choice.names(key, "the name of an event")).values()
        found = tuple(name.strip() for name in names if name.strip())
        if not found:
            return ()
        rule = events_to_track_rule(found)
        try:
            compile_expression(rule.expression)
        except ExpressionError as error:
            self._note(key, rule.id, [ConfigurationIssue(key, f"cannot be a rule, which {error}")], left_out=True)
            return ()
        return (rule,)

    def _note(self, path: str, rule_id: str | None, found: list[ConfigurationIssue], *, left_out: bool) -> None:
        if found:
            self.issues.append(RuleIssue(path, rule_id, tuple(found), left_out))


def read_values(reader: Reader, shape: type[Rule | IgnoreRule]) -> dict[str, Any]:
    """Return what each field but the expression holds; None where it is missing or wrong."""
    return {
        each.name: VALUE_READERS[each.kind](reader, each.name)
        for each in rule_fields(shape)
        if each.kind is not FieldKind.EXPRESSION
    }


def _fields(
    item: object, path: str, separator: str | None, shape: type[Rule | IgnoreRule], found: list[ConfigurationIssue]
) -> dict[str, Any]:
    """Return the fields of a rule that are given and right; the issues of all others are added to `found`."""
    reader = Reader(item if isinstance(item, dict) else {}, path, found)
    if not isinstance(item, (str, dict)):
        reader.report("", f"must be a string or an object with an expression, not {type_name(item)}")
    reader.refuse_unknown(each.name for each in (*rule_fields(shape), *FILE_ONLY_FIELDS))
    values = read_values(reader, shape)
    values["expression"] = _expression(reader, item, separator, values["id"])
    return {name: value for name, value in values.items() if value is not None}


def _expression(reader: Reader, item: object, separator: str | None, rule_id: str | None) -> str | None:
    """Return the expression in one line; None and an issue when it cannot be used.

    `separator` is what it was split from the others at, where they came in one string.
    """
    text, path = (item, "") if isinstance(item, str) else (reader.raw("expression"), "expression")
    if text is not None and not isinstance(text, str):
        reader.report(path, f"must be a Python expression, not {type_name(text)}")
        return None
    text = (text or "").strip()
    if not text:
        if isinstance(item, (str, dict)):
            reader.report(path, "is missing: a rule needs an expression")
        return None
    try:
        compile_expression(text)
    except ExpressionError as error:
        named = f'{path} (id "{excerpt(rule_id)}")' if rule_id else path
        advice = ""
        if error.is_half and separator:
            split = f'the string was split at "{excerpt(separator)}"'
            advice = f", for {split}: set rules_separator to what no rule holds, or give the rules as a list"
        shown = render_caret(text, error.place) if error.place else f"    {excerpt(text)}"
        reader.report(named, f"{error}{advice}\n{shown}")
        return None
    return _in_one_line(text)


def _in_one_line(text: str) -> str:
    """Return an expression over several lines in one, where that means the same: as a rule's name it is shown so."""
    line = _LINE_BREAKS.sub(" ", text)
    if line == text:
        return text
    try:
        same = ast.dump(parse_expression(line)) == ast.dump(parse_expression(text))
    except ExpressionError:  # a comment hides the rest of the line
        return text
    return line if same else text


def read_severity(reader: Reader, key: str) -> Severity | None:
    """Return the severity at `key`; None where it is missing or wrong, which is an issue."""
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
    """Return the MITRE ATT&CK techniques at `key`; what is none is an issue and left out."""
    techniques = reader.strings(key)
    wrong = [technique for technique in techniques if not re.search(TECHNIQUE_PATTERN, technique)]
    for technique in wrong:
        reader.report(key, f"has {excerpt(technique, _LONGEST_ID)!r}, which is no technique such as T1562.008")
    return tuple(technique for technique in techniques if technique not in wrong)


def _day(reader: Reader, key: str) -> date | None:
    text = reader.string(key)
    try:
        # Terraform's yamldecode makes a time of a day without quotes.
        return date.fromisoformat(text.removesuffix("T00:00:00Z")) if text else None
    except ValueError:
        reader.report(key, "must be a day such as 2027-01-31")
        return None


def _threshold(reader: Reader, key: str) -> Threshold | None:
    """Return the threshold at `key`; None where it is missing or wrong: then each match alerts."""
    if not reader.has(key):
        return None
    found: list[ConfigurationIssue] = []
    given = Reader(reader.raw(key), "", found)
    given.refuse_unknown(("count", "minutes", "by", "distinct"))
    numbers: dict[str, int] = {}
    for name, most in (("count", MAX_THRESHOLD_COUNT), ("minutes", MAX_THRESHOLD_MINUTES)):
        numbers[name] = given.integer(name, default=1, least=1)
        if not given.has(name):
            given.report(name, "is missing")
        elif numbers[name] > most:
            given.report(name, f"must be at most {most}")
    by = given.raw("by")
    one_by = (by,) if isinstance(by, str) and by else given.strings("by")
    threshold = Threshold(**numbers, by=one_by, distinct=given.string("distinct"))
    for issue in found:
        reader.report(key if issue.path == "config" else f"{key}.{issue.path}", issue.problem)
    return None if found else threshold


VALUE_READERS: Mapping[FieldKind, Callable[[Reader, str], object]] = {
    FieldKind.STRING: Reader.string,
    FieldKind.STRINGS: Reader.strings,
    FieldKind.SEVERITY: read_severity,
    FieldKind.URL: _url,
    FieldKind.TECHNIQUES: _techniques,
    FieldKind.DAY: _day,
    FieldKind.THRESHOLD: _threshold,
}
