"""Configurations: a `config.json`, Terraform's rendered_config, or those in a plan; as rule files with their issues."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from cloudtrail_to_slack.config.loader import read_config
from cloudtrail_to_slack_cli.check.codes import CONFIGURATION
from cloudtrail_to_slack_cli.check.findings import Finding, at_value
from cloudtrail_to_slack_cli.errors import UnreadableError, read_bytes
from cloudtrail_to_slack_cli.rule_files.document import Document, ValuePath, parse, read_text
from cloudtrail_to_slack_cli.rule_files.rule_file import KINDS, RuleFile, rule_file

_SIGN = '"use_default_rules"'
_PART = re.compile(r"([^.\[\]]+)|\[(\d+)\]")
_MOST_DEPTH = 60


@dataclass(frozen=True, slots=True)
class Configuration:
    """A configuration with the rules in it, and what is wrong with the whole of it."""

    file: RuleFile
    findings: tuple[Finding, ...]
    use_default_rules: bool = True


def read_configuration(path: str) -> Configuration:
    """Read a `config.json`, or the output rendered_config as `terraform output` prints it, raw or as JSON.

    Raises:
        UnreadableError: it cannot be read.
    """
    text = read_text(path)
    document = parse(text, path, is_json=True)
    if isinstance(document.data, str):  # terraform output -json rendered_config
        document = parse(document.data, path, is_json=True)
    return _configuration(document)


def read_plan(path: str) -> list[Configuration]:
    """Read the configurations in a plan, as `terraform show -json` prints it.

    Raises:
        UnreadableError: it cannot be read, or contains no configuration.
    """
    try:
        plan = json.loads(read_bytes(path))  # in UTF-16 too, as older PowerShells write it
    except (ValueError, RecursionError):
        raise UnreadableError(path, "is not a plan as JSON: write one with terraform show -json plan.out") from None
    keys = ("planned_values", "resource_changes", "output_changes") if isinstance(plan, dict) else ()
    parts = [plan.get(key) for key in keys]
    rendered = dict.fromkeys(each for part in parts for each in _rendered(part, 0))
    if not rendered:
        problem = (
            "contains no configuration of cloudtrail-to-slack that is known before apply: "
            "check terraform output -raw rendered_config with --config instead"
        )
        raise UnreadableError(path, problem)
    found = []
    for number, each in enumerate(rendered, 1):
        document = parse(json.dumps(json.loads(each), indent=2), "config.json")
        name = document.data.get("function_name") if isinstance(document.data, dict) else None
        document.path = f"{path} ({name or f'configuration {number}'})"
        found.append(_configuration(document))
    return found


def _rendered(value: object, depth: int) -> Iterator[str]:
    """Yield the strings in a plan that are a configuration."""
    if depth > _MOST_DEPTH:
        return
    if isinstance(value, str):
        if value.startswith("{") and _SIGN in value:
            try:
                is_configuration = isinstance(json.loads(value), dict)
            except (ValueError, RecursionError):
                return
            if is_configuration:
                yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _rendered(each, depth + 1)


def _configuration(document: Document) -> Configuration:
    config, issues = read_config(document.data)
    use_defaults = isinstance(document.data, dict) and document.data.get("use_default_rules") not in (False, "false")
    findings = [
        at_value(document, value_path(document, fault.path), CONFIGURATION, f"{fault.path} {fault.problem}")
        for fault in issues
    ]
    # Those of rules are found with the rules; others, such as a rule that disabled_rules does not know, only here.
    for issue in config.rule_issues:
        for fault in issue.details if not issue.path.startswith(KINDS) else ():
            problem = f"{fault.path} {fault.problem}".split("\n", 1)[0]
            findings.append(at_value(document, value_path(document, fault.path), CONFIGURATION, problem))
    return Configuration(rule_file(_with_lists(document)), tuple(findings), use_defaults)


def value_path(document: Document, path: str) -> ValuePath:
    """Return the path of a value as the reader of configurations writes it, such as `slack.routes[0].accounts`."""
    found: ValuePath = ()
    for name, number in _PART.findall(path):
        found = (*found, int(number) if number else name)
        if found not in document.positions:
            return found[:-1]
    return found


def _with_lists(document: Document) -> Document:
    """Return the document with rules as lists that are one string, split as the function splits them."""
    data = document.data
    if not isinstance(data, dict):
        return document
    separator = data.get("rules_separator")
    separator = separator if isinstance(separator, str) and separator else ","
    split = {
        kind: [part.strip() for part in data[kind].split(separator) if part.strip()]
        for kind in KINDS
        if isinstance(data.get(kind), str)
    }
    return Document(document.path, {**data, **split}, document.lines, document.positions, document.repeated)
