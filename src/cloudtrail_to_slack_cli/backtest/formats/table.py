"""The rules as comma-separated values, for spreadsheets."""

import csv
from typing import IO

from cloudtrail_to_slack_cli.backtest.report import Report

COLUMNS = (
    "rule", "severity", "alerts", "messages", "actors", "accounts", "first_day", "last_day", "busiest_hour",
    "alerts_in_busiest_hour",
)  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write_csv(out: IO[str], report: Report) -> None:
    """Write one row for each rule, the most alerts first."""
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for rule, found in report.rules:
        days, busiest = sorted(found.days), found.busiest_hour or ("", "")
        period = (days[0], days[-1]) if days else ("", "")
        counts = report.counts_of(rule).values()
        writer.writerow([_cell(rule.name), rule.severity.word, *counts, *period, *busiest])


def _cell(text: str) -> str:
    """Return a string that a spreadsheet does not take for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text
