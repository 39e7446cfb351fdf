"""`import-sigma`: turn Sigma rules for CloudTrail into a rule file."""

from pathlib import Path
from typing import Any

import click
import yaml

from cloudtrail_to_slack_cli.errors import EXIT_CLEAN, EXIT_FINDINGS, CommandError
from cloudtrail_to_slack_cli.sigma import ID_PREFIX
from cloudtrail_to_slack_cli.terminal import counted, safe

_EXAMPLE = """\b
Examples:
  cloudtrail-to-slack import-sigma sigma/rules/cloud/aws/cloudtrail/ --output rules/sigma.yaml
  cloudtrail-to-slack import-sigma rule.yml
"""


@click.command("import-sigma", epilog=_EXAMPLE)
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path())
@click.option(
    "--output", "-o", type=click.Path(dir_okay=False), help="Write the rule file to this path, not to standard output."
)
def command(files: tuple[str, ...], output: str | None) -> int:
    """Turn Sigma rules for CloudTrail into a rule file, and list the rules that cannot be converted.

    FILEs are Sigma files and folders with Sigma files. Correlations that count the events of one rule become
    thresholds. Exit codes: 0 all were converted, 1 some were left out, 2 wrong usage, 3 a file cannot be read.
    """
    try:
        from cloudtrail_to_slack_cli.sigma.rules import import_files  # noqa: PLC0415 (only this command needs pySigma)
    except ImportError as error:
        raise CommandError(f"pySigma cannot be used: {error}; install the extra `cli`") from None
    output = None if output == "-" else output
    if output and not _may_replace(Path(output)):
        raise CommandError(
            f"{output} exists, and not all of it was written by import-sigma; delete it, or choose another path"
        )
    rules, left_out = [], 0
    for imported in import_files(files):
        if imported.rule is None:
            left_out += 1
        else:
            rules.append(imported.rule)
        word = "left out" if imported.rule is None else "note"
        for problem in imported.problems:
            click.echo(safe(f"{word}: {imported.file}: {imported.name}: {problem}"), err=True)
    text = yaml.safe_dump({"rules": rules}, sort_keys=False, allow_unicode=True, width=120)
    if output:
        try:
            Path(output).write_text(text, "utf-8")
        except OSError as error:
            raise CommandError(f"{output} cannot be written: {error.strerror or error}") from None
    else:
        click.echo(text, nl=False)
    click.echo(f"{counted(len(rules), 'rule')} imported, {left_out:,} left out", err=True)
    return EXIT_FINDINGS if left_out else EXIT_CLEAN


def _may_replace(path: Path) -> bool:
    """Whether nothing is lost if a file is replaced: it is missing, empty, or has only imported rules without tests."""
    if not path.is_file():  # there is none, or it is a device such as /dev/null
        return True
    try:
        text = path.read_text("utf-8")
        data: Any = yaml.safe_load(text)
    except (OSError, ValueError, yaml.YAMLError, RecursionError):
        return False
    rules = data.get("rules") if isinstance(data, dict) and set(data) == {"rules"} else None
    is_import = isinstance(rules, list) and all(
        isinstance(rule, dict) and "tests" not in rule and str(rule.get("id")).startswith(ID_PREFIX) for rule in rules
    )
    return is_import or not text.strip()
