# What is wrong in the whole of it: an error where nothing could work, a warning where it is probably not meant.

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

run "what_could_not_work_is_refused_each_for_itself" {
  command = plan

  variables {
    default_sns_topic_arn                 = ""
    slack_bot_token                       = ""
    default_slack_hook_url                = ""
    use_default_rules                     = false
    enable_s3_sns_fanout                  = true
    create_s3_sns_fanout_topic            = false
    enable_cloudtrail_sns_topic           = true
    dependencies_layer_arn                = "arn:aws:lambda:eu-west-1:111122223333:layer:given:1"
    create_dead_letter_queue              = false
    sqs_maximum_concurrency               = 10
    lambda_reserved_concurrent_executions = 5
  }

  expect_failures = [terraform_data.settings]

  assert {
    condition = jsonencode([for name, wrong in local.wrong : name if wrong]) == jsonencode([
      "cloudtrail_topic_missing", "failed_invocations_lost", "fanout_without_topic", "no_destination", "no_rule",
      "package_and_layer", "queue_starts_too_many", "triggers_given_twice",
    ])
    error_message = "found wrong: ${jsonencode([for name, wrong in local.wrong : name if wrong])}"
  }
}

run "what_contradicts_itself_is_refused_each_for_itself" {
  command = plan

  variables {
    slack_bot_token                      = "xoxb-1"
    slack_bot_token_ssm_parameter        = "/slack/token"
    default_slack_hook_url               = "https://hooks.slack.com/services/T/B/x"
    default_slack_hook_url_ssm_parameter = "/slack/webhook"
  }

  expect_failures = [terraform_data.settings, check.webhooks_beside_bot]

  assert {
    condition = jsonencode([for name, wrong in local.wrong : name if wrong]) == jsonencode([
      "bot_without_channel", "token_given_twice", "webhook_given_twice",
    ])
    error_message = "found wrong: ${jsonencode([for name, wrong in local.wrong : name if wrong])}"
  }
}

run "what_is_elsewhere_or_half_given_is_refused_each_for_itself" {
  command = plan

  variables {
    default_sns_topic_arn         = "arn:aws-cn:sns:cn-north-1:111122223333:alerts"
    alarm_topic_arns              = ["arn:aws:sns:us-east-1:111122223333:alarms"]
    kms_key_arn                   = "arn:aws:kms:us-east-1:111122223333:key/abc"
    lambda_role_arn               = "arn:aws:iam::999988887777:role/alerts"
    lambda_vpc_subnet_ids         = ["subnet-1"]
    lambda_vpc_security_group_ids = null
    iam_role_path                 = null
  }

  expect_failures = [terraform_data.settings]

  assert {
    condition = jsonencode([for name, wrong in local.wrong : name if wrong]) == jsonencode([
      "another_account", "another_partition", "another_region", "half_a_network",
    ])
    error_message = "found wrong: ${jsonencode([for name, wrong in local.wrong : name if wrong])}"
  }
}

run "topics_and_queues_that_must_be_in_reach_are_refused_elsewhere" {
  command = plan

  variables {
    enable_s3_sns_fanout       = true
    create_s3_sns_fanout_topic = false
    s3_sns_fanout_topic_arn    = "arn:aws:sns:us-east-1:111122223333:fan-out"
    enable_sqs_queue           = true
    dead_letter_target_arn     = "arn:aws:sqs:us-east-1:999988887777:dead-letters"
    sns_configuration          = [{ accounts = ["111111111111"], sns_topic_arn = "arn:aws-cn:sns:cn-north-1:111122223333:alerts" }]
  }

  expect_failures = [terraform_data.settings]

  assert {
    condition = jsonencode([
      [for name, wrong in local.wrong : name if wrong], [for name, wrong in local.another_region : name if wrong], [for name, wrong in local.another_partition : name if wrong],
      ]) == jsonencode([
      ["another_partition", "another_region", "dead_letters_elsewhere"], ["dead_letter_target_arn", "s3_sns_fanout_topic_arn"], ["sns_configuration"],
    ])
    error_message = "found wrong: ${jsonencode([for name, wrong in local.wrong : name if wrong])}"
  }
}

run "a_topic_that_notifies_the_function_is_refused_for_anything_else" {
  command = plan

  variables {
    default_sns_topic_arn       = "arn:aws:sns:eu-west-1:111122223333:trail"
    sns_configuration           = [{ accounts = ["111111111111"], sns_topic_arn = "arn:aws:sns:eu-west-1:111122223333:trail" }]
    enable_cloudtrail_sns_topic = true
    cloudtrail_sns_topic_arn    = "arn:aws:sns:eu-west-1:111122223333:trail"
    dead_letter_target_arn      = "arn:aws:sns:eu-west-1:111122223333:trail"
    alarm_topic_arns            = ["arn:aws:sns:eu-west-1:111122223333:alarms", "arn:aws:sns:eu-west-1:111122223333:trail"]
  }

  expect_failures = [terraform_data.settings]

  assert {
    condition     = jsonencode([for name, wrong in local.wrong : name if wrong]) == jsonencode(["notified_of_itself"]) && alltrue(values(local.own_messages))
    error_message = "found wrong: ${jsonencode(local.own_messages)}"
  }
}

run "one_name_for_two_subscriptions_is_refused_and_one_role_for_two_functions_is_warned_of" {
  command = plan

  variables {
    slack_bot_token             = "xoxb-1"
    default_slack_channel_id    = "C0"
    default_sns_topic_arn       = null
    aws_sns_topic_subscriptions = { "soc@example.com" = "email" }
    sns_topic_subscriptions     = { "soc@example.com" = { protocol = "email", endpoint = "other@example.com" } }
    restart_logging             = true
    lambda_role_arn             = "arn:aws:iam::111122223333:role/alerts"
    restart_logging_role_arn    = "arn:aws:iam::111122223333:role/alerts"
  }

  expect_failures = [terraform_data.settings, check.one_role_for_two_functions]
}

run "the_longest_name_fits_everything_that_is_named_after_it" {
  command = plan

  variables {
    slack_bot_token            = "xoxb-1"
    default_slack_channel_id   = "C0"
    function_name              = "Alerts_of-our-Organisation_in-its-Audit-Account_of-the-Region_e1"
    restart_logging            = true
    enable_eventbridge_trigger = true
    enable_sqs_queue           = true
    create_dashboard           = true
    alarm_topic_arns           = ["arn:aws:sns:eu-west-1:111122223333:alarms"]
  }

  assert {
    condition = length(var.function_name) == 64 && alltrue([for name in concat(
      output.event_rule_names, aws_iam_role.this[*].name, aws_iam_role.restart_logging[*].name, aws_lambda_function.restart_logging[*].function_name,
    ) : length(name) <= 64])
    error_message = "a name is too long: ${jsonencode(output.event_rule_names)}"
  }
}

run "what_is_probably_not_meant_is_warned_of" {
  command = plan

  variables {
    s3_notification_filter_prefix        = "awslogs/"
    cloudtrail_logs_s3_bucket_account_id = "999988887777"
    rules                                = "event.get('eventName') in ['A', 'B']"
    slack_app_configuration              = [{ accounts = ["111111111111"], slack_channel_id = "C1" }]
  }

  expect_failures = [
    check.prefix_in_another_case, check.channels_without_bot, check.bucket_of_another_account,
  ]
}

run "the_same_set_right_is_fine" {
  command = plan

  variables {
    cloudtrail_logs_s3_bucket_name        = "aws-controltower-logs-111122223333-eu-west-1"
    cloudtrail_logs_s3_bucket_account_id  = "999988887777"
    s3_notification_filter_prefix         = "o-a1b2c3d4e5/AWSLogs/"
    create_bucket_notification            = false
    rules                                 = "event.get('eventName') in ['A', 'B']"
    rules_separator                       = "%"
    use_default_rules                     = false
    slack_bot_token                       = "xoxb-1"
    default_slack_channel_id              = "C1"
    slack_app_configuration               = [{ accounts = ["111111111111"], slack_channel_id = "C1" }]
    detection_rules                       = [{ expression = "True", id = "a" }, { expression = "False", id = "b" }]
    rule_files                            = ["tests/rule_files/good.yaml"]
    enable_sqs_queue                      = true
    sqs_maximum_concurrency               = 5
    lambda_reserved_concurrent_executions = 5
    enable_cloudtrail_sns_topic           = true
    cloudtrail_sns_topic_arn              = "arn:aws:sns:eu-west-1:999988887777:trail"
    create_dead_letter_queue              = false
    dead_letter_target_arn                = "arn:aws:sqs:eu-west-1:111122223333:given"
  }

  assert {
    condition     = !anytrue(values(local.wrong))
    error_message = "found wrong: ${jsonencode([for name, wrong in local.wrong : name if wrong])}"
  }
}

run "a_package_that_is_not_there_and_topics_of_one_name_are_refused" {
  command = plan

  variables {
    default_sns_topic_arn       = null
    aws_sns_topic_subscriptions = { "soc@example.com" = "email" }
    enable_s3_sns_fanout        = true
    sns_topic_name              = "one"
    s3_sns_fanout_topic_name    = "one"
    lambda_package              = "no-such-file.zip"
  }

  expect_failures = [terraform_data.settings]

  assert {
    condition     = jsonencode([for name, wrong in local.wrong : name if wrong]) == jsonencode(["notified_of_itself", "package_missing"])
    error_message = "found wrong: ${jsonencode([for name, wrong in local.wrong : name if wrong])}"
  }
}

run "a_digest_without_its_package_and_a_function_without_dependencies_are_refused" {
  command = plan

  variables {
    lambda_package            = null
    lambda_package_sha256     = "0000000000000000000000000000000000000000000000000000000000000000"
    create_dependencies_layer = false
  }

  expect_failures = [terraform_data.settings]

  assert {
    condition     = jsonencode([for name, wrong in local.wrong : name if wrong]) == jsonencode(["digest_without_package", "no_dependencies"])
    error_message = "found wrong: ${jsonencode([for name, wrong in local.wrong : name if wrong])}"
  }
}

run "a_package_with_another_digest_is_refused" {
  command = plan

  variables {
    lambda_package_sha256 = "0000000000000000000000000000000000000000000000000000000000000000"
  }

  expect_failures = [aws_lambda_layer_version.package]
}

run "a_prefix_that_no_key_of_control_tower_begins_with_is_refused" {
  command = plan

  variables {
    cloudtrail_logs_s3_bucket_name = "aws-controltower-logs-111122223333-eu-west-1"
  }

  expect_failures = [terraform_data.settings]

  assert {
    condition     = jsonencode([for name, wrong in local.wrong : name if wrong]) == jsonencode(["control_tower_prefix"])
    error_message = "found wrong: ${jsonencode([for name, wrong in local.wrong : name if wrong])}"
  }
}

run "a_bucket_that_does_not_exist_is_warned_of" {
  command = plan

  override_data {
    target = data.external.log_bucket[0]
    values = { result = { status = "404", region = "" } }
  }

  expect_failures = [check.log_bucket]
}

run "a_bucket_of_another_region_is_warned_of" {
  command = plan

  override_data {
    target = data.external.log_bucket[0]
    values = { result = { status = "301", region = "us-east-1" } }
  }

  expect_failures = [check.log_bucket]
}

run "a_bucket_of_this_region_is_fine" {
  command = plan

  override_data {
    target = data.external.log_bucket[0]
    values = { result = { status = "403", region = "eu-west-1" } }
  }
}
