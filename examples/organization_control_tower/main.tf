module "cloudtrail_to_slack" {
  source = "../../"

  # The bucket's notification configuration is replaced. Does `aws s3api get-bucket-notification-configuration` show one?
  # Then see docs/deployment.md, "A bucket that has notifications already".
  cloudtrail_logs_s3_bucket_name = "aws-controltower-logs-111122223333-eu-west-1"
  s3_notification_filter_prefix  = "o-a1b2c3d4e5/AWSLogs/"

  slack_bot_token_ssm_parameter = "/cloudtrail-to-slack/slack-bot-token"
  default_slack_channel_id      = "C0123456789"

  # An organization's logs come in bursts.
  enable_sqs_queue        = true
  sqs_maximum_concurrency = 10

  # Control Tower itself does these things, through this role.
  detection_ignore_rules = [
    {
      expression = "re_fullmatch('arn:aws:iam::[0-9]{12}:role/AWSControlTowerExecution', event.get('userIdentity.sessionContext.sessionIssuer.arn')) and event.get('errorCode') is not None"
      reason     = "Control Tower looks for things that are not there"
    },
  ]
}

output "lambda_function_name" {
  description = "Name of the function."
  value       = module.cloudtrail_to_slack.lambda_function_name
}

output "bucket_notification_configuration" {
  description = "What the bucket's notification configuration must hold."
  value       = module.cloudtrail_to_slack.bucket_notification_configuration
}
