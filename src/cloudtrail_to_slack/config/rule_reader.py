"""The rules of `config.json`: read one by one, so that what is wrong with one rule stops no other. Pure.

A rule whose expression can be used is evaluated, whatever else about it is wrong: without its id, severity or the like
it still detects what it is for. An ignore rule with any fault is left out, because a misread one could hide alerts.
"""

import ast
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from cloudtrail_to_slack.config.environment import is_web_address
from cloudtrail_to_slack.config.field_reader import Reader, kind
from cloudtrail_to_slack.errors import ExpressionError, Fault
from cloudtrail_to_slack.rules.default_rules import default_rules, events_to_track_rule
from cloudtrail_to_slack.rules.expressions.compile import compile_expression, parse_expression
from cloudtrail_to_slack.rules.expressions.diagnostics import excerpt, point
from cloudtrail_to_slack.rules.model import IgnoreRule, Rule, Severity

T = TypeVar("T")

RULE_KEYS = ("expression", "id", "title", "severity", "description", "runbook_url", "mitre")
IGNORE_RULE_KEYS = ("expression", "id", "reason", "expires")
_LINE_BREAKS = re.compile(r"\s*\\?[\r\n]\s*")
_LONGEST_ID = 100


@dataclass(frozen=True, slots=True)
class RuleIssue:
    """What is wrong with one rule: where it stands (`rules[2]`), its id, and every fault in it.

    `left_out` is False for a rule that is evaluated without the part that is wrong.
    """

    path: str
    rule_id: str | None
    faults: tuple[Fault, ...]
    left_out: bool


class RuleReader:
    """Reads the rules of a document. `issues` gathers what is wrong with single rules.

    Faults that concern more than one rule, such as a list that is none, are the document's.
    """

    def __init__(self, document: Reader, separator: str) -> None:
        self.issues: list[RuleIssue] = []
        self._document = document
        self._separator = separator

    def rules(self, function_name: str | None) -> tuple[Rule, ...]:
        """Return all rules that can be evaluated, in order: the default rules, the user's, the events to track."""
        use_defaults = self._document.switch("use_default_rules", default=True)
        before = default_rules(function_name) if use_defaults else ()
        after = self._tracked()
        taken = {rule.id for rule in (*before, *after)}
        return (
            *before,
            *self._each("rules", lambda item, key, separator: self._rule(item, key, separator, taken)),
            *after,
        )

    def ignore_rules(self) -> tuple[IgnoreRule, ...]:
        """Return the ignore rules without any fault, in order."""
        return tuple(self._each("ignore_rules", self._ignore_rule))

    def _each(self, key: str, read: Callable[[object, str, str | None], T | None]) -> list[T]:
        """Read rules given as a list, or joined by the separator in one string."""
        value = self._document.raw(key)
        if isinstance(value, str):
            parts = filter(None, (part.strip() for part in value.split(self._separator)))
            made = (read(part, f"{key}[{position}]", self._separator) for position, part in enumerate(parts))
            return [element for element in made if element is not None]
        return list(self._document.each(key, lambda item, item_key: read(item, item_key, None)))

    def _rule(self, item: object, key: str, separator: str | None, taken: set[str | None]) -> Rule | None:
        faults: list[Fault] = []
        fields = _fields(item, key, faults, RULE_KEYS)
        written_id = rule_id = fields.text("id")
        expression = _expression(fields, item, separator, rule_id)
        runbook_url = fields.text("runbook_url")
        if runbook_url and not is_web_address(runbook_url):
            fields.fault("runbook_url", "must be an http(s) address")
            runbook_url = None
        if expression and rule_id and rule_id in taken:
            fields.fault("id", f"is {excerpt(rule_id, _LONGEST_ID)!r}, and another rule has that id already")
            rule_id = None
        rule = Rule(
            expression or "",
            id=rule_id,
            title=fields.text("title"),
            severity=_severity(fields),
            description=fields.text("description"),
            runbook_url=runbook_url,
            mitre=fields.texts("mitre"),
        )
        self._note(key, written_id, faults, left_out=not expression)
        if not expression:
            return None
        taken.add(rule_id)
        return rule

    def _ignore_rule(self, item: object, key: str, separator: str | None) -> IgnoreRule | None:
        faults: list[Fault] = []
        fields = _fields(item, key, faults, IGNORE_RULE_KEYS)
        rule_id = fields.text("id")
        expression = _expression(fields, item, separator, rule_id)
        rule = IgnoreRule(expression or "", rule_id, fields.text("reason"), _day(fields, "expires"))
        self._note(key, rule_id, faults, left_out=True)
        return None if faults else rule

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
            self._note(key, rule.id, [Fault(key, f"cannot be a rule, which {error}")], left_out=True)
            return ()
        return (rule,)

    def _tracked_name(self, item: object, key: str) -> str | None:
        if isinstance(item, str):
            return item.strip()
        self._note(key, None, [Fault(key, f"must be the name of an event, not {kind(item)}")], left_out=True)
        return None

    def _note(self, path: str, rule_id: str | None, faults: list[Fault], *, left_out: bool) -> None:
        if faults:
            self.issues.append(RuleIssue(path, rule_id, tuple(faults), left_out))


def _fields(item: object, key: str, faults: list[Fault], known: tuple[str, ...]) -> Reader:
    """Return a reader of a rule's fields, which a rule that is only a string does not have."""
    if isinstance(item, str):
        return Reader({}, key, faults)
    if not isinstance(item, dict):
        faults.append(Fault(key, f"must be a string or an object with an expression, not {kind(item)}"))
        return Reader({}, key, faults)
    fields = Reader(item, key, faults)
    fields.refuse_unknown(known)
    return fields


def _expression(fields: Reader, item: object, separator: str | None, rule_id: str | None) -> str | None:
    """Return the expression in one line; None and a fault when it cannot be used.

    `separator` is what parted it from the others, when they came joined in one string.
    """
    text = item if isinstance(item, str) else fields.raw("expression")
    path = "" if isinstance(item, str) else "expression"
    if not isinstance(text, str):
        if text is not None:
            fields.fault(path, f"must be a Python expression, not {kind(text)}")
        elif isinstance(item, dict):
            fields.fault(path, "is missing: a rule needs an expression")
        return None
    text = text.strip()
    if not text:
        fields.fault(path, "is missing: a rule needs an expression")
        return None
    try:
        compile_expression(text)
    except ExpressionError as error:
        named = f'{path} (id "{excerpt(rule_id)}")' if rule_id else path
        advice = ""
        if error.is_half and separator:
            parted = f'the text was parted at "{excerpt(separator)}"'
            advice = f", for {parted}: set rules_separator to what no rule holds, or give the rules as a list"
        shown = point(text, error.place) if error.place else f"    {excerpt(text)}"
        fields.fault(named, f"{error}{advice}\n{shown}")
        return None
    return _in_one_line(text)


def _severity(fields: Reader) -> Severity:
    word = fields.text("severity")
    if word is None:
        return Severity.MEDIUM
    known = {severity.word: severity for severity in Severity}
    if word.lower() not in known:
        fields.fault("severity", f"must be one of {', '.join(known)}")
    return known.get(word.lower(), Severity.MEDIUM)


def _day(fields: Reader, key: str) -> date | None:
    text = fields.text(key)
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        fields.fault(key, "must be a day such as 2027-01-31")
        return None


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
