"""What became of a trail that was stopped. Pure."""

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
    UNFINISHED = "unfinished"  # begun, and to be gone on with when Lambda tries again


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
    """What was done, and what there is to say of it.

    `number`: the number of this restart within the hour, 0 where none was begun. `until`: until when
    maintenance lasts (ISO 8601). `code`: CloudTrail's word for why not. `maintenance_problem`: why it is not known
    whether there is maintenance. `last_started`: when CloudTrail says that the trail was last started (seconds since
    1970), where that matters.
    """

    did: RestartAction
    number: int = 0
    until: str | None = None
    code: str | None = None
    maintenance_problem: str | None = None
    last_started: float | None = None

    def dumped(self) -> str:
        """Return it as JSON, to be remembered."""
        return json.dumps({**asdict(self), "did": self.did.value})


def read_outcome(text: str | None) -> Outcome | None:
    """Read what `dumped` wrote; None for anything else."""
    try:
        fields = json.loads(text or "null")
        outcome = Outcome(**{**fields, "did": RestartAction(fields["did"])}) if fields else None
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return outcome if outcome and _is_sound(outcome) else None


def _is_sound(outcome: Outcome) -> bool:
    """Whether every field is of its type: what stands in the table may be someone else's."""
    words = (outcome.until, outcome.code, outcome.maintenance_problem)
    started = outcome.last_started
    return (
        type(outcome.number) is int
        and 0 <= outcome.number <= _MOST_RESTARTS
        and all(word is None or isinstance(word, str) for word in words)
        and (started is None or (type(started) in (int, float) and math.isfinite(started)))
    )
