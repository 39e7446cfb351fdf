"""What is told of accounts and regions that deliver no log objects any more, and of those that do again."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from cloudtrail_to_slack.alerts.notice import Notice
from cloudtrail_to_slack.destinations.slack.render.message import SlackMessage, context, section
from cloudtrail_to_slack.destinations.slack.render.text import code
from cloudtrail_to_slack.destinations.slack.render.time import how_long, utc
from cloudtrail_to_slack.log_sources.intervals import DeliveryIntervals, LogSource

_SHOWN = 40  # accounts and regions by name in Slack; the rest are counted
_SHOWN_WITHOUT_BLOCKS = 25  # and in the text that stands for a message
_SHOWN_IN_SNS = 200
_LINES_A_SECTION = 15
_CAUSES = (
    "Is the trail on (`aws cloudtrail get-trail-status`), and do bucket, key and the bucket's notification let log "
    "objects through? Or is nothing used there any more? This is told once, and again when log objects come."
)


@dataclass(frozen=True, slots=True)
class SourceDown:
    """An account and region that has fallen silent, as of `now` (seconds since 1970)."""

    source: LogSource
    rhythm: DeliveryIntervals
    now: int


@dataclass(frozen=True, slots=True)
class SourceRecovered:
    """An account and region whose silence was told; `before` and `last` are the last objects before it and by now."""

    source: LogSource
    before: int
    last: int


def source_down_notice(silent: Sequence[SourceDown], in_all: int, watched: int) -> Notice:
    """Tell, in one message, of all that has fallen silent; at least one.

    With it, `in_all` of the `watched` accounts and regions that are told of at the same place are silent.
    """
    title = f"Silence: no log object from {_what([quiet.source for quiet in silent])} any more"
    lines = [_quiet_line(quiet) for quiet in silent]
    total = ""
    if in_all == watched > 1:
        total = "That leaves nothing that is watched here, so the cause is one that they share."
    elif watched > 1:
        total = f"{in_all:,} of {watched:,} that are watched here are silent now."
    identity = _identity("silent", [(*quiet.source, quiet.rhythm.last) for quiet in silent])
    return _notice((":mute:", title), lines, _CAUSES, total, [quiet.source for quiet in silent], identity)


def source_recovered_notice(returned: Sequence[SourceRecovered]) -> Notice:
    """Tell, in one message, of all that deliver again; at least one."""
    title = f"Log objects come again from {_what([back.source for back in returned])}"
    lines = [_return_line(back) for back in returned]
    note = "What happened meanwhile may be in none of them: look for it in CloudTrail's event history."
    identity = _identity("returned", [(*back.source, back.last) for back in returned])
    return _notice((":loud_sound:", title), lines, note, "", [back.source for back in returned], identity)


def _notice(
    head: tuple[str, str], lines: Sequence[str], note: str, total: str, sources: Sequence[LogSource], identity: str
) -> Notice:
    icon, title = head
    shown = _shown(lines, sources, _SHOWN)
    blocks = [section(f"{icon} *{title}*" + (f"\n{total}" if total else ""))]
    starts = range(0, len(shown), _LINES_A_SECTION)
    blocks += [section("\n".join(shown[start : start + _LINES_A_SECTION])) for start in starts]
    blocks.append(context([note]))
    message = SlackMessage("\n".join([title, *_shown(lines, sources, _SHOWN_WITHOUT_BLOCKS)]), blocks)
    text = "\n".join(filter(None, [total, *_shown(lines, sources, _SHOWN_IN_SNS), note])).replace("`", "")
    accounts = {source.account for source in sources}
    return Notice(message, title, text, accounts.pop() if len(accounts) == 1 else None, identity=identity)


def _what(sources: Sequence[LogSource]) -> str:
    if len(sources) == 1:
        return f"{sources[0].account} {sources[0].region}"
    return f"{len(sources):,} accounts and regions"


def _shown(lines: Sequence[str], sources: Sequence[LogSource], most: int) -> list[str]:
    """Return the first lines, and one about those that are not shown, if there are any."""
    rest = sources[most:]
    accounts = len({source.account for source in rest})
    of = "1 account" if accounts == 1 else f"{accounts:,} accounts"
    return [*lines[:most], *([f"… and {len(rest):,} more, of {of}"] if rest else [])]


def _quiet_line(quiet: SourceDown) -> str:
    rhythm = quiet.rhythm
    usual = how_long(max(rhythm.longest, 60))
    since = f"last at {_time(rhythm.last)}, {how_long(quiet.now - rhythm.last)} ago"
    return f"{_source(quiet.source)}: {since}; the longest pause so far was {usual}"


def _return_line(back: SourceRecovered) -> str:
    return f"{_source(back.source)}: at {_time(back.last)}, after {how_long(back.last - back.before)} without"


def _source(source: LogSource) -> str:
    return f"{code(source.account, 20)} {code(source.region, 40)}"


def _time(seconds: int) -> str:
    return utc(datetime.fromtimestamp(seconds, UTC))


def _identity(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
