"""Reading Sigma files: their rules, correlations and filters, and what is wrong with each."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from sigma.collection import SigmaCollection
from sigma.correlations import SigmaCorrelationRule
from sigma.exceptions import SigmaCorrelationRuleError, SigmaError, SigmaRuleNotFoundError
from sigma.filters import SigmaFilter
from sigma.policy.profiles import TrustedPolicy
from sigma.rule import SigmaDetections, SigmaRule, SigmaYAMLLoader
from sigma.rule.detection import EmptySigmaDetections
from sigma.rule.logsource import EmptyLogSource

from cloudtrail_to_slack_cli.errors import UnreadableError
from cloudtrail_to_slack_cli.rule_files.document import read_text
from cloudtrail_to_slack_cli.sigma.expression import InexpressibleError, translate

_TIMESTAMP = "tag:yaml.org,2002:timestamp"
_ENDINGS = (".yml", ".yaml")
_CONTENT = ("detection", "correlation", "filter", "action")
# What pySigma raises on documents that are wrong in ways it does not expect, beside its own errors.
_ERRORS = (SigmaError, yaml.YAMLError, ValueError, TypeError, AttributeError, KeyError, RecursionError)


class _Loader(SigmaYAMLLoader):
    """Sigma's loader, to which a day is a string: the event's is one, and an invalid one must not stop the import."""

    yaml_implicit_resolvers = {  # noqa: RUF012 (the base's own, of which no other is changed)
        first: [(tag, pattern) for tag, pattern in pairs if tag != _TIMESTAMP]
        for first, pairs in SigmaYAMLLoader.yaml_implicit_resolvers.items()
    }


@dataclass(slots=True)
class SigmaDocument:
    """A Sigma rule, correlation or filter of a file; None: `problems` say why it cannot be read.

    Otherwise the problems are those that do not matter for what it detects.
    """

    file: str
    name: str
    content: SigmaRule | SigmaCorrelationRule | SigmaFilter | None
    problems: list[str] = field(default_factory=list)


def read_documents(paths: Sequence[str]) -> list[SigmaDocument]:
    """Return what Sigma files and the files in folders contain, with filters applied and references resolved.

    Raises:
        UnreadableError: there is no such file, or one that is named cannot be read.
    """
    documents = [document for path, is_named in _files(paths) for document in _read(path, is_named=is_named)]
    rules = [each for each in documents if isinstance(each.content, SigmaRule | SigmaCorrelationRule)]
    for document in documents:
        if isinstance(document.content, SigmaFilter):
            _apply(document, rules)
    everything = _collection(rules)
    for file in dict.fromkeys(each.file for each in rules if isinstance(each.content, SigmaCorrelationRule)):
        in_file = [each for each in rules if each.file == file]
        for document in in_file:
            if isinstance(document.content, SigmaCorrelationRule):
                _resolve(document, (_collection(in_file), everything))
    return documents


def _files(paths: Sequence[str]) -> Iterator[tuple[Path, bool]]:
    """Yield the files, once each, and whether each is named and not found in a folder."""
    seen = set()
    for name in paths:
        path = Path(name)
        found = [path]
        is_folder = path.is_dir()
        if is_folder:
            found = sorted(each for each in path.rglob("*") if _is_candidate(each.relative_to(path)) and each.is_file())
            if not found:
                raise UnreadableError(name, "contains no .yml and no .yaml")
        for each in found:
            if each.resolve() not in seen:
                seen.add(each.resolve())
                yield each, not is_folder


def _is_candidate(path: Path) -> bool:
    """Whether a file in a folder may be a Sigma file; hidden files and folders are not for rules."""
    return path.suffix in _ENDINGS and not any(part.startswith(".") for part in path.parts)


def _read(path: Path, *, is_named: bool) -> Iterator[SigmaDocument]:
    file = str(path)
    try:
        data = list(yaml.load_all(read_text(file), _Loader))
    except UnreadableError as error:
        if is_named:
            raise
        yield SigmaDocument(file, path.stem, None, [error.problem])
        return
    except _ERRORS as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or in_one_line(error)
        where = f" (line {mark.line + 1})" if mark else ""
        yield SigmaDocument(file, path.stem, None, [f"it is not YAML: {problem}{where}"])
        return
    data = [each for each in data if each is not None]
    if not data:
        yield SigmaDocument(file, path.stem, None, ["the file is empty"])
    # With actions, documents build upon one another.
    together = all(isinstance(each, dict) for each in data) and any("action" in each for each in data)
    for group in [data] if together else [[each] for each in data]:
        yield from _parsed(file, path.stem, group)


def _parsed(file: str, name: str, group: list[Any]) -> Iterator[SigmaDocument]:
    for each in group:
        if not isinstance(each, dict) or not any(key in each for key in _CONTENT):
            yield SigmaDocument(file, _name_of(each, name), None, ["it is not a Sigma rule: it has no `detection`"])
            return
        if "id" in each:
            each["id"] = str(each["id"])
    try:
        # The other policy checks patterns with RE2, which writes to standard error. The engine checks them again.
        collection = SigmaCollection.from_dicts(
            group, collect_errors=True, collect_filters=True, resolve_references=False, policy=TrustedPolicy
        )
    except _ERRORS as error:
        yield SigmaDocument(file, _name_of(group[0], name), None, [_why(error)])
        return
    contents: list[Any] = [*collection.rules, *collection.filters]
    of_documents = {id(error) for content in contents for error in content.errors}
    for problem in collection.errors:
        if id(problem) not in of_documents:
            yield SigmaDocument(file, name, None, [_why(problem)])
    for content in contents:
        problems = [in_one_line(error) for error in content.errors]
        title = in_one_line(content.title) if content.title else name
        if problems and _is_unusable(content):
            yield SigmaDocument(file, title, None, [f"it is not valid Sigma: {'; '.join(problems)}"])
        else:
            notes = [f"it is not quite valid Sigma: {problem}" for problem in problems]
            yield SigmaDocument(file, title, content, notes)


def conditions(detections: SigmaDetections) -> list[str]:
    """Return the expressions of the conditions of a rule or filter.

    Raises:
        InexpressibleError: there is none for one of them.
    """
    if not all(isinstance(condition, str) for condition in detections.condition):
        raise InexpressibleError("its condition is not a string")
    if any("|" in condition for condition in detections.condition):
        raise InexpressibleError("its condition counts with `|`, which Sigma replaced by correlations")
    try:
        return [translate(condition.parsed) for condition in detections.parsed_condition]
    except RecursionError:
        raise InexpressibleError("its condition is nested too deeply") from None
    except (SigmaError, TypeError, AttributeError) as error:
        raise InexpressibleError(f"its condition cannot be read: {in_one_line(error)}") from None


def in_one_line(text: object) -> str:
    """Return a text without line breaks, with single spaces."""
    return " ".join(str(text).split())


def _name_of(data: object, otherwise: str) -> str:
    return in_one_line(data["title"]) if isinstance(data, dict) and data.get("title") else otherwise


def _is_unusable(content: Any) -> bool:  # noqa: ANN401 (one of three classes)
    """Whether the errors of a document are about more than how it describes itself."""
    if isinstance(content, SigmaRule):
        return isinstance(content.detection, EmptySigmaDetections) or isinstance(content.logsource, EmptyLogSource)
    if isinstance(content, SigmaFilter):
        return not content.filter.detections or isinstance(content.logsource, EmptyLogSource)
    return any(isinstance(error, SigmaCorrelationRuleError) for error in content.errors)


def _why(error: Exception) -> str:
    """Return what pySigma says about a document that it refuses, or that it fails on."""
    text = in_one_line(error)
    return f"it is not valid Sigma: {text if isinstance(error, SigmaError) else f'pySigma fails on it ({text})'}"


def _collection(documents: list[SigmaDocument]) -> SigmaCollection:
    contents: list[Any] = [each.content for each in documents]
    return SigmaCollection(contents, resolve_references=False)


def _apply(document: SigmaDocument, rules: list[SigmaDocument]) -> None:
    """Apply a filter to the rules that it names; one that applies to none, or cannot be expressed, is a problem."""
    filter_ = document.content
    if not isinstance(filter_, SigmaFilter):
        return
    is_applied = False
    try:
        conditions(filter_.filter)
        for each in rules:
            if isinstance(each.content, SigmaRule):
                before = list(each.content.detection.condition)
                filter_.apply_on_rule(each.content)
                is_applied |= each.content.detection.condition != before
    except InexpressibleError as error:
        document.problems.append(f"a filter, without which the rules are converted: {error}")
    else:
        if not is_applied:
            document.problems.append("a filter that applies to none of the rules")
    if document.problems:
        document.content = None


def _resolve(document: SigmaDocument, collections: Sequence[SigmaCollection]) -> None:
    """Find the rules that a correlation refers to, in its file or else in all."""
    problem = ""
    for collection in collections:
        try:
            if isinstance(document.content, SigmaCorrelationRule):
                document.content.resolve_rule_references(collection)
        except SigmaRuleNotFoundError as error:
            problem = f"a correlation whose rules are not in these files: {in_one_line(error)}"
        else:
            return
    document.content = None
    document.problems.append(problem)
