"""Speaks with Terraform's `data "external"`: a query in, an answer out, both JSON objects of strings.

The query has, as JSON each: `config` (the rules as config.json has them), `places` (where each of `rules` and
`ignore_rules` was written), `file_keys` (the keys of each rule file) and `joined` (how many of the first `rules` and
`ignore_rules` were one string); and `separator`, at which that string was split. The answer has, as JSON lists:
`errors` and `warnings` (messages), `patterns` (event patterns, each as JSON) and `rules_without_event_pattern` (names).
Where rules cannot be checked it has `unchecked` alone, which says why.
"""

from __future__ import annotations

import json
from typing import IO, Any

from cloudtrail_to_slack_build.plan.alternatives import Alternative, alternatives
from cloudtrail_to_slack_build.plan.patterns import event_patterns
from cloudtrail_to_slack_build.plan.rule_checks import check_rules


def main(query: IO[str], answer: IO[str]) -> int:
    """Answer a query; return the exit status, which is always 0: nothing here may keep a plan from being made."""
    try:
        found = answer_to(json.loads(query.read()))
    except Exception as error:  # noqa: BLE001 (a bug of this program)
        found = {"unchecked": f"the check failed ({type(error).__name__}: {str(error)[:200]})"}
    answer.write(json.dumps(found))
    return 0


def answer_to(query: dict[str, str]) -> dict[str, str]:
    """Return the answer to a query."""
    config: dict[str, Any] = json.loads(query["config"])
    places: dict[str, list[str]] = json.loads(query.get("places", "{}"))
    file_keys: dict[str, list[str]] = json.loads(query.get("file_keys", "{}"))
    joined: dict[str, int] = json.loads(query.get("joined", "{}"))
    checked = check_rules(config, places, file_keys, query.get("separator", ","), joined)
    found: list[Alternative] = []
    without: list[str] = []
    for rule in checked.rules:
        of_rule = alternatives(rule.expression)
        if of_rule is None:
            without.append(rule.name)
        else:
            found += of_rule
    answer = {
        "errors": checked.errors,
        "warnings": checked.warnings,
        "patterns": event_patterns(found),
        "rules_without_event_pattern": without,
    }
    return {name: json.dumps(value) for name, value in answer.items()}
