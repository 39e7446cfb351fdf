"""Check that notices come as promised: of rules, of the function's own role, and of log files that cannot be read."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise

from simulation.histories import History
from simulation.message_parser import OWN_ROLE, RULE_ERROR, UNREADABLE, UNUSABLE
from simulation.recorder import Invocation, Notice, Recorder

_HOUR, _DAY = 3_600.0, 86_400.0
_NEXT_LOOK_SECONDS = 900.0  # after which a process surely tries again to report unusable rules
_SECOND = 1.0  # times in the table are whole seconds


def check_notices(history: History, recorder: Recorder) -> list[str]:
    """Return what is wrong with notices."""
    return [
        *_all_reported(history, recorder),
        *_unusable_rules_reported(history, recorder),
        *_damage_reported(recorder),
        *_not_too_often(history, recorder),
        *_within_the_limit(history, recorder),
    ]


def _all_reported(history: History, recorder: Recorder) -> Iterator[str]:
    """The id of each event on which a rule raised, or that is the own role's, is reported as soon as it is due."""
    kept = all(recorder.ends.get(each.number, ("", 0))[0] == "done" for each in history.notifications[-1:])
    gone = any("dynamodb" in invocation.faulty_services for invocation in recorder.invocations)
    for notification in history.notifications:
        how, order = recorder.ends.get(notification.number, ("", 0))
        if how != "done":
            continue
        for event in notification.events:
            for about, concerned in ((RULE_ERROR, event.raises), (OWN_ROLE, event.gathered)):
                at_once = about == RULE_ERROR and history.deployment.fragile == "critical"
                if not concerned or (not at_once and (not kept or gone)):
                    continue
                for kind in _kinds(history, about):
                    found = _about(recorder, about, kind, event.event_id)
                    if not any(notice.order < order or not at_once for notice in found):
                        yield f"{event.event_id} is in no notice about {about} to {kind}"


def _unusable_rules_reported(history: History, recorder: Recorder) -> Iterator[str]:
    """Rules that cannot be used are reported by the first invocation that can."""
    notices = [notice for notice in recorder.notices if notice.about == UNUSABLE]
    if notices and not history.deployment.unusable:
        yield "rules are reported as unusable that are not"
    if history.deployment.unusable and _some_can_report(recorder.invocations):
        for kind in _kinds(history, UNUSABLE):
            if not any(notice.kind == kind for notice in notices):
                yield f"unusable rules are not reported to {kind}"


def _some_can_report(invocations: Sequence[Invocation]) -> bool:
    """Whether an invocation can send a notice, and no earlier one of its process tried and could not."""
    hindered = [each for each in invocations if each.killed is not None or each.faulty_services or each.busy]
    free_at = max((each.began for each in hindered), default=-_DAY) + _NEXT_LOOK_SECONDS
    return any(each.began > free_at for each in invocations if each not in hindered)


def _damage_reported(recorder: Recorder) -> Iterator[str]:
    """What cannot be read is reported by name where an invocation can: notices come after all alerts."""
    for invocation in recorder.invocations:
        hindered = invocation.killed is not None or invocation.faulty_services or invocation.busy or invocation.is_slow
        if hindered or invocation.undelivered:
            continue
        for notification in invocation.notifications:
            for file in notification.files:
                name = file.key.rpartition("/")[2]
                notices = [
                    each for each in recorder.notices if each.about == UNREADABLE and each.order < invocation.ended
                ]
                if file.is_damaged and not any(name in notice.text for notice in notices):
                    yield f"invocation {invocation.number} does not report {file.url}"


def _not_too_often(history: History, recorder: Recorder) -> Iterator[str]:
    """A subject is reported once an interval at each place, unless something kept that from being recorded."""
    by_subject: dict[tuple[str, ...], list[Notice]] = defaultdict(list)
    for notice in recorder.notices:
        for subject in _subjects(history, notice):
            by_subject[notice.kind, notice.place, notice.about, *subject].append(notice)
    for notices in by_subject.values():
        for first, second in pairwise(notices):
            interval = _DAY if first.about == UNUSABLE else _HOUR
            soon = second.time - first.time < interval - _SECOND
            if soon and not first.lost and not any(map(_is_excused, (first.invocation, second.invocation))):
                yield f"a notice about {first.about} came again after {second.time - first.time:.0f} s at {first.place}"


def _within_the_limit(history: History, recorder: Recorder) -> Iterator[str]:
    """Notices about log files are as limited as alerts."""
    counts = Counter(
        (notice.invocation.number, notice.place)
        for notice in recorder.notices
        if notice.about == UNREADABLE and notice.kind != "sns" and not notice.lost
    )
    for (number, place), count in counts.items():
        if count > history.deployment.message_limit:
            yield f"{place} got {count} notices about log files from invocation {number}"


def _subjects(history: History, notice: Notice) -> Sequence[tuple[str, ...]]:
    """Return what a notice is about; nothing where it may come at any time."""
    if notice.about == UNUSABLE:
        return [()]
    if notice.about == RULE_ERROR and history.deployment.fragile != "critical":
        return [()]
    if notice.about != OWN_ROLE:
        return []
    calls = [history.events[event_id] for event_id in notice.event_ids if event_id in history.events]
    return sorted({(call.account, str(call.record["eventName"])) for call in calls})


def _is_excused(invocation: Invocation) -> bool:
    """Whether an invocation could not record, or not know, what was sent."""
    return invocation.killed is not None or "dynamodb" in invocation.faulty_services


def _about(recorder: Recorder, about: str, kind: str, event_id: str) -> list[Notice]:
    return [
        notice
        for notice in recorder.notices
        if notice.about == about and notice.kind == kind and event_id in notice.event_ids
    ]


def _kinds(history: History, about: str) -> Sequence[str]:
    """Return the kinds of destinations that get a notice: all those of alerts, or Slack, or SNS if there is none."""
    return history.deployment.kinds if about == OWN_ROLE else history.deployment.kinds[:1]
