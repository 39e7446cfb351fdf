"""The Slack bot: it posts to channels and threads, and updates its messages."""

from collections.abc import Mapping
from functools import partial
from http import HTTPStatus
from typing import Any

from cloudtrail_to_slack.clock import Clock
from cloudtrail_to_slack.config.environment import read_slack_api_url
from cloudtrail_to_slack.config.routes import Routes
from cloudtrail_to_slack.config.secrets import SecretSource
from cloudtrail_to_slack.destinations.base import Services
from cloudtrail_to_slack.destinations.http import HttpClient
from cloudtrail_to_slack.destinations.slack.destination import SlackDestination, message_body
from cloudtrail_to_slack.destinations.slack.errors import TOKEN_CODES, slack_error
from cloudtrail_to_slack.destinations.slack.render.message import SlackMessage
from cloudtrail_to_slack.destinations.slack.threads import SlackThreads, ThreadStore
from cloudtrail_to_slack.errors import DestinationMisconfiguredError, TransientError
from cloudtrail_to_slack.json_fields import mapping
from cloudtrail_to_slack.observability.logging import logger


class SlackBot(SlackDestination):
    """A bot with the scope `chat:write`. If Slack rejects the token, its secret is read again: it may be rotated."""

    name = "slack_app"

    def __init__(self, token: SecretSource, api_url: str, services: Services) -> None:
        self._token = token
        self._api_url = api_url
        self._services = services
        self._http = HttpClient()
        super().__init__(services.message_limit)

    def routes(self) -> Routes:
        """See `Destination`."""
        return self._services.routes.get(self.name, Routes())

    def describe(self, address: str) -> str:
        """See `Destination`."""
        return f"Slack channel {address}"

    def threads(self, clock: Clock) -> SlackThreads:
        """See `Destination`."""
        services, table = self._services, self._services.thread_table
        store = ThreadStore(services.clients.dynamodb, table, services.thread_seconds, clock) if table else None
        return SlackThreads(self, store, clock)

    def send(self, address: str, payload: SlackMessage, *, parent: str | None, timeout: float) -> str:
        """Post a message to a channel, in the thread under `parent` if given; return its `ts`. See `Destination`."""
        answer = self._call(
            "chat.postMessage",
            timeout,
            channel=address,
            **message_body(payload),
            **({"thread_ts": parent} if parent else {}),
            link_names=False,
        )
        if not answer.get("ts"):
            raise TransientError("unexpected_answer")
        return str(answer["ts"])

    def update(self, channel: str, ts: str, message: SlackMessage, timeout: float) -> None:
        """Replace the message `ts` that the bot posted to `channel`. Raises as `send`."""
        self._call(
            "chat.update", timeout, channel=channel, ts=ts, text=message.text, blocks=message.blocks, parse="none"
        )

    def _call(self, method: str, timeout: float, **arguments: Any) -> Mapping[str, Any]:  # noqa: ANN401 (JSON)
        token = self._services.secrets.read_to_send(self._token, "token")
        call = partial(self._call_once, method, arguments, timeout)
        try:
            return call(token)
        except DestinationMisconfiguredError as error:
            if error.code not in TOKEN_CODES or not self._services.secrets.renew(self._token, token):
                raise
        logger.warning("Slack rejected the bot token; using the new one from its secret")
        return call(self._services.secrets.read_to_send(self._token, "token"))

    def _call_once(self, method: str, arguments: Mapping[str, Any], timeout: float, token: str) -> Mapping[str, Any]:
        answer = self._http.post(f"{self._api_url}{method}", arguments, timeout, token=token)
        try:
            data = mapping(answer.json())
        except (ValueError, RecursionError):
            data = {}
        if answer.status_code != HTTPStatus.OK or data.get("ok") is not True:
            raise slack_error(str(data.get("error", "")), answer.status_code, answer.headers.get("Retry-After"))
        return data


def load(services: Services) -> SlackBot | None:
    """Return the bot, if there is a token."""
    token = services.secret("SLACK_BOT_TOKEN")
    return SlackBot(token, read_slack_api_url(services.environment, []), services) if token else None
