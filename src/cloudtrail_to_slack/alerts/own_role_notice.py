"""The notice about calls that the function's own role made: many together, at most once an hour. Pure."""

from collections import defaultdict
from collections.abc import Sequence

from cloudtrail_to_slack.alerts.notice import Notice, Section, fits
from cloudtrail_to_slack.alerts.own_role import OwnCall
from cloudtrail_to_slack.alerts.text import Icon, Line, Value, joined
from cloudtrail_to_slack.rules import Severity

_EXPLANATION = (
    "Calls by the role of the alerting function itself are reported together, at most once an hour. "
    "Denied ones: does the role lack a permission, such as that of a KMS key? "
    "Calls that the function does not make by itself: someone else may have its credentials."
)
_MOST_KINDS = 25
_IDS_SHOWN = 40
_RESERVED = 1000  # for the explanation


def own_role_notice(calls: Sequence[OwnCall], more: int, account: str | None) -> Notice:
    """Return the notice about calls of the function's own role, of which `more` are only counted."""
    number = len(calls) + more
    severity = max((Severity[call.severity.upper()] for call in calls), default=Severity.MEDIUM)
    kinds: dict[tuple[str, str, str, tuple[str, ...]], list[OwnCall]] = defaultdict(list)
    for call in sorted(calls):
        kinds[call.source, call.name, call.error_code, call.rules].append(call)
    sections: list[Section] = []
    left = number
    for of_kind in sorted(kinds.values(), key=lambda found: -Severity[found[0].severity.upper()]):
        section = _kind_section(of_kind)
        if len(sections) == _MOST_KINDS or not fits([*sections, section], _RESERVED):
            break
        sections.append(section)
        left -= len(of_kind)
    if left:
        sections.append(Section(((f"and {left:,} more: the log has their ids",),)))
    return Notice(
        f"{'1 call' if number == 1 else f'{number:,} calls'} by the alerting function's own role matched rules",
        tuple(sections),
        (Icon.REPEATED,),
        footnotes=((_EXPLANATION,),),
        account=account,
        severity=severity.word,
        rules=tuple(sorted({rule for call in calls for rule in call.rules})),
    )


def _kind_section(calls: Sequence[OwnCall]) -> Section:
    first = calls[0]
    name: Line = (Value(first.name, 102, is_name=True),) if first.name else ("a call without a name",)
    ended: Line = (", which failed with ", Value(first.error_code, 100)) if first.error_code else ()
    until: Line = (" to ", Value(calls[-1].time, 40)) if len(calls) > 1 else ()
    return Section(
        (
            (f"{len(calls):,} of ", *name, " · ", Value(first.source or "unknown service", 80), *ended),
            ("rules ", *joined(Value(rule, 70) for rule in first.rules), " · ", Value(first.time, 40), *until),
        ),
        ids=tuple(call.event_id or "without id" for call in calls),
        ids_shown=_IDS_SHOWN,
        events=len(calls),
    )
