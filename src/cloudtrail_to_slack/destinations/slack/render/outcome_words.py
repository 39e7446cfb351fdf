"""How a call ended, in words: as marks beside its name, and in the titles of the rules that it matched. Pure."""

import re

from cloudtrail_to_slack.alerts.alert import title_parts
from cloudtrail_to_slack.destinations.slack.render.text import code, plain
from cloudtrail_to_slack.events.call_outcome import CallOutcome
from cloudtrail_to_slack.events.event import Event
from cloudtrail_to_slack.rules import Rule

_LONGEST_TITLE = 120
_LONGEST_FACT = 82
_EDGES = re.compile(r"( ?[(),.:;]{0,2} ?)(.*?)( ?[(),.:;]{0,2} ?)", re.DOTALL)
# Titles that say themselves that nothing came of the call.
_REFUSALS = re.compile(r"\b(denied|denial|refus|reject|unauthori[sz]ed|forbidden|fail|attempt|blocked)", re.IGNORECASE)
_ENDED = {
    CallOutcome.DENIED: "Denied",
    CallOutcome.FAILED: "Failed",
    CallOutcome.PARTLY_FAILED: "Failed in part",
    CallOutcome.DRY_RUN: "Dry run, nothing changed",
    CallOutcome.UNKNOWN: "Result unknown",
}
_ATTEMPTS = {
    CallOutcome.DENIED: "Denied attempt to {}",
    CallOutcome.FAILED: "Failed attempt to {}",
    CallOutcome.PARTLY_FAILED: "Attempt to {}, which failed in part",
    CallOutcome.DRY_RUN: "Dry run of an attempt to {}: nothing changed",
    CallOutcome.UNKNOWN: "Attempt to {}, with an unknown result",
}
_MARKS = {
    CallOutcome.DENIED: ":x: *denied*",
    CallOutcome.FAILED: ":x: *failed*",
    CallOutcome.PARTLY_FAILED: ":warning: *failed in part*",
    CallOutcome.DRY_RUN: ":test_tube: *dry run*, nothing changed",
    CallOutcome.UNKNOWN: ":grey_question: *result unknown*",
}


def outcome_marks(event: Event, outcome: CallOutcome) -> list[str]:
    """Return the marks of a sign-in without MFA and of an outcome other than success."""
    marks = [":warning: *without MFA*"] if warns_of_mfa(event, outcome) else []
    if outcome in _MARKS:
        marks.append(_MARKS[outcome] + (f" {code(event.error_code, 100)}" if event.error_code else ""))
    return marks


def warns_of_mfa(event: Event, outcome: CallOutcome) -> bool:
    """Whether to warn of a missing MFA device: not where the sign-in failed, which may be before it is asked for."""
    return event.without_mfa and not outcome.is_refusal


def ended_words(outcome: CallOutcome) -> str:
    """Return how a call ended, to follow what it was; empty for a success and for what is no call."""
    ended = _ENDED.get(outcome)
    return f", {ended.lower()}" if ended else ""


def result_lines(event: Event, outcome: CallOutcome) -> list[str]:
    """Return how the call ended, for the result field; empty for what is no call."""
    if outcome is CallOutcome.NOT_A_CALL:
        return []
    if outcome is CallOutcome.SUCCEEDED:
        return [":white_check_mark: succeeded"]
    return outcome_marks(event, outcome)


def rule_title(rule: Rule, outcome: CallOutcome) -> str:
    """Return what to call a rule that matched a call which ended so: its title must not claim that it succeeded."""
    name = _title(rule) if rule.title else code(rule.name, 150)
    ended = _ENDED.get(outcome)
    if ended is None or (outcome.is_refusal and rule.title and _REFUSALS.search(rule.title)):
        return name
    if rule.attempt:
        return f"*{_ATTEMPTS[outcome].format(plain(rule.attempt, _LONGEST_TITLE))}*"
    return f"*{ended}* · rule {f'“{_title(rule, bold=False)}”' if rule.title else name}"


def _title(rule: Rule, *, bold: bool = True) -> str:
    """Return a title with the rule's own words in bold and facts of the event as code, which holds strangers' text."""
    if not rule.facts:
        own = plain(rule.title or "", _LONGEST_TITLE)
        return f"*{own}*" if bold else own
    shown = ""
    for part in title_parts(rule):
        if part.is_fact:
            shown += code(part.text, _LONGEST_FACT)
            continue
        # What stands right beside a fact is no part of the bold text, which begins and ends with a word.
        before, words, after = _EDGES.fullmatch(part.text).groups()  # type: ignore[union-attr]  # it matches any text
        own = plain(words, _LONGEST_TITLE)
        shown += f"{before}*{own}*{after}" if bold and own else f"{before}{own}{after}"
    return shown
