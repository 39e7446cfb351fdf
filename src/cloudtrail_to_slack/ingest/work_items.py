"""What an invocation is asked to do: each thing once, with every message that asked for it. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from cloudtrail_to_slack.ingest.payloads import (
    Ignored,
    LogFile,
    MessageIds,
    MissingDataCheckDue,
    Notification,
    RemovedObject,
    SingleEvent,
    Unrecognised,
)

Single = RemovedObject | SingleEvent | MissingDataCheckDue | Ignored | Unrecognised


@dataclass(frozen=True, slots=True)
class WorkItem:
    """One thing to do that is no log file, and the messages that asked for it."""

    item: Single
    message_ids: MessageIds

    @property
    def name(self) -> str:
        """What it is, for logs and errors: an object by its address, anything else by its kind."""
        return self.item.object.url if isinstance(self.item, RemovedObject) else type(self.item).__name__


class Work(NamedTuple):
    """Everything to do: the log files, with the messages that asked for them, and the small things.

    `checks` are small things too, for which there is time when all alerts are delivered.
    """

    log_files: list[tuple[LogFile, MessageIds]]
    singles: list[WorkItem]
    checks: list[WorkItem]


def work_items(notifications: Sequence[Notification]) -> Work:
    """Return what there is to do, each object once."""
    files: dict[LogFile, set[str | None]] = {}
    removed: dict[RemovedObject, set[str | None]] = {}
    singles: list[WorkItem] = []
    checks: list[WorkItem] = []
    for notification in notifications:
        for item in notification.items:
            if isinstance(item, LogFile):
                files.setdefault(item, set()).add(notification.message_id)
            elif isinstance(item, RemovedObject):
                removed.setdefault(item, set()).add(notification.message_id)
            else:
                few = checks if isinstance(item, MissingDataCheckDue) else singles
                few.append(WorkItem(item, frozenset({notification.message_id})))
    return Work(
        [(log_file, frozenset(message_ids)) for log_file, message_ids in files.items()],
        [*(WorkItem(each, frozenset(message_ids)) for each, message_ids in removed.items()), *singles],
        checks,
    )
