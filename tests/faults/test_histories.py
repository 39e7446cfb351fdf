"""The proof that nothing is lost and nothing told twice, and that it would be seen if it were."""

import os
import time
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

import pytest

from cloudtrail_to_slack.errors import PassingError
from cloudtrail_to_slack.ledger import Ledger
from cloudtrail_to_slack.parcels import Parcel
from faults.histories import history_of
from faults.judge import judge
from faults.stage import Stage
from faults.totals import Totals, play_all

# How long each process goes on playing histories; `make test` gives it more time.
_SECONDS = float(os.environ.get("FAULTS_SECONDS", "5"))
_PROCESSES = os.cpu_count() or 1
_SEEDS_EACH = 1_000_000


@pytest.fixture(scope="session")
def stage() -> Iterator[Stage]:
    """One stage for the whole run."""
    with Stage() as stage:
        yield stage


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
    totals = _played_for(stage, _SECONDS, process * _SEEDS_EACH)
    print(totals)  # noqa: T201 (what a run came to)
    record_property("totals", str(totals))
    assert totals.failing == {}
    assert totals.problems == 0


@pytest.mark.parametrize("seed", [119, 1095])
def test_a_history_that_went_wrong_once_goes_right(stage: Stage, seed: int) -> None:
    """Histories in which this test has found something once are played each time."""
    history = history_of(seed)
    assert judge(history, stage.play(history)).problems == []


def test_a_history_goes_the_same_way_each_time(stage: Stage) -> None:
    """The seed of a history says all of it, however many were played before it."""

    def steps(seed: int) -> list[Any]:
        diary = stage.play(history_of(seed))
        ends = [(invocation.killed, repr(invocation.error)) for invocation in diary.invocations]
        return [ends, diary.ends, diary.seen, [(telling.order, telling.event_ids) for telling in diary.tellings]]

    first = [steps(seed) for seed in range(20)]
    assert first == [steps(seed) for seed in range(20)]


def test_without_the_ledger_repeats_are_found(stage: Stage) -> None:
    """The judge sees that alerts are told again when nothing keeps them from it."""
    repeated = 0
    for seed in range(12):
        history = history_of(seed, promises_once=False)
        repeated += len(judge(history, stage.play(history)).repeated_without_cause)
    assert repeated > 0


def test_a_delivery_that_swallows_errors_is_found_out(stage: Stage) -> None:
    """The judge sees that alerts are lost when a destination's failures are ignored."""
    with mock.patch.object(Parcel, "fail", lambda parcel, _code: setattr(parcel, "finished", True)):
        totals = play_all(stage, range(60))
    assert totals.lost > 0


def test_a_ledger_that_forgets_what_was_told_is_found_out(stage: Stage) -> None:
    """The judge sees that an alert is told again when it was never noted as told, though it could have been."""
    with mock.patch.object(Ledger, "told", return_value=None):
        totals = play_all(stage, range(40))
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
        totals = play_all(stage, range(60))
    assert totals.lost > 0
