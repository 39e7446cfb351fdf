module "cloudtrail_to_slack" {
  source = "../../"

  # The bucket's notification configuration is replaced. Does `aws s3api get-bucket-notification-configuration` show one?
  # Then see docs/deployment.md, "A bucket that has notifications already".
  cloudtrail_logs_s3_bucket_name = "my-trail-logs"

  default_slack_hook_url_ssm_parameter = "/cloudtrail-to-slack/webhooks/default"

  slack_webhook_configuration = [
    {
      accounts                     = ["111111111111", "222222222222"]
      slack_hook_url_ssm_parameter = "/cloudtrail-to-slack/webhooks/production"
    },
  ]

  # Every event with one of these names alerts.
  events_to_track = "CreateUser, CreateAccessKey, DeleteConfigRule"
}

output "lambda_function_name" {
  description = "Name of the function."
  value       = module.cloudtrail_to_slack.lambda_function_name
}
