"""What is recorded of a history from outside the code under test: requests, answers, and how invocations end."""

import itertools
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from simulation.histories import Notification
from simulation.virtual_clock import Task


@dataclass
class Request:
    """One HTTP request of an invocation, and the `kind` of fault it meets.

    `keys` are the state table's that it puts, `completes` those that it records as completed; `event_ids` are the
    events that it publishes to the topic `place`, with the body `text`. `counts`: it counts a match for a threshold.
    """

    service: str
    operation: str
    keys: tuple[str, ...] = ()
    completes: tuple[str, ...] = ()
    event_ids: tuple[str, ...] = ()
    place: str | None = None
    text: str = ""
    counts: bool = False
    kind: str | None = None


@dataclass(eq=False)
class Invocation:
    """One invocation: what it was given, and how it ended.

    `fuse` burns down by a step at each request; then it `dies`, maybe some lines later, and is `killed` by that.
    `faulty_services` had faults meanwhile. `undelivered` are the events whose alerts it could not
    deliver, and `reasons` what it logged of log files, by their addresses. `handed_back` are the notifications that it
    handed back to the queue. `threads` are those that it started, and `threads_left` of them still ran when it ended.
    """

    number: int
    task: Task
    notifications: tuple[Notification, ...]
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
    unguarded: bool = False  # DynamoDB answered that the state table is gone
    counts_alone: bool = False  # likewise, when a match was to be counted for a threshold
    busy: set[str] = field(default_factory=set)  # keys that another invocation held
    faulty_services: set[str] = field(default_factory=set)
    undelivered: set[str] = field(default_factory=set)
    reasons: dict[str, list[str]] = field(default_factory=dict)
    handed_back: set[int] = field(default_factory=set)
    rejections: Counter[str] = field(default_factory=Counter)  # by SNS, of an event's alert for its content

    @property
    def is_slow(self) -> bool:
        """Whether rules took long for something of it."""
        return any(notification.is_slow for notification in self.notifications)


@dataclass(eq=False)
class Delivery:
    """A message about events that was accepted.

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


@dataclass(eq=False)
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
class SlackRequest:
    """A request as Slack saw it, and whether its answer was to be lost."""

    order: int
    time: float
    invocation: Invocation
    kind: str | None
    lost: bool


@dataclass
class Recorder:
    """Everything that was recorded, in order."""

    invocations: list[Invocation] = field(default_factory=list)
    slack_requests: list[SlackRequest] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    details: Counter[tuple[str, str]] = field(default_factory=Counter)  # replies with them, by channel and parent
    completed: dict[str, list[tuple[int, int]]] = field(default_factory=dict)  # key: (order, invocation's number)
    not_completed: dict[str, set[int]] = field(default_factory=dict)  # key: numbers of invocations that failed to
    ends: dict[int, tuple[str, int]] = field(default_factory=dict)  # notification: "done" or "dead", and the order
    refused: set[str] = field(default_factory=set)  # places that have refused what no retry can deliver
    seen: Counter[str] = field(default_factory=Counter)  # faults, by service and kind
    orders: Iterator[int] = field(default_factory=itertools.count)
