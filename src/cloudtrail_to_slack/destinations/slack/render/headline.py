"""The head of an alert: what happened and where in the first two lines, then which rules matched."""

from collections.abc import Callable

from cloudtrail_to_slack.alerts.alert import Alert
from cloudtrail_to_slack.alerts.text import json_length
from cloudtrail_to_slack.destinations.slack.render.outcome_words import outcome_marks, rule_title, warns_of_mfa
from cloudtrail_to_slack.destinations.slack.render.text import code, link, plain, word
from cloudtrail_to_slack.events.call_outcome import CallOutcome
from cloudtrail_to_slack.events.event import Event
from cloudtrail_to_slack.events.insight import Insight
from cloudtrail_to_slack.rules import Rule, Severity

SEVERITY_MARKS = {
    Severity.INFO: ":white_circle:",
    Severity.LOW: ":large_blue_circle:",
    Severity.MEDIUM: ":large_yellow_circle:",
    Severity.HIGH: ":large_orange_circle:",
    Severity.CRITICAL: ":red_circle:",
}
_RULES_SHOWN = 3
_LONGEST_RUNBOOK = 300
_LONGEST_NAME = 80
_LONGEST_DESCRIPTION = 250
_UPDATE = ":pencil2: *update of an earlier event*"


def notification_text(alert: Alert) -> str:
    """Return what a phone's lock screen shows: what happened, and where."""
    event = alert.event
    marks = ("❌ " if alert.outcome.is_refusal else "") + (
        "⚠️ without MFA: " if warns_of_mfa(event, alert.outcome) else ""
    )
    return (
        f"{marks}{plain(alert.title, 300)}\n{' · '.join(plain(part, 120) for part in place(event, alert.account_name))}"
    )


def lead(alert: Alert) -> str:
    """Return what happened, with its meaning first: how severe it is, and the title of the most severe rule."""
    (rule, *_) = by_severity(alert)
    title = f"*{alert.severity.name}* · {rule_title(rule, alert.outcome)}"
    return f"{SEVERITY_MARKS[alert.severity]} {title}\n{_what_and_where(alert)}"


def headline(alert: Alert) -> str:
    """Return what happened and where, in two lines."""
    return f"{SEVERITY_MARKS[alert.severity]} {_what_and_where(alert)}"


def _what_and_where(alert: Alert) -> str:
    event = alert.event
    if event.insight:
        first = f":chart_with_upwards_trend: {_insight(event, event.insight)}"
    else:
        name = word(event.name) if event.name else "*something without a name*"
        first = f"{name} by {code(event.actor.label, 200)}"
    marks = [*outcome_marks(event, alert.outcome), *([_UPDATE] if event.is_update else [])]
    first += "".join(f" — {mark}" for mark in marks)
    return f"{first}\nin {' · '.join(code(part, 120) for part in place(event, alert.account_name))}"


def place(event: Event, account_name: str | None = None) -> list[str]:
    """Return account, region and service, as far as the event has them, and what the account is called."""
    account = f"account {event.account}" if event.account else "account unknown"
    if account_name:
        account = f"{account_name[:_LONGEST_NAME]} ({event.account})"
    return [account, *(part[:80] for part in (event.region, event.source) if part)]


def why(alert: Alert) -> str:
    """Return what the rules that matched are about, and their runbooks, the most severe first.

    The title of the most severe one is in the lead. Empty where there is nothing to add to it.
    """
    (first, *_) = by_severity(alert)
    return _rule_lines(alert, lambda rule: _about(rule) if rule is first else _rule(rule, alert.outcome))


def rule_titles(alert: Alert) -> str:
    """Return which rules matched, the most severe first, by their titles alone."""
    return _rule_lines(alert, lambda rule: rule_title(rule, alert.outcome))


def _rule_lines(alert: Alert, show: Callable[[Rule], str]) -> str:
    rules = by_severity(alert)
    lines = [f":bell: {shown}" for rule in rules[:_RULES_SHOWN] if (shown := show(rule))]
    more = len(rules) - _RULES_SHOWN
    rest = f"and {more} more {'rule' if more == 1 else 'rules'}"
    return "\n".join([*lines, *([rest] if more > 0 else [])])


def _rule(rule: Rule, outcome: CallOutcome) -> str:
    return " · ".join(filter(None, [rule_title(rule, outcome), _about(rule)]))


def _about(rule: Rule) -> str:
    """Return what a match of the rule means, and its runbook; empty where it has neither."""
    description = plain(rule.description, _LONGEST_DESCRIPTION) if rule.description else None
    runbook = link(rule.runbook_url, "runbook") or ""
    return " · ".join(filter(None, [description, runbook if json_length(runbook) <= _LONGEST_RUNBOOK else None]))


def by_severity(alert: Alert) -> list[Rule]:
    """Return the rules that matched, the most severe first."""
    return sorted(alert.rules, key=lambda rule: -rule.severity)


def _insight(event: Event, insight: Insight) -> str:
    state = {"Start": "Unusual activity began", "End": "Unusual activity ended"}.get(insight.state, "Unusual activity")
    what = "errors of" if insight.is_error_rate else "calls of"
    text = f"*{state}:* {what} {word(event.name) if event.name else 'an API'}"
    if insight.rate is not None and insight.baseline is not None:
        text += f", {insight.rate:,.4g} a minute instead of {insight.baseline:,.4g}"
    if insight.error_code:
        text += f", {code(insight.error_code, 100)}"
    return text
