"""Read `config.json`, the contract of Terraform, function and command line: rules, routes and switches. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from cloudtrail_to_slack.aws.arns import is_role_arn
from cloudtrail_to_slack.config.field_reader import Reader
from cloudtrail_to_slack.config.routes import (
    ACCOUNT,
    SLACK_OPTIONS,
    Routes,
    WebhookRoute,
    read_route,
    read_webhook_routes,
)
from cloudtrail_to_slack.config.rule_reader import RuleIssue, RuleReader
from cloudtrail_to_slack.errors import ConfigurationIssue
from cloudtrail_to_slack.rules.model import IgnoreRule, Rule

LEAST_MISSING_DATA_HOURS = 2
_OWN_KEYS = ("slack_app", "slack_webhook", "sns")  # destinations with keys of their own at the top
_TOPIC = re.compile(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[\w.-]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Config:
    """A checked configuration. `rules` are all that apply, in order: default, the user's, events to track.

    `rule_issues` are the rules that cannot be used as written: they are left out, or evaluated without the wrong part.
    """

    rules: tuple[Rule, ...] = ()
    ignore_rules: tuple[IgnoreRule, ...] = ()
    rule_issues: tuple[RuleIssue, ...] = ()
    rule_evaluation_errors_to_slack: bool = True
    push_access_denied_cloudwatch_metrics: bool = True
    s3_removed_object_notification: bool = True
    function_name: str | None = None
    slack: Routes = field(default_factory=Routes)
    slack_webhook_routes: tuple[WebhookRoute, ...] = ()
    sns: Routes = field(default_factory=Routes)
    destinations: Mapping[str, Routes] = field(default_factory=dict)
    dynamodb_time_to_live: int = 900
    deduplicate_deliveries: bool = True
    deduplication_time_to_live: int = 604_800
    max_messages_per_channel: int = 20
    enable_realtime: bool = True
    enable_missing_log_data_alerts: bool = False
    missing_log_data_minimum_hours: int = LEAST_MISSING_DATA_HOURS
    own_role_arns: tuple[str, ...] = ()
    account_names: Mapping[str, str] = field(default_factory=dict)
    account_names_from_organizations: bool = False

    @property
    def routes(self) -> Mapping[str, Routes]:
        """The routes by the destination's name."""
        return {"slack_app": self.slack, "sns": self.sns, **self.destinations}


_LEAST = {"missing_log_data_minimum_hours": LEAST_MISSING_DATA_HOURS}  # the least whole numbers; others: 1
KEYS = (
    "rules_separator", "use_default_rules", "events_to_track", "disabled_rules", "detection_packs", "rule_severities",
    "rule_exceptions", *(each.name for each in fields(Config) if each.name != "rule_issues"),
)  # fmt: skip


def read_config(data: object, *, own_name: str | None = None) -> tuple[Config, list[ConfigurationIssue]]:
    """Read the parsed `config.json`; `own_name` is the function's name if the document has none.

    Returns the configuration and its issues; with any issue the configuration must not be used. Issues of single rules
    are in `Config.rule_issues` instead, unless no rule is left.
    """
    issues: list[ConfigurationIssue] = []
    reader = Reader(data, "", issues)
    reader.refuse_unknown(KEYS)
    function_name = reader.string("function_name") or own_name
    rule_reader = RuleReader(reader, reader.separator("rules_separator") or ",")
    config = Config(
        rules=rule_reader.rules(function_name),
        ignore_rules=rule_reader.ignore_rules(),
        rule_issues=tuple(rule_reader.issues),
        function_name=function_name,
        slack=_routes(reader, "slack", "default_channel_id", "slack_channel_id", options=SLACK_OPTIONS),
        slack_webhook_routes=_webhook_references(reader),
        sns=_routes(reader, "sns", "default_topic_arn", "sns_topic_arn", _TOPIC),
        destinations=_destinations(reader),
        own_role_arns=reader.strings("own_role_arns"),
        account_names=_account_names(reader),
        **_switches(reader),
    )
    for arn in config.own_role_arns:
        if not is_role_arn(arn):
            reader.report("own_role_arns", f"has {arn[:200]!r}, which is not the ARN of a role")
    if not config.rules and not issues:
        given = "hold no rule that can be used, and" if config.rule_issues else "is empty and"
        advice = "" if config.rule_issues else "; set either"
        reader.report("rules", f"{given} use_default_rules is off: nothing could ever match{advice}")
    return config, issues


def _switches(reader: Reader) -> dict[str, Any]:
    """Return the booleans and whole numbers."""
    return {
        each.name: reader.boolean(each.name, default=each.default)
        if isinstance(each.default, bool)
        else reader.integer(each.name, default=each.default, least=_LEAST.get(each.name, 1))
        for each in fields(Config)
        if isinstance(each.default, int)
    }


def _routes(
    reader: Reader,
    key: str,
    default_key: str,
    address_key: str,
    pattern: re.Pattern[str] | None = None,
    *,
    options: tuple[str, ...] = ("min_severity",),
) -> Routes:
    if reader.raw(key) is None:
        return Routes()
    section = reader.nested(key, reader.raw(key))
    section.refuse_unknown((default_key, "routes"))
    default = section.string(default_key)
    read = [
        read_route(section.nested(f"routes[{number}]", item), address_key, options)
        for number, item in enumerate(section.items("routes"))
    ]
    routes = tuple(route for route in read if route)
    for address in dict.fromkeys((default, *(route.address for route in routes))):
        if address and pattern and not pattern.fullmatch(address):
            section.report("", f"has an invalid {address_key}: {address[:200]}")
    return Routes(default, routes)


def _webhook_references(reader: Reader) -> tuple[WebhookRoute, ...]:
    """Return the routes to webhooks by reference; an address itself must not be in `config.json`."""
    key = "slack_webhook_routes"
    if reader.raw(key) is None:
        return ()
    references, issues = read_webhook_routes(reader.raw(key), key)
    reader.issues += issues
    if any(source.kind == "environment" for _, source in references):
        reader.report(key, "has a webhook's address, which is a secret: use a reference to it")
    return tuple(references)


def _account_names(reader: Reader) -> dict[str, str]:
    """Return the names of accounts, by id."""
    section, accounts = _section(reader, "account_names")
    for account in accounts:
        if not ACCOUNT.fullmatch(account):
            section.report(account[:100], "is not an account ID, which has 12 digits")
    names = {account: section.string(account) for account in accounts if ACCOUNT.fullmatch(account)}
    return {account: name for account, name in names.items() if name}


def _destinations(reader: Reader) -> dict[str, Routes]:
    """Return the routes of added destinations: `default`, and `routes` with `accounts` and an `address`."""
    section, names = _section(reader, "destinations")
    for name in _OWN_KEYS:
        if section.raw(name) is not None:
            section.report(name, "has a key of its own at the top: slack or sns")
    return {name: _routes(section, name, "default", "address") for name in names}


def _section(reader: Reader, key: str) -> tuple[Reader, list[str]]:
    """Return a reader of the object at `key`, and its keys; the object may be missing."""
    data = {} if reader.raw(key) is None else reader.raw(key)
    return reader.nested(key, data), list(data) if isinstance(data, dict) else []
