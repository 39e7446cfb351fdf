"""Simulated CloudTrail records, and what must become of each. Pure."""

import random
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

ACCOUNTS = ("111122223333", "444455556666", "777788889999")  # the first has no route of its own
REGION = "eu-west-1"
START = datetime(2026, 3, 14, 9, 30, tzinfo=UTC)
RULES = (
    {"id": "deleted", "expression": "event['eventName'].startswith('Delete')"},
    {"id": "trail", "expression": "event['eventName'].startswith('DeleteTrail')", "severity": "critical"},
)
# A rule that raises an error on some events. It matches none.
_LONG = {f"parameter{position}": "value" for position in range(20)}  # which Slack shows in the thread
FRAGILE_RULE = {"id": "fragile", "expression": "int(event.get('requestParameters.count', '0')) > 5"}
# A rule that alerts once for each caller and window in which enough different secrets are read.
COUNTED, COUNTED_MINUTES, COUNTED_LEAST = "ReadSecret", 5, 3
COUNTED_RULE = {
    "id": "counted",
    "expression": f"event['eventName'] == '{COUNTED}'",
    "threshold": {"count": COUNTED_LEAST, "minutes": COUNTED_MINUTES, "by": "userIdentity.principalId",
                  "distinct": "requestParameters.secretId"},
}  # fmt: skip
UNUSABLE_RULES = (
    {"id": "unusable", "expression": "event['eventName' =="},
    {"id": 5, "expression": "event['eventName'] == 'Never'"},
    {"id": "deleted", "expression": "event['eventName'] == 'Never'"},
)
OWN_ROLE = f"arn:aws:iam::{ACCOUNTS[0]}:role/cloudtrail-to-slack"
# Names of events that share their id with another one: an alert about them is identified by its content.
ALTERED, ADDENDUM, FORGED = "DeleteTrailAltered", "DeleteTrailAddendum", "DeleteTrailForged"
MARKS = {ALTERED: "~altered", ADDENDUM: "~addendum"}
_NAMES = ("DeleteTrail", "DeleteBucket", "DeleteFlowLogs")
_OWN_CALLS = (("s3.amazonaws.com", "DeleteBucket"), ("dynamodb.amazonaws.com", "DeleteItem"))
MOST_SIZES = 4  # in which an alert is offered to SNS
KINDS = ("altered", "addendum", "shared", "own role", "raises", "slow", "rejected", "forged")


@dataclass(frozen=True)
class SimulatedEvent:
    """One record and what must become of it: "matched", "ignored", "unmatched" or "failed".

    `event_id` identifies its alert: the event's id, with a mark for a further event of the same id.
    `gathered`: it is reported together with other calls of the function's own role. `raises`: the fragile rule raises
    on it. `counted`: it alerts if it completes a count, so that its outcome depends on what came before. `slow` is how
    many seconds the rules take for it; SNS rejects the `rejected` largest sizes of its alert.
    """

    record: Any
    outcome: str
    event_id: str = ""
    account: str = ""
    time: str = ""
    gathered: bool = False
    raises: bool = False
    slow: float = 0.0
    rejected: int = 0
    counted: bool = False

    @property
    def is_alert(self) -> bool:
        """Whether it must be delivered as an alert of its own."""
        return self.outcome == "matched" and not self.gathered and not self.counted

    @property
    def is_critical(self) -> bool:
        """Whether its alert is critical, by `RULES`."""
        return isinstance(self.record, dict) and str(self.record.get("eventName")).startswith("DeleteTrail")

    @property
    def oddity(self) -> str:
        """What is odd about it; empty for most."""
        odd = {
            "the same id": self.event_id != self.raw_id,
            "own role": self.gathered,
            "rule raises": self.raises,
            "slow": bool(self.slow),
            "rejected by SNS": bool(self.rejected),
            "recorded twice": isinstance(self.record, dict) and "sharedEventID" in self.record,
        }
        return next((name for name, is_so in odd.items() if is_so), "")

    @property
    def raw_id(self) -> str:
        """The event's id itself."""
        return self.event_id.partition("~")[0]


def draw_events(chance: random.Random, seed: int, many: int, kinds: Sequence[str]) -> list[SimulatedEvent]:
    """Draw events, some of them of `kinds`."""
    pool = [draw_event(chance, seed, number) for number in range(many)]
    ordinary = [position for position, event in enumerate(pool) if event.is_alert]
    for kind in kinds:
        if not ordinary:
            break
        position = chance.choice(ordinary)
        pool[position : position + 1] = _of_kind(kind, pool[position], chance)
        ordinary = [number for number, event in enumerate(pool) if _is_ordinary(event)]
    return pool


def draw_event(chance: random.Random, seed: int, number: int) -> SimulatedEvent:
    """Draw one event."""
    outcome = chance.choice(("matched", "matched", "matched", "matched", "ignored", "unmatched"))
    if chance.random() < 0.02:
        return SimulatedEvent(chance.choice((None, 17, "text", [])), "failed")
    account = chance.choice(ACCOUNTS)
    time = (START + timedelta(seconds=chance.randrange(600))).strftime("%Y-%m-%dT%H:%M:%SZ")
    event_id = new_id(chance)
    actor = f"AROA{seed}{chance.choice('AB')}"
    record = {
        "eventVersion": "1.11",
        "userIdentity": {"type": "AssumedRole", "principalId": f"{actor}:alice", "accountId": account,
                         "arn": f"arn:aws:sts::{account}:assumed-role/{actor}/alice"},
        "eventTime": time,
        "eventSource": "s3.amazonaws.com",
        "eventName": "ListBuckets" if outcome == "unmatched" else chance.choice(_NAMES),
        "awsRegion": REGION,
        "sourceIPAddress": "203.0.113.7",
        "userAgent": "aws-cli/2.17.0",
        "errorCode": "Ignored" if outcome == "ignored" else None,
        "requestParameters": {"number": number, **(_LONG if number % 3 == 0 else {})},
        "eventID": event_id,
        "eventType": "AwsApiCall",
        "recipientAccountId": account,
    }  # fmt: skip
    return SimulatedEvent(record, outcome, event_id, account, time)


def new_id(chance: random.Random) -> str:
    """Return a new event's id."""
    return str(uuid.UUID(int=chance.getrandbits(128), version=4))


def draw_counted(chance: random.Random, seed: int, many: int) -> list[SimulatedEvent]:
    """Draw events that a threshold counts: of one or two callers, in one or two windows, some with the same secret."""
    events = []
    for number in range(many):
        event = draw_event(chance, seed, number)
        while not event.is_alert:
            event = draw_event(chance, seed, number)
        parameters = {"secretId": f"secret-{chance.randrange(COUNTED_LEAST + 2)}"}
        record = {**event.record, "eventName": COUNTED, "requestParameters": parameters}
        events.append(replace(event, record=record, counted=True))
    return events


def later_copy(event: SimulatedEvent, chance: random.Random) -> SimulatedEvent:
    """Return the same call, made once more and quickly evaluated, as another event."""
    event_id = new_id(chance)
    return replace(event, record={**event.record, "eventID": event_id}, event_id=event_id, slow=0.0)


def forged_copy(event: SimulatedEvent) -> dict[str, Any]:
    """Return a record that takes an event's id and says something else."""
    return {**event.record, "eventName": FORGED, "requestParameters": {"name": "harmless"}}


def _is_ordinary(event: SimulatedEvent) -> bool:
    plain = not (event.raises or event.slow or event.rejected)
    return event.is_alert and plain and event.event_id == event.raw_id


def _of_kind(kind: str, event: SimulatedEvent, chance: random.Random) -> list[SimulatedEvent]:
    """Return the events that replace `event`."""
    record = event.record
    match kind:
        case "altered":
            return [event, _same_id(event, ALTERED, {"requestParameters": {"name": "altered"}})]
        case "addendum":
            addendum = {"addendum": {"reason": "UPDATED_DATA", "updatedFields": "requestParameters"}}
            return [event, _same_id(event, ADDENDUM, addendum)]
        case "shared":
            shared_id = str(uuid.UUID(int=chance.getrandbits(128), version=5))  # no event's id
            shared = {**record, "sharedEventID": shared_id}
            account = chance.choice(ACCOUNTS)
            other = {**shared, "eventID": new_id(chance), "recipientAccountId": account}
            return [
                replace(event, record=shared),
                replace(event, record=other, event_id=other["eventID"], account=account),
            ]
        case "own role":
            return [_own_call(event, chance)]
        case "raises":
            parameters = {**record["requestParameters"], "count": "many"}
            return [replace(event, record={**record, "requestParameters": parameters}, raises=True)]
        case "slow":
            seconds = chance.choice((0.3, 1.0, 1.9))
            parameters = {**record["requestParameters"], "seconds": seconds}
            return [replace(event, record={**record, "requestParameters": parameters}, slow=seconds)]
        case "rejected":
            return [replace(event, rejected=chance.randint(1, MOST_SIZES))]
    return [event]


def _same_id(event: SimulatedEvent, name: str, fields: dict[str, Any]) -> SimulatedEvent:
    record = {**event.record, "eventName": name, **fields}
    return replace(event, record=record, event_id=f"{event.event_id}{MARKS[name]}")


def _own_call(event: SimulatedEvent, chance: random.Random) -> SimulatedEvent:
    source, name = chance.choice(_OWN_CALLS)
    identity = {
        "type": "AssumedRole",
        "principalId": "AROAOWN:cloudtrail-to-slack",
        "arn": f"arn:aws:sts::{ACCOUNTS[0]}:assumed-role/cloudtrail-to-slack/cloudtrail-to-slack",
        "accountId": ACCOUNTS[0],
    }
    record = {**event.record, "userIdentity": identity, "eventSource": source, "eventName": name}
    return replace(event, record=record, gathered=True)
