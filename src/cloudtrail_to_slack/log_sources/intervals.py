"""Learn how often an account and region delivers log files, and decide whether it has stopped. Pure.

CloudTrail delivers a log file only if something happened: within minutes where machines work, elsewhere perhaps after a
weekend. The alert threshold is twice the longest gap so far, which halves every two weeks, and at least two hours.
Sources that are known for less than a week, deliver rarely, or pause for more than a week are not watched.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import astuple, dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from cloudtrail_to_slack.json_fields import mapping
from cloudtrail_to_slack.state.trust import CLOCKS_DIFFER_SECONDS

MINIMUM_ALERT_THRESHOLD = 7_200
RECORDING_INTERVAL = 900  # seconds in which further log files are not recorded
_DAY = 86_400
_THRESHOLD_FACTOR = 2
_HALF_LIFE = 14 * _DAY
_LEARNING = 7 * _DAY  # includes a weekend
_LEAST_OBSERVATIONS = 24
_LONGEST_GAP = 7 * _DAY
_FORGOTTEN = 14 * _DAY
_REGION = re.compile(r"[a-z0-9-]{1,40}")
_LONGEST_KEY = 1024  # Amazon S3 User Guide, "Naming Amazon S3 objects"
# [prefix/]AWSLogs/[o-orgid/]ACCOUNT/CloudTrail/REGION/Y/M/D/ACCOUNT_CloudTrail_REGION_YYYYMMDDTHHmmZ_UNIQUE.json.gz
# where the time is that of the delivery. Sources: AWS CloudTrail User Guide, "Finding your CloudTrail log files" and
# "CloudTrail log file examples". Digests come every hour, also where the trail logs nothing any more, and
# Insights when something is unusual: neither shows whether events are still delivered.
_LOG_FILE = re.compile(
    r"(?:^|/)AWSLogs/(?:o-[a-z0-9]+/)?(?P<account>\d{12})/CloudTrail/(?P<region>[a-z]{2,5}(?:-[a-z]{1,12}){1,2}-\d{1,2})/"
    r"\d{4}/\d{2}/\d{2}/(?P=account)_CloudTrail_(?P=region)_(?P<time>\d{8}T\d{4}Z)_[0-9A-Za-z]{1,40}\.json\.gz\Z",
    re.ASCII,
)


class LogSource(NamedTuple):
    """An account and region that log files come from."""

    account: str
    region: str


class LogFileDelivery(NamedTuple):
    """A log file that CloudTrail delivered: its source, and the time in seconds since 1970."""

    source: LogSource
    time: int


def read_log_file_delivery(key: str) -> LogFileDelivery | None:
    """Read a decoded key; None: it is not exactly CloudTrail's name for a log file of events."""
    found = _LOG_FILE.search(key) if len(key) <= _LONGEST_KEY else None
    if found is None:
        return None
    try:
        time = datetime.fromisoformat(found["time"])
    except ValueError:
        return None
    return LogFileDelivery(LogSource(found["account"], found["region"]), int(time.timestamp()))


@dataclass(frozen=True, slots=True)
class DeliveryIntervals:
    """The times at which one account and region delivered log files.

    `first` and `last` are seconds since 1970, `longest` the longest gap in seconds, which fades; `observations` counts
    deliveries, at most one per `RECORDING_INTERVAL`, by which `last` may be late. `notified` has, by destination, the
    last log file before a gap that was reported.
    """

    first: int
    last: int
    longest: int = 0
    observations: int = 1
    notified: Mapping[str, int] = field(default_factory=dict, kw_only=True)

    @property
    def watched(self) -> bool:
        """Whether enough is known to report gaps."""
        known = self.last - self.first >= _LEARNING and self.observations >= _LEAST_OBSERVATIONS
        return known and self.longest <= _LONGEST_GAP

    def alert_threshold(self, least: int = MINIMUM_ALERT_THRESHOLD) -> int:
        """Return the longest gap in seconds that is not reported; at least `least`."""
        return max(least, _THRESHOLD_FACTOR * self.longest)

    def observe(self, time: int) -> "DeliveryIntervals":
        """Return the intervals with a delivery at `time` added, which may be out of order."""
        gap = time - self.last
        if gap < RECORDING_INTERVAL:
            return self
        if gap > _FORGOTTEN:
            return DeliveryIntervals(time, time, notified=self.notified)
        faded = int(self.longest * 0.5 ** (gap / _HALF_LIFE))
        # Cap a gap that already alerted at twice the threshold, so that one outage cannot inflate it.
        counted = min(gap, 2 * self.alert_threshold()) if self.watched else gap
        return DeliveryIntervals(self.first, time, max(counted, faded), self.observations + 1, notified=self.notified)

    def is_down(self, now: float, least: int = MINIMUM_ALERT_THRESHOLD) -> bool:
        """Return whether a log file is overdue."""
        return self.watched and now - self.last >= self.alert_threshold(least) + RECORDING_INTERVAL


def encode(intervals: Mapping[str, DeliveryIntervals]) -> str:
    """Return the intervals of an account's regions as a string."""
    plain = {region: [value for value in astuple(known) if value != {}] for region, known in intervals.items()}
    return json.dumps(plain, separators=(",", ":"), sort_keys=True)


def decode(text: str | None) -> dict[str, DeliveryIntervals]:
    """Return the intervals that `encode` wrote; leave out others, which are learned anew."""
    try:
        plain: Any = json.loads(text or "{}")
    except (ValueError, RecursionError):
        return {}
    intervals = {}
    for region, values in plain.items() if isinstance(plain, dict) else ():
        if isinstance(values, list) and [type(each) for each in values[:4]] == [int] * 4:
            notified = mapping(values[4]) if values[4:] else {}
            times = {destination: time for destination, time in notified.items() if type(time) is int}
            intervals[region] = DeliveryIntervals(*values[:4], notified=times)
    return intervals


def credible(intervals: Mapping[str, DeliveryIntervals], now: float) -> dict[str, DeliveryIntervals]:
    """Return the intervals, limited to what can have been learned by `now`; a future time would disable the check.

    Values out of bounds are corrected, because a source that is left out is not watched for a week.
    """
    corrected = {}
    for region, stored in intervals.items():
        last = max(stored.last if stored.last <= now + CLOCKS_DIFFER_SECONDS else int(now), 0)
        first = min(max(stored.first, 0), last)
        longest = min(max(stored.longest, 0), last - first)
        observations = min(max(stored.observations, 1), (last - first) // RECORDING_INTERVAL + 1)
        if _REGION.fullmatch(region):
            corrected[region] = DeliveryIntervals(first, last, longest, observations, notified=stored.notified)
    return corrected
