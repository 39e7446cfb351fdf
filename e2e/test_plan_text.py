"""What a first plan prints, by the real provider, with nearly everything switched on."""

import json
from pathlib import Path

import boto3

from stage.cloud import ACCOUNT, Cloud
from stage.terraform import Deployment

pytest_plugins = ["stage.fixtures"]

# Calls that there are: of any other the plan warns, with five lines each.
_CALLS = [name for name in boto3.client("ec2", "eu-west-1").meta.service_model.operation_names if "Delete" in name][:60]
_ARGUMENTS = {
    "cloudtrail_logs_s3_bucket_name": "trail-logs",
    "slack_bot_token_ssm_parameter": "/slack/token",
    "default_slack_channel_id": "C0123456789",
    "slack_app_configuration": [
        {"accounts": [f"{number:012d}"], "slack_channel_id": f"C{number:010d}"} for number in range(40)
    ],
    "aws_sns_topic_subscriptions": {"soc@example.com": "email"},
    "detection_rules": [
        {
            "id": f"rule-{number}",
            "title": call,
            "severity": "high",
            "expression": f"event.get('eventName') == '{call}' and event.get('awsRegion') == 'eu-west-1'",
            "mitre": ["T1562.008"],
        }
        for number, call in enumerate(_CALLS)
    ],
    "enable_s3_sns_fanout": True,
    "enable_sqs_queue": True,
    "enable_realtime": True,
    "restart_logging": True,
    "alarm_topic_arns": [f"arn:aws:sns:eu-west-1:{ACCOUNT}:alarms"],
    "create_dashboard": True,
    "enable_xray_tracing": True,
}


def test_a_first_plan_can_be_read(cloud: Cloud, tmp_path: Path) -> None:
    """It has fewer than 1,500 lines, names each rule once, and shows no code."""
    arguments = "\n".join(f"  {name} = {json.dumps(value)}" for name, value in _ARGUMENTS.items())
    text = f'module "alerts" {{\n  source = "../module"\n{arguments}\n}}\n'
    deployment = Deployment.calling(tmp_path / "work", cloud.environment, text)
    deployment.init()
    shown = deployment.plan()
    assert len(shown.splitlines()) < 1500, len(shown.splitlines())
    assert shown.count("rule-7 ") == 1
    assert "def lambda_handler" not in shown
    assert len(shown) < 100_000
