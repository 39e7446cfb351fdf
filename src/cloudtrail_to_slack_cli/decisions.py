"""What the rules of a configuration decide about one event, with everything that a person may ask about it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from cloudtrail_to_slack.alerts.alert import Alert, make_alert
from cloudtrail_to_slack.config.loader import Config
from cloudtrail_to_slack.destinations.slack.render.alert import alert_message
from cloudtrail_to_slack.destinations.slack.render.message import SlackMessage, with_mention
from cloudtrail_to_slack.errors import RecordError
from cloudtrail_to_slack.events.event import Event, read_event
from cloudtrail_to_slack.ingest.payloads import LogFile
from cloudtrail_to_slack.rules import Evaluation, EventOutcome, IgnoreRule, Rule, RuleSet
from cloudtrail_to_slack.rules.model import Threshold
from cloudtrail_to_slack_cli.errors import CommandError

# The log file of an alert that is only shown: without one, it would say that EventBridge sent the event. Source of the
# bucket's name: Amazon S3 User Guide, which reserves it for examples.
EXAMPLE_LOG_FILE = LogFile(
    "amzn-s3-demo-bucket", "AWSLogs/111122223333/CloudTrail/eu-west-1/2027/01/31/example.json.gz"
)


@dataclass(frozen=True, slots=True)
class RuleDecision:
    """What one rule or ignore rule gives: True, False, or an error; `expired`: it is not evaluated any more."""

    rule: Rule | IgnoreRule
    matches: bool
    error: str | None = None
    expired: bool = False

    @property
    def word(self) -> str:
        """It in one word, as tests and --format json have it."""
        if self.expired:
            return "expired"
        return "error" if self.error else "match" if self.matches else "no_match"


@dataclass(frozen=True, slots=True)
class EventDecision:
    """An event, what the engine decides about it, and each rule by itself."""

    event: Event
    evaluation: Evaluation
    rules: tuple[RuleDecision, ...]
    ignore_rules: tuple[RuleDecision, ...]
    account_name: str | None = None

    @property
    def word(self) -> str:
        """The decision: alert, ignored, or no_alert."""
        if self.evaluation.outcome is EventOutcome.MATCHED:
            return "alert"
        is_ignored = self.evaluation.outcome is EventOutcome.IGNORED and self.evaluation.silenced
        return "ignored" if is_ignored else "no_alert"

    @property
    def ignored_by(self) -> IgnoreRule | None:
        """The ignore rule that suppresses the alert; None where there is no alert, or it is not suppressed."""
        return self.evaluation.ignored_by if self.word == "ignored" else None

    @property
    def matching_rules(self) -> tuple[Rule, ...]:
        """The rules that match, also of an event that is ignored."""
        return self.evaluation.matched or self.evaluation.silenced

    @property
    def alert(self) -> Alert | None:
        """The alert, also of an event that is ignored: what it would be; None if no rule matches.

        A rule with a threshold is in it as if this event reached the threshold.
        """
        if not self.matching_rules:
            return None
        return make_alert(self.event, self.matching_rules, EXAMPLE_LOG_FILE, account_name=self.account_name)

    @property
    def thresholds(self) -> list[str]:
        """What the threshold of each matching rule means for its alerts, in sentences without a full stop."""
        rules = [(rule.name, rule.threshold) for rule in self.matching_rules if rule.threshold]
        return [f"{' '.join(name.split())} alerts {_how_often(threshold)}" for name, threshold in rules]


def decide(config: Config, record: Mapping[str, Any], today: date | None = None) -> EventDecision:
    """Evaluate all rules on a record.

    Raises:
        CommandError: it is not a record that the function could read.
    """
    today = today or datetime.now(UTC).date()
    try:
        event = read_event(dict(record))
    except RecordError as error:
        raise CommandError(f"the function cannot read the event: {error}") from None
    evaluation = RuleSet(config.rules, config.ignore_rules).evaluate(event.flat, today)
    alone = RuleSet(config.rules, []).evaluate(event.flat, today)
    errors = {id(problem.rule): problem.detail for problem in alone.problems}
    matched = {id(rule) for rule in alone.matched}
    rules = [RuleDecision(rule, id(rule) in matched, errors.get(id(rule))) for rule in config.rules]
    ignore_rules = [decide_ignore_rule(rule, event.flat, today) for rule in config.ignore_rules]
    name = config.account_names.get(event.account or "")
    return EventDecision(event, evaluation, tuple(rules), tuple(ignore_rules), name)


def slack_message(alert: Alert, config: Config) -> SlackMessage:
    """Return an alert as Slack gets it, with the mention of its route."""
    return with_mention(alert_message(alert), config.slack.mention(alert.event.account, alert.severity))


def decide_ignore_rule(rule: IgnoreRule, flat: Mapping[str, Any], today: date) -> RuleDecision:
    """Evaluate an ignore rule on a flattened event, whatever other rules say."""
    if rule.expires is not None and rule.expires < today:
        return RuleDecision(rule, matches=False, expired=True)
    alone = RuleSet([Rule(rule.expression)], []).evaluate(flat, today)
    error = alone.problems[0].detail if alone.problems else None
    return RuleDecision(rule, bool(alone.matched), error)


def _how_often(threshold: Threshold) -> str:
    by = f", counted by {' and '.join(threshold.by)}" if threshold.by else ""
    if threshold.count == 1:
        return f"at most once in {threshold.window}{by}"
    return f"only after {threshold.counted} within {threshold.window}{by}"
