"""`suggest`: the narrowest ignore rule for an alert that should not have come."""

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime

import click

from cloudtrail_to_slack.config.loader import Config
from cloudtrail_to_slack.rules import IgnoreRule
from cloudtrail_to_slack_cli.backtest.evaluation import Evaluator, Keeps
from cloudtrail_to_slack_cli.backtest.plan import Wanted
from cloudtrail_to_slack_cli.backtest.processes import Worker, evaluate_files
from cloudtrail_to_slack_cli.backtest.totals import Totals
from cloudtrail_to_slack_cli.decisions import decide
from cloudtrail_to_slack_cli.errors import EXIT_CLEAN, EXIT_FINDINGS
from cloudtrail_to_slack_cli.event_input import read_event_argument
from cloudtrail_to_slack_cli.given_rules import GivenRules, rule_options
from cloudtrail_to_slack_cli.options import event_id_option, standard_input
from cloudtrail_to_slack_cli.suggestion import Suggestion, attack_samples, suggest
from cloudtrail_to_slack_cli.terminal import console, counted, line, safe

_EXAMPLE = """\b
Examples:
  cloudtrail-to-slack suggest event.json --config config.json --logs logs/ > ignore.yaml
  cloudtrail-to-slack suggest get-bucket-acl-denied
"""
_SHOWN = 5


@click.command("suggest", epilog=_EXAMPLE)
@click.argument("event", metavar="[EVENT]", default=standard_input)
@click.option(
    "--logs", multiple=True, type=click.Path(), help="Count the alerts that it would ignore in these log files."
)
@click.option("--any-resource", is_flag=True, help="Leave the resources out of the conditions.")
@event_id_option
@rule_options
def command(event: str, logs: tuple[str, ...], event_id: str | None, *, any_resource: bool, rules: GivenRules) -> int:
    """Suggest the narrowest ignore rule for an unwanted alert.

    Prints YAML with a reason and an expiry date for you to fill in. Comments state how many alerts in the given logs
    the rule would ignore, and that it would ignore none of the attacks that the detection packs detect. EVENT is the
    same as for explain.
    """
    today = datetime.now(UTC).date()
    config = rules.read()
    record = read_event_argument(event, event_id)
    decision = decide(config, record, today)
    if decision.word != "alert":
        by = decision.ignored_by
        why = f"is ignored already, by {by.name}" if by else "does not alert: no rule matches"
        click.echo(f"the event {why}", err=True)
        return EXIT_FINDINGS
    suggestion = suggest(decision.event, any_resource=any_resource)
    attacks = [each for each in attack_samples() if suggestion.matches(each["event"])]
    out = console()
    for text in (
        f"Ignores this event: {'yes' if suggestion.matches(record) else 'NO'}",
        *_in_logs(config, suggestion, logs, today),
        *_attacks(attacks),
        *(f"Careful: it {warning}" for warning in suggestion.warnings),
    ):
        out.print(line(f"# {text}"))
    out.print(line(suggestion.as_yaml(today).rstrip("\n")))
    return EXIT_FINDINGS if attacks else EXIT_CLEAN


def _attacks(matched: Sequence[dict[str, object]]) -> Iterator[str]:
    total = len(attack_samples())
    if not matched:
        yield f"Ignores none of {counted(total, 'attack')} that the detection packs detect"
        return
    yield f"IGNORES {len(matched)} of {counted(total, 'attack')} that the detection packs detect:"
    for each in matched[:_SHOWN]:
        yield f"  {each['rule']}: {each['name']}"


def _in_logs(config: Config, suggestion: Suggestion, logs: Sequence[str], today: date) -> Iterator[str]:
    if not logs:
        yield "In your logs: give --logs to count the alerts that it would ignore"
        return
    ignore_rule = IgnoreRule(suggestion.expression, id="suggested")
    extended = replace(config, ignore_rules=(*config.ignore_rules, ignore_rule))
    totals = Totals()
    with Wanted(logs).plan() as plan, tempfile.TemporaryDirectory(prefix="cloudtrail-to-slack-") as folder:
        evaluator = Evaluator(extended, today, Keeps(folder))
        for part in evaluate_files(Worker(evaluator), plan, 1):
            totals.add(part.totals)
            for path, problem in part.problems:
                click.echo(safe(f"damaged: {path}: {problem}"), err=True)
    ignored = totals.ignored["suggested"]
    alerts = totals.counts["matched"] + ignored
    yield f"Ignores {ignored:,} of {counted(alerts, 'alert')} in {', '.join(logs)}"
