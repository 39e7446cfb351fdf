"""Histories: the deployment, the events, the notifications that announce them, and the faults to inject."""

import json
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from simulation.events import (
    ACCOUNTS,
    KINDS,
    REGION,
    SimulatedEvent,
    draw_counted,
    draw_events,
    forged_copy,
    later_copy,
)
from simulation.fault_injection import InjectedFault, draw_fault, draw_faults
from simulation.log_files import BUCKET, LogFile, key_of, log_file_of, plain_log_file
from simulation.planted_items import PlantedItem, draw_planted_items
from support.app_environment import s3_event, sns_envelope, sns_event

TOPICS = tuple(f"arn:aws:sns:{REGION}:123456789012:{name}" for name in ("default", "routed"))
LATER_SECONDS = 7_200.0  # when all that waits for its hour is due
_FLOODS, _SMALL_FLOODS = 0.0005, 0.005
_KIND_CHANCE = 0.05
_BATCHES = 0.1
_COUNTS = 0.12  # that have events which a threshold counts
_FEW_FILES = 7  # at most, besides those of a batch
_MANY = 25  # records that are slow
# Who sends SQS messages: a service of AWS, for itself, or a role's session.
_SERVICE, _CALLER = "AIDAIT2UOQQY3AUEKVGXU", "AROAEXAMPLEROLEID000:mallory"


@dataclass(frozen=True)
class Deployment:
    """What is deployed: `slack` is "slack_app", "slack_webhook" or "" for none; places by account, first the default.

    Without `deduplicates` the state table is not used. `unusable`: some of the rules cannot be used. `fragile` is the
    severity of the rule that raises errors, empty for none. `counts`: a rule has a threshold. `rotates` is when Slack
    accepts only a new token, and for how many seconds the secret is older than that.
    """

    slack: str
    channels: tuple[str, ...]
    sns: bool
    message_limit: int
    timeout: float
    deduplicates: bool = True
    unusable: bool = False
    fragile: str = ""
    counts: bool = False
    rotates: tuple[float, float] | None = None

    def channel(self, account: str) -> str:
        """Return the channel that an account's alerts are routed to."""
        return self.channels[min(ACCOUNTS.index(account), len(self.channels) - 1)]

    def topic(self, account: str) -> str:
        """Return the topic that an account's alerts are routed to."""
        return TOPICS[1] if account == ACCOUNTS[1] else TOPICS[0]

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of destinations, as the state table names them."""
        return (*([self.slack] if self.slack else []), *(["sns"] if self.sns else []))


@dataclass(frozen=True)
class Notification:
    """A notification: its payload, what it announces, when it first arrives; `queued`: by SQS, from `sender`.

    `forged`: it is from a caller who may publish or send, and must be rejected.
    """

    number: int
    payload: Any
    comes: float
    queued: bool = False
    files: tuple[LogFile, ...] = ()
    single: SimulatedEvent | None = None
    forged: bool = False

    @property
    def events(self) -> tuple[SimulatedEvent, ...]:
        """The events it announces, as far as they can be read."""
        found = tuple(event for file in self.files for event in file.events)
        return (*found, self.single) if self.single else found

    @property
    def must_fail(self) -> bool:
        """Whether it can never succeed."""
        return self.forged or any(file.is_damaged for file in self.files)

    @property
    def is_slow(self) -> bool:
        """Whether rules take long for something of it."""
        return any(file.is_slow for file in self.files) or bool(self.single and self.single.slow)

    @property
    def sender(self) -> str:
        """Who sent its SQS message."""
        return _CALLER if self.forged else _SERVICE


@dataclass
class History:
    """All of one seed.

    `kills` is how likely an invocation is killed, `deaths` the step (two to each request) at which one surely is.
    `versions` are the versions of log files, by key, as S3 gave them. `pool` are all events.
    """

    seed: int
    chance: random.Random
    deployment: Deployment
    pool: list[SimulatedEvent] = field(default_factory=list)
    files: list[LogFile] = field(default_factory=list)
    notifications: list[Notification] = field(default_factory=list)
    faults: list[InjectedFault] = field(default_factory=list)
    planted: list[PlantedItem] = field(default_factory=list)
    kills: float = 0.0
    deaths: dict[int, int] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)

    @cached_property
    def events(self) -> dict[str, SimulatedEvent]:
        """Everything that may be reported, by its id."""
        notified = [event for notification in self.notifications for event in notification.events]
        return {event.event_id: event for event in (*self.pool, *notified) if event.event_id}

    @cached_property
    def counted(self) -> dict[str, SimulatedEvent]:
        """Every event that a threshold counts, and that may be delivered as the alert of its window, by its id."""
        return {event_id: event for event_id, event in self.events.items() if event.counted}

    @cached_property
    def alerts(self) -> dict[str, SimulatedEvent]:
        """Every event that may be delivered as an alert of its own, by its id."""
        return {event_id: event for event_id, event in self.events.items() if event.is_alert}

    @property
    def needs_fresh_table(self) -> bool:
        """Whether it has notices about the function itself, which are the same in all histories where SNS gets them."""
        return self.deployment.unusable or any(each.gathered or each.raises for each in self.pool)

    @property
    def oddities(self) -> Counter[str]:
        """What is odd about it besides the faults, counted by kind."""
        return Counter(
            [
                *(f"log file: {file.form}" for file in self.files if file.form),
                *(["many log files at once"] if len(self.files) > _FEW_FILES else []),
                *(f"event: {event.oddity}" for event in self.pool if event.oddity),
                *(f"planted: {each.form}" for each in self.planted),
                *("forged" for each in self.notifications if each.forged),
                *(["unusable rules"] if self.deployment.unusable else []),
                *(["token rotated"] if self.deployment.rotates else []),
                *(["threshold"] if self.deployment.counts else []),
            ]
        )

    @property
    def is_calm(self) -> bool:
        """Whether nothing goes wrong with the services or the process."""
        return not (self.faults or self.kills or self.deaths or self.deployment.rotates)

    def place(self, kind: str, event_id: str) -> str:
        """Return where an alert is routed to, of a kind of destination."""
        routed = self.deployment.topic if kind == "sns" else self.deployment.channel
        return routed(self.alerts[event_id].account)

    def payload(self, notification: Notification) -> Any:
        """Return a notification's payload, with the versions that S3 gave."""
        if not any(file.names_version for file in notification.files):
            return notification.payload
        text = json.dumps(notification.payload)
        for key, version in self.versions.items():
            text = text.replace(_version_of(key), version)
        return json.loads(text)


def history_of(seed: int, *, deduplicates: bool = True) -> History:
    """Return the history of a seed, the same each time."""
    chance = random.Random(seed)  # noqa: S311 (histories must be had again)
    kinds = [kind for kind in KINDS if chance.random() < _KIND_CHANCE]
    history = History(seed, chance, _deployment(chance, seed, kinds, deduplicates=deduplicates))
    history.pool = draw_events(chance, seed, _how_many(chance), kinds)
    queued = chance.random() < (0.6 if "slow" in kinds else 0.3)
    for _ in range(chance.choice((1, 1, 2, 2, 3))):
        _notify(history, queued=queued)
    if "forged" in kinds:
        _forge(history, queued=queued)
    services = ["s3", "dynamodb", "dynamodb", *(["slack"] * 4 if history.deployment.slack else [])]
    services += ["sns", "sns"] if history.deployment.sns else []
    history.faults = draw_faults(chance, list(history.deployment.channels), services)
    _notify_of_batch(history)
    _notify_of_counted(history)
    history.kills = chance.choice((0.0, 0.0, 0.0, 0.3, 0.7))
    history.planted = draw_planted_items(chance, history.pool, history.deployment.kinds)
    _notify_later(history)
    return history


def _deployment(chance: random.Random, seed: int, kinds: Sequence[str], *, deduplicates: bool) -> Deployment:
    slack = chance.choice(("slack_app", "slack_app", "slack_app", "slack_webhook", "slack_webhook", ""))
    rotates = (chance.choice((0.0, chance.uniform(0, 3))), chance.choice((0.0, 0.0, chance.uniform(0, 90))))
    return Deployment(
        slack=slack,
        channels=tuple(f"C{seed}X{number}" for number in range(chance.choice((1, 2, 3)))) if slack else (),
        sns=not slack or chance.random() < 0.25,
        message_limit=chance.choice((1, 2, 3, 3, 4, 5)),
        timeout=chance.choice((6.0, 30.0, 30.0, 30.0, 60.0, 300.0)),
        deduplicates=deduplicates,
        unusable=chance.random() < _KIND_CHANCE,
        fragile=chance.choice(("medium", "critical")) if "raises" in kinds else "",
        rotates=rotates if slack == "slack_app" and chance.random() < _KIND_CHANCE else None,
    )


def _how_many(chance: random.Random) -> int:
    # A flood's summary takes several messages, and long to run.
    lot = chance.random()
    if lot < _FLOODS + _SMALL_FLOODS:
        return 450 if lot < _FLOODS else 40
    return chance.choice((1, 2, 2, 3, 3, 4, 5, 6, 8, 12))


def _notify(history: History, *, queued: bool) -> None:
    """Add a notification of some of the pool, now and then repeated."""
    chance = history.chance
    comes = chance.choice((0.0, 0.0, chance.uniform(0, 2), chance.uniform(0, 200)))
    singles = [event for event in history.pool if event.outcome != "failed" and not event.gathered]
    files: tuple[LogFile, ...] = ()
    single = chance.choice(singles) if singles and chance.random() < 0.2 else None
    if single:
        payload = _by_eventbridge(single.record)
    else:
        files = _log_files(history)
        payload = _wrapped(chance, files, queued=queued)
    again = chance.choice((0, 0, 0, 1, 2))
    for _ in range(1 + again):
        history.notifications.append(Notification(len(history.notifications), payload, comes, queued, files, single))
        comes += chance.choice((0.0, 0.05, chance.uniform(0, 3), chance.uniform(0, 200)))


def _notify_of_batch(history: History) -> None:
    """Now and then, let many small log files come at once, and S3 be slow or fail on some of them."""
    chance = random.Random(f"batch {history.seed}")  # noqa: S311 (of its own, so that the rest stays the same)
    if chance.random() >= _BATCHES:
        return
    queued, comes = chance.random() < 0.7, chance.choice((0.0, chance.uniform(0, 30)))
    first, most = len(history.files), min(3, len(history.pool))
    files = [
        log_file_of(chance, history.seed, number, chance.sample(history.pool, chance.randint(1, most)))
        for number in range(first, first + chance.randint(3, 12))
    ]
    history.files += files
    for some in [(file,) for file in files] if queued else [tuple(files)]:
        payload = _wrapped(chance, some, queued=queued)
        history.notifications.append(Notification(len(history.notifications), payload, comes, queued, some))
    for _ in range(chance.choice((0, 1, 1, 2, 3))):
        history.faults.append(draw_fault(chance, [], "s3"))


def _notify_of_counted(history: History) -> None:
    """Now and then, let some log files and single events bring what a threshold counts, some of it more than once."""
    chance = random.Random(f"threshold {history.seed}")  # noqa: S311 (of its own, so that the rest stays the same)
    if chance.random() >= _COUNTS:
        return
    history.deployment = replace(history.deployment, counts=True)
    queued = chance.random() < 0.3
    events = draw_counted(chance, history.seed, chance.choice((2, 3, 4, 5, 8, 12)))
    for _ in range(chance.choice((1, 2, 2, 3, 4))):
        some = chance.sample(events, chance.randint(1, len(events)))
        comes, again = chance.choice((0.0, 0.0, chance.uniform(0, 3), chance.uniform(0, 200))), chance.choice((0, 0, 1))
        files: tuple[LogFile, ...] = ()
        single = some[0] if chance.random() < 0.2 else None
        if single:
            payload = _by_eventbridge(single.record)
        else:
            files = (plain_log_file(key_of(history.seed, len(history.files)), some),)
            history.files += files
            payload = _wrapped(chance, files, queued=queued)
        for _ in range(1 + again):
            history.notifications.append(
                Notification(len(history.notifications), payload, comes, queued, files, single)
            )
            comes += chance.choice((0.0, 0.05, chance.uniform(0, 3)))


def _forge(history: History, *, queued: bool) -> None:
    """Let a caller publish or send an invented event that has a real one's id, or a copy of a real event."""
    chance = history.chance
    real = chance.choice([event for event in history.pool if event.outcome != "failed"] or [None])
    if real is None:
        return
    payload: Any = _by_eventbridge(chance.choice((forged_copy(real), real.record)))
    if not queued or chance.random() < 0.5:
        payload = sns_envelope(payload) if queued else sns_event(payload)
    comes = chance.choice((0.0, 0.0, chance.uniform(0, 2)))
    history.notifications.append(Notification(len(history.notifications), payload, comes, queued, forged=True))


def _notify_later(history: History) -> None:
    """Repeat what is reported at most once an hour, when all of it is due."""
    again: dict[tuple[str, str], SimulatedEvent] = {}
    for event in history.pool:
        if event.gathered:
            again[event.account, str(event.record["eventName"])] = event
        elif event.raises:
            again["", "raises"] = event
    if again:
        later = [later_copy(event, history.chance) for event in again.values()]
        file = plain_log_file(key_of(history.seed, len(history.files)), later)
        history.files.append(file)
        payload = s3_event(file.key, bucket=BUCKET)
        history.notifications.append(Notification(len(history.notifications), payload, LATER_SECONDS, files=(file,)))


def _log_files(history: History) -> tuple[LogFile, ...]:
    """Put some of the pool into one or two log files, some of it twice."""
    chance, pool = history.chance, history.pool
    files: list[LogFile] = []
    for _ in range(chance.choice((1, 1, 1, 2))):
        some = chance.sample(pool, chance.randint(1, len(pool)))
        some += chance.choices(some, k=chance.choice((0, 0, 1, 2)))
        some += [event for event in some if event.slow] * chance.choice((0, 1, _MANY))
        file = log_file_of(chance, history.seed, len(history.files), some)
        history.files.append(file)
        files.append(file)
    return tuple(files)


def _by_eventbridge(record: Any) -> dict[str, Any]:
    return {"source": "aws.s3", "detail-type": "AWS API Call via CloudTrail", "detail": record}


def _version_of(key: str) -> str:
    """Return the placeholder in a payload of a version that is not known yet."""
    return f"version-of-{key.rpartition('/')[2]}"


def _wrapped(chance: random.Random, files: Sequence[LogFile], *, queued: bool) -> Any:
    """Return a payload that announces log files of one bucket in any way there is; of two buckets as S3 does."""
    keys, buckets = [file.key for file in files], {file.bucket for file in files}
    by_s3: dict[str, Any] = {
        "Records": [record for file in files for record in s3_event(file.key, bucket=file.bucket)["Records"]]
    }
    versions = any(file.names_version for file in files)
    exact = versions or chance.random() < 0.3
    for file, record in zip(files, by_s3["Records"], strict=True):
        if exact:
            record["s3"]["object"] |= {"eTag": file.etag, "size": len(file.content)}
        if file.form == "overwritten version":
            record["s3"]["object"]["versionId"] = _version_of(file.key)
    if queued:
        return chance.choice((by_s3, sns_envelope(by_s3)))
    way = 0 if versions or len(buckets) > 1 else chance.randrange(3 if len(keys) == 1 else 2)
    if way == 0:
        return by_s3
    if way == 1:
        return sns_event({"s3Bucket": files[0].bucket, "s3ObjectKey": keys})
    detail = {"bucket": {"name": files[0].bucket}, "object": {"key": keys[0]}}
    return {"source": "aws.s3", "detail-type": "Object Created", "region": REGION, "detail": detail}
