"""Which rules apply, and how: detection packs, rules switched off, severities and exceptions by rule id. Pure.

What names a rule or pack that does not exist is left out and reported, like a rule that cannot be used: it must not
stop the other rules.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from cloudtrail_to_slack.errors import ConfigurationIssue
from cloudtrail_to_slack.json_fields import type_name
from cloudtrail_to_slack.rules.expressions.diagnostics import excerpt
from cloudtrail_to_slack.rules.model import IgnoreRule, Rule, Severity
from cloudtrail_to_slack.rules.packs import DEFAULT_PREFIX, DEFAULT_RULE_IDS, all_pack_rule_ids, pack_names, pack_rules

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from cloudtrail_to_slack.config.field_reader import Reader

    # Called with what is wrong with one entry.
    Report = Callable[[ConfigurationIssue], None]
    ReadException = Callable[[object, str], IgnoreRule | None]

T = TypeVar("T")

SEVERITIES = {severity.word: severity for severity in Severity}
_LONGEST_NAME = 100


class RuleChoice:
    """Reads the keys of a document that choose and change rules by their ids; `report` takes what is wrong."""

    def __init__(self, document: Reader, report: Report) -> None:
        self._document = document
        self._report = report

    def packs(self, function_name: str | None) -> list[Rule]:
        """Return the rules of the packs that `detection_packs` names, each rule once."""
        rules: dict[str | None, Rule] = {}
        for path, name in self.names("detection_packs", "the name of a pack"):
            if name in pack_names():
                for rule in pack_rules(name, function_name):
                    rules.setdefault(rule.id, rule)
            else:
                self._unknown(path, name, pack_names(), "there is no pack of that name")
        return list(rules.values())

    def applied(self, rules: Iterable[Rule], read_exception: ReadException) -> tuple[Rule, ...]:
        """Return `rules` without those that are disabled, with severities and exceptions as configured."""
        rules = tuple(rules)
        known = DEFAULT_RULE_IDS | {rule.id for rule in rules if rule.id}
        disabled = {self._rule_id(name, path, known) for path, name in self.names("disabled_rules", "the id of a rule")}
        severities = self._by_rule("rule_severities", known, self._severity)
        exceptions = self._by_rule("rule_exceptions", known, lambda item, path: _exceptions(item, path, read_exception))
        return tuple(
            replace(rule, severity=severities.get(rule.id, rule.severity), exceptions=exceptions.get(rule.id, ()))
            if rule.id in severities or rule.id in exceptions
            else rule
            for rule in rules
            if rule.id is None or rule.id not in disabled
        )

    def names(self, key: str, wanted: str) -> Iterator[tuple[str, str]]:
        """Yield the path and name of each item in the list at `key`, which must be what is `wanted`."""
        for path, item in self._document.each(key, lambda item, path: (path, item)):
            if isinstance(item, str):
                yield path, item.strip()
            else:
                self._report(ConfigurationIssue(path, f"must be {wanted}, not {type_name(item)}"))

    def _by_rule(
        self, key: str, known: Collection[str], read: Callable[[object, str], T | None]
    ) -> dict[str | None, T]:
        """Return what the object at `key` says, by rule."""
        given = self._document.raw(key) if self._document.has(key) else {}
        if not isinstance(given, dict):
            problem = f"must be an object with ids of rules as keys, not {type_name(given)}"
            self._report(ConfigurationIssue(key, problem))
            return {}
        found: dict[str | None, T] = {}
        for name, item in given.items():
            path = f"{key}.{excerpt(name, _LONGEST_NAME)}"
            rule_id, value = self._rule_id(name.strip(), path, known), read(item, path)
            if rule_id is not None and value is not None:
                found[rule_id] = value
        return found

    def _severity(self, item: object, path: str) -> Severity | None:
        severity = SEVERITIES.get(item.strip().lower()) if isinstance(item, str) else None
        if severity is None:
            self._report(ConfigurationIssue(path, f"must be one of {', '.join(SEVERITIES)}"))
        return severity

    def _rule_id(self, name: str, path: str, known: Collection[str]) -> str | None:
        """Return the id of the rule that `name` means, also without the prefix of default rules; None and a report."""
        for rule_id in (name, f"{DEFAULT_PREFIX}{name}"):
            if rule_id in known:
                return rule_id
        in_packs = all_pack_rule_ids()
        if name in in_packs:  # of a pack that is not switched on
            return name
        self._unknown(path, name, {*known, *in_packs}, "no rule has that id")
        return None

    def _unknown(self, path: str, name: str, known: Collection[str], problem: str) -> None:
        close = _close(name[:_LONGEST_NAME].lower(), sorted(known))
        meant = f"; did you mean {' or '.join(close)}?" if close else ""
        self._report(ConfigurationIssue(path, f"is {excerpt(name, _LONGEST_NAME)!r}, and {problem}{meant}"))


def _exceptions(item: object, path: str, read: ReadException) -> tuple[IgnoreRule, ...] | None:
    """Return the exceptions of one rule: one, or a list of them. One that cannot be used is left out."""
    if isinstance(item, list):
        found = [read(each, f"{path}[{number}]") for number, each in enumerate(item)]
    else:
        found = [read(item, path)]
    return tuple(exception for exception in found if exception is not None) or None


def _close(name: str, known: list[str]) -> list[str]:
    """Return what `name` was probably meant to be, the best first."""
    import difflib  # noqa: PLC0415 (only for names that are wrong)

    close = [each for each in known if each.endswith((f"-{name}", f"/{name}"))]
    for wanted in (name, f"{DEFAULT_PREFIX}{name}"):
        close += difflib.get_close_matches(wanted, known, n=2, cutoff=0.75)
    return list(dict.fromkeys(close))[:3]
