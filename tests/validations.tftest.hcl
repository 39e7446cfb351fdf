# Every validation of a variable refuses what is wrong. A run holds wrong values of several variables: each must be refused.

mock_provider "aws" {
  source = "./tests/mocks"
}
mock_provider "external" {
  source = "./tests/mocks"
}
mock_provider "archive" {}

variables {
  cloudtrail_logs_s3_bucket_name = "trail-logs"
  default_sns_topic_arn          = "arn:aws:sns:eu-west-1:111122223333:alerts"
  # Any file will do for a package here, and is read sooner than the code is packaged.
  lambda_package = "LICENSE"
}

run "values_that_are_out_of_range_are_refused" {
  command = plan

  variables {
    lambda_memory_size                    = 100
    lambda_timeout_seconds                = 901
    lambda_logs_retention_in_days         = 31
    lambda_reserved_concurrent_executions = 0
    lambda_maximum_retry_attempts         = 3
    lambda_maximum_event_age_seconds      = 59
    sqs_batch_size                        = 11
    sqs_max_receive_count                 = 0
    sqs_maximum_concurrency               = 1
    dynamodb_time_to_live                 = 0
    deduplication_time_to_live            = 0
    max_messages_per_channel              = 0
    alarm_missing_log_data_hours          = 25
  }

  expect_failures = [
    var.lambda_memory_size, var.lambda_timeout_seconds, var.lambda_logs_retention_in_days,
    var.lambda_reserved_concurrent_executions, var.lambda_maximum_retry_attempts, var.lambda_maximum_event_age_seconds,
    var.sqs_batch_size, var.sqs_max_receive_count, var.sqs_maximum_concurrency, var.dynamodb_time_to_live,
    var.deduplication_time_to_live, var.max_messages_per_channel, var.alarm_missing_log_data_hours,
  ]
}

run "numbers_that_are_not_whole_are_refused" {
  command = plan

  variables {
    lambda_memory_size           = 256.5
    lambda_timeout_seconds       = 30.5
    sqs_batch_size               = 1.5
    dynamodb_time_to_live        = 1.5
    deduplication_time_to_live   = 1.5
    max_messages_per_channel     = 1.5
    alarm_missing_log_data_hours = 1.5
  }

  expect_failures = [
    var.lambda_memory_size, var.lambda_timeout_seconds, var.sqs_batch_size, var.dynamodb_time_to_live,
    var.deduplication_time_to_live, var.max_messages_per_channel, var.alarm_missing_log_data_hours,
  ]
}

run "names_and_choices_that_aws_or_the_function_would_refuse_are_refused" {
  command = plan

  variables {
    function_name                        = "cloudtrail to slack"
    cloudtrail_logs_s3_bucket_name       = "arn:aws:s3:::trail-logs"
    cloudtrail_logs_s3_bucket_account_id = "12345678901"
    s3_notification_filter_prefix        = "/AWSLogs/*"
    s3_sns_fanout_topic_name             = "topic name"
    dynamodb_table_name                  = "t"
    lambda_runtime                       = "python3.10"
    lambda_architecture                  = "amd64"
    log_level                            = "LOUD"
    rules_separator                      = ""
  }

  expect_failures = [
    var.function_name, var.cloudtrail_logs_s3_bucket_name, var.cloudtrail_logs_s3_bucket_account_id,
    var.s3_notification_filter_prefix, var.s3_sns_fanout_topic_name, var.dynamodb_table_name, var.lambda_runtime,
    var.lambda_architecture, var.log_level, var.rules_separator,
  ]
}

run "what_is_no_arn_or_of_another_service_is_refused" {
  command = plan

  variables {
    kms_key_arn              = "alias/logs"
    additional_kms_key_arns  = ["arn:aws:kms:eu-west-1:111122223333:key/1", "alias/logs"]
    dead_letter_target_arn   = "arn:aws:lambda:eu-west-1:111122223333:function:f"
    alarm_topic_arns         = ["arn:aws:sqs:eu-west-1:111122223333:q"]
    default_sns_topic_arn    = "alerts"
    s3_sns_fanout_topic_arn  = "fan-out"
    cloudtrail_sns_topic_arn = "trail"
    dependencies_layer_arn   = "arn:aws:lambda:eu-west-1:111122223333:layer:without-version"
    lambda_package_sha256    = "sha256:00"
    build_directory          = " "
    role_name                = "role/with/slashes"
    sns_topic_name           = "a.topic"
    slack_api_url            = "slack.com/api"
  }

  expect_failures = [
    var.kms_key_arn, var.additional_kms_key_arns, var.dead_letter_target_arn, var.alarm_topic_arns,
    var.default_sns_topic_arn, var.s3_sns_fanout_topic_arn, var.cloudtrail_sns_topic_arn, var.dependencies_layer_arn,
    var.lambda_package_sha256, var.build_directory, var.role_name, var.sns_topic_name, var.slack_api_url,
  ]
}

# By a precondition, which does not show the value; a variable's own validation would.
run "a_secret_in_the_place_of_its_reference_is_refused" {
  command = plan

  variables {
    slack_bot_token_ssm_parameter        = "xoxb 1"
    slack_bot_token_secret_arn           = "xoxb-1"
    default_slack_hook_url_ssm_parameter = "https://hooks.slack.com/services/T/B/x"
    default_slack_hook_url_secret_arn    = "https://hooks.slack.com/services/T/B/x"
  }

  expect_failures = [terraform_data.settings]
}

run "what_is_no_reference_is_refused" {
  command = plan

  variables {
    slack_bot_token_ssm_parameter        = "slack/token"
    slack_bot_token_secret_arn           = "token"
    default_slack_hook_url_ssm_parameter = "slack/webhook"
    default_slack_hook_url_secret_arn    = "webhook"
    slack_webhook_configuration = [
      { accounts = ["111111111111"], slack_hook_url_ssm_parameter = "https://hooks.slack.com/services/T/B/x" },
    ]
  }

  expect_failures = [
    var.slack_bot_token_ssm_parameter, var.slack_bot_token_secret_arn,
    var.default_slack_hook_url_ssm_parameter, var.default_slack_hook_url_secret_arn, var.slack_webhook_configuration,
  ]
}

run "routes_without_accounts_are_refused" {
  command = plan

  variables {
    slack_app_configuration     = [{ accounts = [], slack_channel_id = "C1" }]
    configuration               = [{ accounts = [], slack_hook_url = "https://hooks.slack.com/services/T/B/x" }]
    sns_configuration           = [{ accounts = [], sns_topic_arn = "arn:aws:sns:eu-west-1:111122223333:a" }]
    slack_webhook_configuration = [{ accounts = [], slack_hook_url_ssm_parameter = "/webhook" }]
  }

  expect_failures = [
    var.slack_app_configuration, var.configuration, var.sns_configuration, var.slack_webhook_configuration,
  ]
}

run "accounts_that_lost_a_leading_zero_are_refused" {
  command = plan

  variables {
    slack_app_configuration     = [{ accounts = ["11111111111"], slack_channel_id = "C1" }]
    configuration               = [{ accounts = ["11111111111"], slack_hook_url = "https://hooks.slack.com/services/T/B/x" }]
    sns_configuration           = [{ accounts = ["11111111111"], sns_topic_arn = "arn:aws:sns:eu-west-1:111122223333:a" }]
    slack_webhook_configuration = [{ accounts = ["11111111111"], slack_hook_url_ssm_parameter = "/webhook" }]
  }

  expect_failures = [
    var.slack_app_configuration, var.configuration, var.sns_configuration, var.slack_webhook_configuration,
  ]
}

run "routes_that_lead_nowhere_are_refused" {
  command = plan

  variables {
    slack_app_configuration     = [{ accounts = ["111111111111"], slack_channel_id = " " }]
    configuration               = [{ accounts = ["111111111111"], slack_hook_url = "C1" }]
    sns_configuration           = [{ accounts = ["111111111111"], sns_topic_arn = "alerts" }]
    slack_webhook_configuration = [{ accounts = ["111111111111"] }]
    aws_sns_topic_subscriptions = { "soc@example.com" = "e-mail" }
  }

  expect_failures = [
    var.slack_app_configuration, var.configuration, var.sns_configuration, var.slack_webhook_configuration,
    var.aws_sns_topic_subscriptions,
  ]
}

run "severities_and_mentions_that_are_none_are_refused" {
  command = plan

  variables {
    slack_app_configuration     = [{ accounts = ["111111111111"], slack_channel_id = "C1", mention = "@oncall" }]
    configuration               = [{ accounts = ["111111111111"], slack_hook_url = "https://hooks.slack.com/services/T/B/x", min_severity = "loud" }]
    slack_webhook_configuration = [{ accounts = ["111111111111"], slack_hook_url_ssm_parameter = "/webhook", mention = "<!channel>" }]
  }

  expect_failures = [var.slack_app_configuration, var.configuration, var.slack_webhook_configuration]
}

run "all_accounts_need_a_severity_with_webhooks_too" {
  command = plan

  variables {
    configuration               = [{ accounts = ["*"], slack_hook_url = "https://hooks.slack.com/services/T/B/x" }]
    slack_webhook_configuration = [{ accounts = ["*"], slack_hook_url_ssm_parameter = "/webhook", mention = "S0123456789" }]
  }

  expect_failures = [var.configuration, var.slack_webhook_configuration]
}

run "rules_without_an_expression_and_a_webhook_in_two_places_are_refused" {
  command = plan

  variables {
    detection_rules        = [{ expression = "True" }, { expression = " ", id = "blank" }]
    detection_ignore_rules = [{ expression = "" }]
    rule_files             = ["no-such-file.yaml"]
    slack_webhook_configuration = [{
      accounts                     = ["111111111111"]
      slack_hook_url_ssm_parameter = "/webhook"
      slack_hook_url_secret_arn    = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:webhook-AbCdEf"
    }]
  }

  expect_failures = [
    var.detection_rules, var.detection_ignore_rules, var.rule_files, var.slack_webhook_configuration,
  ]
}

run "an_unknown_severity_a_wrong_day_and_a_file_without_rules_are_refused" {
  command = plan

  variables {
    detection_rules        = [{ expression = "True", severity = "urgent" }]
    detection_ignore_rules = [{ expression = "True", expires = "31.01.2027" }]
    rule_files             = ["pyproject.toml"]
  }

  expect_failures = [var.detection_rules, var.detection_ignore_rules, var.rule_files]
}

run "a_runbook_that_is_no_address_is_refused" {
  command = plan
  variables {
    detection_rules = [{ expression = "True", runbook_url = "wiki" }]
  }
  expect_failures = [var.detection_rules]
}

run "a_technique_that_is_none_is_refused" {
  command = plan
  variables {
    detection_rules = [{ expression = "True", mitre = ["T1562.008", "T15"] }]
  }
  expect_failures = [var.detection_rules]
}

run "values_at_the_edge_of_their_ranges_are_taken" {
  command = plan

  variables {
    lambda_memory_size                    = 10240
    lambda_timeout_seconds                = 900
    lambda_logs_retention_in_days         = 0
    lambda_reserved_concurrent_executions = 2
    lambda_maximum_retry_attempts         = 0
    lambda_maximum_event_age_seconds      = 60
    sqs_batch_size                        = 1
    sqs_maximum_concurrency               = 2
    dynamodb_time_to_live                 = 1
    deduplication_time_to_live            = 1
    max_messages_per_channel              = 1
    alarm_missing_log_data_hours          = 24
    log_level                             = "debug"
    s3_notification_filter_prefix         = ""
    detection_rules                       = [{ expression = "True", severity = "High", mitre = ["T1562", "T1562.008"] }]
    detection_ignore_rules                = [{ expression = "True", expires = "2027-01-31" }]
    slack_bot_token_ssm_parameter         = "arn:aws:ssm:eu-west-1:111122223333:parameter/slack/token"
    default_slack_channel_id              = "C1"
  }

  assert {
    condition     = aws_lambda_function.this.environment[0].variables["LOG_LEVEL"] == "DEBUG"
    error_message = "the log level is not passed in upper case"
  }
}

run "severities_exceptions_and_accounts_that_there_are_not" {
  command = plan

  variables {
    rule_severities = { "default/root-activity" = "loud" }
    rule_exceptions = { "default/root-activity" = [{ expression = " " }] }
    account_names   = { "12" = "short" }
  }

  expect_failures = [var.rule_severities, var.rule_exceptions, var.account_names]
}
