"""The proof that nothing is lost and nothing told twice, and that it would be seen if it were."""

import itertools
import os
import random
import time
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

import pytest

from cloudtrail_to_slack.errors import PassingError
from cloudtrail_to_slack.ledger import Ledger
from cloudtrail_to_slack.parcels import Parcel
from faults.histories import (
    ACCOUNTS,
    BUCKET,
    REGION,
    Announcement,
    Deployment,
    Happening,
    History,
    happening_of,
    history_of,
)
from faults.judge import judge
from faults.stage import Stage
from faults.totals import Totals, play_all
from faults.troubles import Trouble
from support.world import log_bytes, s3_event

# How long each process goes on playing histories; `make test` gives it more time.
_SECONDS = float(os.environ.get("FAULTS_SECONDS", "5"))
_PROCESSES = os.cpu_count() or 1
_SEEDS_EACH = 1_000_000
_SEEDS = range(100, 140)  # for what takes some histories to show


@pytest.fixture(scope="session")
def whole_run() -> Iterator[Stage]:
    """One stage for the whole run."""
    with Stage() as stage:
        yield stage


@pytest.fixture
def stage(whole_run: Stage) -> Stage:
    """A stage that remembers nothing."""
    if whole_run.played:
        whole_run.forget()
    return whole_run


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


def _history(slack: str, channels: int, budget: int, *told: tuple[Happening, ...]) -> History:
    """Return a history in which these things happen, each announced ten seconds after the other."""
    chance = random.Random(1)  # noqa: S311 (always the same)
    places = tuple(f"C{number}" for number in range(channels))
    history = History(1, chance, Deployment(slack, places, sns=False, budget=budget, timeout=30.0))
    for number, some in enumerate(told):
        key = f"AWSLogs/{ACCOUNTS[0]}/CloudTrail/{REGION}/2026/03/14/budget_{number}.json.gz"
        history.objects[key] = log_bytes(*(happening.record for happening in some))
        payload = s3_event(key, bucket=BUCKET)
        history.announcements.append(Announcement(number, payload, some, 10.0 * number, queued=False))
    return history


def _alerts(many: int) -> tuple[Happening, ...]:
    """Return alerts of different accounts that are not critical, the same ones each time."""
    chance = random.Random(1)  # noqa: S311 (always the same)
    happenings = (happening_of(chance, 1, number) for number in itertools.count())
    return tuple(
        itertools.islice((each for each in happenings if each.outcome == "matched" and not each.is_critical), many)
    )


@pytest.mark.parametrize("slack", ["slack_app", "slack_webhook"])
def test_what_a_dead_function_held_stays_within_the_budget(stage: Stage, slack: str) -> None:
    """Alerts of a summary that a function held and did not tell, since it died, are told within the budget too."""
    alerts = _alerts(6)
    history = _history(slack, 1, 2, alerts[:1], alerts)
    history.deaths[0] = 5  # the object is read, the alert is claimed
    diary = stage.play(history)
    assert diary.invocations[0].killed
    assert judge(history, diary).problems == []
    summaries = [telling for telling in diary.tellings if telling.summary and telling.invocation.number == 1]
    assert len(summaries) == (2 if slack == "slack_app" else 1)


@pytest.mark.parametrize("slack", ["slack_app", "slack_webhook"])
def test_what_a_broken_channel_leaves_stays_within_the_budget(stage: Stage, slack: str) -> None:
    """Alerts whose channel proves broken when its summary is told come to the default channel within its budget."""
    history = _history(slack, 2, 1, _alerts(12))
    history.troubles.append(Trouble("slack", "set-up", 0.0, 1000.0, 1.0, "C1"))
    diary = stage.play(history)
    assert judge(history, diary).problems == []
    assert {telling.place for telling in diary.tellings} == {"C0"}
    assert sum(len(telling.event_ids) for telling in diary.tellings) == 12


@pytest.mark.parametrize("slack", ["slack_app", "slack_webhook"])
def test_an_only_alert_that_is_rerouted_does_not_go_around_the_budget(stage: Stage, slack: str) -> None:
    """The last message of a broken channel's budget is no message of the default channel's."""
    alerts = _alerts(12)
    some = tuple(next(alert for alert in alerts if alert.account == account) for account in ACCOUNTS[:2])
    history = _history(slack, 2, 1, some)
    history.troubles.append(Trouble("slack", "set-up", 0.0, 1000.0, 1.0, "C1"))
    diary = stage.play(history)
    assert judge(history, diary).problems == []
    assert {telling.place for telling in diary.tellings} == {"C0"}
    assert sum(len(telling.event_ids) for telling in diary.tellings) == 2


@pytest.mark.parametrize("slack", ["slack_app", "slack_webhook"])
def test_both_paths_at_once_are_one_alert(stage: Stage, slack: str) -> None:
    """EventBridge and the log object bring the same event at the same moment, in many orders: it is told once."""
    first: set[str] = set()
    for seed, alert in enumerate(_alerts(12)):
        history = _history(slack, 1, 3, (alert,))
        history.chance = random.Random(seed)  # noqa: S311 (always the same)
        single = {"source": "aws.cloudtrail", "detail-type": "AWS API Call via CloudTrail", "detail": alert.record}
        history.announcements.append(Announcement(1, single, (alert,), 0.0, queued=False))
        history.seed = seed  # the order of what falls on the same time
        diary = stage.play(history)
        assert judge(history, diary).problems == []
        (telling,) = diary.tellings
        first.add(str(telling.invocation.announcements[0].number))
        assert [how for how, _ in diary.ends.values()] == ["done", "done"]
    assert first == {"0", "1"}  # now the one was sooner, now the other


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


def test_without_the_ledger_repeats_are_found(stage: Stage) -> None:
    """The judge sees that alerts are told again when nothing keeps them from it."""
    repeated = 0
    for seed in _SEEDS:
        history = history_of(seed, promises_once=False)
        repeated += len(judge(history, stage.play(history)).repeated_without_cause)
    assert repeated > 0


def test_a_delivery_that_swallows_errors_is_found_out(stage: Stage) -> None:
    """The judge sees that alerts are lost when a destination's failures are ignored."""
    with mock.patch.object(Parcel, "fail", lambda parcel, _code: setattr(parcel, "finished", True)):
        totals = play_all(stage, _SEEDS)
    assert totals.lost > 0


def test_a_ledger_that_forgets_what_was_told_is_found_out(stage: Stage) -> None:
    """The judge sees that an alert is told again when it was never noted as told, though it could have been."""
    with mock.patch.object(Ledger, "told", return_value=None):
        totals = play_all(stage, _SEEDS[:12])
    assert totals.without_cause > 0


def test_a_mark_before_sending_is_found_out(stage: Stage) -> None:
    """The judge sees that an alert is lost when it is noted as told before it was sent."""
    claim = Ledger.claim

    def claim_and_mark(ledger: Ledger, key: str) -> Any:
        answer = claim(ledger, key)
        try:
            ledger.told([key])
        except PassingError:
            return answer
        return answer

    with mock.patch.object(Ledger, "claim", claim_and_mark):
        totals = play_all(stage, _SEEDS)
    assert totals.lost > 0
