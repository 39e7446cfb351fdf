"""Likely mistakes in valid rules: in each rule, and in rules together."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from cloudtrail_to_slack.rules.expressions.compile import compile_expression, parse_expression, place_of
from cloudtrail_to_slack.rules.lint.ignore_rules import loose_conditions
from cloudtrail_to_slack.rules.lint.suggestions import warnings_for
from cloudtrail_to_slack.rules.packs import default_rules
from cloudtrail_to_slack_cli.catalogue import is_known_source, known_sources
from cloudtrail_to_slack_cli.check.codes import (
    ALWAYS,
    DATED_EVENT,
    EXPIRED,
    EXPIRING,
    LOOSE_IGNORE,
    NEVER,
    NO_TEST,
    NOT_BOOLEAN,
    REPEATED_ID,
    REPEATS,
    SHADOWED,
    UNKNOWN_EVENT,
    UNKNOWN_FIELD,
    Code,
)
from cloudtrail_to_slack_cli.check.conditions import Conjunction, alternatives, conjunctions, covers, meaning
from cloudtrail_to_slack_cli.check.findings import Finding, at_value, in_expression
from cloudtrail_to_slack_cli.check.results import not_boolean
from cloudtrail_to_slack_cli.check.rule_issues import expression_error
from cloudtrail_to_slack_cli.rule_files.rule_file import RuleEntry, RuleFile

SOON = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class UsableRule:
    """A rule whose expression can be used, and what can be said about it."""

    file: RuleFile
    entry: RuleEntry
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


def usable_rules(files: Iterable[RuleFile]) -> list[UsableRule]:
    """Return the rules of all files whose expression can be used."""
    found = []
    for file in files:
        for entry in file.entries:
            if entry.expression and expression_error(entry.expression) is None:
                tree = parse_expression(entry.expression)
                found.append(UsableRule(file, entry, alternatives(tree), meaning(tree)))
    return found


def lint_rule(rule: UsableRule, today: date, *, needs_tests: bool) -> Iterator[Finding]:
    """Yield what is probably wrong with one rule."""
    document, entry = rule.file.document, rule.entry
    tree = parse_expression(entry.expression)
    loose = {message for _, message in loose_conditions(tree)} if rule.is_ignore_rule else set()
    for warning in warnings_for(entry.expression, ignores=rule.is_ignore_rule):
        code = LOOSE_IGNORE if str(warning) in loose else _code_of_warning(str(warning))
        yield in_expression(document, entry, code, str(warning), warning.place)
    for node, problem in not_boolean(tree):
        yield in_expression(document, entry, NOT_BOOLEAN, problem, place_of(node, tree, entry.expression))
    yield from _never_or_always(rule)
    yield from _other_service(rule)
    if rule.is_ignore_rule:
        yield from _expiry(rule, today)
    elif needs_tests and not entry.tests:
        problem = "has no test; add `tests` with a name, an event and what to expect"
        yield at_value(document, entry.path, NO_TEST, problem, entry.name)


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
            yield at_value(rule.file.document, rule.entry.expression_path, REPEATS, problem, rule.entry.name)
        seen.setdefault(key, rule.place)
    ignoring = [rule for rule in rules if rule.is_ignore_rule and not (rule.expires and rule.expires < today)]
    for rule in rules:
        if rule.is_ignore_rule or not ignoring:
            continue
        shadow = next((each for each in ignoring if covers(each.alternatives, rule.alternatives)), None)
        if shadow:
            problem = f"never alerts: the ignore rule {shadow.place} ignores every event that it matches"
            yield at_value(rule.file.document, rule.entry.expression_path, SHADOWED, problem, rule.entry.name)


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
            yield at_value(rule.file.document, (*rule.entry.path, "id"), REPEATED_ID, problem, rule.entry.name)


def _code_of_warning(message: str) -> Code:
    if message.startswith("looks for"):
        return DATED_EVENT if "which CloudTrail calls" in message else UNKNOWN_EVENT
    return UNKNOWN_FIELD


def _never_or_always(rule: UsableRule) -> Iterator[Finding]:
    document, entry = rule.file.document, rule.entry
    tree = parse_expression(entry.expression)
    constant = _constant_value(rule)
    if constant is True:
        problem = "ignores every event" if rule.is_ignore_rule else "matches every event"
        yield in_expression(document, entry, ALWAYS, problem, place_of(tree.body, tree, entry.expression))
        return
    if constant is False:
        problem = "can never match: its value is always False"
        yield in_expression(document, entry, NEVER, problem, place_of(tree.body, tree, entry.expression))
        return
    whole = len(rule.alternatives) == 1
    seen: set[str] = set()
    for conjunction in (*rule.alternatives, *conjunctions(tree)):
        condition = conjunction.contradiction
        if condition is None or condition.dump in seen:
            continue
        seen.add(condition.dump)
        others = "the other conditions on" if len(conjunction.conditions) > 1 else "itself on"
        what = "can never match" if whole and conjunction is rule.alternatives[0] else "has a part that can never hold"
        problem = f"{what}: this condition contradicts {others} {condition.field}"
        yield in_expression(document, entry, NEVER, problem, place_of(condition.node, tree, entry.expression))


def _other_service(rule: UsableRule) -> Iterator[Finding]:
    """Yield conditions on an event's name that contradict those on its service."""
    tree = parse_expression(rule.entry.expression)
    for conjunction in rule.alternatives:
        names, sources = conjunction.values.get("eventName"), conjunction.values.get("eventSource")
        if not names or not sources or not all(isinstance(each, str) for each in (*names, *sources)):
            continue
        possible = [known_sources(str(name)) for name in names]
        if not all(possible) or not all(is_known_source(str(source)) for source in sources):
            continue
        if any(of_name & sources for of_name in possible):
            continue
        condition = next(each for each in conjunction.conditions if each.field == "eventSource")
        real = sorted({source for of_name in possible for source in of_name})
        problem = f"can never match: {', '.join(sorted(map(str, names)))} is an event of {' and '.join(real[:5])}"
        yield in_expression(
            rule.file.document, rule.entry, NEVER, problem, place_of(condition.node, tree, rule.entry.expression)
        )


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
    path = (*rule.entry.path, "expires")
    if expires is None:
        return
    if expires < today:
        problem = f"expired on {expires} and ignores nothing any more; remove it or set another day"
        yield at_value(rule.file.document, path, EXPIRED, problem, rule.entry.name)
    elif expires - today <= SOON:
        problem = f"expires on {expires}: after that day the events that it ignores alert again"
        yield at_value(rule.file.document, path, EXPIRING, problem, rule.entry.name)
