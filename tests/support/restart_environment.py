"""The environment of the auto-restart function: trails in a moto server, the fake Slack, and the real handler."""

import json
import os
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import boto3

from cloudtrail_to_slack.auto_restart import handler
from cloudtrail_to_slack.auto_restart.settings import VARIABLES, read_settings
from cloudtrail_to_slack.clock import Clock
from support.app_environment import BUCKET, CHANNEL, TABLE, AppEnvironment
from support.aws_proxy import AwsProxy

ACCOUNT = "123456789012"  # the account of all callers of moto
OTHER_ACCOUNT = "999988887777"
EVERY_TRAIL = f'["arn:aws:cloudtrail:*:{ACCOUNT}:trail/*"]'
NOON = 1_773_489_612.0  # 2026-03-14T12:00:12Z
PARAMETER = "/maintenance/until"


@dataclass
class RestartEnvironment:
    """What a test acts in. `now` is the time of the clock; `aws_proxy` records every call to AWS's JSON services."""

    app_env: AppEnvironment
    aws_proxy: AwsProxy
    now: float = NOON
    waited: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        for name in VARIABLES:
            self.app_env.monkeypatch.delenv(name, raising=False)
        for service in ("CLOUDTRAIL", "DYNAMODB", "SSM"):
            self.app_env.monkeypatch.setenv(f"AWS_ENDPOINT_URL_{service}", self.aws_proxy.url)
        self.app_env.make_table()
        self.configure()

    def configure(self, **environment: str | None) -> None:
        """Set the environment as a deployment with a bot does, with changes; None takes a variable away."""
        whole = {
            "RESTART_TRAILS": EVERY_TRAIL,
            "RESTARTS_PER_HOUR": "3",
            "ACCOUNT_ID": ACCOUNT,
            "DYNAMODB_TABLE_NAME": TABLE,
            "SLACK_BOT_TOKEN": self.app_env.slack.bot_token,
            "SLACK_CHANNEL_ID": CHANNEL,
            "SLACK_API_URL": self.app_env.slack.api_url,
            "AWS_LAMBDA_FUNCTION_NAME": "restarter",
            **environment,
        }
        for name, value in whole.items():
            if value is None:
                self.app_env.monkeypatch.delenv(name, raising=False)
            else:
                self.app_env.monkeypatch.setenv(name, value)

    def trail(self, name: str = "the-trail", region: str = "eu-west-1", *, multi_region: bool = False) -> None:
        """Make a trail that is stopped."""
        self._cloudtrail(region).create_trail(Name=name, S3BucketName=BUCKET, IsMultiRegionTrail=multi_region)

    def start(self, name: str = "the-trail", region: str = "eu-west-1") -> None:
        """Start a trail."""
        self._cloudtrail(region).start_logging(Name=name)

    def stop(self, name: str = "the-trail", region: str = "eu-west-1") -> None:
        """Stop a trail."""
        self._cloudtrail(region).stop_logging(Name=name)

    def logs(self, name: str = "the-trail", region: str = "eu-west-1") -> bool:
        """Whether a trail logs."""
        return bool(self._cloudtrail(region).get_trail_status(Name=name)["IsLogging"])

    def maintenance(self, value: str) -> None:
        """Set the maintenance parameter, and let the function read it."""
        self.app_env.aws("ssm").put_parameter(Name=PARAMETER, Value=value, Type="String", Overwrite=True)
        self.configure(MAINTENANCE_SSM_PARAMETER=PARAMETER)

    def clock(self) -> Clock:
        """Return a clock that stands still, and on which waiting takes no time."""
        return Clock(lambda: 30.0, now=lambda: self.now, sleep=self.waited.append)

    def handle(self, envelope: Any, clock: Clock | None = None) -> str:
        """Run a function that has just been started; return what it did."""
        return handler.Application(read_settings(os.environ)).handle(envelope, clock or self.clock())["action"]

    def stopped(self, name: str = "the-trail", **changes: Any) -> dict[str, Any]:
        """Return the event of a stop a second later: one after whatever was started before."""
        self.now += 1
        return envelope(name, eventTime=datetime.fromtimestamp(self.now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), **changes)

    def metric(self, name: str, written: str) -> list[float]:
        """Return the values of a metric in what the function has written to its log."""
        lines = [json.loads(line) for line in written.splitlines() if f'"{name}"' in line]
        return [value for line in lines for value in line.get(name, [])]

    def texts(self, channel: str = CHANNEL) -> list[str]:
        """Return the texts of what Slack received."""
        return self.app_env.texts(channel)

    def started(self) -> int:
        """Return how often the function asked CloudTrail to start a trail."""
        return self.aws_proxy.operations("StartLogging")

    def _cloudtrail(self, region: str) -> Any:
        service: Any = "cloudtrail"
        return boto3.client(service, region_name=region, endpoint_url=self.app_env.endpoint)


def envelope(name: Any = "the-trail", *, source: str = "aws.cloudtrail", **changes: Any) -> dict[str, Any]:
    """Return what EventBridge brings when a caller stops a trail; a change to `...` removes a key of its detail."""
    detail = {
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "AssumedRole",
            "principalId": "AROAEXAMPLE:mallory",
            "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/Admin/mallory",
            "accountId": ACCOUNT,
        },
        "eventTime": "2026-03-14T12:00:00Z",
        "eventSource": "cloudtrail.amazonaws.com",
        "eventName": "StopLogging",
        "awsRegion": "eu-west-1",
        "sourceIPAddress": "203.0.113.7",
        "userAgent": "aws-cli/2.17.0",
        "requestParameters": {"name": name},
        "responseElements": None,
        "eventID": str(uuid.uuid4()),
        "readOnly": False,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": ACCOUNT,
        **changes,
    }
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "AWS API Call via CloudTrail",
        "source": source,
        "account": ACCOUNT,
        "time": "2026-03-14T12:00:00Z",
        "region": "eu-west-1",
        "resources": [],
        "detail": {key: value for key, value in detail.items() if value is not ...},
    }
