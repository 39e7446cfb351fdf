"""AWS clients, each made when it is first needed and kept for the life of the process."""

import math
from functools import cached_property
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config as ClientConfig

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.parameters import SecretsProvider, SSMProvider
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sns import SNSClient

# Short enough that one hung call does not eat an invocation of 30 seconds, the default timeout.
_CLIENT_CONFIG = ClientConfig(
    connect_timeout=3,
    read_timeout=10,
    retries={"mode": "standard", "total_max_attempts": 3},
    user_agent_extra="cloudtrail-to-slack",
)
_PATIENT_SECONDS = 13.0  # what one attempt takes at most
_ONCE = ClientConfig(retries={"mode": "standard", "total_max_attempts": 1})
HASTY_SECONDS = 3.0
_HASTY_CONFIG = _CLIENT_CONFIG.merge(
    ClientConfig(connect_timeout=1, read_timeout=2, retries={"mode": "standard", "total_max_attempts": 1})
)
# The delivery itself retries, so that other destinations go on meanwhile.
_SNS_SECONDS = 7.0
_SNS_CONFIG = _CLIENT_CONFIG.merge(
    ClientConfig(connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 1})
)
_STATE_CONFIG = _CLIENT_CONFIG.merge(ClientConfig(connect_timeout=1, read_timeout=5))
_SECRETS_CONFIG = _CLIENT_CONFIG.merge(
    ClientConfig(connect_timeout=2, read_timeout=3, retries={"mode": "standard", "total_max_attempts": 2})
)


class AwsClients:
    """The AWS clients of one process."""

    def __init__(self) -> None:
        self._sns: dict[tuple[str, bool], SNSClient] = {}
        self._cloudtrail: dict[str, Any] = {}

    def s3(self, seconds: float = math.inf) -> "S3Client":
        """Return a client that reads log files, whose request is answered or given up after at most `seconds`.

        No client gives up before `HASTY_SECONDS`.
        """
        return self._patient_s3 if seconds >= _PATIENT_SECONDS else self._hasty_s3

    @cached_property
    def _patient_s3(self) -> "S3Client":
        return boto3.client("s3", config=_CLIENT_CONFIG.merge(_ONCE))

    @cached_property
    def _hasty_s3(self) -> "S3Client":
        return boto3.client("s3", config=_HASTY_CONFIG)

    @cached_property
    def dynamodb(self) -> "DynamoDBClient":
        """The client of the state table."""
        return boto3.client("dynamodb", config=_STATE_CONFIG)

    @cached_property
    def hasty_dynamodb(self) -> "DynamoDBClient":
        """The client with short timeouts: a request is done or given up after `HASTY_SECONDS`."""
        return boto3.client("dynamodb", config=_HASTY_CONFIG)

    @cached_property
    def parameters(self) -> "SSMProvider":
        """SSM Parameter Store, cached."""
        from aws_lambda_powertools.utilities.parameters import SSMProvider  # noqa: PLC0415 (only some set-ups pay)

        return SSMProvider(boto_config=_SECRETS_CONFIG)

    @cached_property
    def secrets(self) -> "SecretsProvider":
        """Secrets Manager, cached."""
        from aws_lambda_powertools.utilities.parameters import SecretsProvider  # noqa: PLC0415 (only some set-ups pay)

        return SecretsProvider(boto_config=_SECRETS_CONFIG)

    def sns(self, topic_arn: str, seconds: float = math.inf) -> "SNSClient":
        """Return a client for a topic, whose request is answered or given up after at most `seconds`; see `s3`.

        SNS takes messages for a topic in the topic's own region only.
        """
        region, hasty = topic_arn.split(":")[3], seconds < _SNS_SECONDS
        if (region, hasty) not in self._sns:
            config = _HASTY_CONFIG if hasty else _SNS_CONFIG
            self._sns[region, hasty] = boto3.client("sns", region_name=region, config=config)
        return self._sns[region, hasty]

    def cloudtrail(self, region: str) -> Any:  # noqa: ANN401 (its types would be one more dependency)
        """Return the client of CloudTrail in a region: a trail is started in its home region only."""
        if region not in self._cloudtrail:
            self._cloudtrail[region] = boto3.client("cloudtrail", region_name=region, config=_CLIENT_CONFIG)
        return self._cloudtrail[region]
