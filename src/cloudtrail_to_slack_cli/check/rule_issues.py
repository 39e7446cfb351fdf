"""The issues that make a rule unusable, from the function's own reader, each with a code and a place."""

import ast
import re
import warnings
from collections.abc import Iterator

from cloudtrail_to_slack.config.loader import read_config
from cloudtrail_to_slack.errors import ConfigurationIssue, ExpressionError
from cloudtrail_to_slack.rules.expressions.compile import compile_expression
from cloudtrail_to_slack_cli.check import codes
from cloudtrail_to_slack_cli.check.codes import Code
from cloudtrail_to_slack_cli.check.findings import Finding, at_value, in_expression
from cloudtrail_to_slack_cli.rule_files.rule_file import KINDS, RuleEntry, RuleFile, unusable_parts
from cloudtrail_to_slack_cli.rule_tests.cases import cases_of

_FAULT = re.compile(r"(?P<place>(?:ignore_)?rules\[\d+\])(?:\.(?P<key>[^. ]+))?")
_TOP_LEVEL = frozenset({*KINDS, "$schema", "include"})  # packs include others
_TERRAFORM_DAY = re.compile(r"\d{4}-\d\d-\d\d")


def structure_findings(file: RuleFile) -> Iterator[Finding]:
    """Yield what is wrong with a file around its rules."""
    document = file.document
    for path, position in document.repeated:
        problem = f"has the key {path[-1]!r} twice, and only the last one counts"
        line, column = position.key_line or 0, position.key_column or 0
        yield Finding(codes.STRUCTURE, problem, file.path, line + 1, column + 1, len(str(path[-1])))
    for key in document.data if isinstance(document.data, dict) else ():
        if key not in _TOP_LEVEL and not str(key).startswith("x-"):
            problem = f"has the key {str(key)[:100]!r}, which is not read; the keys are rules and ignore_rules"
            yield at_value(document, (str(key),), codes.STRUCTURE, problem)
    for value_path, problem in unusable_parts(document):
        yield at_value(document, value_path, codes.STRUCTURE, problem)


def issue_findings(file: RuleFile, *, use_default_rules: bool = False) -> Iterator[Finding]:
    """Yield what is wrong with single rules, as far as the function would refuse or misread them."""
    config, _ = read_config(file.config(use_default_rules=use_default_rules))
    entries = {f"{entry.kind}[{entry.number}]": entry for entry in file.entries}
    for issue in config.rule_issues:
        for fault in issue.details:
            match = _FAULT.match(fault.path)
            entry = entries.get(match["place"]) if match else None
            if match and entry:
                yield _issue(file, entry, match["key"] or "", fault)
    for entry in file.entries:
        yield from _unquoted_day(file, entry)


def test_findings(file: RuleFile) -> Iterator[Finding]:
    """Yield the tests that cannot be run."""
    for entry in file.entries:
        for case in cases_of(file, entry):
            if case.problem:
                yield at_value(file.document, case.problem_path, codes.BROKEN_TEST, case.problem, entry.name)


def expression_error(expression: str) -> ExpressionError | None:
    """Return what is wrong with an expression, None if it can be used."""
    try:
        compile_expression(expression)
    except ExpressionError as error:
        return error
    return None


def _issue(file: RuleFile, entry: RuleEntry, key: str, fault: ConfigurationIssue) -> Finding:
    problem = fault.problem.split("\n", 1)[0]
    is_about_expression = key == "expression" or (not key and isinstance(entry.content, str))
    error = expression_error(entry.expression) if is_about_expression and entry.expression else None
    if error is not None:
        code = codes.REFUSED if _is_python(entry.expression) else codes.SYNTAX
        return in_expression(file.document, entry, code, str(error), error.place)
    if is_about_expression or not key:
        return at_value(file.document, entry.path, codes.NO_EXPRESSION, problem, entry.name)
    code = _code_of_key(key, problem)
    return at_value(file.document, (*entry.path, key), code, f"{key} {problem}", entry.name)


def _code_of_key(key: str, problem: str) -> Code:
    if "known" in problem and "key" in problem:
        return codes.UNKNOWN_KEY
    return codes.REPEATED_ID if key == "id" and "another rule" in problem else codes.FIELD


def _is_python(expression: str) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(expression, mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _unquoted_day(file: RuleFile, entry: RuleEntry) -> Iterator[Finding]:
    """Yield a finding about a day without quotes: to Terraform it is a moment, which it refuses."""
    path = (*entry.path, "expires")
    position = file.document.positions.get(path)
    value = entry.content.get("expires") if isinstance(entry.content, dict) else None
    if position is None or position.style or file.path.endswith(".json") or not isinstance(value, str):
        return
    if _TERRAFORM_DAY.fullmatch(value):
        problem = f'expires must be quoted, or Terraform reads it as a moment: write "{value}"'
        yield at_value(file.document, path, codes.FIELD, problem, entry.name)
