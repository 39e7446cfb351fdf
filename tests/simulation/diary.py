"""What is seen of a history from outside the code under test: requests and their answers, and how invocations end."""

import itertools
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from simulation.histories import Announcement
from simulation.timeline import Task


@dataclass
class Request:
    """One HTTP request of an invocation, and the `kind` of trouble it meets.

    `keys` are the ledger's that it puts, `notes` those of them that it notes as told; `event_ids` are the events that
    it tells of at the topic `place`, and `text` is all that it says there.
    """

    service: str
    operation: str
    keys: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    event_ids: tuple[str, ...] = ()
    place: str | None = None
    text: str = ""
    kind: str | None = None


@dataclass(eq=False)
class Invocation:
    """One invocation: what it was given, and how it ended.

    `fuse` burns down by a step at each request; then it `dies`, maybe some lines later, and is `killed` by that.
    `troubles` are the services that were in trouble meanwhile. `undelivered` are the events whose alerts it could not
    deliver, and `reasons` what it logged of log files, by their addresses. `handed_back` are the notifications that it
    handed back to the queue. `threads` are those that it started, and `threads_left` of them still ran when it ended.
    """

    number: int
    task: Task
    announcements: tuple[Announcement, ...]
    began: float = 0.0
    ended: int = 0
    fuse: int | None = None
    lines: int = 0
    threads: list[Task] = field(default_factory=list)
    threads_left: int = 0
    dies: bool = False
    killed: str | None = None
    closing: dict[str, Any] | None = None
    error: BaseException | None = None
    unguarded: bool = False  # it was told that the ledger is gone
    busy: set[str] = field(default_factory=set)  # keys that another invocation held
    troubles: set[str] = field(default_factory=set)
    undelivered: set[str] = field(default_factory=set)
    reasons: dict[str, list[str]] = field(default_factory=dict)
    handed_back: set[int] = field(default_factory=set)
    rejections: Counter[str] = field(default_factory=Counter)  # by SNS, of an event's alert for its content

    @property
    def is_slow(self) -> bool:
        """Whether rules took long for something of it."""
        return any(announcement.is_slow for announcement in self.announcements)


@dataclass(frozen=True)
class Telling:
    """A message that was accepted and tells of events.

    `lost`: the answer never came. `in_thread`: it replies to another message.
    """

    order: int
    invocation: Invocation
    kind: str
    place: str
    event_ids: tuple[str, ...]
    lost: bool
    summary: bool = False
    in_thread: bool = False


@dataclass(frozen=True)
class Notice:
    """A notice that was accepted: what it is `about`, and the ids of the events in it. `lost`: no answer came."""

    order: int
    time: float
    invocation: Invocation
    kind: str
    place: str
    about: str
    event_ids: tuple[str, ...]
    text: str
    lost: bool


@dataclass
class Post:
    """A request as Slack saw it, and whether it was to be answered in vain."""

    order: int
    time: float
    invocation: Invocation
    kind: str | None
    lost: bool


@dataclass
class Diary:
    """Everything that was seen, in order."""

    invocations: list[Invocation] = field(default_factory=list)
    posts: list[Post] = field(default_factory=list)
    tellings: list[Telling] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    noted: dict[str, list[tuple[int, int]]] = field(default_factory=dict)  # key: (order, invocation's number)
    not_noted: dict[str, set[int]] = field(default_factory=dict)  # key: numbers of invocations that failed to
    ends: dict[int, tuple[str, int]] = field(default_factory=dict)  # announcement: "done" or "dead", and the order
    refused: set[str] = field(default_factory=set)  # places that have refused what no repetition mends
    seen: Counter[str] = field(default_factory=Counter)  # troubles, by service and kind
    orders: Iterator[int] = field(default_factory=itertools.count)
