"""The handler of the restart function: one StopLogging event from EventBridge at a time."""

import os
from functools import lru_cache
from typing import Any

from cloudtrail_to_slack.alerts.notice import Notice
from cloudtrail_to_slack.auto_restart.notices import restart_notice
from cloudtrail_to_slack.auto_restart.outcomes import RAISES_ALARM, RATE_LIMITED, Outcome, RestartAction
from cloudtrail_to_slack.auto_restart.restarter import Restarter
from cloudtrail_to_slack.auto_restart.settings import VARIABLES, Settings, read_settings
from cloudtrail_to_slack.auto_restart.stop_events import Refused, StopEvent, read_stop_event
from cloudtrail_to_slack.auto_restart.store import RestartStore
from cloudtrail_to_slack.aws.clients import AwsClients
from cloudtrail_to_slack.clock import Clock, invocation_clock
from cloudtrail_to_slack.config.routes import Routes
from cloudtrail_to_slack.config.secrets import SecretReader
from cloudtrail_to_slack.delivery.results import Results
from cloudtrail_to_slack.delivery.routing import Router
from cloudtrail_to_slack.delivery.sending import Sender
from cloudtrail_to_slack.destinations.base import Services
from cloudtrail_to_slack.destinations.registry import Destinations
from cloudtrail_to_slack.errors import DeliveryError, DestinationMisconfiguredError, InvocationFailedError
from cloudtrail_to_slack.observability.logging import begin_invocation, id_to_log, logger, set_log_level
from cloudtrail_to_slack.observability.metrics import emit_counts
from cloudtrail_to_slack.retry import run_to_completion
from cloudtrail_to_slack.state.leases import Claim

_POLL_SECONDS = 1.0  # between checks of an event that another invocation handles


def lambda_handler(event: Any, context: Any) -> dict[str, str]:  # noqa: ANN401 (whatever invoked us)
    """Handle one invocation; return what was done.

    Raises:
        ConfigurationError: the settings have issues; all of them are named.
        InvocationFailedError: the notice did not reach Slack, or the trail is not restarted yet: Lambda must retry.
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
        self._destinations = Destinations(Services(dict(os.environ), self._secrets, self._clients, routes))

    def handle(self, payload: object, clock: Clock) -> dict[str, str]:
        """Handle one invocation; see `lambda_handler`."""
        self._secrets.begin_invocation()
        stop = read_stop_event(payload)
        if isinstance(stop, Refused):
            logger.error("refused: not a successful StopLogging", extra={"reason": stop.reason})
            emit_counts({"EventsRefused": 1}, self._settings.function_name)
            return {"action": "refused"}
        store = RestartStore(self._clients.dynamodb, self._settings.table_name, clock)
        event_id = id_to_log(stop.event.event_id)
        claim, before = store.claim(stop.key)
        while claim is Claim.IN_PROGRESS:
            if not clock.wait(_POLL_SECONDS):
                raise InvocationFailedError([f"event {event_id} is being handled by another invocation"])
            claim, before = store.claim(stop.key)
        action = "already_handled"
        if claim is Claim.ACQUIRED:
            outcome = before
            if outcome is None or outcome.action is RestartAction.UNFINISHED:
                outcome = self._act(stop, before, store, clock)
            self._settle(stop, outcome, before, store, clock)
            action = outcome.action.value
        logger.info("invocation finished", extra={"action": action, "event_id": event_id})
        return {"action": action}

    def _act(self, stop: StopEvent, before: Outcome | None, store: RestartStore, clock: Clock) -> Outcome:
        outcome = Restarter(self._clients, self._settings, store, clock).act(stop, before)
        if outcome.action is not RestartAction.UNFINISHED:
            store.note(stop.key, outcome)  # saved before the notice is sent, so that it is done once
        # Counted before that, too: the alarm must not wait for Slack.
        restarted, left_stopped = outcome.action is RestartAction.RESTARTED, outcome.action in RAISES_ALARM
        counts = {"LoggingRestarted": int(restarted), "LoggingLeftStopped": int(left_stopped)}
        emit_counts(counts, self._settings.function_name)
        return outcome

    def _settle(
        self, stop: StopEvent, outcome: Outcome, before: Outcome | None, store: RestartStore, clock: Clock
    ) -> None:
        """Notify Slack, once per outcome, and settle the event; raise InvocationFailedError if a retry must do so."""
        problems, is_unfinished = [], outcome.action is RestartAction.UNFINISHED
        is_reported = False
        if is_unfinished:
            is_reported = before is not None and before.code is not None  # by the attempt before
        elif outcome.action in RATE_LIMITED and stop.trail:
            is_reported = not store.should_notify(stop.trail, outcome, stop.key)
        if not is_reported:
            notice = restart_notice(
                stop,
                outcome,
                most=self._settings.restarts_per_hour,
                account=self._settings.account,
                table_problem=store.problem,
            )
            try:
                self._notify(notice, clock)
            except DeliveryError as error:
                problems.append(f"the notice did not reach Slack ({error.code})")
        if is_unfinished:
            if not problems:
                store.note(stop.key, outcome)
            problems.append(f"logging was not started ({outcome.code})")
        if problems:
            store.release(stop.key)
            raise InvocationFailedError([f"event {id_to_log(stop.event.event_id)}: {each}" for each in problems])
        store.complete(stop.key)

    def _notify(self, notice: Notice, clock: Clock) -> None:
        """Send the notice with the bot or to the webhook; raise DeliveryError if that fails."""
        sender = Sender(clock, Results())
        for target in Router(self._destinations).notice_targets(None):
            if target.error:
                raise DestinationMisconfiguredError(target.error)
            destination = self._destinations[target.destination]
            sizes = destination.render_notice(notice, warning=None)
            run_to_completion(clock, sender.send(destination, target.address, lambda: None, sizes))


@lru_cache(maxsize=1)
def _application(_key: tuple[str | None, ...]) -> Application:
    return Application(read_settings(os.environ))
