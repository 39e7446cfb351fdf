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
from cloudtrail_to_slack.config.rule_choice import RuleChoice
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
    from collections.abc import Callable, Iterable, Mapping

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
    """Reads the rules of a document. `issues` gathers what is wrong with single rules.

    `joined` is how many of the first `rules` and `ignore_rules` were one string, split at `separator` already.

    Issues of more than one rule, such as a list that is none, are the document's.
    """

    def __init__(self, document: Reader, separator: str, joined: Mapping[str, int] | None = None) -> None:
        self.issues: list[RuleIssue] = []
        self._document = document
        self._separator = separator
        self._joined = joined or {}

    def rules(self, function_name: str | None) -> tuple[Rule, ...]:
        """Return all rules that can be evaluated, in order: default rules, packs, the user's, events to track."""
        use_defaults = self._document.boolean("use_default_rules", default=True)
        before = default_rules(function_name) if use_defaults else ()
        after = self._tracked()
        choice = RuleChoice(self._document, self._report)
        ids = {rule.id for rule in before}
        packs = [rule for rule in choice.packs(function_name) if rule.id not in ids]
        taken = {rule.id for rule in (*before, *packs, *after)}
        own = self._each("rules", lambda item, key, separator: self._rule(item, key, separator, taken))
        return choice.applied(
            (*before, *packs, *own, *after), lambda item, path: self._ignore_rule(item, path, separator=None)
        )

    def _report(self, issue: ConfigurationIssue) -> None:
        self._note(issue.path, None, [issue], left_out=True)

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

    def _rule(self, item: object, key: str, separator: str | None, taken: set[str | None]) -> Rule | None:
        found: list[ConfigurationIssue] = []
        reader = _reader(item, key, found, Rule)
        values = read_values(reader, Rule)
        expression = _expression(reader, item, separator, values["id"])
        written_id = rule_id = values["id"]
        if expression and rule_id and rule_id in taken:
            reader.report("id", f"is {excerpt(rule_id, _LONGEST_ID)!r}, and another rule has that id already")
            rule_id = values["id"] = None
        self._note(key, written_id, found, left_out=not expression)
        if not expression:
            return None
        taken.add(rule_id)
        return Rule(expression, **_given(values))

    def _ignore_rule(self, item: object, key: str, separator: str | None) -> IgnoreRule | None:
        found: list[ConfigurationIssue] = []
        reader = _reader(item, key, found, IgnoreRule)
        values = read_values(reader, IgnoreRule)
        expression = _expression(reader, item, separator, values["id"])
        self._note(key, values["id"], found, left_out=True)
        return None if found or not expression else IgnoreRule(expression, **_given(values))

    def _tracked(self) -> tuple[Rule, ...]:
        """Return the rule of the events to track, as one or none."""
        key = "events_to_track"
        value = self._document.raw(key)
        if isinstance(value, str):
            names: Iterable[str | None] = (part.strip() for part in value.split(","))
        else:
            names = self._document.each(key, self._tracked_name)
        found = tuple(name for name in names if name)
        if not found:
            return ()
        rule = events_to_track_rule(found)
        try:
            compile_expression(rule.expression)
        except ExpressionError as error:
            self._note(key, rule.id, [ConfigurationIssue(key, f"cannot be a rule, which {error}")], left_out=True)
            return ()
        return (rule,)

    def _tracked_name(self, item: object, key: str) -> str | None:
        if isinstance(item, str):
            return item.strip()
        self._note(
            key, None, [ConfigurationIssue(key, f"must be the name of an event, not {type_name(item)}")], left_out=True
        )
        return None

    def _note(self, path: str, rule_id: str | None, found: list[ConfigurationIssue], *, left_out: bool) -> None:
        if found:
            self.issues.append(RuleIssue(path, rule_id, tuple(found), left_out))


def _reader(item: object, key: str, found: list[ConfigurationIssue], shape: type[Rule | IgnoreRule]) -> Reader:
    """Return a reader of a rule's fields, which a rule that is only a string does not have."""
    if isinstance(item, str):
        return Reader({}, key, found)
    if not isinstance(item, dict):
        found.append(
            ConfigurationIssue(key, f"must be a string or an object with an expression, not {type_name(item)}")
        )
        return Reader({}, key, found)
    reader = Reader(item, key, found)
    reader.refuse_unknown(each.name for each in (*rule_fields(shape), *FILE_ONLY_FIELDS))
    return reader


def read_values(reader: Reader, shape: type[Rule | IgnoreRule]) -> dict[str, Any]:
    """Return what each field but the expression holds; None where it is missing or wrong."""
    return {
        each.name: VALUE_READERS[each.kind](reader, each.name)
        for each in rule_fields(shape)
        if each.kind is not FieldKind.EXPRESSION
    }


def _given(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _expression(fields: Reader, item: object, separator: str | None, rule_id: str | None) -> str | None:
    """Return the expression in one line; None and an issue when it cannot be used.

    `separator` is what it was split from the others at, where they came in one string.
    """
    text = item if isinstance(item, str) else fields.raw("expression")
    path = "" if isinstance(item, str) else "expression"
    if not isinstance(text, str):
        if text is not None:
            fields.report(path, f"must be a Python expression, not {type_name(text)}")
        elif isinstance(item, dict):
            fields.report(path, "is missing: a rule needs an expression")
        return None
    text = text.strip()
    if not text:
        fields.report(path, "is missing: a rule needs an expression")
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
        fields.report(named, f"{error}{advice}\n{shown}")
        return None
    return _in_one_line(text)


def read_severity(reader: Reader, key: str) -> Severity | None:
    """Return the severity at `key`; None where it is missing or wrong, which is an issue."""
    word = reader.string(key)
    if word is None:
        return None
    known = {severity.word: severity for severity in Severity}
    if word.lower() not in known:
        reader.report(key, f"must be one of {', '.join(known)}")
    return known.get(word.lower())


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
    fields = Reader(reader.raw(key), "", found)
    fields.refuse_unknown(("count", "minutes", "by", "distinct"))
    for name, most in (("count", MAX_THRESHOLD_COUNT), ("minutes", MAX_THRESHOLD_MINUTES)):
        if not fields.has(name):
            fields.report(name, "is missing")
        elif fields.integer(name, default=1, least=1) > most:
            fields.report(name, f"must be at most {most}")
    by = fields.raw("by")
    threshold = Threshold(
        count=fields.integer("count", default=1, least=1),
        minutes=fields.integer("minutes", default=1, least=1),
        by=(by,) if isinstance(by, str) and by else fields.strings("by"),
        distinct=fields.string("distinct"),
    )
    for issue in dict.fromkeys(found):
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
