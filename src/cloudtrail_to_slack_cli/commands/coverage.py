"""`coverage`: list rules by ATT&CK technique."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from cloudtrail_to_slack.rules.model import Rule
from cloudtrail_to_slack_cli.given_rules import GivenRules, rule_options
from cloudtrail_to_slack_cli.options import format_option
from cloudtrail_to_slack_cli.terminal import console, counted, line

_EXAMPLE = """\b
Examples:
  cloudtrail-to-slack coverage --pack recommended
  cloudtrail-to-slack coverage --config config.json --format navigator > layer.json
"""


@click.command("coverage", epilog=_EXAMPLE)
@rule_options
@format_option(["text", "json", "navigator"], "A table, the same as JSON, or a layer for the ATT&CK Navigator.")
def command(output_format: str, rules: GivenRules) -> None:
    """List the rules by the MITRE ATT&CK technique that they detect.

    Without options it lists the default rules. A rule for a technique does not detect every form of it.
    """
    known = rules.read().rules
    by_technique = techniques(known)
    if output_format == "navigator":
        click.echo(json.dumps(navigator_layer(by_technique), indent=2))
    elif output_format == "json":
        shown = {technique: [rule.name for rule in found] for technique, found in by_technique.items()}
        without = [rule.name for rule in known if not rule.mitre]
        click.echo(json.dumps({"techniques": shown, "rules_without_technique": without}, indent=2))
    else:
        _print(console(), known, by_technique)


def techniques(rules: Sequence[Rule]) -> dict[str, list[Rule]]:
    """Return the rules by technique, in order."""
    found: defaultdict[str, list[Rule]] = defaultdict(list)
    for rule in rules:
        for technique in rule.mitre:
            found[technique].append(rule)
    return dict(sorted(found.items()))


def navigator_layer(by_technique: Mapping[str, Sequence[Rule]]) -> dict[str, Any]:
    """Return a layer whose scores are how many rules notice a technique.

    Source: ATT&CK Navigator, "layers/spec/v4.5/layerformat.md".
    """
    most = max((len(rules) for rules in by_technique.values()), default=1)
    return {
        "name": "cloudtrail-to-slack",
        "versions": {"attack": "19", "layer": "4.5", "navigator": "5.1.0"},
        "domain": "enterprise-attack",
        "description": "Techniques that have a rule in cloudtrail-to-slack; the score is how many.",
        "filters": {"platforms": ["IaaS", "Identity Provider"]},
        "gradient": {"colors": ["#cfe8ff", "#0b5394"], "minValue": 1, "maxValue": max(most, 2)},
        "techniques": [
            {"techniqueID": technique, "score": len(rules), "comment": ", ".join(rule.name for rule in rules)}
            for technique, rules in by_technique.items()
        ],
    }


def _print(out: Console, rules: Sequence[Rule], by_technique: Mapping[str, Sequence[Rule]]) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("technique", no_wrap=True)
    table.add_column("rules", justify="right")
    table.add_column("which")
    for technique, found in by_technique.items():
        table.add_row(line(technique), f"{len(found):,}", line(", ".join(rule.name for rule in found)))
    if by_technique:
        out.print(table, soft_wrap=False)
        out.print()
    without = sum(not rule.mitre for rule in rules)
    out.print(line(f"{counted(len(by_technique), 'technique')}, {counted(len(rules), 'rule')}", "bold"))
    if without:
        out.print(line(f"{counted(without, 'rule')} without a technique"))
