"""Decide whether to restart a stopped trail, and do it.

CloudTrail is eventually consistent: for some seconds it may report an old status. So a trail that is reported as on is
started anyway, and one that is reported as off after a start is checked again. Sources: AWS CloudTrail User
Guide, "Managing data consistency in CloudTrail"; AWS CloudTrail API Reference, StartLogging, "Errors".
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from cloudtrail_to_slack.auto_restart.outcomes import Outcome, RestartAction
from cloudtrail_to_slack.auto_restart.settings import Settings
from cloudtrail_to_slack.auto_restart.stop_events import StopEvent
from cloudtrail_to_slack.auto_restart.store import RestartStore
from cloudtrail_to_slack.aws.arns import TrailArn
from cloudtrail_to_slack.aws.errors import error_code, is_transient
from cloudtrail_to_slack.clock import Clock
from cloudtrail_to_slack.errors import CloudTrailToSlackError, TransientError
from cloudtrail_to_slack.events.event import parse_time
from cloudtrail_to_slack.observability.logging import logger

if TYPE_CHECKING:
    from cloudtrail_to_slack.aws.clients import AwsClients

_NOTIFYING_SECONDS = 12.0  # reserved for Slack while waiting for CloudTrail
_RETRY_SECONDS = (1.0, 2.0, 4.0, 5.0, 5.0)  # between the attempts of one start
_CHECKS = 4  # after a start, before a status of off is believed
_CHECK_SECONDS = 3.0  # between them
_LONGEST_MAINTENANCE = timedelta(days=7)
_MOST_CALL_SECONDS = 10.0  # of one call with the SDK's retries, even if a response arrives byte by byte
_NOT_READY = "ConflictException"  # another operation on the trail is in progress


class TrailError(CloudTrailToSlackError):
    """CloudTrail rejected a call with an error code. `is_transient`: it may accept the call later."""

    def __init__(self, code: str, *, is_transient: bool) -> None:
        self.code = code
        self.is_transient = is_transient
        super().__init__(f"CloudTrail refused ({code})")


class Restarter:
    """Decides and acts for one invocation."""

    def __init__(self, clients: "AwsClients", settings: Settings, store: RestartStore, clock: Clock) -> None:
        self._clients = clients
        self._settings = settings
        self._store = store
        self._clock = clock

    def act(self, stop: StopEvent, before: Outcome | None) -> Outcome:
        """Start the trail unless it must stay off; `before` is an unfinished attempt. Never raises."""
        trail = stop.trail
        if trail is None:
            return Outcome(RestartAction.UNREADABLE_TRAIL)
        if not self._settings.allows(trail):
            return Outcome(RestartAction.NOT_PERMITTED)
        until, problem = _read_maintenance(self._clients, self._settings.maintenance_parameter, self._clock)
        if until:
            return Outcome(RestartAction.MAINTENANCE, until=until.isoformat())
        began = before.number if before else 0
        try:
            outcome = self._restart(stop, trail, began)
        except TrailError as error:
            outcome = _rejected(error, began)
        return replace(outcome, maintenance_problem=problem)

    def _restart(self, stop: StopEvent, trail: TrailArn, began: int) -> Outcome:
        """Start the trail; `began` is not 0 when an earlier attempt may have started it already. Raises as `_call`."""
        is_logging, last_started = self._status(trail)
        if is_logging:
            self._start(trail)
            return Outcome(RestartAction.RESTARTED if began else RestartAction.ALREADY_LOGGING, began)
        happened = stop.event.time.timestamp() if stop.event.time else None
        counted = self._store.count(trail, stop.key, self._settings.restarts_per_hour, happened)
        if not counted.granted:
            return Outcome(RestartAction.LIMIT_REACHED, counted.number, last_started=last_started)
        # Recorded first: if this invocation dies meanwhile, the retry knows who started the trail.
        self._store.note(stop.key, Outcome(RestartAction.UNFINISHED, counted.number))
        try:
            self._start(trail)
        except TrailError as error:
            if not error.is_transient:
                self._store.forget(trail, stop.key)
            return _rejected(error, counted.number)
        is_on = self._is_logging(trail)
        return Outcome(RestartAction.RESTARTED if is_on else RestartAction.STOPPED_AGAIN, counted.number)

    def _status(self, trail: TrailArn) -> tuple[bool, float | None]:
        """Return whether the trail is logging, and when it was last started (seconds since 1970), if known.

        If CloudTrail does not respond now, the trail counts as off. Raises as `_call` on a permanent error.
        """
        try:
            answer = self._call("get_trail_status", trail)
        except TrailError as error:
            if not error.is_transient:
                raise
            return False, None
        started = answer.get("StartLoggingTime")
        return answer.get("IsLogging") is True, started.timestamp() if isinstance(started, datetime) else None

    def _start(self, trail: TrailArn) -> None:
        """Start the trail, with retries after transient errors while there is time. Raises as `_call`."""
        for seconds in (*_RETRY_SECONDS, None):
            try:
                self._call("start_logging", trail)  # this changes nothing if the trail is logging
            except TrailError as error:
                if not error.is_transient or seconds is None or not self._wait(seconds):
                    raise
            else:
                return

    def _is_logging(self, trail: TrailArn) -> bool:
        """Whether the trail is logging after CloudTrail accepted the start; no status at all counts as yes."""
        off = False
        for check in range(_CHECKS):
            if check and not self._wait(_CHECK_SECONDS):
                break
            try:
                if self._call("get_trail_status", trail).get("IsLogging") is True:
                    return True
                off = True
            except TrailError:
                if not off:
                    return True  # no status says otherwise
        return False

    def _call(self, operation: str, trail: TrailArn) -> Any:  # noqa: ANN401 (boto3 has no types for CloudTrail here)
        """Call CloudTrail in the trail's region; raise TrailError if it rejects the call or does not respond."""
        name = trail.name if trail.account == self._settings.account else str(trail)
        try:
            with self._clock.call(_MOST_CALL_SECONDS):
                return getattr(self._clients.cloudtrail(trail.region), operation)(Name=name)
        except ClientError as error:
            code = error_code(error)
            raise TrailError(code, is_transient=code == _NOT_READY or is_transient(error.response)) from None
        except (BotoCoreError, TransientError) as error:
            raise TrailError(error_code(error), is_transient=True) from None

    def _wait(self, seconds: float) -> bool:
        return self._clock.has_time_for(seconds + _NOTIFYING_SECONDS) and self._clock.wait(seconds)


def _rejected(error: TrailError, number: int) -> Outcome:
    return Outcome(RestartAction.UNFINISHED if error.is_transient else RestartAction.FAILED, number, code=error.code)


def _read_maintenance(clients: "AwsClients", parameter: str | None, clock: Clock) -> tuple[datetime | None, str | None]:
    """Return the end of maintenance (None: there is none), and what is wrong with the parameter.

    It is read each time. An invalid one must not disable restarts: it means no maintenance, and is reported.
    """
    if parameter is None:
        return None, None
    until, problem = None, "does not hold a time such as 2026-03-14T18:00:00Z"
    try:
        with clock.call(_MOST_CALL_SECONDS):
            answer = clients.parameters.client.get_parameter(Name=parameter)
        until = parse_time(answer.get("Parameter", {}).get("Value"))
    except (ClientError, BotoCoreError, TransientError) as error:
        problem = f"cannot be read ({error_code(error)})"
    today = datetime.fromtimestamp(clock.now(), UTC)
    if until and until <= today + _LONGEST_MAINTENANCE:
        return (until if until > today else None), None
    if until:
        problem = f"names a time more than {_LONGEST_MAINTENANCE.days} days ahead"
    logger.error("the maintenance parameter cannot be used and is ignored", extra={"problem": problem})
    return None, problem
