"""The proof that nothing is lost and nothing is delivered twice."""

import os
import random
import time
from collections.abc import Callable
from typing import Any

import pytest

from simulation.checker import check_history
from simulation.environment import Environment
from simulation.events import ACCOUNTS
from simulation.fault_injection import HANGS, HANGS_AFTER, HANGS_WITHIN, SLOW, SLOWLY_BUSY, InjectedFault
from simulation.histories import Notification, history_of
from simulation.report import Report, run_all
from simulation.scripted_histories import (
    batch_history,
    scripted_history,
    slow_alerts,
    some_alerts,
    throttled_count_history,
)

# How long each process goes on running histories; `make test` gives it more time.
_SECONDS = float(os.environ.get("FAULTS_SECONDS", "5"))
_PROCESSES = os.cpu_count() or 1
_SEEDS_EACH = 1_000_000
_SEEDS = range(100, 140)  # for what takes some histories to show


def _run_for(environment: Environment, seconds: float, first: int) -> Report:
    """Run histories for some time, at least 25 of them."""
    report = Report()
    until = time.monotonic() + seconds
    seed = first
    while not report.histories or time.monotonic() < until:
        report.add(run_all(environment, range(seed, seed + 25)))
        seed += 25
    return report


@pytest.mark.parametrize("process", range(_PROCESSES))
def test_nothing_is_lost_and_nothing_delivered_twice(
    environment: Environment, process: int, record_property: Callable[..., None]
) -> None:
    """Through random faults, races and deaths each alert is delivered once, or its notification is a dead letter."""
    report = _run_for(environment, _SECONDS, (1 + process) * _SEEDS_EACH)
    print(report)  # noqa: T201 (what a run came to)
    record_property("report", str(report))
    assert report.failing == {}
    assert report.problems == 0


@pytest.mark.parametrize("slack", ["slack_app", "slack_webhook"])
def test_what_a_dead_function_held_stays_within_the_limit(environment: Environment, slack: str) -> None:
    """Alerts of a summary that a function held when it died are delivered within the limit too."""
    alerts = some_alerts(6)
    history = scripted_history(slack, 1, 2, alerts[:1], alerts)
    history.deaths[0] = 5  # the object is read, the alert is claimed
    recorder = environment.run(history)
    assert recorder.invocations[0].killed
    assert check_history(history, recorder).problems == []
    summaries = [delivery for delivery in recorder.deliveries if delivery.summary and delivery.invocation.number == 1]
    assert len(summaries) == (2 if slack == "slack_app" else 1)


@pytest.mark.parametrize("slack", ["slack_app", "slack_webhook"])
def test_what_a_misconfigured_channel_leaves_stays_within_the_limit(environment: Environment, slack: str) -> None:
    """Alerts whose channel refuses the summary fall back to the default channel within its limit."""
    history = scripted_history(slack, 2, 1, some_alerts(12))
    history.faults.append(InjectedFault("slack", "set-up", 0.0, 1000.0, 1.0, "C1"))
    recorder = environment.run(history)
    assert check_history(history, recorder).problems == []
    assert {delivery.place for delivery in recorder.deliveries} == {"C0"}
    assert sum(len(delivery.event_ids) for delivery in recorder.deliveries) == 12


@pytest.mark.parametrize("slack", ["slack_app", "slack_webhook"])
def test_a_single_alert_that_falls_back_does_not_exceed_the_limit(environment: Environment, slack: str) -> None:
    """The last message of a misconfigured channel's limit does not count as one of the default channel's."""
    alerts = some_alerts(12)
    some = tuple(next(alert for alert in alerts if alert.account == account) for account in ACCOUNTS[:2])
    history = scripted_history(slack, 2, 1, some)
    history.faults.append(InjectedFault("slack", "set-up", 0.0, 1000.0, 1.0, "C1"))
    recorder = environment.run(history)
    assert check_history(history, recorder).problems == []
    assert {delivery.place for delivery in recorder.deliveries} == {"C0"}
    assert sum(len(delivery.event_ids) for delivery in recorder.deliveries) == 2


@pytest.mark.parametrize("slack", ["slack_app", "slack_webhook"])
def test_both_paths_at_once_are_one_alert(environment: Environment, slack: str) -> None:
    """EventBridge and the log file bring the same event at the same moment, in many orders: it is delivered once."""
    first: set[str] = set()
    for seed, alert in enumerate(some_alerts(12)):
        history = scripted_history(slack, 1, 3, (alert,))
        history.chance = random.Random(seed)  # noqa: S311 (always the same)
        single = {"source": "aws.cloudtrail", "detail-type": "AWS API Call via CloudTrail", "detail": alert.record}
        history.notifications.append(Notification(1, single, 0.0, single=alert))
        history.seed = seed  # the order of what falls on the same time
        recorder = environment.run(history)
        assert check_history(history, recorder).problems == []
        (delivery,) = recorder.deliveries
        first.add(str(delivery.invocation.notifications[0].number))
        assert [how for how, _ in recorder.ends.values()] == ["done", "done"]
    assert first == {"0", "1"}  # now the one was sooner, now the other


def test_a_slow_log_file_is_handed_back_alone(environment: Environment) -> None:
    """In a batch with a log file that takes longer than there is time, the others succeed at once."""
    good = [(alert,) for alert in some_alerts(4)]
    history = scripted_history("slack_app", 1, 20, *good[:2], slow_alerts(40), *good[2:], apart=0.0, queued=True)
    recorder = environment.run(history)
    assert check_history(history, recorder).problems == []
    (first, *_) = [each for each in recorder.invocations if each.is_slow]
    assert first.killed is None
    assert first.handed_back == {2}
    assert history.notifications[2].files[0].url in first.reasons
    assert [number for number, (how, _) in recorder.ends.items() if how == "dead"] == [2]


def test_s3_that_stops_sending_fails_the_log_file_by_name(environment: Environment) -> None:
    """Where the content of a log file stops coming, the retry reads it, and the log says why."""
    history = scripted_history("slack_app", 1, 20, some_alerts(2))
    history.faults.append(InjectedFault("s3", HANGS_WITHIN, 0.0, 30.0, 1.0))
    recorder = environment.run(history)
    assert check_history(history, recorder).problems == []
    first, second = recorder.invocations
    assert first.error
    assert "the connection to S3 was lost (ReadTimeoutError)" in first.reasons[history.files[0].url]
    assert second.error is None


@pytest.mark.parametrize("kind", [SLOW, HANGS, HANGS_AFTER, SLOWLY_BUSY, "SlowDown"])
def test_a_batch_of_which_s3_fails_on_some_is_read_in_the_end(environment: Environment, kind: str) -> None:
    """Where S3 is slow on some of many small log files, or fails, each is fetched once more and none is lost."""
    history = batch_history(*((alert,) for alert in some_alerts(10)))
    history.faults.append(InjectedFault("s3", kind, 0.0, 1.0, 0.5))
    recorder = environment.run(history)
    assert check_history(history, recorder).problems == []
    assert recorder.seen[f"s3: {kind}"] > 1
    assert [(how, len(recorder.invocations)) for how, _ in recorder.ends.values()] == [("done", 1)]


def test_what_a_throttled_table_does_not_count_is_counted_by_the_retry(environment: Environment) -> None:
    """A match that cannot be counted for a moment fails its invocation, and its retry completes the count."""
    history = throttled_count_history()
    recorder = environment.run(history)
    assert check_history(history, recorder).problems == []
    assert len(recorder.deliveries) == 1
    assert [how for how, _ in recorder.ends.values()] == ["done", "done"]
    assert recorder.invocations[0].error


def test_many_hanging_requests_take_the_time_of_one(environment: Environment) -> None:
    """Where S3 answers none of ten requests at first, the log files are read after the time that one of them takes."""
    history = batch_history(*((alert,) for alert in some_alerts(10)))
    history.faults.append(InjectedFault("s3", HANGS, 0.0, 1.0, 1.0))
    recorder = environment.run(history)
    assert check_history(history, recorder).problems == []
    assert recorder.seen[f"s3: {HANGS}"] == 10
    (first, *_) = recorder.slack_requests
    assert first.time - recorder.invocations[0].began < 6.0  # one after the other: 20 seconds at least


def test_a_process_that_dies_while_it_fetches_ahead_loses_nothing(environment: Environment) -> None:
    """Whichever step of a batch's requests is the last one that the process makes, the retry delivers everything."""
    killed = 0
    for step in range(1, 24):
        history = batch_history(*((alert,) for alert in some_alerts(10)))
        history.deaths[0] = step
        environment.forget()
        recorder = environment.run(history)
        assert check_history(history, recorder).problems == []
        assert sorted(event_id for delivery in recorder.deliveries for event_id in delivery.event_ids) == sorted(
            history.alerts
        )
        killed += recorder.invocations[0].killed is not None
    assert killed == 23


def test_a_history_goes_the_same_way_each_time(environment: Environment) -> None:
    """The seed of a history says all of it, however many ran before it."""

    def steps(seed: int) -> list[Any]:
        recorder = environment.run(history_of(seed))
        ends = [(invocation.killed, repr(invocation.error)) for invocation in recorder.invocations]
        return [
            ends,
            recorder.ends,
            recorder.seen,
            [(delivery.order, delivery.event_ids) for delivery in recorder.deliveries],
        ]

    environment.forget()
    first = [steps(seed) for seed in _SEEDS[:15]]
    environment.forget()
    assert first == [steps(seed) for seed in _SEEDS[:15]]
