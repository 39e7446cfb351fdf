"""Report each account and region once when it stops delivering log files, and once when it resumes.

    table                            one check at a time: begin_check … end_check
    intervals ──▶ down, not notified? ──▶ one notice for each channel and topic ──▶ saved as notified
                  notified, seen since? ─▶ likewise ──────────────────────────────▶ no longer notified

A report is saved per destination, and only once it is delivered; otherwise the next check reports again.
"""

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from itertools import compress

from cloudtrail_to_slack.alerts.notice import Notice, Section
from cloudtrail_to_slack.alerts.text import Icon, Line, Value, how_long, utc
from cloudtrail_to_slack.clock import Clock
from cloudtrail_to_slack.delivery.dispatcher import Delivery
from cloudtrail_to_slack.delivery.routing import Target
from cloudtrail_to_slack.errors import TransientError
from cloudtrail_to_slack.events.identity import identity_digest
from cloudtrail_to_slack.ingest.payloads import MessageIds
from cloudtrail_to_slack.log_sources.intervals import DeliveryIntervals, LogSource, credible, decode, encode
from cloudtrail_to_slack.log_sources.table import LONGEST_CHECK_SECONDS, LogSourceTable
from cloudtrail_to_slack.observability.logging import logger
from cloudtrail_to_slack.retry import run_to_completion, with_retries
from cloudtrail_to_slack.state.table import StateError

# Three checks at the module's schedule. After a longer gap (schedule off, function throttled, table unavailable) log
# files may have been missed for just as long, so nothing is reported as down.
_LONGEST_GAP_SECONDS = 5_400
_SHOWN = 40  # accounts and regions by name; the rest are counted
_SHOWN_ON_LOCK_SCREEN = 25
_SHOWN_IN_FULL = 200
_CAUSES: Line = (
    "Check that the trail is logging (", Value("aws cloudtrail get-trail-status"), "), and that bucket, key and ",
    "notification let log files through. Or is nothing used there any more? Another message follows only when log ",
    "files arrive again.",
)  # fmt: skip
_MEANWHILE: Line = (
    "Log files from the time between may be missing: look for its events in CloudTrail's event history.",
)


@dataclass(frozen=True, slots=True)
class SourceDown:
    """An account and region that stopped delivering log files, as of `now` (seconds since 1970)."""

    source: LogSource
    intervals: DeliveryIntervals
    now: int


@dataclass(frozen=True, slots=True)
class SourceRecovered:
    """An account and region that delivers again; `before` and `last` are its last log files then and now."""

    source: LogSource
    before: int
    last: int


@dataclass(slots=True)
class _Findings:
    """What to report to one target, and how many accounts and regions are down and watched there in all."""

    down: list[SourceDown] = field(default_factory=list)
    recovered: list[SourceRecovered] = field(default_factory=list)
    in_all: int = 0
    watched: int = 0


class LogSourceCheck:
    """Checks log sources; gaps shorter than `least` seconds are never reported."""

    def __init__(self, table: LogSourceTable, delivery: Delivery, clock: Clock, least: int) -> None:
        self._table = table
        self._delivery = delivery
        self._clock = clock
        self._least = least

    def run(self, message_ids: MessageIds) -> None:
        """Check, unless another function is checking. Undelivered notices are added to the delivery's failures.

        Raises:
            StateError, TransientError: the table cannot be used.
        """
        owner, now = uuid.uuid4().hex, int(self._clock.now())
        checked = self._table.begin_check(owner, self._clock.lease(LONGEST_CHECK_SECONDS))
        if checked is None:
            logger.info("another function is checking for missing log data")
            return
        try:
            intervals = self._read(now)
            only_observes, checked = now - checked > _LONGEST_GAP_SECONDS, now
            self._report(self._find(intervals, now, only_observes=only_observes), message_ids)
        finally:
            try:
                self._table.end_check(owner, checked)
            except StateError as error:  # the lease ends by itself
                logger.warning("lease of the check not released", extra={"error": str(error)})

    def _read(self, now: int) -> dict[LogSource, DeliveryIntervals]:
        """Return all intervals, and correct those that cannot be genuine."""
        intervals: dict[LogSource, DeliveryIntervals] = {}
        for account, text in sorted(self._table.intervals(self._table.accounts()).items()):
            stored = decode(text)
            known = credible(stored, now)
            if known != stored:  # with a last log file in the future, a source would never be down
                problem = "delivery intervals that this function cannot have written, corrected"
                logger.error(problem, extra={"account": account})
                self._table.put_intervals(account, text, encode(known))
            intervals |= {LogSource(account, region): learned for region, learned in sorted(known.items())}
        return intervals

    def _find(
        self, intervals: Mapping[LogSource, DeliveryIntervals], now: int, *, only_observes: bool
    ) -> dict[Target, _Findings]:
        """Return what to report, by target."""
        down = {source for source, learned in intervals.items() if learned.is_down(now, self._least)}
        targets = {
            account: self._delivery.router.alarm_targets(account)
            for account in {source.account for source in intervals}
        }
        findings: dict[Target, _Findings] = defaultdict(_Findings)
        for source, learned in intervals.items():
            is_down = source in down
            for target in targets[source.account]:
                found = findings[target]
                found.watched += learned.watched
                found.in_all += is_down
                before = learned.notified.get(target.destination)
                # A report made before the last log file was about an earlier gap.
                is_notified = before is not None and before <= learned.last
                if is_down and not is_notified and not only_observes:
                    found.down.append(SourceDown(source, learned, now))
                # An old log file that arrives late is no recovery: the source would be reported as down again.
                if before is not None and before < learned.last and not is_down:
                    found.recovered.append(SourceRecovered(source, before, learned.last))
        counts = {"watched": sum(learned.watched for learned in intervals.values()), "down": len(down)}
        logger.info("log sources checked", extra={"sources": len(intervals), **counts, "only_observed": only_observes})
        return findings

    def _report(self, findings: Mapping[Target, _Findings], message_ids: MessageIds) -> None:
        """Report findings, and save those that were delivered. Raises as `run`."""
        changes: list[Sequence[SourceDown | SourceRecovered]] = []
        notices = []
        for target, found in findings.items():
            if found.down:
                changes.append(found.down)
                notices.append((target, source_down_notice(found.down, found.in_all, found.watched)))
            if found.recovered:
                changes.append(found.recovered)
                notices.append((target, source_recovered_notice(found.recovered)))
        arrived = self._delivery.notify_at(notices, message_ids)
        changed: dict[str, list[tuple[str, SourceDown | SourceRecovered]]] = defaultdict(list)
        for (target, _), of_target in compress(zip(notices, changes, strict=True), arrived):
            for change in of_target:
                changed[change.source.account].append((target.destination, change))
        for account, of_account in changed.items():
            run_to_completion(self._clock, with_retries(partial(self._save, account, of_account)))

    def _save(self, account: str, changes: Sequence[tuple[str, SourceDown | SourceRecovered]]) -> None:
        """Save the reports about an account's regions, by destination."""

        def change(text: str | None) -> str:
            known = decode(text)
            for destination, change in changes:
                if learned := known.get(change.source.region):
                    notified = {name: time for name, time in learned.notified.items() if name != destination}
                    if isinstance(change, SourceDown):
                        notified[destination] = change.intervals.last
                    known[change.source.region] = replace(learned, notified=notified)
            return encode(known)

        try:
            self._table.change_intervals(account, None, change)
        except StateError as error:
            if error.is_permanent:
                raise
            raise TransientError(error.code) from None


def source_down_notice(down: Sequence[SourceDown], in_all: int, watched: int) -> Notice:
    """Return one notice about all sources that stopped; at least one.

    In all, `in_all` of the `watched` accounts and regions that are reported at the same address are down.
    """
    total = ""
    if in_all == watched > 1:
        total = "Nothing that is watched here delivers any more, so there is probably one common cause."
    elif watched > 1:
        total = f"{in_all:,} of the {watched:,} accounts and regions that are watched here are down now."
    states = {}
    for one in down:
        last, ago = _time(one.intervals.last), how_long(one.now - one.intervals.last)
        usual = how_long(max(one.intervals.longest, 60))
        states[one.source] = f"the last one at {last}, {ago} ago; the longest gap so far was {usual}"
    key = identity_digest("silent", [(*one.source, one.intervals.last) for one in down])
    return _notice(Icon.SILENT, "Missing log data: no more log files from {}", states, _CAUSES, key, total)


def source_recovered_notice(recovered: Sequence[SourceRecovered]) -> Notice:
    """Return one notice about all sources that deliver again; at least one."""
    states = {
        one.source: f"at {_time(one.last)}, after a gap of {how_long(one.last - one.before)}" for one in recovered
    }
    key = identity_digest("returned", [(*one.source, one.last) for one in recovered])
    return _notice(Icon.RECOVERED, "Log files are arriving again from {}", states, _MEANWHILE, key)


def _notice(
    icon: Icon, title: str, states: Mapping[LogSource, str], footnote: Line, key: str, total: str = ""
) -> Notice:
    """Return a notice with a line for each account and region; they replace `{}` in the title."""
    sources, accounts = list(states), {source.account for source in states}

    def shown(most: int) -> tuple[Line, ...]:
        """Return the first lines, and one that counts the rest."""
        lines: list[Line] = [
            (Value(account, 20), " ", Value(region, 40), f": {states[LogSource(account, region)]}")
            for account, region in sources[:most]
        ]
        if rest := sources[most:]:
            number = len({source.account for source in rest})
            lines.append((f"… and {len(rest):,} more, of {number:,} account{'s' if number > 1 else ''}",))
        return tuple(lines)

    what = " ".join(sources[0]) if len(sources) == 1 else f"{len(sources):,} accounts and regions"
    totals: tuple[Line, ...] = ((total,),) if total else ()
    return Notice(
        title.format(what),
        (Section((*totals, *shown(_SHOWN_IN_FULL)), brief=(*totals, *shown(_SHOWN))),),
        (icon,),
        brief=shown(_SHOWN_ON_LOCK_SCREEN),
        footnotes=(footnote,),
        account=accounts.pop() if len(accounts) == 1 else None,
        identity=key,
    )


def _time(seconds: int) -> str:
    return utc(datetime.fromtimestamp(seconds, UTC))
