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
_UPDATE = ":pencil2: *update of an earlier event*"


def notification_text(alert: Alert) -> str:
    """Return what a phone's lock screen shows: what happened, and where."""
    event = alert.event
    marks = ("❌ " if alert.outcome.is_refusal else "") + (
        "⚠️ without MFA: " if warns_of_mfa(event, alert.outcome) else ""
    )
    return f"{marks}{plain(alert.title, 300)}\n{' · '.join(plain(part, 120) for part in place(event))}"


def headline(alert: Alert) -> str:
    """Return what happened and where, in two lines."""
    event = alert.event
    mark = SEVERITY_MARKS[alert.severity]
    if event.insight:
        first = f"{mark} :chart_with_upwards_trend: {_insight(event, event.insight)}"
    else:
        name = word(event.name) if event.name else "*something without a name*"
        first = f"{mark} {name} by {code(event.actor.label, 200)}"
    marks = [*outcome_marks(event, alert.outcome), *([_UPDATE] if event.is_update else [])]
    first += "".join(f" — {mark}" for mark in marks)
    return f"{first}\nin {' · '.join(code(part, 120) for part in place(event))}"


def place(event: Event) -> list[str]:
    """Return account, region and service, as far as the event tells them."""
    account = f"account {event.account}" if event.account else "account unknown"
    return [account, *(part[:80] for part in (event.region, event.source) if part)]


def why(alert: Alert) -> str:
    """Return which rules matched, the most severe first, with what they are about and their runbooks."""
    return _rule_lines(alert, lambda rule: _rule(rule, alert.outcome))


def rule_titles(alert: Alert) -> str:
    """Return which rules matched, the most severe first, by their titles alone."""
    return _rule_lines(alert, lambda rule: rule_title(rule, alert.outcome))


def _rule_lines(alert: Alert, show: Callable[[Rule], str]) -> str:
    rules = sorted(alert.rules, key=lambda rule: -rule.severity)
    lines = [f":bell: {show(rule)}" for rule in rules[:_RULES_SHOWN]]
    more = len(rules) - _RULES_SHOWN
    rest = f"and {more} more {'rule' if more == 1 else 'rules'}"
    return "\n".join([*lines, *([rest] if more > 0 else [])])


def _rule(rule: Rule, outcome: CallOutcome) -> str:
    title = rule_title(rule, outcome)
    description = f"{plain(rule.description, 250)}" if rule.description else None
    runbook = link(rule.runbook_url, "runbook") or ""
    return " · ".join(filter(None, [title, description, runbook if json_length(runbook) <= _LONGEST_RUNBOOK else None]))


def _insight(event: Event, insight: Insight) -> str:
    state = {"Start": "Unusual activity began", "End": "Unusual activity ended"}.get(insight.state, "Unusual activity")
    what = "errors of" if insight.is_error_rate else "calls of"
    text = f"*{state}:* {what} {word(event.name) if event.name else 'an API'}"
    if insight.rate is not None and insight.baseline is not None:
        text += f", {insight.rate:,.4g} a minute instead of {insight.baseline:,.4g}"
    if insight.error_code:
        text += f", {code(insight.error_code, 100)}"
    return text
