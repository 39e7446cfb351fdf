"""The results of a backtest as text for a terminal."""

from collections.abc import Sequence
from dataclasses import astuple

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table

from cloudtrail_to_slack_cli.backtest.formats.sparkline import by_time, sparkline
from cloudtrail_to_slack_cli.backtest.prediction.destinations import label
from cloudtrail_to_slack_cli.backtest.prediction.totals import NOT_PREDICTED
from cloudtrail_to_slack_cli.backtest.report import Report, most_first, summary
from cloudtrail_to_slack_cli.terminal import counted, in_one_line, is_terminal, line

_LONGEST_NAME = 42
_LONGEST_NAME_OF_SEVERAL = 30  # where it would leave no room for the columns
_LEAST_NAME = 8
_GAP = 2  # between columns
_LONGEST_LINE = 14  # characters of a sparkline
_WIDTH_IN_A_PIPE = 120
_MOST_NOISY = 10
_LEAST_SHOWN = 0.1


def print_text(out: Console, report: Report) -> None:
    """Print tables of rules and of channels, and what else is worth knowing."""
    in_terminal = is_terminal(out.file)
    if not in_terminal:
        out.width = _WIDTH_IN_A_PIPE
    _print_rules(out, report)
    out.print(line(summary(report), "bold"))
    if report.totals.days:
        out.print(line(_period(report)))
    if silent := sum(not found.alerts for _, found in report.rules):
        out.print(line(f"{counted(silent, 'rule')} matched nothing"))
    for ignore_rule, count in most_first(report.totals.ignored):
        out.print(line(f"ignored by {in_one_line(ignore_rule)}: {count:,}"))
    for (name, error), count in most_first(report.totals.errors):
        out.print(line(f"rule error: {in_one_line(name)} raised {error} on {counted(count, 'event')}", "red"))
    _print_channels(out, report)
    _print_noisiest(out, report)
    if report.store:
        out.print()
        # In a pipe it stays one line.
        out.print(line(f"Not predicted: {'; '.join(NOT_PREDICTED)}.", "dim"), soft_wrap=not in_terminal)


def _print_rules(out: Console, report: Report) -> None:
    known = report.known_days
    rows = []
    for rule, found in report.rules:
        if not found.alerts:
            continue
        numbers = by_time(found.days, known[0], known[-1], _LONGEST_LINE) if known else []
        busiest = found.busiest_hour
        counts = [f"{count:,}" for count in report.counts_of(rule).values()]
        hour = f"{busiest[0][:13].replace('T', ' ')}h: {busiest[1]:,}" if busiest else ""
        rows.append((rule.name, (*counts, _rate(found.alerts, report.days), sparkline(numbers, out.encoding), hour)))
    if rows:
        headings = ("rule", "alerts", "messages", "actors", "accounts", "a day", "per day", "busiest hour")
        _print_tables(out, headings, rows, numbers=5)
        out.print()


def _print_channels(out: Console, report: Report) -> None:
    prediction = report.prediction
    if not prediction.days:
        return
    rows = []
    for target, total, days in prediction.channels():
        busiest, most = max(days.items(), key=lambda each: each[1].messages)
        counts = (f"{count:,}" for count in astuple(total))
        rows.append((label(target), (*counts, f"{most.messages:,} ({busiest})")))
    out.print()
    headings = ("channel", "messages", "in threads", "threads", "summaries", "notices", "most on a day")
    _print_tables(out, headings, rows, numbers=len(headings))
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


def _print_tables(
    out: Console, headings: Sequence[str], rows: Sequence[tuple[str, Sequence[str]]], *, numbers: int
) -> None:
    """Print rows with their names as a table, and where it is too wide as several; `numbers` columns align right."""
    names = [line(in_one_line(name)) for name, _ in rows]
    widths = [max(map(cell_len, column)) for column in zip(headings[1:], *(cells for _, cells in rows), strict=True)]
    room = out.width - min(max(name.cell_len for name in names), _LONGEST_NAME_OF_SEVERAL)
    begin = 0
    while begin < len(widths):
        end = begin + 1
        while end < len(widths) and sum(width + _GAP for width in widths[begin : end + 1]) <= room:
            end += 1
        table = Table(box=None, pad_edge=False, header_style="bold")
        left = out.width - sum(width + _GAP for width in widths[begin:end])
        name_width = max(min(_LONGEST_NAME, left), _LEAST_NAME)
        table.add_column(headings[0], overflow="ellipsis", no_wrap=True, max_width=name_width)
        for column in range(begin, end):
            is_number = column < numbers
            table.add_column(
                headings[column + 1], justify="right" if is_number else "left", no_wrap=True, min_width=widths[column]
            )
        for name, (_, cells) in zip(names, rows, strict=True):
            table.add_row(name, *cells[begin:end])
        if begin:
            out.print()
        out.print(table, soft_wrap=False)
        begin = end


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
