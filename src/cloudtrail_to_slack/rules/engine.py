"""The verdict of a set of rules on an event: the plain way, every rule in order."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Any

from cloudtrail_to_slack.rules.expressions import Evaluate, compile_expression
from cloudtrail_to_slack.rules.rule import IgnoreRule, Rule


class Outcome(Enum):
    """What becomes of an event."""

    MATCHED = "matched"
    IGNORED = "ignored"
    UNMATCHED = "unmatched"


@dataclass(frozen=True, slots=True)
class RuleProblem:
    """A rule that could not decide about an event.

    `cause` is the kind of problem and holds nothing of the event; `detail` may quote the event.
    """

    rule: Rule | IgnoreRule
    cause: str
    detail: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the rules say of one event: every rule that matched, in order, and every rule that could not decide."""

    outcome: Outcome
    matched: tuple[Rule, ...] = ()
    ignored_by: IgnoreRule | None = None
    problems: tuple[RuleProblem, ...] = ()


class RuleSet:
    """Rules and ignore rules, compiled once.

    Raises:
        ExpressionError: an expression cannot be used.
    """

    def __init__(self, rules: Iterable[Rule], ignore_rules: Iterable[IgnoreRule]) -> None:
        self._rules = [(rule, compile_expression(rule.expression)) for rule in rules]
        self._ignore_rules = [(rule, compile_expression(rule.expression)) for rule in ignore_rules]

    def judge(self, event: Mapping[str, Any], today: date) -> Verdict:
        """Judge a flattened event. Ignore rules that expired before `today` (UTC) no longer count. Never raises."""
        problems: list[RuleProblem] = []
        for ignore_rule, evaluate in self._ignore_rules:
            if ignore_rule.expires is not None and ignore_rule.expires < today:
                continue
            if _matches(ignore_rule, evaluate, event, problems):
                return Verdict(Outcome.IGNORED, ignored_by=ignore_rule, problems=tuple(problems))
        matched = tuple(rule for rule, evaluate in self._rules if _matches(rule, evaluate, event, problems))
        return Verdict(Outcome.MATCHED if matched else Outcome.UNMATCHED, matched, problems=tuple(problems))


def _matches(
    rule: Rule | IgnoreRule, evaluate: Evaluate, event: Mapping[str, Any], problems: list[RuleProblem]
) -> bool:
    try:
        result = evaluate(event)
    except Exception as error:  # noqa: BLE001 (a rule may raise anything; the next one is still evaluated)
        problems.append(RuleProblem(rule, _cause(error, rule.expression), f"{type(error).__name__}: {error}"))
        return False
    if result is True or result is False:
        return result
    kind = type(result).__name__
    problems.append(RuleProblem(rule, f"gave {kind}", f"gave a {kind} where True or False is expected"))
    return False


def _cause(error: Exception, expression: str) -> str:
    """Tell two missing keys of one rule apart, as long as the key is the rule's own word and not the event's."""
    key = error.args[0] if isinstance(error, KeyError) and error.args else None
    if isinstance(key, str) and key in expression:
        return f"KeyError: {key!r}"
    return type(error).__name__
