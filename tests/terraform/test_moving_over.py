"""Coming from the earlier module: what has a name in AWS stays, under its new address."""

from pathlib import Path

from support.terraform import Terraform

# The resources of the earlier module that have a counterpart here, where they stood.
_EARLIER = {
    "earlier/main.tf": """
module "lambda" {
  source = "./lambda"
}

module "cloudtrail_to_slack_dynamodb_table" {
  count  = 1
  source = "./table"
}

resource "aws_lambda_permission" "s3" {
  statement_id  = "AllowExecutionFromS3Bucket"
  action        = "lambda:InvokeFunction"
  function_name = module.lambda.name
  principal     = "s3.amazonaws.com"
  source_arn    = "arn:aws:s3:::trail-logs"

  source_account = "111122223333"
}

resource "aws_s3_bucket_notification" "bucket_notification" {
  bucket = "trail-logs"
  lambda_function {
    lambda_function_arn = module.lambda.arn
    events              = ["s3:ObjectCreated:*"]
  }
}
""",
    "earlier/lambda/main.tf": """
resource "aws_iam_role" "lambda" {
  count              = 1
  name               = "cloudtrail-to-slack"
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [] })
}

resource "aws_cloudwatch_log_group" "lambda" {
  count = 1
  name  = "/aws/lambda/cloudtrail-to-slack"
}

resource "aws_lambda_function" "this" {
  count         = 1
  function_name = "cloudtrail-to-slack"
  role          = aws_iam_role.lambda[0].arn
  filename      = "package.zip"
  handler       = "main.lambda_handler"
  runtime       = "python3.10"
}

output "arn" {
  value = aws_lambda_function.this[0].arn
}

output "name" {
  value = aws_lambda_function.this[0].function_name
}
""",
    "earlier/table/main.tf": """
resource "aws_dynamodb_table" "this" {
  count        = 1
  name         = "cloudtrail-to-slack-table"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "principal_structure_and_action_hash"
  attribute {
    name = "principal_structure_and_action_hash"
    type = "S"
  }
}
""",
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
_ARGUMENTS = """
  cloudtrail_logs_s3_bucket_name = "trail-logs"
  slack_bot_token                = "xoxb-1"
  default_slack_channel_id       = "C0123456789"
  lambda_package                 = "package.zip"
"""


def test_what_has_a_name_stays(tmp_path: Path) -> None:
    """Function, role, log group, permission and notification are updated in place; only the table is replaced."""
    terraform = Terraform(tmp_path, "111122223333")
    for path, text in _EARLIER.items():
        terraform.write(text, path)
    terraform.write(_CALL.format(source="earlier", arguments=""))
    terraform.run("init")
    terraform.run("apply", "-auto-approve")
    terraform.copy_module()
    terraform.write(_CALL.format(source="module", arguments=_ARGUMENTS))
    terraform.run("init")
    planned = terraform.planned()
    stayed = {
        "aws_lambda_function.this": ["update"],
        "aws_iam_role.this": ["update"],
        "aws_cloudwatch_log_group.this": ["update"],
        "aws_lambda_permission.s3[0]": ["no-op"],
        "aws_s3_bucket_notification.bucket_notification[0]": ["update"],
        "aws_dynamodb_table.state[0]": ["delete", "create"],
    }
    found = {name: planned[f"module.alerts.{name}"]["change"]["actions"] for name in stayed}
    assert found == stayed
    assert [address for address, change in planned.items() if change["change"]["actions"] == ["delete"]] == []
