"""From an event and the rules that matched it to an alert. Pure."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from cloudtrail_to_slack.alerts.titles import with_facts
from cloudtrail_to_slack.events.call_outcome import CallOutcome, call_outcome
from cloudtrail_to_slack.events.event import Event
from cloudtrail_to_slack.events.identity import event_identity, identity_digest
from cloudtrail_to_slack.ingest.payloads import LogFile
from cloudtrail_to_slack.rules import Rule, Severity

_IDENTITY_KEYS = ("userIdentity.type", "userIdentity.principalId", "userIdentity.arn", "userIdentity.accountId")
_END_OF_TIMES = datetime.max.replace(tzinfo=UTC)
_KEPT_CHARACTERS = 300  # of each text, of which no more is shown: very many alerts may be kept
_LEAST_IDENTITY = 2  # with three of the four missing, two actors look the same


@dataclass(frozen=True, slots=True)
class Alert:
    """An event that rules matched. `origin` is its log file, None for an event that EventBridge brought.

    `lag` is how many seconds after the event the alert was made; None where that is not known.
    `fingerprint` (64 hexadecimal digits) is what similar alerts share; None: this one is like no other.
    `account_name` is what the configuration calls the account; None: nothing.
    `shared_fingerprint` is what the copies of one call share that several accounts record; None: it has no copies.
    """

    event: Event
    rules: tuple[Rule, ...]
    origin: LogFile | None
    severity: Severity
    fingerprint: str | None
    outcome: CallOutcome
    lag: float | None = None
    shared_fingerprint: str | None = None
    account_name: str | None = None

    @property
    def title(self) -> str:
        """What happened in one line, unescaped: who called what, and how it ended unless it succeeded."""
        event = self.event
        if event.insight:
            state = {"Start": " started", "End": " ended"}.get(event.insight.state, "")
            what = "error rate" if event.insight.is_error_rate else "call rate"
            return f"Insight{state}: unusual {what} of {event.name or 'an API'}"
        name = event.name or "something without a name"
        if event.is_service_event:
            title = f"{name} by {event.actor.label} (service event){self._ending}"
        else:
            title = f"{event.actor.label} called {name}{self._ending}"
        return f"{title} (update of an earlier event)" if event.is_update else title

    @property
    def techniques(self) -> list[str]:
        """The MITRE ATT&CK techniques of the rules, each once, in their order."""
        return list(dict.fromkeys(technique for rule in self.rules for technique in rule.mitre))

    @property
    def _ending(self) -> str:
        code = self.event.error_code
        if self.outcome.is_refusal and code:
            return f", which failed with {code}"
        return {
            CallOutcome.DENIED: ", which was denied",
            CallOutcome.FAILED: ", which failed",
            CallOutcome.PARTLY_FAILED: ", which failed in part",
            CallOutcome.DRY_RUN: " as a dry run, which changes nothing",
            CallOutcome.UNKNOWN: ", with an unknown result",
        }.get(self.outcome, "")


# Makes an alert when it is its turn: from its record, which is kept as small as it came.
AlertFactory = Callable[[], Alert]


@dataclass(frozen=True, slots=True)
class PendingAlert:
    """What is kept of an alert while it waits for its turn, and after: what orders, routes, guards and summarises it.

    `key` (64 hexadecimal digits) is the same whichever way and however often the event arrives, as long as the same
    rules match it, and another for an event of the same id that says something else. `size` is roughly how many bytes
    the record has.
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

    @property
    def severity(self) -> Severity:
        """The severity of the most severe rule."""
        return max(rule.severity for rule in self.rules)

    @property
    def sort_time(self) -> datetime:
        """The event's time, the end of all times where it has none."""
        return self.time or _END_OF_TIMES


def pending_alert(event: Event, rules: tuple[Rule, ...], size: int = 0) -> PendingAlert:
    """Return what is to be kept of the alert of an event that `rules` matched, whose record has `size` bytes."""
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
    )


def make_alert(
    event: Event,
    rules: tuple[Rule, ...],
    origin: LogFile | None,
    now: datetime | None = None,
    *,
    account_name: str | None = None,
) -> Alert:
    """Make the alert of an event that `rules` (at least one) matched; `now` is the time at which it is sent."""
    rules = with_facts(rules, event)
    lag = max((now - event.time).total_seconds(), 0.0) if now and event.time else None
    outcome = call_outcome(event)
    return Alert(
        event=event,
        rules=rules,
        origin=origin,
        severity=max(rule.severity for rule in rules),
        fingerprint=_fingerprint(event, outcome, rules),
        outcome=outcome,
        lag=lag,
        shared_fingerprint=_shared_fingerprint(event, outcome),
        account_name=account_name,
    )


def _fingerprint(event: Event, outcome: CallOutcome, rules: tuple[Rule, ...]) -> str | None:
    """Return the digest of who called what of which service, how it ended, and which rules matched."""
    identity = [event.text(key) for key in _IDENTITY_KEYS]
    if sum(map(bool, identity)) < _LEAST_IDENTITY:
        return None
    matched = sorted(rule.name for rule in rules)
    return _digest([*identity, event.source, event.name, outcome.value, event.without_mfa, matched])


def _shared_fingerprint(event: Event, outcome: CallOutcome) -> str | None:
    """Return the digest of a call that more than one account records, each with its own identity and event id.

    The start and the end of an Insight share it, too. Source: AWS CloudTrail User Guide, "Example sharedEventID".
    """
    if not event.shared_event_id:
        return None
    return _digest(["shared", event.shared_event_id, event.source, event.name, outcome.value])


def _digest(parts: list[object]) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
