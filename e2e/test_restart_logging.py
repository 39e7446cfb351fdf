"""A stopped trail is started again: applied with Terraform, invoked by EventBridge, reported in Slack."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cloudtrail_to_slack_dev.fake_slack import FakeSlack
from stage.cloud import ACCOUNT, Cloud
from stage.deployed import deployed
from stage.functions import Function, find_runtime
from stage.records import stop_logging
from stage.slack import keep_secrets
from stage.terraform import Deployment

pytest_plugins = ["stage.fixtures"]

_TRAIL, _CHANNEL = "management-events", "C0SECURITY0"


@dataclass
class Stage:
    """The example that is applied, and a trail that logs."""

    cloud: Cloud
    slack: FakeSlack
    function: Function
    configuration: dict[str, Any]

    def stopped(self, name: str = _TRAIL, *, source: str = "aws.cloudtrail", **changes: Any) -> list[dict[str, Any]]:
        """Stop the trail as an attacker would; return what EventBridge invokes functions with."""
        self.cloud.client("cloudtrail").stop_logging(Name=_TRAIL)
        detail = {**stop_logging(ACCOUNT), "requestParameters": {"name": name}, **changes}
        self.cloud.put_event(detail, self.cloud.region, source=source)
        return self.cloud.take_invocations()

    def run(self, invocation: dict[str, Any]) -> str:
        """Run the function in a fresh process, with what it was deployed with; return what it did."""
        assert invocation["function_name"] == self.configuration["FunctionName"]
        result = self.function.invoke(
            invocation["event"], {**self.cloud.environment, "SLACK_API_URL": self.slack.api_url}
        )
        assert not result.failed, result.log
        return str(result.answer["action"])

    @property
    def logs(self) -> bool:
        """Whether the trail logs."""
        return bool(self.cloud.client("cloudtrail").get_trail_status(Name=_TRAIL)["IsLogging"])


@pytest.fixture
def stage(cloud: Cloud, slack: FakeSlack, tmp_path: Path) -> Iterator[Stage]:
    """The example, applied; afterwards it is destroyed, and nothing of it is left."""
    runtime = find_runtime()
    deployment = Deployment.of("restart_logging", tmp_path / "module", cloud.environment)
    (bucket,) = re.findall(r'cloudtrail_logs_s3_bucket_name\s*=\s*"([^"]+)"', deployment.text)
    cloud.make_bucket(bucket, ACCOUNT)
    trails = cloud.client("cloudtrail")
    trails.create_trail(Name=_TRAIL, S3BucketName=bucket)
    trails.start_logging(Name=_TRAIL)
    deployment.set_over(lambda_runtime=runtime.name, lambda_architecture=runtime.architecture)
    before = cloud.inventory()
    deployment.apply()
    deployment.expect_no_changes()
    configuration, function = deployed(deployment, cloud, runtime, tmp_path / "lambda", "restart_logging")
    keep_secrets(slack, cloud, configuration["Environment"]["Variables"])
    slack.add_channel(_CHANNEL, "security")
    yield Stage(cloud, slack, function, configuration)
    deployment.destroy()
    assert deployment.resources() == []
    assert cloud.inventory() == before


def _may_invoke(cloud: Cloud, function_arn: str, rule_arn: str) -> bool:
    policy = json.loads(cloud.client("lambda").get_policy(FunctionName=function_arn)["Policy"])
    return any(
        statement["Principal"] == {"Service": "events.amazonaws.com"}
        and statement["Condition"]["ArnLike"]["AWS:SourceArn"] == rule_arn
        for statement in policy["Statement"]
    )


def test_logging_is_on_again(stage: Stage) -> None:
    """The rule brings the call that stopped the trail; the function restarts it and reports it once, where it may."""
    events = stage.cloud.client("events")
    rule, arn = stage.configuration["FunctionName"], stage.configuration["FunctionArn"]
    assert _may_invoke(stage.cloud, arn, events.describe_rule(Name=rule)["Arn"])

    (invocation,) = stage.stopped()
    assert not stage.logs
    assert [stage.run(invocation), stage.run(invocation)] == ["restarted", "already_handled"]
    assert stage.logs
    (message,) = stage.slack.messages(_CHANNEL)
    for part in (_TRAIL, "mallory", "203.0.113.7", "start 1 of at most 3", ACCOUNT):
        assert part in message.text

    arn = f"arn:aws:cloudtrail:eu-west-1:{ACCOUNT}:trail/{_TRAIL}"
    (by_arn,) = stage.stopped(arn)
    assert stage.run(by_arn) == "restarted"
    assert stage.stopped(errorCode="AccessDenied") == []
    assert stage.stopped(eventName="StartLogging") == []
    assert stage.stopped(source="my.application") == []

    (other,) = stage.stopped("another-trail")
    assert stage.run(other) == "not_permitted"
    until = datetime.now(UTC) + timedelta(hours=1)
    parameter = stage.configuration["Environment"]["Variables"]["MAINTENANCE_SSM_PARAMETER"]
    stage.cloud.client("ssm").put_parameter(Name=parameter, Value=until.isoformat(), Overwrite=True)
    (during,) = stage.stopped()
    assert stage.run(during) == "maintenance"
    assert not stage.logs
    assert len(stage.slack.messages(_CHANNEL)) == 4
