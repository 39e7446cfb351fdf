"""Running the tests of a rule file on the function's own engine."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from time import perf_counter

from cloudtrail_to_slack.config.loader import read_config
from cloudtrail_to_slack.errors import RecordError
from cloudtrail_to_slack.events.event import read_event
from cloudtrail_to_slack.rules import EventOutcome, IgnoreRule, Rule, RuleSet
from cloudtrail_to_slack_cli.decisions import decide_ignore_rule
from cloudtrail_to_slack_cli.rule_files.document import ValuePath
from cloudtrail_to_slack_cli.rule_files.rule_file import RuleEntry, RuleFile, unusable_parts
from cloudtrail_to_slack_cli.rule_tests.cases import Case, cases_of
from cloudtrail_to_slack_cli.tracing import why


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


# What a rule does with an event, in the word that tests expect, and why.
_Outcome = tuple[str, list[str]]


class FileRunner:
    """Runs the tests of one file. Its rules see the ignore rules of the same file, and no others."""

    def __init__(self, file: RuleFile, today: date | None = None) -> None:
        self.file = file
        self._today = today or datetime.now(UTC).date()
        config, _ = read_config(file.config())
        left_out = {issue.path: issue for issue in config.rule_issues if issue.left_out}
        self._unusable = {path: [str(fault) for fault in issue.details] for path, issue in left_out.items()}
        usable = [entry for entry in file.entries if _place(entry) not in left_out]
        rules = zip((entry for entry in usable if entry.kind == "rules"), config.rules, strict=True)
        ignoring = zip((entry for entry in usable if entry.kind == "ignore_rules"), config.ignore_rules, strict=True)
        self._rules = {entry.path: (number, rule) for number, (entry, rule) in enumerate(rules)}
        self._ignoring = {entry.path: rule for entry, rule in ignoring}
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
            if _place(entry) in self._unusable:
                yield self.run_case(Case(entry, "the rule can be used", entry.path))
            else:
                yield from map(self.run_case, cases_of(self.file, entry))

    def run_case(self, case: Case) -> TestResult:
        """Run one test."""
        begin = perf_counter()
        if case.problem is not None:
            why = [f"the test cannot be run: {case.problem}"]
        elif wrong := self._unusable.get(_place(case.entry)):
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
        word, why = self._ignore(ignoring, flat) if ignoring else self._rule(*self._rules[case.entry.path], flat)
        expected = {"match", "ignored"} if ignoring and case.expect in ("match", "ignored") else {case.expect}
        return [] if word in expected else [f"expected {case.expect}, got {word}", *why]

    def _rule(self, number: int, rule: Rule, flat: dict[str, object]) -> _Outcome:
        evaluation = self._engine.evaluate(flat, self._today, 1 << number)
        problem = next((problem for problem in evaluation.problems if problem.rule is rule), None)
        if problem is not None:
            return "error", [problem.detail, *why(rule.expression, flat)]
        if evaluation.outcome is EventOutcome.MATCHED:
            return "match", [*why(rule.expression, flat), *self._expired(flat)]
        if evaluation.outcome is EventOutcome.IGNORED and evaluation.ignored_by and evaluation.silenced:
            ignored_by = evaluation.ignored_by
            reason = f" ({ignored_by.reason})" if ignored_by.reason else ""
            return "ignored", [f"ignored by {ignored_by.name}{reason}", *why(ignored_by.expression, flat)]
        return "no_match", why(rule.expression, flat)

    def _ignore(self, rule: IgnoreRule, flat: dict[str, object]) -> _Outcome:
        decision = decide_ignore_rule(rule, flat, self._today)
        if decision.expired:
            return "no_match", [f"the ignore rule expired on {rule.expires}"]
        return decision.word, [*filter(None, [decision.error]), *why(rule.expression, flat)]

    def _expired(self, flat: dict[str, object]) -> list[str]:
        """Name the ignore rules that would have ignored an event, had they not expired."""
        return [
            f"the ignore rule {rule.name} expired on {rule.expires}"
            for rule in self._ignoring.values()
            if rule.expires and rule.expires < self._today and decide_ignore_rule(rule, flat, rule.expires).matches
        ]

    def _line(self, path: ValuePath) -> int:
        position = self.file.document.position(path)
        return (position.line if position.key_line is None else position.key_line) + 1


def _place(entry: RuleEntry) -> str:
    return f"{entry.kind}[{entry.number}]"
