"""The rules on the page: a table that sorts and filters, and for each its noisiest actors and sample messages."""

import json
from collections.abc import Iterator

from cloudtrail_to_slack.alerts.alert import make_alert
from cloudtrail_to_slack.destinations.slack.render.alert import alert_message
from cloudtrail_to_slack.events.event import read_event
from cloudtrail_to_slack.rules import Rule
from cloudtrail_to_slack_cli.backtest.formats.page.markup import escape, scrolling, table
from cloudtrail_to_slack_cli.backtest.formats.sparkline import by_time, sparkline
from cloudtrail_to_slack_cli.backtest.prediction.rows import AlertRow
from cloudtrail_to_slack_cli.backtest.prediction.totals import RulePrediction
from cloudtrail_to_slack_cli.backtest.report import Report, most_first
from cloudtrail_to_slack_cli.backtest.totals import RuleTotals
from cloudtrail_to_slack_cli.decisions import EXAMPLE_LOG_FILE
from cloudtrail_to_slack_cli.slack_display.blocks import render_message
from cloudtrail_to_slack_cli.terminal import counted

_COLUMNS = (
    ("rule", False), ("severity", True), ("alerts", True), ("messages", True), ("actors", True), ("accounts", True),
)  # fmt: skip
_ACTORS = 10
_BARS = 20
_SILENT_SHOWN = 10  # rules that matched nothing; more of them are shown on demand


def rules_table(report: Report) -> str:
    """Return the table of all rules; without a script it is complete and in the order of alerts."""
    head = "".join(
        f'<th scope="col" data-sorts{" class=count" if is_number else ""}>{name}</th>' for name, is_number in _COLUMNS
    )
    body = "".join(_row(report, number, *each) for number, each in enumerate(report.rules, 1))
    content = (
        '<table id="rules"><caption>Click a heading to sort</caption><thead><tr>'
        f'{head}<th scope="col">alerts per day</th><th scope="col">busiest hour (UTC)</th></tr></thead>'
        f"<tbody>{body}</tbody></table>"
    )
    silent = sum(not totals.alerts for _, totals in report.rules)
    toggle = '<button type="button" id="silent" aria-pressed="false">'
    more = f"{toggle}Show {counted(silent, 'rule')} that matched nothing</button>" if silent > _SILENT_SHOWN else ""
    controls = (
        '<div class="controls" data-needs-script hidden><label for="filter">Filter</label>'
        '<input id="filter" type="search" autocomplete="off" placeholder="words of a rule, a severity">'
        '<span id="shown" class="soft" role="status"></span>'
        f"{more}</div>"
    )
    return controls + scrolling("Rules", content)


def rule_details(report: Report) -> Iterator[str]:
    """Yield what there is to see of each rule that matched."""
    rules = {rule.name: rule for rule in report.config.rules}
    for number, (rule, totals) in enumerate(report.rules, 1):
        found = report.prediction.rules.get(rule.name)
        if not totals.alerts or found is None:
            continue
        title = escape(rule.title or rule.name) + (f" <small>({escape(rule.name)})</small>" if rule.title else "")
        yield f'<details class="rule" id="rule-{number}"><summary>{title}: {counted(totals.alerts, "alert")}</summary>'
        yield _actors(found)
        yield "<h3>Sample messages</h3>" if found.samples else ""
        for row in found.samples:
            yield _message(row, rules)
        yield "</details>"


def _row(report: Report, number: int, rule: Rule, totals: RuleTotals) -> str:
    name, severity, known = rule.name, rule.severity, report.known_days
    bars = sparkline(by_time(totals.days, known[0], known[-1], _BARS)) if known and totals.alerts else ""
    busiest = totals.busiest_hour
    hour = f"{busiest[0][:10]} {busiest[0][11:16]}, {counted(busiest[1], 'alert')}" if busiest else ""
    label = f'<a href="#rule-{number}">{escape(name)}</a>' if totals.alerts else escape(name)
    cells = report.counts_of(rule).values()
    return (
        f'<tr data-details="rule-{number}"{"" if totals.alerts else " data-silent"}><th scope="row">{label}</th>'
        f'<td class="count" data-value="{int(severity)}">{severity.word}</td>'
        + "".join(f'<td class="count" data-value="{cell}">{cell:,}</td>' for cell in cells)
        + f'<td><span class="bars" aria-hidden="true">{bars}</span></td><td>{hour}</td></tr>'
    )


def _actors(found: RulePrediction) -> str:
    actors = most_first(found.actors)
    rows = ((f'<span class="actor">{escape(actor or "unknown")}</span>', count) for actor, count in actors[:_ACTORS])
    more = len(actors) - _ACTORS
    rest = f'<p class="soft">and {counted(more, "other actor")}</p>' if more > 0 else ""
    return table("Noisiest actors", ["actor", "alerts"], rows) + rest


def _message(row: AlertRow, rules: dict[str, Rule]) -> str:
    """Return a message as Slack shows it."""
    event = read_event(json.loads(row.record or "{}"), object_key=row.place.source)
    message = alert_message(make_alert(event, tuple(rules[name] for name in row.rules), EXAMPLE_LOG_FILE))
    time = f'<time class="time">{event.time:%Y-%m-%d %H:%M}</time>' if event.time else ""
    return render_message(message.whole.blocks, time)
