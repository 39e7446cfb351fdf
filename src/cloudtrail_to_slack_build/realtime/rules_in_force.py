"""The rules of a configuration, by name and expression, as the function itself puts them together."""

from __future__ import annotations

import sys
import types
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ast
    from collections.abc import Iterator, Mapping

_PACKAGE = "cloudtrail_to_slack"


def rules_in_force(config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the name and the expression of each rule of a rendered config.json that is not disabled.

    Raises:
        KeyError, TypeError, AttributeError: a rule is neither a text nor an object with an expression.
    """
    disabled = set(config.get("disabled_rules") or ())
    disabled |= {f"default/{name}" for name in disabled}
    for name, expression in _all_rules(config):
        if name not in disabled:
            yield name, expression


def _all_rules(config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the name and the expression of each rule: default rules, user rules, events to track.

    Raises:
        KeyError, TypeError, AttributeError: a rule is neither a text nor an object with an expression.
    """
    default_rules, events_to_track_rule = _rule_makers()
    if config.get("use_default_rules", True):
        for rule in default_rules(config.get("function_name")):
            yield rule.name, rule.expression
    for number, rule in enumerate(config.get("rules") or []):
        text = rule if isinstance(rule, str) else rule["expression"]
        if not isinstance(text, str):
            raise TypeError(f"rules[{number}]")
        yield (text if isinstance(rule, str) else rule.get("id") or f"rules[{number}]"), text
    names = tuple(config.get("events_to_track") or ())
    if names:
        rule = events_to_track_rule(names)
        yield rule.name, rule.expression


def parse_expression(text: str) -> ast.Expression:
    """Parse an expression as the function does.

    Raises:
        SyntaxError, ValueError, RecursionError, MemoryError: it is no Python expression.
    """
    _pass_over_the_engine()
    from cloudtrail_to_slack.rules.expressions.parsing import parse  # noqa: PLC0415 (only now)

    return parse(text)


def _rule_makers() -> tuple[Any, Any]:
    """Return what makes the default rules and the rule of events to track."""
    _pass_over_the_engine()
    from cloudtrail_to_slack.rules import default_rules  # noqa: PLC0415 (only now)

    return default_rules.default_rules, default_rules.events_to_track_rule


def _pass_over_the_engine() -> None:
    """Let modules of `rules` be imported without the engine, which needs what only the function has."""
    name = f"{_PACKAGE}.rules"
    if name not in sys.modules:
        package = types.ModuleType(name)
        package.__path__ = [str(Path(__file__).parents[2] / _PACKAGE / "rules")]
        sys.modules[name] = package
