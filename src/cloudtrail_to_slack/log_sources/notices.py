"""Notices about accounts and regions that deliver no log files any more, and about those that do again. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from cloudtrail_to_slack.alerts.notice import Notice, Section, digest
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
    total = ""
    if in_all == watched > 1:
        total = "That leaves nothing that is watched here, so the cause is one that they share."
    elif watched > 1:
        total = f"{in_all:,} of {watched:,} that are watched here are down now."
    states = []
    for one in down:
        last, usual = one.intervals.last, how_long(max(one.intervals.longest, 60))
        state = f"last at {_time(last)}, {how_long(one.now - last)} ago; the longest pause so far was {usual}"
        states.append((one.source, state))
    key = digest("silent", [(*one.source, one.intervals.last) for one in down])
    return _notice(Icon.SILENT, "Missing log data: no log files from {} any more", states, _CAUSES, key, total)


def source_recovered_notice(recovered: Sequence[SourceRecovered]) -> Notice:
    """Return one notice about all that deliver again; at least one."""
    states = [
        (one.source, f"at {_time(one.last)}, after {how_long(one.last - one.before)} without") for one in recovered
    ]
    footnote: Line = ("What happened meanwhile may be in none of them: look for it in CloudTrail's event history.",)
    key = digest("returned", [(*one.source, one.last) for one in recovered])
    return _notice(Icon.RECOVERED, "Log files come again from {}", states, footnote, key)


def _notice(
    icon: Icon, title: str, states: Sequence[tuple[LogSource, str]], footnote: Line, key: str, total: str = ""
) -> Notice:
    """Return a notice with a line for each account and region; `{}` in the title is what they are."""
    lines: list[Line] = [
        (Value(source.account, 20), " ", Value(source.region, 40), f": {state}") for source, state in states
    ]

    def shown(most: int) -> tuple[Line, ...]:
        """Return the first lines, and one about those that are not shown, if there are any."""
        rest = {source.account for source, _ in states[most:]}
        of = "1 account" if len(rest) == 1 else f"{len(rest):,} accounts"
        return (*lines[:most], *([(f"… and {len(states) - most:,} more, of {of}",)] if rest else []))

    accounts = {source.account for source, _ in states}
    what = " ".join(states[0][0]) if len(states) == 1 else f"{len(states):,} accounts and regions"
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
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
