"""What the function did about a trail that was stopped. Pure."""

import json
import math
from dataclasses import asdict, dataclass
from enum import Enum

_MOST_RESTARTS = 999  # within an hour; as many as can be set


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


# The trail is stopped although it should not be, and stays so: a person must look.
LEFT_STOPPED = frozenset(
    {RestartAction.UNREADABLE_TRAIL, RestartAction.LIMIT_REACHED, RestartAction.STOPPED_AGAIN, RestartAction.FAILED}
)
# What the alarm is raised for, attempts that Lambda retries included: no retry may follow.
RAISES_ALARM = LEFT_STOPPED | {RestartAction.UNFINISHED}
# What is reported of a trail at most every ten minutes, so that the channel is not flooded.
RATE_LIMITED = frozenset(
    {RestartAction.LIMIT_REACHED, RestartAction.NOT_PERMITTED, RestartAction.MAINTENANCE, RestartAction.ALREADY_LOGGING}
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was done, and the facts for the notice about it.

    `number` counts the restarts within the hour (0: none was begun), `until` is when maintenance ends (ISO 8601),
    `code` CloudTrail's error, `maintenance_problem` why the maintenance parameter was ignored, and `last_started` when
    the trail was last started (seconds since 1970), where that matters.
    """

    action: RestartAction
    number: int = 0
    until: str | None = None
    code: str | None = None
    maintenance_problem: str | None = None
    last_started: float | None = None

    def dumped(self) -> str:
        """Return it as JSON, for the state table."""
        return json.dumps({**asdict(self), "action": self.action.value})


def read_outcome(text: str | None) -> Outcome | None:
    """Read what `dumped` wrote; None for anything else, which someone else may have written."""
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
