"""The state that invocations share: who handles an event, what was done, and how often a trail was started.

    restart#event#<key>     owner, leased_until     who works on the event; when the lease ends another may
                            done                    what was done, for a retry that has only to send the notice
                            completed               the notice is sent: the event is settled
    restart#trail#<arn>     restarts                when the trail was started, and for which events, within the hour
    restart#quiet#<action>#<arn>  event, quiet_until   for which event a notice was sent, and until when for no other

An attacker who can remove the table must not be able to keep logging off: if it cannot be used, everything is granted,
`problem` says why, restarts are not counted, and notices may be repeated.
"""

import json
import math
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cloudtrail_to_slack.auto_restart.outcomes import Outcome, read_outcome
from cloudtrail_to_slack.aws.arns import TrailArn
from cloudtrail_to_slack.clock import Clock
from cloudtrail_to_slack.observability.logging import logger
from cloudtrail_to_slack.state.leases import LONGEST_LEASE_SECONDS, OWNER, Claim, lease_condition, lease_values
from cloudtrail_to_slack.state.table import Answer, Items, StateError, number
from cloudtrail_to_slack.state.trust import (
    CLOCKS_DIFFER_SECONDS,
    is_true,
    latest_time,
    over,
    over_values,
    string,
    whole_number,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

HOUR = 3600
KEPT_SECONDS = 7 * 24 * HOUR  # longer than EventBridge and Lambda retry, and than a dead letter waits
QUIET_SECONDS = 600


@dataclass(frozen=True, slots=True)
class Count:
    """Whether a restart is `granted`, and its number within the hour (0: not counted; refused: how many there were).

    `text` is the trail's new list of restarts; None: it does not change.
    """

    granted: bool
    number: int
    text: str | None = None


class RestartStore:
    """The store as one invocation uses it. None of its methods raises."""

    def __init__(self, dynamodb: "DynamoDBClient", table_name: str, clock: Clock) -> None:
        self._items = Items(dynamodb, table_name, clock)
        self._clock = clock
        self._owner = uuid.uuid4().hex
        self.problem: str | None = None

    def claim(self, key: str) -> tuple[Claim, Outcome | None]:
        """Claim the event `key`, or prolong our own claim; also return the outcome of an earlier attempt."""
        now = self._clock.now()
        answer = self._update(
            f"restart#event#{key}",
            "SET #owner = :owner, leased_until = :lease, expires_at = :expires REMOVE completed",
            lease_condition("leased_until", done="completed = :true"),
            {
                ":lease": number(now + self._clock.lease(LONGEST_LEASE_SECONDS)),
                ":expires": number(now + KEPT_SECONDS),
                ":true": {"BOOL": True},
                **lease_values(now, self._owner, LONGEST_LEASE_SECONDS, KEPT_SECONDS),
            },
        )
        if answer is None:
            return Claim.ACQUIRED, None
        item = answer.attributes if answer.conflict is None else answer.conflict
        expires_at = whole_number(item, "expires_at")
        is_ours = expires_at is not None and now < expires_at <= latest_time(now, KEPT_SECONDS)
        if answer.conflict is not None:
            return (Claim.COMPLETED if is_ours and is_true(item, "completed") else Claim.IN_PROGRESS), None
        return Claim.ACQUIRED, read_outcome(string(item, "done")) if is_ours and "completed" not in item else None

    def note(self, key: str, outcome: Outcome) -> None:
        """Save an outcome, or one that is about to happen."""
        self._set_owned(key, "done", {"S": outcome.dumped()})

    def complete(self, key: str) -> None:
        """Save that the event is settled."""
        self._set_owned(key, "completed", {"BOOL": True})

    def release(self, key: str) -> None:
        """Release the event, so that a retry need not wait until the lease ends."""
        self._set_owned(key, "leased_until", number(0))

    def count(self, trail: TrailArn, key: str, most: int, happened: float | None) -> Count:
        """Count a restart of the trail for the event `key`, unless there were `most` within the hour; see `count`."""
        counted = Count(granted=True, number=0)

        def change(seen: str | None) -> str | None:
            nonlocal counted
            counted = count(seen, key, self._clock.now(), most, happened)
            return counted.text

        return counted if self._change_restarts(trail, change) else Count(granted=True, number=0)

    def forget(self, trail: TrailArn, key: str) -> None:
        """Remove the restart for the event `key` from the count, if possible."""
        self._change_restarts(trail, lambda seen: "[]" if seen is None else without(seen, key))

    def should_notify(self, trail: TrailArn, outcome: Outcome, key: str) -> bool:
        """Return whether to send a notice: not if one about another event with this outcome was sent recently."""
        now, started = self._clock.now(), outcome.last_started or 0
        news = started if started <= now + CLOCKS_DIFFER_SECONDS else 0  # after a start, the same is reported again
        answer = self._update(
            f"restart#quiet#{outcome.action.value}#{trail}",
            "SET event = :event, #owner = :owner, quiet_until = :until, expires_at = :until",
            f"{over('quiet_until')} OR quiet_until < :news OR event = :event",
            {
                ":event": {"S": key},
                ":until": number(now + QUIET_SECONDS),
                ":news": number(news + QUIET_SECONDS),
                **over_values(now, QUIET_SECONDS),
            },
        )
        return answer is None or answer.conflict is None

    def _set_owned(self, key: str, attribute: str, value: Mapping[str, Any]) -> None:
        self._update(f"restart#event#{key}", f"SET {attribute} = :value", "#owner = :owner", {":value": value})

    def _change_restarts(self, trail: TrailArn, change: Callable[[str | None], str | None]) -> bool:
        """Change the trail's list of restarts; False: the table cannot be used."""
        if self.problem is None:
            try:
                expires_at = self._clock.now() + 2 * HOUR
                if not self._items.change(f"restart#trail#{trail}", "restarts", change, expires_at):
                    self._give_up("contended")
            except StateError as error:
                self._give_up(error.code)
        return self.problem is None

    def _update(self, item: str, update: str, condition: str, values: Mapping[str, Any]) -> Answer | None:
        """Make one conditional write; None: the table cannot be used."""
        if self.problem is not None:
            return None
        values = {":owner": {"S": self._owner}, **values}
        try:
            return self._items.update(item, update, condition, values, names=OWNER, returned="ALL_OLD")
        except StateError as error:
            self._give_up(error.code)
            return None

    def _give_up(self, code: str) -> None:
        self.problem = code
        logger.error("the state table cannot be used: restarts are not counted", extra={"code": code})


def count(restarts: str | None, key: str, now: float, most: int, happened: float | None = None) -> Count:
    """Count the restart for the event `key` among a trail's `restarts`; the same event counts once.

    `happened` is when the trail was stopped, None if unknown: the last start answered all stops before it.
    """
    recent = [(known, at) for known, at in _read(restarts) if now - HOUR < at <= now + CLOCKS_DIFFER_SECONDS]
    for position, (known, _) in enumerate(recent, 1):
        if known == key:
            return Count(granted=True, number=position)
    if happened is not None and any(happened <= at for _, at in recent):
        return Count(granted=True, number=0)
    if len(recent) >= most:
        return Count(granted=False, number=len(recent))
    return Count(granted=True, number=len(recent) + 1, text=json.dumps([*recent, (key, int(now))]))


def without(restarts: str | None, key: str) -> str | None:
    """Return the trail's restarts without that for the event `key`; None: it has none."""
    entries = _read(restarts)
    others = [(known, at) for known, at in entries if known != key]
    return json.dumps(others) if len(others) < len(entries) else None


def _read(restarts: str | None) -> list[tuple[str, float]]:
    """Read what `count` wrote; anything else counts as empty, and prevents no restart."""
    try:
        pairs = [(key, at) for key, at in json.loads(restarts or "[]")]
    except (ValueError, TypeError, RecursionError):
        return []
    is_valid = all(isinstance(key, str) and type(at) in (int, float) and math.isfinite(at) for key, at in pairs)
    return pairs if is_valid else []
