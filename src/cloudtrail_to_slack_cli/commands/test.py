"""`test`: run the tests in rule files."""

from pathlib import Path
from time import perf_counter

import click
from rich.console import Console

from cloudtrail_to_slack_cli.errors import EXIT_CLEAN, EXIT_FINDINGS, EXIT_UNREADABLE, UnreadableError
from cloudtrail_to_slack_cli.options import format_option
from cloudtrail_to_slack_cli.rule_files.discovery import find_rule_files
from cloudtrail_to_slack_cli.rule_files.rule_file import RuleFile
from cloudtrail_to_slack_cli.rule_tests.cases import count_expected
from cloudtrail_to_slack_cli.rule_tests.junit import junit_xml
from cloudtrail_to_slack_cli.rule_tests.runner import FileRunner, TestResult
from cloudtrail_to_slack_cli.terminal import annotation, console, counted, line

_EXAMPLE = """\b
Examples:
  cloudtrail-to-slack test rules/
  cloudtrail-to-slack test rules/iam.yaml --min-tests 1 --junit report.xml
"""


@click.command("test", epilog=_EXAMPLE)
@click.argument("paths", nargs=-1, type=click.Path())
@click.option("--junit", type=click.Path(dir_okay=False), help="Write a JUnit report to this file.")
@click.option(
    "--min-tests",
    type=click.IntRange(0),
    default=0,
    metavar="N",
    help="Fail if a rule has fewer than N tests that expect a match, or fewer than N that do not.",
)
@format_option(["text", "github"], "What to print: text, or text with annotations for a GitHub pull request.")
@click.option("-v", "--verbose", is_flag=True, help="Name every test, not only those that fail.")
def command(paths: tuple[str, ...], junit: str | None, min_tests: int, output_format: str, *, verbose: bool) -> int:
    """Run the tests in rule files, on the function's own engine.

    PATHS are rule files and folders with rule files; by default the current folder. The ignore rules in a file apply to
    the rules in the same file.
    """
    out, begin = console(), perf_counter()
    results: list[TestResult] = []
    unreadable: list[UnreadableError] = []
    files = rules = 0
    for found in find_rule_files(paths):
        if isinstance(found, UnreadableError):
            unreadable.append(found)
            click.echo(f"Error: {found}", err=True)
            continue
        files += 1
        rules += len(found.entries)
        of_file = [*FileRunner(found).run(), *_too_few(found, min_tests)]
        _print_file(out, found, of_file, verbose=verbose)
        results += of_file
    seconds = perf_counter() - begin
    failed = [result for result in results if not result.passed]
    for each in failed:
        _print_failure(out, each)
        if output_format == "github":
            message = "\n".join((f"{each.rule}: {each.name}", *each.why))
            annotation("error", message, file=each.file, line=each.line, title="a test of a rule failed")
    where = f"({counted(rules, 'rule')} in {counted(files, 'file')}, {seconds:.1f} s)"
    passed = f"{len(results) - len(failed):,} passed"
    out.print()
    if failed:
        out.print(line(f"{len(failed):,} failed, {passed}", "bold red"), line(where))
    else:
        out.print(line(passed, "bold green") if results else line("no tests", "bold yellow"), line(where))
    if junit:
        try:
            Path(junit).write_text(junit_xml(results, unreadable, seconds), "utf-8")
        except OSError as error:
            raise click.UsageError(f"--junit: {junit} cannot be written: {error.strerror or error}") from None
    return EXIT_UNREADABLE if unreadable else EXIT_FINDINGS if failed else EXIT_CLEAN


def _too_few(file: RuleFile, wanted: int) -> list[TestResult]:
    """Return a failed test for each rule that has fewer tests than wanted."""
    found = []
    for entry in file.entries if wanted else ():
        positive, negative = count_expected(entry)
        if positive < wanted or negative < wanted:
            position = file.document.position(entry.path)
            why = (
                f"expected at least {wanted} with a match and {wanted} without, got {positive} and {negative}",
                "add tests, with `expect: match` and `expect: no_match`",
            )
            found.append(TestResult(file.path, position.line + 1, entry.name, "has enough tests", why))
    return found


def _print_file(out: Console, file: RuleFile, results: list[TestResult], *, verbose: bool) -> None:
    marks = "".join("." if result.passed else "F" for result in results)
    out.print(line(f"{file.path} "), line(marks or "no tests", "green" if "F" not in marks else "red"), sep="")
    for result in results if verbose else ():
        word, style = ("PASSED", "green") if result.passed else ("FAILED", "red")
        out.print(line(f"  {word}", style), line(f"{result.rule}: {result.name}"))


def _print_failure(out: Console, result: TestResult) -> None:
    out.print()
    out.print(line("FAILED", "bold red"), line(f"{result.file}:{result.line} {result.rule}: {result.name}", "bold"))
    for each in result.why:
        out.print(line(f"    {each}"))
