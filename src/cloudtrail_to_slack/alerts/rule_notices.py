"""Notices about rules: those that raised an error, and those that cannot be used as they are written. Pure."""

from collections.abc import Sequence

from cloudtrail_to_slack.alerts.notice import CODE_LENGTH, Notice, Section, fits, identity
from cloudtrail_to_slack.alerts.text import Icon, Line, Value, line_length
from cloudtrail_to_slack.config.rule_reader import RuleIssue
from cloudtrail_to_slack.rules import Severity
from cloudtrail_to_slack.rules.evaluation_errors import RuleErrorReport

MOST_NOTICES = 10
_MOST_IDS = 200  # in one message
_LEAST_IDS = 5  # of one rule
_SHORT_ROOM = 8_400
_MOST_ISSUES = 25
_MOST_FAULTS = 5
_RESERVED = 500


def rule_error_notices(reports: Sequence[RuleErrorReport], most: int = MOST_NOTICES) -> list[tuple[Notice, list[int]]]:
    """Return the reports in as few notices as there is room in, each with the positions of its reports.

    The most severe rules come first. Of what goes beyond `most` notices, the last one has a line for each rule.
    """
    most_ids = max(_MOST_IDS // max(len(reports), 1), _LEAST_IDS)
    parts: list[tuple[list[Section], list[int]]] = []
    for number in sorted(range(len(reports)), key=lambda number: -(reports[number].severity or Severity.MEDIUM)):
        section = _error_section(reports[number], most_ids)
        if parts and fits([*parts[-1][0], section]):
            parts[-1][0].append(section)
            parts[-1][1].append(number)
        else:
            parts.append(([section], [number]))
    if len(parts) > most:
        rest = [number for _, numbers in parts[most - 1 :] for number in numbers]
        parts[most - 1 :] = [([_short_section([reports[number] for number in rest])], rest)]
    return [(_error_notice([reports[number] for number in numbers], sections), numbers) for sections, numbers in parts]


def unusable_rules_notice(issues: Sequence[RuleIssue]) -> Notice:
    """Return the notice about rules that cannot be used as they are written; `issues` must not be empty."""
    what, them = ("1 rule", "it") if len(issues) == 1 else (f"{len(issues):,} rules", "them")
    title = f"{what} of the configuration cannot be used as written"
    sections: list[Section] = []
    for issue in issues[:_MOST_ISSUES]:
        section = _issue_section(issue)
        if sections and not fits([*sections, section], _RESERVED):
            break
        sections.append(section)
    more = len(issues) - len(sections)
    if more:
        sections.append(Section(((f'and {more:,} more: the log has them under "rule unusable"',),)))
    headline = (f"{title}. Correct {them} and deploy again.",)
    return Notice(title, tuple(sections), (Icon.STOPPED,), headline=headline)


def unusable_rules_identity(issues: Sequence[RuleIssue]) -> str:
    """Return a digest of what is wrong with which rules."""
    return identity([[issue.path, *map(str, issue.details)] for issue in issues])


def _issue_section(issue: RuleIssue) -> Section:
    named: Line = (" (id ", Value(issue.rule_id, 100), ")") if issue.rule_id else ()
    consequence = "left out" if issue.left_out else "evaluated without what is wrong"
    more = len(issue.details) - _MOST_FAULTS
    issues = [str(fault)[:CODE_LENGTH] for fault in issue.details[:_MOST_FAULTS]]
    return Section(
        ((Value(issue.path, 100), *named, f": {consequence}", f"; and {more} more issues" if more > 0 else ""),),
        code=tuple(issues),
    )


def _error_notice(reports: Sequence[RuleErrorReport], sections: Sequence[Section]) -> Notice:
    one = len(reports) == 1
    severities = [report.severity for report in reports if report.severity]
    return Notice(
        f"{f'rule {reports[0].rule_name}' if one else f'{len(reports)} rules'} raised an error and may miss events",
        tuple(sections),
        (Icon.BROKEN,),
        headline=(f"{'A rule' if one else f'{len(reports)} rules'} raised an error and may miss events",),
        identity=identity([[report.identity, sorted(report.event_ids)] for report in reports]),
        severity=max(severities).word if severities else None,
        rules=tuple(report.rule_name for report in reports),
    )


def _error_section(report: RuleErrorReport, most_ids: int) -> Section:
    origin = report.origin.url if report.origin else "an event from EventBridge"
    named: tuple[Line, ...] = (
        (("rule ", Value(report.rule_name, 150)),) if report.rule_name != report.expression else ()
    )
    return Section(
        (
            *named,
            (Value(report.expression, 900),),
            (Icon.ERROR, " ", Value(report.detail, 400)),
            (f"on {_events(report)}, first in ", Value(origin, 500)),
        ),
        ids=report.event_ids,
        ids_shown=most_ids,
        events=report.events,
    )


def _short_section(reports: Sequence[RuleErrorReport]) -> Section:
    """Return a line for each report, as many as there is room for."""
    lines: list[Line] = []
    room = _SHORT_ROOM
    for number, report in enumerate(reports):
        line: Line = (Value(report.rule_name, 100), f": {_events(report)}, such as ", Value(report.event_ids[0], 100))
        room -= line_length(line)
        if room < 0:
            lines.append((f"and {len(reports) - number:,} more rules: the log has them",))
            break
        lines.append(line)
    return Section(tuple(lines))


def _events(report: RuleErrorReport) -> str:
    return "1 event" if report.events == 1 else f"{report.events:,} events"
