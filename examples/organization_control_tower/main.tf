module "cloudtrail_to_slack" {
  source = "../../"

  cloudtrail_logs_s3_bucket_name = var.cloudtrail_logs_s3_bucket_name
  s3_notification_filter_prefix  = "${var.organization_id}/AWSLogs/"
  cloudtrail_logs_kms_key_id     = var.cloudtrail_logs_kms_key_id

  slack_bot_token_ssm_parameter = var.slack_bot_token_ssm_parameter
  default_slack_channel_id      = var.default_slack_channel_id

  # An organisation's logs come in bursts.
  enable_sqs_queue        = true
  sqs_maximum_concurrency = 10

  # Control Tower itself does these things, through this role.
  detection_ignore_rules = [
    {
      expression = "'/AWSControlTowerExecution/' in event.get('userIdentity.arn', '') and event.get('errorCode') is not None"
      reason     = "Control Tower looks whether things are there, and is told that they are not"
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
