"""Findings for people, for programs, and for GitHub: text, json, github, sarif."""

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path, PurePath
from typing import Any
from urllib.parse import quote

from rich.console import Console

from cloudtrail_to_slack_cli.check.checker import Checked
from cloudtrail_to_slack_cli.check.codes import CODES
from cloudtrail_to_slack_cli.check.findings import Finding
from cloudtrail_to_slack_cli.terminal import annotation, counted, line

_PAGE = "docs/findings.md"
_SARIF = "https://json.schemastore.org/sarif-2.1.0.json"


def print_text(out: Console, checked: Checked) -> None:
    """Print findings for people: place, code and message, the line with a caret, and a summary."""
    for finding in checked.findings:
        style = "bold red" if finding.code.level == "error" else "bold yellow"
        place = f"{finding.file}:{finding.line}:{finding.column}: "
        out.print(line(place, "bold") + line(finding.code.code, style) + line(f" {finding.text}"))
        if finding.shown:
            out.print(line(finding.shown, "dim"))
    what = f"{counted(checked.rules, 'rule')} in {counted(checked.files, 'file')}"
    suppressed = f", {len(checked.suppressed):,} suppressed" if checked.suppressed else ""
    if checked.findings:
        out.print(line(f"{counted(len(checked.findings), 'finding')}{suppressed}", "bold red") + line(f" ({what})"))
        out.print(line(f"What the codes mean: {_PAGE}", "dim"))
    else:
        out.print(line(f"no findings{suppressed}", "bold green") + line(f" ({what})"))


def print_json(out: Console, checked: Checked) -> None:
    """Print findings as one JSON document."""
    counts = {"findings": len(checked.findings), "suppressed": len(checked.suppressed)}
    document = {
        "findings": [_as_json(finding) for finding in checked.findings],
        "suppressed": [{**_as_json(finding), "reason": finding.reason} for finding in checked.suppressed],
        "summary": {"files": checked.files, "rules": checked.rules, **counts},
    }
    _write(out, document)


def print_github(out: Console, checked: Checked) -> None:
    """Print findings as commands of GitHub Actions, which annotate the lines of a pull request."""
    del out
    for finding in checked.findings:
        annotation(
            finding.code.level,
            finding.text,
            file=finding.file,
            line=finding.line,
            col=finding.column,
            endColumn=finding.end_column,
            title=f"{finding.code.code} {finding.code.name}",
        )


def print_sarif(out: Console, checked: Checked) -> None:
    """Print findings as SARIF 2.1.0, as code scanning reads it; suppressed ones with their reason."""
    numbers = {each.code: number for number, each in enumerate(CODES)}
    driver = {
        "name": "cloudtrail-to-slack",
        "rules": [
            {
                "id": each.code,
                "name": each.name,
                "shortDescription": {"text": each.meaning},
                "help": {"text": f"See {_PAGE}#{each.code.lower()}"},
                "defaultConfiguration": {"level": each.level},
            }
            for each in CODES
        ],
    }
    results = [_as_sarif(finding, numbers) for finding in (*checked.findings, *checked.suppressed)]
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    _write(out, {"$schema": _SARIF, "version": "2.1.0", "runs": [run]})


PRINTERS: Mapping[str, Callable[[Console, Checked], None]] = {
    "text": print_text,
    "json": print_json,
    "github": print_github,
    "sarif": print_sarif,
}


def _as_json(finding: Finding) -> dict[str, Any]:
    return {
        "code": finding.code.code,
        "name": finding.code.name,
        "level": finding.code.level,
        "message": finding.message,
        "file": finding.file,
        "line": finding.line,
        "column": finding.column,
        "end_column": finding.end_column,
        "rule": finding.rule,
    }


def _as_sarif(finding: Finding, numbers: Mapping[str, int]) -> dict[str, Any]:
    region = {"startLine": finding.line, "startColumn": finding.column, "endColumn": finding.end_column}
    result: dict[str, Any] = {
        "ruleId": finding.code.code,
        "ruleIndex": numbers[finding.code.code],
        "level": finding.code.level,
        "message": {"text": finding.text},
        "locations": [{"physicalLocation": {"artifactLocation": {"uri": _uri(finding.file)}, "region": region}}],
    }
    if finding.reason is not None:
        result["suppressions"] = [{"kind": "inSource", "justification": finding.reason}]
    return result


def _uri(path: str) -> str:
    """Return a path as a URI: relative to the current folder where it lies below it."""
    pure = PurePath(path)
    if pure.is_absolute():
        relative = os.path.relpath(path)
        if relative.startswith(".."):
            return Path(path).as_uri()
        pure = PurePath(relative)
    return quote(os.fsencode(pure.as_posix()))


def _write(out: Console, document: dict[str, Any]) -> None:
    """Write what programs read: as it is, not wrapped."""
    out.file.write(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
