module "cloudtrail_to_slack" {
  source = "../../"

  # The bucket's notification configuration is replaced. Does `aws s3api get-bucket-notification-configuration` show one?
  # Then see docs/deployment.md, "A bucket that has notifications already".
  cloudtrail_logs_s3_bucket_name = "my-trail-logs"

  slack_bot_token_ssm_parameter = "/cloudtrail-to-slack/slack-bot-token"
  default_slack_channel_id      = "C0123456789"

  # What the rules can match alerts within seconds: events of this region, and those that the forwarders bring.
  enable_realtime = true
}

# And tampering, whatever becomes of the function.
module "tripwire" {
  source = "../../modules/tripwire"

  slack_hook_url_ssm_parameter = "/cloudtrail-tripwire/webhook"

  log_bucket_names = ["my-trail-logs"]
  function_names   = [module.cloudtrail_to_slack.lambda_function_name]
  event_rule_names = module.cloudtrail_to_slack.event_rule_names
  queue_arns       = [module.cloudtrail_to_slack.dead_letter_target_arn]
  table_arns       = [module.cloudtrail_to_slack.dynamodb_table_arn]
  role_names       = [module.cloudtrail_to_slack.lambda_role_name]
}

# One block per region, each with its provider. From us-east-1 comes what changes IAM, for the tripwire too.
module "from_us_east_1" {
  source    = "../../modules/realtime-forwarder"
  providers = { aws = aws.us_east_1 }

  target_region = "eu-west-1"
}

module "from_eu_central_1" {
  source    = "../../modules/realtime-forwarder"
  providers = { aws = aws.eu_central_1 }

  target_region  = "eu-west-1"
  event_patterns = module.cloudtrail_to_slack.realtime_event_patterns
}

module "from_ap_southeast_2" {
  source    = "../../modules/realtime-forwarder"
  providers = { aws = aws.ap_southeast_2 }

  target_region  = "eu-west-1"
  event_patterns = module.cloudtrail_to_slack.realtime_event_patterns
}

output "lambda_function_name" {
  description = "Name of the function."
  value       = module.cloudtrail_to_slack.lambda_function_name
}

output "forwarded_to" {
  description = "The bus to which each region's events are forwarded."
  value = distinct([
    module.from_us_east_1.target_event_bus_arn,
    module.from_eu_central_1.target_event_bus_arn,
    module.from_ap_southeast_2.target_event_bus_arn,
  ])
}
