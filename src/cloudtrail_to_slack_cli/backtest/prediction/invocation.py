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
from cloudtrail_to_slack.delivery.routing import Router, Target
from cloudtrail_to_slack.destinations.slack.destination import message_limit
from cloudtrail_to_slack.destinations.slack.render.summary import summary
from cloudtrail_to_slack.destinations.slack.threads import ThreadPlace
from cloudtrail_to_slack.events.call_outcome import CallOutcome
from cloudtrail_to_slack.rules import Rule, Severity
from cloudtrail_to_slack_cli.backtest.prediction.memory import Deliveries, Threads
from cloudtrail_to_slack_cli.backtest.prediction.notices import Sent
from cloudtrail_to_slack_cli.backtest.prediction.rows import AlertRow
from cloudtrail_to_slack_cli.backtest.prediction.totals import Form, Message


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert on its way: as the report keeps it, as the function does, and how it reached each target."""

    row: AlertRow
    pending: PendingAlert
    forms: dict[Target, Form] = field(default_factory=dict)

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

    router: Router
    threads: Threads
    deliveries: Deliveries
    limit: int
    now: float
    day: str
    messages: list[Message] = field(default_factory=list)
    delivered: list[Alert] = field(default_factory=list)
    notices: list[Sent] = field(default_factory=list)
    counted: list[AlertRow] = field(default_factory=list)
    _known: set[tuple[Target, str]] = field(default_factory=set)
    _slots: "dict[Target, Slots[Alert]]" = field(default_factory=dict)

    def deliver(self, alerts: Sequence[Alert]) -> None:
        """Deliver alerts to every destination that they are routed to, as far as each one's limit goes."""
        queues: dict[Target, list[Alert]] = {}
        for alert in alerts:
            self.delivered.append(alert)
            for target in self.router.targets(alert.pending.account, alert.pending.severity):
                if (target, alert.pending.key) in self._known:
                    alert.forms[target] = Form.DUPLICATE
                    continue
                self._known.add((target, alert.pending.key))
                queues.setdefault(target, []).append(alert)
        for target, queue in queues.items():
            slots = self._slots_of(target)
            if slots:
                slots.expect(sum(not alert.is_critical for alert in queue))
            for alert in sorted(queue, key=lambda each: each.order):
                self._deliver(alert, target, slots)

    def finish(self) -> None:
        """Summarize what exceeds the message limits."""
        for target, slots in self._slots.items():
            overflow, slots.overflow = slots.overflow, []
            if len(overflow) == 1 and slots.limited < slots.limit:
                self._send(overflow[0], target, slots)
            elif overflow:
                self._summarize(sorted(overflow, key=lambda each: each.order), target, slots)

    def notify(self, notices: Sequence[Sent]) -> None:
        """Send notices; of a kind of which there may be very many, what exceeds the limit is one summary."""
        grouped: Counter[tuple[Target, str]] = Counter()
        for target, notice in notices:
            if notice.identity:
                key = f"notice#{notice.identity}"
                if self.deliveries.has(target, key, self.now):
                    continue
                self.deliveries.add(target, key, self.now)
            if notice.group and _has_limit(target):
                grouped[target, notice.group.kind] += 1
                if grouped[target, notice.group.kind] > message_limit(self.limit).per_invocation:
                    continue
            self.notices.append((target, notice))

    def _slots_of(self, target: Target) -> "Slots[Alert] | None":
        if not _has_limit(target):
            return None
        if target not in self._slots:
            self._slots[target] = Slots(target, message_limit(self.limit), self.limit, _has_threads(target))
        return self._slots[target]

    def _deliver(self, alert: Alert, target: Target, slots: "Slots[Alert] | None") -> None:
        if slots and not alert.is_critical and slots.at_limit:
            slots.overflow.append(alert)
        else:
            self._send(alert, target, slots)

    def _send(self, alert: Alert, target: Target, slots: "Slots[Alert] | None") -> None:
        """Send an alert as a message of its own, unless it was delivered before."""
        if not self._is_new(alert, target):
            return
        row, form, parent_day = alert.row, Form.MESSAGE, None
        if _has_threads(target):
            place = ThreadPlace(alert.pending.severity, alert.pending.time, row.fingerprint, row.shared_fingerprint)
            is_reply, parent_day = self.threads.join(target.address, place, self.day, self.now)
            form = Form.REPLY if is_reply else form
        self._note(alert, target, form)
        self.messages.append(Message(target, form, [row], parent_day))
        if slots:
            slots.count(limited=not alert.is_critical)

    def _summarize(self, alerts: Sequence[Alert], target: Target, slots: "Slots[Alert]") -> None:
        """Send alerts as one summary; of a webhook, what has no slot left is sent by a retry."""
        new = [alert for alert in alerts if self._is_new(alert, target)]
        for number, part in enumerate(_parts(new)):
            for alert in part:
                self._note(alert, target, Form.SUMMARY)
            is_reply = number > 0 and _has_threads(target)
            form = Form.REPLY if is_reply else Form.MESSAGE if number else Form.SUMMARY
            parent_day = self.day if is_reply and number == 1 else None
            rows = [alert.row for alert in part]
            self.messages.append(Message(target, form, rows, parent_day))
            if not is_reply:
                slots.count(limited=True)

    def _is_new(self, alert: Alert, target: Target) -> bool:
        if self.deliveries.has(target, alert.pending.key, self.now):
            alert.forms[target] = Form.DUPLICATE
            return False
        return True

    def _note(self, alert: Alert, target: Target, form: Form) -> None:
        alert.forms[target] = form
        self.deliveries.add(target, alert.pending.key, self.now)


def _has_limit(target: Target) -> bool:
    """Whether there is a limit of messages; how many an added destination takes is not known here."""
    return target.destination in ("slack_app", "slack_webhook")


def _has_threads(target: Target) -> bool:
    return target.destination == "slack_app"


def _parts(alerts: Sequence[Alert]) -> Iterator[Sequence[Alert]]:
    """Yield the alerts of each message of a summary."""
    rest = list(alerts)
    for part in summary([alert.pending for alert in alerts]) if alerts else ():
        yield rest[: part.members]
        rest = rest[part.members :]
