"""From Sigma rules to rules of ours, with what could not be expressed."""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sigma.conditions import ConditionFieldEqualsValueExpression
from sigma.correlations import SigmaCorrelationRule
from sigma.rule import SigmaRule

from cloudtrail_to_slack.errors import ExpressionError
from cloudtrail_to_slack.rules.expressions.compile import parse_expression
from cloudtrail_to_slack.rules.lint.known_events import unknown_event_reason
from cloudtrail_to_slack.rules.lint.linter import warnings_for
from cloudtrail_to_slack.rules.model import MAX_THRESHOLD_COUNT, MAX_THRESHOLD_MINUTES
from cloudtrail_to_slack_cli.sigma import ID_PREFIX
from cloudtrail_to_slack_cli.sigma.documents import SigmaDocument, conditions, in_one_line, read_documents
from cloudtrail_to_slack_cli.sigma.expression import InexpressibleError, plain_string
from cloudtrail_to_slack_cli.sigma.fields import get, spelled

_LEVELS = {"informational": "info", "low": "low", "medium": "medium", "high": "high", "critical": "critical"}
_OUTDATED = ("deprecated", "unsupported")
_TECHNIQUE = re.compile(r"t\d{4}(?:\.\d{3})?", re.ASCII)
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_LONGEST_SLUG = 100
_BRACES = str.maketrans("{}", "()")  # in our titles, braces stand around fields


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
        UnreadableError: there is no such file, or one that is named cannot be read.
    """
    documents = read_documents(paths)
    counted = {
        id(reference.rule)
        for document in documents
        if isinstance(document.content, SigmaCorrelationRule) and not document.content.generate
        for reference in document.content.referenced_rules
    }
    files_of_ids: dict[str, str] = {}
    for document in documents:
        content = document.content
        if content is None:
            yield Imported(document.file, document.name, None, document.problems)
        elif isinstance(content, SigmaRule | SigmaCorrelationRule) and id(content) not in counted:
            yield _with_unique_id(_imported(document, content), files_of_ids)


def _with_unique_id(imported: Imported, files_of_ids: dict[str, str]) -> Imported:
    """Give a rule an id that no earlier rule has, and remember it."""
    if imported.rule is not None:
        wanted = unique = imported.rule["id"]
        number = 1
        while unique in files_of_ids:
            number += 1
            unique = f"{wanted}-{number}"
        if unique != wanted:
            imported.problems.append(
                f"its id {wanted} is that of a rule in {files_of_ids[wanted]} too; it has {unique}"
            )
        imported.rule["id"] = unique
        files_of_ids[unique] = imported.file
    return imported


def _imported(document: SigmaDocument, rule: SigmaRule | SigmaCorrelationRule) -> Imported:
    """Return our rule; a correlation that counts events of one rule becomes a rule with a threshold."""
    notes = list(document.problems)
    try:
        base = _counted_rule(rule) if isinstance(rule, SigmaCorrelationRule) else rule
        _check_log_source(base)
        imported = _with_metadata(document, rule, base, _expression(base))
        notes += _probable_mistakes(base, imported["expression"])
        if isinstance(rule, SigmaCorrelationRule):
            imported["threshold"] = _threshold(rule, base, notes)
    except InexpressibleError as error:
        return Imported(document.file, document.name, None, [str(error)])
    if str(base.status) in _OUTDATED:
        notes.append(f"its authors call it {base.status}")
    return Imported(document.file, document.name, imported, notes)


def _counted_rule(rule: SigmaCorrelationRule) -> SigmaRule:
    """Return the one rule whose events a correlation counts.

    Raises:
        InexpressibleError: there are several, or it counts nothing.
    """
    kind = rule.type.name.lower()
    references = rule.referenced_rules
    left = "" if rule.generate else "; the rules that it refers to are left out with it"
    if kind not in ("event_count", "value_count"):
        raise InexpressibleError(f"a correlation of the kind {kind}{left}")
    if len(references) != 1 or not isinstance(references[0].rule, SigmaRule):
        raise InexpressibleError(f"a correlation of several rules, or of a correlation{left}")
    return references[0].rule


def _threshold(rule: SigmaCorrelationRule, base: SigmaRule, notes: list[str]) -> dict[str, Any]:
    """Return a correlation's condition as a threshold; add to the notes what it does not say exactly.

    Raises:
        InexpressibleError: it is not "so many or more", or beyond what a threshold may count.
    """
    condition = rule.condition
    operator, count = getattr(getattr(condition, "op", None), "name", ""), getattr(condition, "count", None)
    if operator not in ("GTE", "GT") or not isinstance(count, int):
        raise InexpressibleError(f"the condition of the correlation ({operator.lower() or 'extended'})")
    count += operator == "GT"
    if not 1 <= count <= MAX_THRESHOLD_COUNT:
        raise InexpressibleError(
            f"a correlation that counts to {count:,}; a threshold counts to 1 to {MAX_THRESHOLD_COUNT}"
        )
    minutes = math.ceil(rule.timespan.seconds / 60)
    if minutes > MAX_THRESHOLD_MINUTES:
        raise InexpressibleError(f"a time span of {rule.timespan.spec}; that of a threshold is at most 1d")
    if minutes * 60 != rule.timespan.seconds:
        notes.append(f"its time span of {rule.timespan.spec} is rounded up to {minutes} minute{'s' * (minutes > 1)}")
    threshold: dict[str, Any] = {"count": count, "minutes": minutes}
    if rule.group_by:
        threshold["by"] = [_unaliased(rule, base, each) for each in rule.group_by]
    if rule.type.name == "VALUE_COUNT":
        named = getattr(condition, "fieldref", None)
        if not isinstance(named, str):
            raise InexpressibleError("a correlation that counts the values of several fields")
        threshold["distinct"] = _unaliased(rule, base, named)
    for name in (*threshold.get("by", ()), *filter(None, [threshold.get("distinct")])):
        notes += [f"the correlation {warning}" for warning in map(str, warnings_for(get(name)))]
    return threshold


def _unaliased(rule: SigmaCorrelationRule, base: SigmaRule, name: str) -> str:
    """Return the field of the counted rule that a correlation calls `name`."""
    alias = rule.aliases.aliases.get(name)
    if alias is None:
        return name
    of_base = [field for reference, field in alias.mapping.items() if reference.reference in (base.name, str(base.id))]
    if not of_base:
        raise InexpressibleError(f"the alias {name}, which names no field of the rule that the correlation counts")
    return str(of_base[0])


def _check_log_source(rule: SigmaRule) -> None:
    if rule.taxonomy != "sigma":
        raise InexpressibleError(f"its fields have the names of the taxonomy {rule.taxonomy}, and not CloudTrail's own")
    source = rule.logsource
    product, service = str(source.product or "aws").lower(), str(source.service or "cloudtrail").lower()
    if (product, service) != ("aws", "cloudtrail") or not (source.product or source.service):
        shown = "/".join(str(each) for each in (source.product, source.service, source.category) if each)
        raise InexpressibleError(f"it is for logs of {shown}, not of aws/cloudtrail")


def _expression(rule: SigmaRule) -> str:
    """Return the expression of a rule, which this engine has accepted.

    Raises:
        InexpressibleError: there is none.
    """
    each = conditions(rule.detection)
    text = each[0] if len(each) == 1 else " or ".join(f"({condition})" for condition in each)
    try:
        parse_expression(text)
    except ExpressionError as error:
        raise InexpressibleError(f"this engine refuses the expression: {in_one_line(error)}") from None
    return text


def _probable_mistakes(rule: SigmaRule, expression: str) -> Iterator[str]:
    """Yield what the rule looks for and CloudTrail does not have: fields, and events."""
    found = [f"it {warning}" for warning in warnings_for(expression)]
    for condition in rule.detection.parsed_condition:
        for name in _event_names(condition.parsed):
            reason = None if spelled("eventName", name) else unknown_event_reason(name)
            found += [f'it looks for the event "{name}", which {reason}'] if reason else []
    yield from dict.fromkeys(found)


def _event_names(node: Any) -> Iterator[str]:  # noqa: ANN401 (a node of any of pySigma's classes)
    if isinstance(node, ConditionFieldEqualsValueExpression):
        name = plain_string(node.value) if node.field == "eventName" else None
        yield from [name] if name else []
    for each in getattr(node, "args", ()):
        yield from _event_names(each)


def _with_metadata(
    document: SigmaDocument, rule: SigmaRule | SigmaCorrelationRule, base: SigmaRule, expression: str
) -> dict[str, Any]:
    """Return a rule; what a correlation does not say, its severity and authors, is that of the rule that it counts."""
    techniques = [
        tag.name.upper() for tag in rule.tags if tag.namespace == "attack" and _TECHNIQUE.fullmatch(tag.name.lower())
    ]
    values = {
        "id": f"{ID_PREFIX}{_id(rule, document.name)}",
        "title": document.name.translate(_BRACES),
        "severity": _LEVELS.get(str(rule.level or base.level).lower(), "medium"),
        "expression": expression,
        "description": _description(rule, base),
        "false_positives": _strings(getattr(rule, "falsepositives", None)),
        "references": _strings(rule.references),
        "mitre": list(dict.fromkeys(techniques)),
    }
    return {name: value for name, value in values.items() if value}


def _id(rule: SigmaRule | SigmaCorrelationRule, title: str) -> str:
    given = str(rule.id or "").lower()
    if _UUID.fullmatch(given):
        return given
    return re.sub(r"[^a-z0-9]+", "-", given or title.lower())[:_LONGEST_SLUG].strip("-") or "rule"


def _description(rule: SigmaRule | SigmaCorrelationRule, base: SigmaRule) -> str:
    """Return what the rule says of itself, with its authors, whom the Detection Rule License wants named in alerts."""
    authors, terms = rule.author or base.author, rule.license or base.license
    facts = [f"Sigma rule by {', '.join(_strings(authors))}" if authors else "Sigma rule"]
    facts += [f"status {rule.status}"] if rule.status else []
    facts += [f"license {terms}"] if terms else []
    described = in_one_line(rule.description or "")
    described += "." if described and described[-1] not in ".!?…" else ""
    return " ".join(filter(None, (described, f"{', '.join(facts)}." if len(facts) > 1 or authors else "")))


def _strings(value: object) -> list[str]:
    """Return the strings of a list, or the only one, where a rule gives it instead of a list."""
    found = value if isinstance(value, list) else [value]
    return [text for each in found if each is not None and (text := in_one_line(each))]
