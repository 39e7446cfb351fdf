"""Rules: their model, how expressions are compiled, and how they are evaluated on an event. Pure."""

from __future__ import annotations

from cloudtrail_to_slack.rules.engine import Evaluation, EventOutcome, RuleProblem, RuleSet
from cloudtrail_to_slack.rules.model import IgnoreRule, Rule, Severity

__all__ = ["Evaluation", "EventOutcome", "IgnoreRule", "Rule", "RuleProblem", "RuleSet", "Severity"]
