"""The proof that nothing is lost and nothing is delivered twice."""

import os
import random
import time
from collections.abc import Callable
from typing import Any

import pytest

from simulation.directed import batch_history, directed_history, slow_alerts, some_alerts
from simulation.happenings import ACCOUNTS
from simulation.histories import Announcement, history_of
from simulation.judge import judge
from simulation.stage import Stage
from simulation.totals import Totals, play_all
from simulation.troubles import HANGS, HANGS_AFTER, HANGS_WITHIN, SLOW, SLOWLY_BUSY, Trouble

# How long each process goes on playing histories; `make test` gives it more time.
_SECONDS = float(os.environ.get("FAULTS_SECONDS", "5"))
_PROCESSES = os.cpu_count() or 1
_SEEDS_EACH = 1_000_000
_SEEDS = range(100, 140)  # for what takes some histories to show


def _played_for(stage: Stage, seconds: float, first: int) -> Totals:
    """Play histories for some time, at least 25 of them."""
    totals = Totals()
    until = time.monotonic() + seconds
    seed = first
    while not totals.histories or time.monotonic() < until:
        totals.add(play_all(stage, range(seed, seed + 25)))
        seed += 25
    return totals


@pytest.mark.parametrize("process", range(_PROCESSES))
def test_nothing_is_lost_and_nothing_told_twice(
    stage: Stage, process: int, record_property: Callable[..., None]
) -> None:
    """Through random faults, races and deaths each alert is told once, or its notification is a dead letter."""
    totals = _played_for(stage, _SECONDS, (1 + process) * _SEEDS_EACH)
    print(totals)  # noqa: T201 (what a run came to)
    record_property("totals", str(totals))
    assert totals.failing == {}
    assert totals.problems == 0


@pytest.mark.parametrize("slack", ["slack_app", "slack_webhook"])
def test_what_a_dead_function_held_stays_within_the_budget(stage: Stage, slack: str) -> None:
    """Alerts of a summary that a function held and did not tell, since it died, are told within the budget too."""
    alerts = some_alerts(6)
    history = directed_history(slack, 1, 2, alerts[:1], alerts)
    history.deaths[0] = 5  # the object is read, the alert is claimed
    diary = stage.play(history)
    assert diary.invocations[0].killed
    assert judge(history, diary).problems == []
    summaries = [telling for telling in diary.tellings if telling.summary and telling.invocation.number == 1]
    assert len(summaries) == (2 if slack == "slack_app" else 1)


@pytest.mark.parametrize("slack", ["slack_app", "slack_webhook"])
def test_what_a_broken_channel_leaves_stays_within_the_budget(stage: Stage, slack: str) -> None:
    """Alerts whose channel proves broken when its summary is told come to the default channel within its budget."""
    history = directed_history(slack, 2, 1, some_alerts(12))
    history.troubles.append(Trouble("slack", "set-up", 0.0, 1000.0, 1.0, "C1"))
    diary = stage.play(history)
    assert judge(history, diary).problems == []
    assert {telling.place for telling in diary.tellings} == {"C0"}
    assert sum(len(telling.event_ids) for telling in diary.tellings) == 12


@pytest.mark.parametrize("slack", ["slack_app", "slack_webhook"])
def test_an_only_alert_that_is_rerouted_does_not_go_around_the_budget(stage: Stage, slack: str) -> None:
    """The last message of a broken channel's budget is no message of the default channel's."""
    alerts = some_alerts(12)
    some = tuple(next(alert for alert in alerts if alert.account == account) for account in ACCOUNTS[:2])
    history = directed_history(slack, 2, 1, some)
    history.troubles.append(Trouble("slack", "set-up", 0.0, 1000.0, 1.0, "C1"))
    diary = stage.play(history)
    assert judge(history, diary).problems == []
    assert {telling.place for telling in diary.tellings} == {"C0"}
    assert sum(len(telling.event_ids) for telling in diary.tellings) == 2


@pytest.mark.parametrize("slack", ["slack_app", "slack_webhook"])
def test_both_paths_at_once_are_one_alert(stage: Stage, slack: str) -> None:
    """EventBridge and the log file bring the same event at the same moment, in many orders: it is told once."""
    first: set[str] = set()
    for seed, alert in enumerate(some_alerts(12)):
        history = directed_history(slack, 1, 3, (alert,))
        history.chance = random.Random(seed)  # noqa: S311 (always the same)
        single = {"source": "aws.cloudtrail", "detail-type": "AWS API Call via CloudTrail", "detail": alert.record}
        history.announcements.append(Announcement(1, single, 0.0, single=alert))
        history.seed = seed  # the order of what falls on the same time
        diary = stage.play(history)
        assert judge(history, diary).problems == []
        (telling,) = diary.tellings
        first.add(str(telling.invocation.announcements[0].number))
        assert [how for how, _ in diary.ends.values()] == ["done", "done"]
    assert first == {"0", "1"}  # now the one was sooner, now the other


def test_a_slow_log_file_is_handed_back_alone(stage: Stage) -> None:
    """In a batch with a log file that takes longer than there is time, the others succeed at once."""
    good = [(alert,) for alert in some_alerts(4)]
    history = directed_history("slack_app", 1, 20, *good[:2], slow_alerts(40), *good[2:], apart=0.0, queued=True)
    diary = stage.play(history)
    assert judge(history, diary).problems == []
    (first, *_) = [each for each in diary.invocations if each.is_slow]
    assert first.killed is None
    assert first.handed_back == {2}
    assert history.announcements[2].files[0].url in first.reasons
    assert [number for number, (how, _) in diary.ends.items() if how == "dead"] == [2]


def test_s3_that_stops_sending_fails_the_log_file_by_name(stage: Stage) -> None:
    """Where the content of a log file stops coming, the retry reads it, and the log says why."""
    history = directed_history("slack_app", 1, 20, some_alerts(2))
    history.troubles.append(Trouble("s3", HANGS_WITHIN, 0.0, 30.0, 1.0))
    diary = stage.play(history)
    assert judge(history, diary).problems == []
    first, second = diary.invocations
    assert first.error
    assert "the connection to S3 broke (ReadTimeoutError)" in first.reasons[history.files[0].url]
    assert second.error is None


@pytest.mark.parametrize("kind", [SLOW, HANGS, HANGS_AFTER, SLOWLY_BUSY, "SlowDown"])
def test_a_batch_of_which_s3_fails_on_some_is_read_in_the_end(stage: Stage, kind: str) -> None:
    """Where S3 is slow on some of many small log files, or fails, each is fetched once more and none is lost."""
    history = batch_history(*((alert,) for alert in some_alerts(10)))
    history.troubles.append(Trouble("s3", kind, 0.0, 1.0, 0.5))
    diary = stage.play(history)
    assert judge(history, diary).problems == []
    assert diary.seen[f"s3: {kind}"] > 1
    assert [(how, len(diary.invocations)) for how, _ in diary.ends.values()] == [("done", 1)]


def test_many_hanging_requests_take_the_time_of_one(stage: Stage) -> None:
    """Where S3 answers none of ten requests at first, the log files are read after the time that one of them takes."""
    history = batch_history(*((alert,) for alert in some_alerts(10)))
    history.troubles.append(Trouble("s3", HANGS, 0.0, 1.0, 1.0))
    diary = stage.play(history)
    assert judge(history, diary).problems == []
    assert diary.seen[f"s3: {HANGS}"] == 10
    (first, *_) = diary.posts
    assert first.time - diary.invocations[0].began < 6.0  # one after the other: 20 seconds at least


def test_a_process_that_dies_while_it_fetches_ahead_loses_nothing(stage: Stage) -> None:
    """Whichever step of a batch's requests is the last one that the process makes, the retry delivers everything."""
    killed = 0
    for step in range(1, 24):
        history = batch_history(*((alert,) for alert in some_alerts(10)))
        history.deaths[0] = step
        stage.forget()
        diary = stage.play(history)
        assert judge(history, diary).problems == []
        assert sorted(event_id for telling in diary.tellings for event_id in telling.event_ids) == sorted(
            history.alerts
        )
        killed += diary.invocations[0].killed is not None
    assert killed == 23


def test_a_history_goes_the_same_way_each_time(stage: Stage) -> None:
    """The seed of a history says all of it, however many were played before it."""

    def steps(seed: int) -> list[Any]:
        diary = stage.play(history_of(seed))
        ends = [(invocation.killed, repr(invocation.error)) for invocation in diary.invocations]
        return [ends, diary.ends, diary.seen, [(telling.order, telling.event_ids) for telling in diary.tellings]]

    stage.forget()
    first = [steps(seed) for seed in _SEEDS[:15]]
    stage.forget()
    assert first == [steps(seed) for seed in _SEEDS[:15]]
