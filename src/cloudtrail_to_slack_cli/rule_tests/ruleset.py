"""Rulesets for tests in Python: rules, read and evaluated by the function's own code, and what they decide."""

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
from cloudtrail_to_slack.rules import EventOutcome, IgnoreRule, Rule, RuleSet
from cloudtrail_to_slack.rules.packs import DEFAULT_RULE_IDS
from cloudtrail_to_slack_cli.decisions import EXAMPLE_LOG_FILE
from cloudtrail_to_slack_cli.errors import UnreadableError


class Decision(Enum):
    """The decision of the rules about an event."""

    ALERT = "alert"
    IGNORED = "ignored"
    NO_ALERT = "no alert"


@dataclass(frozen=True, slots=True)
class RuleError:
    """A rule that raised an error on an event: its id (or expression), and the error."""

    rule: str
    error: str


@dataclass(frozen=True, slots=True)
class Result:
    """The result of a ruleset on an event. Rules are named by their ids, or by their expressions without one.

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
    """A likely mistake in a valid rule; `line` counts from 1 and `column` from 0."""

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
            if not isinstance(document, Mapping) or not {"rules", "ignore_rules"} & document.keys():
                problem = "must be an object with rules, ignore_rules or both"
                raise ConfigurationError([ConfigurationIssue(str(path), problem)])
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
        """Return the default rules; two of them watch the function itself and need its name."""
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
            RecordError: it is not a record that the function could read.
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

    def why(self, event: Mapping[str, Any], rule: str) -> str:
        """Return in indented lines which condition of a rule decided. Not for your own tests."""
        from cloudtrail_to_slack_cli.tracing import why  # noqa: PLC0415 (only for tests that fail)

        expression = next(each.expression for each in self.config.rules if each.name == rule)
        return "\n    ".join((f"\n  {rule}:", *why(expression, _event(event).flat)))

    def alert(self, event: Mapping[str, Any], *, today: date | None = None) -> Alert | None:
        """Return the alert of an event, as destinations render it; None if there is none. Not for your own tests."""
        read = _event(event)
        evaluation = self._engine.evaluate(read.flat, today or datetime.now(UTC).date())
        return make_alert(read, evaluation.matched, EXAMPLE_LOG_FILE) if evaluation.matched else None

    @classmethod
    def _checked(cls, document: object, *, may_be_empty: bool = False) -> Self:
        config, issues = read_config(document)
        wrong = [fault for issue in config.rule_issues for fault in issue.details]
        if wrong or (issues and not may_be_empty):
            raise ConfigurationError([*wrong, *(issues if not may_be_empty else ())])
        return cls(config)


def lint(ruleset: Ruleset) -> tuple[LintWarning, ...]:
    """Return likely mistakes in the rules: unknown fields and events, loose ignore rules.

    The default rules are left out. `cloudtrail-to-slack check` finds more, in files.
    """
    from cloudtrail_to_slack.rules.lint.linter import warnings_for  # noqa: PLC0415 (it reads a list of 15,000 names)

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

    message = alert_message(_alert(ruleset, event)).whole
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
    return read_event(dict(record), object_key=EXAMPLE_LOG_FILE.key)


def _alert(ruleset: Ruleset, event: Mapping[str, Any]) -> Alert:
    alert = ruleset.alert(event)
    if alert is None:
        raise ValueError(f"the event does not alert, and the rules decide: {in_words(ruleset.evaluate(event))}")
    return alert


def _without_tests(rule: object) -> object:
    return {key: value for key, value in rule.items() if key != "tests"} if isinstance(rule, Mapping) else rule


def in_words(result: Result) -> str:
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
    """Read a JSON file, or a YAML file if its name does not end with `.json`.

    Raises:
        ConfigurationError: it cannot be read.
    """
    try:
        text = path.read_text("utf-8-sig")
        if path.suffix == ".json":
            return json.loads(text)
        from cloudtrail_to_slack_cli.rule_files.document import parse  # noqa: PLC0415 (the extra `cli` brings PyYAML)

        return parse(text, str(path)).data
    except ImportError:
        problem = "is YAML, and reading it needs PyYAML: install the extra `cli`"
    except OSError as error:
        problem = f"cannot be read: {error.strerror}"
    except UnreadableError as error:
        problem = f"cannot be read: {error.problem}" + (f" (line {error.line})" if error.line else "")
    except (ValueError, RecursionError) as error:
        problem = f"cannot be read: {error}"
    raise ConfigurationError([ConfigurationIssue(str(path), problem)])
