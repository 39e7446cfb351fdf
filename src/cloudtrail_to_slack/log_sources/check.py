"""Telling once of each account and region that has fallen silent, and once when it is back.

    table                      one check at a time: begin_check … end_check
    all rhythms ──▶ silent and not told? ──▶ one notice for each channel and topic ──▶ noted as told
                    told and heard since? ─▶ likewise ───────────────────────────────▶ no longer told

What could not be told is not noted, so the next check tells it. What is told is noted for Slack and SNS apart, so that
one that fails does not repeat the other.

Who was deaf does not call others silent: when there has been no check for a while (the schedule was off, the function
throttled, the table down), log objects may have been missed just as long, and this check only listens.
"""

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cloudtrail_to_slack.clock import Clock
from cloudtrail_to_slack.delivery.dispatcher import Delivery
from cloudtrail_to_slack.delivery.routing import Target
from cloudtrail_to_slack.errors import TransientError
from cloudtrail_to_slack.ingest.payloads import MessageIds
from cloudtrail_to_slack.log_sources.intervals import DeliveryIntervals, LogSource, credible, decode, encode
from cloudtrail_to_slack.log_sources.notices import (
    SourceDown,
    SourceRecovered,
    source_down_notice,
    source_recovered_notice,
)
from cloudtrail_to_slack.log_sources.table import LONGEST_CHECK_SECONDS, LogSourceTable, Shard, Told, end_of
from cloudtrail_to_slack.observability.logging import logger
from cloudtrail_to_slack.retry import run_to_completion, with_retries
from cloudtrail_to_slack.state.table import StateError

_DEAF_SECONDS = 5_400  # three checks at the module's pace


@dataclass(slots=True)
class _Findings:
    """What is to be told at one target, and how many accounts and regions are silent and watched there in all."""

    silent: list[SourceDown] = field(default_factory=list)
    returned: list[SourceRecovered] = field(default_factory=list)
    in_all: int = 0
    watched: int = 0


class LogSourceCheck:
    """Checks of one invocation; `least` is how many seconds of silence are never told."""

    def __init__(self, table: LogSourceTable, delivery: Delivery, clock: Clock, least: int) -> None:
        self._table = table
        self._delivery = delivery
        self._clock = clock
        self._least = least

    def run(self, message_ids: MessageIds) -> None:
        """Check, unless another function is at it. What is not told is among the delivery's failures.

        Raises:
            StateError, TransientError: the table cannot be asked.
        """
        owner = uuid.uuid4().hex
        now = int(self._clock.now())
        begun = self._table.begin_check(owner, self._clock.lease(LONGEST_CHECK_SECONDS))
        if begun is None:
            logger.info("another function is checking for silence")
            return
        checked = begun.checked
        try:
            shards, rhythms = self._read(now)
            deaf = checked is None or now - checked > _DEAF_SECONDS
            checked = now
            self._tell(shards, self._find(shards, rhythms, now, deaf=deaf), message_ids)
        finally:
            self._end(owner, checked)

    def _read(self, now: int) -> tuple[dict[str, Shard], dict[LogSource, DeliveryIntervals]]:
        """Return what is listed, and all rhythms.

        A rhythm that cannot have been learned by now is corrected in the table, or it would never be silent: its last
        object would be as late as any check.
        """
        shards = self._table.shards()
        texts = self._table.rhythms(account for shard in shards.values() for account in shard.accounts)
        rhythms: dict[LogSource, DeliveryIntervals] = {}
        for account, text in sorted(texts.items()):
            stored = decode(text)
            known = credible(stored, now)
            if known != stored:
                logger.error("rhythms that nothing here has written, corrected", extra={"account": account})
                self._table.put_rhythms(account, text, encode(known))
            rhythms |= {LogSource(account, region): rhythm for region, rhythm in sorted(known.items())}
        return shards, rhythms

    def _find(
        self, shards: Mapping[str, Shard], rhythms: Mapping[LogSource, DeliveryIntervals], now: int, *, deaf: bool
    ) -> dict[Target, _Findings]:
        """Return what is to be told, by where."""
        told = {source: kinds for shard in shards.values() for source, kinds in shard.told.items()}
        quiet = {source for source, rhythm in rhythms.items() if rhythm.silent(now, self._least)}
        targets: dict[str, list[Target]] = {}
        findings: dict[Target, _Findings] = defaultdict(_Findings)
        for source, rhythm in rhythms.items():
            if source.account not in targets:
                targets[source.account] = self._delivery.router.alarm_targets(source.account)
            silent = source in quiet
            for target in targets[source.account]:
                found = findings[target]
                found.watched += rhythm.watched
                found.in_all += silent
                before = told.get(source, {}).get(target.destination)
                if before is not None and before > rhythm.last:
                    before = None  # no silence that was notified: it begins after the last object
                if before is None and silent and not deaf:
                    found.silent.append(SourceDown(source, rhythm, now))
                # An old object that is announced late tells of no end: then it would be silent, and told, once more.
                if before is not None and rhythm.last > before and not silent:
                    found.returned.append(SourceRecovered(source, before, rhythm.last))
        counts = {"watched": sum(rhythm.watched for rhythm in rhythms.values()), "silent": len(quiet)}
        logger.info("silence checked", extra={"sources": len(rhythms), **counts, "only_listened": deaf})
        return findings

    def _tell(self, shards: Mapping[str, Shard], findings: Mapping[Target, _Findings], message_ids: MessageIds) -> None:
        """Tell what was found, and note what arrived.

        Raises:
            StateError, TransientError: it could not be noted.
        """
        changes: list[tuple[Target, Sequence[SourceDown | SourceRecovered]]] = []
        notices = []
        for target, found in findings.items():
            if found.silent:
                changes.append((target, found.silent))
                notices.append((target, source_down_notice(found.silent, found.in_all, found.watched)))
            if found.returned:
                changes.append((target, found.returned))
                notices.append((target, source_recovered_notice(found.returned)))
        arrived = self._delivery.notify_at(notices, message_ids)
        changed: set[str] = set()
        for (target, sources), there in zip(changes, arrived, strict=True):
            for one in sources if there else ():
                end = end_of(one.source.account)
                changed.add(end)
                _change(shards[end].told, one, target.destination)
        for end in sorted(changed):
            self._note_told(end, shards[end].told)

    def _note_told(self, end: str, told: Told) -> None:
        def note() -> None:
            try:
                self._table.note_told(end, told)
            except StateError as error:
                if error.is_permanent:
                    raise
                raise TransientError(error.code) from None

        run_to_completion(self._clock, with_retries(note))

    def _end(self, owner: str, checked: int | None) -> None:
        try:
            self._table.end_check(owner, checked)
        except StateError as error:  # the lease ends by itself
            logger.warning("check not closed", extra={"error": str(error)})


def _change(told: Told, change: SourceDown | SourceRecovered, kind: str) -> None:
    """Note a silence as told, or as ended."""
    if isinstance(change, SourceDown):
        told.setdefault(change.source, {})[kind] = change.intervals.last
        return
    kinds = told[change.source]
    del kinds[kind]
    if not kinds:
        del told[change.source]
