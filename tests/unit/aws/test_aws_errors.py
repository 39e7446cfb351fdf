"""Errors of AWS's services: which may pass by themselves, whichever service answers."""

import pytest
from botocore.exceptions import ReadTimeoutError

from cloudtrail_to_slack.aws.errors import error_code, is_transient
from cloudtrail_to_slack.errors import TransientError


@pytest.mark.parametrize(
    ("code", "status", "passes"),
    [
        ("Throttling", 400, True),
        ("ThrottlingException", 400, True),
        ("KMS.ThrottlingException", 400, True),
        ("TooManyRequestsException", 400, True),
        ("RequestLimitExceeded", 400, True),
        ("SlowDown", 503, True),
        ("RequestTimeout", 400, True),
        ("RequestTimeTooSkewed", 403, True),
        ("ExpiredToken", 400, True),
        ("ExpiredTokenException", 400, True),
        ("InternalServiceErrorException", 400, True),
        ("Unheard", 500, True),
        ("Unheard", 429, True),
        ("AccessDenied", 403, False),
        ("NoSuchKey", 404, False),
        ("InvalidClientTokenId", 403, False),
        ("Unheard", 400, False),
    ],
)
def test_what_may_pass(code: str, status: int, passes: bool) -> None:  # noqa: FBT001 (a parameter)
    """Throttling, faults of the service's own and expired credentials pass; what the request or a policy says stays."""
    assert is_transient({"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}) is passes


def test_the_word_for_an_error() -> None:
    """An error is called what AWS or this package calls it, and else by its type; nothing else of it is passed on."""
    assert error_code(TransientError("timed_out")) == "timed_out"
    assert error_code(ReadTimeoutError(endpoint_url="https://secret.example")) == "ReadTimeoutError"
    assert not is_transient({})
