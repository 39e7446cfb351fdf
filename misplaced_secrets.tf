# A token or a webhook that was put into a variable for something else is used nowhere and shown nowhere. A validation of
# the variable would print its value with the error, so validations let it pass, and a precondition refuses it.

locals {
  # Slack's tokens and webhooks, as the validations have it too. No local value may stand in those before Terraform 1.9.
  secret_pattern = "(?i:^/?xox[abcdeprs][^a-z0-9]|xox[a-z]-[0-9]|xapp-[0-9]|hooks[.]slack)|services/T[A-Z0-9]+/B"
  # Rules may name Slack's addresses, and the beginnings of its tokens.
  secret_in_text = "(?i:(xox[a-z]|xapp)-[0-9]+-[a-z0-9]{6})|services/T[A-Z0-9]{6,}/B[A-Z0-9]{6,}/"

  # The variables that are one string, and what a plan that is going to fail uses in place of a secret: no null where
  # the number of resources depends on whether there is a value, because that is known of values not known otherwise.
  strings = {
    cloudtrail_logs_s3_bucket_name            = [var.cloudtrail_logs_s3_bucket_name, "trail-logs"]
    cloudtrail_logs_s3_bucket_account_id      = [var.cloudtrail_logs_s3_bucket_account_id, "000000000000"]
    cloudtrail_logs_kms_key_id                = [var.cloudtrail_logs_kms_key_id, ""]
    s3_notification_filter_prefix             = [var.s3_notification_filter_prefix, ""]
    s3_sns_fanout_topic_arn                   = [var.s3_sns_fanout_topic_arn, "arn:aws:sns:us-east-1:000000000000:topic"]
    s3_sns_fanout_topic_name                  = [var.s3_sns_fanout_topic_name, "topic"]
    cloudtrail_sns_topic_arn                  = [var.cloudtrail_sns_topic_arn, "arn:aws:sns:us-east-1:000000000000:topic"]
    slack_bot_token_ssm_parameter             = [var.slack_bot_token_ssm_parameter, null]
    slack_bot_token_secret_arn                = [var.slack_bot_token_secret_arn, null]
    default_slack_channel_id                  = [var.default_slack_channel_id, null]
    default_slack_hook_url_ssm_parameter      = [var.default_slack_hook_url_ssm_parameter, null]
    default_slack_hook_url_secret_arn         = [var.default_slack_hook_url_secret_arn, null]
    slack_api_url                             = [var.slack_api_url, null]
    default_sns_topic_arn                     = [var.default_sns_topic_arn, null]
    sns_topic_name                            = [var.sns_topic_name, "topic"]
    function_name                             = [var.function_name, "cloudtrail-to-slack"]
    lambda_runtime                            = [var.lambda_runtime, "python3.13"]
    lambda_architecture                       = [var.lambda_architecture, "arm64"]
    log_level                                 = [var.log_level, "INFO"]
    lambda_package                            = [var.lambda_package, null]
    lambda_package_sha256                     = [var.lambda_package_sha256, null]
    dependencies_layer_arn                    = [var.dependencies_layer_arn, "arn:aws:lambda:us-east-1:000000000000:layer:layer:1"]
    build_directory                           = [var.build_directory, null]
    role_name                                 = [var.role_name, "role"]
    lambda_role_arn                           = [var.lambda_role_arn, "arn:aws:iam::000000000000:role/role"]
    restart_logging_role_arn                  = [var.restart_logging_role_arn, "arn:aws:iam::000000000000:role/role"]
    iam_role_path                             = [var.iam_role_path, "/"]
    lambda_code_signing_config_arn            = [var.lambda_code_signing_config_arn, null]
    iam_role_permissions_boundary             = [var.iam_role_permissions_boundary, null]
    kms_key_arn                               = [var.kms_key_arn, "arn:aws:kms:us-east-1:000000000000:key/key"]
    dynamodb_table_name                       = [var.dynamodb_table_name, "table"]
    dead_letter_target_arn                    = [var.dead_letter_target_arn, "arn:aws:sqs:us-east-1:000000000000:queue"]
    restart_logging_maintenance_ssm_parameter = [var.restart_logging_maintenance_ssm_parameter, null]
    restart_logging_slack_channel_id          = [var.restart_logging_slack_channel_id, null]
    rules                                     = [var.rules, "", local.secret_in_text]
    ignore_rules                              = [var.ignore_rules, "", local.secret_in_text]
    rules_separator                           = [var.rules_separator, ",", local.secret_in_text]
    events_to_track                           = [var.events_to_track, "", local.secret_in_text]
  }
  misplaced_tags = { for name, value in var.tags : name => can(regex(local.secret_pattern, value)) }
  tags           = { for name, value in var.tags : name => local.misplaced_tags[name] ? "" : value }

  misplaced = merge(
    { for name, pair in local.strings : name => can(regex(try(pair[2], local.secret_pattern), pair[0])) },
    { tags = anytrue(values(local.misplaced_tags)) },
  )
  given = { for name, pair in local.strings : name => local.misplaced[name] ? pair[1] : pair[0] }
}
