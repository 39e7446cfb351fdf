"""Seconds, not minutes: an event of another region, by way of EventBridge, at the function and at the tripwire."""

import json
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from cloudtrail_to_slack_dev.fake_slack import FakeSlack
from stage.cloud import ACCOUNT, Cloud
from stage.deployed import deployed
from stage.functions import Function, find_runtime
from stage.records import stop_logging
from stage.slack import keep_secrets
from stage.terraform import Deployment
from support.event_bridge import transform

pytest_plugins = ["stage.fixtures"]

_CHANNEL, _TRIPWIRE_CHANNEL = "C0123456789", "C0TRIPWIRE"
_WEBHOOK = "https://hooks.slack.com/services/T0/B0/example"
_REGION = "ap-southeast-2"
_KEY = f"AWSLogs/{ACCOUNT}/CloudTrail/{_REGION}/2026/03/14/{ACCOUNT}_CloudTrail_{_REGION}_20260314T0935Z_a.json.gz"


@dataclass
class Stage:
    """The example that is applied, and what it lives among."""

    deployment: Deployment
    cloud: Cloud
    slack: FakeSlack
    bucket: str
    function: Function

    def run_function(self) -> int:
        """Run the function on everything it was invoked with, successfully; return how often that was."""
        invocations = self.cloud.take_invocations()
        for invocation in invocations:
            here = {**self.cloud.environment, "SLACK_API_URL": self.slack.api_url}
            result = self.function.invoke(invocation["event"], here)
            assert not result.failed, result.log
        return len(invocations)

    def target(self, rule: str) -> dict[str, Any]:
        """Return a rule's target at the tripwire's API destination."""
        (target,) = [
            resource
            for resource in self.deployment.resources()
            if resource["type"] == "aws_cloudwatch_event_target" and resource["rule"] == rule
        ]
        return target


@pytest.fixture
def stage(cloud: Cloud, slack: FakeSlack, tmp_path: Path) -> Iterator[Stage]:
    """The example of several regions, applied, its second plan empty; afterwards nothing of it is left."""
    runtime = find_runtime()
    deployment = Deployment.of("multi_region", tmp_path / "module", cloud.environment)
    (bucket,) = re.findall(r'cloudtrail_logs_s3_bucket_name\s*=\s*"([^"]+)"', deployment.text)
    cloud.make_bucket(bucket, ACCOUNT)
    cloud.client("ssm").put_parameter(Name="/cloudtrail-tripwire/webhook", Value=_WEBHOOK, Type="SecureString")
    deployment.set_over(lambda_runtime=runtime.name, lambda_architecture=runtime.architecture)
    before = cloud.inventory()
    deployment.apply()
    deployment.expect_no_changes()
    configuration, function = deployed(deployment, cloud, runtime, tmp_path / "lambda")
    keep_secrets(slack, cloud, configuration["Environment"]["Variables"])
    slack.add_channel(_CHANNEL, "alerts")
    yield Stage(deployment, cloud, slack, bucket, function)
    cloud.stop_listening_to_rules()
    deployment.destroy()
    assert deployment.resources() == []
    assert cloud.inventory() == before


def test_an_event_of_another_region_is_delivered_within_seconds_and_once(stage: Stage) -> None:
    """It is forwarded to the function, which delivers an alert, and to the tripwire; its log file repeats nothing."""
    heard = stage.cloud.listen_to_rule("cloudtrail-tripwire-logging-off")
    record = {**stop_logging(ACCOUNT), "awsRegion": _REGION}
    stage.cloud.put_event(record, _REGION)

    assert stage.run_function() == 1
    (alert,) = stage.slack.messages(_CHANNEL)
    said = json.dumps([alert.text, alert.blocks])
    for part in ("StopLogging", "mallory", "received from EventBridge", "aws cloudtrail start-logging"):
        assert part in said

    (envelope,) = heard()
    body = transform(*_transformer(stage.target("cloudtrail-tripwire-logging-off")), envelope)
    _post_as_eventbridge_does(stage, body)
    (message,) = stage.slack.messages(_TRIPWIRE_CHANNEL)
    assert "mallory" in json.dumps(message.blocks)
    assert "turned off CloudTrail logging" in json.dumps(message.blocks)

    stage.cloud.put_log_file(stage.bucket, _KEY, [record])
    assert stage.run_function() == 1
    assert len(stage.slack.messages(_CHANNEL)) == 1
    _check_choice(stage)


def _check_choice(stage: Stage) -> None:
    """What root changes in IAM comes from us-east-1; what no rule concerns invokes nothing."""
    root = {"type": "Root", "principalId": ACCOUNT, "arn": f"arn:aws:iam::{ACCOUNT}:root", "accountId": ACCOUNT}
    create = {"eventSource": "iam.amazonaws.com", "eventName": "CreateUser", "eventID": str(uuid.uuid4())}
    stage.cloud.put_event({**stop_logging(ACCOUNT), **create, "userIdentity": root}, "us-east-1")
    assert stage.run_function() == 1
    assert len(stage.slack.messages(_CHANNEL)) == 2

    stage.cloud.put_event({**stop_logging(ACCOUNT), **create}, "us-east-1")
    run_instances = {"eventSource": "ec2.amazonaws.com", "eventName": "RunInstances"}
    for region in ("us-east-1", "eu-central-1", "eu-west-1"):
        stage.cloud.put_event({**stop_logging(ACCOUNT), **run_instances}, region)
    assert stage.run_function() == 0


def _transformer(target: dict[str, Any]) -> tuple[str, dict[str, str]]:
    (transformer,) = target["input_transformer"]
    return transformer["input_template"], transformer["input_paths"]


def _post_as_eventbridge_does(stage: Stage, body: str) -> None:
    """Post to the fake what the API destination would post to the webhook, with what the connection adds."""
    resources = {resource["type"]: resource for resource in stage.deployment.resources()}
    destination = resources["aws_cloudwatch_event_api_destination"]
    assert (destination["http_method"], destination["invocation_endpoint"]) == ("POST", _WEBHOOK)
    (parameters,) = resources["aws_cloudwatch_event_connection"]["auth_parameters"]
    (key,) = parameters["api_key"]
    headers = {key["key"]: key["value"], "Content-Type": "application/json; charset=utf-8"}
    webhook = stage.slack.add_webhook(_TRIPWIRE_CHANNEL)
    answer = requests.post(webhook, data=body.encode(), headers=headers, timeout=10)
    assert (answer.status_code, answer.text) == (200, "ok")
