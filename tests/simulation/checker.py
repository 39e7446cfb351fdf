"""Whether a history went as promised: nothing lost, hidden or repeated without a cause, no flood, in order, counted."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise

from cloudtrail_to_slack.alerts.alert import pending_alert
from cloudtrail_to_slack.config.loader import read_config
from cloudtrail_to_slack.errors import InvocationFailedError
from cloudtrail_to_slack.events.event import read_event
from cloudtrail_to_slack.rules import Rule, RuleSet
from simulation.events import ACCOUNTS, COUNTED_RULE, RULES, START, SimulatedEvent
from simulation.histories import History
from simulation.invocation_checks import check_invocations
from simulation.notice_checks import check_notices
from simulation.recorder import Delivery, Invocation, Recorder
from simulation.threshold_checks import check_thresholds

_OUTCOMES = ("matched", "ignored", "unmatched", "failed")


@dataclass
class CheckResult:
    """What is wrong with a history, and what was delivered again, by cause."""

    alerts: int = 0
    deliveries: int = 0
    dead: int = 0
    lost: list[str] = field(default_factory=list)
    repeated_without_cause: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    repeated: Counter[str] = field(default_factory=Counter)

    @property
    def problems(self) -> list[str]:
        """Every problem found."""
        return [*self.lost, *self.repeated_without_cause, *self.broken]


def check_history(history: History, recorder: Recorder) -> CheckResult:
    """Check a history by what was recorded of it."""
    result = CheckResult(len(history.alerts), len(recorder.deliveries))
    delivered: dict[tuple[str, str], list[Delivery]] = defaultdict(list)
    for delivery in recorder.deliveries:
        for event_id in delivery.event_ids:
            delivered[delivery.kind, event_id].append(delivery)
    _check_nothing_lost(history, recorder, delivered, result)
    completions = _completions_of(recorder)
    for (kind, event_id), deliveries in delivered.items():
        event = history.alerts.get(event_id) or history.counted.get(event_id)
        if event is None:
            result.broken.append(f"{event_id} is no alert and was delivered")
            continue
        _check_delivered_once(event, deliveries, completions[kind, _alert_key(event)], result)
        _check_place(history, recorder, event, deliveries, result)
    for invocation in recorder.invocations:
        _check_counts(invocation, result)
    result.broken += [
        f"an alert in {place} got its details {count} times"
        for (place, _), count in recorder.details.items()
        if count > 1
    ]
    result.broken += check_invocations(history, recorder, delivered)
    result.broken += check_notices(history, recorder)
    result.broken += check_thresholds(history, recorder, delivered)
    by_place: dict[tuple[Invocation, str, str], list[Delivery]] = defaultdict(list)
    for delivery in recorder.deliveries:
        by_place[delivery.invocation, delivery.kind, delivery.place].append(delivery)
    for (invocation, kind, place), deliveries in by_place.items():
        if kind != "sns":
            _check_limit(history, place, deliveries, result)
            _check_nothing_hidden(history, place, deliveries, result)
        _check_order(history, invocation, place, deliveries, result)
    return result


def _check_nothing_lost(
    history: History, recorder: Recorder, delivered: dict[tuple[str, str], list[Delivery]], result: CheckResult
) -> None:
    """What was reported as a success had been delivered by then; the rest is in the dead-letter queue."""
    for notification in history.notifications:
        end = recorder.ends.get(notification.number)
        if end is None:
            result.lost.append(f"notification {notification.number} neither succeeded nor is in the dead-letter queue")
            continue
        how, order = end
        if how == "dead":
            result.dead += 1
            continue
        if notification.must_fail:
            what = "though it is forged" if notification.forged else "with a log file or record that cannot be read"
            result.lost.append(f"notification {notification.number} succeeded {what}")
        for event in notification.events:
            if not event.is_alert:
                continue
            for kind in history.deployment.kinds:
                if not any(delivery.order < order for delivery in delivered.get((kind, event.event_id), [])):
                    result.lost.append(
                        f"{event.event_id} had not reached {kind} when notification {notification.number} succeeded"
                    )


@dataclass
class _Completions:
    """Which invocations recorded an alert as completed, and when, and which failed to."""

    completed: list[tuple[int, int]] = field(default_factory=list)
    failed: set[int] = field(default_factory=set)


def _completions_of(recorder: Recorder) -> dict[tuple[str, str], _Completions]:
    completions: dict[tuple[str, str], _Completions] = defaultdict(_Completions)
    for key, completed in recorder.completed.items():
        completions[_of_key(key)].completed += completed
    for key, failed in recorder.not_completed.items():
        completions[_of_key(key)].failed |= failed
    return completions


def _of_key(key: str) -> tuple[str, str]:
    """Return the kind of destination and the alert of a key `alert#kind#place#alert`."""
    _, kind, _, alert = key.split("#", 3)
    return kind, alert


def _check_delivered_once(
    event: SimulatedEvent, deliveries: list[Delivery], completions: _Completions, result: CheckResult
) -> None:
    """All but the last delivery of an alert have a cause for the repetition."""
    for delivery, again in pairwise(deliveries):
        cause = _cause(delivery, again, completions)
        if cause:
            result.repeated[cause] += 1
        else:
            result.repeated_without_cause.append(
                f"{event.event_id} was delivered at {delivery.place} by invocation {delivery.invocation.number} and"
                f" again at {again.place} by invocation {again.invocation.number}"
            )


def _cause(delivery: Delivery, again: Delivery, completions: _Completions) -> str | None:
    by = delivery.invocation
    if delivery.lost:
        return "the answer was lost"
    if by.unguarded or again.invocation.unguarded:
        return "the state table was gone"
    if any(delivery.order < order < again.order for order, _ in completions.completed):
        return None
    if by.killed:
        return "killed before recording"
    return "the state table could not be written" if by.number in completions.failed else None


def _check_place(
    history: History, recorder: Recorder, event: SimulatedEvent, deliveries: list[Delivery], result: CheckResult
) -> None:
    """An alert is delivered where it is routed to, or at the default when that route had been refused."""
    deployment = history.deployment
    for delivery in deliveries:
        routed = deployment.topic if delivery.kind == "sns" else deployment.channel
        own, default = routed(event.account), routed(ACCOUNTS[0])
        if delivery.place != own and not (delivery.place == default and own in recorder.refused):
            result.broken.append(f"{event.event_id} was delivered at {delivery.place} instead of {own}")


def _check_counts(invocation: Invocation, result: CheckResult) -> None:
    """An invocation that lived says what became of each record, and fails in no other way than it should."""
    if invocation.killed is not None:
        return
    if invocation.dies:
        result.broken.append(f"invocation {invocation.number} went on after it was killed")
    if invocation.error is not None and not isinstance(invocation.error, InvocationFailedError):
        result.broken.append(f"invocation {invocation.number} raised {invocation.error!r}")
        return
    counts = invocation.closing
    if counts is None:
        result.broken.append(f"invocation {invocation.number} wrote no closing line")
        return
    if counts["records_in"] != sum(counts[outcome] for outcome in _OUTCOMES):
        result.broken.append(f"invocation {invocation.number} does not add up")
    if len(invocation.notifications) == 1 and not counts["objects_failed"] and not counts["objects_unfinished"]:
        events = invocation.notifications[0].events
        wanted = Counter(event.outcome for event in events)
        if not any(event.counted for event in events) and any(
            counts[outcome] != wanted[outcome] for outcome in _OUTCOMES
        ):
            result.broken.append(f"invocation {invocation.number} counts otherwise than {dict(wanted)}")


def _check_limit(history: History, place: str, deliveries: list[Delivery], result: CheckResult) -> None:
    """No channel gets more messages than its limit from an invocation, but for critical alerts."""
    got = sum(
        not delivery.lost and not (delivery.summary and delivery.in_thread) and not _is_critical(history, delivery)
        for delivery in deliveries
    )
    if got > history.deployment.message_limit:
        number = deliveries[0].invocation.number
        result.broken.append(
            f"{place} got {got} messages from invocation {number}, not {history.deployment.message_limit}"
        )


def _is_critical(history: History, delivery: Delivery) -> bool:
    return any(history.alerts[event_id].is_critical for event_id in delivery.event_ids if event_id in history.alerts)


def _check_nothing_hidden(history: History, place: str, deliveries: list[Delivery], result: CheckResult) -> None:
    """No summary contains a critical alert."""
    for delivery in deliveries:
        if delivery.summary and _is_critical(history, delivery):
            result.broken.append(f"{place} got a summary with a critical alert: {delivery.event_ids}")


def _check_order(
    history: History, invocation: Invocation, place: str, deliveries: list[Delivery], result: CheckResult
) -> None:
    """The alerts of a channel come by severity, then time, but after a fallback or a wait for another invocation.

    Those of log files that take long come when they are read.
    """
    if invocation.is_slow or "s3" in invocation.faulty_services:
        return
    waited_for = {_of_key(key) for key in invocation.busy if key.startswith("alert#")}
    for some in (
        [delivery for delivery in deliveries if not delivery.summary],
        *([delivery] for delivery in deliveries),
    ):
        times = [
            (not history.alerts[event_id].is_critical, history.alerts[event_id].time)
            for delivery in some
            for event_id in delivery.event_ids
            if event_id in history.alerts
            and history.place(delivery.kind, event_id) == place
            and (delivery.kind, _alert_key(history.alerts[event_id])) not in waited_for
        ]
        if times != sorted(times):
            result.broken.append(f"at {place} invocation {invocation.number} delivered {times}")


@cache
def _rules() -> RuleSet:
    config, _ = read_config({"use_default_rules": False, "rules": [*RULES, COUNTED_RULE]})
    return RuleSet(config.rules, ())


_KEY_AND_RULES: dict[str, tuple[str, tuple[Rule, ...]]] = {}


def key_and_rules(event: SimulatedEvent) -> tuple[str, tuple[Rule, ...]]:
    """Return the deduplication key of an event's alert, and the rules that match."""
    if event.event_id not in _KEY_AND_RULES:
        if len(_KEY_AND_RULES) > 1000:
            _KEY_AND_RULES.clear()
        flat_event = read_event(event.record)
        rules = _rules().evaluate(flat_event.flat, START.date()).matched
        _KEY_AND_RULES[event.event_id] = pending_alert(flat_event, rules).key, rules
    return _KEY_AND_RULES[event.event_id]


def _alert_key(event: SimulatedEvent) -> str:
    return key_and_rules(event)[0]
