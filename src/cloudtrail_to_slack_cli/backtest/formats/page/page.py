"""The page: what happened, the chart, channels, rules, and for each rule its actors and sample messages."""

import base64
import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import astuple
from typing import IO, Final

from cloudtrail_to_slack_cli.backtest.formats.page.chart import chart
from cloudtrail_to_slack_cli.backtest.formats.page.markup import escape, table
from cloudtrail_to_slack_cli.backtest.formats.page.rules import rule_details, rules_table
from cloudtrail_to_slack_cli.backtest.prediction.destinations import label
from cloudtrail_to_slack_cli.backtest.prediction.totals import NOT_PREDICTED
from cloudtrail_to_slack_cli.backtest.report import Report, most_first, summary
from cloudtrail_to_slack_cli.slack_display.style import STYLE, THEMES, asset
from cloudtrail_to_slack_cli.terminal import counted

_MOST_NOISY = 50
_THEMES: Final = (("", "As the device"), ("light", "Light"), ("dark", "Dark"))


def write_page(out: IO[str], report: Report) -> None:
    """Write the page."""
    for piece in _pieces(report):
        out.write(piece)


def _pieces(report: Report) -> Iterator[str]:
    style, script = STYLE + THEMES + asset(__package__, "page.css"), asset(__package__, "page.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    # The page fetches nothing, and of all scripts only its own runs, whatever an event contains.
    policy = f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; img-src data:"
    yield (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<link rel="icon" href="data:,">'
        f"<title>Backtest of alerts</title><style>{style}</style></head><body>"
        '<a class="skip" href="#rules">Skip to the rules</a><div class="page">'
    )
    yield f"<header><h1>Backtest of alerts</h1><p>{escape(summary(report))}.</p>{_headline(report)}{_themes()}</header>"
    yield f"<main>{_card('Messages per day', chart(_messages_per_day(report)))}"
    yield from _tables(report)
    yield _card("Rules", rules_table(report))
    yield '<section class="card"><h2>Actors and messages of each rule</h2>'
    yield from rule_details(report)
    items = "".join(f"<li>{escape(each)}</li>" for each in NOT_PREDICTED)
    yield f"</section>{_card('Not predicted', f'<ul>{items}</ul>')}</main></div>"
    yield f"<script>{script}</script></body></html>\n"


def _card(title: str, content: str) -> str:
    return f'<section class="card"><h2>{escape(title)}</h2>{content}</section>'


def _headline(report: Report) -> str:
    known, messages = report.known_days, report.prediction.messages
    period = f" from {known[0]} to {known[-1]}" if known else ""
    channels = counted(len(report.prediction.days), "channel")
    files = report.deployment.files_per_invocation
    invocations = "each log file is one invocation" if files == 1 else f"{files} log files are one invocation"
    table = "" if report.deployment.has_table else ", there is no state table"
    return (
        f"<p>{counted(sum(report.totals.days.values()), 'alert')}{period}; {counted(messages, 'message')} "
        f'to {channels}.</p><p class="soft">Predicted: {invocations}{table}, and everything sent is accepted.</p>'
    )


def _themes() -> str:
    buttons = "".join(
        f'<button type="button" data-theme-value="{value}" aria-pressed="{str(not value).lower()}">{label}</button>'
        for value, label in _THEMES
    )
    return f'<div class="controls" role="group" aria-label="Theme" data-needs-script hidden>{buttons}</div>'


def _messages_per_day(report: Report) -> Counter[str]:
    found: Counter[str] = Counter()
    for days in report.prediction.days.values():
        for day, counts in days.items():
            found[day] += counts.messages
    return found


def _tables(report: Report) -> Iterator[str]:
    prediction, totals = report.prediction, report.totals
    channels = (
        (escape(label(target)), *astuple(total), max(day.messages for day in days.values()))
        for target, total, days in prediction.channels()
    )
    headings = ["channel", "messages", "in threads", "threads", "summaries", "notices", "most on a day"]
    yield _card("Channels", table("What each channel receives", headings, channels))
    if prediction.notices:
        notices = ((escape(title), count) for title, count in most_first(prediction.notices))
        yield _card("Notices", table("What the function says of itself", ["notice", "messages"], notices))
    noisy = (
        (f"{escape(rule)} <br><span class='soft'>{escape(actor or 'unknown')}</span>", count)
        for rule, actor, count in prediction.noisiest()[:_MOST_NOISY]
    )
    title = "The few that make 80% of the messages"
    yield _card(title, table("Rules and actors", ["rule and actor", "messages"], noisy))
    if report.config.ignore_rules:
        ignored = ((escape(rule.name), totals.ignored[rule.name]) for rule in report.config.ignore_rules)
        yield _card("Ignore rules", table("What they suppressed", ["ignore rule", "events"], ignored))
    if totals.errors:
        errors = ((f"{escape(rule)}: {escape(error)}", count) for (rule, error), count in most_first(totals.errors))
        yield _card("Rule errors", table("Rules that raised", ["rule and error", "events"], errors))
