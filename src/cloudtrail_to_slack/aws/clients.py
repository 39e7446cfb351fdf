"""AWS clients, each made when first needed and kept for the life of the process."""

import math
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config as ClientConfig

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.parameters import SecretsProvider, SSMProvider
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sns import SNSClient


def _config(connect: float, read: float, attempts: int = 1) -> ClientConfig:
    """Return timeouts in seconds, and how many attempts a call has."""
    return ClientConfig(
        connect_timeout=connect,
        read_timeout=read,
        retries={"mode": "standard", "total_max_attempts": attempts},
        user_agent_extra="cloudtrail-to-slack",
    )


# Short enough that a hung call does not use up an invocation of 30 seconds, the default timeout. Log files and messages
# get one attempt: evaluation and delivery retry, so that other files and destinations continue meanwhile.
_LONG, _LONG_SECONDS = _config(3, 10), 13.0  # the most for one attempt
_SHORT, SHORT_TIMEOUT_SECONDS = _config(1, 2), 3.0
_SNS, _SNS_SECONDS = _config(2, 5), 7.0
_STATE = _config(1, 5, attempts=3)
_SECRETS = _config(2, 3, attempts=2)
_CLOUDTRAIL = _config(3, 10, attempts=3)


class AwsClients:
    """The AWS clients of one process, or those of a session in a region."""

    def __init__(self, session: boto3.Session | None = None, region: str | None = None) -> None:
        self._session = session
        self._region = region
        self._client = cache(self._made)

    def s3(self, seconds: float = math.inf) -> "S3Client":
        """Return a client that reads log files, with requests that end after at most `seconds`.

        The shortest limit is `SHORT_TIMEOUT_SECONDS`.
        """
        client: S3Client = self._client("s3", _LONG if seconds >= _LONG_SECONDS else _SHORT)
        return client

    @cached_property
    def dynamodb(self) -> "DynamoDBClient":
        """The client of the state table."""
        client: DynamoDBClient = self._client("dynamodb", _STATE)
        return client

    @cached_property
    def short_timeout_dynamodb(self) -> "DynamoDBClient":
        """The client of the state table with short timeouts: a request ends after `SHORT_TIMEOUT_SECONDS`."""
        client: DynamoDBClient = self._client("dynamodb", _SHORT)
        return client

    @cached_property
    def organizations(self) -> Any:  # noqa: ANN401 (its types would be one more dependency)
        """AWS Organizations, with short timeouts: names of accounts may be missing, but alerts must not wait."""
        return self._client("organizations", _SHORT)

    @cached_property
    def parameters(self) -> "SSMProvider":
        """SSM Parameter Store, cached."""
        from aws_lambda_powertools.utilities.parameters import SSMProvider  # noqa: PLC0415 (only some deployments need it)

        return SSMProvider(boto3_client=self._client("ssm", _SECRETS))

    @cached_property
    def secrets(self) -> "SecretsProvider":
        """Secrets Manager, cached."""
        from aws_lambda_powertools.utilities.parameters import SecretsProvider  # noqa: PLC0415 (only some deployments need it)

        return SecretsProvider(boto3_client=self._client("secretsmanager", _SECRETS))

    def sns(self, topic_arn: str, seconds: float = math.inf) -> "SNSClient":
        """Return a client for a topic, with requests that end after at most `seconds`; see `s3`.

        SNS accepts messages for a topic only in the topic's own region.
        """
        client: SNSClient = self._client("sns", _SHORT if seconds < _SNS_SECONDS else _SNS, topic_arn.split(":")[3])
        return client

    def cloudtrail(self, region: str) -> Any:  # noqa: ANN401 (its types would be one more dependency)
        """Return the client of CloudTrail in a region: a trail is started in its home region only."""
        return self._client("cloudtrail", _CLOUDTRAIL, region)

    def _made(self, service: Any, config: ClientConfig, region: str | None = None) -> Any:  # noqa: ANN401 (of any service)
        return (self._session or boto3).client(service, region_name=region or self._region, config=config)
