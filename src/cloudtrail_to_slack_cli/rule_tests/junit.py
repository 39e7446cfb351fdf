"""The results of tests as JUnit XML, as CI systems read it."""

import html
import re
from collections.abc import Iterable, Sequence

from cloudtrail_to_slack_cli.errors import UnreadableError
from cloudtrail_to_slack_cli.rule_tests.runner import TestResult

# What XML 1.0 allows in no document, escaped or not.
_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit_xml(results: Sequence[TestResult], unreadable: Iterable[UnreadableError], seconds: float) -> str:
    """Return the report: one suite for each file, one test case for each test, an error for an unreadable file."""
    by_file: dict[str, list[TestResult]] = {}
    for result in results:
        by_file.setdefault(result.file, []).append(result)
    errors = list(unreadable)
    suites = [_suite(path, each) for path, each in by_file.items()] + [_unreadable(error) for error in errors]
    failures = sum(not result.passed for result in results)
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        f'<testsuites name="cloudtrail-to-slack" tests="{len(results) + len(errors)}" failures="{failures}"'
        f' errors="{len(errors)}" time="{seconds:.3f}">\n{"".join(suites)}</testsuites>\n'
    )


def _suite(path: str, results: Sequence[TestResult]) -> str:
    failures = sum(not result.passed for result in results)
    seconds = sum(result.seconds for result in results)
    cases = "".join(map(_case, results))
    return (
        f'  <testsuite name={_quoted(path)} tests="{len(results)}" failures="{failures}" errors="0" skipped="0"'
        f' time="{seconds:.3f}">\n{cases}  </testsuite>\n'
    )


def _case(result: TestResult) -> str:
    begin = (
        f"    <testcase classname={_quoted(f'{result.file}: {result.rule}')} name={_quoted(result.name)}"
        f' file={_quoted(result.file)} line="{result.line}" time="{result.seconds:.3f}"'
    )
    if result.passed:
        return f"{begin}/>\n"
    text = _text("\n".join(result.why))
    return f"{begin}>\n      <failure message={_quoted(result.why[0])}>{text}</failure>\n    </testcase>\n"


def _unreadable(error: UnreadableError) -> str:
    name = _quoted(error.path)
    return (
        f'  <testsuite name={name} tests="1" failures="0" errors="1" skipped="0" time="0.000">\n'
        f"    <testcase classname={name} name={_quoted('the file can be read')}>\n"
        f"      <error message={_quoted(str(error))}/>\n    </testcase>\n  </testsuite>\n"
    )


def _quoted(text: str) -> str:
    text = _text(text).replace("\n", "&#10;").replace("\t", "&#9;").replace("\r", "&#13;")
    return f'"{text}"'


def _text(text: str) -> str:
    return html.escape(_NOT_IN_XML.sub("?", text))
