"""The rules that the options of a command name: a configuration, rule files, and single expressions."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import click

from cloudtrail_to_slack.config.loader import Config, read_config
from cloudtrail_to_slack_cli.check.configuration import read_configuration
from cloudtrail_to_slack_cli.errors import CommandError
from cloudtrail_to_slack_cli.options import option_group
from cloudtrail_to_slack_cli.rule_files.rule_file import KINDS, read_rule_file, unusable_parts


@dataclass(frozen=True, slots=True)
class GivenRules:
    """What the options say. All of it applies together; without any of it, the default rules."""

    config: str | None = None
    rule_files: Sequence[str] = ()
    rules: Sequence[str] = ()
    ignore_rules: Sequence[str] = ()
    events_to_track: str | None = None
    packs: Sequence[str] = ()
    no_default_rules: bool = False

    def document(self) -> dict[str, Any]:
        """Return what `config.json` would contain.

        Raises:
            UnreadableError: a file cannot be read.
            CommandError: the configuration is not an object.
        """
        document: dict[str, Any] = {}
        if self.config is not None:
            data = read_configuration(self.config).file.document.data
            if not isinstance(data, dict):
                raise CommandError(f"{self.config} is not a configuration: it must be an object")
            document = dict(data)
        for kind, more in (("rules", self.rules), ("ignore_rules", self.ignore_rules)):
            document[kind] = [*_listed(document.get(kind)), *more]
        for path in self.rule_files:
            file = read_rule_file(path)
            if wrong := [problem for _, problem in unusable_parts(file.document)]:
                raise CommandError(f"{path}: {'; '.join(wrong)}")
            for kind in KINDS:
                document[kind] += [entry.content for entry in file.entries if entry.kind == kind]
        if self.events_to_track:
            tracked = _names(document.get("events_to_track"))
            document["events_to_track"] = [*tracked, *_names(self.events_to_track)]
        if self.packs:
            document["detection_packs"] = [*_listed(document.get("detection_packs")), *self.packs]
        if self.no_default_rules:
            document["use_default_rules"] = False
        return document

    def read(self) -> Config:
        """Return the configuration, read as the function reads it.

        Raises:
            UnreadableError: a file cannot be read.
            CommandError: it, or a rule in it, cannot be used; names everything that is wrong.
        """
        config, issues = read_config(self.document())
        wrong = [str(fault) for issue in config.rule_issues for fault in issue.details]
        wrong += [str(fault) for fault in issues]
        if wrong:
            raise CommandError("\n  ".join(["the rules cannot be used:", *wrong]))
        return config


_OPTIONS = (
    click.option("--config", type=click.Path(), help="Use a config.json, such as Terraform's output rendered_config."),
    click.option("--no-default-rules", is_flag=True, help="Leave the default rules out."),
    click.option("--rule-file", "rule_files", multiple=True, type=click.Path(), help="Add the rules in a rule file."),
    click.option("--pack", "packs", multiple=True, metavar="NAME", help="Add a detection pack."),
)
# Adds --config, --rule-file, --pack and --no-default-rules to a command, which receives them as `rules`.
rule_options = option_group("rules", GivenRules, *_OPTIONS)
all_rule_options = option_group(
    "rules",
    GivenRules,
    click.option("--rule", "rules", multiple=True, metavar="EXPR", help="Add a rule."),
    click.option("--ignore-rule", "ignore_rules", multiple=True, metavar="EXPR", help="Add an ignore rule."),
    *_OPTIONS,
    click.option("--events-to-track", metavar="A,B", help="Add a rule for events of these names."),
)


def _listed(value: object) -> list[object]:
    """Return a list; `read_configuration` has split rules that are one string."""
    return list(value) if isinstance(value, list) else []


def _names(value: object) -> list[object]:
    if isinstance(value, str):
        return [name.strip() for name in value.split(",") if name.strip()]
    return _listed(value)
