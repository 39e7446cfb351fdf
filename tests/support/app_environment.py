"""The app environment of a flow test: AWS from a moto server, the fake Slack, and the real handler."""

import gzip
import json
import os
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import boto3
import pytest

from cloudtrail_to_slack import handler
from cloudtrail_to_slack.aws.clients import AwsClients
from cloudtrail_to_slack.config.routes import Routes
from cloudtrail_to_slack.config.secrets import SecretReader
from cloudtrail_to_slack.config.settings import VARIABLES
from cloudtrail_to_slack.destinations.base import Services
from cloudtrail_to_slack.destinations.slack.bot import SlackBot, load
from cloudtrail_to_slack_dev.fake_slack import FakeSlack
from cloudtrail_to_slack_dev.moto_server import AWS_ENVIRONMENT

BUCKET = "trail-bucket"
TABLE = "cloudtrail-to-slack-table"
CHANNEL = "C0DEFAULT"
ACCOUNT = "111122223333"
KEY = (
    f"AWSLogs/{ACCOUNT}/CloudTrail/eu-west-1/2026/03/14/{ACCOUNT}_CloudTrail_eu-west-1_20260314T0930Z_0123456789abcdef"
    ".json.gz"
)


@cache
def _client(service: Any, endpoint: str, region: str) -> Any:
    """Return one client for all tests: to create one takes longer than most of its calls."""
    return boto3.client(service, region, endpoint_url=endpoint)


@dataclass
class Context:
    """Lambda's context object, as far as the handler looks at it."""

    aws_request_id: str = "request-1"
    milliseconds: int = 30_000

    def get_remaining_time_in_millis(self) -> int:
        """Return the time left."""
        return self.milliseconds


@dataclass
class AppEnvironment:
    """What a flow test acts in."""

    endpoint: str
    slack: FakeSlack
    folder: Path
    monkeypatch: pytest.MonkeyPatch
    queue_urls: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in VARIABLES:
            self.monkeypatch.delenv(name, raising=False)
        for name, value in {**AWS_ENVIRONMENT, "AWS_ENDPOINT_URL": self.endpoint}.items():
            self.monkeypatch.setenv(name, value)
        self.aws("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        self.slack.add_channel(CHANNEL, "alerts")

    def aws(self, service: Any) -> Any:
        """Return a boto3 client of the moto server."""
        return _client(service, self.endpoint, os.environ["AWS_REGION"])

    def configure(self, *, environment: Mapping[str, str] | None = None, **config: Any) -> None:
        """Write `config.json` and set the environment, as a deployment does; nothing is routed by itself."""
        path = self.folder / "config.json"
        path.write_text(json.dumps({"function_name": "cloudtrail-to-slack", **config}))
        self.monkeypatch.setenv("CONFIG_PATH", str(path))
        self.monkeypatch.setenv("SLACK_API_URL", self.slack.api_url)
        for name, value in (environment or {}).items():
            self.monkeypatch.setenv(name, value)

    def configure_bot(self, *, table: bool = True, slack: Mapping[str, Any] | None = None, **config: Any) -> None:
        """Configure a bot that posts to the default channel."""
        environment = {"SLACK_BOT_TOKEN": self.slack.bot_token}
        if table:
            self.make_table()
            environment["DYNAMODB_TABLE_NAME"] = TABLE
        self.configure(environment=environment, slack={"default_channel_id": CHANNEL, **(slack or {})}, **config)

    def configure_bot_again(self, **config: Any) -> None:
        """Configure the bot anew, without a table and with other settings."""
        self.configure_bot(table=False, **config)

    def make_table(self) -> None:
        """Create the state table as the module does."""
        self.aws("dynamodb").create_table(
            TableName=TABLE,
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )

    def make_topic(self, name: str) -> str:
        """Create a topic that a queue subscribes to; read it with `published`."""
        arn: str = self.aws("sns").create_topic(Name=name)["TopicArn"]
        sqs = self.aws("sqs")
        url = sqs.create_queue(QueueName=f"{name}-listener")["QueueUrl"]
        queue_arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        self.aws("sns").subscribe(TopicArn=arn, Protocol="sqs", Endpoint=queue_arn)
        self.queue_urls[arn] = url
        return arn

    def published(self, topic_arn: str) -> list[dict[str, Any]]:
        """Return the envelopes of what was published to a topic so far."""
        found: list[dict[str, Any]] = []
        while (
            messages := self.aws("sqs")
            .receive_message(QueueUrl=self.queue_urls[topic_arn], MaxNumberOfMessages=10)
            .get("Messages")
        ):
            found += [json.loads(message["Body"]) for message in messages]
        return found

    def bodies(self, topic_arn: str) -> list[dict[str, Any]]:
        """Return the parsed bodies of what was published to a topic so far."""
        return [json.loads(envelope["Message"]) for envelope in self.published(topic_arn)]

    def put(self, content: bytes, key: str = KEY) -> str:
        """Put an object as it is; return its key."""
        self.aws("s3").put_object(Bucket=BUCKET, Key=key, Body=content)
        return key

    def put_log(self, *records: Any, key: str = KEY) -> str:
        """Put a log file with these records; return its key."""
        return self.put(log_bytes(*records), key)

    def invoke(self, payload: Any, context: Any = None) -> Any:
        """Invoke the handler."""
        return handler.lambda_handler(payload, context or Context())

    def texts(self, channel: str = CHANNEL) -> list[str]:
        """Return the notification texts of a channel's messages."""
        return [message.text for message in self.slack.messages(channel)]


def bot(slack: FakeSlack) -> SlackBot:
    """Return a bot that posts to `slack`."""
    clients = AwsClients()
    environment = {"SLACK_BOT_TOKEN": slack.bot_token, "SLACK_API_URL": slack.api_url}
    made = load(Services(environment, SecretReader(clients), clients, {"slack_app": Routes(CHANNEL)}))
    assert made
    return made


def log_bytes(*records: Any) -> bytes:
    """Return a log file as CloudTrail writes it."""
    return gzip.compress(json.dumps({"Records": records}).encode())


def record(**fields: Any) -> dict[str, Any]:
    """Return a denied call of a role session; `fields` replace or, given as None, null its fields."""
    return {
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "AssumedRole",
            "principalId": "AROAEXAMPLEROLEID000:alice@example.com",
            "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/Deployer/alice@example.com",
            "accountId": ACCOUNT,
        },
        "eventTime": "2026-03-14T09:30:12Z",
        "eventSource": "s3.amazonaws.com",
        "eventName": "DeleteBucket",
        "awsRegion": "eu-west-1",
        "sourceIPAddress": "203.0.113.7",
        "userAgent": "aws-cli/2.17.0",
        "errorCode": "AccessDenied",
        "errorMessage": "User is not authorized",
        "requestParameters": {"bucketName": "payroll"},
        "responseElements": None,
        "eventID": str(uuid.uuid4()),
        "eventType": "AwsApiCall",
        "recipientAccountId": ACCOUNT,
        **fields,
    }


def s3_event(*keys: str, name: str = "ObjectCreated:Put", bucket: str = BUCKET) -> dict[str, Any]:
    """Return an S3 event notification, keys encoded as S3 does."""
    return {
        "Records": [
            {
                "eventVersion": "2.1",
                "eventSource": "aws:s3",
                "awsRegion": "eu-west-1",
                "eventTime": "2026-03-14T09:35:00.000Z",
                "eventName": name,
                "userIdentity": {"principalId": "AWS:AROAEXAMPLE:mallory"},
                "requestParameters": {"sourceIPAddress": "198.51.100.9"},
                "s3": {"bucket": {"name": bucket}, "object": {"key": quote_plus(key, safe="/")}},
            }
            for key in keys
        ]
    }


def sns_event(message: Any) -> dict[str, Any]:
    """Return what Lambda gets from SNS."""
    text = message if isinstance(message, str) else json.dumps(message)
    return {"Records": [{"EventSource": "aws:sns", "EventVersion": "1.0", "Sns": {"Message": text}}]}


def sqs_event(*bodies: Any) -> dict[str, Any]:
    """Return what Lambda gets from SQS: one message for each body, with the ids m0, m1, …."""
    return {
        "Records": [
            {
                "messageId": f"m{number}",
                "eventSource": "aws:sqs",
                "body": body if isinstance(body, str) else json.dumps(body),
            }
            for number, body in enumerate(bodies)
        ]
    }


def sns_envelope(message: Any) -> dict[str, Any]:
    """Return the envelope SNS puts into a queue."""
    return {"Type": "Notification", "MessageId": "n1", "TopicArn": "arn", "Message": json.dumps(message)}


def failed_messages(answer: Mapping[str, Sequence[Mapping[str, str]]]) -> list[str]:
    """Return the ids of the SQS messages that an answer hands back."""
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]
