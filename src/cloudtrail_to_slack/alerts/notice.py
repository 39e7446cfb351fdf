"""Notices besides alerts: objects removed or unreadable, and how a thread grew."""

import hashlib
import json
import re
from dataclasses import dataclass
from datetime import datetime

from cloudtrail_to_slack.aws.console_links import log_object_link
from cloudtrail_to_slack.destinations.slack.render.message import (
    MAX_SECTION_TEXT,
    SlackMessage,
    context,
    link,
    section,
)
from cloudtrail_to_slack.destinations.slack.render.text import code, plain, slack_length
from cloudtrail_to_slack.destinations.slack.render.time import both_zones
from cloudtrail_to_slack.events.event import parse_time
from cloudtrail_to_slack.ingest.payloads import LogObject, RemovedObject

# Slack cuts a text at 40,000 characters. Source: Slack API docs, chat.postMessage, "Truncating content".
_MOST_PLAIN_TEXT = 30_000
_MOST_PLAIN_LINE = 20_000
_MOST_BARE_TEXT = 3_500
_NOT_BARE = re.compile(r"[^A-Za-z0-9 _.,:/=()-]")


@dataclass(frozen=True, slots=True)
class Notice:
    """Something to tell that is no event: as a Slack message, and as title and text where there is no Slack.

    `account` routes it; None: the default route. `identity` is the same whenever the same thing is to be told, so that
    it is told once; None: always. `severity` and `rules` are those of the rules that it is about, if any. Of a `group`
    there may be very many; then a summary shows only the `line` of each, in Slack's markup, on one line.
    """

    message: SlackMessage
    title: str
    text: str
    account: str | None = None
    source_file: str | None = None
    identity: str | None = None
    group: "NoticeGroup | None" = None
    line: str = ""
    severity: str | None = None
    rules: tuple[str, ...] = ()

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


def plain_notice(notice: Notice) -> SlackMessage:
    """Return a notice as text without blocks, for when Slack rejects those: all that there is room for."""
    lines, room = [notice.message.text], _MOST_PLAIN_TEXT - len(notice.message.text)
    for line in notice.text.splitlines():
        shown = plain(line, _MOST_PLAIN_LINE)
        room -= len(shown) + 1
        if room < 0:
            break
        lines.append(shown)
    return SlackMessage("\n".join(lines))


def bare_notice(notice: Notice) -> SlackMessage:
    """Return the beginning of a notice as one line of plain ASCII, in which there is nothing left to reject."""
    text = f"{notice.message.text} - {notice.text}".replace("\n", " - ")
    return SlackMessage(_NOT_BARE.sub("?", text)[:_MOST_BARE_TEXT])


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
