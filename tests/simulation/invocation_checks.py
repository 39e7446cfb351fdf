"""Check that each invocation did what it could and named the rest, and failed only for a reason that was there."""

import re
from collections.abc import Iterator, Mapping, Sequence

from cloudtrail_to_slack.errors import InvocationFailedError
from simulation.events import MOST_SIZES, SimulatedEvent
from simulation.histories import History, Notification
from simulation.log_files import LogFile
from simulation.recorder import Delivery, Invocation, Recorder

_MOST_IN_A_SHORT_TIME = 30  # events
# Reasons for which a log file was not read this time, or not to its end. The others will be there the next time.
_PASSING = re.compile(
    r"(no|out of) time|longer than the remaining time|S3 answers|S3 cannot be read|connection to S3 was lost"
    r"|needs s3:GetObjectVersion"
)
_MOST_FOR_SINGLES = 0.4  # of an invocation's time
_NO_TIME = re.compile(r"no time|longer than there is time")

# By kind of destination and event.
Delivered = Mapping[tuple[str, str], Sequence[Delivery]]


def check_invocations(history: History, recorder: Recorder, delivered: Delivered) -> list[str]:
    """Return what is wrong with invocations."""
    problems: list[str] = []
    for invocation in recorder.invocations:
        if invocation.killed == "timed out":
            problems.append(f"invocation {invocation.number} did not end before Lambda ended it")
        lived = invocation.killed is None
        if lived and (invocation.error is None or isinstance(invocation.error, InvocationFailedError)):
            problems += _reads_what_it_can(invocation)
            problems += _sends_what_it_read(history, invocation, delivered)
            problems += _leaves_no_thread(invocation)
            if _is_calm(history, invocation):
                problems += _fails_for_a_reason(history, invocation)
    if history.is_calm:
        problems += _succeeds_in_the_end(history, recorder)
    return problems


def _reads_what_it_can(invocation: Invocation) -> Iterator[str]:
    """A log file is refused for good if something is wrong with it, and only then."""
    for file in _files(invocation):
        reasons = invocation.reasons.get(file.url, [])
        lasting = [reason for reason in reasons if not _PASSING.search(reason)]
        if lasting and not file.is_damaged:
            yield f"invocation {invocation.number} refuses {file.url}, a good log file: {lasting[0]}"
        if file.is_damaged and not reasons:
            yield f"invocation {invocation.number} says nothing of what is wrong with {file.url} ({file.form})"
        late = any(map(_NO_TIME.search, reasons))
        if late and not (invocation.faulty_services or file.is_slow or _takes_all_the_time(invocation)):
            yield f"invocation {invocation.number} had no time for {file.url}, which is not slow"


def _sends_what_it_read(history: History, invocation: Invocation, delivered: Delivered) -> Iterator[str]:
    """Of all that was read each alert is sent by the end, or named as undelivered, whatever else fails."""
    read = [
        event
        for file in _files(invocation)
        if not any(map(_PASSING.search, invocation.reasons.get(file.url, [])))
        for event in file.events
    ]
    singles = [notification.single for notification in invocation.notifications if notification.single]
    for event in (*read, *(() if invocation.is_slow else singles)):
        if not event.is_alert or event.raw_id in invocation.undelivered:
            continue
        for kind in history.deployment.kinds:
            sent = delivered.get((kind, event.event_id), ())
            if not any(delivery.order < invocation.ended for delivery in sent):
                yield f"invocation {invocation.number} neither sent {event.event_id} to {kind} nor named it"


def _leaves_no_thread(invocation: Invocation) -> Iterator[str]:
    """No thread outlives an invocation to which S3 answers."""
    if invocation.threads_left and "s3" not in invocation.faulty_services:
        yield f"invocation {invocation.number} left {invocation.threads_left} threads running"


def _fails_for_a_reason(history: History, invocation: Invocation) -> Iterator[str]:
    """Where no service has a fault, only what cannot succeed fails, and it takes nothing with it."""
    refused = {event.raw_id for event in history.pool if _is_refused(history, event)}
    for event_id in sorted(invocation.undelivered - refused):
        yield f"invocation {invocation.number} did not deliver {event_id}, and nothing was in its way"
    for notification in invocation.notifications:
        failed = invocation.error is not None or notification.number in invocation.handed_back
        if failed and not (notification.must_fail or _some_of(notification, invocation.undelivered)):
            yield f"invocation {invocation.number} fails notification {notification.number} without a cause"


def _succeeds_in_the_end(history: History, recorder: Recorder) -> Iterator[str]:
    """Where no service has a fault, everything that can succeed does, also beside what cannot."""
    for notification in history.notifications:
        refused = any(_is_refused(history, event) for event in notification.events)
        how, _ = recorder.ends.get(notification.number, ("", 0))
        if how == "dead" and not (notification.must_fail or notification.is_slow or refused):
            yield f"notification {notification.number} is a dead letter, and nothing was in its way"


def _files(invocation: Invocation) -> list[LogFile]:
    return list({file.url: file for each in invocation.notifications for file in each.files}.values())


def _takes_all_the_time(invocation: Invocation) -> bool:
    """Whether its single events, at one rule each, leave no time for log files: a rule is not interrupted so soon."""
    seconds = sum(each.single.slow for each in invocation.notifications if each.single)
    return seconds > _MOST_FOR_SINGLES * (invocation.task.deadline - invocation.began)


def _some_of(notification: Notification, event_ids: set[str]) -> bool:
    return any(event.raw_id in event_ids for event in notification.events)


def _is_refused(history: History, event: SimulatedEvent) -> bool:
    """Whether SNS takes no size of its alert."""
    return history.deployment.sns and event.rejected == MOST_SIZES


def _is_calm(history: History, invocation: Invocation) -> bool:
    """Whether nothing was in an invocation's way."""
    held = any(key.startswith(("alert#", "notice#")) for key in invocation.busy)
    fits = len(history.pool) < _MOST_IN_A_SHORT_TIME
    return fits and not (invocation.faulty_services or held or invocation.is_slow)
