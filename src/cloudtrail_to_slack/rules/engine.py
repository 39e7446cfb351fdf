"""Evaluates rules and ignore rules on an event.

The result is that of flattening the record and evaluating the ignore rules, then every rule in order. The work is less:
the index finds the rules that can match or raise on a record, and only a record with such rules is decoded in full,
flattened and evaluated by them. Ignore rules are evaluated when a rule matched or raised, or the call was denied.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum
from time import perf_counter
from typing import TYPE_CHECKING, Any

from cloudtrail_to_slack.errors import EvaluationTimeError
from cloudtrail_to_slack.rules.expressions.compile import Evaluate, compile_expression
from cloudtrail_to_slack.rules.expressions.time_limit import limited
from cloudtrail_to_slack.rules.index.index import RequiredKeys, RuleIndex

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping
    from datetime import date

    from cloudtrail_to_slack.rules.model import IgnoreRule, Rule

# Denied calls are counted, whether or not a rule matches them.
_DENIED = 'str(event.get("errorCode")).startswith("AccessDenied")'


class EventOutcome(Enum):
    """What becomes of an event."""

    MATCHED = "matched"
    IGNORED = "ignored"
    UNMATCHED = "unmatched"


@dataclass(frozen=True)
class RuleProblem:
    """A rule that could not decide about an event.

    `cause` is the kind of problem and holds nothing of the event; `detail` may quote the event.
    """

    rule: Rule | IgnoreRule
    cause: str
    detail: str


@dataclass(frozen=True)
class Evaluation:
    """What the rules say of one event: every rule that matched, in order, and every rule that could not decide.

    `silenced` are the rules that would have matched an event that is ignored.
    """

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
        self._rules = [(rule, _evaluator(rule)) for rule in rules]
        self._exceptions = {
            rule.name: [(exception, compile_expression(exception.expression)) for exception in rule.exceptions]
            for rule, _ in self._rules
            if rule.exceptions
        }
        self._ignore_rules = [(rule, compile_expression(rule.expression)) for rule in ignore_rules]
        self._denied = compile_expression(_DENIED)

    def index(self, missing: Hashable) -> RuleIndex:
        """Return the index that finds the candidate rules of a record; `missing` is the value of a missing field."""
        return RuleIndex([*(rule.expression for rule, _ in self._rules), _DENIED], missing)

    def required_keys(self) -> RequiredKeys:
        """Return the keys without which rules cannot match, for a look at the text of a record."""
        return RequiredKeys(rule.expression for rule, _ in self._rules)

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
        problems: list[RuleProblem] = []
        matched = tuple(
            rule
            for rule, evaluate in self._candidates(candidates)
            if _matches(rule, evaluate, event, problems, deadline)
            and not (rule.exceptions and self._is_excepted(rule, event, today, problems, deadline))
        )
        if not (matched or problems or self._denied(event)):
            return Evaluation(EventOutcome.UNMATCHED)
        ignore_problems: list[RuleProblem] = []
        for ignore_rule, evaluate in self._ignore_rules:
            expired = ignore_rule.expires is not None and ignore_rule.expires < today
            if not expired and _matches(ignore_rule, evaluate, event, ignore_problems, deadline):
                return Evaluation(EventOutcome.IGNORED, (), ignore_rule, tuple(ignore_problems), matched)
        outcome = EventOutcome.MATCHED if matched else EventOutcome.UNMATCHED
        return Evaluation(outcome, matched, problems=(*ignore_problems, *problems))

    def _is_excepted(
        self, rule: Rule, event: Mapping[str, Any], today: date, problems: list[RuleProblem], deadline: float
    ) -> bool:
        """Whether an exception of the rule, which matched, says that it is no match. One that raises says nothing."""
        return any(
            _matches(exception, evaluate, event, problems, deadline)
            for exception, evaluate in self._exceptions[rule.name]
            if exception.expires is None or exception.expires >= today
        )

    def _candidates(self, candidates: int | None) -> Iterable[tuple[Rule, Evaluate]]:
        if candidates is None:
            return self._rules
        return [rule for number, rule in enumerate(self._rules) if candidates >> number & 1]


def _evaluator(rule: Rule) -> Evaluate:
    """Return what evaluates a rule. Those of packs, which are many and checked, are compiled when first evaluated."""
    if not rule.is_shipped:
        return compile_expression(rule.expression)
    compiled: list[Evaluate] = []

    def evaluate(event: Mapping[str, Any]) -> object:
        if not compiled:
            compiled.append(compile_expression(rule.expression))
        return compiled[0](event)

    return evaluate


def _matches(
    rule: Rule | IgnoreRule,
    evaluate: Evaluate,
    event: Mapping[str, Any],
    problems: list[RuleProblem],
    deadline: float,
) -> bool:
    if perf_counter() > deadline:
        raise EvaluationTimeError("a record on which the rules take longer than there is time")
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
    """Return the kind of an error; it names a missing key if the rule has it, but never a word of the event."""
    key = error.args[0] if isinstance(error, KeyError) and error.args else None
    if isinstance(key, str) and key in expression:
        return f"KeyError: {key!r}"
    return type(error).__name__
