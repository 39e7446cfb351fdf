"""What an invocation is asked to do: each thing once, with every message that asked for it. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from cloudtrail_to_slack.notifications import Item, LogObject, Notification, RemovedObject
from cloudtrail_to_slack.outcomes import Askers


@dataclass(frozen=True, slots=True)
class WorkItem:
    """One thing to do, and the messages that asked for it."""

    item: Item
    askers: Askers

    @property
    def name(self) -> str:
        """What it is, for logs and errors: an object by its address, anything else by its kind."""
        return self.item.url if isinstance(self.item, LogObject) else type(self.item).__name__


def work_items(notifications: Sequence[Notification]) -> list[WorkItem]:
    """Return what there is to do, each object once, objects first."""
    askers: dict[LogObject | RemovedObject, set[str | None]] = {}
    single: list[WorkItem] = []
    for notification in notifications:
        for item in notification.items:
            if isinstance(item, LogObject | RemovedObject):
                askers.setdefault(item, set()).add(notification.message_id)
            else:
                single.append(WorkItem(item, frozenset({notification.message_id})))
    return [WorkItem(item, frozenset(message_ids)) for item, message_ids in askers.items()] + single
