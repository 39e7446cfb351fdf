"""Several instances of the module: each deploys its own configuration, and none takes over what is another's."""

import json
from pathlib import Path
from typing import Any

import pytest

from stage.cloud import ACCOUNT, Cloud
from stage.layers import config, content
from stage.terraform import Deployment, TerraformError

pytest_plugins = ["stage.fixtures"]

_ACCOUNTS = {"a": "111111111111", "b": "222222222222"}
_PROVIDER = """
provider "aws" {{
  alias                       = "{alias}"
  region                      = "{region}"
  s3_use_path_style           = true
  skip_credentials_validation = true
  skip_metadata_api_check     = true
{more}
}}
"""
_IN_ACCOUNT = '  assume_role {{\n    role_arn = "arn:aws:iam::{account}:role/deployer"\n  }}'
_CALL = """
module "{name}" {{
  source    = "../module"
  providers = {{ aws = aws.{alias} }}

  cloudtrail_logs_s3_bucket_name = "trail-{name}"
  slack_bot_token_ssm_parameter  = "/slack/token"
  default_slack_channel_id       = "C0{channel}"
  enable_s3_sns_fanout           = true
  aws_sns_topic_subscriptions    = {{ "soc@example.com" = "email" }}
  lambda_package                 = "${{path.module}}/package.zip"
{more}
}}

output "{name}" {{
  value = module.{name}.rendered_config
}}
"""


def _call(name: str, *, alias: str | None = None, more: str = "") -> str:
    return _CALL.format(name=name, alias=alias or name, channel=name.upper(), more=more)


def _deployment(text: str, cloud: Cloud, tmp_path: Path) -> Deployment:
    deployment = Deployment.calling(tmp_path / "work", cloud.environment, text)
    (deployment.folder / "package.zip").write_bytes(
        (deployment.module / "src/cloudtrail_to_slack_build/function.zip").read_bytes()
    )
    return deployment


def _deployed_config(
    cloud: Cloud, deployment: Deployment, name: str = "cloudtrail-to-slack", **where: Any
) -> dict[str, Any]:
    return config(content(cloud.client("lambda", **where), name, deployment.folder))


def _policies(cloud: Cloud) -> dict[str, str]:
    sns = cloud.client("sns")
    arns = [topic["TopicArn"] for topic in sns.list_topics()["Topics"]]
    return {arn: sns.get_topic_attributes(TopicArn=arn)["Attributes"]["Policy"] for arn in arns}


def test_two_accounts_deploy_each_its_own(cloud: Cloud, tmp_path: Path) -> None:
    """With the default names in two accounts of one configuration, each function has the layers meant for it."""
    text = "".join(
        _PROVIDER.format(alias=name, region=cloud.region, more=_IN_ACCOUNT.format(account=account)) + _call(name)
        for name, account in _ACCOUNTS.items()
    )
    for name, account in _ACCOUNTS.items():
        cloud.make_bucket(f"trail-{name}", account)
    deployment = _deployment(text, cloud, tmp_path)
    deployment.apply()
    deployment.expect_no_changes()
    for name, account in _ACCOUNTS.items():
        found = _deployed_config(cloud, deployment, account=account)
        assert found == json.loads(deployment.outputs()[name])
        assert found["slack"]["default_channel_id"] == f"C0{name.upper()}"


def test_instances_of_one_account_share_no_name(cloud: Cloud, tmp_path: Path) -> None:
    """Another name in the same region, and the same name in another region with another role: all can exist."""
    text = _PROVIDER.format(alias="a", region=cloud.region, more="") + _PROVIDER.format(
        alias="c", region="us-east-1", more=""
    )
    text += _call("a") + _call("b", alias="a", more='  function_name = "second"\n  create_dashboard = true')
    text += _call("c", more='  role_name = "cloudtrail-to-slack-us-east-1"\n  create_dashboard = true')
    for name in "ab":
        cloud.make_bucket(f"trail-{name}", ACCOUNT)
    cloud.client("s3", region="us-east-1").create_bucket(Bucket="trail-c")
    deployment = _deployment(text, cloud, tmp_path)
    deployment.apply()
    deployment.expect_no_changes()
    for name, function, where in (
        ("a", "cloudtrail-to-slack", {}), ("b", "second", {}), ("c", "cloudtrail-to-slack", {"region": "us-east-1"}),
    ):  # fmt: skip
        assert _deployed_config(cloud, deployment, function, **where) == json.loads(deployment.outputs()[name])
    topics = {arn.rpartition(":")[2] for arn in _policies(cloud)}
    assert topics == {"cloudtrail-to-slack", "cloudtrail-s3-notifications", "second", "second-s3-notifications"}
    assert set(cloud.client("dynamodb").list_tables()["TableNames"]) == {"cloudtrail-to-slack-table", "second-table"}


def test_a_second_instance_of_the_same_name_takes_nothing_over(cloud: Cloud, tmp_path: Path) -> None:
    """Its apply fails before it has a topic, queue, rule or alarm of the first one's, and changes none of them."""
    cloud.make_bucket("trail-a", ACCOUNT)
    provider = _PROVIDER.format(alias="a", region=cloud.region, more="")
    alarms = '  alarm_topic_arns = ["arn:aws:sns:eu-west-1:123456789012:alarms"]'
    first = _deployment(provider + _call("a", more=alarms), cloud, tmp_path / "first")
    first.apply()
    before, policies = cloud.inventory(), _policies(cloud)

    cloud.make_bucket("trail-b", ACCOUNT)
    second = _deployment(provider + _call("b", alias="a", more=alarms), cloud, tmp_path / "second")
    with pytest.raises(TerraformError, match="already exist"):
        second.apply()
    second.destroy()
    assert _policies(cloud) == policies
    assert cloud.inventory() == before
    first.expect_no_changes()
