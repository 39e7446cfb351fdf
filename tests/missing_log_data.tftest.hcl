# The schedule of the check for missing log data: only where there is a state table.

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

run "by_default_a_schedule_of_the_module_s_own_invokes_the_function" {
  assert {
    condition = alltrue([
      aws_cloudwatch_event_rule.missing_log_data[0].name == "cloudtrail-to-slack-log-data-check",
      one(output.event_rule_names) == "cloudtrail-to-slack-log-data-check",
      aws_cloudwatch_event_rule.missing_log_data[0].schedule_expression == "rate(30 minutes)",
      aws_cloudwatch_event_rule.missing_log_data[0].event_pattern == null,
      aws_cloudwatch_event_target.missing_log_data[0].rule == "cloudtrail-to-slack-log-data-check",
      aws_cloudwatch_event_target.missing_log_data[0].arn == aws_lambda_function.this.arn,
      jsondecode(aws_cloudwatch_event_target.missing_log_data[0].input) == { source = "cloudtrail-to-slack", detail-type = "Missing Log Data Check" },
    ])
    error_message = "the schedule is another"
  }

  assert {
    condition = alltrue([
      aws_lambda_permission.missing_log_data[0].action == "lambda:InvokeFunction",
      aws_lambda_permission.missing_log_data[0].principal == "events.amazonaws.com",
      aws_lambda_permission.missing_log_data[0].source_arn == aws_cloudwatch_event_rule.missing_log_data[0].arn,
      aws_lambda_permission.missing_log_data[0].source_account == "111122223333",
    ])
    error_message = "others than the schedule may invoke the function"
  }

  assert {
    condition = alltrue([
      jsondecode(output.rendered_config).enable_missing_log_data_alerts == true,
      jsondecode(output.rendered_config).missing_log_data_minimum_hours == 2,
      contains(one([for s in jsondecode(aws_iam_role_policy.this[0].policy).Statement : s.Action if s.Sid == "StateTableAccess"]), "dynamodb:BatchGetItem"),
    ])
    error_message = "the function does not check for missing log data, or may not"
  }
}

run "with_a_queue_the_schedule_still_invokes_the_function_itself" {
  variables {
    enable_sqs_queue = true
    function_name    = "alerter"
    tags             = { team = "soc" }
  }

  assert {
    condition = alltrue([
      aws_cloudwatch_event_rule.missing_log_data[0].name == "alerter-log-data-check",
      aws_cloudwatch_event_rule.missing_log_data[0].tags == tomap({ team = "soc" }),
      aws_cloudwatch_event_target.missing_log_data[0].arn == aws_lambda_function.this.arn,
    ])
    error_message = "the schedule goes elsewhere"
  }
}

run "switched_off_nothing_of_it_is_made_or_allowed" {
  command = plan
  variables {
    enable_missing_log_data_alerts = false
  }

  assert {
    condition = alltrue([
      length(aws_cloudwatch_event_rule.missing_log_data) + length(aws_cloudwatch_event_target.missing_log_data) + length(aws_lambda_permission.missing_log_data) == 0,
      local.statements.StateTableAccess.Action == ["dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"],
      local.config.enable_missing_log_data_alerts == false,
      length(output.event_rule_names) == 0,
    ])
    error_message = "something of it is there"
  }
}

run "without_a_table_it_is_off_by_itself" {
  command = plan
  variables {
    deduplicate_deliveries = false
  }

  assert {
    condition     = length(aws_cloudwatch_event_rule.missing_log_data) == 0 && local.config.enable_missing_log_data_alerts == false
    error_message = "it is on, and has nowhere to keep what it learns"
  }
}

run "asked_for_without_a_table_it_is_refused" {
  command = plan
  variables {
    deduplicate_deliveries         = false
    enable_missing_log_data_alerts = true
  }

  expect_failures = [terraform_data.settings]

  assert {
    condition     = jsonencode([for name, wrong in local.wrong : name if wrong]) == jsonencode(["missing_log_data_without_table"])
    error_message = "found wrong: ${jsonencode([for name, wrong in local.wrong : name if wrong])}"
  }
}

run "asked_for_with_a_bot_s_table_it_is_there" {
  command = plan
  variables {
    deduplicate_deliveries         = false
    enable_missing_log_data_alerts = true
    missing_log_data_minimum_hours = 6
    slack_bot_token_ssm_parameter  = "/slack/token"
    default_slack_channel_id       = "C0"
  }

  assert {
    condition     = length(aws_cloudwatch_event_rule.missing_log_data) == 1 && local.config.missing_log_data_minimum_hours == 6
    error_message = "it is not there, or looks for something else"
  }
}

run "less_than_two_hours_are_refused" {
  command = plan
  variables {
    missing_log_data_minimum_hours = 1
  }

  expect_failures = [var.missing_log_data_minimum_hours]
}

run "more_than_a_week_is_refused" {
  command = plan
  variables {
    missing_log_data_minimum_hours = 169
  }

  expect_failures = [var.missing_log_data_minimum_hours]
}

run "half_hours_are_refused" {
  command = plan
  variables {
    missing_log_data_minimum_hours = 2.5
  }

  expect_failures = [var.missing_log_data_minimum_hours]
}
