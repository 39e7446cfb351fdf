"""What the demo prints. Lines are wrapped here, so that they hang under their start and end without blanks."""

import os
import re
import shutil
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.text import Text

from cloudtrail_to_slack_cli.slack_display.terminal_text import safe, slack_lines
from cloudtrail_to_slack_dev.demo.arrivals import Arrivals, Inbox, Posted
from cloudtrail_to_slack_dev.demo.replay import Replay
from cloudtrail_to_slack_dev.fake_slack import Message

_WIDTH_IN_A_FILE = 80
_WIDEST = 100
_LINES = 2  # of a message
_LINES_OF_A_SUMMARY = 4
_INDENT = 4
_FACT = 11
_LOG_FILE_FOLDERS = re.compile(r"s3://\S+/")


class Reporter:
    """Prints the demo's progress, chapter by chapter, and its result."""

    def __init__(self) -> None:
        in_terminal = sys.stdout.isatty()
        plain = not in_terminal or bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") in ("dumb", "unknown")
        self._console = Console(
            width=min(shutil.get_terminal_size().columns, _WIDEST) if in_terminal else _WIDTH_IN_A_FILE,
            force_terminal=not plain,
            color_system=None if plain else "auto",  # None: no escape sequence at all
            highlight=False,
        )
        self._chapters = 0

    def say(self, line: str) -> None:
        """Print a line of progress."""
        self._line(Text(safe(line), style="dim"), lead=Text("… ", "dim"))

    def opening(self) -> None:
        """Print what this is."""
        self._line(Text("CloudTrail to Slack: the demo", style="bold"))
        self._line(
            Text(
                "An intrusion into an organization, replayed on this machine: CloudTrail log files go through a local "
                "S3 and SQS to the real Lambda handler, and its alerts to a fake Slack and a local SNS. Times are UTC, "
                "and the story ends now."
            )
        )

    def chapter(self, arrivals: Arrivals) -> None:
        """Print what happens in a chapter, and what arrived."""
        self._chapters += 1
        chapter = arrivals.chapter
        self._console.print()
        self._line(Text(safe(chapter.title), "bold"), lead=Text(f"{self._chapters}. ".ljust(_INDENT), "bold"))
        self._line(Text(safe(chapter.text), "dim"), indent=_INDENT)
        for item in arrivals.posted:
            self._message(item)
        self._line(Text(_summary(arrivals), "dim"), indent=_INDENT, lead=Text("→ ", "dim"))

    def result(self, replay: Replay, inbox: Inbox) -> None:
        """Print what arrived in all, and what was handed back."""
        self._console.print()
        self._line(Text("Total", "bold"))
        counts = replay.totals.counts
        channels = Counter(f"#{item.channel.name}" for item in inbox.posted)
        topics = Counter(item.topic.name for item in inbox.published)
        outcomes = ", ".join(f"{counts[name]} {name}" for name in ("matched", "ignored", "unmatched", "failed"))
        files = ", ".join(f"{counts[f'objects_{name}']} {name}" for name in ("read", "skipped", "failed", "removed"))
        self._fact("Slack", _listed(channels, "message"))
        self._fact("SNS", _listed(topics, "message"))
        self._fact("log files", files)
        self._fact("records", f"{counts['records_in']}: {outcomes}")
        for item in replay.handed_back:
            name = _LOG_FILE_FOLDERS.sub("", item.subject)
            self._fact("to retry", f"{name} ({item.reason}); if retries fail, it goes to the dead-letter queue")

    def page(self, path: Path) -> None:
        """Print where the page is."""
        self._console.print()
        self._line(Text("See the messages as Slack shows them, in a browser:"))
        self._console.print(Text(safe(str(path.resolve())), "bold"), soft_wrap=True)

    def good(self, sentence: str) -> None:
        """Print that all went well."""
        self._line(Text(safe(sentence), style="green"), lead=Text("✔ ", "green"))

    def _message(self, item: Posted) -> None:
        message = item.message
        lines = slack_lines(_opening(message)) or [Text("(empty)")]
        is_reply = message.thread_ts not in (None, message.ts)
        where = f"#{item.channel.name}{', in a thread' if is_reply else ''}"
        time = f"{datetime.fromtimestamp(float(message.ts), UTC):%H:%M}"
        shown = lines[: 1 if is_reply else _LINES if len(lines) <= _LINES_OF_A_SUMMARY else _LINES_OF_A_SUMMARY]
        self._line(Text(safe(where), "blue"), indent=_INDENT, lead=Text(f"{time} ", "dim"))
        for line in shown:
            self._line(line, indent=_INDENT + 2)

    def _fact(self, name: str, value: str) -> None:
        self._line(Text(safe(value)), indent=2, lead=Text(name.ljust(_FACT), "dim"))

    def _line(self, text: Text, *, indent: int = 0, lead: Text | None = None) -> None:
        """Print a text behind `lead`; what does not fit on the line goes on below where the text began."""
        lead = lead or Text()
        room = max(self._console.width - indent - lead.cell_len, 1)
        for number, line in enumerate(text.wrap(self._console, room) or [Text()]):
            line.rstrip()
            before = Text(" " * (indent + lead.cell_len)) if number else Text(" " * indent) + lead
            self._console.print(before + line, soft_wrap=True)


def _summary(arrivals: Arrivals) -> str:
    """Return one line about a chapter: what was read, and what was sent."""
    counts = arrivals.counts
    parts = [f"{_counted(counts['records_in'], 'record')} read"]
    parts += [f"{counts[name]} {name}" for name in ("matched", "ignored") if counts[name]]
    sent = [
        _counted(len(items), f"{name} message")
        for name, items in (("Slack", arrivals.posted), ("SNS", arrivals.published))
        if items
    ]
    return f"{', '.join(parts)}; {' and '.join(sent) or 'nothing'} sent"


def _opening(message: Message) -> str:
    """Return the text that a message opens with: of its first block that has one, else its own."""
    for block in message.blocks:
        text = block.get("text")
        if isinstance(text, Mapping) and isinstance(text.get("text"), str):
            return str(text["text"])
    return message.text


def _listed(counts: Mapping[str, int], noun: str) -> str:
    several: Sequence[str] = [f"{count} on {name}" for name, count in sorted(counts.items())]
    return f"{_counted(sum(counts.values()), noun)}: {', '.join(several)}" if several else "nothing"


def _counted(number: int, one: str, many: str | None = None) -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"
