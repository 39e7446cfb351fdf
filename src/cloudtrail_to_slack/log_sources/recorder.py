"""Record in the state table, at intervals, when each account and region last delivered log files.

It never fails an invocation: its alerts are delivered by then, and no request is begun that could outlast it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from cloudtrail_to_slack.aws.clients import SHORT_TIMEOUT_SECONDS
from cloudtrail_to_slack.clock import Clock
from cloudtrail_to_slack.errors import DeadlineExceededError
from cloudtrail_to_slack.log_sources.intervals import (
    RECORDING_INTERVAL,
    DeliveryIntervals,
    LogSource,
    credible,
    decode,
    encode,
    read_log_file_delivery,
)
from cloudtrail_to_slack.log_sources.table import LogSourceTable
from cloudtrail_to_slack.observability.logging import log_unexpected, logger
from cloudtrail_to_slack.state.table import StateError

_OLD_SECONDS = 86_400  # a log file older than this was copied or notified again, and shows nothing about the present
_MOST_REGIONS = 64  # of an account; a partition has some forty
_MOST_CACHED = 20_000
_AFTER_FAILURE_SECONDS = 60.0


@dataclass(slots=True)
class RecorderCache:
    """What outlives an invocation: the last recorded time of each source, and when recording may resume."""

    recorded: dict[LogSource, int] = field(default_factory=dict)
    not_before: float = 0.0


class DeliveryRecorder:
    """Records the log files of one invocation."""

    def __init__(self, table: LogSourceTable, cache: RecorderCache, clock: Clock) -> None:
        self._table = table
        self._cache = cache
        self._clock = clock
        self._seen: dict[LogSource, int] = {}

    def observe(self, key: str) -> None:
        """Observe a log file that was read."""
        delivery, now = read_log_file_delivery(key), int(self._clock.now())
        if delivery and (time := min(delivery.time, now)) >= now - _OLD_SECONDS:
            self._seen[delivery.source] = max(time, self._seen.get(delivery.source, 0))

    def save(self) -> int:
        """Save observations that are due; return the number of accounts for which that failed."""
        due: dict[str, dict[str, int]] = {}
        for source, time in self._seen.items():
            if time >= self._cache.recorded.get(source, 0) + RECORDING_INTERVAL:
                due.setdefault(source.account, {})[source.region] = time
        if not due or self._clock.now() < self._cache.not_before:
            return len(due)
        left, problem = list(due), DeadlineExceededError.CODE
        try:
            known = self._table.intervals(due) if self._clock.has_time_for(SHORT_TIMEOUT_SECONDS) else {}
            while left and self._clock.has_time_for(SHORT_TIMEOUT_SECONDS):
                self._save(left[0], due[left[0]], known.get(left[0]))
                del left[0]
        except StateError as error:
            problem = str(error)
        except Exception as error:  # noqa: BLE001 (whatever went wrong, its text might quote the secret)
            problem = type(error).__name__
            log_unexpected("recording deliveries of log files", error)
        if left:
            logger.warning("deliveries of log files not recorded", extra={"error": problem, "accounts": len(left)})
            self._cache.not_before = self._clock.now() + _AFTER_FAILURE_SECONDS
        return len(left)

    def _save(self, account: str, times: Mapping[str, int], text: str | None) -> None:
        """Save the times of an account's regions; `text` are the account's intervals, as far as known."""
        after: dict[str, DeliveryIntervals] = {}

        def change(text: str | None) -> str | None:
            nonlocal after
            known = credible(decode(text), self._clock.now())
            after = _observed(known, times)
            if after == known:
                return None
            # An account that has intervals is listed already.
            if text is None and not self._table.list_account(account):
                logger.warning("too many accounts: this one is not watched", extra={"account": account})
                return None
            return encode(after)

        self._table.change_intervals(account, text, change)
        recorded = self._cache.recorded
        if len(recorded) >= _MOST_CACHED:
            recorded.clear()
        for region, time in times.items():
            recorded[LogSource(account, region)] = after[region].last if region in after else time


def _observed(known: Mapping[str, DeliveryIntervals], times: Mapping[str, int]) -> dict[str, DeliveryIntervals]:
    """Return the intervals with the observed times of each region."""
    after = dict(known)
    for region, time in times.items():
        if region in after:
            after[region] = after[region].observe(time)
        elif len(after) < _MOST_REGIONS:
            after[region] = DeliveryIntervals(time, time)
    return after
