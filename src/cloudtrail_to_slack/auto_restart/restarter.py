"""What is done about a trail that was stopped: whether it is restarted, and if not, why.

CloudTrail is eventually consistent: for some seconds a status may be that of before. So what is said to log is started
all the same, and what was started and is said to be off is looked at again. Source: AWS CloudTrail User Guide,
"Managing data consistency in CloudTrail".
"""

from collections.abc import Callable
from dataclasses import dataclass

from cloudtrail_to_slack.auto_restart.allowed_trails import AllowedTrails
from cloudtrail_to_slack.auto_restart.maintenance import Maintenance
from cloudtrail_to_slack.auto_restart.outcomes import Outcome, RestartAction
from cloudtrail_to_slack.auto_restart.stop_events import StopEvent
from cloudtrail_to_slack.auto_restart.store import RestartStore
from cloudtrail_to_slack.auto_restart.trails import Status, TrailError, Trails
from cloudtrail_to_slack.aws.arns import TrailArn
from cloudtrail_to_slack.retry import backoff_delays

_PATIENCE_SECONDS = 20  # waited in all between the tries of one start
_LOOKS = 4  # after a start, until what CloudTrail says of it is believed
_LOOK_SECONDS = 3.0  # between them


@dataclass(frozen=True, slots=True)
class Restarter:
    """Decides and acts for one invocation.

    `maintenance` is asked only where a trail might be started. `most` is how often a trail is started within an hour.
    `wait` waits so many seconds, or returns False at once where there is no time for it.
    """

    trails: Trails
    permitted: AllowedTrails
    most: int
    maintenance: Callable[[], Maintenance]
    memory: RestartStore
    wait: Callable[[float], bool]

    def act(self, stop: StopEvent, before: Outcome | None) -> Outcome:
        """Start the trail if it is to be started, and return what was done; `before` is an attempt that did not end.

        It never raises: what CloudTrail may yet do is an UNFINISHED outcome.
        """
        if stop.trail is None:
            return Outcome(RestartAction.UNREADABLE_TRAIL)
        if stop.trail not in self.permitted:
            return Outcome(RestartAction.NOT_PERMITTED)
        found = self.maintenance()
        if found.until:
            return Outcome(RestartAction.MAINTENANCE, until=found.until.isoformat())
        began = before.number if before else 0
        try:
            return self._start(stop, stop.trail, began, found.problem)
        except TrailError as error:
            return _refused(error, began, found.problem)

    def _start(self, stop: StopEvent, trail: TrailArn, began: int, problem: str | None) -> Outcome:
        """Start the trail; `began` is not 0 when an earlier attempt may have started it already.

        Raises:
            TrailError: CloudTrail refused before anything was counted.
        """
        status = self._look(trail)
        if status.logging:
            self._start_patiently(trail)  # it may be the status of before; of a trail that logs, nothing changes
            did = RestartAction.RESTARTED if began else RestartAction.ALREADY_LOGGING
            return Outcome(did, began, maintenance_problem=problem)
        happened = stop.event.time.timestamp() if stop.event.time else None
        counted = self.memory.count(trail, stop.key, self.most, happened)
        if not counted.granted:
            return Outcome(
                RestartAction.LIMIT_REACHED,
                counted.number,
                maintenance_problem=problem,
                last_started=status.last_started,
            )
        # Noted before it is done: who dies between the two leaves a retry that knows whose doing it was.
        self.memory.note(stop.key, Outcome(RestartAction.UNFINISHED, counted.number, maintenance_problem=problem))
        try:
            self._start_patiently(trail)
        except TrailError as error:
            if not error.is_transient:
                self.memory.forget(trail, stop.key)
            return _refused(error, counted.number, problem)
        did = RestartAction.RESTARTED if self._logs_now(trail) else RestartAction.STOPPED_AGAIN
        return Outcome(did, counted.number, maintenance_problem=problem)

    def _look(self, trail: TrailArn) -> Status:
        """Return the trail's status; where CloudTrail does not answer now, the trail is taken to be off.

        Raises:
            TrailError: CloudTrail refuses for good.
        """
        try:
            return self.trails.status(trail)
        except TrailError as error:
            if not error.is_transient:
                raise
            return Status(logging=False)

    def _start_patiently(self, trail: TrailArn) -> None:
        """Start the trail; after a passing error again, while there is time.

        Raises:
            TrailError: it was not started, or that is not known.
        """
        waits, waited = backoff_delays(), 0.0
        while True:
            try:
                return self.trails.start(trail)
            except TrailError as error:
                seconds = next(waits)
                waited += seconds
                if not error.is_transient or waited > _PATIENCE_SECONDS or not self.wait(seconds):
                    raise

    def _logs_now(self, trail: TrailArn) -> bool:
        """Whether CloudTrail, which took the start, does not keep saying that the trail is off."""
        off = False
        for look in range(_LOOKS):
            if look and not self.wait(_LOOK_SECONDS):
                break
            try:
                if self.trails.status(trail).logging:
                    return True
                off = True
            except TrailError:
                if not off:
                    return True  # it says no more
        return False


def _refused(error: TrailError, number: int, problem: str | None) -> Outcome:
    did = RestartAction.UNFINISHED if error.is_transient else RestartAction.FAILED
    return Outcome(did, number, code=error.code, maintenance_problem=problem)
