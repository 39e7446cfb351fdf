module "cloudtrail_to_slack" {
  source = "../../"

  cloudtrail_logs_s3_bucket_name = "my-trail-logs"

  slack_bot_token_ssm_parameter = "/cloudtrail-to-slack/slack-bot-token"
  default_slack_channel_id      = var.default_slack_channel_id
  slack_app_configuration       = var.slack_channels

  # Every file in rules/, with its tests: Terraform leaves them out of the function's configuration.
  rule_files = [for name in fileset(path.module, "rules/*.yaml") : "${path.module}/${name}"]
}

output "lambda_function_name" {
  description = "Name of the function."
  value       = module.cloudtrail_to_slack.lambda_function_name
}

output "rendered_config" {
  description = "The function's configuration, for `cloudtrail-to-slack check --config` and `backtest --config`."
  value       = module.cloudtrail_to_slack.rendered_config
}
