"""SNS topics."""

import hashlib
import re
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from cloudtrail_to_slack.destinations.registry import TIMEOUT_SECONDS
from cloudtrail_to_slack.destinations.sns.errors import sns_error
from cloudtrail_to_slack.destinations.sns.render import SnsMessage, attribute_type, attribute_value
from cloudtrail_to_slack.errors import PayloadRejectedError, TransientError

if TYPE_CHECKING:
    from cloudtrail_to_slack.aws.clients import AwsClients

# What a FIFO topic takes as group and as deduplication id: up to 128 letters, digits and punctuation marks.
# Source: Amazon SNS API Reference, Publish, "MessageGroupId" and "MessageDeduplicationId".
_FIFO_ID = re.compile(r"[!-~]{1,128}")


class Sns:
    """Publishes to topics, each in its own region."""

    def __init__(self, clients: "AwsClients") -> None:
        self._clients = clients

    def send(self, topic_arn: str, message: SnsMessage, *, timeout: float = TIMEOUT_SECONDS) -> None:
        """Publish a message to the topic; `timeout` is how many seconds SNS may take.

        Raises:
            DeliveryError: of the kind that says what may help.
        """
        try:
            self._clients.sns(topic_arn, timeout).publish(**_request(topic_arn, message))
        except ClientError as error:
            raise sns_error(error.response) from None
        except (ParamValidationError, UnicodeError) as error:
            # The SDK cannot write the request: what is in it is the reason, so the topic is not.
            raise PayloadRejectedError(type(error).__name__) from None
        except BotoCoreError as error:
            raise TransientError(f"connection_failed_{type(error).__name__}") from None


def _request(topic_arn: str, message: SnsMessage) -> Any:  # noqa: ANN401 (the stubs' type of all arguments)
    request: dict[str, Any] = {"TopicArn": topic_arn, "Message": message.body}
    if message.subject:
        request["Subject"] = message.subject
    if message.attributes:
        request["MessageAttributes"] = {
            name: {"DataType": attribute_type(value), "StringValue": attribute_value(value)}
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
