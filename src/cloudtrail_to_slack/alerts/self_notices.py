"""Notices about the function itself: rules that raised an error or cannot be used, and calls of its own role. Pure."""

from collections import defaultdict
from collections.abc import Sequence

from cloudtrail_to_slack.alerts.notice import CODE_LENGTH, Notice, Section, fits
from cloudtrail_to_slack.alerts.own_role import OwnCall
from cloudtrail_to_slack.alerts.text import Icon, Line, Value, joined, line_length
from cloudtrail_to_slack.config.rule_reader import RuleIssue
from cloudtrail_to_slack.events.identity import identity_digest
from cloudtrail_to_slack.rules import Severity
from cloudtrail_to_slack.rules.evaluation_errors import RuleErrorReport

MOST_NOTICES = 10
_MOST_IDS = 200  # in one message
_LEAST_IDS = 5  # of one rule
_SHORT_ROOM = 8_400
_MOST_ISSUES = 25
_MOST_DETAILS = 5
_MOST_KINDS = 25
_IDS_SHOWN = 40
_RESERVED = 500
_EXPLANATION_ROOM = 1000
_EXPLANATION = (
    "Calls by the role of the alerting function itself are reported together, at most once an hour. "
    "If calls were denied, check whether the role lacks a permission, such as for a KMS key. "
    "If the function does not make such calls itself, someone else may have its credentials."
)


def rule_error_notices(
    reports: Sequence[RuleErrorReport], most: int = MOST_NOTICES
) -> list[tuple[Notice, Sequence[RuleErrorReport]]]:
    """Return as few notices as the reports fit in, each with its reports; the most severe come first.

    If there are more than `most`, the last one has only a line for each remaining rule.
    """
    most_ids = max(_MOST_IDS // max(len(reports), 1), _LEAST_IDS)
    parts: list[tuple[list[Section], list[RuleErrorReport]]] = []
    for report in sorted(reports, key=lambda report: -(report.severity or Severity.MEDIUM)):
        section = _error_section(report, most_ids)
        if not parts or not fits([*parts[-1][0], section]):
            parts.append(([], []))
        parts[-1][0].append(section)
        parts[-1][1].append(report)
    if len(parts) > most:
        rest = [report for _, covered in parts[most - 1 :] for report in covered]
        parts[most - 1 :] = [([_short_section(rest)], rest)]
    return [(_error_notice(covered, sections), covered) for sections, covered in parts]


def _error_notice(reports: Sequence[RuleErrorReport], sections: Sequence[Section]) -> Notice:
    number = len(reports)
    title, headline = f"rule {reports[0].rule_name}", "A rule"
    if number > 1:
        title = headline = f"{number} rules"
    severities = [report.severity for report in reports if report.severity]
    return Notice(
        f"{title} raised an error and may miss events",
        tuple(sections),
        (Icon.BROKEN,),
        headline=(f"{headline} raised an error and may miss events",),
        identity=identity_digest([[report.identity, sorted(report.event_ids)] for report in reports]),
        severity=max(severities).word if severities else None,
        rules=tuple(report.rule_name for report in reports),
    )


def _error_section(report: RuleErrorReport, most_ids: int) -> Section:
    source = report.log_file.url if report.log_file else "an event from EventBridge"
    lines: list[Line] = [
        (Value(report.expression, 900),),
        (Icon.ERROR, " ", Value(report.detail, 400)),
        (f"on {_events(report)}, first in ", Value(source, 500)),
    ]
    if report.rule_name != report.expression:
        lines.insert(0, ("rule ", Value(report.rule_name, 150)))
    return Section(tuple(lines), ids=report.event_ids, ids_shown=most_ids, events=report.events)


def _short_section(reports: Sequence[RuleErrorReport]) -> Section:
    """Return a line for each report, as many as fit."""
    lines: list[Line] = []
    room = _SHORT_ROOM
    for number, report in enumerate(reports):
        line: Line = (Value(report.rule_name, 100), f": {_events(report)}, such as ", Value(report.event_ids[0], 100))
        room -= line_length(line)
        if room < 0:
            lines.append((f"and {len(reports) - number:,} more rules; see the log",))
            break
        lines.append(line)
    return Section(tuple(lines))


def _events(report: RuleErrorReport) -> str:
    return "1 event" if report.events == 1 else f"{report.events:,} events"


def unusable_rules_notice(issues: Sequence[RuleIssue]) -> Notice:
    """Return the notice about rules that cannot be used as written; `issues` must not be empty."""
    what, them = ("1 rule", "it") if len(issues) == 1 else (f"{len(issues):,} rules", "them")
    title = f"{what} in the configuration cannot be used as written"
    sections = _first_sections([_issue_section(issue) for issue in issues[:_MOST_ISSUES]], _RESERVED)
    if more := len(issues) - len(sections):
        sections.append(Section(((f'and {more:,} more; see the lines "rule unusable" in the log',),)))
    headline = (f"{title}. Correct {them} and deploy again.",)
    return Notice(title, tuple(sections), (Icon.STOPPED,), headline=headline)


def unusable_rules_identity(issues: Sequence[RuleIssue]) -> str:
    """Return a digest of the rules and their issues."""
    return identity_digest([[issue.path, *map(str, issue.details)] for issue in issues])


def _issue_section(issue: RuleIssue) -> Section:
    named: Line = (" (id ", Value(issue.rule_id, 100), ")") if issue.rule_id else ()
    consequence = "left out" if issue.left_out else "evaluated without the wrong part"
    more = len(issue.details) - _MOST_DETAILS
    line: Line = (Value(issue.path, 100), *named, f": {consequence}", f"; and {more} more issues" if more > 0 else "")
    return Section((line,), code=tuple(str(detail)[:CODE_LENGTH] for detail in issue.details[:_MOST_DETAILS]))


def own_role_notice(calls: Sequence[OwnCall], more: int, account: str | None) -> Notice:
    """Return the notice about calls of the function's own role; `more` are only counted."""
    number = len(calls) + more
    kinds: dict[tuple[str, str, str, tuple[str, ...]], list[OwnCall]] = defaultdict(list)
    for call in sorted(calls):
        kinds[call.source, call.name, call.error_code, call.rules].append(call)
    by_severity = sorted(kinds.values(), key=lambda found: -Severity[found[0].severity.upper()])
    sections = _first_sections([_kind_section(found) for found in by_severity[:_MOST_KINDS]], _EXPLANATION_ROOM)
    if left := number - sum(len(found) for found in by_severity[: len(sections)]):
        sections.append(Section(((f"and {left:,} more; see the log for their IDs",),)))
    return Notice(
        f"{'1 call' if number == 1 else f'{number:,} calls'} by the alerting function's own role matched rules",
        tuple(sections),
        (Icon.REPEATED,),
        footnotes=((_EXPLANATION,),),
        account=account,
        severity=max((Severity[call.severity.upper()] for call in calls), default=Severity.MEDIUM).word,
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


def _first_sections(sections: Sequence[Section], reserved: int) -> list[Section]:
    """Return the first sections that fit into one notice, with `reserved` characters left."""
    fitting = list(sections[:1])
    for section in sections[1:]:
        if not fits([*fitting, section], reserved):
            break
        fitting.append(section)
    return fitting
