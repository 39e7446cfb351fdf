"""`schema`: print the JSON Schema of rule files."""

import json

import click

from cloudtrail_to_slack_cli.rule_schema import json_schema

_EXAMPLE = """\b
Example:
  cloudtrail-to-slack schema > rules.schema.json
"""


@click.command("schema", epilog=_EXAMPLE)
def command() -> None:
    """Print the JSON Schema of rule files. Editors use it to complete and check rule files.

    The package contains it too, as cloudtrail_to_slack/rules/rule_file_schema.json.
    """
    click.echo(json.dumps(json_schema(), indent=2))
