"""When a log file would have reached the function, and so which alerts one invocation delivers."""

import re
from datetime import datetime
from math import floor

from cloudtrail_to_slack.events.event import Event

WINDOW_SECONDS = 300  # CloudTrail delivers about every five minutes (AWS CloudTrail User Guide, "How CloudTrail works")
UNKNOWN = 0.0  # the time of what has none
_LAST = 253_402_300_799.0  # the last second of the year 9999, after which there is no day
# ACCOUNT_CloudTrail_REGION_YYYYMMDDTHHmmZ_UNIQUE.json.gz. Source: the same guide, "Finding your CloudTrail log files".
_NAME = re.compile(
    r"[0-9]{12}_CloudTrail(?:-[A-Za-z]+)?_[a-z0-9-]+_([0-9]{8}T[0-9]{4})([0-9]{2})?Z_[^/\\]+\.json(?:\.gz)?\Z", re.ASCII
)


def delivery_time(path: str) -> float | None:
    """Return when CloudTrail delivered a log file (seconds since 1970), by its name; None for any other file."""
    found = _NAME.search(path)
    if not found:
        return None
    try:
        return datetime.strptime(f"{found[1]}{found[2] or '00'}+0000", "%Y%m%dT%H%M%S%z").timestamp()
    except ValueError:
        return None


def window(event: Event) -> tuple[float, str]:
    """Return when, and in which log file, CloudTrail would have delivered an event whose own log file is not known.

    It is one for each account, region and five minutes.
    """
    end = UNKNOWN
    if event.time:
        end = min((floor(event.time.timestamp() / WINDOW_SECONDS) + 1.0) * WINDOW_SECONDS, _LAST)
    return end, f"{event.account or 'unknown'}/{event.region}"
