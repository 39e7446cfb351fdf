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
from simulation.diary import Diary, Invocation, Telling
from simulation.happenings import ACCOUNTS, RULES, START, Happening
from simulation.histories import History
from simulation.invocation_checks import check_invocations
from simulation.notice_checks import check_notices

_OUTCOMES = ("matched", "ignored", "unmatched", "failed")


@dataclass
class Verdict:
    """What is wrong with a history, and what was told again, by cause."""

    alerts: int = 0
    tellings: int = 0
    dead: int = 0
    lost: list[str] = field(default_factory=list)
    repeated_without_cause: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    repeated: Counter[str] = field(default_factory=Counter)

    @property
    def problems(self) -> list[str]:
        """Everything that must not be."""
        return [*self.lost, *self.repeated_without_cause, *self.broken]


def judge(history: History, diary: Diary) -> Verdict:
    """Judge a history by what was seen of it."""
    verdict = Verdict(len(history.alerts), len(diary.tellings))
    told: dict[tuple[str, str], list[Telling]] = defaultdict(list)
    for telling in diary.tellings:
        for event_id in telling.event_ids:
            told[telling.kind, event_id].append(telling)
    _nothing_lost(history, diary, told, verdict)
    notes = _notes(diary)
    for (kind, event_id), tellings in told.items():
        happening = history.alerts.get(event_id)
        if happening is None:
            verdict.broken.append(f"{event_id} is no alert and was told")
            continue
        _told_once(happening, tellings, notes[kind, _alert_key(happening)], verdict)
        _told_where(history, diary, happening, tellings, verdict)
    for invocation in diary.invocations:
        _counts_add_up(invocation, verdict)
    verdict.broken += check_invocations(history, diary, told)
    verdict.broken += check_notices(history, diary)
    by_place: dict[tuple[Invocation, str, str], list[Telling]] = defaultdict(list)
    for telling in diary.tellings:
        by_place[telling.invocation, telling.kind, telling.place].append(telling)
    for (invocation, kind, place), tellings in by_place.items():
        if kind != "sns":
            _within_budget(history, place, tellings, verdict)
            _nothing_hidden(history, place, tellings, verdict)
        _in_order(history, invocation, place, tellings, verdict)
    return verdict


def _nothing_lost(history: History, diary: Diary, told: dict[tuple[str, str], list[Telling]], verdict: Verdict) -> None:
    """Whatever was reported as a success had been told by then; the rest is in the dead-letter queue."""
    for announcement in history.announcements:
        end = diary.ends.get(announcement.number)
        if end is None:
            verdict.lost.append(f"announcement {announcement.number} neither succeeded nor is in the dead-letter queue")
            continue
        how, order = end
        if how == "dead":
            verdict.dead += 1
            continue
        if announcement.must_fail:
            what = "though it is forged" if announcement.forged else "with a log file or record that cannot be read"
            verdict.lost.append(f"announcement {announcement.number} succeeded {what}")
        for happening in announcement.happenings:
            if not happening.is_alert:
                continue
            for kind in history.deployment.kinds:
                if not any(telling.order < order for telling in told.get((kind, happening.event_id), [])):
                    verdict.lost.append(
                        f"{happening.event_id} had not reached {kind} when announcement {announcement.number} succeeded"
                    )


@dataclass
class _Notes:
    """Of one alert and kind of destination: when it was noted by whom, and who could not."""

    noted: list[tuple[int, int]] = field(default_factory=list)
    failed: set[int] = field(default_factory=set)


def _notes(diary: Diary) -> dict[tuple[str, str], _Notes]:
    notes: dict[tuple[str, str], _Notes] = defaultdict(_Notes)
    for key, noted in diary.noted.items():
        notes[_of_key(key)].noted += noted
    for key, failed in diary.not_noted.items():
        notes[_of_key(key)].failed |= failed
    return notes


def _of_key(key: str) -> tuple[str, str]:
    """Return the kind of destination and the alert of a key `alert#kind#place#alert`."""
    _, kind, _, alert = key.split("#", 3)
    return kind, alert


def _told_once(happening: Happening, tellings: list[Telling], notes: _Notes, verdict: Verdict) -> None:
    """All but the last telling of an alert have a cause for which it was told again."""
    for telling, again in pairwise(tellings):
        cause = _cause(telling, again, notes)
        if cause:
            verdict.repeated[cause] += 1
        else:
            verdict.repeated_without_cause.append(
                f"{happening.event_id} was told at {telling.place} by invocation {telling.invocation.number} and again"
                f" at {again.place} by invocation {again.invocation.number}"
            )


def _cause(telling: Telling, again: Telling, notes: _Notes) -> str | None:
    by = telling.invocation
    if telling.lost:
        return "the answer was lost"
    if by.unguarded or again.invocation.unguarded:
        return "the ledger was gone"
    if any(telling.order < order < again.order for order, _ in notes.noted):
        return None
    if by.killed:
        return "killed before noting"
    return "the ledger could not be written" if by.number in notes.failed else None


def _told_where(
    history: History, diary: Diary, happening: Happening, tellings: list[Telling], verdict: Verdict
) -> None:
    """An alert is told where it is routed to, or at the default when that route had been refused."""
    deployment = history.deployment
    for telling in tellings:
        routed = deployment.topic if telling.kind == "sns" else deployment.channel
        own, default = routed(happening.account), routed(ACCOUNTS[0])
        if telling.place != own and not (telling.place == default and own in diary.refused):
            verdict.broken.append(f"{happening.event_id} was told at {telling.place} instead of {own}")


def _counts_add_up(invocation: Invocation, verdict: Verdict) -> None:
    """An invocation that lived says what became of each record, and fails in no other way than it should."""
    if invocation.killed is not None:
        return
    if invocation.dies:
        verdict.broken.append(f"invocation {invocation.number} went on after it was killed")
    if invocation.error is not None and not isinstance(invocation.error, InvocationFailedError):
        verdict.broken.append(f"invocation {invocation.number} raised {invocation.error!r}")
        return
    counts = invocation.closing
    if counts is None:
        verdict.broken.append(f"invocation {invocation.number} wrote no closing line")
        return
    if counts["records_in"] != sum(counts[outcome] for outcome in _OUTCOMES):
        verdict.broken.append(f"invocation {invocation.number} does not add up")
    if len(invocation.announcements) == 1 and not counts["objects_failed"] and not counts["objects_unfinished"]:
        wanted = Counter(happening.outcome for happening in invocation.announcements[0].happenings)
        if any(counts[outcome] != wanted[outcome] for outcome in _OUTCOMES):
            verdict.broken.append(f"invocation {invocation.number} counts otherwise than {dict(wanted)}")


def _within_budget(history: History, place: str, tellings: list[Telling], verdict: Verdict) -> None:
    """No channel gets more messages than its limit from an invocation, but for critical alerts."""
    got = sum(
        not telling.lost and not (telling.summary and telling.in_thread) and not _is_critical(history, telling)
        for telling in tellings
    )
    if got > history.deployment.budget:
        number = tellings[0].invocation.number
        verdict.broken.append(f"{place} got {got} messages from invocation {number}, not {history.deployment.budget}")


def _is_critical(history: History, telling: Telling) -> bool:
    return any(history.alerts[event_id].is_critical for event_id in telling.event_ids if event_id in history.alerts)


def _nothing_hidden(history: History, place: str, tellings: list[Telling], verdict: Verdict) -> None:
    """No summary stands for a critical alert."""
    for telling in tellings:
        if telling.summary and _is_critical(history, telling):
            verdict.broken.append(f"{place} got a summary with a critical alert: {telling.event_ids}")


def _in_order(history: History, invocation: Invocation, place: str, tellings: list[Telling], verdict: Verdict) -> None:
    """The alerts of a channel come by severity, then time, but for those rerouted to it or waited for.

    Those of log files that take long come when they are read.
    """
    if invocation.is_slow or "s3" in invocation.troubles:
        return
    waited_for = {_of_key(key) for key in invocation.busy if key.startswith("alert#")}
    for some in ([telling for telling in tellings if not telling.summary], *([told] for told in tellings)):
        times = [
            (not history.alerts[event_id].is_critical, history.alerts[event_id].time)
            for telling in some
            for event_id in telling.event_ids
            if event_id in history.alerts
            and history.place(telling.kind, event_id) == place
            and (telling.kind, _alert_key(history.alerts[event_id])) not in waited_for
        ]
        if times != sorted(times):
            verdict.broken.append(f"at {place} invocation {invocation.number} told {times}")


@cache
def _rules() -> RuleSet:
    config, _ = read_config({"use_default_rules": False, "rules": list(RULES)})
    return RuleSet(config.rules, ())


_JUDGED: dict[str, tuple[str, tuple[Rule, ...]]] = {}


def judged(happening: Happening) -> tuple[str, tuple[Rule, ...]]:
    """Return what the ledger knows an alert by, and the rules that match."""
    if happening.event_id not in _JUDGED:
        if len(_JUDGED) > 1000:
            _JUDGED.clear()
        event = read_event(happening.record)
        rules = _rules().evaluate(event.flat, START.date()).matched
        _JUDGED[happening.event_id] = pending_alert(event, rules).key, rules
    return _JUDGED[happening.event_id]


def _alert_key(happening: Happening) -> str:
    return judged(happening)[0]
