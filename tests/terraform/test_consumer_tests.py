"""The `terraform test` of a configuration that calls the module, with mocks that have no values of their own."""

import os
from pathlib import Path

import pytest

from support.terraform import Terraform

_CALL = """
terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }
}

module "alerts" {
  source                         = "./module"
  cloudtrail_logs_s3_bucket_name = "trail-logs"
  cloudtrail_logs_kms_key_id     = "alias/logs"
  slack_bot_token_ssm_parameter  = "/slack/token"
  default_slack_channel_id       = "C0123456789"
  aws_sns_topic_subscriptions    = { "soc@example.com" = "email" }
  enable_s3_sns_fanout           = true
  enable_sqs_queue               = true
  restart_logging                = true
  create_dashboard               = true
  kms_key_arn                    = "arn:aws:kms:eu-west-1:111122223333:key/mine"
}

output "name" {
  value = module.alerts.lambda_function_name
}

output "warnings" {
  value = module.alerts.warnings
}
"""
_TEST = """
%s
run "it_has_its_name_and_says_that_nothing_watches_it" {
  command = plan

  assert {
    condition     = output.name == "cloudtrail-to-slack" && strcontains(output.warnings[0], "alarm_topic_arns")
    error_message = "the module has other outputs"
  }
}
"""


@pytest.mark.parametrize("mocks", ["aws", "aws archive external"])
@pytest.mark.parametrize("variable", ["TF_CLI_CONFIG_FILE", "TF_CLI_CONFIG_FILE_V6"])
def test_plain_mocks_do(variable: str, mocks: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A plan passes with AWS provider 5 and 6, with no values for mocks, no credentials, and no alarms."""
    monkeypatch.setenv("TF_CLI_CONFIG_FILE_V6", os.environ.get(variable, ""))
    terraform = Terraform(tmp_path, "111122223333")
    terraform.copy_module()
    terraform.write(_CALL)
    terraform.write(_TEST % "".join(f'mock_provider "{name}" {{}}\n' for name in mocks.split()), "tests/it.tftest.hcl")
    terraform.run("init")
    assert "1 passed, 0 failed" in terraform.run("test")
