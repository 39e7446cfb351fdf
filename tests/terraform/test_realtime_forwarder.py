"""The forwarder of another region, with its rules as Terraform renders them, between two regions of a moto server."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from cloudtrail_to_slack_dev.moto_server import AWS_ENVIRONMENT, MotoServer
from support.event_bridge import Bus
from support.tampering import event
from support.terraform import Terraform

_THERE, _HERE = "us-east-1", "eu-west-1"
_MOTO_ACCOUNT = "123456789012"
_CONFIGURATION = f"""
provider "aws" {{
  region = "{_THERE}"
}}

module "forwarder" {{
  source        = "./module"
  target_region = "{_HERE}"
}}
"""
_SIGN_IN = event("signin", "ConsoleLogin", additionalEventData={"MFAUsed": "No"})
_FORWARDED = [
    event("iam", "CreateAccessKey", {"userName": "bob"}),
    event("iam", "AttachRolePolicy", {"roleName": "admin"}),
    event("cloudtrail", "StopLogging", {"name": "main"}),
    event("organizations", "LeaveOrganization"),
    event("sso", "CreateAccountAssignment"),
    event("kms", "ScheduleKeyDeletion", {"keyId": "0a1b"}),
    event("guardduty", "DeleteDetector"),
    {**_SIGN_IN, "detail-type": "AWS Console Sign In via CloudTrail"},
]
_LEFT = [
    event("ec2", "RunInstances"),
    event("s3", "PutBucketPolicy", {"bucketName": "other"}),
    {**event("iam", "CreateAccessKey"), "source": "my.application"},
    {**event("iam", "CreateAccessKey"), "source": "aws.iam.mine"},
    {**event("guardduty", "Finding"), "detail-type": "GuardDuty Finding"},
    {**_SIGN_IN, "detail-type": "Something Else"},
]


@pytest.fixture(scope="module")
def applied(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What Terraform makes, by address."""
    terraform = Terraform(tmp_path_factory.mktemp("forwarder"), _MOTO_ACCOUNT)
    terraform.copy_module("modules/realtime-forwarder")
    terraform.write(_CONFIGURATION)
    terraform.run("init")
    terraform.run("apply", "-auto-approve")
    return {address.removeprefix("module.forwarder."): values for address, values in terraform.resources().items()}


@pytest.fixture(scope="module")
def server() -> Iterator[MotoServer]:
    """A server that no other test resets."""
    with MotoServer() as server:
        yield server


def test_changes_and_sign_ins_reach_the_bus_of_the_other_region(
    applied: dict[str, dict[str, Any]], server: MotoServer
) -> None:
    """An event put on one region's bus arrives on the other's, whole, when the default patterns choose it."""
    name: Any = "events"
    there: Any = boto3.client(
        name,
        endpoint_url=server.url,
        region_name=_THERE,
        aws_access_key_id=AWS_ENVIRONMENT["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=AWS_ENVIRONMENT["AWS_SECRET_ACCESS_KEY"],
    )
    for index in range(2):
        rule, target = (applied[f"aws_cloudwatch_event_{kind}[{index}]"] for kind in ("rule.this", "target.bus"))
        there.put_rule(Name=rule["name"], EventPattern=rule["event_pattern"])
        there.put_targets(
            Rule=rule["name"],
            Targets=[{"Id": target["target_id"], "Arn": target["arn"], "RoleArn": target["role_arn"]}],
        )
    here = Bus(server.url, {"everything": '{"detail": {"mark": [{"exists": true}]}}'})
    arrived = here.rules_for([*_FORWARDED, *_LEFT], put_by=there)
    assert [envelope["everything"]["detail"]["eventName"] for envelope in arrived[: len(_FORWARDED)]] == [
        event["detail"]["eventName"] for event in _FORWARDED
    ]
    assert arrived[len(_FORWARDED) :] == [{} for _ in _LEFT]
