"""Coming from fivexl/cloudtrail-to-slack/aws: what has a name in AWS stays, under its new address.

The state has what releases 4.5.0 and 4.5.1 of that module create, at its addresses: those of its own resources, of
terraform-aws-modules/lambda/aws 4.18.0 and of terraform-aws-modules/dynamodb-table/aws 3.3.0, which it calls.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from support.terraform import Terraform

_NAME = "fivexl-cloudtrail-to-slack"
_HERE = "eu-west-1:111122223333"
_POLICY = 'jsonencode({ Version = "2012-10-17", Statement = [] })'

# Resources of the earlier module by address in it; a folder of its own for each module that it calls.
_LAMBDA = f"""
variable "dead_letters" {{
  default = false
}}

resource "aws_iam_role" "lambda" {{
  count                 = 1
  name                  = "{_NAME}"
  force_detach_policies = true
  assume_role_policy    = {_POLICY}
}}

resource "aws_iam_policy" "logs" {{
  count  = 1
  name   = "{_NAME}-logs"
  policy = {_POLICY}
}}

resource "aws_iam_role_policy_attachment" "logs" {{
  count      = 1
  role       = aws_iam_role.lambda[0].name
  policy_arn = aws_iam_policy.logs[0].arn
}}

resource "aws_iam_policy" "additional_json" {{
  count  = 1
  name   = "{_NAME}"
  policy = {_POLICY}
}}

resource "aws_iam_role_policy_attachment" "additional_json" {{
  count      = 1
  role       = aws_iam_role.lambda[0].name
  policy_arn = aws_iam_policy.additional_json[0].arn
}}

resource "aws_iam_policy" "dead_letter" {{
  count  = var.dead_letters ? 1 : 0
  name   = "{_NAME}-dl"
  policy = {_POLICY}
}}

resource "aws_iam_role_policy_attachment" "dead_letter" {{
  count      = var.dead_letters ? 1 : 0
  role       = aws_iam_role.lambda[0].name
  policy_arn = aws_iam_policy.dead_letter[0].arn
}}

resource "aws_cloudwatch_log_group" "lambda" {{
  count             = 1
  name              = "/aws/lambda/{_NAME}"
  retention_in_days = 30
}}

resource "local_file" "archive_plan" {{
  count    = 1
  filename = "builds/plan.json"
  content  = "{{}}"
}}

resource "null_resource" "archive" {{
  count    = 1
  triggers = {{ filename = "builds/package.zip" }}
}}

resource "aws_lambda_function" "this" {{
  count         = 1
  function_name = "{_NAME}"
  role          = aws_iam_role.lambda[0].arn
  filename      = "package.zip"
  handler       = "main.lambda_handler"
  runtime       = "python3.10"
  publish       = true
  depends_on    = [null_resource.archive, aws_cloudwatch_log_group.lambda, aws_iam_role_policy_attachment.logs]
}}

output "arn" {{
  value = aws_lambda_function.this[0].arn
}}

output "name" {{
  value = aws_lambda_function.this[0].function_name
}}
"""
_TABLE = f"""
resource "aws_dynamodb_table" "this" {{
  count        = 1
  name         = "{_NAME}-table"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "principal_structure_and_action_hash"
  attribute {{
    name = "principal_structure_and_action_hash"
    type = "S"
  }}
  ttl {{
    attribute_name = "ttl"
    enabled        = true
  }}
}}
"""
_DIRECT = """
resource "aws_lambda_permission" "s3" {
  count          = 1
  statement_id   = "AllowExecutionFromS3Bucket"
  action         = "lambda:InvokeFunction"
  function_name  = module.lambda.name
  principal      = "s3.amazonaws.com"
  source_arn     = "arn:aws:s3:::trail-logs"
  source_account = "111122223333"
}

resource "aws_s3_bucket_notification" "bucket_notification" {
  count  = 1
  bucket = "trail-logs"
  lambda_function {
    lambda_function_arn = module.lambda.arn
    events              = ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"]
    filter_prefix       = "AWSLogs/"
    filter_suffix       = ".json.gz"
  }
}
"""
_FANOUT = f"""
resource "aws_sns_topic" "s3_notifications" {{
  count = 1
  name  = "cloudtrail-s3-notifications"
}}

resource "aws_sns_topic_policy" "s3_notifications" {{
  count  = 1
  arn    = aws_sns_topic.s3_notifications[0].arn
  policy = {_POLICY}
}}

resource "aws_lambda_permission" "sns" {{
  count         = 1
  statement_id  = "AllowExecutionFromSNS"
  action        = "lambda:InvokeFunction"
  function_name = module.lambda.name
  principal     = "sns.amazonaws.com"
  source_arn    = aws_sns_topic.s3_notifications[0].arn
}}

resource "aws_sns_topic_subscription" "lambda" {{
  count     = 1
  topic_arn = aws_sns_topic.s3_notifications[0].arn
  protocol  = "lambda"
  endpoint  = module.lambda.arn
}}

resource "aws_s3_bucket_notification" "bucket_notification" {{
  count  = 1
  bucket = "trail-logs"
  topic {{
    topic_arn     = aws_sns_topic.s3_notifications[0].arn
    events        = ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"]
    filter_prefix = "AWSLogs/"
    filter_suffix = ".json.gz"
  }}
}}
"""
_ALERTS = f"""
resource "aws_sns_topic" "events_to_sns" {{
  count             = 1
  name              = "{_NAME}"
  kms_master_key_id = "alias/aws/sns"
}}

resource "aws_sns_topic_subscription" "events_to_sns" {{
  for_each  = {{ "soc@example.com" = "email" }}
  topic_arn = aws_sns_topic.events_to_sns[0].arn
  protocol  = each.value
  endpoint  = each.key
}}
"""
_POLICIES = ("logs", "additional_json")


@dataclass(frozen=True)
class _Earlier:
    """One way in which the earlier module was used: what it created, and the arguments of its block."""

    resources: str
    arguments: dict[str, Any]
    kept: tuple[str, ...]
    dead_letters: bool = False
    table: bool = True
    policies: tuple[str, ...] = field(default=_POLICIES)


_BOT = {"slack_bot_token": "xoxb-1", "default_slack_channel_id": "C0123456789"}
_CASES = {
    "bot": _Earlier(
        _DIRECT,
        _BOT,
        ("aws_lambda_permission.s3[0]", "aws_s3_bucket_notification.bucket_notification[0]"),
    ),
    # Before 4.5.0 neither of them had a count.
    "bot of 4.4": _Earlier(
        _DIRECT.replace("  count          = 1\n", "").replace("  count  = 1\n", ""),
        _BOT,
        ("aws_lambda_permission.s3[0]", "aws_s3_bucket_notification.bucket_notification[0]"),
    ),
    "fan-out with everything": _Earlier(
        _FANOUT + _ALERTS,
        {
            **_BOT,
            "enable_s3_sns_fanout": True,
            "aws_sns_topic_subscriptions": {"soc@example.com": "email"},
            "dead_letter_target_arn": f"arn:aws:sqs:{_HERE}:failed",
        },
        (
            "aws_sns_topic.s3_notifications[0]",
            "aws_sns_topic_policy.s3_notifications[0]",
            'aws_lambda_permission.sns["fanout"]',
            'aws_sns_topic_subscription.trigger["fanout"]',
            "aws_s3_bucket_notification.bucket_notification[0]",
            "aws_sns_topic.events_to_sns[0]",
            'aws_sns_topic_subscription.events_to_sns["soc@example.com"]',
        ),
        dead_letters=True,
        policies=(*_POLICIES, "dead_letter"),
    ),
    "webhook": _Earlier(
        _DIRECT,
        {"default_slack_hook_url": "https://hooks.slack.com/services/T/B/x"},
        ("aws_lambda_permission.s3[0]", "aws_s3_bucket_notification.bucket_notification[0]"),
        table=False,
    ),
}
_CALL = """
provider "aws" {{
  region = "eu-west-1"
}}

module "alerts" {{
  source = "./{source}"
{arguments}
}}
"""


def _earlier(case: _Earlier) -> str:
    table = (
        'module "cloudtrail_to_slack_dynamodb_table" {\n  count  = 1\n  source = "./table"\n}\n' if case.table else ""
    )
    dead_letters = json.dumps(case.dead_letters)
    return (
        f'module "lambda" {{\n  source       = "./lambda"\n  dead_letters = {dead_letters}\n}}\n{table}{case.resources}'
    )


def _moved_over(case: _Earlier, folder: Path) -> Terraform:
    """Return the configuration after the block's source was changed, with the state of the earlier module."""
    terraform = Terraform(folder, "111122223333")
    terraform.write(_earlier(case), "earlier/main.tf")
    terraform.write(_LAMBDA, "earlier/lambda/main.tf")
    terraform.write(_TABLE, "earlier/table/main.tf")
    terraform.write(_CALL.format(source="earlier", arguments=""))
    terraform.run("init")
    terraform.run("apply", "-auto-approve")
    terraform.copy_module()
    arguments = {
        "function_name": _NAME, "cloudtrail_logs_s3_bucket_name": "trail-logs", "lambda_package": "package.zip",
        **case.arguments,
    }  # fmt: skip
    lines = "\n".join(f"  {name} = {json.dumps(value)}" for name, value in arguments.items())
    terraform.write(_CALL.format(source="module", arguments=lines))
    terraform.run("init")
    return terraform


@pytest.mark.parametrize("case", _CASES.values(), ids=_CASES)
def test_what_has_a_name_stays(case: _Earlier, tmp_path: Path) -> None:
    """Function, role, log group, topics, subscriptions and permissions stay; the table alone is replaced.

    Of what is deleted nothing is left that holds anything: policies, whose statements are in the new one, and files.
    """
    planned = _moved_over(case, tmp_path).planned()
    found = {address.removeprefix("module.alerts."): change["change"]["actions"] for address, change in planned.items()}
    kept = ("aws_lambda_function.this", "aws_iam_role.this[0]", "aws_cloudwatch_log_group.this", *case.kept)
    assert {name: found[name] for name in kept if found[name] not in (["no-op"], ["update"])} == {}
    assert found["aws_dynamodb_table.state[0]"] == (["delete", "create"] if case.table else ["create"])
    deleted = {name for name, actions in found.items() if actions == ["delete"]}
    policies = {
        f"module.lambda.{kind}.{name}[0]"
        for kind in ("aws_iam_policy", "aws_iam_role_policy_attachment")
        for name in case.policies
    }
    assert deleted == policies | {"module.lambda.local_file.archive_plan[0]", "module.lambda.null_resource.archive[0]"}
    assert {name for name, actions in found.items() if actions[0] == "delete"} - deleted <= {
        "aws_dynamodb_table.state[0]"
    }


def test_the_new_policy_waits_for_nothing_but_the_role(tmp_path: Path) -> None:
    """All of the policy is known when Terraform plans, so it is there before queue, table and topics are."""
    case = _CASES["fan-out with everything"]
    arguments = {**case.arguments, "enable_sqs_queue": True, "dead_letter_target_arn": None}
    planned = _moved_over(_Earlier(case.resources, arguments, (), dead_letters=True), tmp_path).planned()
    policy = planned["module.alerts.aws_iam_role_policy.this[0]"]["change"]
    assert policy["actions"] == ["create"]
    statements = {
        statement["Sid"]: statement["Resource"] for statement in json.loads(policy["after"]["policy"])["Statement"]
    }
    assert statements["SendToDeadLetterTarget"] == f"arn:aws:sqs:{_HERE}:{_NAME}-dead-letters"
    assert statements["StateTableAccess"] == f"arn:aws:dynamodb:{_HERE}:table/{_NAME}-table"
    assert statements["PublishAlerts"] == f"arn:aws:sns:{_HERE}:{_NAME}"
    assert statements["ConsumeQueue"] == f"arn:aws:sqs:{_HERE}:{_NAME}-notifications"
