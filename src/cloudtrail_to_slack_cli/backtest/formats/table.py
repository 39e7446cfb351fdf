"""The rules as comma-separated values, for spreadsheets."""

import csv
from typing import IO

from cloudtrail_to_slack_cli.backtest.report import Report, busiest_hour

COLUMNS = (
    "rule", "severity", "alerts", "messages", "actors", "accounts", "first_day", "last_day", "busiest_hour",
    "alerts_in_busiest_hour",
)  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write_csv(out: IO[str], report: Report) -> None:
    """Write one row for each rule, the most alerts first."""
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    severities = {rule.name: rule.severity.word for rule in report.config.rules}
    for name, rule in report.rules:
        days, (hour, most) = sorted(rule.days), busiest_hour(rule.hours) or ("", "")
        counts = (rule.alerts, report.messages_of(name), len(rule.actors), len(rule.accounts))
        period = (days[0], days[-1]) if days else ("", "")
        writer.writerow([_cell(name), severities[name], *counts, *period, hour, most])


def _cell(text: str) -> str:
    """Return a string that a spreadsheet does not take for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text
