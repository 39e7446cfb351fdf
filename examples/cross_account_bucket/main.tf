module "cloudtrail_to_slack" {
  source = "../../"

  cloudtrail_logs_s3_bucket_name       = "their-trail-logs"
  cloudtrail_logs_s3_bucket_account_id = "999988887777"
  cloudtrail_logs_kms_key_id           = "arn:aws:kms:eu-west-1:999988887777:key/0a1b2c3d-0000-4000-8000-000000000000"
  create_bucket_notification           = false

  slack_bot_token_ssm_parameter = "/cloudtrail-to-slack/slack-bot-token"
  default_slack_channel_id      = "C0123456789"
}

output "lambda_function_name" {
  description = "Name of the function."
  value       = module.cloudtrail_to_slack.lambda_function_name
}

output "trail_bucket_policy" {
  description = "To add to the bucket's policy."
  value       = module.cloudtrail_to_slack.trail_bucket_policy
}

output "trail_key_policy" {
  description = "To add to the policy of the logs' key."
  value       = module.cloudtrail_to_slack.trail_key_policy
}

output "bucket_notification_configuration" {
  description = "To merge into the bucket's notification configuration."
  value       = module.cloudtrail_to_slack.bucket_notification_configuration
}
