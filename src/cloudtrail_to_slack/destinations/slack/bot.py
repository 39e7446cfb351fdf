"""The Slack bot: posts to channels and threads, and updates what it posted."""

import math
from collections.abc import Callable
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

from cloudtrail_to_slack.config.secrets import Secret
from cloudtrail_to_slack.destinations.registry import TIMEOUT_SECONDS
from cloudtrail_to_slack.destinations.slack.errors import TOKEN_REFUSED, slack_error
from cloudtrail_to_slack.destinations.slack.render.message import SlackMessage
from cloudtrail_to_slack.errors import DestinationMisconfiguredError, SecretError, TransientError
from cloudtrail_to_slack.observability.logging import logger


class SlackApp:
    """A bot of the scope `chat:write`. `token` is read at every call, and anew when Slack refuses it: it is rotated."""

    def __init__(self, token: Secret | None, api_url: str) -> None:
        self._token = token
        # No retries of the SDK's own: they would not know how much time the invocation has left.
        self._client = WebClient(base_url=api_url, timeout=TIMEOUT_SECONDS, retry_handlers=[])

    def send(
        self,
        channel: str,
        message: SlackMessage,
        thread_ts: str | None = None,
        *,
        timeout: float = TIMEOUT_SECONDS,
    ) -> str:
        """Post `message` to `channel`, in the thread under `thread_ts` if given; return its `ts`.

        `timeout` is how many seconds Slack may take.

        Raises:
            DeliveryError: of the kind that says what may help.
        """
        self._client.timeout = math.ceil(timeout)
        payload: dict[str, Any] = {"thread_ts": thread_ts} if thread_ts else {}
        answer = self._call(
            self._client.chat_postMessage,
            channel=channel,
            text=message.text,
            **({"blocks": message.blocks} if message.blocks else {"mrkdwn": False}),
            parse="none",
            link_names=False,
            unfurl_links=False,
            unfurl_media=False,
            **payload,
        )
        if not answer.get("ts"):
            raise TransientError("unexpected_answer")
        return str(answer["ts"])

    def update(self, channel: str, ts: str, message: SlackMessage) -> None:
        """Replace the message `ts` that the bot posted to `channel`.

        Raises:
            DeliveryError: of the kind that says what may help.
        """
        self._call(
            self._client.chat_update, channel=channel, ts=ts, text=message.text, blocks=message.blocks, parse="none"
        )

    def _call(self, method: Callable[..., Any], **arguments: Any) -> Any:  # noqa: ANN401 (slack_sdk's own types)
        token = self._read_token()
        try:
            return _call_once(method, token, arguments)
        except DestinationMisconfiguredError as error:
            if error.code not in TOKEN_REFUSED or not self._token or not self._token.renew(token):
                raise
        logger.warning("Slack refused the bot token, and there is a new one")
        return _call_once(method, self._read_token(), arguments)

    def _read_token(self) -> str:
        try:
            return self._token.value() if self._token else ""
        except SecretError as error:
            if error.may_pass:  # no reason to believe that another channel could do without it
                logger.warning("the bot token cannot be read just now", extra={"error": str(error)})
                raise TransientError("token_unreadable") from None
            logger.error("the bot token cannot be read", extra={"error": str(error)})
            raise DestinationMisconfiguredError("token_unreadable") from None


def _call_once(method: Callable[..., Any], token: str, arguments: dict[str, Any]) -> Any:  # noqa: ANN401 (as above)
    try:
        return method(**arguments, token=token)
    except SlackApiError as error:
        answer = error.response
        data = answer.data if isinstance(answer.data, dict) else {}
        raise slack_error(str(data.get("error", "")), answer.status_code, answer.headers.get("Retry-After")) from None
    except (SlackClientError, OSError, ValueError) as error:
        # The error's own text may quote the request, so it goes no further.
        raise TransientError(f"connection_failed_{type(error).__name__}") from None
