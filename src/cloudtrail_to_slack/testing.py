"""Test rules with pytest: the public API for your own tests, under semantic versioning.

Everything here uses the very engine and configuration reader of the deployed function.

    from cloudtrail_to_slack.testing import Ruleset, assert_alerts, make_event

    RULES = Ruleset.from_file("rules/iam.yaml")

    def test_a_new_access_key_alerts():
        event = make_event("CreateAccessKey", source="iam.amazonaws.com")
        assert_alerts(RULES, event, "access-key-created")

Reading YAML takes the extra `cli` (`pip install 'cloudtrail-to-slack[cli]'`).
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import Enum
from pathlib import Path
from typing import Any, Self

from cloudtrail_to_slack.alerts.alert import Alert, make_alert
from cloudtrail_to_slack.config.loader import Config, read_config
from cloudtrail_to_slack.errors import ConfigurationError, ConfigurationIssue, RecordError, SourceSpan
from cloudtrail_to_slack.events.event import Event, read_event
from cloudtrail_to_slack.events.record_fields import remove_field, set_field
from cloudtrail_to_slack.rules import EventOutcome, IgnoreRule, Rule, RuleSet
from cloudtrail_to_slack.rules.packs import DEFAULT_RULE_IDS

__all__ = [
    "ConfigurationError",
    "Decision",
    "LintWarning",
    "Result",
    "RuleError",
    "Ruleset",
    "assert_alerts",
    "assert_ignored",
    "assert_no_alert",
    "lint",
    "make_event",
    "render_slack",
    "render_sns",
]

_ACCOUNT = "111122223333"
_OBJECT_KEY = f"AWSLogs/{_ACCOUNT}/CloudTrail/eu-west-1/2027/01/31/example.json.gz"
_SERVICES: Mapping[str, str] = {  # of the events that the default rules look for
    "ConsoleLogin": "signin",
    "AssumeRole": "sts",
    **dict.fromkeys(
        ("StopLogging", "UpdateTrail", "DeleteTrail", "PutEventSelectors", "PutInsightSelectors",
         "DeleteEventDataStore", "StopEventDataStoreIngestion"),
        "cloudtrail",
    ),
}  # fmt: skip


class Decision(Enum):
    """What the rules decide about an event."""

    ALERT = "alert"
    IGNORED = "ignored"
    NO_ALERT = "no alert"


@dataclass(frozen=True, slots=True)
class RuleError:
    """A rule that could not decide about an event: its id (or expression), and why."""

    rule: str
    error: str


@dataclass(frozen=True, slots=True)
class Result:
    """What a ruleset decides about an event. Rules go by their ids, or by their expressions where they have none.

    Attributes:
        decision: Whether the event alerts.
        rules: The rules that matched, in order; of an ignored event those that would have alerted.
        ignored_by: The ignore rule that suppressed the alert.
        errors: The rules that raised an error, or gave something other than True or False.
    """

    decision: Decision
    rules: tuple[str, ...] = ()
    ignored_by: str | None = None
    errors: tuple[RuleError, ...] = ()


@dataclass(frozen=True, slots=True)
class LintWarning:
    """Something in a rule that is allowed and probably a mistake; `line` counts from 1 and `column` from 0."""

    rule: str
    message: str
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        return f"{self.rule}: {self.message}"


class Ruleset:
    """Rules and ignore rules, as the function would read and evaluate them."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self._engine = RuleSet(config.rules, config.ignore_rules)

    @classmethod
    def from_file(cls, *paths: str | Path) -> Self:
        """Read rule files: YAML, or JSON if they end with `.json`. The default rules are not among their rules.

        Raises:
            ConfigurationError: a file cannot be read, or a rule cannot be used; names everything that is wrong.
        """
        rules: list[object] = []
        ignore_rules: list[object] = []
        for path in map(Path, paths):
            document = _read(path)
            if not isinstance(document, Mapping):
                raise ConfigurationError(
                    [ConfigurationIssue(str(path), "must be an object with rules and ignore_rules")]
                )
            for key, all_of_them in (("rules", rules), ("ignore_rules", ignore_rules)):
                listed = document.get(key) or []
                if not isinstance(listed, list):
                    raise ConfigurationError([ConfigurationIssue(str(path), f"{key} must be a list")])
                all_of_them.extend(_without_tests(rule) for rule in listed)
        merged = {"use_default_rules": False, "rules": rules, "ignore_rules": ignore_rules}
        return cls._checked(merged, may_be_empty=not rules)

    @classmethod
    def from_config(cls, config: Mapping[str, Any] | str | Path) -> Self:
        """Read a configuration: the content of `config.json`, or the path of such a file (Terraform's rendered_config).

        Raises:
            ConfigurationError: it cannot be read, or it or a rule in it cannot be used; names everything that is wrong.
        """
        return cls._checked(config if isinstance(config, Mapping) else _read(Path(config)))

    @classmethod
    def defaults(cls, function_name: str | None = "cloudtrail-to-slack") -> Self:
        """Return the default rules; two of them guard the function itself and need its name."""
        return cls._checked({"function_name": function_name})

    @property
    def rules(self) -> tuple[str, ...]:
        """The rules, by id or expression, in the order of evaluation."""
        return tuple(rule.name for rule in self.config.rules)

    @property
    def ignore_rules(self) -> tuple[str, ...]:
        """The ignore rules, likewise."""
        return tuple(rule.name for rule in self.config.ignore_rules)

    def evaluate(self, event: Mapping[str, Any], *, today: date | None = None) -> Result:
        """Evaluate every rule on an event, a CloudTrail record or EventBridge's envelope of one.

        Args:
            event: The record as JSON has it: not flattened.
            today: The day (UTC) that decides which ignore rules have expired; by default the current one.

        Raises:
            RecordError: it is no record that the function could read.
        """
        evaluation = self._engine.evaluate(_event(event).flat, today or datetime.now(UTC).date())
        decision = {EventOutcome.MATCHED: Decision.ALERT, EventOutcome.IGNORED: Decision.IGNORED}.get(
            evaluation.outcome, Decision.NO_ALERT
        )
        return Result(
            decision,
            tuple(rule.name for rule in evaluation.matched or evaluation.silenced),
            evaluation.ignored_by.name if evaluation.ignored_by else None,
            tuple(RuleError(problem.rule.name, problem.detail) for problem in evaluation.problems),
        )

    def alert(self, event: Mapping[str, Any], *, today: date | None = None) -> Alert | None:
        """Return the alert of an event, as destinations render it; None if there is none. Not for your own tests."""
        read = _event(event)
        evaluation = self._engine.evaluate(read.flat, today or datetime.now(UTC).date())
        return make_alert(read, evaluation.matched, None) if evaluation.matched else None

    @classmethod
    def _checked(cls, document: object, *, may_be_empty: bool = False) -> Self:
        config, issues = read_config(document)
        wrong = [fault for issue in config.rule_issues for fault in issue.details]
        if wrong or (issues and not may_be_empty):
            raise ConfigurationError([*wrong, *(issues if not may_be_empty else ())])
        return cls(config)


def make_event(name: str, source: str | None = None, **fields: object) -> dict[str, Any]:
    """Make a CloudTrail record of a successful call by an IAM user, with every field that CloudTrail always writes.

    Args:
        name: The `eventName`.
        source: The `eventSource`, such as `iam.amazonaws.com` or `iam`. Without one the record has it only for events
            that the default rules look for.
        **fields: Fields to set, nested ones with dots (`**{"userIdentity.type": "Root"}`) or two underscores
            (`userIdentity__type="Root"`); an object replaces the one there was, `...` removes the field.
    """
    service = source or _SERVICES.get(name)
    record: dict[str, Any] = {
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "IAMUser",
            "principalId": "AIDAEXAMPLEEXAMPLE001",
            "arn": f"arn:aws:iam::{_ACCOUNT}:user/alice",
            "accountId": _ACCOUNT,
            "accessKeyId": "AKIAEXAMPLEEXAMPLE01",
            "userName": "alice",
        },
        "eventTime": "2027-01-31T09:24:17Z",
        **({"eventSource": service if "." in service else f"{service}.amazonaws.com"} if service else {}),
        "eventName": name,
        "awsRegion": "eu-west-1",
        "sourceIPAddress": "203.0.113.7",
        "userAgent": "aws-cli/2.24.11",
        "requestParameters": None,
        "responseElements": None,
        "requestID": "46540956-85d4-4875-9f1d-a8d59732bfb0",
        "eventID": "1f018b0c-d494-4ef0-bede-91bfc66e066c",
        "readOnly": name.startswith(("Get", "List", "Describe", "Head")),
        "eventType": "AwsConsoleSignIn" if name == "ConsoleLogin" else "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": _ACCOUNT,
        "eventCategory": "Management",
    }
    for field, value in fields.items():
        path = field.replace("__", ".").split(".")
        if value is ...:
            remove_field(record, path)
        else:
            set_field(record, path, value)
    return record


def assert_alerts(ruleset: Ruleset, event: Mapping[str, Any], *rules: str, today: date | None = None) -> None:
    """Assert that an event alerts, and if rules are named, by id or expression, that each of them matches.

    Raises:
        AssertionError: it does not; says what the rules decide instead.
    """
    result = ruleset.evaluate(event, today=today)
    if result.decision is not Decision.ALERT:
        raise AssertionError(f"expected an alert, and the rules decide: {_said(result)}")
    _check_known(ruleset, rules)
    missing = [rule for rule in rules if rule not in result.rules]
    if missing:
        raise AssertionError(f"expected {', '.join(missing)} to match, and the rules decide: {_said(result)}")


def assert_no_alert(ruleset: Ruleset, event: Mapping[str, Any], *rules: str, today: date | None = None) -> None:
    """Assert that no rule matches an event and none raises an error, or if rules are named, none of these.

    Raises:
        AssertionError: one does. An ignored event is no such event: see `assert_ignored`.
    """
    result = ruleset.evaluate(event, today=today)
    _check_known(ruleset, rules)
    concerned = [*result.rules, *(error.rule for error in result.errors)]
    if [rule for rule in concerned if not rules or rule in rules]:
        raise AssertionError(f"expected no alert, and the rules decide: {_said(result)}")


def assert_ignored(
    ruleset: Ruleset, event: Mapping[str, Any], by: str | None = None, *, today: date | None = None
) -> None:
    """Assert that a rule matches an event and an ignore rule suppresses the alert; `by` is that ignore rule.

    Raises:
        AssertionError: none does, or another one.
    """
    result = ruleset.evaluate(event, today=today)
    if result.decision is not Decision.IGNORED or by not in (None, result.ignored_by):
        wanted = f"by {by}" if by else "by an ignore rule"
        raise AssertionError(f"expected it to be ignored {wanted}, and the rules decide: {_said(result)}")


def lint(ruleset: Ruleset) -> tuple[LintWarning, ...]:
    """Return what is allowed in the rules and probably a mistake: unknown fields and events, loose ignore rules.

    The default rules are left out. `cloudtrail-to-slack check` finds more, in files.
    """
    from cloudtrail_to_slack.rules.lint.suggestions import warnings_for  # noqa: PLC0415 (it reads a list of 15,000 names)

    found: list[LintWarning] = []
    rules: Iterable[Rule | IgnoreRule] = (*ruleset.config.rules, *ruleset.config.ignore_rules)
    for rule in rules:
        if rule.id in DEFAULT_RULE_IDS:
            continue
        for warning in warnings_for(rule.expression, ignores=isinstance(rule, IgnoreRule)):
            place: SourceSpan | None = warning.place
            where = (place.line, place.column) if place else (None, None)
            found.append(LintWarning(rule.name, str(warning), *where))
    return tuple(found)


def render_slack(ruleset: Ruleset, event: Mapping[str, Any]) -> dict[str, Any]:
    """Return the Slack message of an event's alert: `text`, the notification, and `blocks`, as Block Kit has them.

    Raises:
        ValueError: the event does not alert.
    """
    from cloudtrail_to_slack.destinations.slack.render.alert import alert_message  # noqa: PLC0415 (only where it is used)

    message = alert_message(_alert(ruleset, event))
    return {"text": message.text, "blocks": message.blocks}


def render_sns(ruleset: Ruleset, event: Mapping[str, Any]) -> dict[str, Any]:
    """Return the SNS message of an event's alert: `subject`, `body` (parsed) and `attributes`.

    Raises:
        ValueError: the event does not alert.
    """
    from cloudtrail_to_slack.destinations.sns.render import alert_to_sns  # noqa: PLC0415 (likewise)

    message = alert_to_sns(_alert(ruleset, event), key="")
    return {"subject": message.subject, "body": json.loads(message.body), "attributes": dict(message.attributes)}


def _event(event: Mapping[str, Any]) -> Event:
    """Read a record, or the record in EventBridge's envelope."""
    detail = event.get("detail")
    record = detail if isinstance(detail, Mapping) and "detail-type" in event else event
    if not isinstance(record, Mapping):
        raise RecordError("an event is an object, such as make_event returns")
    return read_event(dict(record), object_key=_OBJECT_KEY)


def _alert(ruleset: Ruleset, event: Mapping[str, Any]) -> Alert:
    alert = ruleset.alert(event)
    if alert is None:
        raise ValueError(f"the event does not alert, and the rules decide: {_said(ruleset.evaluate(event))}")
    return alert


def _without_tests(rule: object) -> object:
    return {key: value for key, value in rule.items() if key != "tests"} if isinstance(rule, Mapping) else rule


def _check_known(ruleset: Ruleset, rules: Iterable[str]) -> None:
    """Refuse a rule that the ruleset does not have: asserting that it does not match would always pass."""
    unknown = [rule for rule in rules if rule not in ruleset.rules]
    if unknown:
        raise AssertionError(f"there is no rule {', '.join(unknown)}; there are {', '.join(ruleset.rules)}")


def _said(result: Result) -> str:
    """Return a result in words."""
    rules = ", ".join(result.rules)
    errors = "; ".join(f"{error.rule} raised {error.error}" for error in result.errors)
    said = {
        Decision.ALERT: f"an alert by {rules}",
        Decision.IGNORED: f"ignored by {result.ignored_by}" + (f", otherwise an alert by {rules}" if rules else ""),
        Decision.NO_ALERT: "no alert",
    }[result.decision]
    return f"{said}; {errors}" if errors else said


def _read(path: Path) -> object:
    """Read a file of JSON, or of YAML where its name does not end with `.json`.

    Raises:
        ConfigurationError: it cannot be read.
    """
    try:
        text = path.read_text("utf-8")
        if path.suffix == ".json":
            return json.loads(text)
        import yaml  # noqa: PLC0415 (the extra `cli` brings it)

        return yaml.load(text, _strings_for_days(yaml))  # noqa: S506 (a safe loader)
    except OSError as error:
        problem = f"cannot be read: {error.strerror}"
    except ImportError:
        problem = "is YAML, and reading it takes PyYAML: pip install 'cloudtrail-to-slack[cli]'"
    except Exception as error:  # noqa: BLE001 (whatever a parser raises)
        problem = f"cannot be read: {' '.join(str(error).split())}"
    raise ConfigurationError([ConfigurationIssue(str(path), problem)])


def _strings_for_days(yaml: Any) -> Any:  # noqa: ANN401 (a module that may be missing)
    """Return a safe loader that leaves `2027-01-31` a string, as a rule has it."""
    base = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    resolvers = {
        first: [(tag, pattern) for tag, pattern in pairs if tag != "tag:yaml.org,2002:timestamp"]
        for first, pairs in base.yaml_implicit_resolvers.items()
    }
    return type("Loader", (base,), {"yaml_implicit_resolvers": resolvers})
