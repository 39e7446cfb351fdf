"""Checks rules as the function does when it starts, and says where each was written. Pure.

The function's own modules do it, so the messages are the same. Patterns are an exception: where google-re2 is missing,
`re` replaces it, and the function checks them again.
"""

from __future__ import annotations

import re
import sys
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, NamedTuple

from cloudtrail_to_slack.config.field_reader import Reader
from cloudtrail_to_slack.config.rule_reader import RuleReader
from cloudtrail_to_slack.rules.expressions.diagnostics import excerpt, render_caret
from cloudtrail_to_slack.rules.lint.linter import warnings_for
from cloudtrail_to_slack.rules.model import IgnoreRule, Rule
from cloudtrail_to_slack.rules.packs import DEFAULT_RULE_IDS, EVENTS_TO_TRACK_ID
from cloudtrail_to_slack_build.plan import without_re2

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from cloudtrail_to_slack.errors import ConfigurationIssue

_MOST = 20  # messages of each kind
_RULE_PATH = re.compile(r"(rules|ignore_rules)\[(\d+)\]")
_FILE_KEYS = frozenset({"rules", "ignore_rules"})
_F_STRING = re.compile(r"""\b(?:[fF][rR]?|[rR][fF])["']""")
_F_STRINGS_ARE_FREE = (3, 12)  # since then they may hold their own quotes


class CheckedRules(NamedTuple):
    """The rules that can be used, and what is wrong, or probably wrong, with those that were given."""

    rules: Sequence[Rule]
    errors: list[str]
    warnings: list[str]


def check_rules(
    config: Mapping[str, Any],
    places: Mapping[str, Sequence[str]],
    file_keys: Mapping[str, Sequence[str]],
    separator: str,
    joined: Mapping[str, int],
) -> CheckedRules:
    """Check the rules of a configuration; the arguments are those of the query that answer.py describes."""
    try:
        import re2  # noqa: F401, PLC0415 (whether it is there)
    except ImportError:
        sys.modules["re2"] = without_re2
    issues: list[ConfigurationIssue] = []
    reader = RuleReader(Reader(dict(config), "", issues), separator, joined)
    rules, ignore_rules = reader.rules(config.get("function_name")), reader.ignore_rules()
    errors: list[str] = []
    warnings = [f"{path}: {problem}" for path, problem in _unknown_keys(file_keys)]
    for issue in reader.issues:
        for detail in issue.details:
            path, problem = _placed(detail.path, places), detail.problem
            if "is not a Python expression" in problem and _may_be_newer(problem):
                version = ".".join(map(str, sys.version_info[:2]))
                warnings.append(f"{path}: may be fine where it runs, and Python {version} cannot read it: {problem}")
            else:
                errors.append(f"{path}: {problem}")
    errors += map(str, issues)
    ignoring = [*ignore_rules, *(exception for rule in rules for exception in rule.exceptions)]
    warnings += _expired(ignoring, config, places)
    warnings += _suspicious([*rules, *ignoring], config, places)
    return CheckedRules(rules, _shortened(errors), _shortened(warnings))


def _placed(path: str, places: Mapping[str, Sequence[str]]) -> str:
    """Return a path in config.json as a place in what people wrote."""
    match = _RULE_PATH.match(path)
    known = places.get(match[1], ()) if match else ()
    if not match or int(match[2]) >= len(known):
        return path
    return known[int(match[2])] + path[match.end() :]


def _may_be_newer(problem: str) -> bool:
    return sys.version_info < _F_STRINGS_ARE_FREE and _F_STRING.search(problem) is not None


def _unknown_keys(file_keys: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, str]]:
    for path, keys in file_keys.items():
        for key in keys:
            if key not in _FILE_KEYS and not key.startswith(("x-", "$")):
                yield path, f"has the key {excerpt(key)!r}, which no rule file has; known are rules and ignore_rules"


def _expired(
    ignore_rules: Sequence[IgnoreRule], config: Mapping[str, Any], places: Mapping[str, Sequence[str]]
) -> Iterator[str]:
    today = datetime.now(timezone.utc).date()
    for rule in ignore_rules:
        if rule.expires and rule.expires < today:
            yield f"{_place_of(rule, config, places)}: expired on {rule.expires}, so it no longer ignores anything"


def _suspicious(
    rules: Sequence[Rule | IgnoreRule], config: Mapping[str, Any], places: Mapping[str, Sequence[str]]
) -> Iterator[str]:
    left = _MOST
    for rule in rules:
        if rule.id in DEFAULT_RULE_IDS or (isinstance(rule, Rule) and rule.is_shipped):
            continue
        for warning in warnings_for(rule.expression, ignores=isinstance(rule, IgnoreRule), most=left):
            left -= 1
            if rule.id == EVENTS_TO_TRACK_ID:  # its expression is our own
                yield f"events_to_track: {warning}"
                continue
            shown = f"\n{render_caret(rule.expression, warning.place)}" if warning.place else ""
            yield f"{_place_of(rule, config, places)}: {warning}{shown}"
        if left <= 0:
            return


def _place_of(rule: Rule | IgnoreRule, config: Mapping[str, Any], places: Mapping[str, Sequence[str]]) -> str:
    """Return where a rule was written, by its id or expression."""
    kind = "ignore_rules" if isinstance(rule, IgnoreRule) else "rules"
    for number, written in enumerate(config.get(kind) or ()):
        expression = written.get("expression") if isinstance(written, dict) else written
        same_id = isinstance(written, dict) and rule.id is not None and written.get("id") == rule.id
        if same_id or (rule.id is None and " ".join(str(expression).split()) == " ".join(rule.expression.split())):
            place = _placed(f"{kind}[{number}]", places)
            return f'{place} (id "{excerpt(rule.id)}")' if rule.id else place
    return excerpt(rule.name)


def _shortened(messages: list[str]) -> list[str]:
    more = len(messages) - _MOST
    return [*messages[:_MOST], *([f"and {more} more"] if more > 0 else [])]
