"""What a backtest found, for people at a terminal."""

from rich.console import Console
from rich.table import Table

from cloudtrail_to_slack_cli.backtest.formats.sparkline import by_time, sparkline
from cloudtrail_to_slack_cli.backtest.prediction.totals import NOT_PREDICTED
from cloudtrail_to_slack_cli.backtest.report import Report, busiest_hour, most_first, summary
from cloudtrail_to_slack_cli.terminal import counted, in_one_line, line

_LONGEST_NAME = 42
_BUSIEST = len("2026-09-30 14h: 1,000")
_LONGEST_LINE = 14  # characters of a sparkline
_WIDTH_IN_A_PIPE = 120
_MOST_NOISY = 10
_LEAST_SHOWN = 0.1


def print_text(out: Console, report: Report) -> None:
    """Print tables of rules and of channels, and what else is worth knowing."""
    if not out.is_terminal:
        out.width = _WIDTH_IN_A_PIPE
    _print_rules(out, report)
    out.print(line(summary(report), "bold"))
    if report.totals.days:
        out.print(line(_period(report)))
    if silent := sum(not rule.alerts for _, rule in report.rules):
        out.print(line(f"{counted(silent, 'rule')} matched nothing"))
    for ignore_rule, count in most_first(report.totals.ignored):
        out.print(line(f"ignored by {in_one_line(ignore_rule)}: {count:,}"))
    for (name, error), count in most_first(report.totals.errors):
        out.print(line(f"rule error: {in_one_line(name)} raised {error} on {counted(count, 'event')}", "red"))
    _print_channels(out, report)
    _print_noisiest(out, report)
    if report.store:
        out.print()
        out.print(line(f"Not predicted: {'; '.join(NOT_PREDICTED)}.", "dim"))


def _print_rules(out: Console, report: Report) -> None:
    table = _table("rule", "alerts", "messages", "actors", "accounts", "a day")
    table.add_column("per day", no_wrap=True, min_width=7)
    table.add_column("busiest hour", no_wrap=True, min_width=_BUSIEST)
    known = report.known_days
    for name, rule in report.rules:
        if not rule.alerts:
            continue
        numbers = by_time(rule.days, known[0], known[-1], _LONGEST_LINE) if known else []
        busiest = busiest_hour(rule.hours)
        table.add_row(
            line(in_one_line(name)),
            *(f"{n:,}" for n in (rule.alerts, report.messages_of(name), len(rule.actors), len(rule.accounts))),
            _rate(rule.alerts, report.days),
            sparkline(numbers, out.encoding),
            f"{busiest[0][:13].replace('T', ' ')}h: {busiest[1]:,}" if busiest else "",
        )
    if table.row_count:
        out.print(table, soft_wrap=False)
        out.print()


def _print_channels(out: Console, report: Report) -> None:
    prediction = report.prediction
    if not prediction.days:
        return
    table = _table("channel", "messages", "in threads", "threads", "summaries", "notices", "most on a day")
    for address, total, days in prediction.channels():
        busiest, most = max(days.items(), key=lambda each: each[1].messages)
        cells = (total.messages, total.replies, total.threads, total.summaries, total.notices)
        table.add_row(
            line(in_one_line(address.label)), *(f"{cell:,}" for cell in cells), f"{most.messages:,} ({busiest})"
        )
    out.print()
    out.print(table, soft_wrap=False)
    for title, count in most_first(prediction.notices)[:_MOST_NOISY]:
        out.print(line(f"{counted(count, 'notice')}: {in_one_line(title)}"))
    if prediction.duplicates:
        out.print(line(f"{counted(prediction.duplicates, 'copy', 'copies')} of delivered alerts left out"))
    if prediction.unrouted:
        out.print(line(f"{counted(prediction.unrouted, 'alert')} without a route or beyond the limit", "red"))


def _print_noisiest(out: Console, report: Report) -> None:
    noisiest, total = report.prediction.noisiest(), report.prediction.messages
    if not noisiest:
        return
    share = sum(count for _, _, count in noisiest) / total
    out.print()
    out.print(line(f"{share:.0%} of the messages, by rule and actor:", "bold"))
    for rule, actor, count in noisiest[:_MOST_NOISY]:
        out.print(line(f"  {count:,}  {in_one_line(rule)}  {in_one_line(actor) or 'unknown'}"))
    if len(noisiest) > _MOST_NOISY:
        out.print(line(f"  and {len(noisiest) - _MOST_NOISY:,} more"))


def _table(name: str, *numbers: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(name, overflow="ellipsis", no_wrap=True, max_width=_LONGEST_NAME)
    for heading in numbers:
        table.add_column(heading, justify="right", no_wrap=True, min_width=len(heading))
    return table


def _period(report: Report) -> str:
    known, total = report.known_days, sum(report.totals.days.values())
    if not known:
        return f"{counted(total, 'alert')}, on unknown days"
    busiest, most = max(sorted(report.totals.days.items()), key=lambda each: each[1])
    average = f"{_rate(total, report.days)} a day"
    return f"{counted(total, 'alert')} from {known[0]} to {known[-1]}, {average}; most on {busiest}: {most:,}"


def _rate(number: int, days: int) -> str:
    if not days:
        return "-"
    return f"{number / days:,.1f}" if number / days >= _LEAST_SHOWN else f"< {_LEAST_SHOWN}"
