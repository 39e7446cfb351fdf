"""What is done about a trail that somebody stopped: whether it is started again, and why not where it is not."""

from collections.abc import Callable

from cloudtrail_to_slack.restart_logging.maintenance import Maintenance
from cloudtrail_to_slack.restart_logging.memory import Memory
from cloudtrail_to_slack.restart_logging.outcomes import Did, Outcome
from cloudtrail_to_slack.restart_logging.permitted import Permitted
from cloudtrail_to_slack.restart_logging.stop_events import StopEvent
from cloudtrail_to_slack.restart_logging.trails import TrailError, Trails
from cloudtrail_to_slack.trail_arns import TrailArn


class Restarter:
    """Decides and acts for one invocation. `maintenance` is asked only where a trail might be started."""

    def __init__(
        self, trails: Trails, permitted: Permitted, most: int, maintenance: Callable[[], Maintenance], memory: Memory
    ) -> None:
        self._trails = trails
        self._permitted = permitted
        self._most = most
        self._maintenance = maintenance
        self._memory = memory

    def act(self, stop: StopEvent, before: Outcome | None) -> Outcome:
        """Start the trail if it is to be started, and return what was done; `before` is an attempt that did not end.

        It never raises: what CloudTrail may yet do is an UNFINISHED outcome.
        """
        if stop.trail is None:
            return Outcome(Did.UNREADABLE_TRAIL)
        if stop.trail not in self._permitted:
            return Outcome(Did.NOT_PERMITTED)
        found = self._maintenance()
        if found.until:
            return Outcome(Did.MAINTENANCE, until=found.until.isoformat())
        began = before.number if before else 0
        try:
            return self._start(stop.key, stop.trail, began, found.problem)
        except TrailError as error:
            did = Did.UNFINISHED if error.passing else Did.FAILED
            return Outcome(did, began, code=error.code, maintenance_problem=found.problem)

    def _start(self, key: str, trail: TrailArn, began: int, problem: str | None) -> Outcome:
        """Start the trail unless it logs; `began` is not 0 when an earlier attempt may have started it already.

        Raises:
            TrailError: CloudTrail was not asked or did not answer before anything was counted.
        """
        if self._trails.is_logging(trail):
            did = Did.RESTARTED if began else Did.ALREADY_LOGGING
            return Outcome(did, began, maintenance_problem=problem)
        counted = self._memory.count(trail, key, self._most)
        if not counted.granted:
            return Outcome(Did.LIMIT_REACHED, counted.number, maintenance_problem=problem)
        # Noted before it is done: who dies between the two leaves a retry that knows whose doing it was.
        self._memory.note(key, Outcome(Did.UNFINISHED, counted.number, maintenance_problem=problem))
        try:
            self._trails.start(trail)
        except TrailError as error:
            did = Did.UNFINISHED if error.passing else Did.FAILED
            return Outcome(did, counted.number, code=error.code, maintenance_problem=problem)
        did = Did.RESTARTED if self._logs_now(trail) else Did.STOPPED_AGAIN
        return Outcome(did, counted.number, maintenance_problem=problem)

    def _logs_now(self, trail: TrailArn) -> bool:
        try:
            return self._trails.is_logging(trail)
        except TrailError:
            return True  # CloudTrail took the start, and says no more
