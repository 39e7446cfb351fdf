"""SNS topics."""

from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from cloudtrail_to_slack.errors import BrokenDestinationError, DeliveryError, PassingError

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

    def send(self, topic_arn: str, subject: str, body: str) -> None:
        """Publish `body` to the topic.

        Raises:
            DeliveryError: of the kind that says what may help.
        """
        try:
            self._clients.sns(topic_arn).publish(TopicArn=topic_arn, Subject=subject, Message=body)
        except ClientError as error:
            raise _delivery_error(error.response.get("Error", {}).get("Code", "unknown")) from None
        except BotoCoreError as error:
            raise PassingError(f"connection_failed_{type(error).__name__}") from None


def _delivery_error(code: str) -> DeliveryError:
    return BrokenDestinationError(code) if code in _BROKEN else PassingError(code)
