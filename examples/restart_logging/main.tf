module "cloudtrail_to_slack" {
  source = "../../"

  # The bucket's notification configuration is replaced. Does `aws s3api get-bucket-notification-configuration` show one?
  # Then see docs/deployment.md, "A bucket that has notifications already".
  cloudtrail_logs_s3_bucket_name = "my-trail-logs"

  slack_bot_token_ssm_parameter = "/cloudtrail-to-slack/slack-bot-token"
  default_slack_channel_id      = "C0123456789"

  # Who stops one of these trails finds it started again. Left out: all trails of the account.
  restart_logging        = true
  restart_logging_trails = ["management-events"]

  # After three starts within an hour a person must look.
  restart_logging_max_per_hour     = 3
  restart_logging_slack_channel_id = "C0SECURITY0"
  alarm_topic_arns                 = [aws_sns_topic.alarms.arn]

  restart_logging_maintenance_ssm_parameter = aws_ssm_parameter.maintenance_until.name
}

# Until when stopped trails are left alone. Set it by hand when you need it, for at most seven days.
resource "aws_ssm_parameter" "maintenance_until" {
  #checkov:skip=CKV2_AWS_34:It holds a time, which is no secret.
  name        = "/cloudtrail-to-slack/maintenance-until"
  description = "Until when stopped trails stay stopped, such as 2026-03-14T18:00:00Z"
  type        = "String"
  value       = "2026-01-01T00:00:00Z"

  lifecycle {
    ignore_changes = [value]
  }
}

resource "aws_sns_topic" "alarms" {
  #checkov:skip=CKV_AWS_26:CloudWatch cannot use AWS's own key, and an alarm contains nothing secret; production may give it a key.
  name = "cloudtrail-to-slack-alarms"
}

output "lambda_function_name" {
  description = "Name of the function."
  value       = module.cloudtrail_to_slack.lambda_function_name
}

output "restart_logging_function_name" {
  description = "Name of the function that starts logging again."
  value       = module.cloudtrail_to_slack.restart_logging_function_name
}
