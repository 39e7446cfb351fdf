module "cloudtrail_to_slack" {
  source = "../../"

  cloudtrail_logs_s3_bucket_name       = var.cloudtrail_logs_s3_bucket_name
  cloudtrail_logs_s3_bucket_account_id = var.cloudtrail_logs_s3_bucket_account_id
  cloudtrail_logs_kms_key_id           = var.cloudtrail_logs_kms_key_arn
  create_bucket_notification           = false

  slack_bot_token_ssm_parameter = var.slack_bot_token_ssm_parameter
  default_slack_channel_id      = var.default_slack_channel_id
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
