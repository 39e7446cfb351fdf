"""Rules: what they are, how an expression becomes one, and the verdict they give on an event. Pure."""

from __future__ import annotations

from cloudtrail_to_slack.rules.engine import Outcome, RuleProblem, RuleSet, Verdict
from cloudtrail_to_slack.rules.model import IgnoreRule, Rule, Severity

__all__ = ["IgnoreRule", "Outcome", "Rule", "RuleProblem", "RuleSet", "Severity", "Verdict"]
