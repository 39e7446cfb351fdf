"""The handler of the function that starts logging again: one StopLogging event from EventBridge at a time."""

import os
from functools import lru_cache
from typing import Any

from cloudtrail_to_slack.auto_restart.maintenance import read_maintenance
from cloudtrail_to_slack.auto_restart.notices import restart_notice
from cloudtrail_to_slack.auto_restart.notifier import SlackNotifier
from cloudtrail_to_slack.auto_restart.outcomes import RAISES_ALARM, RATE_LIMITED, Outcome, RestartAction
from cloudtrail_to_slack.auto_restart.restarter import Restarter
from cloudtrail_to_slack.auto_restart.settings import VARIABLES, Settings, read_settings
from cloudtrail_to_slack.auto_restart.stop_events import Refused, StopEvent, read_stop_event
from cloudtrail_to_slack.auto_restart.store import Claimed, RestartStore
from cloudtrail_to_slack.auto_restart.trails import Trails
from cloudtrail_to_slack.aws.clients import AwsClients
from cloudtrail_to_slack.clock import Clock, invocation_clock
from cloudtrail_to_slack.config.routes import Routes
from cloudtrail_to_slack.config.secrets import SecretReader
from cloudtrail_to_slack.destinations.base import Services
from cloudtrail_to_slack.destinations.registry import Destinations
from cloudtrail_to_slack.errors import DeliveryError, InvocationFailedError
from cloudtrail_to_slack.observability.logging import begin_invocation, id_to_log, logger, set_log_level
from cloudtrail_to_slack.observability.metrics import emit_counts
from cloudtrail_to_slack.state.leases import Claim

_BUSY_SECONDS = 1.0  # between looks at an event that another invocation is at
_NOTIFYING_SECONDS = 12.0  # kept for Slack while CloudTrail is waited for


def lambda_handler(event: Any, context: Any) -> dict[str, str]:  # noqa: ANN401 (whatever invoked us)
    """Handle one invocation; return what was done.

    Raises:
        ConfigurationError: the settings have issues; all of them are named.
        InvocationFailedError: Slack has no notice, or CloudTrail is to be asked again: Lambda must retry.
    """
    begin_invocation(getattr(context, "aws_request_id", None))
    return _application(tuple(os.environ.get(name) for name in VARIABLES)).handle(event, invocation_clock(context))


class Application:
    """Everything that lives as long as the process."""

    def __init__(self, settings: Settings) -> None:
        set_log_level(settings.log_level)
        self._settings = settings
        self._clients = AwsClients()
        self._secrets = SecretReader(self._clients)
        routes = {"slack_app": Routes(settings.slack_channel)}
        services = Services(dict(os.environ), self._secrets, self._clients, routes)
        self._notifier = SlackNotifier(Destinations(services))
        self._trails = Trails(self._clients, settings.account)

    def handle(self, payload: object, clock: Clock) -> dict[str, str]:
        """Handle one invocation; see `lambda_handler`."""
        self._secrets.begin_invocation()
        stop = read_stop_event(payload)
        if isinstance(stop, Refused):
            logger.error("refused: no trail was stopped", extra={"reason": stop.reason})
            emit_counts({"EventsRefused": 1}, self._settings.function_name)
            return {"did": "refused"}
        memory = RestartStore(self._clients.dynamodb, self._settings.table_name, clock)
        claimed = self._claim(memory, stop, clock)
        if claimed.claim is Claim.COMPLETED:
            return self._close(stop, "already_handled")
        before = claimed.done
        outcome = (
            before if before and before.did is not RestartAction.UNFINISHED else self._act(stop, before, memory, clock)
        )
        self._notify(stop, outcome, before, memory, clock)
        return self._close(stop, outcome.did.value)

    def _claim(self, memory: RestartStore, stop: StopEvent, clock: Clock) -> Claimed:
        """Claim the event, waiting while another invocation is at it.

        Raises:
            InvocationFailedError: it still is when the time is over.
        """
        while (claimed := memory.claim(stop.key)).claim is Claim.IN_PROGRESS:
            if not clock.wait(_BUSY_SECONDS):
                raise InvocationFailedError([f"event {id_to_log(stop.event.event_id)} is being worked on elsewhere"])
        return claimed

    def _act(self, stop: StopEvent, before: Outcome | None, memory: RestartStore, clock: Clock) -> Outcome:
        parameter = self._settings.maintenance_parameter
        restarter = Restarter(
            self._trails,
            self._settings.permitted,
            self._settings.restarts_per_hour,
            lambda: read_maintenance(self._clients, parameter, clock.now()),
            memory,
            lambda seconds: clock.has(seconds + _NOTIFYING_SECONDS) and clock.wait(seconds),
        )
        outcome = restarter.act(stop, before)
        if outcome.did is not RestartAction.UNFINISHED:
            memory.note(stop.key, outcome)  # saved before the notice is sent, so that it is done once
        # Counted before that, too: the alarm must not wait for Slack.
        counts = {
            "LoggingRestarted": outcome.did is RestartAction.RESTARTED,
            "LoggingLeftStopped": outcome.did in RAISES_ALARM,
        }
        emit_counts({name: int(value) for name, value in counts.items()}, self._settings.function_name)
        return outcome

    def _notify(
        self, stop: StopEvent, outcome: Outcome, before: Outcome | None, memory: RestartStore, clock: Clock
    ) -> None:
        """Notify Slack, each thing once, and settle the event.

        Raises:
            InvocationFailedError: Slack has no notice, or the event is not settled yet.
        """
        unfinished = outcome.did is RestartAction.UNFINISHED
        problems = []
        if not _is_known_already(stop, outcome, before, memory):
            message = restart_notice(
                stop,
                outcome,
                most=self._settings.restarts_per_hour,
                account=self._settings.account,
                table_problem=memory.problem,
            )
            try:
                self._notifier.notify(message, clock)
            except DeliveryError as error:
                problems.append(f"the notice did not reach Slack ({error.code})")
        if unfinished:
            if not problems:
                memory.note(stop.key, outcome)
            problems.append(f"logging was not started ({outcome.code})")
        if problems:
            memory.release(stop.key)
            raise InvocationFailedError([f"event {id_to_log(stop.event.event_id)}: {each}" for each in problems])
        memory.complete(stop.key)

    def _close(self, stop: StopEvent, did: str) -> dict[str, str]:
        logger.info("invocation finished", extra={"did": did, "event_id": id_to_log(stop.event.event_id)})
        return {"did": did}


def _is_known_already(stop: StopEvent, outcome: Outcome, before: Outcome | None, memory: RestartStore) -> bool:
    """Whether Slack knows: that it is tried again, or, since not long ago, that this is how the trail fares."""
    if outcome.did is RestartAction.UNFINISHED:
        return before is not None and before.code is not None
    if outcome.did in RATE_LIMITED and stop.trail:
        return not memory.should_notify(stop.trail, outcome, stop.key)
    return False


@lru_cache(maxsize=1)
def _application(_key: tuple[str | None, ...]) -> Application:
    return Application(read_settings(os.environ))
