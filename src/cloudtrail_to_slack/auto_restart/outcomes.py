"""What the function did about a trail that was stopped. Pure."""

import json
import math
from dataclasses import asdict, dataclass
from enum import Enum

_MOST_RESTARTS = 999  # within an hour; the most that can be set


class RestartAction(Enum):
    """What was done."""

    RESTARTED = "restarted"
    ALREADY_LOGGING = "already_logging"
    MAINTENANCE = "maintenance"
    NOT_PERMITTED = "not_permitted"
    UNREADABLE_TRAIL = "unreadable_trail"
    LIMIT_REACHED = "limit_reached"
    STOPPED_AGAIN = "stopped_again"
    FAILED = "failed"
    UNFINISHED = "unfinished"  # Lambda's next attempt continues it


# The trail stays stopped although it should not: someone must look.
LEFT_STOPPED = frozenset(
    {RestartAction.UNREADABLE_TRAIL, RestartAction.LIMIT_REACHED, RestartAction.STOPPED_AGAIN, RestartAction.FAILED}
)
# Outcomes that raise the alarm, including attempts that Lambda retries, because a retry may never come.
RAISES_ALARM = LEFT_STOPPED | {RestartAction.UNFINISHED}
# Outcomes that are reported at most every ten minutes per trail, so that the channel is not flooded.
RATE_LIMITED = frozenset(
    {RestartAction.LIMIT_REACHED, RestartAction.NOT_PERMITTED, RestartAction.MAINTENANCE, RestartAction.ALREADY_LOGGING}
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was done, and the facts for the notice about it.

    `number` counts the restarts within the hour (0: none was begun), `until` is the end of maintenance (ISO 8601),
    `code` is CloudTrail's error code, `maintenance_problem` says why the maintenance parameter was ignored, and
    `last_started` is when the trail was last started (seconds since 1970), if that matters.
    """

    action: RestartAction
    number: int = 0
    until: str | None = None
    code: str | None = None
    maintenance_problem: str | None = None
    last_started: float | None = None

    def dumped(self) -> str:
        """Return the outcome as JSON, for the state table."""
        return json.dumps({**asdict(self), "action": self.action.value})


def read_outcome(text: str | None) -> Outcome | None:
    """Read what `dumped` wrote; None: it is anything else."""
    try:
        fields = json.loads(text or "null")
        outcome = Outcome(**{**fields, "action": RestartAction(fields["action"])})
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    started = outcome.last_started
    is_valid = (
        type(outcome.number) is int
        and 0 <= outcome.number <= _MOST_RESTARTS
        and all(isinstance(each, str | None) for each in (outcome.until, outcome.code, outcome.maintenance_problem))
        and (started is None or (type(started) in (int, float) and math.isfinite(started)))
    )
    return outcome if is_valid else None
