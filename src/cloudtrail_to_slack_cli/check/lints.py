"""Likely mistakes in valid rules: in each rule, and in rules together."""

import ast
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from cloudtrail_to_slack.rules.expressions.compile import compile_expression, parse_expression, place_of
from cloudtrail_to_slack.rules.lint.ignore_rules import loose_conditions
from cloudtrail_to_slack.rules.lint.linter import warnings_for
from cloudtrail_to_slack.rules.packs import default_rules
from cloudtrail_to_slack_cli.catalogue import is_known_source, known_sources
from cloudtrail_to_slack_cli.check import codes
from cloudtrail_to_slack_cli.check.codes import Code
from cloudtrail_to_slack_cli.check.conditions import (
    Conjunction,
    alternatives,
    conjunctions,
    covers,
    meaning,
    not_boolean,
)
from cloudtrail_to_slack_cli.check.findings import Finding, at_value, in_expression
from cloudtrail_to_slack_cli.check.rule_issues import expression_error
from cloudtrail_to_slack_cli.rule_files.rule_file import RuleEntry, RuleFile

SOON = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class UsableRule:
    """A rule whose expression can be used, and what can be said about it."""

    file: RuleFile
    entry: RuleEntry
    tree: ast.Expression
    alternatives: list[Conjunction]
    meaning: object

    @property
    def is_ignore_rule(self) -> bool:
        """Whether it is an ignore rule."""
        return self.entry.kind == "ignore_rules"

    @property
    def expires(self) -> date | None:
        """The last day on which an ignore rule applies."""
        written = self.entry.content.get("expires") if isinstance(self.entry.content, dict) else None
        try:
            return date.fromisoformat(written.strip()) if isinstance(written, str) else None
        except ValueError:
            return None

    @property
    def place(self) -> str:
        """Its id, and the line where it stands."""
        line = self.file.document.position(self.entry.path).line + 1
        return f"{self.entry.name} ({self.file.path}:{line})"

    def finding(self, code: Code, message: str, *path: str) -> Finding:
        """Return a finding about the rule, or what is at a path in it."""
        return at_value(self.file.document, (*self.entry.path, *path), code, message, self.entry.name)

    def finding_at(self, node: ast.expr | None, code: Code, message: str) -> Finding:
        """Return a finding about a part of the rule's expression; None: the whole of it."""
        place = place_of(node, self.tree, self.entry.expression) if node else None
        return in_expression(self.file.document, self.entry, code, message, place)


def usable_rules(files: Iterable[RuleFile]) -> list[UsableRule]:
    """Return the rules of all files whose expression can be used."""
    found = []
    for file in files:
        for entry in file.entries:
            if entry.expression and expression_error(entry.expression) is None:
                tree = parse_expression(entry.expression)
                found.append(UsableRule(file, entry, tree, alternatives(tree), meaning(tree)))
    return found


def lint_rule(rule: UsableRule, today: date, *, needs_tests: bool) -> Iterator[Finding]:
    """Yield what is probably wrong with one rule."""
    document, entry = rule.file.document, rule.entry
    loose = {message for _, message in loose_conditions(rule.tree)} if rule.is_ignore_rule else set()
    for warning in warnings_for(entry.expression, ignores=rule.is_ignore_rule):
        code = codes.LOOSE_IGNORE if str(warning) in loose else _code_of_warning(str(warning))
        yield in_expression(document, entry, code, str(warning), warning.place)
    for node, problem in not_boolean(rule.tree):
        yield rule.finding_at(node, codes.NOT_BOOLEAN, problem)
    yield from _never_or_always(rule)
    yield from _other_service(rule)
    if rule.is_ignore_rule:
        yield from _expiry(rule, today)
    elif needs_tests and not entry.tests:
        yield rule.finding(codes.NO_TEST, "has no test; add `tests` with a name, an event and what to expect")


def lint_together(rules: Sequence[UsableRule], today: date, *, use_default_rules: bool = False) -> Iterator[Finding]:
    """Yield what is probably wrong with rules beside each other: repeated ones, and shadowed ones."""
    yield from _repeated_ids(rules)
    defaults = default_rules(None) if use_default_rules else ()
    seen: dict[tuple[bool, object], str] = {
        (False, meaning(parse_expression(rule.expression))): f"the default rule {rule.id}" for rule in defaults
    }
    for rule in rules:
        key = (rule.is_ignore_rule, rule.meaning)
        if key in seen:
            problem = f"says the same as {seen[key]}; remove one of them"
            yield rule.finding_at(None, codes.REPEATS, problem)
        seen.setdefault(key, rule.place)
    ignoring = [rule for rule in rules if rule.is_ignore_rule and not (rule.expires and rule.expires < today)]
    for rule in rules:
        if rule.is_ignore_rule or not ignoring:
            continue
        shadow = next((each for each in ignoring if covers(each.alternatives, rule.alternatives)), None)
        if shadow:
            problem = f"never alerts: the ignore rule {shadow.place} ignores every event that it matches"
            yield rule.finding_at(None, codes.SHADOWED, problem)


def _repeated_ids(rules: Sequence[UsableRule]) -> Iterator[Finding]:
    """Yield rules whose id a rule of another file has; within one file the function's own reader finds them."""
    seen: dict[str, UsableRule] = {}
    for rule in rules:
        rule_id = rule.entry.id
        if rule.is_ignore_rule or rule_id is None:
            continue
        first = seen.setdefault(rule_id, rule)
        if first.file is not rule.file:
            problem = f"id is {rule_id!r}, and {first.place} has that id already"
            yield rule.finding(codes.REPEATED_ID, problem, "id")


def _code_of_warning(message: str) -> Code:
    if message.startswith("looks for"):
        return codes.DATED_EVENT if "which CloudTrail calls" in message else codes.UNKNOWN_EVENT
    return codes.UNKNOWN_FIELD


def _never_or_always(rule: UsableRule) -> Iterator[Finding]:
    constant = _constant_value(rule)
    if constant is True:
        problem = "ignores every event" if rule.is_ignore_rule else "matches every event"
        yield rule.finding_at(rule.tree.body, codes.ALWAYS, problem)
        return
    if constant is False:
        yield rule.finding_at(rule.tree.body, codes.NEVER, "can never match: its value is always False")
        return
    whole = len(rule.alternatives) == 1
    seen: set[str] = set()
    for conjunction in (*rule.alternatives, *conjunctions(rule.tree)):
        condition = conjunction.contradiction
        if condition is None or condition.dump in seen:
            continue
        seen.add(condition.dump)
        others = "the other conditions on" if len(conjunction.conditions) > 1 else "itself on"
        what = "can never match" if whole and conjunction is rule.alternatives[0] else "has a part that can never hold"
        problem = f"{what}: this condition contradicts {others} {condition.field}"
        yield rule.finding_at(condition.node, codes.NEVER, problem)


def _other_service(rule: UsableRule) -> Iterator[Finding]:
    """Yield conditions on an event's name that contradict those on its service."""
    for conjunction in rule.alternatives:
        names, sources = conjunction.values.get("eventName"), conjunction.values.get("eventSource")
        if not names or not sources or not all(isinstance(each, str) for each in (*names, *sources)):
            continue
        possible = [known_sources(str(name)) for name in names]
        are_known = all(possible) and all(is_known_source(str(source)) for source in sources)
        if not are_known or any(of_name & sources for of_name in possible):
            continue
        condition = next(each for each in conjunction.conditions if each.field == "eventSource")
        real = sorted({source for of_name in possible for source in of_name})
        problem = f"can never match: {', '.join(sorted(map(str, names)))} is an event of {' and '.join(real[:5])}"
        yield rule.finding_at(condition.node, codes.NEVER, problem)


def _constant_value(rule: UsableRule) -> object:
    """Return the value of an expression that does not look at the event, None for any other."""
    if "event" in rule.entry.expression:
        return None
    try:
        return compile_expression(rule.entry.expression)({})
    except Exception:  # noqa: BLE001 (a rule may raise anything)
        return None


def _expiry(rule: UsableRule, today: date) -> Iterator[Finding]:
    expires = rule.expires
    if expires is not None and expires < today:
        problem = f"expired on {expires} and ignores nothing any more; remove it or set another day"
        yield rule.finding(codes.EXPIRED, problem, "expires")
    elif expires is not None and expires - today <= SOON:
        problem = f"expires on {expires}: after that day the events that it ignores alert again"
        yield rule.finding(codes.EXPIRING, problem, "expires")
