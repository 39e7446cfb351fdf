"""Notices about accounts and regions that deliver no log files any more, and about those that do again. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from cloudtrail_to_slack.alerts.notice import Notice, Section, digest
from cloudtrail_to_slack.alerts.text import Icon, Line, Value, how_long, utc
from cloudtrail_to_slack.log_sources.intervals import DeliveryIntervals, LogSource

_SHOWN = 40  # accounts and regions by name; the rest are counted
_SHOWN_ON_LOCK_SCREEN = 25
_SHOWN_IN_FULL = 200
_CAUSES: Line = (
    "Is the trail on (", Value("aws cloudtrail get-trail-status"), "), and do bucket, key and notification ",
    "let log files through? Or is nothing used there any more? This is said once, and again when log files come.",
)  # fmt: skip
_MEANWHILE: Line = ("What happened meanwhile may be in none of them: look for it in CloudTrail's event history.",)


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
    states = {}
    for one in down:
        last, ago = _time(one.intervals.last), how_long(one.now - one.intervals.last)
        usual = how_long(max(one.intervals.longest, 60))
        states[one.source] = f"last at {last}, {ago} ago; the longest pause so far was {usual}"
    key = digest("silent", [(*one.source, one.intervals.last) for one in down])
    return _notice(Icon.SILENT, "Missing log data: no log files from {} any more", states, _CAUSES, key, total)


def source_recovered_notice(recovered: Sequence[SourceRecovered]) -> Notice:
    """Return one notice about all that deliver again; at least one."""
    states = {one.source: f"at {_time(one.last)}, after {how_long(one.last - one.before)} without" for one in recovered}
    key = digest("returned", [(*one.source, one.last) for one in recovered])
    return _notice(Icon.RECOVERED, "Log files come again from {}", states, _MEANWHILE, key)


def _notice(
    icon: Icon, title: str, states: Mapping[LogSource, str], footnote: Line, key: str, total: str = ""
) -> Notice:
    """Return a notice with a line for each account and region; `{}` in the title is what they are."""
    sources, accounts = list(states), {source.account for source in states}

    def shown(most: int) -> tuple[Line, ...]:
        """Return the first lines, and one about those that are not shown, if there are any."""
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
