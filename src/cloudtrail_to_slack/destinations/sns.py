"""SNS topics."""

import hashlib
import json
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from cloudtrail_to_slack.errors import BrokenDestinationError, DeliveryError, PassingError
from cloudtrail_to_slack.messages.sns_body import SnsMessage

if TYPE_CHECKING:
    from cloudtrail_to_slack.aws_clients import AwsClients

# What the set-up is to blame for, and no repetition mends. Source: Amazon SNS API Reference, Publish, "Errors".
_BROKEN = frozenset(
    {"AuthorizationError", "AuthorizationErrorException", "NotFound", "NotFoundException", "InvalidParameter",
     "InvalidParameterException", "InvalidSecurity", "EndpointDisabled", "KMSAccessDenied", "KMSDisabled",
     "KMSNotFound", "KMSInvalidState", "KMSOptInRequired", "AccessDenied", "InvalidClientTokenId"}
)  # fmt: skip


class Sns:
    """Publishes to topics, each in its own region."""

    def __init__(self, clients: "AwsClients") -> None:
        self._clients = clients

    def send(self, topic_arn: str, message: SnsMessage) -> None:
        """Publish a message to the topic.

        Raises:
            DeliveryError: of the kind that says what may help.
        """
        try:
            self._clients.sns(topic_arn).publish(**_request(topic_arn, message))
        except ClientError as error:
            raise _delivery_error(error.response.get("Error", {}).get("Code", "unknown")) from None
        except BotoCoreError as error:
            raise PassingError(f"connection_failed_{type(error).__name__}") from None


def _request(topic_arn: str, message: SnsMessage) -> Any:  # noqa: ANN401 (the stubs' type of all arguments)
    request: dict[str, Any] = {"TopicArn": topic_arn, "Subject": message.subject, "Message": message.body}
    if message.attributes:
        request["MessageAttributes"] = {
            name: {"DataType": "String.Array", "StringValue": json.dumps(value, ensure_ascii=False)}
            if isinstance(value, list)
            else {"DataType": "String", "StringValue": value}
            for name, value in message.attributes.items()
        }
    if topic_arn.endswith(".fifo"):
        # What SNS takes for the same message within five minutes; at most 128 letters, digits and punctuation.
        request["MessageGroupId"] = message.group
        request["MessageDeduplicationId"] = message.identity or hashlib.sha256(message.body.encode()).hexdigest()
    return request


def _delivery_error(code: str) -> DeliveryError:
    return BrokenDestinationError(code) if code in _BROKEN else PassingError(code)
