"""A comparison for programs, for people, and as Markdown for a comment on a pull request."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import Any

from cloudtrail_to_slack_cli.backtest.diff.comparison import Comparison, Group
from cloudtrail_to_slack_cli.backtest.diff.sides import Example
from cloudtrail_to_slack_cli.terminal import counted, in_one_line

_MOST_GROUPS = 20
_LONGEST = 160  # characters of a name


def diff_as_json(found: Comparison) -> dict[str, Any]:
    """Return everything, for programs."""
    return {
        "old": found.old.name,
        "new": found.new_side.name,
        "alerts": {"old": len(found.old.alerts), "new": len(found.new_side.alerts), "unchanged": found.unchanged},
        "messages": {"old": found.old.messages, "new": found.new_side.messages},
        "new_alerts": [_group(each, rules=each.after) for each in found.new],
        "gone_alerts": [_group(each, rules=each.before) for each in found.gone],
        "moved_alerts": [_group(each, before=each.before, after=each.after) for each in found.moved],
        "changed_rules": [_group(each, before=each.before, after=each.after) for each in found.changed],
        "changed_messages": [_group(each, before=each.before, after=each.after) for each in found.reformed],
        "rules": [{"rule": rule, "old_messages": old, "new_messages": new} for rule, old, new in found.rules],
        "channels": [asdict(each) for each in found.channels],
        "over_limit": [asdict(each) for each in found.over_limit],
    }


def diff_as_text(found: Comparison) -> Iterator[str]:
    """Yield the lines for a terminal."""
    yield _totals(found)
    for title, groups in _sections(found):
        yield ""
        yield f"{title}:"
        for group in groups[:_MOST_GROUPS]:
            yield f"  {group.alerts:,}  {_change(group, _short)}"
            if group.example:
                yield f"      for example {_example(group.example)}"
        yield from _more(groups)
    if found.channels:
        yield ""
        yield "Messages:"
        for channel in found.channels:
            most = f"most on a day {channel.old_most_per_day:,} -> {channel.new_most_per_day:,}"
            yield f"  {_short(channel.channel)}: {channel.old_messages:,} -> {channel.new_messages:,}, {most}"
        for rule, old, new in found.rules:
            yield f"  rule {_short(rule)}: {old:,} -> {new:,}"
    yield from (f"Over the limit: {each}" for each in _over_limit(found, _short))


def diff_as_markdown(found: Comparison) -> Iterator[str]:
    """Yield the lines of a comment; values from events are in code spans, so they are neither markup nor mentions."""
    yield "### Alerts and messages of this change"
    yield ""
    yield _totals(found)
    for each in _over_limit(found, _code):
        yield ""
        yield f"**Over the limit:** {each}"
    if found.channels:
        yield ""
        yield "| channel | messages before | after | most on a day before | after |"
        yield "| --- | ---: | ---: | ---: | ---: |"
        for channel in found.channels:
            counts = (channel.old_messages, channel.new_messages, channel.old_most_per_day, channel.new_most_per_day)
            yield f"| {_code(channel.channel)} | {' | '.join(f'{count:,}' for count in counts)} |"
    if found.rules:
        yield ""
        yield "| rule | messages before | after |"
        yield "| --- | ---: | ---: |"
        yield from (f"| {_code(rule)} | {old:,} | {new:,} |" for rule, old, new in found.rules)
    for title, groups in _sections(found):
        yield ""
        yield f"#### {title}"
        yield ""
        yield "| alerts | what | for example |"
        yield "| ---: | --- | --- |"
        for group in groups[:_MOST_GROUPS]:
            example = _code(_example(group.example)) if group.example else ""
            yield f"| {group.alerts:,} | {_change(group, _code)} | {example} |"
        yield from _more(groups)


def _sections(found: Comparison) -> Iterator[tuple[str, Sequence[Group]]]:
    for title, groups in (
        ("New alerts", found.new),
        ("Alerts that are gone", found.gone),
        ("Alerts that moved to another channel", found.moved),
        ("Alerts by other rules", found.changed),
        ("Alerts in another kind of message", found.reformed),
    ):
        if groups:
            yield title, groups


def _totals(found: Comparison) -> str:
    old, new = found.old, found.new_side
    alerts = f"{len(old.alerts):,} -> {counted(len(new.alerts), 'alert')}"
    return f"{alerts} ({found.unchanged:,} unchanged), {old.messages:,} -> {counted(new.messages, 'message')}"


def _over_limit(found: Comparison, show: Any) -> Iterator[str]:  # noqa: ANN401 (a function of a name)
    for each in found.over_limit:
        yield f"{show(each.channel)} would receive {counted(each.messages, 'message')} on {each.day}"


def _change(group: Group, show: Any) -> str:  # noqa: ANN401 (as above)
    before, after = (", ".join(show(name) for name in names) or "nowhere" for names in (group.before, group.after))
    if not group.before or not group.after:  # alerts of rules that are new, or gone
        return after if group.after else before
    return f"{before} -> {after}"


def _more(groups: Sequence[Group]) -> Iterable[str]:
    more = len(groups) - _MOST_GROUPS
    if more > 0:
        yield ""
        yield f"and {counted(more, 'more group')}"


def _example(example: Example) -> str:
    by, where = f"by {example.actor or 'unknown'}", f"in {example.account_id or 'unknown'}"
    parts = (example.event_time, example.event_name, by, where, f"(event {example.event_id or 'without id'})")
    return " ".join(map(_short, parts))


def _short(text: str) -> str:
    shown = in_one_line(text)
    return shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}…"


def _code(text: str) -> str:
    """Return a text as a code span in a table."""
    shown = _short(text) if len(text) <= _LONGEST else in_one_line(text)[: 3 * _LONGEST]
    longest = max((len(run) for run in re.findall("`+", shown)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if longest or not shown else ""
    return f"{fence}{pad}{shown}{pad}{fence}".replace("|", "\\|")


def _group(group: Group, **names: Sequence[str]) -> dict[str, Any]:
    example = group.example
    shown = {name: value or None for name, value in asdict(example).items()} if example else {}
    return {
        **{name: list(values) for name, values in names.items()},
        "alerts": group.alerts,
        "messages": group.messages,
        "example": {**shown, "actor": example.actor} if example else None,
    }
