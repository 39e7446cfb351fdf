"""From Sigma files to rules of ours, with what could not be expressed."""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from sigma.collection import SigmaCollection
from sigma.correlations import SigmaCorrelationRule
from sigma.exceptions import SigmaError
from sigma.rule import SigmaRule

from cloudtrail_to_slack.errors import ExpressionError
from cloudtrail_to_slack.rules.expressions.compile import parse_expression
from cloudtrail_to_slack_cli.errors import UnreadableError
from cloudtrail_to_slack_cli.rule_files.document import read_text
from cloudtrail_to_slack_cli.sigma.expression import InexpressibleError, translate

_LEVELS = {"informational": "info", "low": "low", "medium": "medium", "high": "high", "critical": "critical"}
_OUTDATED = ("deprecated", "unsupported")
_TECHNIQUE = re.compile(r"t\d{4}(?:\.\d{3})?")


@dataclass(frozen=True, slots=True)
class Imported:
    """A Sigma rule: `name` and file, our `rule` (None if there is none), and what was not expressed."""

    file: str
    name: str
    rule: dict[str, Any] | None
    problems: list[str] = field(default_factory=list)


def import_files(paths: Sequence[str]) -> Iterator[Imported]:
    """Yield each Sigma rule in files and folders, in order.

    Raises:
        UnreadableError: there is no such file, or it cannot be read.
    """
    for path in _files(paths):
        text = read_text(str(path))
        try:
            collection = SigmaCollection.from_yaml(text)
            collection.resolve_rule_references()
        except (SigmaError, yaml.YAMLError, ValueError, TypeError, AttributeError, RecursionError) as error:
            yield Imported(str(path), path.stem, None, [f"it is not a Sigma rule: {' '.join(str(error).split())}"])
            continue
        referenced = {
            id(reference.rule)
            for rule in collection.rules
            if isinstance(rule, SigmaCorrelationRule)
            for reference in rule.rules or ()
        }
        for rule in collection.rules:
            if isinstance(rule, SigmaCorrelationRule) or id(rule) not in referenced:
                yield _imported(str(path), rule)


def _files(paths: Sequence[str]) -> Iterator[Path]:
    for name in paths:
        path = Path(name)
        if path.is_dir():
            found = sorted(each for each in path.rglob("*") if each.suffix in (".yml", ".yaml") and each.is_file())
            if not found:
                raise UnreadableError(name, "contains no .yml and no .yaml")
            yield from found
        else:
            yield path


def _imported(path: str, rule: SigmaRule | SigmaCorrelationRule) -> Imported:
    """Return our rule; a correlation that counts events of one rule becomes a rule with a threshold."""
    name = str(rule.title or path)
    try:
        base = _counted_rule(rule) if isinstance(rule, SigmaCorrelationRule) else rule
        _check_log_source(base)
        imported = _with_metadata(rule, _expression(base))
        if isinstance(rule, SigmaCorrelationRule):
            imported["threshold"] = _threshold(rule)
    except InexpressibleError as error:
        return Imported(path, name, None, [str(error)])
    status = base.status.name.lower() if base.status else ""
    return Imported(path, name, imported, [f"its authors call it {status}"] if status in _OUTDATED else [])


def _counted_rule(rule: SigmaCorrelationRule) -> SigmaRule:
    """Return the one rule whose events a correlation counts.

    Raises:
        InexpressibleError: there are several, or it counts nothing.
    """
    kind = rule.type.name.lower()
    references = rule.rules or []
    if kind not in ("event_count", "value_count"):
        raise InexpressibleError(f"a correlation of the kind {kind}")
    if len(references) != 1 or not isinstance(references[0].rule, SigmaRule):
        raise InexpressibleError("a correlation of several rules")
    return references[0].rule


def _threshold(rule: SigmaCorrelationRule) -> dict[str, Any]:
    """Return a correlation's condition as a threshold.

    Raises:
        InexpressibleError: it is not "so many or more".
    """
    condition = rule.condition
    operator, count = getattr(getattr(condition, "op", None), "name", ""), getattr(condition, "count", None)
    if operator not in ("GTE", "GT") or not isinstance(count, int):
        raise InexpressibleError(f"the condition of the correlation ({operator.lower() or 'extended'})")
    minutes = max(1, math.ceil(rule.timespan.seconds / 60))
    threshold: dict[str, Any] = {"count": count + (operator == "GT"), "minutes": minutes}
    if rule.group_by:
        threshold["by"] = list(rule.group_by)
    if rule.type.name == "VALUE_COUNT":
        named = getattr(condition, "fieldref", None)
        threshold["distinct"] = named[0] if isinstance(named, list) else str(named)
    return threshold


def _check_log_source(rule: SigmaRule) -> None:
    source = rule.logsource
    if source.product not in (None, "aws") or source.service not in (None, "cloudtrail"):
        shown = "/".join(str(each) for each in (source.product, source.service, source.category) if each)
        raise InexpressibleError(f"it is for logs of {shown}, not of aws/cloudtrail")


def _expression(rule: SigmaRule) -> str:
    """Return the expression of a rule, which this engine has accepted.

    Raises:
        InexpressibleError: there is none.
    """
    try:
        conditions = [translate(condition.parsed) for condition in rule.detection.parsed_condition]
    except (SigmaError, TypeError, RecursionError) as error:  # pySigma expects conditions to be text
        raise InexpressibleError(f"its condition cannot be read: {error}") from None
    text = conditions[0] if len(conditions) == 1 else " or ".join(f"({each})" for each in conditions)
    try:
        parse_expression(text)
    except ExpressionError as error:
        raise InexpressibleError(f"this engine refuses the expression: {error}") from None
    return text


def _with_metadata(rule: SigmaRule | SigmaCorrelationRule, expression: str) -> dict[str, Any]:
    level = _LEVELS.get(rule.level.name.lower(), "medium") if rule.level else "medium"
    techniques = [tag.name for tag in rule.tags if tag.namespace == "attack" and _TECHNIQUE.fullmatch(tag.name.lower())]
    slug = re.sub(r"[^a-z0-9]+", "-", str(rule.title).lower()).strip("-")
    values = {
        "id": f"sigma/{rule.id or slug or 'rule'}",
        "title": rule.title,
        "severity": level,
        "expression": expression,
        "description": " ".join(str(rule.description).split()) if rule.description else None,
        "false_positives": [str(each) for each in getattr(rule, "falsepositives", None) or [] if each] or None,
        "references": [str(each) for each in rule.references or []] or None,
        "mitre": [each.upper() for each in techniques] or None,
    }
    return {name: value for name, value in values.items() if value}
