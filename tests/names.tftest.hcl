# The names of what is created: those of a first instance stay, those of another are its own.

mock_provider "aws" {
  source = "./tests/mocks"
}
mock_provider "external" {
  source = "./tests/mocks"
}
mock_provider "archive" {}

variables {
  cloudtrail_logs_s3_bucket_name = "trail-logs"
  aws_sns_topic_subscriptions    = { "soc@example.com" = "email" }
  enable_s3_sns_fanout           = true
  create_dashboard               = true
  lambda_package                 = "LICENSE"
}

run "a_first_instance_has_the_documented_names" {
  command = plan

  assert {
    condition = jsonencode([
      aws_iam_role.this[0].name, aws_dynamodb_table.state[0].name, aws_sns_topic.events_to_sns[0].name,
      aws_sns_topic.s3_notifications[0].name, aws_cloudwatch_dashboard.this[0].dashboard_name, local.sid_ending,
    ]) == jsonencode(["cloudtrail-to-slack", "cloudtrail-to-slack-table", "cloudtrail-to-slack", "cloudtrail-s3-notifications", "cloudtrail-to-slack", ""])
    error_message = "a name is another"
  }
}

run "a_block_moved_over_with_the_earlier_function_keeps_the_earlier_names" {
  command = plan
  variables {
    function_name = "fivexl-cloudtrail-to-slack"
  }

  assert {
    condition = jsonencode([
      aws_iam_role.this[0].name, aws_dynamodb_table.state[0].name, aws_sns_topic.s3_notifications[0].name,
    ]) == jsonencode(["fivexl-cloudtrail-to-slack", "fivexl-cloudtrail-to-slack-table", "cloudtrail-s3-notifications"])
    error_message = "a name is another"
  }
}

run "another_instance_shares_no_name" {
  command = plan
  variables {
    function_name                 = "second"
    restart_logging               = true
    slack_bot_token_ssm_parameter = "/slack/token"
    default_slack_channel_id      = "C0123456789"
    alarm_topic_arns              = ["arn:aws:sns:eu-west-1:111122223333:alarms"]
    enable_sqs_queue              = true
    enable_realtime               = true
  }

  assert {
    condition = alltrue([for name in concat(
      [
        aws_lambda_function.this.function_name, aws_iam_role.this[0].name, trimprefix(aws_cloudwatch_log_group.this.name, "/aws/lambda/"),
        aws_dynamodb_table.state[0].name, aws_sns_topic.events_to_sns[0].name, aws_sns_topic.s3_notifications[0].name,
        aws_sqs_queue.notifications[0].name, aws_sqs_queue.dead_letters[0].name, aws_cloudwatch_dashboard.this[0].dashboard_name,
        aws_lambda_function.restart_logging[0].function_name, aws_iam_role.restart_logging[0].name,
        trimprefix(aws_cloudwatch_log_group.restart_logging[0].name, "/aws/lambda/"), aws_cloudwatch_event_rule.restart_logging[0].name,
        aws_cloudwatch_event_rule.missing_log_data[0].name, aws_lambda_layer_version.config.layer_name, aws_lambda_layer_version.package[0].layer_name,
      ],
      aws_cloudwatch_event_rule.realtime[*].name,
      values(aws_cloudwatch_metric_alarm.this)[*].alarm_name,
    ) : startswith(name, "second")])
    error_message = "a name is not the instance's own"
  }

  assert {
    condition     = aws_dynamodb_table.state[0].name == "second-table" && aws_sns_topic.s3_notifications[0].name == "second-s3-notifications" && local.sid_ending == "Second"
    error_message = "a name is another"
  }
}

run "names_that_are_given_count" {
  command = plan
  variables {
    function_name                 = "second"
    role_name                     = "alerts@us-east-1"
    sns_topic_name                = "the-alerts"
    dynamodb_table_name           = "the-table"
    s3_sns_fanout_topic_name      = "the-fan-out"
    restart_logging               = true
    slack_bot_token_ssm_parameter = "/slack/token"
    default_slack_channel_id      = "C0123456789"
  }

  assert {
    condition = jsonencode([
      aws_iam_role.this[0].name, aws_iam_role.restart_logging[0].name, aws_cloudwatch_dashboard.this[0].dashboard_name, aws_sns_topic.events_to_sns[0].name,
      aws_dynamodb_table.state[0].name, aws_sns_topic.s3_notifications[0].name,
    ]) == jsonencode(["alerts@us-east-1", "alerts@us-east-1-restart-logging", "alerts-us-east-1", "the-alerts", "the-table", "the-fan-out"])
    error_message = "a name that was given does not count"
  }

  assert {
    condition = jsonencode(local.own_role_arns) == jsonencode([
      for name in ["alerts@us-east-1", "alerts@us-east-1-restart-logging"] : "arn:aws:iam::111122223333:role/${name}"
    ])
    error_message = "the function takes other roles for its own"
  }
}

run "a_block_moved_over_can_keep_the_default_names_with_its_own_function" {
  command = plan
  variables {
    function_name = "security-alerts"
    derive_names  = false
  }

  assert {
    condition     = aws_dynamodb_table.state[0].name == "cloudtrail-to-slack-table" && aws_sns_topic.s3_notifications[0].name == "cloudtrail-s3-notifications"
    error_message = "a name is derived"
  }
}

run "a_table_that_is_given_keeps_its_name" {
  command = plan
  variables {
    function_name         = "second"
    create_dynamodb_table = false
  }

  assert {
    condition     = aws_lambda_function.this.environment[0].variables["DYNAMODB_TABLE_NAME"] == "cloudtrail-to-slack-table"
    error_message = "another table is used"
  }
}
