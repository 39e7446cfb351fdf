"""The ways of doing it that are compared: ours, the straightforward one, and the floor."""

import gzip
import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from cloudtrail_to_slack.alerts.alert import AlertFactory, PendingAlert
from cloudtrail_to_slack.alerts.notice import Notice
from cloudtrail_to_slack.alerts.own_role import OwnRoles
from cloudtrail_to_slack.clock import invocation_clock
from cloudtrail_to_slack.config.loader import Config
from cloudtrail_to_slack.evaluation.prefilter import Prefilter
from cloudtrail_to_slack.ingest.log_files import read_stream
from cloudtrail_to_slack.ingest.payloads import LogFile, MessageIds, Notification
from cloudtrail_to_slack.pipeline import Pipeline
from cloudtrail_to_slack.rules import Rule
from cloudtrail_to_slack.rules.thresholds import MemoryCounts, ThresholdCounter

if TYPE_CHECKING:
    from cloudtrail_to_slack.delivery.results import Undelivered

_OBJECT = LogFile("trail-bucket", "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/14/x.json.gz")


class _S3:
    """An S3 that has one object, in memory."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def get_object(self, **_: str) -> dict[str, Any]:
        """Return the object."""
        return {"Body": io.BytesIO(self._content)}


class NoDelivery:
    """A delivery that makes every alert and sends nothing."""

    def __init__(self) -> None:
        self.failures: list[tuple[MessageIds, Undelivered]] = []

    def deliver(self, alerts: Iterable[tuple[PendingAlert, AlertFactory, MessageIds]]) -> None:
        """Make the alerts."""
        for _, make, _ in alerts:
            make()

    def notify(self, notices: Iterable[tuple[Notice, MessageIds]]) -> None:
        """Do nothing."""

    def finish(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""


def path(content: bytes, prefilter: Prefilter) -> int:
    """Our way, from the gzipped object to evaluations and alerts; returns how many matched."""
    pipeline = Pipeline(
        Config(),
        prefilter,
        lambda _seconds: _S3(content),  # type: ignore[arg-type,return-value]  # what it needs of S3
        NoDelivery(),  # type: ignore[arg-type]  # and of delivery
        invocation_clock(None),
        own_roles=OwnRoles(()),
        send_self_reports=lambda _reports, _own_calls: None,
        thresholds=ThresholdCounter(MemoryCounts()),
    )
    report = pipeline.run([Notification((_OBJECT,))])
    if report.failures:
        raise RuntimeError(str(report.failures[0]))
    return report.counts["matched"]


def plain(content: bytes, rules: Sequence[Rule]) -> int:
    """The straightforward way: gzip, json, a recursive flatten, and `eval` of each rule's text on each event."""
    matched = 0
    for record in json.loads(gzip.decompress(content))["Records"]:
        event = dict(_leaves(record, ""))
        matched += any([eval(rule.expression, {"event": event}) is True for rule in rules])  # noqa: C419, S307 (every rule is evaluated, as ours are; the rules are ours)
    return matched


def floor(content: bytes, fields: Sequence[str]) -> Callable[[], int]:
    """Return the least that must be done: gunzip, and decode the same few fields of each record."""
    inner = msgspec.defstruct(
        "Identity", [(field.partition(".")[2], str | None, None) for field in fields if "." in field], gc=False
    )
    outer: list[tuple[str, Any, Any]] = [(field, str | None, None) for field in fields if "." not in field]
    outer += [(parent, inner | None, None) for parent in {f.partition(".")[0] for f in fields if "." in f}]
    record = msgspec.defstruct("Record", outer, gc=False)
    decoder = msgspec.json.Decoder(msgspec.defstruct("File", [("Records", list[record])]))  # type: ignore[valid-type]  # made at run time
    return lambda: len(decoder.decode(gzip.decompress(content)).Records)  # type: ignore[attr-defined]  # likewise


def streamed(content: bytes, prefilter: Prefilter) -> int:
    """Read the object in chunks and scan each; returns how many records some rule concerns."""
    chunks = read_stream(io.BytesIO(content), prefilter)
    return sum(len(chunk.scanned) - chunk.scanned.count(0) for chunk in chunks if chunk.scanned is not None)


def in_memory(content: bytes, prefilter: Prefilter) -> int:
    """Read the whole object into memory and scan it at once; returns how many records some rule concerns."""
    text = gzip.decompress(content)
    masks = prefilter.scan_array(text[len('{"Records":') : -1])
    return len(masks) - masks.count(0)


def _leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:  # noqa: ANN401 (any JSON)
    if isinstance(value, dict):
        for key, child in value.items():
            yield from _leaves(child, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for position, child in enumerate(value):
            yield from _leaves(child, f"{path}.{position}")
    else:
        yield path, value
