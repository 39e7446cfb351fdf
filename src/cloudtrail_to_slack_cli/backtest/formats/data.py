"""The results of a backtest for programs: one JSON document, which `diff` reads again, and the rules as CSV."""

import csv
import json
from dataclasses import asdict
from typing import IO, Any

from cloudtrail_to_slack_cli.backtest.prediction.totals import NOT_PREDICTED
from cloudtrail_to_slack_cli.backtest.report import Report, most_first

COLUMNS = (
    "rule", "severity", "alerts", "messages", "actors", "accounts", "first_day", "last_day", "busiest_hour",
    "alerts_in_busiest_hour",
)  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write_json(out: IO[str], report: Report) -> None:
    """Write everything; there may be more alerts than the memory holds, so they come one by one."""
    out.write(json.dumps(as_json(report), indent=2).removesuffix("\n}"))
    out.write(',\n  "alerts": [')
    for number, outcome in enumerate(report.outcomes()):
        out.write(f"{',' if number else ''}\n    {outcome.decode()}")
    out.write("\n  ]\n}\n")


def as_json(report: Report) -> dict[str, Any]:
    """Return everything but the single alerts, for programs."""
    totals, prediction = report.totals, report.prediction
    return {
        "files": report.files,
        "damaged": [{"file": path, "problem": problem} for path, problem in report.problems],
        **{name: totals.counts[name] for name in ("records", "matched", "ignored", "unmatched", "failed")},
        "alerts_per_day": dict(sorted(totals.days.items())),
        "rules": [
            {
                "rule": rule.name,
                "severity": rule.severity.word,
                **report.counts_of(rule),
                "busiest_hour": dict(zip(("hour", "alerts"), found.busiest_hour, strict=True))
                if found.busiest_hour
                else None,
                "alerts_per_day": dict(sorted(found.days.items())),
            }
            for rule, found in report.rules
        ],
        "ignore_rules": [
            {"ignore_rule": rule.name, "ignored": totals.ignored[rule.name]} for rule in report.config.ignore_rules
        ],
        "errors": [
            {"rule": rule, "error": error, "events": events} for (rule, error), events in most_first(totals.errors)
        ],
        "files_per_invocation": report.deployment.files_per_invocation,
        "has_table": report.deployment.has_table,
        "messages": prediction.messages,
        "duplicates": prediction.duplicates,
        "unrouted": prediction.unrouted,
        "own_role": totals.counts["own_role"],
        "channels": [
            {
                "destination": target.destination,
                "channel": target.address,
                **asdict(total),
                "days": {day: asdict(counts) for day, counts in days.items()},
            }
            for target, total, days in prediction.channels()
        ],
        "notices": [{"notice": title, "messages": count} for title, count in most_first(prediction.notices)],
        "not_predicted": list(NOT_PREDICTED),
        "noisiest": [{"rule": rule, "actor": actor, "messages": count} for rule, actor, count in prediction.noisiest()],
    }


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
