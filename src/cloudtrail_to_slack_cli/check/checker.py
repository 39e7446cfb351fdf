"""Checking everything that a command names, together."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime

from cloudtrail_to_slack_cli.check.configuration import Configuration
from cloudtrail_to_slack_cli.check.findings import Finding, unreadable
from cloudtrail_to_slack_cli.check.lints import lint_rule, lint_together, usable_rules
from cloudtrail_to_slack_cli.check.rule_issues import issue_findings, structure_findings, test_findings
from cloudtrail_to_slack_cli.check.suppressions import apply_suppressions
from cloudtrail_to_slack_cli.errors import UnreadableError
from cloudtrail_to_slack_cli.rule_files.rule_file import RuleFile


@dataclass(frozen=True, slots=True)
class Checked:
    """What was checked and found. `findings` are in the order of files and lines, `suppressed` likewise."""

    findings: tuple[Finding, ...]
    suppressed: tuple[Finding, ...]
    files: int
    rules: int
    unreadable: int


def check(
    files: Iterable[RuleFile | UnreadableError], configurations: Iterable[Configuration] = (), today: date | None = None
) -> Checked:
    """Check rule files and configurations; rules of all of them are also compared with each other."""
    today = today or datetime.now(UTC).date()
    given, configured = list(files), list(configurations)
    errors = [each for each in given if isinstance(each, UnreadableError)]
    rule_files = [each for each in given if isinstance(each, RuleFile)]
    of_file = {
        id(file): [*structure_findings(file), *issue_findings(file), *test_findings(file)] for file in rule_files
    }
    for configuration in configured:
        issues = issue_findings(configuration.file, use_default_rules=configuration.use_default_rules)
        of_file[id(configuration.file)] = [*configuration.findings, *issues]
    everything = [*rule_files, *(configuration.file for configuration in configured)]
    rules = usable_rules(everything)
    needing_tests = set(map(id, rule_files))
    for rule in rules:
        of_file[id(rule.file)] += lint_rule(rule, today, needs_tests=id(rule.file) in needing_tests)
    by_path = {file.path: id(file) for file in everything}
    use_defaults = any(configuration.use_default_rules for configuration in configured)
    for finding in lint_together(rules, today, use_default_rules=use_defaults):
        of_file[by_path[finding.file]].append(finding)
    found = [unreadable(error) for error in errors]
    for file in everything:
        found += apply_suppressions(file, dict.fromkeys(of_file[id(file)]))
    found.sort(key=lambda finding: finding.sort_key)
    return Checked(
        findings=tuple(finding for finding in found if finding.reason is None),
        suppressed=tuple(finding for finding in found if finding.reason is not None),
        files=len(given) + len(configured),
        rules=sum(len(file.entries) for file in everything),
        unreadable=len(errors),
    )
