"""Log files as they may be found in the bucket: whole in odd forms, damaged, too large, or overwritten. Pure."""

import gzip
import hashlib
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass

from simulation.events import ACCOUNTS, REGION, START, SimulatedEvent

BUCKET = "trail-bucket"
VERSIONED_BUCKET = "trail-bucket-with-versions"
_WHOLE = ("two documents", "two members", "not compressed", "odd prefix", "overwritten version")
_DAMAGED = ("text after the end", "brace too many", "record that is not JSON", "no trailer", "truncated",
            "too much else", "overwritten")  # fmt: skip
_ODD_PREFIXES = ("AWSLogs/999988887777/Config/", "AWSLogs/999988887777/CloudTrail-Digest/", "o-abcdefghij/")
_ODD = 0.12
_TOO_MUCH = 1_200_000  # characters besides Records


@dataclass(frozen=True)
class LogFile:
    """A log file: what it holds, and what can be read of it.

    `events` are those before the fault. `form` is how it is odd. `newer` is what overwrites it before it is read.
    `is_slow`: rules may take long for something in it.
    """

    bucket: str
    key: str
    content: bytes
    events: tuple[SimulatedEvent, ...]
    form: str = ""
    newer: bytes | None = None
    is_slow: bool = False

    @property
    def url(self) -> str:
        """Where it is."""
        return f"s3://{self.bucket}/{self.key}"

    @property
    def etag(self) -> str:
        """The ETag that the notification names."""
        return hashlib.md5(self.content, usedforsecurity=False).hexdigest()

    @property
    def is_damaged(self) -> bool:
        """Whether something of it can never be read, so that it must fail."""
        return self.form in _DAMAGED or any(event.outcome == "failed" for event in self.events)

    @property
    def names_version(self) -> bool:
        """Whether its notification must say which version it is about."""
        return self.newer is not None


def log_file_of(chance: random.Random, seed: int, number: int, events: Sequence[SimulatedEvent]) -> LogFile:
    """Put events into a log file, now and then into an odd one."""
    form = ""
    if chance.random() < _ODD:
        form = chance.choice((*_WHOLE, *_DAMAGED))
    prefix = chance.choice(_ODD_PREFIXES) if form == "odd prefix" else ""
    bucket = VERSIONED_BUCKET if form == "overwritten version" else BUCKET
    newer = pack(_document([])) if form in ("overwritten", "overwritten version") else None
    content, read = _content(form, chance, list(events))
    slow = any(event.slow for event in events)
    return LogFile(bucket, prefix + key_of(seed, number), content, tuple(read), form, newer, slow)


def key_of(seed: int, number: int) -> str:
    """Return the key that CloudTrail gives a log file."""
    name = f"{ACCOUNTS[0]}_CloudTrail_{REGION}_{START:%Y%m%dT%H%M}Z_{seed}x{number}.json.gz"
    return f"AWSLogs/{ACCOUNTS[0]}/CloudTrail/{REGION}/2026/03/14/{name}"


def pack(text: str) -> bytes:
    """Compress a text, the same each time."""
    return gzip.compress(text.encode(), 1, mtime=0)


def plain_log_file(key: str, events: Sequence[SimulatedEvent]) -> LogFile:
    """Return a log file as CloudTrail writes it."""
    slow = any(event.slow for event in events)
    return LogFile(BUCKET, key, pack(_document(_texts(events))), tuple(events), is_slow=slow)


def _content(form: str, chance: random.Random, some: list[SimulatedEvent]) -> tuple[bytes, list[SimulatedEvent]]:
    """Return what a log file of this form holds, and what of it can be read."""
    records = _texts(some)
    middle = chance.randint(0, len(records))
    if form in _DAMAGED:
        return _damaged(form, chance, records, some)
    halves = _document(records[:middle]), _document(records[middle:])
    match form:
        case "two documents":
            return pack(chance.choice(("", "\n")).join(halves)), some
        case "two members":
            return pack(halves[0]) + pack(halves[1]), some
        case "not compressed":
            return _document(records).encode(), some
    return pack(_document(records)), some


def _damaged(
    form: str, chance: random.Random, records: list[str], some: list[SimulatedEvent]
) -> tuple[bytes, list[SimulatedEvent]]:
    """Return what a damaged log file holds, and what comes before the damage."""
    match form:
        case "text after the end":
            return pack(_document(records) + chance.choice(("x", ",", "}", "null", '{"a":'))), some
        case "brace too many":
            at = chance.randrange(len(records))
            records[at] += "}"
            return pack(_document(records)), some[: at + 1]
        case "record that is not JSON":
            records.insert(chance.randint(0, len(records)), '{"eventName": DeleteTrail}')
            return pack(_document(records)), [*some, SimulatedEvent(None, "failed")]
        case "no trailer":
            return pack(_document(records))[:-8], some
        case "truncated":
            whole = pack(_document(records))
            return whole[: chance.randrange(1, len(whole) - 10)], []
        case "too much else":
            return pack(_document(records)[:-1] + f', "more": "{"a" * _TOO_MUCH}"}}'), some
    return pack(_document(records)), []  # overwritten


def _texts(events: Sequence[SimulatedEvent]) -> list[str]:
    return [json.dumps(event.record) for event in events]


def _document(records: Sequence[str]) -> str:
    return '{"Records": [' + ", ".join(records) + "]}"
