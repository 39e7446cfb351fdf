"""The results of tests as JUnit XML, as CI systems read it."""

import re
from collections.abc import Iterable, Sequence
from xml.etree import ElementTree as ET

from cloudtrail_to_slack_cli.errors import UnreadableError
from cloudtrail_to_slack_cli.rule_tests.runner import TestResult

# What XML 1.0 allows in no document, escaped or not.
_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit_xml(results: Sequence[TestResult], unreadable: Iterable[UnreadableError], seconds: float) -> str:
    """Return the report: one suite for each file, one test case for each test, an error for an unreadable file."""
    by_file: dict[str, list[TestResult]] = {}
    for result in results:
        by_file.setdefault(result.file, []).append(result)
    suites = [_suite(path, each) for path, each in by_file.items()]
    errors = [_unreadable(error) for error in unreadable]
    root = _element("testsuites", name="cloudtrail-to-slack", **_counts(results, len(errors)), time=f"{seconds:.3f}")
    root.extend([*suites, *errors])
    ET.indent(root)
    written: bytes = ET.tostring(root, "utf-8", xml_declaration=True)
    return written.decode() + "\n"


def _suite(path: str, results: Sequence[TestResult]) -> ET.Element:
    time = f"{sum(result.seconds for result in results):.3f}"
    suite = _element("testsuite", name=path, **_counts(results, 0), skipped="0", time=time)
    for result in results:
        names = {"classname": f"{result.file}: {result.rule}", "name": result.name, "file": result.file}
        case = _element("testcase", **names, line=str(result.line), time=f"{result.seconds:.3f}")
        if not result.passed:
            failure = _element("failure", message=result.why[0])
            failure.text = _allowed("\n".join(result.why))
            case.append(failure)
        suite.append(case)
    return suite


def _unreadable(error: UnreadableError) -> ET.Element:
    suite = _element("testsuite", name=error.path, tests="1", failures="0", errors="1", skipped="0", time="0.000")
    case = _element("testcase", classname=error.path, name="the file can be read")
    case.append(_element("error", message=str(error)))
    suite.append(case)
    return suite


def _counts(results: Sequence[TestResult], errors: int) -> dict[str, str]:
    failures = sum(not result.passed for result in results)
    return {"tests": str(len(results) + errors), "failures": str(failures), "errors": str(errors)}


def _element(tag: str, **attributes: str) -> ET.Element:
    return ET.Element(tag, {name: _allowed(value) for name, value in attributes.items()})


def _allowed(text: str) -> str:
    return _NOT_IN_XML.sub("?", text)
