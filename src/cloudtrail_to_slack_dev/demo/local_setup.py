"""What the demo runs on: AWS from a moto server and the fake Slack, set up as a deployment sets them up."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import boto3

from cloudtrail_to_slack_dev.demo.environment import demo_environment, set_variables
from cloudtrail_to_slack_dev.demo.interruption import uninterrupted
from cloudtrail_to_slack_dev.fake_slack import FakeSlack
from cloudtrail_to_slack_dev.moto_server import MotoServer

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

PRODUCTION, SANDBOX = "111122223333", "777788889999"
BUCKET = "trail-bucket"
_QUEUE = "trail-notifications"
_TABLE = "cloudtrail-to-slack-table"
_CHANNELS = {"C0SECURITY": "security-alerts", "C0PRODUCTION": "production-alerts", "C0SANDBOX": "sandbox-alerts"}
_SLACK = {
    "default_channel_id": "C0SECURITY",
    "routes": [
        {"accounts": [PRODUCTION], "slack_channel_id": "C0PRODUCTION"},
        {"accounts": [SANDBOX], "slack_channel_id": "C0SANDBOX"},
    ],
}
# A message that is handed back stays out of sight for longer than the demo runs: everything is tried once.
_VISIBILITY_SECONDS = "900"
_MOST_MESSAGES = 10  # SQS gives out, and Lambda's event source mapping takes, ten at a time by default


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic, and the queue that listens to it."""

    name: str
    arn: str
    listener_url: str


@dataclass(frozen=True, slots=True)
class LocalSetup:
    """AWS and Slack on this machine.

    Attributes:
        slack: The fake Slack.
        s3: A client for the trail's bucket.
        sqs: A client for all queues.
        queue_url: The queue that the bucket notifies.
        queue_arn: The same queue's ARN.
        topics: The topics by their role: the default one first, then production's.
    """

    slack: FakeSlack
    s3: "S3Client"
    sqs: "SQSClient"
    queue_url: str
    queue_arn: str
    topics: Sequence[Topic]

    def channel_of(self, account: str | None) -> str:
        """Return the channel that alerts about an account are routed to."""
        return {PRODUCTION: "C0PRODUCTION", SANDBOX: "C0SANDBOX"}.get(account or "", "C0SECURITY")

    def topic_of(self, account: str | None) -> Topic:
        """Return the topic that alerts about an account are routed to."""
        return self.topics[1 if account == PRODUCTION else 0]


@contextmanager
def set_up(clock: Callable[[], float]) -> Iterator[LocalSetup]:
    """Set everything up, and leave nothing behind: no process, no file, no environment variable.

    Args:
        clock: Where Slack's times come from, in seconds since 1970.
    """
    with ExitStack() as stack:
        with uninterrupted():
            folder = Path(stack.enter_context(TemporaryDirectory(prefix="cloudtrail-to-slack-demo-")))
        stack.enter_context(demo_environment(folder))
        moto = MotoServer("cloudtrail_to_slack_dev.fast_moto")
        stack.push(moto)  # before it starts: an interruption while it does must end its process too
        moto.__enter__()
        slack = stack.enter_context(FakeSlack(clock=clock))
        for channel_id, name in _CHANNELS.items():
            slack.add_channel(channel_id, name)
        set_variables({"AWS_ENDPOINT_URL": moto.url})
        local = _set_up_aws(slack)
        _deploy(local, folder)
        yield local


def receive(sqs: "SQSClient", queue_url: str) -> list[Mapping[str, Any]]:
    """Receive up to ten messages with all their attributes; none when the queue is empty."""
    answer = sqs.receive_message(
        QueueUrl=queue_url,
        MaxNumberOfMessages=_MOST_MESSAGES,
        MessageSystemAttributeNames=["All"],
        MessageAttributeNames=["All"],
        WaitTimeSeconds=0,
    )
    return [dict(message) for message in answer.get("Messages", ())]


def _set_up_aws(slack: FakeSlack) -> LocalSetup:
    s3, sqs = boto3.client("s3"), boto3.client("sqs")
    queue_url, queue_arn = _make_queue(sqs, _QUEUE)
    topics = [_make_topic(sqs, name) for name in ("security-alerts", "production-alerts")]
    _make_table()
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_bucket_notification_configuration(
        Bucket=BUCKET,
        NotificationConfiguration={
            "QueueConfigurations": [{"QueueArn": queue_arn, "Events": ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"]}]
        },
    )
    return LocalSetup(slack, s3, sqs, queue_url, queue_arn, topics)


def _make_queue(sqs: "SQSClient", name: str) -> tuple[str, str]:
    url = sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": _VISIBILITY_SECONDS})["QueueUrl"]
    return url, sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


def _make_topic(sqs: "SQSClient", name: str) -> Topic:
    sns = boto3.client("sns")
    arn = sns.create_topic(Name=name)["TopicArn"]
    listener_url, listener_arn = _make_queue(sqs, f"{name}-listener")
    sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=listener_arn)
    return Topic(name, arn, listener_url)


def _make_table() -> None:
    dynamodb = boto3.client("dynamodb")
    dynamodb.create_table(
        TableName=_TABLE,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    dynamodb.update_time_to_live(
        TableName=_TABLE, TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires_at"}
    )


def _deploy(local: LocalSetup, folder: Path) -> None:
    """Write `config.json` and set the variables of the function, as a deployment does."""
    default, production = local.topics
    config = json.loads((files(__package__) / "demo_config.json").read_text("utf-8")) | {
        "slack": _SLACK,
        "sns": {
            "default_topic_arn": default.arn,
            "routes": [{"accounts": [PRODUCTION], "sns_topic_arn": production.arn}],
        },
        "dynamodb_time_to_live": 900,
    }
    path = folder / "config.json"
    path.write_text(json.dumps(config), encoding="utf-8")
    set_variables(
        {
            "CONFIG_PATH": str(path),
            "SLACK_BOT_TOKEN": local.slack.bot_token,
            "SLACK_API_URL": local.slack.api_url,
            "DYNAMODB_TABLE_NAME": _TABLE,
        }
    )
