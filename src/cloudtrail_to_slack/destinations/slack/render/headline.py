"""The first lines of an alert: what happened, where and how it ended, and which rules matched."""

import re
from collections.abc import Callable

from cloudtrail_to_slack.alerts.alert import Alert, title_parts
from cloudtrail_to_slack.alerts.text import json_length
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
# By outcome: its name, a title for an attempt, and the mark beside the call's name.
_OUTCOMES = {
    CallOutcome.DENIED: ("Denied", "Denied attempt to {}", ":x: *denied*"),
    CallOutcome.FAILED: ("Failed", "Failed attempt to {}", ":x: *failed*"),
    CallOutcome.PARTLY_FAILED: ("Failed in part", "Attempt to {}, which failed in part", ":warning: *failed in part*"),
    CallOutcome.DRY_RUN: (
        "Dry run, nothing changed",
        "Dry run of an attempt to {}: nothing changed",
        ":test_tube: *dry run*, nothing changed",
    ),
    CallOutcome.UNKNOWN: (
        "Result unknown",
        "Attempt to {}, with an unknown result",
        ":grey_question: *result unknown*",
    ),
}
_RULES_SHOWN = 3
_LONGEST_RUNBOOK = 300
_LONGEST_NAME = 80
_LONGEST_DESCRIPTION = 250
_LONGEST_MEMBER = 62
_LONGEST_TITLE = 120
_LONGEST_FACT = 82
_EDGES = re.compile(r"( ?[(),.:;]{0,2} ?)(.*?)( ?[(),.:;]{0,2} ?)", re.DOTALL)
# Titles that already say that the call failed.
_REFUSALS = re.compile(r"\b(denied|denial|refus|reject|unauthori[sz]ed|forbidden|fail|attempt|blocked)", re.IGNORECASE)


def notification_text(alert: Alert) -> str:
    """Return what a phone's lock screen shows: what happened, and where."""
    refused = "❌ " if alert.outcome.is_refusal else ""
    without_mfa = "⚠️ without MFA: " if warns_of_mfa(alert.event, alert.outcome) else ""
    where = " · ".join(plain(part, 120) for part in place(alert.event, alert.account_name))
    return f"{refused}{without_mfa}{plain(alert.title, 300)}\n{where}"


def lead(alert: Alert) -> str:
    """Return the severity and the title of the most severe rule, then what happened and where."""
    title = f"*{alert.severity.name}* · {rule_title(by_severity(alert)[0], alert.outcome)}"
    return f"{SEVERITY_MARKS[alert.severity]} {title}\n{_what_and_where(alert)}"


def headline(alert: Alert) -> str:
    """Return the severity, what happened, and where, in two lines."""
    return f"{SEVERITY_MARKS[alert.severity]} *{alert.severity.name}* · {_what_and_where(alert)}"


def place(event: Event, account_name: str | None = None) -> list[str]:
    """Return account (with its name, if known), region and service, as far as the event has them."""
    account = account_label(event.account, account_name) if account_name else f"account {event.account or 'unknown'}"
    return [account, *(part[:80] for part in (event.region, event.source) if part)]


def account_label(account: str | None, name: str | None) -> str:
    """Return an account's name, if it has one, and its ID."""
    return f"{name[:_LONGEST_NAME]} ({account})" if name else account or "unknown"


def why(alert: Alert) -> str:
    """Return titles and runbooks of the rules that matched, the most severe first, and the first description.

    The title of the most severe one is left out: it is in the lead. A title that several share is shown once. Empty:
    there is nothing to add.
    """
    shown = {rule_title(by_severity(alert)[0], alert.outcome)}
    described = next((rule for rule in by_severity(alert) if rule.description), None)

    def about(rule: Rule) -> str:
        title = rule_title(rule, alert.outcome)
        title = "" if title in shown else title
        shown.add(title)
        counted = _counted(rule)
        room = _LONGEST_DESCRIPTION - json_length(counted) // 2
        meaning = (rule is described and rule.description) or ""
        description = f"{counted} {plain(meaning, room)}".strip()
        runbook = link(rule.runbook_url, "runbook")
        return " · ".join(
            filter(None, [title, description, runbook if json_length(runbook) <= _LONGEST_RUNBOOK else ""])
        )

    return _rule_lines(alert, about)


def _counted(rule: Rule) -> str:
    """Return what a threshold counted; the values are from events, so they are shown as code."""
    members = ", ".join(code(member, _LONGEST_MEMBER) for member in rule.members)
    return f"{plain(rule.counted, 120)}{': ' if members else ''}{members}." if rule.counted else ""


def rule_titles(alert: Alert) -> str:
    """Return the titles of the rules that matched, the most severe first."""
    return _rule_lines(alert, lambda rule: rule_title(rule, alert.outcome))


def by_severity(alert: Alert) -> list[Rule]:
    """Return the rules that matched, the most severe first."""
    return sorted(alert.rules, key=lambda rule: -rule.severity)


def rule_title(rule: Rule, outcome: CallOutcome) -> str:
    """Return a rule's title for a call with this outcome: it must not claim that a failed call succeeded."""
    name = _title(rule) if rule.title else code(rule.name, 150)
    if outcome not in _OUTCOMES or (outcome.is_refusal and rule.title and _REFUSALS.search(rule.title)):
        return name
    ended, attempt, _ = _OUTCOMES[outcome]
    if rule.attempt:
        return f"*{attempt.format(plain(rule.attempt, _LONGEST_TITLE))}*"
    return f"*{ended}* · rule {f'“{_title(rule, bold=False)}”' if rule.title else name}"


def outcome_marks(event: Event, outcome: CallOutcome) -> list[str]:
    """Return the marks of a sign-in without MFA and of the outcome."""
    marks = [":warning: *without MFA*"] if warns_of_mfa(event, outcome) else []
    if outcome is CallOutcome.SUCCEEDED:
        marks.append(":white_check_mark: succeeded")
    elif outcome in _OUTCOMES:
        marks.append(_OUTCOMES[outcome][2] + (f" {code(event.error_code, 100)}" if event.error_code else ""))
    return marks


def warns_of_mfa(event: Event, outcome: CallOutcome) -> bool:
    """Whether to warn about missing MFA: not if the sign-in failed, perhaps before AWS asked for it."""
    return event.without_mfa and not outcome.is_refusal


def ended_words(outcome: CallOutcome) -> str:
    """Return how a call ended, to be put after its name; empty for a success and if it is not a call."""
    return f", {_OUTCOMES[outcome][0].lower()}" if outcome in _OUTCOMES else ""


def _what_and_where(alert: Alert) -> str:
    event = alert.event
    if event.insight:
        first = f":chart_with_upwards_trend: {_insight(event, event.insight)}"
    else:
        name = word(event.name) if event.name else "*an event without a name*"
        first = f"{name} by {code(event.actor.label, 200)}"
    marks = [*outcome_marks(event, alert.outcome), *([":pencil2: *update of an earlier event*"] * event.is_update)]
    where = " · ".join(code(part, 120) for part in place(event, alert.account_name))
    return f"{' — '.join([first, *marks])}\nin {where}"


def _insight(event: Event, insight: Insight) -> str:
    state = {"Start": "Unusual activity began", "End": "Unusual activity ended"}.get(insight.state, "Unusual activity")
    what = "errors of" if insight.is_error_rate else "calls to"
    text = f"*{state}:* {what} {word(event.name) if event.name else 'an API'}"
    if insight.rate is not None and insight.baseline is not None:
        text += f", {insight.rate:,.4g} a minute instead of {insight.baseline:,.4g}"
    return f"{text}, {code(insight.error_code, 100)}" if insight.error_code else text


def _rule_lines(alert: Alert, show: Callable[[Rule], str]) -> str:
    rules = by_severity(alert)
    lines = [f":bell: {line}" for line in dict.fromkeys(map(show, rules[:_RULES_SHOWN])) if line]
    more = len(rules) - _RULES_SHOWN
    rest = f"and {more} more {'rule' if more == 1 else 'rules'}"
    return "\n".join([*lines, *([rest] if more > 0 else [])])


def _title(rule: Rule, *, bold: bool = True) -> str:
    """Return a title with the rule's own words in bold, and untrusted facts of the event as code."""
    if not rule.facts:
        own = plain(rule.title or "", _LONGEST_TITLE)
        return f"*{own}*" if bold else own
    shown = ""
    for part in title_parts(rule):
        if part.is_fact:
            shown += code(part.text, _LONGEST_FACT)
            continue
        # Punctuation beside a fact is not bold, because bold text must begin and end with a word.
        before, words, after = _EDGES.fullmatch(part.text).groups()  # type: ignore[union-attr]  # it matches any text
        own = plain(words, _LONGEST_TITLE)
        shown += f"{before}*{own}*{after}" if bold and own else f"{before}{own}{after}"
    return shown
