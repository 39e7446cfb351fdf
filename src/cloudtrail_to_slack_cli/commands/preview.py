"""`preview`: show what alerts will look like."""

import json
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import click
from rich.console import Console

from cloudtrail_to_slack_cli.errors import EXIT_CLEAN, EXIT_FINDINGS
from cloudtrail_to_slack_cli.event_input import STANDARD_INPUT, read_records_argument
from cloudtrail_to_slack_cli.given_rules import GivenRules, rule_options
from cloudtrail_to_slack_cli.options import format_option
from cloudtrail_to_slack_cli.preview.previews import Preview, preview
from cloudtrail_to_slack_cli.slack_display.terminal_text import message_lines
from cloudtrail_to_slack_cli.terminal import console, line

_EXAMPLE = """\b
Examples:
  cloudtrail-to-slack preview root-creates-access-key
  cloudtrail-to-slack preview event.json --config config.json --format blocks
  cloudtrail-to-slack preview events/*.json --rule-file rules/iam.yaml --serve
"""
_MOST_EVENTS = 200


@click.command("preview", epilog=_EXAMPLE)
@click.argument("events", metavar="EVENT...", nargs=-1, required=True)
@rule_options
@format_option(
    ["text", "blocks"],
    "What to print: text, or for each event Block Kit JSON with a link to Slack's Block Kit Builder.",
)
@click.option(
    "--serve", is_flag=True, help="Show the messages on a page on localhost that reloads when a file changes."
)
@click.option("--port", type=click.IntRange(0, 65535), default=8765, show_default=True, help="The port of the page.")
def command(events: tuple[str, ...], output_format: str, port: int, *, serve: bool, rules: GivenRules) -> int:
    """Show what the alerts on events will look like.

    EVENTs are files with records, names of sample events, or - for standard input. For an event that does not alert,
    the reason is shown; if no event alerts, the exit code is 1.
    """
    read = partial(_previews, rules, events)
    if serve:
        files = [*events, *rules.rule_files, *([rules.config] if rules.config else [])]
        _serve(read, files, port)
        return EXIT_CLEAN
    previews = read()
    out = console()
    for number, each in enumerate(previews):
        if output_format == "blocks":
            _print_blocks(out, each)
            continue
        if number:
            out.print()
        _print_text(out, each)
    return EXIT_CLEAN if any(each.decision.word == "alert" for each in previews) else EXIT_FINDINGS


def _previews(rules: GivenRules, events: Sequence[str]) -> list[Preview]:
    config = rules.read()
    found = []
    for event in events:
        records = read_records_argument(event)
        for number, record in enumerate(records[:_MOST_EVENTS], 1):
            name = event if len(records) == 1 else f"{event}, record {number}"
            found.append(preview(config, "standard input" if name == STANDARD_INPUT else name, record))
    return found


def _serve(read: Callable[[], list[Preview]], files: Sequence[str], port: int) -> None:
    from cloudtrail_to_slack_cli.preview.server import PreviewServer  # noqa: PLC0415 (only --serve needs it)

    if STANDARD_INPUT in files:
        raise click.UsageError("--serve reads its events again and again, and standard input can be read once")
    with PreviewServer(read, [file for file in files if Path(file).exists()], port) as server:
        click.echo(f"Preview: {server.url} (Ctrl-C ends it)")
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            click.echo("")


def _print_text(out: Console, each: Preview) -> None:
    where = f" -> {each.channel}" if each.channel else ""
    out.print(line(f"{each.name}{where}", "bold"))
    if each.note:
        out.print(line(each.note, "yellow"))
    for text in message_lines(each.slack) if each.slack else ():
        out.print(text)


def _print_blocks(out: Console, each: Preview) -> None:
    document = {
        "event": each.name,
        "channel": each.channel,
        "note": each.note,
        "text": each.slack.text if each.slack else None,
        "blocks": each.slack.blocks if each.slack else [],
        "blocks_in_thread": each.slack.details if each.slack else [],
        "block_kit_builder": each.builder_url,
    }
    out.file.write(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
