"""Notices: messages other than alerts, in no destination's format. Pure."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cloudtrail_to_slack.alerts.text import Icon, Line, Link, Time, Value, displayed_length, line_length, plain_line
from cloudtrail_to_slack.aws.console_links import log_file_link
from cloudtrail_to_slack.events.event import parse_time
from cloudtrail_to_slack.events.identity import identity_digest
from cloudtrail_to_slack.ingest.payloads import LogFile, RemovedObject

CODE_LENGTH = 500  # of one code block
_ROOM = 11_000  # characters in all sections, so that they fit into one message
_MOST_PARTS = 40  # of all sections
_PART_LENGTH = 2_700
_PART_FRAME = 90


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a notice: a heading and lines, or fields (a label with lines each), then code, then event IDs.

    `brief` has fewer lines, for destinations with little room, which also show only the first `ids_shown` of `ids`.
    `code` are untrusted strings. `events` is how many events there are in all.
    """

    lines: tuple[Line, ...] = ()
    heading: Line = ()
    brief: tuple[Line, ...] = ()
    fields: Mapping[str, Sequence[Line]] = field(default_factory=dict)
    code: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    ids_shown: int = 0
    events: int = 0

    @property
    def text(self) -> str:
        """The whole section as plain text."""
        heading = [plain_line(self.heading)] if self.heading else []
        fields = [f"{label}: {', '.join(map(plain_line, lines))}" for label, lines in self.fields.items()]
        more = self.events - len(self.ids)
        rest = f" and {more:,} more; see the log for their IDs" if more > 0 else ""
        ids = [f"event ids: {', '.join(self.ids)}{rest}"] if self.ids else []
        return "\n".join([*heading, *map(plain_line, self.lines), *fields, *self.code, *ids])

    @property
    def length(self) -> int:
        """The most characters it may take."""
        lines = sum(map(line_length, (self.heading, *(self.brief or self.lines))))
        code = sum(min(displayed_length(code), CODE_LENGTH) + 70 for code in self.code)
        return lines + code + self._ids_length + _PART_FRAME * self.parts

    @property
    def parts(self) -> int:
        """The number of parts that a destination may have to split it into."""
        return 1 + math.ceil(self._ids_length / _PART_LENGTH)

    @property
    def _ids_length(self) -> int:
        return sum(min(displayed_length(each) + 4, 102) for each in self.ids[: self.ids_shown])


@dataclass(frozen=True, slots=True)
class NoticeGroup:
    """A kind of notice of which there may be many: its icons, and a phrase for many of them."""

    kind: str
    icons: tuple[Icon, ...]
    what: str


@dataclass(frozen=True, slots=True)
class Notice:
    """A report about the function or its log files.

    `title` is one unescaped line; `headline` says the same with its values marked. `brief` is for a lock screen.
    `account` routes it; None: the default route. Notices with the same `identity` are sent once; None: always.
    `severity` and `rules` belong to the rules that it is about, if any. If there are very many of a `group`, a summary
    shows only the `line` of each.
    """

    title: str
    sections: tuple[Section, ...] = ()
    icons: tuple[Icon, ...] = ()
    headline: Line = ()
    brief: tuple[Line, ...] = ()
    footnotes: tuple[Line, ...] = ()
    account: str | None = None
    source_file: str | None = None
    identity: str | None = None
    group: NoticeGroup | None = None
    line: Line = ()
    severity: str | None = None
    rules: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The notice's name in logs and errors."""
        return f"the notice {self.title!r}" if self.source_file is None else f"the notice about {self.source_file}"

    @property
    def text(self) -> str:
        """Everything but the title, as plain text."""
        footnotes = filter(None, map(plain_line, self.footnotes))
        return "\n\n".join([*(section.text for section in self.sections), *footnotes])


def fits(sections: Sequence[Section], reserved: int = 0) -> bool:
    """Return whether these sections fit into one notice, with `reserved` characters left."""
    length = sum(section.length for section in sections)
    return length + reserved <= _ROOM and sum(section.parts for section in sections) <= _MOST_PARTS


_REMOVALS = NoticeGroup("removed", (Icon.CRITICAL, Icon.REMOVED), "objects were removed from the log bucket")
_UNREADABLE = NoticeGroup("unreadable", (Icon.BROKEN,), "log files could not be read, in whole or in part")


def removed_object_notice(removed: RemovedObject, account: str | None) -> Notice:
    """Return the notice about a removed object: who removed it, and from where."""
    url, who = removed.object.url, removed.principal or "an unknown caller"
    source_ip, when = removed.source_ip or "unknown", Time(parse_time(removed.time), removed.time or "")
    fields: dict[str, list[Line]] = {
        "Who": [(Value(removed.principal or "unknown", 300),)],
        "From": [("IP ", Value(source_ip, 100))],
        "How": [(Value(removed.how, 100),)],
        "When": [(when,)],
    }
    return Notice(
        f"{who} removed an object from the log bucket",
        (Section(((Value(url, 700),),)), Section(fields=fields)),
        _REMOVALS.icons,
        headline=("An object was removed from the log bucket by ", Value(who)),
        brief=((Value(url, 700),),),
        footnotes=((Value(f"account {account or 'unknown'}", 60),), *_link(removed.object, "Where it was")),
        account=account,
        source_file=url,
        # All facts about the removal: another report about the same object is another notice.
        identity=identity_digest("removed", url, removed.time, removed.principal, removed.source_ip, removed.how),
        group=_REMOVALS,
        line=(
            Value(url, 700), " by ", Value(who, 150), " from IP ", Value(source_ip, 60), " at ",
            Value(removed.time or "an unknown time", 40),
        ),
    )  # fmt: skip


def unreadable_notice(log_file: LogFile, reason: str, account: str | None) -> Notice:
    """Return the notice that a log file, or records in it, could not be read, so that no rule was evaluated on them."""
    url = log_file.url
    return Notice(
        "A log file could not be read",
        (Section(((Value(reason, 300),), (Value(url, 700),), *_link(log_file, "Log file"))),),
        _UNREADABLE.icons,
        brief=((Value(reason, 300),), (Value(url, 700),)),
        footnotes=(("No rules were evaluated on the part that could not be read.",),),
        account=account,
        source_file=url,
        identity=identity_digest("unreadable", url, log_file.version, log_file.etag, reason),
        group=_UNREADABLE,
        line=(Value(url, 700), ": ", Value(reason, 300)),
    )


def _link(log_file: LogFile, label: str) -> tuple[Line, ...]:
    address = log_file_link(log_file, "")
    return ((Link(address, label, Icon.FILE),),) if address else ()
