"""A plugin of pytest that collects rule files: each test in one is a test of pytest's.

Loaded by the entry point `pytest11` wherever this package is installed, so it imports nothing until there is a file
that may be a rule file.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from cloudtrail_to_slack_cli.errors import UnreadableError
    from cloudtrail_to_slack_cli.rule_files.rule_file import RuleFile as Rules
    from cloudtrail_to_slack_cli.rule_tests.cases import Case
    from cloudtrail_to_slack_cli.rule_tests.runner import FileRunner

_ENDINGS = frozenset({".yaml", ".yml", ".json"})
_MOST_BYTES = 50 * 1024 * 1024


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> "RuleFileCollector | None":
    """Collect a file if it is a rule file with tests in it."""
    if file_path.suffix not in _ENDINGS:
        return None
    rules = _read(file_path)
    if rules is None:
        return None
    collector: RuleFileCollector = RuleFileCollector.from_parent(parent, path=file_path)
    collector.rules = rules
    return collector


class RuleFileCollector(pytest.File):
    """A rule file."""

    rules: "Rules | UnreadableError"

    def collect(self) -> Iterator["RuleTest"]:
        """Yield the tests of the file.

        Raises:
            CollectError: it cannot be read.
        """
        from cloudtrail_to_slack_cli.rule_tests.runner import FileRunner  # noqa: PLC0415 (there is a rule file)

        if isinstance(self.rules, Exception):
            raise self.CollectError(str(self.rules))
        runner = FileRunner(self.rules)
        for case in runner.cases():
            item: RuleTest = RuleTest.from_parent(self, name=f"{case.entry.name}::{case.name}")
            item.prepare(runner, case)
            yield item


class RuleTest(pytest.Item):
    """One test of a rule."""

    def prepare(self, runner: "FileRunner", case: "Case") -> None:
        """Set what it runs."""
        self._runner = runner
        self._case = case

    def runtest(self) -> None:
        """Run it.

        Raises:
            RuleTestFailedError: the rule does something else than expected.
        """
        result = self._runner.run_case(self._case)
        if not result.passed:
            raise RuleTestFailedError("\n".join(result.why))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:  # noqa: ANN401 (pytest's)
        """Return why it failed, without a traceback."""
        if isinstance(excinfo.value, RuleTestFailedError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Return where it stands: the path, the line from 0, and its name."""
        position = self._runner.file.document.position(self._case.path)
        return self.path, position.line, self.name


class RuleTestFailedError(Exception):
    """A test of a rule failed; the message says why."""


def _read(path: Path) -> "Rules | UnreadableError | None":
    """Return a rule file with tests, or why it cannot be read; None for any other file."""
    try:
        if path.stat().st_size > _MOST_BYTES:
            return None
        text = path.read_text("utf-8-sig")
    except (OSError, ValueError):
        return None
    if not all(word in text for word in ("tests", "expect", "expression")):
        return None
    try:
        from cloudtrail_to_slack_cli.rule_files.discovery import read_candidate  # noqa: PLC0415 (it may be a rule file)
    except ImportError:  # the extra `cli` is not installed
        return None
    rules = read_candidate(str(path))
    if rules is None or isinstance(rules, Exception) or any(entry.tests is not None for entry in rules.entries):
        return rules
    return None
