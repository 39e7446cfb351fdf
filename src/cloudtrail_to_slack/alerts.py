"""From an event and its verdict to an alert: what is to be told. Pure."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from cloudtrail_to_slack.events import Event
from cloudtrail_to_slack.notifications import LogObject
from cloudtrail_to_slack.rules import Rule, Severity

_IDENTITY_KEYS = ("userIdentity.type", "userIdentity.principalId", "userIdentity.arn", "userIdentity.accountId")
_END_OF_TIMES = datetime.max.replace(tzinfo=UTC)
_LEAST_IDENTITY = 2  # with three of the four missing nobody can tell two actors apart


@dataclass(frozen=True, slots=True)
class Alert:
    """An event that rules matched. `origin` is its log object, None for an event that EventBridge brought.

    `lag` is how many seconds after the event the alert was made; None where that is not known.
    `fingerprint` (64 hexadecimal digits) is what similar alerts share; None: this one is like no other.
    """

    event: Event
    rules: tuple[Rule, ...]
    origin: LogObject | None
    severity: Severity
    fingerprint: str | None
    lag: float | None = None

    @property
    def title(self) -> str:
        """What happened in one line, unescaped: who called what, and whether it failed."""
        event = self.event
        if event.insight:
            state = {"Start": " started", "End": " ended"}.get(event.insight.state, "")
            what = "error rate" if event.insight.is_error_rate else "call rate"
            return f"Insight{state}: unusual {what} of {event.name or 'an API'}"
        title = f"{event.actor.label} called {event.name or 'something without a name'}"
        if not event.failed:
            return title
        return f"{title}, which failed" + (f" with {event.error_code}" if event.error_code else "")


# Makes an alert when it is its turn: from its record, which is kept as small as it came.
MakeAlert = Callable[[], Alert]


@dataclass(frozen=True, slots=True)
class HeldAlert:
    """What is kept of an alert while it waits for its turn, and after: what orders, routes, guards and summarises it.

    `key` (64 hexadecimal digits) is the same whichever way and however often the event arrives, as long as the same
    rules match it.
    """

    key: str
    event_id: str
    account: str | None
    time: datetime | None
    actor: str
    rules: tuple[Rule, ...]

    @property
    def sort_time(self) -> datetime:
        """The event's time, the end of all times where it has none."""
        return self.time or _END_OF_TIMES


def hold_alert(event: Event, rules: tuple[Rule, ...]) -> HeldAlert:
    """Return what is to be kept of the alert of an event that `rules` matched."""
    return HeldAlert(_key(event, rules), event.event_id, event.account, event.time, event.actor.label, rules)


def make_alert(event: Event, rules: tuple[Rule, ...], origin: LogObject | None, now: datetime | None = None) -> Alert:
    """Make the alert of an event that `rules` (at least one) matched; `now` is the time at which it is told."""
    lag = max((now - event.time).total_seconds(), 0.0) if now and event.time else None
    return Alert(event, rules, origin, max(rule.severity for rule in rules), _fingerprint(event), lag)


def _fingerprint(event: Event) -> str | None:
    identity = [event.text(key) for key in _IDENTITY_KEYS]
    if sum(map(bool, identity)) < _LEAST_IDENTITY:
        return None
    text = json.dumps([*identity, event.name])
    return hashlib.sha256(text.encode()).hexdigest()


def _key(event: Event, rules: tuple[Rule, ...]) -> str:
    """Return the digest of what identifies an event, and of the rules that matched it.

    Copies of an event share their `eventID` "in most cases" (AWS CloudTrail User Guide, "CloudTrail record contents").
    A record without one is identified by all that it holds.
    """
    if event.event_id:
        account = event.text("recipientAccountId") or event.account
        identity: object = [event.event_id, account, event.text("eventTime"), event.name]
    else:
        identity = sorted(event.flat.items())
    text = json.dumps([identity, sorted(rule.name for rule in rules)], default=str)
    return hashlib.sha256(text.encode()).hexdigest()
