"""What `config.json` says: rules, routes and switches; never a secret. Pure.

Its shape is the contract between the Terraform module, the function and the command line.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from cloudtrail_to_slack.aws.arns import is_role_arn
from cloudtrail_to_slack.config.environment import is_web_address
from cloudtrail_to_slack.config.field_reader import Reader
from cloudtrail_to_slack.config.routes import EVERY_ACCOUNT, Routes, SeverityRoute
from cloudtrail_to_slack.config.rule_reader import RuleIssue, RuleReader, read_severity
from cloudtrail_to_slack.config.secrets import SecretKind, SecretSource
from cloudtrail_to_slack.errors import ConfigurationError, ConfigurationIssue
from cloudtrail_to_slack.json_fields import type_name
from cloudtrail_to_slack.rules.model import IgnoreRule, Rule, Severity

T = TypeVar("T")

KEYS = (
    "rules_separator", "use_default_rules", "rules", "ignore_rules", "events_to_track", "disabled_rules",
    "detection_packs", "rule_severities", "rule_exceptions", "rule_evaluation_errors_to_slack",
    "push_access_denied_cloudwatch_metrics", "s3_removed_object_notification", "function_name", "slack",
    "slack_webhook_routes", "sns",
    "dynamodb_time_to_live", "deduplicate_deliveries", "deduplication_time_to_live", "max_messages_per_channel",
    "enable_realtime", "enable_missing_log_data_alerts", "missing_log_data_minimum_hours", "own_role_arns",
    "destinations", "account_names",
)  # fmt: skip
LEAST_MISSING_DATA_HOURS = 2
_OWN_KEYS = ("slack_app", "slack_webhook", "sns")  # destinations that are not configured under `destinations`
_WEBHOOK_KEYS: Mapping[str, SecretKind] = {
    "slack_hook_url": "environment",
    "slack_hook_url_ssm_parameter": "ssm",
    "slack_hook_url_secret_arn": "secretsmanager",
}
_ACCOUNT = re.compile(r"\d{12}", re.ASCII)
_TOPIC = re.compile(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[\w.-]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Config:
    """A checked configuration. `rules` are all that apply, in order: default, the user's, events to track.

    `rule_issues` are the rules that cannot be used as they are written: they are left out, or evaluated without what is
    wrong in them.
    """

    rules: tuple[Rule, ...] = ()
    ignore_rules: tuple[IgnoreRule, ...] = ()
    rule_issues: tuple[RuleIssue, ...] = ()
    rule_evaluation_errors_to_slack: bool = True
    push_access_denied_cloudwatch_metrics: bool = True
    s3_removed_object_notification: bool = True
    function_name: str | None = None
    slack: Routes = field(default_factory=Routes)
    slack_webhook_routes: Mapping[str, SecretSource] = field(default_factory=dict)
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

    @property
    def routes(self) -> Mapping[str, Routes]:
        """The routes by the destination's name."""
        return {"slack_app": self.slack, "sns": self.sns, **self.destinations}


def read_config(data: object, *, own_name: str | None = None) -> tuple[Config, list[ConfigurationIssue]]:
    """Read the parsed `config.json`; `own_name` is the function's name where the document has none.

    Returns the configuration and what is wrong with the whole of it; with such issues it is only good for finding more.
    What is wrong with single rules is in `Config.rule_issues`, and an issue of the whole only when no rule is left.
    """
    issues: list[ConfigurationIssue] = []
    reader = Reader(data, "", issues)
    reader.refuse_unknown(KEYS)
    separator = reader.separator("rules_separator") or ","
    function_name = reader.string("function_name") or own_name
    rule_reader = RuleReader(reader, separator)
    config = Config(
        rules=rule_reader.rules(function_name),
        ignore_rules=rule_reader.ignore_rules(),
        rule_issues=tuple(rule_reader.issues),
        rule_evaluation_errors_to_slack=reader.boolean("rule_evaluation_errors_to_slack", default=True),
        push_access_denied_cloudwatch_metrics=reader.boolean("push_access_denied_cloudwatch_metrics", default=True),
        s3_removed_object_notification=reader.boolean("s3_removed_object_notification", default=True),
        function_name=function_name,
        slack=_routes(reader, "slack", "default_channel_id", "slack_channel_id"),
        slack_webhook_routes=_webhook_references(reader),
        sns=_routes(reader, "sns", "default_topic_arn", "sns_topic_arn", _TOPIC),
        destinations=_destinations(reader),
        dynamodb_time_to_live=reader.integer("dynamodb_time_to_live", default=900, least=1),
        deduplicate_deliveries=reader.boolean("deduplicate_deliveries", default=True),
        deduplication_time_to_live=reader.integer("deduplication_time_to_live", default=604_800, least=1),
        max_messages_per_channel=reader.integer("max_messages_per_channel", default=20, least=1),
        enable_realtime=reader.boolean("enable_realtime", default=True),
        enable_missing_log_data_alerts=reader.boolean("enable_missing_log_data_alerts", default=False),
        missing_log_data_minimum_hours=reader.integer(
            "missing_log_data_minimum_hours", default=LEAST_MISSING_DATA_HOURS, least=LEAST_MISSING_DATA_HOURS
        ),
        own_role_arns=reader.strings("own_role_arns"),
        account_names=_account_names(reader),
    )
    for arn in config.own_role_arns:
        if not is_role_arn(arn):
            reader.report("own_role_arns", f"has {arn[:200]!r}, which is no ARN of a role")
    if not config.rules and not issues and config.rule_issues:
        reader.report("rules", "hold no rule that can be used, and use_default_rules is off: nothing could ever match")
    elif not config.rules and not issues:
        reader.report("rules", "is empty and use_default_rules is off: nothing could ever match; set either")
    return config, issues


def read_webhook_routes(data: object, path: str) -> tuple[dict[str, SecretSource], list[ConfigurationIssue]]:
    """Read the parsed list of `{"accounts": […], "slack_hook_url": "…"}`, or where the address is kept in its place.

    The list is a secret: an issue says which element is wrong and what one looks like, and quotes nothing of it.
    """
    if not isinstance(data, list):
        return {}, [ConfigurationIssue(path, f"must be a list, not {type_name(data)}")]
    issues: list[ConfigurationIssue] = []
    routes: list[tuple[tuple[str, ...], SecretSource]] = []
    for position, element in enumerate(data):
        route = _webhook_route(element, f"{path}[{position}]")
        if route:
            routes.append(route)
        else:
            shape = (
                '{"accounts": [12-digit accounts], "slack_hook_url": "https://…"}, or with slack_hook_url_ssm_parameter'
                " or slack_hook_url_secret_arn in place of slack_hook_url"
            )
            issues.append(ConfigurationIssue(f"{path}[{position}]", f"must be {shape}"))
    return _by_account(routes), issues


def raise_issues(issues: list[ConfigurationIssue]) -> None:
    """Raise what is wrong, all of it at once.

    Raises:
        ConfigurationError: there are issues.
    """
    if issues:
        raise ConfigurationError(issues)


def _routes(
    reader: Reader, key: str, default_key: str, address_key: str, pattern: re.Pattern[str] | None = None
) -> Routes:
    if not reader.has(key):
        return Routes()
    fields = reader.nested(key, reader.raw(key))
    fields.refuse_unknown((default_key, "routes"))
    default = fields.string(default_key)
    routes = fields.each("routes", lambda item, item_key: _route(fields.nested(item_key, item), address_key))
    for address in dict.fromkeys((default, *(route.address for route in routes))):
        if address and pattern and not pattern.fullmatch(str(address)):
            fields.report("", f"has an {address_key} that is none: {str(address)[:200]}")
    return Routes(
        default,
        _by_account((route.accounts, route.address) for route in routes if route.least is None),
        tuple(
            SeverityRoute(route.address, frozenset(route.accounts), route.least)
            for route in routes
            if route.least is not None
        ),
    )


def _webhook_references(reader: Reader) -> dict[str, SecretSource]:
    """Return where each account's webhook is kept; an address itself has no place in `config.json`."""
    key = "slack_webhook_routes"
    if not reader.has(key):
        return {}
    by_account, issues = read_webhook_routes(reader.raw(key), key)
    if any(source.kind == "environment" for source in by_account.values()):
        issues.append(ConfigurationIssue(key, "has a webhook's address, which is a secret: refer to where it is kept"))
    reader.extend(issues)
    return by_account


def _account_names(reader: Reader) -> dict[str, str]:
    """Return the names of accounts, by id."""
    data = reader.raw("account_names")
    if data is None:
        return {}
    fields = reader.nested("account_names", data)
    names: dict[str, str] = {}
    for account in data if isinstance(data, dict) else ():
        if not _ACCOUNT.fullmatch(account):
            fields.report(account[:100], "is no account, which has 12 digits")
        elif name := fields.string(account):
            names[account] = name
    return names


def _destinations(reader: Reader) -> dict[str, Routes]:
    """Return the routes of further destinations, each with `default` and `routes` of `accounts` and an `address`."""
    data = reader.raw("destinations")
    if data is None:
        return {}
    fields = reader.nested("destinations", data)
    for name in _OWN_KEYS:
        if fields.has(name):
            fields.report(name, "has a key of its own at the top: slack or sns")
    return {name: _routes(fields, name, "default", "address") for name in data} if isinstance(data, dict) else {}


@dataclass(frozen=True, slots=True)
class _Route:
    accounts: tuple[str, ...]
    address: str
    least: Severity | None = None


def _route(fields: Reader, address_key: str, *, by_severity: bool = True) -> _Route | None:
    fields.refuse_unknown(("accounts", address_key, *(("min_severity",) if by_severity else ())))
    accounts = fields.strings("accounts")
    least = read_severity(fields, "min_severity") if by_severity else None
    if not accounts:
        fields.report("accounts", "must list at least one account")
    for account in accounts:
        if not _ACCOUNT.fullmatch(account) and (account != EVERY_ACCOUNT or least is None):
            fields.report("accounts", f"has {account[:100]!r}, and an account has 12 digits")
    address = fields.string(address_key)
    if address is None:
        fields.report(address_key, "is missing")
        return None
    return _Route(accounts, address, least)


def _webhook_route(element: object, path: str) -> tuple[tuple[str, ...], SecretSource] | None:
    """Return accounts, and where their webhook is; None when `element` is no such route."""
    keys = [key for key in _WEBHOOK_KEYS if isinstance(element, dict) and key in element]
    if len(keys) != 1:
        return None
    unquoted: list[ConfigurationIssue] = []
    route = _route(Reader(element, path, unquoted), keys[0], by_severity=False)
    if route is None or unquoted:
        return None
    source = SecretSource(f"{path}.{keys[0]}", _WEBHOOK_KEYS[keys[0]], route.address)
    return None if source.kind == "environment" and not is_web_address(route.address) else (route.accounts, source)


def _by_account(routes: Iterable[tuple[tuple[str, ...], T]]) -> dict[str, T]:
    """Return what each account has; the first route that names an account counts."""
    by_account: dict[str, T] = {}
    for accounts, address in routes:
        for account in accounts:
            by_account.setdefault(account, address)
    return by_account
