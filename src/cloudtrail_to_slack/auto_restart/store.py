"""What invocations must agree on: whose an event is, what was done about it, and how often a trail was started.

Three kinds of items in the state table, each changed by one conditional write at a time:

    restart#event#<key>     owner, leased_until     who works on the event; when the lease ends another may
                            done                    what was done, for a retry that has only to send the notice
                            completed               the notice is sent: the event is settled
    restart#trail#<arn>     restarts                when the trail was started, and for which events, within the hour
    restart#quiet#<did>#<arn>  event, quiet_until   for which event a notice was sent, and until when for no other

A retry or a second copy of an event finds `done` and `completed`, and neither counts nor sends a notice again:

    function A                      restart#event#…                 function B (a copy, or Lambda's retry)
    claim ────────────────────────▶ owner=A, leased_until=…
    count, start logging            ·   ◀────────────────────────── claim refused: A is at it. Steps, asks again.
    note ─────────────────────────▶ done
    notify, complete ─────────────▶ completed                       claim refused: completed. Nothing to do.
    (A could not notify: release)   leased_until=0                  claim granted, with `done`: B has only to notify.

Who can take the table away must not be able to keep logging off with it: where it cannot be used, everything is
granted, `problem` says why, and what is done is neither counted nor reported only once. For the same reason an
item counts as nothing that this code could not have written; see `state.trust`.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cloudtrail_to_slack.auto_restart.limit import HOUR, Count, count, without
from cloudtrail_to_slack.auto_restart.outcomes import Outcome, RestartAction, read_outcome
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

KEPT_SECONDS = 7 * 24 * 3600  # longer than EventBridge and Lambda try, and than a dead letter waits to be sent again
QUIET_SECONDS = 600
_ROUNDS = 10


@dataclass(frozen=True, slots=True)
class Claimed:
    """What became of a claim; `done` is what an earlier attempt did."""

    claim: Claim
    done: Outcome | None = None


class RestartStore:
    """The memory as one invocation uses it. None of its methods raises."""

    def __init__(self, dynamodb: "DynamoDBClient", table_name: str, clock: Clock) -> None:
        self._items = Items(dynamodb, table_name)
        self._clock = clock
        self._owner = uuid.uuid4().hex
        self.problem: str | None = None

    def claim(self, key: str) -> Claimed:
        """Claim the event `key`, or prolong our own claim."""
        now = self._clock.now()
        answer = self._update(
            _event_item(key),
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
            return Claimed(Claim.ACQUIRED)
        if answer.conflict is not None:
            return Claimed(Claim.COMPLETED if self._is_settled(answer.conflict) else Claim.IN_PROGRESS)
        # An item that nothing here has written says nothing of what was done, either.
        before = answer.attributes
        credible = self._is_kept(before) and "completed" not in before
        return Claimed(Claim.ACQUIRED, read_outcome(string(before, "done")) if credible else None)

    def _is_settled(self, item: Mapping[str, Any]) -> bool:
        return is_true(item, "completed") and self._is_kept(item)

    def _is_kept(self, item: Mapping[str, Any]) -> bool:
        """Whether an item expires when one of this code's does."""
        now, expires_at = self._clock.now(), whole_number(item, "expires_at")
        return expires_at is not None and now < expires_at <= latest_time(now, KEPT_SECONDS)

    def note(self, key: str, outcome: Outcome) -> None:
        """Remember what was done, or is about to be."""
        self._update(_event_item(key), "SET done = :done", "#owner = :owner", {":done": {"S": outcome.dumped()}})

    def complete(self, key: str) -> None:
        """Remember that the event is settled."""
        self._update(_event_item(key), "SET completed = :true", "#owner = :owner", {":true": {"BOOL": True}})

    def release(self, key: str) -> None:
        """Give the event up, so that a retry need not wait until the lease ends."""
        self._update(_event_item(key), "SET leased_until = :none", "#owner = :owner", {":none": number(0)})

    def count(self, trail: TrailArn, key: str, most: int, happened: float | None) -> Count:
        """Count a restart of the trail for the event `key`, unless there were `most` within the hour.

        `happened` is when the trail was stopped (seconds since 1970).
        """
        seen: str | None = None  # what we take the item to hold; a refused write shows it
        for _ in range(_ROUNDS):
            counted = count(seen, key, self._clock.now(), most, happened)
            if counted.text is None:
                return counted
            answer = self._remember(trail, seen, counted.text)
            if answer is None:
                break
            if answer.conflict is None:
                return counted
            seen = string(answer.conflict, "restarts")
        else:
            self._give_up("contended")
        return Count(granted=True, number=0)

    def forget(self, trail: TrailArn, key: str) -> None:
        """Take the restart for the event `key` out of the count again, as well as it goes."""
        seen = ""  # no item holds this: the refused write shows what it does hold
        for _ in range(_ROUNDS):
            answer = self._remember(trail, seen, without(seen, key) or "")
            if answer is None or answer.conflict is None:
                return
            seen = string(answer.conflict, "restarts") or ""
            if without(seen, key) is None:
                return

    def should_notify(self, trail: TrailArn, outcome: Outcome, key: str) -> bool:
        """Return whether to send a notice of the outcome for the event `key`; a while later, one for another event is.

        A trail that was started since then is news again.
        """
        now = self._clock.now()
        started = outcome.last_started or 0
        news = started if started <= now + CLOCKS_DIFFER_SECONDS else 0
        answer = self._update(
            _quiet_item(trail, outcome.did),
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

    def _remember(self, trail: TrailArn, seen: str | None, text: str) -> Answer | None:
        """Write when the trail was started, if its item still holds what was `seen`, or nothing where that is None."""
        return self._update(
            f"restart#trail#{trail}",
            "SET restarts = :restarts, #owner = :owner, expires_at = :expires",
            "restarts = :seen" if seen is not None else "NOT attribute_type(restarts, :string)",
            {
                ":restarts": {"S": text},
                ":expires": number(self._clock.now() + 2 * HOUR),
                **({":string": {"S": "S"}} if seen is None else {":seen": {"S": seen}}),
            },
        )

    def _update(self, item: str, update: str, condition: str, values: Mapping[str, Any]) -> Answer | None:
        """Make one conditional write; None when the table cannot be used, now or any more."""
        if self.problem is not None:
            return None
        try:
            return self._items.update(
                item,
                update,
                condition,
                {":owner": {"S": self._owner}, **values},
                names=OWNER,
                returned="ALL_OLD",
            )
        except StateError as error:
            self._give_up(error.code)
            return None

    def _give_up(self, code: str) -> None:
        self.problem = code
        logger.error("the state table cannot be used: restarts are not counted", extra={"code": code})


def _event_item(key: str) -> str:
    return f"restart#event#{key}"


def _quiet_item(trail: TrailArn, did: RestartAction) -> str:
    return f"restart#quiet#{did.value}#{trail}"
