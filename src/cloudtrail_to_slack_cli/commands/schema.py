"""`schema`: print the JSON Schema of rule files."""

from importlib.resources import files

import click

_EXAMPLE = """\b
Example:
  cloudtrail-to-slack schema > rules.schema.json
"""


@click.command("schema", epilog=_EXAMPLE)
def command() -> None:
    """Print the JSON Schema of rule files. Editors use it to complete and check rule files.

    The package contains it too, as cloudtrail_to_slack/rules/rule_file_schema.json.
    """
    click.echo(files("cloudtrail_to_slack.rules").joinpath("rule_file_schema.json").read_text("utf-8"), nl=False)
