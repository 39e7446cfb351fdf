"""What is told in Slack besides alerts: rules that raise, objects removed or unreadable, and how a thread grew."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cloudtrail_to_slack.console_links import log_object_link
from cloudtrail_to_slack.events import parse_time
from cloudtrail_to_slack.messages.slack_message import (
    MAX_ALL_BLOCKS,
    MAX_SECTION_TEXT,
    Block,
    SlackMessage,
    blocks_length,
    context,
    link,
    section,
)
from cloudtrail_to_slack.messages.slack_text import code, plain, slack_length
from cloudtrail_to_slack.messages.slack_time import both_zones
from cloudtrail_to_slack.notifications import LogObject, RemovedObject

_MOST_BLOCKS = 40


@dataclass(frozen=True, slots=True)
class Notice:
    """Something to tell that is no event: as a Slack message, and as title and text where there is no Slack.

    `account` routes it; None: the default route. `slack_only`: where there is no Slack, nobody is told. `identity` is
    the same whenever the same thing is to be told, so that it is told once; None: always. Of a `group` there may be
    very many; then a summary shows only the `line` of each, in Slack's markup, on one line.
    """

    message: SlackMessage
    title: str
    text: str
    account: str | None = None
    source_file: str | None = None
    slack_only: bool = False
    identity: str | None = None
    group: "NoticeGroup | None" = None
    line: str = ""

    @property
    def name(self) -> str:
        """What it is, for logs and errors."""
        return f"the notice {self.title!r}" if self.source_file is None else f"the notice about {self.source_file}"


@dataclass(frozen=True, slots=True)
class NoticeGroup:
    """A kind of notice of which there may be very many: an icon, and what many of them are about."""

    kind: str
    icon: str
    what: str


_REMOVALS = NoticeGroup("removed", ":red_circle: :wastebasket:", "objects were removed from the log bucket")
_UNREADABLE = NoticeGroup("unreadable", ":broken_heart:", "log objects could not be read, in whole or in part")


@dataclass(frozen=True, slots=True)
class RuleErrorReport:
    """A rule that could not decide, for one cause: the error as first seen, how many events it hit, and one of them."""

    rule_name: str
    expression: str
    cause: str
    detail: str
    events: int
    example_event_id: str
    origin: LogObject | None


def rule_error_messages(reports: Sequence[RuleErrorReport]) -> list[SlackMessage]:
    """Return the reports as as few messages as Slack's limits allow."""
    what = f"rule {plain(reports[0].rule_name, 100)}" if len(reports) == 1 else f"{len(reports)} rules"
    text = f"{what} raised an error and may be missing events"
    head = section(
        f":broken_heart: *{'A rule' if len(reports) == 1 else what} raised an error and may be missing events*"
    )
    messages: list[list[Block]] = [[head]]
    for report in reports:
        block = section(_rule_error(report))
        full = blocks_length([*messages[-1], block]) > MAX_ALL_BLOCKS or len(messages[-1]) >= _MOST_BLOCKS
        messages.append([block]) if full else messages[-1].append(block)
    return [SlackMessage(text, blocks) for blocks in messages]


def removed_object_notice(removed: RemovedObject, account: str | None) -> Notice:
    """Tell who removed which object, and from where."""
    url = removed.object.url
    who = removed.principal or "an unknown caller"
    title = f"{who} removed an object from the log bucket"
    lines = [
        f":red_circle: :wastebasket: *An object was removed from the log bucket* by {code(who, 200)}",
        f"{code(url, 700)}",
    ]
    fields = [
        f"*Who*\n{code(removed.principal or 'unknown', 300)}",
        f"*From*\nIP {code(removed.source_ip or 'unknown', 100)}",
        f"*How*\n{code(removed.how, 100)}",
        f"*When*\n{both_zones(parse_time(removed.time), removed.time or '')}",
    ]
    elements = [code(f"account {account or 'unknown'}", 60)]
    address = log_object_link(removed.object, "")
    if address:
        elements.append(link(address, ":page_facing_up: Where it was") or "")
    message = SlackMessage(
        f"{plain(title, 300)}\n{plain(url, 700)}", [section("\n".join(lines)), section("", fields), context(elements)]
    )
    text = f"{who} ({removed.source_ip or 'unknown'}) removed {url} ({removed.how}) at {removed.time or 'unknown'}"
    when = plain(removed.time or "an unknown time", 40)
    line = f"{code(url, 700)} by {code(who, 150)} from IP {code(removed.source_ip or 'unknown', 60)} at {when}"
    # All that is said of the removal: another claim about the same object is another notice.
    identity = _identity("removed", url, removed.time, removed.principal, removed.source_ip, removed.how)
    return Notice(message, title, text, account, url, identity=identity, group=_REMOVALS, line=line)


def unreadable_notice(log_object: LogObject, reason: str, account: str | None) -> Notice:
    """Tell that a log object, or records in it, could not be read, so that what they hold was not judged."""
    title = "A log object could not be read"
    consequence = "What could not be read was not judged by any rule."
    lines = [f":broken_heart: *{title}*: {code(reason, 300)}", code(log_object.url, 700)]
    address = log_object_link(log_object, "")
    if address:
        lines.append(link(address, ":page_facing_up: Log object") or "")
    message = SlackMessage(
        f"{title}: {plain(reason, 300)}\n{plain(log_object.url, 700)}",
        [section("\n".join(lines)), context([consequence])],
    )
    identity = _identity("unreadable", log_object.url, log_object.version, log_object.etag, reason)
    line = f"{code(log_object.url, 700)}: {code(reason, 300)}"
    text = f"{reason}. {consequence}"
    return Notice(message, title, text, account, log_object.url, identity=identity, group=_UNREADABLE, line=line)


def rule_error_notices(reports: Sequence[RuleErrorReport]) -> list[Notice]:
    """Return the rule errors as notices to the default route."""
    about = [[report.rule_name, report.cause, report.example_event_id] for report in reports]
    return [
        Notice(message, message.text, message.text, slack_only=True, identity=_identity("rules", about, number))
        for number, message in enumerate(rule_error_messages(reports))
    ]


def with_thread_count(opening: SlackMessage, alerts: int, last: datetime | None) -> SlackMessage:
    """Return a thread's opening message saying how many alerts the thread has by now, and when the last came."""
    when = f", the last at {both_zones(last, '').replace(chr(10), ', ')}" if last else ""
    count = section(f":thread: *{alerts:,} alerts like this by now*{when}")
    # A text without blocks is posted without markup; in a block it stands as code, so that nothing in it is markup.
    blocks = opening.blocks or [section(_as_code(opening.text))]
    return SlackMessage(opening.text, [*blocks[:1], count, *blocks[1:]])


def _as_code(text: str) -> str:
    """Return an escaped text without backticks as a code block, without its last line where that is too much."""
    fits = slack_length(text) <= MAX_SECTION_TEXT - len("``````")
    return f"```{text if fits else text.rpartition(chr(10))[0]}```"


def _identity(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _rule_error(report: RuleErrorReport) -> str:
    events = "1 event" if report.events == 1 else f"{report.events:,} events"
    origin = code(report.origin.url, 500) if report.origin else "an event that EventBridge brought"
    example = code(report.example_event_id or "without id", 100)
    return "\n".join(
        [
            *([f"rule {code(report.rule_name, 150)}"] if report.rule_name != report.expression else []),
            code(report.expression, 900),
            f":x: {code(report.detail, 400)}",
            f"on {events}, one of them {example} in {origin}",
        ]
    )
