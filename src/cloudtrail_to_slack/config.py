"""What `config.json` says: rules, routes and switches; never a secret. Pure.

Its shape is the contract between the Terraform module, the function and the command line.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TypeVar

from cloudtrail_to_slack.config_reader import Reader, kind
from cloudtrail_to_slack.environment import is_web_address
from cloudtrail_to_slack.errors import ConfigurationError, ExpressionError, Fault
from cloudtrail_to_slack.rules.default_rules import default_rules, events_to_track_rule
from cloudtrail_to_slack.rules.expressions import compile_expression
from cloudtrail_to_slack.rules.pointing import excerpt, point
from cloudtrail_to_slack.rules.rule import IgnoreRule, Rule, Severity
from cloudtrail_to_slack.secret_values import SecretKind, SecretSource

T = TypeVar("T")

KEYS = (
    "rules_separator", "use_default_rules", "rules", "ignore_rules", "events_to_track", "detection_packs",
    "rule_evaluation_errors_to_slack", "push_access_denied_cloudwatch_metrics", "s3_removed_object_notification",
    "function_name", "slack", "sns", "dynamodb_time_to_live", "deduplicate_deliveries", "delivery_ledger_time_to_live",
    "max_messages_per_channel", "enable_silence_alarm", "silence_alarm_minimum_hours",
)  # fmt: skip
RULE_KEYS = ("expression", "id", "title", "severity", "description", "runbook_url", "mitre")
IGNORE_RULE_KEYS = ("expression", "id", "reason", "expires")
LEAST_SILENCE_HOURS = 2
_WEBHOOK_KEYS: Mapping[str, SecretKind] = {
    "slack_hook_url": "environment",
    "slack_hook_url_ssm_parameter": "ssm",
    "slack_hook_url_secret_arn": "secretsmanager",
}
_ACCOUNT = re.compile(r"\d{12}", re.ASCII)
_TOPIC = re.compile(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[\w.-]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Routes:
    """Where alerts go by account: a Slack channel, a webhook address or a topic ARN. None: nowhere."""

    default: str | None = None
    by_account: Mapping[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return self.default is not None or bool(self.by_account)

    def for_account(self, account: str | None) -> str | None:
        """Return where alerts about `account` go; an unknown account goes where no route names it."""
        return self.by_account.get(account, self.default) if account else self.default


@dataclass(frozen=True, slots=True)
class Config:
    """A checked configuration. `rules` are all that apply, in order: default, the user's, events to track."""

    rules: tuple[Rule, ...] = ()
    ignore_rules: tuple[IgnoreRule, ...] = ()
    rule_evaluation_errors_to_slack: bool = True
    push_access_denied_cloudwatch_metrics: bool = True
    s3_removed_object_notification: bool = True
    function_name: str | None = None
    slack: Routes = field(default_factory=Routes)
    sns: Routes = field(default_factory=Routes)
    dynamodb_time_to_live: int = 900
    deduplicate_deliveries: bool = True
    delivery_ledger_time_to_live: int = 604_800
    max_messages_per_channel: int = 20
    enable_silence_alarm: bool = False
    silence_alarm_minimum_hours: int = LEAST_SILENCE_HOURS


def read_config(data: object, *, own_name: str | None = None) -> tuple[Config, list[Fault]]:
    """Read the parsed `config.json`; `own_name` is the function's name where the document has none.

    Returns the configuration and everything that is wrong with it; with faults it is only good for finding more.
    """
    faults: list[Fault] = []
    reader = Reader(data, "", faults)
    reader.refuse_unknown(KEYS)
    separator = reader.separator("rules_separator") or ","
    function_name = reader.text("function_name") or own_name
    config = Config(
        rules=_rules(reader, separator, function_name),
        ignore_rules=tuple(_elements(reader, "ignore_rules", separator, _ignore_rule)),
        rule_evaluation_errors_to_slack=reader.switch("rule_evaluation_errors_to_slack", default=True),
        push_access_denied_cloudwatch_metrics=reader.switch("push_access_denied_cloudwatch_metrics", default=True),
        s3_removed_object_notification=reader.switch("s3_removed_object_notification", default=True),
        function_name=function_name,
        slack=_routes(reader, "slack", "default_channel_id", "slack_channel_id"),
        sns=_routes(reader, "sns", "default_topic_arn", "sns_topic_arn", _TOPIC),
        dynamodb_time_to_live=reader.whole_number("dynamodb_time_to_live", default=900, least=1),
        deduplicate_deliveries=reader.switch("deduplicate_deliveries", default=True),
        delivery_ledger_time_to_live=reader.whole_number("delivery_ledger_time_to_live", default=604_800, least=1),
        max_messages_per_channel=reader.whole_number("max_messages_per_channel", default=20, least=1),
        enable_silence_alarm=reader.switch("enable_silence_alarm", default=False),
        silence_alarm_minimum_hours=reader.whole_number(
            "silence_alarm_minimum_hours", default=LEAST_SILENCE_HOURS, least=LEAST_SILENCE_HOURS
        ),
    )
    for pack in reader.texts("detection_packs"):
        reader.fault("detection_packs", f"names {pack[:100]!r}, and there is no such pack")
    if not config.rules and not faults:
        reader.fault("rules", "is empty and use_default_rules is off: nothing could ever match; set either")
    return config, faults


def read_webhook_routes(data: object, path: str) -> tuple[dict[str, SecretSource], list[Fault]]:
    """Read the parsed list of `{"accounts": […], "slack_hook_url": "…"}`, or where the address is kept in its place.

    The list is a secret: a fault tells which element is wrong and what one looks like, and quotes nothing of it.
    """
    if not isinstance(data, list):
        return {}, [Fault(path, f"must be a list, not {kind(data)}")]
    faults: list[Fault] = []
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
            faults.append(Fault(f"{path}[{position}]", f"must be {shape}"))
    return _by_account(routes), faults


def raise_faults(faults: list[Fault]) -> None:
    """Raise what is wrong, all of it at once.

    Raises:
        ConfigurationError: there are faults.
    """
    if faults:
        raise ConfigurationError(faults)


def _rules(reader: Reader, separator: str, function_name: str | None) -> tuple[Rule, ...]:
    rules: list[Rule] = []
    if reader.switch("use_default_rules", default=True):
        rules += default_rules(function_name)
    rules += _elements(reader, "rules", separator, _rule)
    tracked = tuple(_texts_or_joined(reader, "events_to_track", ","))
    if tracked:
        rules.append(events_to_track_rule(tracked))
    seen: set[str] = set()
    for rule in rules:
        if rule.id in seen:
            reader.fault("rules", f"have more than one with the id {rule.id[:100]!r}")
        if rule.id:
            seen.add(rule.id)
    return tuple(rules)


def _elements(
    reader: Reader, key: str, separator: str, make: Callable[[Reader, str, object, str | None], T | None]
) -> list[T]:
    """Read rules given as a list, or joined by the separator in one text."""
    value = reader.raw(key)
    if isinstance(value, str):
        parts = [part.strip() for part in value.split(separator)]
        texts = enumerate(filter(None, parts))
        made = (make(reader, f"{key}[{position}]", part, separator) for position, part in texts)
        return [element for element in made if element is not None]
    return list(reader.each(key, lambda item, item_key: make(reader, item_key, item, None)))


def _rule(reader: Reader, key: str, item: object, separator: str | None) -> Rule | None:
    if isinstance(item, str):
        expression = _expression(reader, key, item, separator=separator)
        return Rule(expression) if expression else None
    fields = reader.inside(key, item)
    fields.refuse_unknown(RULE_KEYS)
    rule_id = fields.text("id")
    expression = _expression(reader, f"{key}.expression", fields.text("expression"), rule_id=rule_id)
    runbook_url = fields.text("runbook_url")
    if runbook_url and not is_web_address(runbook_url):
        fields.fault("runbook_url", "must be an http(s) address")
    rule = Rule(
        expression or "",
        id=rule_id,
        title=fields.text("title"),
        severity=_severity(fields),
        description=fields.text("description"),
        runbook_url=runbook_url,
        mitre=fields.texts("mitre"),
    )
    return rule if expression else None


def _ignore_rule(reader: Reader, key: str, item: object, separator: str | None) -> IgnoreRule | None:
    if isinstance(item, str):
        expression = _expression(reader, key, item, separator=separator)
        return IgnoreRule(expression) if expression else None
    fields = reader.inside(key, item)
    fields.refuse_unknown(IGNORE_RULE_KEYS)
    rule_id = fields.text("id")
    expression = _expression(reader, f"{key}.expression", fields.text("expression"), rule_id=rule_id)
    rule = IgnoreRule(expression or "", rule_id, fields.text("reason"), _day(fields, "expires"))
    return rule if expression else None


def _expression(
    reader: Reader, key: str, text: str | None, *, rule_id: str | None = None, separator: str | None = None
) -> str | None:
    """Return the expression, stripped; None and a fault when it is none.

    `separator` is what parted it from the others, when they came joined in one text.
    """
    text = (text or "").strip()
    if not text:
        reader.fault(key, "is missing: a rule needs an expression")
        return None
    try:
        compile_expression(text)
    except ExpressionError as error:
        named = f'{key} (id "{excerpt(rule_id)}")' if rule_id else key
        advice = ""
        if error.is_half and separator:
            parted = f'the text was parted at "{excerpt(separator)}"'
            advice = f", for {parted}: set rules_separator to what no rule holds, or give the rules as a list"
        shown = point(text, error.place) if error.place else f"    {excerpt(text)}"
        reader.fault(named, f"{error}{advice}\n{shown}")
        return None
    return text


def _severity(fields: Reader) -> Severity:
    word = fields.text("severity")
    if word is None:
        return Severity.MEDIUM
    known = {severity.word: severity for severity in Severity}
    if word.lower() not in known:
        fields.fault("severity", f"must be one of {', '.join(known)}")
    return known.get(word.lower(), Severity.MEDIUM)


def _day(fields: Reader, key: str) -> date | None:
    text = fields.text(key)
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        fields.fault(key, "must be a day such as 2027-01-31")
        return None


def _texts_or_joined(reader: Reader, key: str, separator: str) -> tuple[str, ...]:
    value = reader.raw(key)
    if isinstance(value, str):
        return tuple(filter(None, (part.strip() for part in value.split(separator))))
    return reader.texts(key)


def _routes(
    reader: Reader, key: str, default_key: str, address_key: str, pattern: re.Pattern[str] | None = None
) -> Routes:
    if not reader.has(key):
        return Routes()
    fields = reader.inside(key, reader.raw(key))
    fields.refuse_unknown((default_key, "routes"))
    default = fields.text(default_key)
    routes = fields.each("routes", lambda item, item_key: _route(fields.inside(item_key, item), address_key))
    for address in dict.fromkeys((default, *(address for _, address in routes))):
        if address and pattern and not pattern.fullmatch(str(address)):
            fields.fault("", f"has an {address_key} that is none: {str(address)[:200]}")
    return Routes(default, _by_account(routes))


def _route(fields: Reader, address_key: str) -> tuple[tuple[str, ...], str] | None:
    fields.refuse_unknown(("accounts", address_key))
    accounts = fields.texts("accounts")
    if not accounts:
        fields.fault("accounts", "must list at least one account")
    for account in accounts:
        if not _ACCOUNT.fullmatch(account):
            fields.fault("accounts", f"has {account[:100]!r}, and an account has 12 digits")
    address = fields.text(address_key)
    if address is None:
        fields.fault(address_key, "is missing")
        return None
    return accounts, address


def _webhook_route(element: object, path: str) -> tuple[tuple[str, ...], SecretSource] | None:
    """Return accounts, and where their webhook is; None when `element` is no such route."""
    keys = [key for key in _WEBHOOK_KEYS if isinstance(element, dict) and key in element]
    if len(keys) != 1:
        return None
    unquoted: list[Fault] = []
    route = _route(Reader(element, path, unquoted), keys[0])
    if route is None or unquoted:
        return None
    accounts, text = route
    source = SecretSource(f"{path}.{keys[0]}", _WEBHOOK_KEYS[keys[0]], text)
    return None if source.kind == "environment" and not is_web_address(text) else (accounts, source)


def _by_account(routes: Iterable[tuple[tuple[str, ...], T]]) -> dict[str, T]:
    """Return what each account has; the first route that names an account counts."""
    by_account: dict[str, T] = {}
    for accounts, address in routes:
        for account in accounts:
            by_account.setdefault(account, address)
    return by_account
