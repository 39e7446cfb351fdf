"""`explain`: explain why an event alerts, or does not."""

import json

import click

from cloudtrail_to_slack_cli.decisions import decide
from cloudtrail_to_slack_cli.errors import CommandError
from cloudtrail_to_slack_cli.event_input import read_event_argument
from cloudtrail_to_slack_cli.explanation import explanation_lines, explanation_object
from cloudtrail_to_slack_cli.given_rules import GivenRules, rule_options
from cloudtrail_to_slack_cli.options import event_id_option, format_option, standard_input
from cloudtrail_to_slack_cli.terminal import console

_EXAMPLE = """\b
Examples:
  cloudtrail-to-slack explain event.json --config config.json
  cloudtrail-to-slack explain log.json.gz --event-id 1f018b0c-d494-4ef0-bede-91bfc66e066c
  cloudtrail-to-slack explain root-creates-access-key --rule default/root-activity
"""


@click.command("explain", epilog=_EXAMPLE)
@click.argument("event", metavar="[EVENT]", default=standard_input)
@click.option("--rule", metavar="ID", help="Explain only this rule, with the value of every part of its expression.")
@event_id_option
@rule_options
@format_option(["text", "json"])
def command(event: str, rule: str | None, event_id: str | None, output_format: str, rules: GivenRules) -> None:
    """Explain what the rules decide about an event, and why.

    EVENT is a file with a record, a log file (with --event-id), an event as EventBridge delivers it, the name of a
    sample event, or - for standard input. Without EVENT, standard input is read.
    """
    config = rules.read()
    decision = decide(config, read_event_argument(event, event_id))
    known = {each.rule.name for each in (*decision.rules, *decision.ignore_rules)}
    if rule is not None and rule not in known:
        raise CommandError(f"there is no rule {rule!r}; there are {', '.join(sorted(known))}")
    out = console()
    if output_format == "json":
        out.file.write(json.dumps(explanation_object(decision, config, rule), indent=2, default=str) + "\n")
        return
    for each in explanation_lines(decision, config, rule):
        out.print(each)
