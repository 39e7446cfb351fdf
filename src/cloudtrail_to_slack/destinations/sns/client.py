"""Publish to SNS topics, and interpret SNS's error codes.

Sources: Amazon SNS API Reference, Publish, "Errors", and "Common Error Types"; the codes that botocore's model of SNS
names. SNS answers `InvalidParameter` both for a message it rejects ("Invalid parameter: Message too long") and for a
topic it does not have in that region ("Invalid parameter: TopicArn"): only the beginning of the message shows which.
"""

import hashlib
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from cloudtrail_to_slack.alerts.alert import Alert
from cloudtrail_to_slack.alerts.notice import Notice
from cloudtrail_to_slack.alerts.text import Line
from cloudtrail_to_slack.aws.errors import is_transient
from cloudtrail_to_slack.config.routes import Routes
from cloudtrail_to_slack.destinations.base import Destination, Services, Sizes
from cloudtrail_to_slack.destinations.sns.render import SnsMessage, alert_sizes, attribute, notice_sizes
from cloudtrail_to_slack.errors import (
    DeliveryError,
    DestinationMisconfiguredError,
    PayloadRejectedError,
    TransientError,
    UnknownRejectionError,
)

if TYPE_CHECKING:
    from cloudtrail_to_slack.aws.clients import AwsClients

_CONTENT_CODES = frozenset(
    {"InvalidParameter", "InvalidParameterValue", "ParameterValueInvalid", "InvalidParameterCombination", "Validation",
     "ValidationError", "MissingParameter", "MalformedQueryString", "SerializationException", "RequestEntityTooLarge",
     "RequestTooLarge", "BatchRequestTooLong", "InvalidAttributeValue", "UserError", "InvalidInput"}
)  # fmt: skip
_TOPIC_CODES = frozenset(
    {"AuthorizationError", "NotFound", "ResourceNotFound", "InvalidSecurity", "EndpointDisabled",
     "PlatformApplicationDisabled", "KMSAccessDenied", "KMSDisabled", "KMSNotFound", "KMSInvalidState",
     "KMSOptInRequired", "AccessDenied", "InvalidClientTokenId", "UnrecognizedClient", "OptInRequired",
     "MissingAuthenticationToken", "InvalidAction", "SubscriptionRequired"}
)  # fmt: skip
# Only the beginning of the message is certain to be SNS's own: the rest may quote what an attacker wrote.
_ABOUT_THE_TOPIC = re.compile(r"Invalid parameter: (TopicArn|TargetArn)\b")
# What a FIFO topic accepts as group and as deduplication ID: up to 128 letters, digits and punctuation marks.
# Source: Amazon SNS API Reference, Publish, "MessageGroupId" and "MessageDeduplicationId".
_FIFO_ID = re.compile(r"[!-~]{1,128}")
_FIXES: Mapping[str, str] = {
    **dict.fromkeys(("NotFound", "NotFoundException"), "the topic does not exist: check its ARN"),
    **dict.fromkeys(
        ("AuthorizationError", "AuthorizationErrorException"), "allow the function's role to publish to the topic"
    ),
}


class SnsTopics(Destination[SnsMessage]):
    """Publishes to topics, each in its own region. Receives notices only if no other destination does."""

    name = "sns"
    receives_notices = False
    fixes = _FIXES

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
        return alert_sizes(alert, dedup_key, warning)

    def render_notice(self, notice: Notice, *, warning: Line | None) -> Sizes[SnsMessage]:
        """See `Destination`."""
        return notice_sizes(notice, warning)

    def send(self, address: str, payload: SnsMessage, *, parent: str | None, timeout: float) -> None:  # noqa: ARG002 (there are no replies)
        """Publish a message to a topic. See `Destination`."""
        try:
            self._clients.sns(address, timeout).publish(**_request(address, payload))
        except ClientError as error:
            failure = sns_error(error.response)
        except (ParamValidationError, UnicodeError) as error:
            # The SDK cannot build the request, so the content is the reason and not the topic.
            failure = PayloadRejectedError(type(error).__name__)
        except BotoCoreError as error:
            failure = TransientError(f"connection_failed_{type(error).__name__}")
        else:
            return
        if isinstance(failure, PayloadRejectedError) and not payload.subject:
            # Even the smallest message is rejected, so the reason must be the topic.
            raise DestinationMisconfiguredError(failure.code, certain=False)
        raise failure


def load(services: Services) -> SnsTopics | None:
    """Return the topics, where any are configured."""
    routes = services.routes.get(SnsTopics.name)
    return SnsTopics(services.clients, routes) if routes else None


def sns_error(answer: Mapping[str, Any]) -> DeliveryError:
    """Return the error for an error response of SNS, as botocore parsed it."""
    error = answer.get("Error", {})
    code, status = str(error.get("Code", "unknown")), answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    kind = code.removesuffix("Exception")
    if kind in _CONTENT_CODES or status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        about_the_topic = _ABOUT_THE_TOPIC.match(str(error.get("Message", "")))
        return DestinationMisconfiguredError(code) if about_the_topic else PayloadRejectedError(code)
    if kind in _TOPIC_CODES:
        return DestinationMisconfiguredError(code)
    # The content may be the reason: a smaller message may be accepted, and if none is, only this message falls back.
    unknown = status == HTTPStatus.BAD_REQUEST and not is_transient(answer)
    return UnknownRejectionError(code) if unknown else TransientError(code)


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
        # SNS drops a message with the same ID within five minutes.
        request["MessageGroupId"] = _fifo_id(message.group)
        request["MessageDeduplicationId"] = _fifo_id(message.identity or message.body)
    return request


def _fifo_id(text: str) -> str:
    """Return `text` if FIFO topics accept it as an ID, otherwise its digest."""
    if _FIFO_ID.fullmatch(text):
        return text
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()
