"""When CloudTrail delivered a log file, and from where, by its key. Pure."""

import re
from dataclasses import dataclass
from datetime import datetime

from cloudtrail_to_slack.log_sources.intervals import LogSource

# [prefix/]AWSLogs/[o-orgid/]ACCOUNT/CloudTrail/REGION/Y/M/D/ACCOUNT_CloudTrail_REGION_YYYYMMDDTHHmmZ_UNIQUE.json.gz
# where the time is that of the delivery. Sources: AWS CloudTrail User Guide, "Finding your CloudTrail log files" and
# "CloudTrail log file examples". Digests come every hour, also where the trail logs nothing any more, and
# Insights when something is unusual: neither shows whether events are still delivered.
_LOG_FILE = re.compile(
    r"(?:^|/)AWSLogs/(?:o-[a-z0-9]+/)?(?P<account>\d{12})/CloudTrail/(?P<region>[a-z]{2,5}(?:-[a-z]{1,12}){1,2}-\d{1,2})/"
    r"\d{4}/\d{2}/\d{2}/(?P=account)_CloudTrail_(?P=region)_(?P<time>\d{8}T\d{4}Z)_[0-9A-Za-z]{1,40}\.json\.gz\Z",
    re.ASCII,
)
_LONGEST_KEY = 1024  # Amazon S3 User Guide, "Naming Amazon S3 objects"


@dataclass(frozen=True, slots=True)
class LogFileDelivery:
    """A log file that CloudTrail delivered: from where, and when, in seconds since 1970."""

    source: LogSource
    time: int


def read_log_file_delivery(key: str) -> LogFileDelivery | None:
    """Return what `key` (decoded) says; None when it is not exactly what CloudTrail names a log file of events."""
    if len(key) > _LONGEST_KEY:
        return None
    found = _LOG_FILE.search(key)
    if found is None:
        return None
    try:
        time = datetime.fromisoformat(found["time"])
    except ValueError:
        return None
    return LogFileDelivery(LogSource(found["account"], found["region"]), int(time.timestamp()))
