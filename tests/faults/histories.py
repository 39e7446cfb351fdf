"""Histories: what is deployed, what happened in the accounts, how it is announced, and what goes wrong meanwhile."""

import gzip
import json
import random
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from faults.troubles import Trouble, some_troubles
from support.world import s3_event, sns_envelope, sns_event

ACCOUNTS = ("111122223333", "444455556666", "777788889999")  # the first has no route of its own
BUCKET = "trail-bucket"
REGION = "eu-west-1"
TOPICS = tuple(f"arn:aws:sns:{REGION}:123456789012:{name}" for name in ("default", "routed"))
START = datetime(2026, 3, 14, 9, 30, tzinfo=UTC)
RULES = (
    {"id": "deleted", "expression": "event['eventName'].startswith('Delete')"},
    {"id": "trail", "expression": "event['eventName'] == 'DeleteTrail'", "severity": "critical"},
)
_FLOODS = 0.0005
_NAMES = ("DeleteTrail", "DeleteBucket", "DeleteFlowLogs")


@dataclass(frozen=True)
class Deployment:
    """What is deployed: `slack` is "slack_app", "slack_webhook" or "" for none; places by account, first the default.

    `promises_once`: off, the ledger is not used.
    """

    slack: str
    channels: tuple[str, ...]
    sns: bool
    budget: int
    timeout: float
    promises_once: bool = True

    def channel(self, account: str) -> str:
        """Return the channel that an account's alerts are routed to."""
        return self.channels[min(ACCOUNTS.index(account), len(self.channels) - 1)]

    def topic(self, account: str) -> str:
        """Return the topic that an account's alerts are routed to."""
        return TOPICS[1] if account == ACCOUNTS[1] else TOPICS[0]

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of destinations, as the ledger names them."""
        return (*([self.slack] if self.slack else []), *(["sns"] if self.sns else []))


@dataclass(frozen=True)
class Happening:
    """One record and what must become of it: "matched", "ignored", "unmatched" or "failed"."""

    record: Any
    outcome: str
    event_id: str = ""
    account: str = ""
    time: str = ""

    @property
    def is_critical(self) -> bool:
        """Whether its alert is critical, by `RULES`."""
        return isinstance(self.record, dict) and self.record.get("eventName") == "DeleteTrail"


@dataclass(frozen=True)
class Announcement:
    """A notification: what it says, what it stands for, when it comes first; `queued`: by SQS."""

    number: int
    payload: Any
    happenings: tuple[Happening, ...]
    comes: float
    queued: bool

    @property
    def text(self) -> str:
        """The body of its SQS message."""
        return json.dumps(self.payload)


@dataclass
class History:
    """All of one seed.

    `kills` is how likely an invocation is killed, `deaths` the step (two to each request) at which one surely is.
    """

    seed: int
    chance: random.Random
    deployment: Deployment
    objects: dict[str, bytes] = field(default_factory=dict)
    announcements: list[Announcement] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)
    kills: float = 0.0
    deaths: dict[int, int] = field(default_factory=dict)

    @cached_property
    def alerts(self) -> dict[str, Happening]:
        """Every event that must be told, by its id."""
        return {
            happening.event_id: happening
            for announcement in self.announcements
            for happening in announcement.happenings
            if happening.outcome == "matched"
        }

    def place(self, kind: str, event_id: str) -> str:
        """Return where an alert is routed to, of a kind of destination."""
        routed = self.deployment.topic if kind == "sns" else self.deployment.channel
        return routed(self.alerts[event_id].account)


def history_of(seed: int, *, promises_once: bool = True) -> History:
    """Return the history of a seed, the same each time."""
    chance = random.Random(seed)  # noqa: S311 (histories must be had again)
    history = History(seed, chance, _deployment(chance, seed, promises_once=promises_once))
    pool = [happening_of(chance, seed, number) for number in range(_how_many(chance))]
    queued = chance.random() < 0.3
    for _ in range(chance.choice((1, 1, 2, 2, 3))):
        _announce(history, pool, queued=queued)
    services = ["s3", "dynamodb", "dynamodb", *(["slack"] * 4 if history.deployment.slack else [])]
    services += ["sns", "sns"] if history.deployment.sns else []
    history.troubles = some_troubles(chance, list(history.deployment.channels), services)
    history.kills = chance.choice((0.0, 0.0, 0.0, 0.3, 0.7))
    return history


def _deployment(chance: random.Random, seed: int, *, promises_once: bool) -> Deployment:
    slack = chance.choice(("slack_app", "slack_app", "slack_app", "slack_webhook", "slack_webhook", ""))
    return Deployment(
        slack=slack,
        channels=tuple(f"C{seed}X{number}" for number in range(chance.choice((1, 2, 3)))) if slack else (),
        sns=not slack or chance.random() < 0.25,
        budget=chance.choice((1, 2, 3, 3, 4, 5)),
        timeout=chance.choice((6.0, 30.0, 30.0, 30.0, 60.0, 300.0)),
        promises_once=promises_once,
    )


def _how_many(chance: random.Random) -> int:
    # A flood's summary takes several messages, and long to play.
    return 450 if chance.random() < _FLOODS else chance.choice((1, 2, 2, 3, 3, 4, 5, 6, 8, 12))


def happening_of(chance: random.Random, seed: int, number: int) -> Happening:
    """Let something happen in an account."""
    outcome = chance.choice(("matched", "matched", "matched", "matched", "ignored", "unmatched"))
    if chance.random() < 0.02:
        return Happening(chance.choice((None, 17, "text", [])), "failed")
    account = chance.choice(ACCOUNTS)
    time = (START + timedelta(seconds=chance.randrange(600))).strftime("%Y-%m-%dT%H:%M:%SZ")
    event_id = str(uuid.UUID(int=chance.getrandbits(128), version=4))
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
        "requestParameters": {"number": number},
        "eventID": event_id,
        "eventType": "AwsApiCall",
        "recipientAccountId": account,
    }  # fmt: skip
    return Happening(record, outcome, event_id, account, time)


def _announce(history: History, pool: list[Happening], *, queued: bool) -> None:
    """Announce some of what happened, and now and then the same once more."""
    chance = history.chance
    comes = chance.choice((0.0, 0.0, chance.uniform(0, 2), chance.uniform(0, 200)))
    single = [happening for happening in pool if happening.outcome != "failed"]
    if single and not queued and chance.random() < 0.2:
        happening = chance.choice(single)
        payload: Any = {"source": "aws.s3", "detail-type": "AWS API Call via CloudTrail", "detail": happening.record}
        told: tuple[Happening, ...] = (happening,)
    else:
        told, keys = _log_objects(history, pool)
        payload = _wrapped(chance, keys, queued=queued)
    again = chance.choice((0, 0, 0, 1, 2))
    for _ in range(1 + again):
        history.announcements.append(Announcement(len(history.announcements), payload, told, comes, queued))
        comes += chance.choice((0.0, 0.05, chance.uniform(0, 3), chance.uniform(0, 200)))


def _log_objects(history: History, pool: list[Happening]) -> tuple[tuple[Happening, ...], list[str]]:
    """Put some of the pool into one or two log objects, some of it twice; return it and their keys."""
    chance = history.chance
    told: list[Happening] = []
    keys: list[str] = []
    for _ in range(chance.choice((1, 1, 1, 2))):
        some = chance.sample(pool, chance.randint(1, len(pool)))
        some += chance.choices(some, k=chance.choice((0, 0, 1, 2)))
        name = f"{ACCOUNTS[0]}_CloudTrail_{REGION}_{START:%Y%m%dT%H%M}Z_{history.seed}x{len(history.objects)}.json.gz"
        key = f"AWSLogs/{ACCOUNTS[0]}/CloudTrail/{REGION}/2026/03/14/{name}"
        records = [happening.record for happening in some]
        history.objects[key] = gzip.compress(json.dumps({"Records": records}).encode(), 1)
        told += some
        keys.append(key)
    return tuple(told), keys


def _wrapped(chance: random.Random, keys: list[str], *, queued: bool) -> Any:
    """Announce log objects in one of the ways there are."""
    if queued:
        return chance.choice((s3_event(*keys, bucket=BUCKET), sns_envelope(s3_event(*keys, bucket=BUCKET))))
    way = chance.randrange(3 if len(keys) == 1 else 2)
    if way == 0:
        return s3_event(*keys, bucket=BUCKET)
    if way == 1:
        return sns_event({"s3Bucket": BUCKET, "s3ObjectKey": keys})
    detail = {"bucket": {"name": BUCKET}, "object": {"key": keys[0]}}
    return {"source": "aws.s3", "detail-type": "Object Created", "region": REGION, "detail": detail}
