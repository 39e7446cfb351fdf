"""What SNS' error codes mean for a message.

Sources: Amazon SNS API Reference, Publish, "Errors", and "Common Error Types"; the codes that botocore's model of SNS
names. SNS answers `InvalidParameter` both for a message it rejects ("Invalid parameter: Message too long") and for a
topic it does not have in that region ("Invalid parameter: TopicArn"): only the beginning of the message shows which.
"""

import re
from collections.abc import Mapping
from typing import Any

from cloudtrail_to_slack.errors import (
    DeliveryError,
    DestinationMisconfiguredError,
    PayloadRejectedError,
    TransientError,
    UnknownRejectionError,
)

CONTENT = frozenset(
    {"InvalidParameter", "InvalidParameterValue", "ParameterValueInvalid", "InvalidParameterCombination", "Validation",
     "ValidationError", "MissingParameter", "MalformedQueryString", "SerializationException", "RequestEntityTooLarge",
     "RequestTooLarge", "BatchRequestTooLong", "InvalidAttributeValue", "UserError", "InvalidInput"}
)  # fmt: skip
TOPIC = frozenset(
    {"AuthorizationError", "NotFound", "ResourceNotFound", "InvalidSecurity", "EndpointDisabled",
     "PlatformApplicationDisabled", "KMSAccessDenied", "KMSDisabled", "KMSNotFound", "KMSInvalidState",
     "KMSOptInRequired", "AccessDenied", "InvalidClientTokenId", "UnrecognizedClient", "OptInRequired",
     "MissingAuthenticationToken", "InvalidAction", "SubscriptionRequired"}
)  # fmt: skip
PASSING = frozenset(
    {"Throttled", "Throttling", "KMSThrottling", "RequestLimitExceeded", "TooManyRequests", "SlowDown", "InternalError",
     "InternalFailure", "InternalServerError", "InternalServer", "ServiceUnavailable", "RequestTimeout", "ExpiredToken",
     "RequestExpired", "RequestTimeTooSkewed", "SignatureDoesNotMatch", "IncompleteSignature"}
)  # fmt: skip
FIXES: Mapping[str, str] = {
    "NotFound": "the topic does not exist: check its ARN",
    "NotFoundException": "the topic does not exist: check its ARN",
    "AuthorizationError": "allow the function's role to publish to the topic",
    "AuthorizationErrorException": "allow the function's role to publish to the topic",
}
# At its beginning the message is SNS' own; further on it may quote what we sent, which an attacker may have written.
_ABOUT_THE_TOPIC = re.compile(r"Invalid parameter: (TopicArn|TargetArn)\b")
_TOO_LARGE = 413
_TOO_MANY_REQUESTS = 429
_BAD_REQUEST = 400
_SERVER_ERRORS = 500
_SUFFIX = "Exception"


def sns_error(answer: Mapping[str, Any]) -> DeliveryError:
    """Return the error for an answer with which SNS refuses to publish, as botocore parsed it."""
    error = answer.get("Error", {})
    code, status = str(error.get("Code", "unknown")), answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    kind = code.removesuffix(_SUFFIX)
    if kind in CONTENT or status == _TOO_LARGE:
        about_the_topic = _ABOUT_THE_TOPIC.match(str(error.get("Message", "")))
        return DestinationMisconfiguredError(code) if about_the_topic else PayloadRejectedError(code)
    if kind in TOPIC:
        return DestinationMisconfiguredError(code)
    if kind in PASSING or status >= _SERVER_ERRORS or status == _TOO_MANY_REQUESTS:
        return TransientError(code)
    # It is not known: a smaller message may pass, and after it the topic is doubted for this message alone.
    return UnknownRejectionError(code) if status == _BAD_REQUEST else TransientError(code)
