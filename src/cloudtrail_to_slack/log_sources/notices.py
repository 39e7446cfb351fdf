"""Notices about accounts and regions that deliver no log files any more, and about those that do again. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from cloudtrail_to_slack.alerts.notice import Notice, Section, identity
from cloudtrail_to_slack.alerts.text import Icon, Line, Value, how_long
from cloudtrail_to_slack.log_sources.intervals import DeliveryIntervals, LogSource

_SHOWN = 40  # accounts and regions by name; the rest are counted
_SHOWN_ON_LOCK_SCREEN = 25
_SHOWN_IN_FULL = 200
_CAUSES: Line = (
    "Is the trail on (", Value("aws cloudtrail get-trail-status"), "), and do bucket, key and notification ",
    "let log files through? Or is nothing used there any more? This is said once, and again when log files come.",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class SourceDown:
    """An account and region that delivers no log files any more, as of `now` (seconds since 1970)."""

    source: LogSource
    intervals: DeliveryIntervals
    now: int


@dataclass(frozen=True, slots=True)
class SourceRecovered:
    """An account and region that was reported as down; `before` and `last` are its last log files then and by now."""

    source: LogSource
    before: int
    last: int


def source_down_notice(down: Sequence[SourceDown], in_all: int, watched: int) -> Notice:
    """Return one notice about all that is down; at least one.

    With it, `in_all` of the `watched` accounts and regions that are reported at the same address are down.
    """
    title = f"Missing log data: no log files from {_what([source.source for source in down])} any more"
    lines = [_down_line(source) for source in down]
    total = ""
    if in_all == watched > 1:
        total = "That leaves nothing that is watched here, so the cause is one that they share."
    elif watched > 1:
        total = f"{in_all:,} of {watched:,} that are watched here are down now."
    key = identity("silent", [(*source.source, source.intervals.last) for source in down])
    return _notice((Icon.SILENT, title), lines, _CAUSES, total, [source.source for source in down], key)


def source_recovered_notice(returned: Sequence[SourceRecovered]) -> Notice:
    """Return one notice about all that deliver again; at least one."""
    title = f"Log files come again from {_what([back.source for back in returned])}"
    lines = [_recovered_line(back) for back in returned]
    note: Line = ("What happened meanwhile may be in none of them: look for it in CloudTrail's event history.",)
    key = identity("returned", [(*back.source, back.last) for back in returned])
    return _notice((Icon.RECOVERED, title), lines, note, "", [back.source for back in returned], key)


def _notice(
    head: tuple[Icon, str], lines: Sequence[Line], note: Line, total: str, sources: Sequence[LogSource], key: str
) -> Notice:
    icon, title = head
    accounts = {source.account for source in sources}
    totals: tuple[Line, ...] = ((total,),) if total else ()
    section = Section(
        (*totals, *_shown(lines, sources, _SHOWN_IN_FULL)), brief=(*totals, *_shown(lines, sources, _SHOWN))
    )
    return Notice(
        title,
        (section,),
        (icon,),
        brief=tuple(_shown(lines, sources, _SHOWN_ON_LOCK_SCREEN)),
        footnotes=(note,),
        account=accounts.pop() if len(accounts) == 1 else None,
        identity=key,
    )


def _what(sources: Sequence[LogSource]) -> str:
    if len(sources) == 1:
        return f"{sources[0].account} {sources[0].region}"
    return f"{len(sources):,} accounts and regions"


def _shown(lines: Sequence[Line], sources: Sequence[LogSource], most: int) -> list[Line]:
    """Return the first lines, and one about those that are not shown, if there are any."""
    rest = sources[most:]
    accounts = len({source.account for source in rest})
    of = "1 account" if accounts == 1 else f"{accounts:,} accounts"
    return [*lines[:most], *([(f"… and {len(rest):,} more, of {of}",)] if rest else [])]


def _down_line(down: SourceDown) -> Line:
    intervals = down.intervals
    usual = how_long(max(intervals.longest, 60))
    since = f"last at {_time(intervals.last)}, {how_long(down.now - intervals.last)} ago"
    return (*_source(down.source), f": {since}; the longest pause so far was {usual}")


def _recovered_line(back: SourceRecovered) -> Line:
    return (*_source(back.source), f": at {_time(back.last)}, after {how_long(back.last - back.before)} without")


def _source(source: LogSource) -> Line:
    return (Value(source.account, 20), " ", Value(source.region, 40))


def _time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
