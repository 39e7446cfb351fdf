"""What the errors of AWS's services mean, whatever the service. Pure.

Sources: botocore/retries/standard.py, which retries the same ones; Amazon S3 API Reference, "Error responses"; AWS
CloudTrail API Reference and Amazon SNS API Reference, "Common Error Types" (expired credentials, which are renewed, and
clocks that differ); AWS KMS Developer Guide, "Throttling AWS KMS requests" (S3 and SNS pass its error on).
"""

import re
from collections.abc import Mapping
from typing import Any

from cloudtrail_to_slack.errors import DeliveryError
from cloudtrail_to_slack.json_fields import mapping

_SERVER_ERROR, _TOO_MANY = 500, 429  # HTTP statuses
_TRANSIENT_CODES = re.compile(
    r"Throttl|TooManyRequests|RequestLimitExceeded|RequestTimeout|RequestTimeTooSkewed|SlowDown|TransactionInProgress"
    r"|Internal(?:Error|Failure|Server|Service)|ServiceUnavailable|ExpiredToken|RequestExpired"
)


def error_code(error: BaseException) -> str:
    """Return AWS's error code; ours for a request that took too long; otherwise the error's type."""
    if isinstance(error, DeliveryError):
        return error.code
    code = mapping(mapping(getattr(error, "response", None)).get("Error")).get("Code")
    return str(code) if code else type(error).__name__


def is_transient(answer: Mapping[str, Any]) -> bool:
    """Return whether AWS may accept the same request later, judging by its error response.

    `answer` is `ClientError.response`.
    """
    status = mapping(answer.get("ResponseMetadata")).get("HTTPStatusCode", 0)
    code = str(mapping(answer.get("Error")).get("Code"))
    return status >= _SERVER_ERROR or status == _TOO_MANY or bool(_TRANSIENT_CODES.search(code))
