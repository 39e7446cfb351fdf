"""CloudTrail, as far as the role may use it: whether a trail logs, and starting it, each in the trail's own region.

Source: AWS CloudTrail API Reference, StartLogging and GetTrailStatus, "Errors", and "Common Errors".
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from cloudtrail_to_slack.aws.arns import TrailArn
from cloudtrail_to_slack.errors import CloudTrailToSlackError

if TYPE_CHECKING:
    from cloudtrail_to_slack.aws.clients import AwsClients

T = TypeVar("T")

_PASSING = frozenset(
    {"ThrottlingException", "Throttling", "RequestLimitExceeded", "TooManyRequestsException", "ConflictException",
     "InternalFailure", "InternalServerException", "InternalError", "ServiceUnavailable", "ServiceUnavailableException",
     "RequestTimeout", "RequestTimeoutException", "ExpiredTokenException", "RequestExpired"}
)  # fmt: skip
_SERVER_ERRORS = 500


class TrailError(CloudTrailToSlackError):
    """CloudTrail did not do what it was asked; `code` is its word for why. `passing`: it may do it later."""

    def __init__(self, code: str, *, is_transient: bool) -> None:
        self.code = code
        self.is_transient = is_transient
        super().__init__(f"CloudTrail refused ({code})")


@dataclass(frozen=True, slots=True)
class Status:
    """Whether a trail logs, and when it was last started (seconds since 1970), if CloudTrail says."""

    logging: bool
    last_started: float | None = None


class Trails:
    """The calls. A trail of the function's own account is called by its name, another account's by its ARN."""

    def __init__(self, clients: "AwsClients", account: str) -> None:
        self._clients = clients
        self._account = account

    def status(self, trail: TrailArn) -> Status:
        """Return whether the trail logs; for some seconds after a change that may be what it was before.

        Raises:
            TrailError: CloudTrail does not say.
        """
        answer = _asked(lambda: self._clients.cloudtrail(trail.region).get_trail_status(Name=self._name(trail)))
        started = answer.get("StartLoggingTime")
        return Status(answer.get("IsLogging") is True, started.timestamp() if isinstance(started, datetime) else None)

    def start(self, trail: TrailArn) -> None:
        """Start logging; of a trail that logs, nothing changes.

        Raises:
            TrailError: it was not started, or that is not known.
        """
        _asked(lambda: self._clients.cloudtrail(trail.region).start_logging(Name=self._name(trail)))

    def _name(self, trail: TrailArn) -> str:
        return trail.name if trail.account == self._account else str(trail)


def _asked(call: Callable[[], Any]) -> Any:  # noqa: ANN401 (boto3 has no types for CloudTrail here)
    try:
        return call()
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", "unknown"))
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        raise TrailError(code, is_transient=code in _PASSING or status >= _SERVER_ERRORS) from None
    except BotoCoreError as error:
        raise TrailError(type(error).__name__, is_transient=True) from None
