"""One invocation of the function: what its alerts become, in the order in which it delivers them.

Routing, the message limit, the fingerprints of threads, the keys of deduplication and the size of summaries are the
function's own; the order of the steps is that of `delivery.dispatcher`, and tests compare the two. All destinations
work, and there is time enough.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cloudtrail_to_slack.alerts.alert import PendingAlert
from cloudtrail_to_slack.delivery.limits import Slots
from cloudtrail_to_slack.delivery.routing import Target
from cloudtrail_to_slack.destinations.slack.destination import message_limit
from cloudtrail_to_slack.destinations.slack.render.summary import summary
from cloudtrail_to_slack.destinations.slack.threads import ThreadPlace
from cloudtrail_to_slack.events.call_outcome import CallOutcome
from cloudtrail_to_slack.rules import Rule, Severity
from cloudtrail_to_slack_cli.backtest.prediction.destinations import Address, Destinations, address_of
from cloudtrail_to_slack_cli.backtest.prediction.memory import Deliveries, Thread, Threads
from cloudtrail_to_slack_cli.backtest.prediction.messages import Delivered, Form, Message, NoticeMessage
from cloudtrail_to_slack_cli.backtest.prediction.notices import Sent
from cloudtrail_to_slack_cli.backtest.prediction.rows import AlertRow, Place


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert on its way: as the report keeps it, and as the function does."""

    row: AlertRow
    pending: PendingAlert

    @property
    def is_critical(self) -> bool:
        """Whether it must have a message of its own."""
        return self.pending.severity is Severity.CRITICAL

    @property
    def order(self) -> tuple[Any, ...]:
        """What the alerts of a destination are sorted by."""
        return (-self.pending.severity, self.pending.sort_time)


def make_pending(row: AlertRow, rules: tuple[Rule, ...]) -> PendingAlert:
    """Return the alert as the function keeps it."""
    return PendingAlert(
        key=row.key,
        event_id=row.event_id,
        account=row.account,
        time=datetime.fromisoformat(row.time) if row.time else None,
        actor=row.label,
        rules=rules,
        name=row.name,
        outcome=CallOutcome(row.outcome),
        size=row.size,
    )


@dataclass(slots=True)
class Invocation:
    """Delivers the alerts of one invocation, at the time `now` on `day`.

    `counted` are the events that rules with a threshold matched, each with the rules that alert on it, perhaps none.
    """

    destinations: Destinations
    threads: Threads
    deliveries: Deliveries
    limit: int
    now: float
    day: str
    messages: list[Message] = field(default_factory=list)
    delivered: list[Delivered] = field(default_factory=list)
    notices: list[NoticeMessage] = field(default_factory=list)
    counted: list[AlertRow] = field(default_factory=list)
    _forms: dict[Place, dict[Address, Form]] = field(default_factory=dict)
    _known: set[tuple[Address, str]] = field(default_factory=set)
    _slots: "dict[Address, Slots[Alert]]" = field(default_factory=dict)

    def deliver(self, alerts: Sequence[Alert]) -> None:
        """Deliver alerts to every destination that they are routed to, as far as each one's limit goes."""
        queues: dict[Address, list[Alert]] = {}
        for alert in alerts:
            forms: dict[Address, Form] = {}
            self.delivered.append(Delivered(alert.row, self.day, forms))
            self._forms[alert.row.place] = forms
            for address in self.destinations.for_alert(alert.pending.account, alert.pending.severity):
                if (address, alert.pending.key) in self._known:
                    forms[address] = Form.DUPLICATE
                    continue
                self._known.add((address, alert.pending.key))
                queues.setdefault(address, []).append(alert)
        for address, queue in queues.items():
            slots = self._slots_of(address)
            if slots:
                slots.expect(sum(not alert.is_critical for alert in queue))
            for alert in sorted(queue, key=lambda each: each.order):
                self._deliver(alert, address, slots)

    def finish(self) -> None:
        """Summarize what exceeds the message limits."""
        for address, slots in self._slots.items():
            overflow, slots.overflow = slots.overflow, []
            if len(overflow) == 1 and slots.limited < slots.limit:
                self._send(overflow[0], address, slots)
            elif overflow:
                self._summarize(sorted(overflow, key=lambda each: each.order), address, slots)

    def notify(self, notices: Sequence[Sent]) -> None:
        """Send notices; of a kind of which there may be very many, what exceeds the limit is one summary."""
        grouped: Counter[tuple[Address, str]] = Counter()
        for sent in notices:
            address, notice = address_of(sent.target), sent.notice
            if notice.identity:
                key = f"notice#{notice.identity}"
                if self.deliveries.has(address.label, key, self.now):
                    continue
                self.deliveries.add(address.label, key, self.now)
            if notice.group and address.has_limit:
                grouped[address, notice.group.kind] += 1
                if grouped[address, notice.group.kind] > message_limit(self.limit).per_invocation:
                    continue
            self.notices.append(NoticeMessage(address, self.day, notice.title))

    def _slots_of(self, address: Address) -> "Slots[Alert] | None":
        if not address.has_limit:
            return None
        slots = self._slots.get(address)
        if slots is None:
            target = Target(address.kind, address.name)
            slots = self._slots[address] = Slots(target, message_limit(self.limit), self.limit, address.has_threads)
        return slots

    def _deliver(self, alert: Alert, address: Address, slots: "Slots[Alert] | None") -> None:
        if slots and not alert.is_critical and slots.at_limit:
            slots.overflow.append(alert)
        else:
            self._send(alert, address, slots)

    def _send(self, alert: Alert, address: Address, slots: "Slots[Alert] | None") -> None:
        """Send an alert as a message of its own, unless it was delivered before."""
        if not self._is_new(alert, address):
            return
        row, form, parent_day = alert.row, Form.MESSAGE, None
        if address.has_threads:
            place = ThreadPlace(alert.pending.severity, alert.pending.time, row.fingerprint, row.shared_fingerprint)
            thread, is_reply = self.threads.join(address.name, place, self.day, self.now)
            if is_reply:
                form, parent_day = Form.REPLY, _first_reply(thread)
        self._note(alert, address, form)
        self.messages.append(Message(address, self.day, form, [row], parent_day))
        if slots:
            slots.count(limited=not alert.is_critical)

    def _summarize(self, alerts: Sequence[Alert], address: Address, slots: "Slots[Alert]") -> None:
        """Send alerts as one summary; of a webhook, what has no slot left is sent by a retry."""
        new = [alert for alert in alerts if self._is_new(alert, address)]
        for number, part in enumerate(_parts(new)):
            for alert in part:
                self._note(alert, address, Form.SUMMARY)
            is_reply = number > 0 and address.has_threads
            form = Form.REPLY if is_reply else Form.MESSAGE if number else Form.SUMMARY
            parent_day = self.day if is_reply and number == 1 else None
            rows = [alert.row for alert in part]
            self.messages.append(Message(address, self.day, form, rows, parent_day, summarizes=True))
            if not is_reply:
                slots.count(limited=True)

    def _is_new(self, alert: Alert, address: Address) -> bool:
        if self.deliveries.has(address.label, alert.pending.key, self.now):
            self._forms[alert.row.place][address] = Form.DUPLICATE
            return False
        return True

    def _note(self, alert: Alert, address: Address, form: Form) -> None:
        self._forms[alert.row.place][address] = form
        self.deliveries.add(address.label, alert.pending.key, self.now)


def _first_reply(thread: Thread) -> str | None:
    """Return the day of a thread's parent where this is the first reply."""
    if thread.has_replies:
        return None
    thread.has_replies = True
    return thread.day


def _parts(alerts: Sequence[Alert]) -> Iterator[Sequence[Alert]]:
    """Yield the alerts of each message of a summary."""
    rest = list(alerts)
    for part in summary([alert.pending for alert in alerts]) if alerts else ():
        yield rest[: part.members]
        rest = rest[part.members :]
