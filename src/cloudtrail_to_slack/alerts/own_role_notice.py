"""The notice about calls that the function's own role made: many together, at most once an hour."""

from collections import defaultdict
from collections.abc import Sequence

from cloudtrail_to_slack.alerts.notice import Notice
from cloudtrail_to_slack.alerts.own_role import OwnCall
from cloudtrail_to_slack.destinations.slack.render.message import (
    MAX_ALL_BLOCKS,
    SlackMessage,
    blocks_length,
    context,
    section,
)
from cloudtrail_to_slack.destinations.slack.render.text import code, word
from cloudtrail_to_slack.rules import Severity

_EXPLANATION = (
    "Calls by the role of the alerting function itself are reported together, at most once an hour. "
    "Denied ones: does the role lack a permission, such as that of a KMS key? "
    "Calls that the function does not make by itself: someone else may have its credentials."
)
_MOST_KINDS = 25
_MOST_IDS = 50
_IDS_LENGTH = 2000
_ROOM = 1000  # for the explanation


def own_role_notice(calls: Sequence[OwnCall], more: int, account: str | None) -> Notice:
    """Return the notice about calls of the function's own role, of which `more` are only counted."""
    number = len(calls) + more
    title = f"{'1 call' if number == 1 else f'{number:,} calls'} by the alerting function's own role matched rules"
    severity = max((Severity[call.severity.upper()] for call in calls), default=Severity.MEDIUM)
    kinds: dict[tuple[str, str, str, tuple[str, ...]], list[OwnCall]] = defaultdict(list)
    for call in sorted(calls):
        kinds[call.source, call.name, call.error_code, call.rules].append(call)
    blocks = [section(f":repeat: *{title}* · severity {severity.word}")]
    texts: list[str] = []
    left = number
    for of_kind in sorted(kinds.values(), key=lambda found: -Severity[found[0].severity.upper()]):
        block = section(_kind_markup(of_kind))
        if len(texts) == _MOST_KINDS or blocks_length([*blocks, block]) > MAX_ALL_BLOCKS - _ROOM:
            break
        blocks.append(block)
        texts.append(_kind_text(of_kind))
        left -= len(of_kind)
    rest = [f"and {left:,} more: the log has their ids"] if left else []
    blocks += [*map(section, rest), context([_EXPLANATION])]
    rules = tuple(sorted({rule for call in calls for rule in call.rules}))
    text = "\n\n".join([*texts, *rest, _EXPLANATION])
    return Notice(SlackMessage(title, blocks), title, text, account, severity=severity.word, rules=rules)


def _kind_markup(calls: Sequence[OwnCall]) -> str:
    first = calls[0]
    name = word(first.name) if first.name else "*a call without a name*"
    ended = f" — :x: {code(first.error_code, 100)}" if first.error_code else ""
    ids: list[str] = []
    for call in calls[:_MOST_IDS]:
        shown = code(call.event_id or "without id", 80)
        if sum(map(len, ids)) + len(shown) > _IDS_LENGTH:
            break
        ids.append(shown)
    rest = f" and {len(calls) - len(ids)} more" if len(calls) > len(ids) else ""
    times = f"{code(first.time, 40)}" + (f" to {code(calls[-1].time, 40)}" if len(calls) > 1 else "")
    lines = [
        f"{len(calls):,} of {name} · {code(first.source or 'unknown service', 80)}{ended}",
        f"rules {', '.join(code(rule, 70) for rule in first.rules)} · {times}",
        f"events {', '.join(ids)}{rest}",
    ]
    return "\n".join(lines)


def _kind_text(calls: Sequence[OwnCall]) -> str:
    first = calls[0]
    ended = f", which failed with {first.error_code}" if first.error_code else ""
    ids = ", ".join(call.event_id or "without id" for call in calls)
    times = first.time if len(calls) == 1 else f"{first.time} to {calls[-1].time}"
    rules = ", ".join(first.rules)
    return f"{len(calls):,} of {first.name} ({first.source}){ended}; rules: {rules}; {times}; event ids: {ids}"
