# What the function reads as config.json: rules, routes and switches; never a secret.

locals {
  # "" and null are the same: none. Whether a secret is given is no secret.
  bot_token_given       = nonsensitive(sensitive(var.slack_bot_token != null && var.slack_bot_token != ""))
  webhook_given         = nonsensitive(sensitive(var.default_slack_hook_url != null && var.default_slack_hook_url != ""))
  webhook_routes_given  = nonsensitive(sensitive(length(coalesce(var.configuration, [])) > 0))
  has_bot               = local.bot_token_given || var.slack_bot_token_ssm_parameter != null || var.slack_bot_token_secret_arn != null
  has_webhook           = local.webhook_given || var.default_slack_hook_url_ssm_parameter != null || var.default_slack_hook_url_secret_arn != null
  has_webhook_routes    = local.webhook_routes_given || length(var.slack_webhook_configuration) > 0
  has_sns               = local.create_alerts_topic || local.default_topic_given || length(local.sns_routes) > 0
  slack_routes          = coalesce(var.slack_app_configuration, [])
  sns_routes            = coalesce(var.sns_configuration, [])
  default_topic_given   = var.default_sns_topic_arn != null && var.default_sns_topic_arn != ""
  create_alerts_topic   = length(var.aws_sns_topic_subscriptions) == 0 ? false : !local.default_topic_given
  default_topic_arn     = local.create_alerts_topic ? aws_sns_topic.events_to_sns[0].arn : local.default_topic_given ? var.default_sns_topic_arn : null
  has_state_table       = var.deduplicate_deliveries ? true : local.has_bot
  bucket_account_id     = coalesce(var.cloudtrail_logs_s3_bucket_account_id, data.aws_caller_identity.current.account_id)
  bucket_in_own_account = local.bucket_account_id == data.aws_caller_identity.current.account_id

  # Not the resources' own ARNs, which are known only after apply: so would be config.json, and whether it changes.
  own_role_arns = [
    for name in concat([local.role_name], var.restart_logging ? [local.restart_role_name] : []) :
    "arn:${local.partition}:iam::${local.account_id}:role/${name}"
  ]

  config = {
    function_name                         = var.function_name
    use_default_rules                     = var.use_default_rules
    rules                                 = local.rules
    ignore_rules                          = local.ignore_rules
    events_to_track                       = local.events_to_track
    rule_evaluation_errors_to_slack       = var.rule_evaluation_errors_to_slack
    push_access_denied_cloudwatch_metrics = var.push_access_denied_cloudwatch_metrics
    s3_removed_object_notification        = var.s3_removed_object_notification
    slack                                 = { default_channel_id = var.default_slack_channel_id, routes = local.slack_routes }
    sns                                   = { default_topic_arn = local.default_topic_arn, routes = local.sns_routes }
    dynamodb_time_to_live                 = var.dynamodb_time_to_live
    deduplicate_deliveries                = var.deduplicate_deliveries
    delivery_ledger_time_to_live          = var.delivery_ledger_time_to_live
    max_messages_per_channel              = var.max_messages_per_channel
    enable_realtime                       = var.enable_realtime
    enable_silence_alarm                  = local.watches_silence
    silence_alarm_minimum_hours           = var.silence_alarm_minimum_hours
    own_role_arns                         = local.own_role_arns
  }
}
