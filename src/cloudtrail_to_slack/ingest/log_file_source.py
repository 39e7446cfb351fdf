"""Getting log files from S3 without waiting longer than there is time.

A request is made once, with a client that gives up in time: what S3 does not answer now is asked for again when the
other log files of the invocation had their turn.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError
from urllib3.exceptions import HTTPError

from cloudtrail_to_slack.errors import S3UnavailableError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# Source: Amazon S3 API Reference, "Error responses".
_TRANSIENT = frozenset({"SlowDown", "RequestTimeout", "InternalError", "ServiceUnavailable", "ThrottlingException"})
_SERVER_ERRORS = 500

# Returns a client whose request is answered or given up after at most that many seconds.
ClientWithin = Callable[[float], "S3Client"]


class LogFileSource:
    """Does what an S3 client does for reading one log file. `seconds` is how long S3 may take to begin its answer."""

    def __init__(self, client_within: ClientWithin, seconds: float) -> None:
        self._client_within = client_within
        self._seconds = seconds

    def get_object(self, **arguments: Any) -> Any:  # noqa: ANN401 (the client's own)
        """Return what the client's `get_object` returns.

        Raises:
            S3UnavailableError: S3 may answer another time.
            ClientError: it answers with an error that stays.
        """
        try:
            return self._client_within(self._seconds).get_object(**arguments)
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "an error")
            status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
            if code in _TRANSIENT or status >= _SERVER_ERRORS:
                raise S3UnavailableError(f"S3 answers {code}") from None
            raise
        except (BotoCoreError, HTTPError, TimeoutError) as error:  # HTTPError: S3 stops amid an answer that refuses
            raise S3UnavailableError(f"S3 cannot be read ({type(error).__name__})") from None
