"""What the demo prints. Lines are wrapped here, so that they hang under their start and end without blanks."""

import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

from cloudtrail_to_slack_dev.demo.arrivals import Arrivals
from cloudtrail_to_slack_dev.demo.lambda_log import LogLine, details_of
from cloudtrail_to_slack_dev.demo.replay import Replay
from cloudtrail_to_slack_dev.demo.scene import Scene
from cloudtrail_to_slack_dev.demo.terminal_text import safe, slack_lines
from cloudtrail_to_slack_dev.slack_standin import Message, Thread

_WIDTH_IN_A_FILE = 100
_WIDEST = 120
_OPENING_LINES = 3
_LEAD = 10  # columns for what stands before a line: a time, a severity, a level
_FACT = 13
_NO_TIME = "—"
_URL_FOLDERS = re.compile(r"s3://\S+/")
_LONGEST_DETAIL = 90


class Reporter:
    """Prints the demo's progress and its result."""

    def __init__(self) -> None:
        in_terminal = sys.stdout.isatty()
        width = min(Console().width, _WIDEST) if in_terminal else _WIDTH_IN_A_FILE
        self._console = Console(width=width, force_terminal=None if in_terminal else False, highlight=False)

    def say(self, line: str) -> None:
        """Print a line of progress."""
        self._line(Text(safe(line), style="dim"), lead=Text("… ", "dim"))

    def opening(self) -> None:
        """Print what this is."""
        text = (
            "CloudTrail to Slack, the demo: an intrusion on 14 March 2026, from S3 through SQS and the real handler to "
            "Slack and SNS, all on this machine."
        )
        self._line(Text(text, style="bold"))

    def result(self, scene: Scene, replay: Replay, arrivals: Arrivals) -> None:
        """Print what arrived where, what was handed back and logged, and the counts."""
        self._heading("Slack", "times are those of the events, UTC; a notice about no event has none")
        for channel in scene.slack.channels():
            threads = scene.slack.threads(channel.id)
            replies = sum(len(thread.replies) for thread in threads)
            of_them = f", {replies} of them in threads" if replies else ""
            self._subheading(f"#{channel.name}", f"{_counted(len(threads) + replies, 'message')}{of_them}")
            for thread in threads:
                self._thread(thread, arrivals)
        self._topics(scene, arrivals)
        self._handed_back(replay)
        self._log(replay.warnings)
        self._counts(replay)

    def page(self, path: Path) -> None:
        """Print where the page is."""
        self._console.print()
        self._line(Text.assemble("The same as a page: ", (safe(str(path.resolve())), "bold")))

    def good(self, sentence: str) -> None:
        """Print that all went well."""
        self._line(Text(safe(sentence), style="green"), lead=Text("✔ ", "green"))

    def _thread(self, thread: Thread, arrivals: Arrivals) -> None:
        self._message(thread.root, arrivals, lines=_OPENING_LINES, indent=2)
        if not thread.replies:
            return
        self._line(Text(f"└ {_counted(len(thread.replies), 'reply', 'replies')}", style="dim"), indent=2 + _LEAD)
        for reply in thread.replies:
            self._message(reply, arrivals, lines=1, indent=4 + _LEAD)

    def _message(self, message: Message, arrivals: Arrivals, *, lines: int, indent: int) -> None:
        alert = arrivals.alerts.get((message.channel, message.ts))
        event_time = str(alert.body.get("event_time") or "") if alert else ""
        time = safe(event_time.partition("T")[2].removesuffix("Z")) or _NO_TIME
        shown = slack_lines(_opening(message))[:lines] or [Text("(empty)")]
        self._line(shown[0], indent=indent, lead=_lead(time, "dim"))
        for line in shown[1:]:
            line.truncate(self._console.width - indent - _LEAD, overflow="ellipsis")
            self._line(line, indent=indent + _LEAD)

    def _topics(self, scene: Scene, arrivals: Arrivals) -> None:
        self._heading("SNS", "what a queue that listens to the topic received, with the rules that matched")
        for topic in scene.topics:
            items = [item for item in arrivals.published if item.topic == topic]
            self._subheading(topic.name, _counted(len(items), "message"))
            for item in items:
                rules = item.body.get("rules")
                names = ", ".join(map(str, rules)) if isinstance(rules, list) else "no rule"
                title = Text.assemble(safe(str(item.body.get("title"))), (f"  {safe(names)}", "dim"))
                self._line(title, indent=2, lead=_lead(safe(str(item.body.get("severity") or "notice")), "bold"))

    def _handed_back(self, replay: Replay) -> None:
        self._heading("Handed back", "tried once here; SQS gives these out again, and then to the dead-letter queue")
        reasons = "; ".join(item.reason for item in replay.handed_back)
        summary = f"handed back to the queue: {len(replay.handed_back)}" + (f" ({safe(reasons)})" if reasons else "")
        self._line(Text(summary), indent=2)
        for item in replay.handed_back:
            self._line(Text(safe(_shortened(item.subject)), style="dim"), indent=4)

    def _log(self, warnings: Sequence[LogLine]) -> None:
        self._heading("Log", "lines at WARNING and above, shortened")
        for line in warnings:
            level, message = safe(str(line.get("level"))), safe(_shortened(str(line.get("message"))))
            details = ", ".join(f"{name}={_shortened(str(value))}" for name, value in details_of(line).items())
            style = "yellow" if level == "WARNING" else "red"
            self._line(
                Text.assemble(message, (f"  {safe(details)}" if details else "", "dim")),
                indent=2,
                lead=_lead(level, style),
            )

    def _counts(self, replay: Replay) -> None:
        counts, totals = replay.totals.counts, replay.totals
        self._heading("Counts", f"of {_counted(replay.batches, 'invocation')}, as their closing log lines say")
        outcomes = " + ".join(f"{counts[name]} {name}" for name in ("matched", "ignored", "unmatched", "failed"))
        objects = ", ".join(f"{counts[f'objects_{name}']} {name}" for name in ("read", "skipped", "failed", "removed"))
        self._fact("records in", f"{counts['records_in']} = {outcomes}")
        self._fact("delivered", _listed(totals.delivered))
        self._fact("undelivered", _listed(totals.undelivered))
        self._fact("log objects", objects)
        self._fact("ignored", f"{_counted(counts['notifications_ignored'], 'notification')} (s3:TestEvent)")
        self._fact("rule errors", str(counts["rule_errors"]))

    def _fact(self, name: str, value: str) -> None:
        self._line(Text(safe(value)), indent=2, lead=Text(name.ljust(_FACT), "dim"))

    def _heading(self, title: str, about: str) -> None:
        self._console.print()
        self._line(Text.assemble((title.upper(), "bold"), (f"  {about}", "dim")))

    def _subheading(self, title: str, about: str) -> None:
        self._console.print()
        self._line(Text.assemble((safe(title), "bold blue"), (f"  {about}", "dim")))

    def _line(self, text: Text, *, indent: int = 0, lead: Text | None = None) -> None:
        """Print a text behind `lead`; what does not fit on the line goes on below where the text began."""
        lead = lead or Text()
        room = self._console.width - indent - lead.cell_len
        for number, line in enumerate(text.wrap(self._console, room) or [Text()]):
            line.rstrip()
            before = Text(" " * (indent + lead.cell_len)) if number else Text(" " * indent) + lead
            self._console.print(before + line, soft_wrap=True)


def _lead(text: str, style: str) -> Text:
    return Text(text.ljust(_LEAD), style)


def _opening(message: Message) -> str:
    """Return the text that a message opens with: of its first block that has one, else its own."""
    for block in message.blocks:
        text = block.get("text")
        if isinstance(text, Mapping) and isinstance(text.get("text"), str):
            return str(text["text"])
    return message.text


def _shortened(text: str) -> str:
    """Return one line, of an object's URL only its name, and not too much of anything."""
    one_line = _URL_FOLDERS.sub("…/", " ".join(text.split()))
    return one_line if len(one_line) <= _LONGEST_DETAIL else f"{one_line[: _LONGEST_DETAIL - 1]}…"


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(counts.items())) or "none"


def _counted(number: int, one: str, many: str | None = None) -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"
