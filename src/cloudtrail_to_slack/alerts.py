"""From an event and its verdict to an alert: what is to be told. Pure."""

import hashlib
import json
from dataclasses import dataclass

from cloudtrail_to_slack.events import Event
from cloudtrail_to_slack.notifications import LogObject
from cloudtrail_to_slack.rules import Rule, Severity

_IDENTITY_KEYS = ("userIdentity.type", "userIdentity.principalId", "userIdentity.arn", "userIdentity.accountId")
_LEAST_IDENTITY = 2  # with three of the four missing nobody can tell two actors apart


@dataclass(frozen=True, slots=True)
class Alert:
    """An event that rules matched. `origin` is its log object, None for an event that EventBridge brought.

    `fingerprint` (64 hexadecimal digits) is what similar alerts share; None: this one is like no other.
    """

    event: Event
    rules: tuple[Rule, ...]
    origin: LogObject | None
    severity: Severity
    fingerprint: str | None

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


def make_alert(event: Event, rules: tuple[Rule, ...], origin: LogObject | None) -> Alert:
    """Make the alert of an event that `rules` (at least one) matched."""
    return Alert(event, rules, origin, max(rule.severity for rule in rules), _fingerprint(event))


def _fingerprint(event: Event) -> str | None:
    identity = [event.text(key) for key in _IDENTITY_KEYS]
    if sum(map(bool, identity)) < _LEAST_IDENTITY:
        return None
    text = json.dumps([*identity, event.name])
    return hashlib.sha256(text.encode()).hexdigest()
