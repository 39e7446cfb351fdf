"""Read the rules in `config.json` one by one, so that a mistake in one does not affect the others. Pure.

A rule with a valid expression is evaluated even if other fields are wrong, such as its id or severity, because it can
still detect something. An ignore rule with any issue is left out, because it could hide alerts. So are references to
unknown rules and packs.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from cloudtrail_to_slack.config.field_reader import Reader
from cloudtrail_to_slack.config.rule_values import SEVERITIES, read_values
from cloudtrail_to_slack.errors import ConfigurationIssue, ExpressionError
from cloudtrail_to_slack.json_fields import type_name
from cloudtrail_to_slack.rules import packs
from cloudtrail_to_slack.rules.expressions.compile import compile_expression, parse_expression
from cloudtrail_to_slack.rules.expressions.diagnostics import excerpt, render_caret
from cloudtrail_to_slack.rules.model import FILE_ONLY_FIELDS, IgnoreRule, Rule, Severity, rule_fields

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

T = TypeVar("T")
AnyRule = TypeVar("AnyRule", Rule, IgnoreRule)

_LINE_BREAKS = re.compile(r"\s*\\?[\r\n]\s*")
_LONGEST_NAME = 100


@dataclass(frozen=True)
class RuleIssue:
    """The issues of one rule: its position (`rules[2]`), its id, and the details.

    `left_out` is False for a rule that is evaluated without the wrong part.
    """

    path: str
    rule_id: str | None
    details: tuple[ConfigurationIssue, ...]
    left_out: bool


class RuleReader:
    """Reads the rules of a document. `issues` gathers the issues of single rules; others go to the document's reader.

    `joined` is how many of the first `rules` and `ignore_rules` come from one string, already split at `separator`.
    """

    def __init__(self, document: Reader, separator: str, joined: Mapping[str, int] | None = None) -> None:
        self.issues: list[RuleIssue] = []
        self._document = document
        self._separator = separator
        self._joined = joined or {}

    def rules(self, function_name: str | None) -> tuple[Rule, ...]:
        """Return all rules that can be evaluated, in order: default rules, packs, the user's, events to track."""
        use_defaults = self._document.boolean("use_default_rules", default=True)
        before = {rule.id: rule for rule in packs.default_rules(function_name)} if use_defaults else {}
        for path, name in self._names("detection_packs", "the name of a pack"):
            if name in packs.pack_names():
                for rule in packs.pack_rules(name, function_name):
                    before.setdefault(rule.id, rule)
            else:
                self._report_unknown(path, name, packs.pack_names(), "there is no pack of that name")
        after = self._tracked()
        taken = {*before, *(rule.id for rule in after)}
        own = self._each("rules", partial(self._rule, Rule, taken=taken))
        return self._configured((*before.values(), *own, *after))

    def ignore_rules(self) -> tuple[IgnoreRule, ...]:
        """Return the ignore rules without any issue, in order."""
        return tuple(self._each("ignore_rules", partial(self._rule, IgnoreRule)))

    def _each(self, key: str, read: Callable[[object, str, str | None], T | None]) -> list[T]:
        """Read each rule with its path, and the separator if it comes from a string of several rules."""
        value: object = self._document.raw(key)
        if isinstance(value, str):
            items: list[Any] = [part.strip() for part in value.split(self._separator) if part.strip()]
            joined = len(items)
        else:
            items, joined = self._document.items(key), self._joined.get(key, 0)
        found = [
            read(item, f"{key}[{number}]", self._separator if number < joined else None)
            for number, item in enumerate(items)
        ]
        return [each for each in found if each is not None]

    def _rule(
        self, shape: type[AnyRule], item: object, path: str, separator: str | None, taken: set[str | None] | None = None
    ) -> AnyRule | None:
        """Return a rule without its wrong parts, or None; `taken` are the ids of other rules."""
        issues: list[ConfigurationIssue] = []
        values = _fields(item, path, separator, shape, issues)
        rule_id, is_usable = values.get("id"), "expression" in values
        if taken is None:
            is_usable = is_usable and not issues
        elif is_usable:
            if rule_id and rule_id in taken:
                problem = f"is {excerpt(rule_id, _LONGEST_NAME)!r}, and another rule has that id already"
                issues.append(ConfigurationIssue(f"{path}.id", problem))
                del values["id"]
            taken.add(rule_id)
        if issues:
            self.issues.append(RuleIssue(path, rule_id, tuple(issues), left_out=not is_usable))
        return shape(**values) if is_usable else None

    def _tracked(self) -> tuple[Rule, ...]:
        """Return the rule for the events to track, or none."""
        key = "events_to_track"
        value = self._document.raw(key)
        names = value.split(",") if isinstance(value, str) else dict(self._names(key, "the name of an event")).values()
        found = tuple(name.strip() for name in names if name.strip())
        if not found:
            return ()
        rule = packs.events_to_track_rule(found)
        try:
            compile_expression(rule.expression)
        except ExpressionError as error:
            self._report(key, f"cannot be a rule, which {error}", rule.id)
            return ()
        return (rule,)

    def _configured(self, rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
        """Return `rules` without those that are disabled, with severities and exceptions as configured."""
        known = packs.DEFAULT_RULE_IDS | {rule.id for rule in rules if rule.id}
        disabled = {
            self._rule_id(name, path, known) for path, name in self._names("disabled_rules", "the id of a rule")
        }
        severities = self._by_rule("rule_severities", known, self._severity)
        exceptions = self._by_rule("rule_exceptions", known, self._exceptions)
        return tuple(
            replace(rule, severity=severities.get(rule.id, rule.severity), exceptions=exceptions.get(rule.id, ()))
            if rule.id in severities or rule.id in exceptions
            else rule
            for rule in rules
            if rule.id is None or rule.id not in disabled
        )

    def _by_rule(
        self, key: str, known: Collection[str], read: Callable[[object, str], T | None]
    ) -> dict[str | None, T]:
        """Return the values of the object at `key`, by rule."""
        given = self._document.raw(key)
        if given is not None and not isinstance(given, dict):
            self._report(key, f"must be an object with ids of rules as keys, not {type_name(given)}")
        found: dict[str | None, T] = {}
        for name, item in given.items() if isinstance(given, dict) else ():
            path = f"{key}.{excerpt(name, _LONGEST_NAME)}"
            rule_id, value = self._rule_id(name.strip(), path, known), read(item, path)
            if rule_id is not None and value is not None:
                found[rule_id] = value
        return found

    def _severity(self, item: object, path: str) -> Severity | None:
        severity = SEVERITIES.get(item.strip().lower()) if isinstance(item, str) else None
        if severity is None:
            self._report(path, f"must be one of {', '.join(SEVERITIES)}")
        return severity

    def _exceptions(self, item: object, path: str) -> tuple[IgnoreRule, ...]:
        """Return the exceptions of one rule, given as one or as a list. Invalid ones are left out."""
        items = (
            {f"{path}[{number}]": each for number, each in enumerate(item)} if isinstance(item, list) else {path: item}
        )
        found = [self._rule(IgnoreRule, each, where, None) for where, each in items.items()]
        return tuple(exception for exception in found if exception is not None)

    def _names(self, key: str, wanted: str) -> Iterator[tuple[str, str]]:
        """Yield the path and name of each item in the list at `key`; `wanted` describes an item."""
        for number, item in enumerate(self._document.items(key)):
            if isinstance(item, str):
                yield f"{key}[{number}]", item.strip()
            else:
                self._report(f"{key}[{number}]", f"must be {wanted}, not {type_name(item)}")

    def _rule_id(self, name: str, path: str, known: Collection[str]) -> str | None:
        """Return the id of the rule that `name` means, with or without the default prefix; report an unknown one."""
        for rule_id in (name, f"{packs.DEFAULT_PREFIX}{name}"):
            if rule_id in known:
                return rule_id
        in_packs = packs.all_pack_rule_ids()
        if name in in_packs:  # a rule of a pack that is not enabled
            return name
        self._report_unknown(path, name, {*known, *in_packs}, "no rule has that id")
        return None

    def _report_unknown(self, path: str, name: str, known: Collection[str], problem: str) -> None:
        close = _close(name[:_LONGEST_NAME].lower(), sorted(known))
        meant = f"; did you mean {' or '.join(close)}?" if close else ""
        self._report(path, f"is {excerpt(name, _LONGEST_NAME)!r}, and {problem}{meant}")

    def _report(self, path: str, problem: str, rule_id: str | None = None) -> None:
        """Report that an entry is left out, and why."""
        self.issues.append(RuleIssue(path, rule_id, (ConfigurationIssue(path, problem),), left_out=True))


def _fields(
    item: object, path: str, separator: str | None, shape: type[Rule | IgnoreRule], issues: list[ConfigurationIssue]
) -> dict[str, Any]:
    """Return the valid fields of a rule; add the issues of the others to `issues`."""
    reader = Reader(item if isinstance(item, dict) else {}, path, issues)
    reader.refuse_unknown(each.name for each in (*rule_fields(shape), *FILE_ONLY_FIELDS))
    values = read_values(reader, shape)
    if isinstance(item, (str, dict)):
        values["expression"] = _expression(reader, item, separator, values["id"])
    else:
        reader.report("", f"must be a string or an object with an expression, not {type_name(item)}")
    return {name: value for name, value in values.items() if value is not None}


def _expression(reader: Reader, item: str | dict[str, Any], separator: str | None, rule_id: str | None) -> str | None:
    """Return the expression in one line; None: it cannot be used, which is an issue.

    `separator` is the one at which a string of several rules was split.
    """
    text, path = (item, "") if isinstance(item, str) else (reader.raw("expression"), "expression")
    if text is not None and not isinstance(text, str):
        reader.report(path, f"must be a Python expression, not {type_name(text)}")
        return None
    text = (text or "").strip()
    if not text:
        reader.report(path, "is missing: a rule needs an expression")
        return None
    try:
        compile_expression(text)
    except ExpressionError as error:
        named = f'{path} (id "{excerpt(rule_id)}")' if rule_id else path
        advice = ""
        if error.is_part and separator:
            split = f'the string was split at "{excerpt(separator)}"'
            advice = (
                f", for {split}: set rules_separator to a string that no rule contains, or give the rules as a list"
            )
        shown = render_caret(text, error.place) if error.place else f"    {excerpt(text)}"
        reader.report(named, f"{error}{advice}\n{shown}")
        return None
    return _in_one_line(text)


def _in_one_line(text: str) -> str:
    """Return an expression in one line, if that means the same, because it may be shown as the rule's name."""
    line = _LINE_BREAKS.sub(" ", text)
    if line == text:
        return text
    try:
        same = ast.dump(parse_expression(line)) == ast.dump(parse_expression(text))
    except ExpressionError:  # a comment hides the rest of the line
        return text
    return line if same else text


def _close(name: str, known: list[str]) -> list[str]:
    """Return the known names that `name` probably stands for, the best first."""
    import difflib  # noqa: PLC0415 (only for names that are wrong)

    close = [each for each in known if each.endswith((f"-{name}", f"/{name}"))]
    for wanted in (name, f"{packs.DEFAULT_PREFIX}{name}"):
        close += difflib.get_close_matches(wanted, known, n=2, cutoff=0.75)
    return list(dict.fromkeys(close))[:3]
