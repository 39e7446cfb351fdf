"""`events`: search the event names and fields that rules can use."""

import json
from collections.abc import Sequence

import click
from rich.console import Console

from cloudtrail_to_slack_cli import samples
from cloudtrail_to_slack_cli.catalogue import KnownEvent, record_fields, search
from cloudtrail_to_slack_cli.errors import EXIT_CLEAN, EXIT_FINDINGS
from cloudtrail_to_slack_cli.options import format_option
from cloudtrail_to_slack_cli.terminal import console, line

_EXAMPLE = """\b
Examples:
  cloudtrail-to-slack events CreateAccessKey
  cloudtrail-to-slack events kms delet
  cloudtrail-to-slack events --samples
"""


@click.command("events", epilog=_EXAMPLE)
@click.argument("query", nargs=-1)
@click.option(
    "--fields", "shows_fields", is_flag=True, help="Show the fields of all events found, even if there are several."
)
@click.option("--samples", "lists_samples", is_flag=True, help="List the sample events instead.")
@format_option(["text", "json"])
def command(query: tuple[str, ...], output_format: str, *, shows_fields: bool, lists_samples: bool) -> int:
    """Search the event names and fields that rules can use.

    An event is found if each word of QUERY occurs in its name, its service or one of its fields. Fields that all events
    have are found too. The data come from AWS's API models; CloudTrail nests some fields differently, especially lists
    in EC2 events.
    """
    out = console()
    if lists_samples:
        return _samples(out, query, output_format)
    found = list(search(query))
    everywhere = [field for field in record_fields() if _has_all(field, query)]
    if output_format == "json":
        events = [
            {"event_name": e.name, "event_source": e.source, "read_only": e.is_read_only, "fields": list(e.fields)}
            for e in found
        ]
        out.file.write(json.dumps({"events": events, "fields": everywhere}, indent=2) + "\n")
        return EXIT_CLEAN if found or everywhere else EXIT_FINDINGS
    exact = [event for event in found if len(query) == 1 and event.name.lower() == query[0].lower()]
    for event in exact or found:
        _print(out, event, shows_fields=shows_fields or bool(exact) or len(found) == 1)
    if everywhere and not exact:
        out.print(line("fields of all events:", "bold"))
        for field in everywhere:
            out.print(line(f"  {field}"))
    if not found and not everywhere:
        click.echo("no event or field has all of these words", err=True)
        return EXIT_FINDINGS
    return EXIT_CLEAN


def _print(out: Console, event: KnownEvent, *, shows_fields: bool) -> None:
    reads = " (reads)" if event.is_read_only else ""
    out.print(line(event.name, "bold") + line(f"  {event.source}{reads}"))
    for field in event.fields if shows_fields else ():
        out.print(line(f"  {field}"))


def _has_all(text: str, words: Sequence[str]) -> bool:
    return all(word.lower() in text.lower() for word in words)


def _samples(out: Console, query: Sequence[str], output_format: str) -> int:
    """List the sample events that have all words in their name or description."""
    described = ((name, samples.about(name)) for name in samples.names())
    found = {name: about for name, about in described if _has_all(f"{name} {about}", query)}
    if output_format == "json":
        out.file.write(json.dumps([{"sample": name, "about": about} for name, about in found.items()], indent=2) + "\n")
    else:
        for name, about in found.items():
            out.print(line(name, "bold") + line(f"  {about}"))
    if not found:
        click.echo("no sample event has all of these words", err=True)
    return EXIT_CLEAN if found else EXIT_FINDINGS
