"""Notices about rules: those that raised an error on events, and those that cannot be used as they are written."""

import hashlib
import json
from collections.abc import Sequence

from cloudtrail_to_slack.alerts.notice import Notice
from cloudtrail_to_slack.config.rule_reader import RuleIssue
from cloudtrail_to_slack.destinations.slack.render.message import (
    MAX_ALL_BLOCKS,
    Block,
    SlackMessage,
    blocks_length,
    section,
)
from cloudtrail_to_slack.destinations.slack.render.text import code, code_block, json_length, plain
from cloudtrail_to_slack.rules import Severity
from cloudtrail_to_slack.rules.evaluation_errors import RuleErrorReport

MOST_NOTICES = 10
_MOST_BLOCKS = 40
_MOST_SHORT_SECTIONS = 3
_MOST_IDS = 200  # in one message
_LEAST_IDS = 5  # of one rule
_SECTION_LENGTH = 2800
_MOST_ISSUES = 25
_FAULT_LENGTH = 500
_MOST_FAULTS = 5


def rule_error_notices(reports: Sequence[RuleErrorReport], most: int = MOST_NOTICES) -> list[tuple[Notice, list[int]]]:
    """Return the reports in as few notices as Slack's limits allow, each with the positions of its reports.

    The most severe rules come first. Of what goes beyond `most` notices, the last one has a line for each rule.
    """
    most_ids = max(_MOST_IDS // max(len(reports), 1), _LEAST_IDS)
    parts: list[tuple[list[Block], list[int]]] = []
    for number in sorted(range(len(reports)), key=lambda number: -(reports[number].severity or Severity.MEDIUM)):
        blocks = _error_blocks(reports[number], most_ids)
        if parts and _fits([*parts[-1][0], *blocks]):
            parts[-1][0].extend(blocks)
            parts[-1][1].append(number)
        else:
            parts.append((blocks, [number]))
    if len(parts) > most:
        rest = [number for _, numbers in parts[most - 1 :] for number in numbers]
        parts[most - 1 :] = [(_short_blocks([reports[number] for number in rest]), rest)]
    return [(_error_notice([reports[number] for number in numbers], blocks), numbers) for blocks, numbers in parts]


def unusable_rules_notice(issues: Sequence[RuleIssue]) -> Notice:
    """Return the notice about rules that cannot be used as they are written; `issues` must not be empty."""
    what = "1 rule" if len(issues) == 1 else f"{len(issues):,} rules"
    title = f"{what} of the configuration cannot be used as written"
    blocks = [section(f":no_entry: *{title}.* Correct {'it' if len(issues) == 1 else 'them'} and deploy again.")]
    texts: list[str] = []
    for issue in issues[:_MOST_ISSUES]:
        block = section(_issue_markup(issue))
        if not _fits([*blocks, block], room=500):
            break
        blocks.append(block)
        texts.append(_issue_text(issue))
    more = len(issues) - len(texts)
    if more:
        rest = f'and {more:,} more: the log has them under "rule unusable"'
        blocks.append(section(rest))
        texts.append(rest)
    return Notice(SlackMessage(title, blocks), title, "\n\n".join(texts))


def unusable_rules_identity(issues: Sequence[RuleIssue]) -> str:
    """Return a digest of what is wrong with which rules."""
    return _digest([[issue.path, *map(str, issue.faults)] for issue in issues])


def _issue_markup(issue: RuleIssue) -> str:
    named = f" (id {code(issue.rule_id, 100)})" if issue.rule_id else ""
    lines = [f"{code(issue.path, 100)}{named} — *{_consequence(issue)}*"]
    lines += [
        code_block(str(fault), lambda text: json_length(text) <= _FAULT_LENGTH) for fault in issue.faults[:_MOST_FAULTS]
    ]
    if len(issue.faults) > _MOST_FAULTS:
        lines.append(f"and {len(issue.faults) - _MOST_FAULTS} more faults")
    return "\n".join(lines)


def _issue_text(issue: RuleIssue) -> str:
    named = f' (id "{issue.rule_id}")' if issue.rule_id else ""
    faults = [str(fault)[:_FAULT_LENGTH] for fault in issue.faults[:_MOST_FAULTS]]
    return "\n".join([f"{issue.path}{named}: {_consequence(issue)}", *faults])


def _consequence(issue: RuleIssue) -> str:
    return "left out" if issue.left_out else "evaluated without what is wrong"


def _error_notice(reports: Sequence[RuleErrorReport], blocks: list[Block]) -> Notice:
    one = len(reports) == 1
    title = f"{f'rule {reports[0].rule_name}' if one else f'{len(reports)} rules'} raised an error and may miss events"
    severities = [report.severity for report in reports if report.severity]
    mark = f" · severity {max(severities).word}" if severities else ""
    head = f":broken_heart: *{'A rule' if one else f'{len(reports)} rules'} raised an error and may miss events*{mark}"
    return Notice(
        SlackMessage(plain(title, 200), [section(head), *blocks]),
        title,
        "\n\n".join(map(_error_text, reports)),
        identity=_digest([[report.identity, sorted(report.event_ids)] for report in reports]),
        severity=max(severities).word if severities else None,
        rules=tuple(report.rule_name for report in reports),
    )


def _error_blocks(report: RuleErrorReport, most_ids: int) -> list[Block]:
    lines = [
        *([f"rule {code(report.rule_name, 150)}"] if report.rule_name != report.expression else []),
        code(report.expression, 900),
        f":x: {code(report.detail, 400)}",
        f"on {_events(report)}, first in {code(_origin(report), 500)}",
    ]
    sections = ["\n".join(lines)]
    shown = report.event_ids[:most_ids]
    for event_id in shown:
        text = code(event_id, 100)
        if len(sections) > 1 and len(sections[-1]) + len(text) < _SECTION_LENGTH:
            sections[-1] += f", {text}"
        else:
            sections.append(text)
    if report.events > len(shown):
        sections[-1] += f" and {report.events - len(shown):,} more: the log has their ids"
    return [section(text) for text in sections]


def _short_blocks(reports: Sequence[RuleErrorReport]) -> list[Block]:
    """Return a line for each report, as many as fit."""
    texts: list[str] = [""]
    for number, report in enumerate(reports):
        line = f"{code(report.rule_name, 100)}: {_events(report)}, such as {code(report.event_ids[0], 100)}"
        if len(texts[-1]) + len(line) > _SECTION_LENGTH:
            if len(texts) == _MOST_SHORT_SECTIONS:
                texts.append(f"and {len(reports) - number:,} more rules: the log has them")
                break
            texts.append("")
        texts[-1] += f"{line}\n"
    return [section(text.strip()) for text in texts]


def _error_text(report: RuleErrorReport) -> str:
    more = report.events - len(report.event_ids)
    lines = [
        *([f"rule: {report.rule_name}"] if report.rule_name != report.expression else []),
        f"expression: {report.expression}",
        f"error: {report.detail}",
        f"on {_events(report)}, first in {_origin(report)}",
        f"event ids: {', '.join(report.event_ids)}"
        + (f" and {more:,} more: the log has their ids" if more > 0 else ""),
    ]
    return "\n".join(lines)


def _events(report: RuleErrorReport) -> str:
    return "1 event" if report.events == 1 else f"{report.events:,} events"


def _origin(report: RuleErrorReport) -> str:
    return report.origin.url if report.origin else "an event from EventBridge"


def _fits(blocks: list[Block], room: int = 400) -> bool:
    """Whether the blocks fit into a message, with `room` for a head."""
    return len(blocks) <= _MOST_BLOCKS and blocks_length(blocks) + room <= MAX_ALL_BLOCKS


def _digest(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
