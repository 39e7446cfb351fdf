"""Running the tests of a rule file on the function's own engine."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from time import perf_counter

from cloudtrail_to_slack.config.loader import read_config
from cloudtrail_to_slack.errors import RecordError
from cloudtrail_to_slack.events.event import read_event
from cloudtrail_to_slack.rules import EventOutcome, IgnoreRule, Rule, RuleSet
from cloudtrail_to_slack_cli.rule_files.document import ValuePath
from cloudtrail_to_slack_cli.rule_files.rule_file import KINDS, RuleEntry, RuleFile, unusable_parts
from cloudtrail_to_slack_cli.rule_tests.cases import Case, cases_of
from cloudtrail_to_slack_cli.tracing import deciding, trace

_MOST_ALTERNATIVES = 5


@dataclass(frozen=True, slots=True)
class TestResult:
    """How a test ended. `why` are the lines that explain a failure, the first being what was expected; none: it passed.

    `path` is where the test stands in its file, `seconds` how long it took.
    """

    __test__ = False  # it is not a test of pytest's

    file: str
    line: int
    rule: str
    name: str
    why: tuple[str, ...] = ()
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        """Whether the test passed."""
        return not self.why


@dataclass(slots=True)
class _Outcome:
    """What a rule does with an event, in the word that tests expect, and why."""

    word: str
    why: list[str] = field(default_factory=list)


class FileRunner:
    """Runs the tests of one file. Its rules see the ignore rules of the same file, and no others."""

    def __init__(self, file: RuleFile, today: date | None = None) -> None:
        self.file = file
        self._today = today or datetime.now(UTC).date()
        config, issues = read_config(file.config())
        left_out = {issue.path: issue for issue in config.rule_issues if issue.left_out}
        self.unusable = {path: [str(fault) for fault in issue.details] for path, issue in left_out.items()}
        usable = {
            kind: [entry for entry in file.entries if entry.kind == kind and _place(entry) not in left_out]
            for kind in KINDS
        }
        self.problems = [str(fault) for fault in issues] if not usable["rules"] and not usable["ignore_rules"] else []
        self._rules = list(zip(usable["rules"], config.rules, strict=True))
        self._ignore_rules = list(zip(usable["ignore_rules"], config.ignore_rules, strict=True))
        self._numbers = {entry.path: number for number, (entry, _) in enumerate(self._rules)}
        self._ignoring = {entry.path: rule for entry, rule in self._ignore_rules}
        self._engine = RuleSet(config.rules, config.ignore_rules)

    def cases(self) -> Iterator[Case]:
        """Yield the tests of the file, in order."""
        for entry in self.file.entries:
            yield from cases_of(self.file, entry)

    def run(self) -> Iterator[TestResult]:
        """Run every test; a rule that cannot be used is a failed test of its own, and so is a file or a list of it."""
        for path, problem in unusable_parts(self.file.document):
            yield TestResult(self.file.path, self._line(path), "rules", "the file can be used", (problem,))
        for entry in self.file.entries:
            wrong = self.unusable.get(_place(entry))
            if wrong:
                why = ("the rule cannot be used", *(line for each in wrong for line in each.split("\n")))
                yield TestResult(self.file.path, self._line(entry.path), entry.name, "the rule can be used", why)
                continue
            for case in cases_of(self.file, entry):
                yield self.run_case(case)

    def run_case(self, case: Case) -> TestResult:
        """Run one test."""
        begin = perf_counter()
        why: list[str] = []
        wrong = self.unusable.get(_place(case.entry))
        if case.problem is not None:
            why = [f"the test cannot be run: {case.problem}"]
        elif wrong:
            why = ["the rule cannot be used", *(line for each in wrong for line in each.split("\n"))]
        else:
            why = self._difference(case)
        seconds = perf_counter() - begin
        line = self._line(case.problem_path or case.path)
        return TestResult(self.file.path, line, case.entry.name, case.name, tuple(why), seconds)

    def _difference(self, case: Case) -> list[str]:
        try:
            flat = dict(read_event(case.event).flat)
        except RecordError as error:
            return [f"the function cannot read the event: {error}"]
        ignoring = self._ignoring.get(case.entry.path)
        outcome = self._ignore(ignoring, flat) if ignoring else self._rule(self._numbers[case.entry.path], flat)
        expected = {"match", "ignored"} if ignoring and case.expect in ("match", "ignored") else {case.expect}
        if outcome.word in expected:
            return []
        return [f"expected {case.expect}, got {outcome.word}", *outcome.why]

    def _rule(self, number: int, flat: dict[str, object]) -> _Outcome:
        rule = self._rules[number][1]
        evaluation = self._engine.evaluate(flat, self._today, 1 << number)
        problem = next((problem for problem in evaluation.problems if problem.rule is rule), None)
        if problem is not None:
            return _Outcome("error", [problem.detail, *_decided(rule, flat)])
        if evaluation.outcome is EventOutcome.MATCHED:
            return _Outcome("match", [*_decided(rule, flat), *self._expired(flat)])
        if evaluation.outcome is EventOutcome.IGNORED and evaluation.ignored_by and evaluation.silenced:
            return _Outcome("ignored", _ignored(evaluation.ignored_by, flat))
        return _Outcome("no_match", _decided(rule, flat))

    def _ignore(self, rule: IgnoreRule, flat: dict[str, object]) -> _Outcome:
        if rule.expires is not None and rule.expires < self._today:
            return _Outcome("no_match", [f"the ignore rule expired on {rule.expires}"])
        evaluation = RuleSet([Rule(rule.expression)], []).evaluate(flat, self._today)
        if evaluation.problems:
            return _Outcome("error", [evaluation.problems[0].detail, *_decided(rule, flat)])
        return _Outcome("match" if evaluation.matched else "no_match", _decided(rule, flat))

    def _expired(self, flat: dict[str, object]) -> list[str]:
        """Name the ignore rules that would have ignored an event, had they not expired."""
        expired = [rule for _, rule in self._ignore_rules if rule.expires is not None and rule.expires < self._today]
        return [
            f"the ignore rule {rule.name} expired on {rule.expires}"
            for rule in expired
            if RuleSet([Rule(rule.expression)], []).evaluate(flat, self._today).matched
        ]

    def _line(self, path: ValuePath) -> int:
        position = self.file.document.position(path)
        return (position.line if position.key_line is None else position.key_line) + 1


def _place(entry: RuleEntry) -> str:
    return f"{entry.kind}[{entry.number}]"


def _ignored(rule: IgnoreRule, flat: dict[str, object]) -> list[str]:
    reason = f" ({rule.reason})" if rule.reason else ""
    return [f"ignored by {rule.name}{reason}", *_decided(rule, flat)]


def _decided(rule: Rule | IgnoreRule, flat: dict[str, object]) -> list[str]:
    """Return the first condition that decided, and what it read."""
    step = deciding(trace(rule.expression, flat))
    what = {"and": "every condition holds", "or": "no alternative holds"}.get(step.kind)
    if what and step.parts:
        lines = [f"{what}:", *(f"  {part.source} is {part.shown}" for part in step.parts[:_MOST_ALTERNATIVES])]
        more = len(step.parts) - _MOST_ALTERNATIVES
        return [*lines, *([f"  and {more} more"] if more > 0 else [])]
    value = step.shown if step.error else f"is {step.shown}"
    return [f"decided by: {step.source}", f"  {value}", *(f'  "{key}" is {read}' for key, read in step.reads)]
