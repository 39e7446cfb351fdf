"""The Slack bot: it posts to channels and threads, and updates its messages."""

import math
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from cloudtrail_to_slack.clock import Clock
from cloudtrail_to_slack.config.environment import read_slack_api_url
from cloudtrail_to_slack.config.routes import Routes
from cloudtrail_to_slack.config.secrets import SecretSource
from cloudtrail_to_slack.destinations.base import Services
from cloudtrail_to_slack.destinations.slack.destination import SlackDestination, message_body
from cloudtrail_to_slack.destinations.slack.errors import TOKEN_CODES, slack_error
from cloudtrail_to_slack.destinations.slack.render.message import SlackMessage
from cloudtrail_to_slack.destinations.slack.threads import SlackThreads, ThreadStore
from cloudtrail_to_slack.errors import DestinationMisconfiguredError, TransientError
from cloudtrail_to_slack.observability.logging import logger

if TYPE_CHECKING:
    from cloudtrail_to_slack.destinations.slack.client import SlackClient


class SlackBot(SlackDestination):
    """A bot with the scope `chat:write`. If Slack rejects the token, its secret is read again: it may be rotated."""

    name = "slack_app"

    def __init__(self, token: SecretSource, api_url: str, services: Services) -> None:
        self._token = token
        self._api_url = api_url
        self._services = services
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
            "chat_postMessage",
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
            "chat_update", timeout, channel=channel, ts=ts, text=message.text, blocks=message.blocks, parse="none"
        )

    @cached_property
    def _client(self) -> "SlackClient":
        from cloudtrail_to_slack.destinations.slack.client import SlackClient  # noqa: PLC0415 (35 ms of a cold start)

        return SlackClient(self._api_url)

    def _call(self, method: str, timeout: float, **arguments: Any) -> Any:  # noqa: ANN401 (slack_sdk's own types)
        self._client.timeout = math.ceil(timeout)
        token = self._services.secrets.read_to_send(self._token, "token")
        call = partial(self._call_once, method, arguments)
        try:
            return call(token)
        except DestinationMisconfiguredError as error:
            if error.code not in TOKEN_CODES or not self._services.secrets.renew(self._token, token):
                raise
        logger.warning("Slack rejected the bot token; using the new one from its secret")
        return call(self._services.secrets.read_to_send(self._token, "token"))

    def _call_once(self, method: str, arguments: dict[str, Any], token: str) -> Any:  # noqa: ANN401 (slack_sdk's own types)
        from slack_sdk.errors import SlackApiError, SlackClientError  # noqa: PLC0415 (35 ms of a cold start)

        try:
            return getattr(self._client, method)(**arguments, token=token)
        except SlackApiError as error:
            answer = error.response
            data = answer.data if isinstance(answer.data, dict) else {}
            code, retry_after = str(data.get("error", "")), answer.headers.get("Retry-After")
            raise slack_error(code, answer.status_code, retry_after) from None
        except (SlackClientError, OSError, ValueError) as error:
            # The error's own text may quote the request, so it goes no further.
            raise TransientError(f"connection_failed_{type(error).__name__}") from None


def load(services: Services) -> SlackBot | None:
    """Return the bot, if there is a token."""
    token = services.secret("SLACK_BOT_TOKEN")
    return SlackBot(token, read_slack_api_url(services.environment, []), services) if token else None
