"""The proof that the checker finds what is wrong: the function is broken in some way, and histories show it."""

from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

import pytest

from cloudtrail_to_slack.config.secrets import SecretReader
from cloudtrail_to_slack.delivery.deduplication import DeduplicationStore
from cloudtrail_to_slack.delivery.jobs import AlertJob, DeliveryJob
from cloudtrail_to_slack.destinations.sns import client as sns
from cloudtrail_to_slack.errors import DestinationMisconfiguredError, TransientError
from cloudtrail_to_slack.evaluation import records as record_evaluation
from cloudtrail_to_slack.evaluation.file_evaluation import LogFileEvaluation
from cloudtrail_to_slack.ingest import log_files, read_ahead
from cloudtrail_to_slack.ingest import payloads as notifications
from cloudtrail_to_slack.ingest.read_ahead import FetchedBody, ReadAhead
from cloudtrail_to_slack.ingest.record_chunks import Chunk, _Splitter
from cloudtrail_to_slack.notices.self_reports import SelfReports
from cloudtrail_to_slack.notices.store import NoticeStore
from cloudtrail_to_slack.rules.thresholds import Count, CountStoreError
from cloudtrail_to_slack.state import leases, threshold_counts
from cloudtrail_to_slack.state.threshold_counts import TableCounts
from simulation.checker import CheckResult, check_history
from simulation.environment import Environment
from simulation.histories import history_of
from simulation.scripted_histories import scripted_history, slow_alerts, some_alerts, throttled_count_history

_SEEDS = range(100, 140)  # for what takes some histories to show
_MOST_SEEDS = 2_500


def _seeds_with(oddity: str) -> Iterator[int]:
    """Yield the seeds of histories in which something odd happens that begins so."""
    return (seed for seed in range(_MOST_SEEDS) if any(name.startswith(oddity) for name in history_of(seed).oddities))


def _finds(environment: Environment, oddity: str, words: str) -> bool:
    """Whether a history with the oddity shows a problem with these words."""
    for seed in _seeds_with(oddity):
        history = history_of(seed)
        if any(words in problem for problem in check_history(history, environment.run(history)).problems):
            return True
    return False


def _finds_in(environment: Environment, is_problem: Callable[[CheckResult], object]) -> bool:
    """Whether an ordinary history shows a problem."""
    return any(is_problem(check_history(history, environment.run(history))) for history in map(history_of, _SEEDS))


def test_without_the_state_table_repeats_are_found(environment: Environment) -> None:
    """The checker sees that alerts are delivered again when nothing keeps them from it."""
    histories = (history_of(seed, deduplicates=False) for seed in _SEEDS)
    assert any(check_history(history, environment.run(history)).repeated_without_cause for history in histories)


def test_a_delivery_that_swallows_errors_is_found_out(environment: Environment) -> None:
    """The checker sees that alerts are lost when a destination's failures are ignored."""
    with mock.patch.object(DeliveryJob, "fail", lambda job, _code: setattr(job, "finished", True)):
        assert _finds_in(environment, lambda result: result.lost)


def test_a_store_that_forgets_what_was_delivered_is_found_out(environment: Environment) -> None:
    """The checker sees an alert delivered again that was never recorded as delivered, though it could have been."""
    with mock.patch.object(DeduplicationStore, "complete", return_value=None):
        assert _finds_in(environment, lambda result: result.repeated_without_cause)


def test_a_mark_before_sending_is_found_out(environment: Environment) -> None:
    """The checker sees that an alert is lost when it is recorded as delivered before it was sent."""
    claim = DeduplicationStore.claim

    def claim_and_mark(store: DeduplicationStore, key: str) -> Any:
        answer = claim(store, key)
        try:
            store.complete([key])
        except TransientError:
            return answer
        return answer

    with mock.patch.object(DeduplicationStore, "claim", claim_and_mark):
        assert _finds_in(environment, lambda result: result.lost)


def _first_document(splitter: Any, mark: bytes) -> Chunk | None:
    """Replace `_Splitter._step`: ignore what comes after the first document."""
    if splitter._next == "document" and splitter._has_records:  # noqa: SLF001 (the part that is broken)
        splitter._at = len(splitter._buffer)  # noqa: SLF001 (likewise)
        return Chunk(b"[]", [])
    return _STEP(splitter, mark)


_STEP = _Splitter._step  # noqa: SLF001 (likewise)


def _to_its_end(take_turn: Callable[..., None]) -> Callable[..., None]:
    """Return `take_turn` that ignores the time."""
    return lambda file, _is_over, seconds: take_turn(file, lambda: False, seconds)


def _any_other(take: Callable[..., Any]) -> Callable[..., Any]:
    """Return `take` that takes whichever file was fetched first."""
    return lambda ahead, log_file: take(ahead, next(iter(ahead._ahead), log_file))  # noqa: SLF001 (the part that is broken)


# What is odd, what is broken and how, and words of what the checker says of it.
_BROKEN = {
    "text after the end is dropped": (
        "log file: text after", (_Splitter, "_step", _first_document), "says nothing of what is wrong"),
    "the second document is dropped": (
        "log file: two documents", (_Splitter, "_step", _first_document), "neither sent"),
    "a damaged log file is a success": (
        "log file: no trailer", (LogFileEvaluation, "_fail", lambda *_: None), "succeeded with a log file"),
    "the newest version is read": (
        "log file: overwritten", (log_files, "_get_named_version", lambda s3, file: s3.get_object(
            Bucket=file.bucket, Key=file.key)), "neither sent"),
    "what is fetched ahead goes to another file": (
        "many log files at once", (ReadAhead, "take", _any_other(ReadAhead.take)), "neither sent"),
    "errors while fetching ahead are dropped": (
        "many log files at once", (read_ahead, "FetchedBody", lambda pieces, _: FetchedBody(pieces, None)),
        "a good log file"),
    "every publisher is believed": (
        "forged", (notifications, "_single_event", lambda payload, detail, _: notifications.SingleEvent(
            {**detail, "recipientAccountId": detail.get("recipientAccountId", payload.get("account"))})),
        "though it is forged"),
    "any delivery in the table is believed": (
        "planted: delivered", (leases, "latest_time", lambda *_: 10**14), "had not reached"),
    "rule errors are not reported": ("event: rule raises", (SelfReports, "send", lambda *_: None), "is in no notice"),
    "what was reported is not recorded": (
        "event: own role", (NoticeStore, "complete", lambda *_: None), "came again after"),
    "a refused secret is not read anew": (
        "token rotated", (SecretReader, "renew", lambda *_: False), "nothing was in its way"),
    "rejected content marks the topic": (
        "event: rejected", (sns, "sns_error", lambda answer: DestinationMisconfiguredError(answer["Error"]["Code"])),
        "nothing was in its way"),
    "a count is never reached": ("threshold", (TableCounts, "add", lambda *_: Count()), "has no alert in"),
    "a count alerts again": (
        "threshold", (threshold_counts, "_IS_OPEN", threshold_counts._IS_OPEN + " OR size(members) >= :count"),  # noqa: SLF001
        "alerts in"),
}  # fmt: skip


@pytest.mark.parametrize("how", _BROKEN)
def test_a_broken_function_is_found_out(environment: Environment, how: str) -> None:
    """The checker reports whatever the function does wrong about odd events and log files."""
    oddity, (target, name, replacement), words = _BROKEN[how]
    with mock.patch.object(target, name, replacement):
        assert _finds(environment, oddity, words)


def test_a_log_file_that_takes_the_time_of_others_is_found_out(environment: Environment) -> None:
    """The checker sees that log files that are read in time become dead letters because of one that is not."""
    good = [(alert,) for alert in some_alerts(4)]

    def problems(seed: int) -> list[str]:
        history = scripted_history("slack_app", 1, 20, slow_alerts(40), *good, apart=0.0, queued=True)
        history.seed = seed  # what comes in one batch
        environment.forget()
        return check_history(history, environment.run(history)).problems

    in_turns = mock.patch.object(LogFileEvaluation, "take_turn", _to_its_end(LogFileEvaluation.take_turn))
    with in_turns, mock.patch.object(record_evaluation, "_LEAST_SECONDS", 1000.0):
        found = [problem for seed in range(5) for problem in problems(seed)]
    assert any("nothing was in its way" in problem for problem in found)


def test_a_match_that_is_not_counted_for_a_moment_is_found_out(environment: Environment) -> None:
    """The checker sees that the alert of a window is lost when a match is forgotten that could not be counted."""
    history = throttled_count_history()

    def forgetting(problem: str, *, is_transient: bool) -> CountStoreError:
        return CountStoreError(problem, is_transient=is_transient and False)

    with mock.patch.object(threshold_counts, "CountStoreError", forgetting):
        problems = check_history(history, environment.run(history)).problems
    assert any("has no alert in slack_app" in problem for problem in problems)


def test_a_critical_alert_in_a_summary_is_found_out(environment: Environment) -> None:
    """The checker sees a summary that contains a critical alert."""
    with mock.patch.object(
        AlertJob, "is_critical", property(lambda _job: False, lambda _job, _value: None), create=True
    ):
        assert _finds_in(environment, lambda result: "a summary with a critical alert" in str(result.broken))
