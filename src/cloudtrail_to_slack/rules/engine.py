"""Evaluate rules and ignore rules on an event, as if in order; docs/architecture.md explains how it is fast."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import Enum
from functools import cache
from time import perf_counter
from typing import Any

from cloudtrail_to_slack.errors import EvaluationTimeError
from cloudtrail_to_slack.rules.expressions.compile import Evaluate, compile_expression
from cloudtrail_to_slack.rules.expressions.time_limit import limited
from cloudtrail_to_slack.rules.index.index import RequiredKeys, RuleIndex
from cloudtrail_to_slack.rules.model import IgnoreRule, Rule

# Denied calls are counted even if no rule matches them.
_DENIED = 'str(event.get("errorCode")).startswith("AccessDenied")'


class EventOutcome(Enum):
    """What becomes of an event."""

    MATCHED = "matched"
    IGNORED = "ignored"
    UNMATCHED = "unmatched"


@dataclass(frozen=True)
class RuleProblem:
    """A rule that failed on an event: the kind of problem, and a `detail` that may quote the event."""

    rule: Rule | IgnoreRule
    cause: str
    detail: str


@dataclass(frozen=True)
class Evaluation:
    """The result of all rules for one event; `silenced` are rules that matched an ignored event."""

    outcome: EventOutcome
    matched: tuple[Rule, ...] = ()
    ignored_by: IgnoreRule | None = None
    problems: tuple[RuleProblem, ...] = ()
    silenced: tuple[Rule, ...] = ()


class RuleSet:
    """Rules and ignore rules, compiled once.

    Raises:
        ExpressionError: an expression cannot be used.
    """

    def __init__(self, rules: Iterable[Rule], ignore_rules: Iterable[IgnoreRule]) -> None:
        self._rules = [(rule, _evaluator(rule), _compiled(rule.exceptions)) for rule in rules]
        self._ignore_rules = _compiled(ignore_rules)
        self._denied = compile_expression(_DENIED)

    def index(self, missing: Hashable) -> RuleIndex:
        """Return the index that finds the candidate rules of a record; `missing` is the value of a missing field."""
        return RuleIndex([*(rule.expression for rule, *_ in self._rules), _DENIED], missing)

    def required_keys(self) -> RequiredKeys:
        """Return the keys and values without which rules cannot match, to search for in a record's text."""
        return RequiredKeys(rule.expression for rule, *_ in self._rules)

    def evaluate(
        self, event: Mapping[str, Any], today: date, candidates: int | None = None, deadline: float = math.inf
    ) -> Evaluation:
        """Evaluate the rules on a flattened event. Ignore rules that expired before `today` (UTC) no longer count.

        `candidates` are the rules that may match or raise, as the index finds them; None: all. After `deadline` (by
        `time.perf_counter`) no further rule is evaluated: each has a limit of its own, but there may be many.

        Raises:
            EvaluationTimeError: the deadline came first.
        """
        return limited(self._evaluate, event, today, candidates, deadline)

    def _evaluate(self, event: Mapping[str, Any], today: date, candidates: int | None, deadline: float) -> Evaluation:
        rules, problems = self._rules, list[RuleProblem]()
        if candidates is not None:
            rules = [rule for number, rule in enumerate(rules) if candidates >> number & 1]
        matched = tuple(
            rule
            for rule, evaluate, exceptions in rules
            if _matches(rule, evaluate, event, problems, deadline)
            # If an exception matches, the rule does not. An exception that raises an error has no effect.
            and not (exceptions and _first_match(exceptions, event, today, problems, deadline))
        )
        if not (matched or problems or self._denied(event)):
            return Evaluation(EventOutcome.UNMATCHED)
        of_ignore_rules: list[RuleProblem] = []
        ignored_by = _first_match(self._ignore_rules, event, today, of_ignore_rules, deadline)
        if ignored_by:
            return Evaluation(EventOutcome.IGNORED, (), ignored_by, tuple(of_ignore_rules), matched)
        outcome = EventOutcome.MATCHED if matched else EventOutcome.UNMATCHED
        return Evaluation(outcome, matched, problems=(*of_ignore_rules, *problems))


def _compiled(rules: Iterable[IgnoreRule]) -> list[tuple[IgnoreRule, Evaluate]]:
    return [(rule, compile_expression(rule.expression)) for rule in rules]


def _evaluator(rule: Rule) -> Evaluate:
    """Return a rule's compiled expression. The many rules of packs, checked by tests, are compiled when first used."""
    if not rule.is_shipped:
        return compile_expression(rule.expression)
    compiled = cache(lambda: compile_expression(rule.expression))

    def evaluate(event: Mapping[str, Any]) -> object:
        return compiled()(event)

    return evaluate


def _first_match(
    rules: Iterable[tuple[IgnoreRule, Evaluate]],
    event: Mapping[str, Any],
    today: date,
    problems: list[RuleProblem],
    deadline: float,
) -> IgnoreRule | None:
    for rule, evaluate in rules:
        has_expired = rule.expires is not None and rule.expires < today
        if not has_expired and _matches(rule, evaluate, event, problems, deadline):
            return rule
    return None


def _matches(
    rule: Rule | IgnoreRule, evaluate: Evaluate, event: Mapping[str, Any], problems: list[RuleProblem], deadline: float
) -> bool:
    if perf_counter() > deadline:
        raise EvaluationTimeError("a record on which the rules take longer than the remaining time")
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
    """Return the kind of an error; it names a missing key if the rule contains it, but never quotes the event."""
    key = error.args[0] if isinstance(error, KeyError) and error.args else None
    if isinstance(key, str) and key in expression:
        return f"KeyError: {key!r}"
    return type(error).__name__
