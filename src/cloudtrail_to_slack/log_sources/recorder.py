"""DeliveryRecorder how often log objects come from each account and region, and noting it in the state table.

Many functions read log objects at the same time, and most of them are no news: of an account and region that was heard
of lately nothing is written. Nothing here can fail an invocation: all its alerts are told by then, and no request is
begun that could outlast it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from cloudtrail_to_slack.aws.clients import HASTY_SECONDS
from cloudtrail_to_slack.clock import Clock
from cloudtrail_to_slack.errors import DeadlineExceededError
from cloudtrail_to_slack.log_sources.intervals import (
    RECORDING_INTERVAL,
    DeliveryIntervals,
    LogSource,
    credible,
    decode,
    encode,
)
from cloudtrail_to_slack.log_sources.log_source import read_log_file_delivery
from cloudtrail_to_slack.log_sources.table import LogSourceTable
from cloudtrail_to_slack.observability.logging import log_unexpected, logger
from cloudtrail_to_slack.state.table import StateError

_OLD_SECONDS = 86_400  # an object told of later than this was copied or announced anew, and says nothing about now
_ROUNDS = 5
_MOST_REGIONS = 64  # of an account; a partition has some forty
_MOST_REMEMBERED = 20_000
_AFTER_FAILURE_SECONDS = 60.0


@dataclass(slots=True)
class RecorderCache:
    """What outlives an invocation: when each account and region was noted last, and when there is to be no noting."""

    noted: dict[LogSource, int] = field(default_factory=dict)
    not_before: float = 0.0


class DeliveryRecorder:
    """What one invocation hears."""

    def __init__(self, table: LogSourceTable, memory: RecorderCache, clock: Clock) -> None:
        self._table = table
        self._memory = memory
        self._clock = clock
        self._heard: dict[LogSource, int] = {}

    def read(self, key: str) -> None:
        """Hear of a log object that was read."""
        arrival = read_log_file_delivery(key)
        if arrival is None:
            return
        now = int(self._clock.now())
        time = min(arrival.time, now)
        if time >= max(now - _OLD_SECONDS, self._heard.get(arrival.source, 0)):
            self._heard[arrival.source] = time

    def note(self) -> int:
        """Note what was heard; return of how many accounts it could not be noted."""
        due = self._due()
        if not due or self._clock.now() < self._memory.not_before:
            return len(due)
        left, problem = list(due), DeadlineExceededError.CODE
        try:
            known = self._table.rhythms(due) if self._clock.has(HASTY_SECONDS) else {}
            while left and self._clock.has(HASTY_SECONDS):
                self._note(left[0], due[left[0]], known.get(left[0]))
                del left[0]
        except StateError as error:
            problem = str(error)
        except Exception as error:  # noqa: BLE001 (whatever went wrong, its text might quote the secret)
            problem = type(error).__name__
            log_unexpected("recording when log files came", error)
        if left:
            logger.warning("not noted when log objects came", extra={"error": problem, "accounts": len(left)})
            self._memory.not_before = self._clock.now() + _AFTER_FAILURE_SECONDS
        return len(left)

    def _due(self) -> dict[str, dict[str, int]]:
        """Return what is news, by account and region."""
        due: dict[str, dict[str, int]] = {}
        for source, time in self._heard.items():
            if time >= self._memory.noted.get(source, 0) + RECORDING_INTERVAL:
                due.setdefault(source.account, {})[source.region] = time
        return due

    def _note(self, account: str, times: Mapping[str, int], text: str | None) -> None:
        """Note when objects came from regions of an account, whose rhythms are `text` as far as is known.

        Raises:
            StateError: that cannot be done.
        """
        after: dict[str, DeliveryIntervals] = {}
        for _ in range(_ROUNDS):
            known = credible(decode(text), self._clock.now())
            after = _with(known, times)
            if after == known or not self._listed(account, text):
                break
            written, text = self._table.put_rhythms(account, text, encode(after))
            if written:
                break
        else:
            raise StateError("contended", is_permanent=False)
        self._remember(account, times, after)

    def _listed(self, account: str, text: str | None) -> bool:
        """See to it that an account is listed before it has a rhythm, for then nobody lists it any more."""
        if text is not None or self._table.list_account(account):
            return True
        logger.warning("an account too many to be watched", extra={"account": account})
        return False

    def _remember(self, account: str, times: Mapping[str, int], rhythms: Mapping[str, DeliveryIntervals]) -> None:
        noted = self._memory.noted
        if len(noted) >= _MOST_REMEMBERED:
            noted.clear()
        for region, time in times.items():
            noted[LogSource(account, region)] = rhythms[region].last if region in rhythms else time


def _with(known: Mapping[str, DeliveryIntervals], times: Mapping[str, int]) -> dict[str, DeliveryIntervals]:
    """Return the rhythms with what was heard of each region."""
    after = dict(known)
    for region, time in times.items():
        if region in after:
            after[region] = after[region].observe(time)
        elif len(after) < _MOST_REGIONS:
            after[region] = DeliveryIntervals(time, time)
    return after
