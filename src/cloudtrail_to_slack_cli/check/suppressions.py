"""Suppressing findings by comments: `# noqa: CT018 covered by the tests in Python`, in YAML."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from cloudtrail_to_slack.errors import SourceSpan
from cloudtrail_to_slack_cli.check.codes import BAD_SUPPRESSION, BY_CODE, UNREADABLE, UNUSED_SUPPRESSION, Code
from cloudtrail_to_slack_cli.check.findings import Finding, finding_at
from cloudtrail_to_slack_cli.rule_files.rule_file import RuleFile

_COMMENT = re.compile(r"(?:^|\s)#\s*noqa\b(?P<rest>.*)$", re.IGNORECASE)
_CODES = re.compile(r"^\s*:?\s*(?P<codes>[A-Za-z]+\d+(?:[,\s]+[A-Za-z]+\d+)*)\b(?P<reason>.*)$")
_MARKS = " \t-\u2013\u2014:;,()[]"
_NOT_SUPPRESSIBLE = frozenset({UNREADABLE.code, BAD_SUPPRESSION.code, UNUSED_SUPPRESSION.code})


@dataclass(slots=True)
class Suppression:
    """A comment that suppresses findings from `first` to `last`, lines from 1."""

    code: str
    reason: str
    line: int
    column: int
    first: int
    last: int
    used: bool = False

    def covers(self, finding: Finding) -> bool:
        """Whether it suppresses a finding."""
        return self.code == finding.code.code and self.first <= finding.line <= self.last


def apply_suppressions(file: RuleFile, findings: Iterable[Finding]) -> Iterator[Finding]:
    """Yield the findings of a file, the suppressed ones with the reason, and what is wrong with suppressions."""
    suppressions, problems = _suppressions(file)
    for finding in findings:
        covering = [each for each in suppressions if each.covers(finding)]
        for suppression in covering:
            suppression.used = True
        yield replace(finding, reason=covering[0].reason) if covering else finding
    yield from problems
    for suppression in suppressions:
        if not suppression.used:
            problem = f"suppresses {suppression.code}, and there is no such finding here; remove it"
            yield _finding(file, UNUSED_SUPPRESSION, problem, suppression.line, suppression.column)


def _suppressions(file: RuleFile) -> tuple[list[Suppression], list[Finding]]:
    found: list[Suppression] = []
    problems: list[Finding] = []
    if file.path.endswith(".json"):
        return found, problems
    positions = [file.document.position(entry.path) for entry in file.entries]
    rules = [(position.line + 1, max(position.last_line, position.line) + 1) for position in positions]
    for number, text in enumerate(file.document.lines, 1):
        match = _COMMENT.search(text) if "noqa" in text.lower() else None
        if match is None:
            continue
        column = text.index("#", match.start()) + 1
        named = _CODES.match(match["rest"])
        reason = named["reason"].strip(_MARKS) if named else ""
        codes = [code.upper() for code in re.findall(r"[A-Za-z]+\d+", named["codes"])] if named else []
        unknown = [code for code in codes if code not in BY_CODE or code in _NOT_SUPPRESSIBLE]
        problem = ""
        if not codes:
            problem = "names no code; write # noqa: CT018 and why"
        elif unknown:
            problem = f"names {', '.join(unknown)}, which is not a code that can be suppressed"
        elif not reason:
            problem = f"has no reason; write # noqa: {', '.join(codes)} and why"
        if problem:
            problems.append(_finding(file, BAD_SUPPRESSION, problem, number, column))
        else:
            first, last = _range(number, text, rules, file.document.lines)
            found += [Suppression(code, reason, number, column, first, last) for code in codes]
    return found, problems


def _range(number: int, text: str, rules: Sequence[tuple[int, int]], lines: Sequence[str]) -> tuple[int, int]:
    """Return the lines that a comment is about: those of the rule that it stands in or above, else its own."""
    at = number
    if text.lstrip().startswith("#"):  # a line of its own, about what follows
        while at < len(lines) and (not lines[at - 1].strip() or lines[at - 1].lstrip().startswith("#")):
            at += 1
    for first, last in rules:
        if first <= at <= last or first <= number <= last:
            return first, last
    return number, at


def _finding(file: RuleFile, code: Code, problem: str, line: int, column: int) -> Finding:
    """Return a finding about a comment at a line and a column from 1."""
    length = max(len(file.document.line(line - 1)) - column + 1, 1)
    return finding_at(file.document, code, problem, None, SourceSpan(line - 1, column - 1, length))
