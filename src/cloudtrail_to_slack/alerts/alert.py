"""From an event and the rules that matched it to an alert. Pure."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from cloudtrail_to_slack.events.call_outcome import CallOutcome, call_outcome
from cloudtrail_to_slack.events.event import Event
from cloudtrail_to_slack.events.identity import event_identity, identity_digest
from cloudtrail_to_slack.ingest.payloads import LogFile
from cloudtrail_to_slack.rules import Rule, Severity

_IDENTITY_KEYS = ("userIdentity.type", "userIdentity.principalId", "userIdentity.arn", "userIdentity.accountId")
_LEAST_IDENTITY = 2  # with fewer of the four, two actors may look the same
_KEPT_CHARACTERS = 300  # of each string; very many alerts may be kept, and no more is shown
_OR = " or "  # between fields of a title, of which the first that the event has is shown
_TITLE_FIELD = re.compile(rf"\{{([A-Za-z][\w.-]*(?:{_OR}[A-Za-z][\w.-]*)*)\}}", re.ASCII)
_LONGEST_FACT = 80
_ENDINGS = {
    CallOutcome.DENIED: ", which was denied",
    CallOutcome.FAILED: ", which failed",
    CallOutcome.PARTLY_FAILED: ", which failed in part",
    CallOutcome.DRY_RUN: " as a dry run, which changes nothing",
    CallOutcome.UNKNOWN: ", with an unknown result",
}


@dataclass(frozen=True, slots=True)
class Alert:
    """An event that rules matched, and the log file it is in; None: it came from EventBridge.

    `latency` is how many seconds after the event the alert was made; None: unknown.
    `fingerprint` (64 hexadecimal digits) is shared by similar alerts; None: there can be no similar ones.
    `account_name` is the account's name; None: unknown.
    `shared_fingerprint` is shared by the copies of one call in several accounts; None: it has no copies.
    """

    event: Event
    rules: tuple[Rule, ...]
    log_file: LogFile | None
    severity: Severity
    fingerprint: str | None
    outcome: CallOutcome
    latency: float | None = None
    shared_fingerprint: str | None = None
    account_name: str | None = None

    @property
    def title(self) -> str:
        """What happened, in one unescaped line: who called what, and how it ended unless it succeeded."""
        event = self.event
        if event.insight:
            state = {"Start": " started", "End": " ended"}.get(event.insight.state, "")
            what = "error rate" if event.insight.is_error_rate else "call rate"
            return f"Insight{state}: unusual {what} of {event.name or 'an API'}"
        name = event.name or "an event without a name"
        ending = _ENDINGS.get(self.outcome, "")
        if self.outcome.is_refusal and event.error_code:
            ending = f", which failed with {event.error_code}"
        if event.is_service_event:
            title = f"{name} by {event.actor.label} (service event){ending}"
        else:
            title = f"{event.actor.label} called {name}{ending}"
        return f"{title} (update of an earlier event)" if event.is_update else title

    @property
    def techniques(self) -> list[str]:
        """The MITRE ATT&CK techniques of the rules, each once, in their order."""
        return list(dict.fromkeys(technique for rule in self.rules for technique in rule.mitre))


# Makes an alert from its record when it is sent; until then only the compact record is kept.
AlertFactory = Callable[[], Alert]


@dataclass(frozen=True, slots=True)
class PendingAlert:
    """What is kept of an alert before and after it is sent, to sort, route and summarize it.

    `key` (64 hexadecimal digits) is the same however and however often the event arrives, as long as the same rules
    match it; an event with the same ID but other content has another key. `size` is roughly the record's size in bytes.
    """

    key: str
    event_id: str
    account: str | None
    time: datetime | None
    actor: str
    rules: tuple[Rule, ...]
    name: str = ""
    outcome: CallOutcome = CallOutcome.SUCCEEDED
    size: int = 0
    account_name: str | None = None

    @property
    def severity(self) -> Severity:
        """The severity of the most severe rule."""
        return max(rule.severity for rule in self.rules)

    @property
    def sort_time(self) -> datetime:
        """The event's time; events without one come last."""
        return self.time or datetime.max.replace(tzinfo=UTC)


def pending_alert(
    event: Event, rules: tuple[Rule, ...], size: int = 0, *, account_name: str | None = None
) -> PendingAlert:
    """Return what to keep of the alert of an event that `rules` matched; its record has `size` bytes."""
    return PendingAlert(
        key=identity_digest(event_identity(event), sorted(rule.name for rule in rules)),
        event_id=event.event_id[:_KEPT_CHARACTERS],
        account=event.account,
        time=event.time,
        actor=event.actor.label[:_KEPT_CHARACTERS],
        rules=with_facts(rules, event),
        name=event.name[:_KEPT_CHARACTERS],
        outcome=call_outcome(event),
        size=size,
        account_name=account_name,
    )


def make_alert(
    event: Event,
    rules: tuple[Rule, ...],
    log_file: LogFile | None,
    now: datetime | None = None,
    *,
    account_name: str | None = None,
) -> Alert:
    """Make the alert of an event that at least one rule matched; `now` is the time at which it is sent.

    Its fingerprint is the digest of the caller, the call, how it ended, and the rules. The shared fingerprint leaves
    out the caller, because each account records its own identity and event ID; the start and the end of an Insight
    share it, too. Source: AWS CloudTrail User Guide, "Example sharedEventID".
    """
    outcome = call_outcome(event)
    identity = [event.text(key) for key in _IDENTITY_KEYS]
    names = sorted(rule.name for rule in rules)
    call = [event.source, event.name, outcome.value]
    fingerprint = identity_digest(*identity, *call, event.without_mfa, names)
    return Alert(
        event=event,
        rules=with_facts(rules, event),
        log_file=log_file,
        severity=max(rule.severity for rule in rules),
        fingerprint=fingerprint if sum(map(bool, identity)) >= _LEAST_IDENTITY else None,
        outcome=outcome,
        latency=max((now - event.time).total_seconds(), 0.0) if now and event.time else None,
        shared_fingerprint=identity_digest("shared", event.shared_event_id, *call) if event.shared_event_id else None,
        account_name=account_name,
    )


@dataclass(frozen=True, slots=True)
class TitlePart:
    """A part of a title: the rule's own text, or a fact of the event, which an attacker may have written."""

    text: str
    is_fact: bool


def with_facts(rules: tuple[Rule, ...], event: Event) -> tuple[Rule, ...]:
    """Return the rules with the event's values for each `{field}` in their titles."""
    return tuple(
        replace(rule, facts=tuple(_fact(event, field) for field in _TITLE_FIELD.findall(rule.title)))
        if rule.title and "{" in rule.title
        else rule
        for rule in rules
    )


def title_parts(rule: Rule) -> Iterator[TitlePart]:
    """Yield the parts of a rule's title, in order, without empty ones; without facts there is one part."""
    title, end = rule.title or "", 0
    for match, fact in zip(_TITLE_FIELD.finditer(title), rule.facts, strict=False):
        if match.start() > end:
            yield TitlePart(title[end : match.start()], is_fact=False)
        yield TitlePart(fact, is_fact=True)
        end = match.end()
    if end < len(title):
        yield TitlePart(title[end:], is_fact=False)


def _fact(event: Event, fields: str) -> str:
    text = " ".join(next(filter(None, map(event.text, fields.split(_OR))), "").split())
    return (text if len(text) <= _LONGEST_FACT else f"{text[: _LONGEST_FACT - 1]}…") or "unknown"
