"""A flood: 10,000 matching events over 20 channels, against Slack's rate limit, in compressed time.

The real handler, a moto server and the fake Slack, which lets a channel have a message a second; what is waited for
passes on a clock of its own at once. Lambda's part is played too: what fails is invoked again.
"""

import contextlib
import io
import json
import os
import re
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import boto3

from bench.records import log_file
from cloudtrail_to_slack import clock as waiting
from cloudtrail_to_slack.errors import InvocationFailedError
from cloudtrail_to_slack.handler import lambda_handler
from cloudtrail_to_slack_dev.fake_slack import FakeSlack, Pace
from cloudtrail_to_slack_dev.moto_server import AWS_ENVIRONMENT, MotoServer

ALERTS = 10_000
CHANNELS = 20
_ACCOUNTS = [f"{number:012}" for number in range(1, CHANNELS + 1)]
_INVOCATION_SECONDS = 300.0
_TABLE = "cloudtrail-to-slack-table"
_KEY = "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/14/load.json.gz"
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


@dataclass(frozen=True)
class Load:
    """What the flood came to. `seconds` are until all was delivered, waiting and working."""

    seconds: float
    messages: int
    invocations: int
    lost: int
    repeated: int


class _Time:
    """The time of the process, and what was waited for on top of it."""

    def __init__(self) -> None:
        self._skipped = 0.0

    def time(self) -> float:
        """Return the seconds since 1970."""
        return time.time() + self._skipped

    def sleep(self, seconds: float) -> None:
        """Let time pass at once."""
        self._skipped += seconds


def run() -> Load:
    """Let the flood come, and count what is delivered."""
    before, clock = dict(os.environ), _Time()
    slack = FakeSlack(clock=clock.time, meet=Pace(clock.time, 1.0).fault)
    with MotoServer("cloudtrail_to_slack_dev.fast_moto") as moto, slack, tempfile.TemporaryDirectory() as folder:
        try:
            _set_up(moto, slack, Path(folder))
            content, wanted = _flood()
            boto3.client("s3").put_object(Bucket="trail-bucket", Key=_KEY, Body=content)
            start = clock.time()
            invocations = _invoke(clock)
            seconds = clock.time() - start
        finally:
            os.environ.clear()
            os.environ.update(before)
    delivered: Counter[str] = Counter()
    messages = [message for account in _ACCOUNTS for message in slack.messages(_channel(account))]
    for message in messages:
        delivered.update(set(_ID.findall(json.dumps(message.blocks) + message.text)))
    repeated = sum(count - 1 for count in delivered.values())
    return Load(seconds, len(messages), invocations, len(wanted - set(delivered)), repeated)


def _set_up(moto: MotoServer, slack: FakeSlack, folder: Path) -> None:
    routes = [{"accounts": [account], "slack_channel_id": _channel(account)} for account in _ACCOUNTS]
    config = folder / "config.json"
    config.write_text(json.dumps({"slack": {"default_channel_id": "C0DEFAULT", "routes": routes}}))
    os.environ.update({**AWS_ENVIRONMENT, "AWS_ENDPOINT_URL": moto.url, "CONFIG_PATH": str(config)})
    os.environ.update({"SLACK_BOT_TOKEN": slack.bot_token, "SLACK_API_URL": slack.api_url})
    os.environ.update({"DYNAMODB_TABLE_NAME": _TABLE, "LOG_LEVEL": "CRITICAL"})
    for account in (*_ACCOUNTS, "DEFAULT"):
        slack.add_channel(_channel(account), account)
    boto3.client("s3").create_bucket(
        Bucket="trail-bucket", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    boto3.client("dynamodb").create_table(
        TableName=_TABLE,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )


def _flood() -> tuple[bytes, set[str]]:
    """Return a log file in which every record matches, the accounts taking turns, and the ids of its events."""
    import gzip  # noqa: PLC0415 (only here)

    records = json.loads(gzip.decompress(log_file(ALERTS, matching=1.0)))["Records"]
    for number, record in enumerate(records):
        record["recipientAccountId"] = _ACCOUNTS[number % CHANNELS]
    return gzip.compress(json.dumps({"Records": records}).encode()), {record["eventID"] for record in records}


def _invoke(clock: _Time) -> int:
    """Invoke the handler until it succeeds, as Lambda does three times at most; return how often."""
    event: dict[str, Any] = {
        "Records": [
            {
                "eventSource": "aws:s3",
                "eventName": "ObjectCreated:Put",
                "s3": {"bucket": {"name": "trail-bucket"}, "object": {"key": _KEY}},
            }
        ]
    }
    for attempt in range(1, 4):
        end = clock.time() + _INVOCATION_SECONDS
        left = SimpleNamespace(get_remaining_time_in_millis=lambda end=end: int(1000 * (end - clock.time())))
        with mock.patch.object(waiting, "time", clock), contextlib.redirect_stdout(io.StringIO()):
            try:
                lambda_handler(event, left)
            except InvocationFailedError:
                clock.sleep(60)
            else:
                return attempt
    return attempt


def _channel(account: str) -> str:
    return f"C{account}" if account != "DEFAULT" else "C0DEFAULT"
