"""SNS topics."""

import hashlib
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from cloudtrail_to_slack.alerts.alert import Alert
from cloudtrail_to_slack.alerts.notice import Notice
from cloudtrail_to_slack.alerts.text import Line, plain_line
from cloudtrail_to_slack.clock import Clock
from cloudtrail_to_slack.config.routes import Routes
from cloudtrail_to_slack.destinations.base import TIMEOUT_SECONDS, Services, Sizes
from cloudtrail_to_slack.destinations.sns.errors import FIXES, sns_error
from cloudtrail_to_slack.destinations.sns.render import SnsMessage, alert_sizes, attribute, notice_sizes
from cloudtrail_to_slack.errors import (
    DeliveryError,
    DestinationMisconfiguredError,
    PayloadRejectedError,
    TransientError,
)

if TYPE_CHECKING:
    from cloudtrail_to_slack.aws.clients import AwsClients

# What a FIFO topic takes as group and as deduplication id: up to 128 letters, digits and punctuation marks.
# Source: Amazon SNS API Reference, Publish, "MessageGroupId" and "MessageDeduplicationId".
_FIFO_ID = re.compile(r"[!-~]{1,128}")


class SnsTopics:
    """Publishes to topics, each in its own region. It receives notices only where no other destination does."""

    name = "sns"
    receives_notices = False
    limit = None
    fixes: Mapping[str, str] = FIXES

    def __init__(self, clients: "AwsClients", routes: Routes) -> None:
        self._clients = clients
        self._routes = routes

    def routes(self) -> Routes:
        """See `Destination`."""
        return self._routes

    def describe(self, address: str) -> str:
        """See `Destination`."""
        return f"SNS topic {address}"

    def render_alert(self, alert: Alert, *, dedup_key: str, warning: Line | None) -> Sizes[SnsMessage]:
        """See `Destination`."""
        return alert_sizes(alert, dedup_key, plain_line(warning) if warning else None)

    def render_notice(self, notice: Notice, *, warning: Line | None) -> Sizes[SnsMessage]:
        """See `Destination`."""
        return notice_sizes(notice, plain_line(warning) if warning else None)

    def threads(self, _clock: Clock, /) -> None:
        """See `Destination`: SNS has no threads."""

    def send(
        self,
        address: str,
        payload: SnsMessage,
        *,
        parent: str | None = None,  # noqa: ARG002 (there are no replies)
        timeout: float = TIMEOUT_SECONDS,
    ) -> None:
        """Publish a message to a topic. See `Destination`."""
        try:
            self._clients.sns(address, timeout).publish(**_request(address, payload))
        except ClientError as error:
            raise _judged(sns_error(error.response), payload) from None
        except (ParamValidationError, UnicodeError) as error:
            # The SDK cannot write the request: what is in it is the reason, so the topic is not.
            raise _judged(PayloadRejectedError(type(error).__name__), payload) from None
        except BotoCoreError as error:
            raise TransientError(f"connection_failed_{type(error).__name__}") from None


def load(services: Services) -> SnsTopics | None:
    """Return the topics, where any are configured."""
    routes = services.routes.get(SnsTopics.name)
    return SnsTopics(services.clients, routes) if routes else None


def _judged(error: DeliveryError, message: SnsMessage) -> DeliveryError:
    """Return the error; where even the smallest message is rejected, something else about the topic is wrong for it."""
    if isinstance(error, PayloadRejectedError) and not message.subject:
        return DestinationMisconfiguredError(error.code, certain=False)
    return error


def _request(topic_arn: str, message: SnsMessage) -> Any:  # noqa: ANN401 (the stubs' type of all arguments)
    request: dict[str, Any] = {"TopicArn": topic_arn, "Message": message.body}
    if message.subject:
        request["Subject"] = message.subject
    if message.attributes:
        request["MessageAttributes"] = {
            name: dict(zip(("DataType", "StringValue"), attribute(value), strict=True))
            for name, value in message.attributes.items()
        }
    if topic_arn.endswith(".fifo"):
        # What SNS takes for the same message within five minutes.
        request["MessageGroupId"] = _fifo_id(message.group)
        request["MessageDeduplicationId"] = _fifo_id(message.identity or message.body)
    return request


def _fifo_id(text: str) -> str:
    """Return `text` where FIFO topics take it as an id, else its digest."""
    if _FIFO_ID.fullmatch(text):
        return text
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()
