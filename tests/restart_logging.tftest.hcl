# Automatic restart of logging: what is created for it, what its role may do, and what is refused.

mock_provider "aws" {
  source = "./tests/mocks"
}
mock_provider "external" {
  source = "./tests/mocks"
}
mock_provider "archive" {}

variables {
  cloudtrail_logs_s3_bucket_name = "trail-logs"
  slack_bot_token_ssm_parameter  = "/slack/token"
  default_slack_channel_id       = "C0DEFAULT"
  restart_logging                = true
  # Any file will do for a package here, and is read sooner than the code is packaged.
  lambda_package = "LICENSE"
}

run "nothing_is_made_that_was_not_switched_on" {
  command = plan
  variables {
    restart_logging  = false
    alarm_topic_arns = ["arn:aws:sns:eu-west-1:111122223333:alarms"]
  }

  assert {
    condition = alltrue([
      length(aws_lambda_function.restart_logging) + length(aws_iam_role.restart_logging) + length(aws_iam_role_policy.restart_logging) == 0,
      length(aws_cloudwatch_event_rule.restart_logging) + length(aws_cloudwatch_event_target.restart_logging) + length(aws_lambda_permission.restart_logging) == 0,
      length(aws_cloudwatch_log_group.restart_logging) + length([for name in keys(aws_cloudwatch_metric_alarm.this) : name if startswith(name, "restart-")]) + length(aws_sqs_queue_policy.dead_letters) == 0,
      output.restart_logging_function_arn == null && output.restart_logging_function_name == null && output.restart_logging_role_arn == null,
    ])
    error_message = "something is made"
  }
}

run "the_function_ships_with_the_other_and_is_invoked_for_each_trail_that_is_stopped" {
  assert {
    condition = alltrue([
      aws_lambda_function.restart_logging[0].handler == "cloudtrail_to_slack.auto_restart.handler.lambda_handler",
      aws_lambda_function.restart_logging[0].filename == aws_lambda_function.this.filename,
      aws_lambda_function.restart_logging[0].source_code_hash == aws_lambda_function.this.source_code_hash,
      aws_lambda_function.restart_logging[0].layers == tolist(slice(aws_lambda_function.this.layers, 0, 1)),
      aws_lambda_function.restart_logging[0].runtime == aws_lambda_function.this.runtime,
      aws_lambda_function.restart_logging[0].function_name == "cloudtrail-to-slack-restart-logging",
      aws_lambda_function.restart_logging[0].reserved_concurrent_executions == -1,
      aws_lambda_function.restart_logging[0].dead_letter_config[0].target_arn == aws_sqs_queue.dead_letters[0].arn,
      aws_cloudwatch_log_group.restart_logging[0].name == "/aws/lambda/cloudtrail-to-slack-restart-logging",
      output.restart_logging_function_name == "cloudtrail-to-slack-restart-logging",
    ])
    error_message = "the function is not put together as it must be"
  }

  assert {
    condition = jsondecode(aws_cloudwatch_event_rule.restart_logging[0].event_pattern) == {
      source      = ["aws.cloudtrail"]
      detail-type = ["AWS API Call via CloudTrail"]
      detail      = { eventSource = ["cloudtrail.amazonaws.com"], eventName = ["StopLogging"], errorCode = [{ exists = false }] }
    }
    error_message = "the rule matches something else"
  }

  assert {
    condition = alltrue([
      aws_cloudwatch_event_target.restart_logging[0].arn == aws_lambda_function.restart_logging[0].arn,
      aws_cloudwatch_event_target.restart_logging[0].retry_policy[0].maximum_event_age_in_seconds == 86400,
      aws_cloudwatch_event_target.restart_logging[0].dead_letter_config[0].arn == aws_sqs_queue.dead_letters[0].arn,
      aws_lambda_permission.restart_logging[0].principal == "events.amazonaws.com",
      aws_lambda_permission.restart_logging[0].source_arn == aws_cloudwatch_event_rule.restart_logging[0].arn,
      aws_lambda_permission.restart_logging[0].source_account == "111122223333",
      jsondecode(aws_sqs_queue_policy.dead_letters[0].policy).Statement[0].Condition == {
        ArnEquals    = { "aws:SourceArn" = [aws_cloudwatch_event_rule.restart_logging[0].arn] }
        StringEquals = { "aws:SourceAccount" = "111122223333" }
      },
    ])
    error_message = "the rule does not reach the function, or what it cannot hand over is lost"
  }

  assert {
    condition = tomap(aws_lambda_function.restart_logging[0].environment[0].variables) == tomap({
      ACCOUNT_ID                    = "111122223333"
      DYNAMODB_TABLE_NAME           = "cloudtrail-to-slack-table"
      LOG_LEVEL                     = "INFO"
      RESTARTS_PER_HOUR             = "3"
      RESTART_TRAILS                = jsonencode(["arn:aws:cloudtrail:*:111122223333:trail/*"])
      SLACK_BOT_TOKEN_SSM_PARAMETER = "/slack/token"
      SLACK_CHANNEL_ID              = "C0DEFAULT"
    })
    error_message = "the function's environment differs: ${jsonencode(nonsensitive(aws_lambda_function.restart_logging[0].environment[0].variables))}"
  }

  assert {
    condition = jsondecode(aws_iam_role_policy.restart_logging[0].policy).Statement == [
      { Sid = "CountRestarts", Effect = "Allow", Action = "dynamodb:UpdateItem", Resource = "arn:aws:dynamodb:eu-west-1:111122223333:table/cloudtrail-to-slack-table",
      Condition = { "ForAllValues:StringLike" = { "dynamodb:LeadingKeys" = "restart#*" }, Null = { "dynamodb:LeadingKeys" = "false" } } },
      { Sid = "ReadParameter", Effect = "Allow", Action = "ssm:GetParameter", Resource = "arn:aws:ssm:eu-west-1:111122223333:parameter/slack/token" },
      { Sid = "RestartTrails", Effect = "Allow", Action = ["cloudtrail:StartLogging", "cloudtrail:GetTrailStatus"], Resource = "arn:aws:cloudtrail:*:111122223333:trail/*" },
      { Sid = "SendToDeadLetterTarget", Effect = "Allow", Action = "sqs:SendMessage", Resource = "arn:aws:sqs:eu-west-1:111122223333:cloudtrail-to-slack-dead-letters" },
      { Sid = "WriteLogs", Effect = "Allow", Action = ["logs:CreateLogStream", "logs:PutLogEvents"], Resource = "arn:aws:logs:eu-west-1:111122223333:log-group:/aws/lambda/cloudtrail-to-slack-restart-logging:*" },
    ]
    error_message = "the role may do something else: ${aws_iam_role_policy.restart_logging[0].policy}"
  }
}

run "role_and_function_are_bounded_by_the_same_list" {
  variables {
    restart_logging_trails = ["main", "arn:aws:cloudtrail:us-east-1:999988887777:trail/organisation", "main"]
  }

  assert {
    condition = alltrue([
      jsondecode(aws_lambda_function.restart_logging[0].environment[0].variables["RESTART_TRAILS"]) == ["arn:aws:cloudtrail:*:111122223333:trail/main", "arn:aws:cloudtrail:us-east-1:999988887777:trail/organisation"],
      one([for s in jsondecode(aws_iam_role_policy.restart_logging[0].policy).Statement : s.Resource if s.Sid == "RestartTrails"]) == jsondecode(aws_lambda_function.restart_logging[0].environment[0].variables["RESTART_TRAILS"]),
    ])
    error_message = "the trails are others"
  }
}

run "all_trails_of_the_account_beside_one_of_another" {
  command = plan
  variables {
    restart_logging_trails = ["*", "arn:aws:cloudtrail:us-east-1:999988887777:trail/organisation"]
  }

  assert {
    condition     = jsonencode(local.restart_trail_arns) == jsonencode(["arn:aws:cloudtrail:*:111122223333:trail/*", "arn:aws:cloudtrail:us-east-1:999988887777:trail/organisation"])
    error_message = "the trails are others"
  }
}

run "what_is_set_is_passed_on" {
  variables {
    restart_logging_max_per_hour                   = 5
    restart_logging_maintenance_ssm_parameter      = "/maintenance/until"
    restart_logging_slack_channel_id               = "C0SECURITY"
    restart_logging_reserved_concurrent_executions = 2
    alarm_topic_arns                               = ["arn:aws:sns:eu-west-1:111122223333:alarms"]
    kms_key_arn                                    = "arn:aws:kms:eu-west-1:111122223333:key/mine"
    enable_xray_tracing                            = true
    iam_role_permissions_boundary                  = "arn:aws:iam::111122223333:policy/boundary"
  }

  assert {
    condition = alltrue([
      aws_lambda_function.restart_logging[0].environment[0].variables["RESTARTS_PER_HOUR"] == "5",
      aws_lambda_function.restart_logging[0].environment[0].variables["MAINTENANCE_SSM_PARAMETER"] == "/maintenance/until",
      aws_lambda_function.restart_logging[0].environment[0].variables["SLACK_CHANNEL_ID"] == "C0SECURITY",
      aws_lambda_function.restart_logging[0].reserved_concurrent_executions == 2,
      aws_lambda_function.restart_logging[0].kms_key_arn == "arn:aws:kms:eu-west-1:111122223333:key/mine",
      aws_cloudwatch_log_group.restart_logging[0].kms_key_id == "arn:aws:kms:eu-west-1:111122223333:key/mine",
      aws_iam_role.restart_logging[0].permissions_boundary == "arn:aws:iam::111122223333:policy/boundary",
      one([for s in jsondecode(aws_iam_role_policy.restart_logging[0].policy).Statement : s.Resource if s.Sid == "ReadMaintenanceSwitch"]) == "arn:aws:ssm:eu-west-1:111122223333:parameter/maintenance/until",
      toset(jsondecode(aws_iam_role_policy.restart_logging[0].policy).Statement[*].Sid) == toset(["CountRestarts", "SendToDeadLetterTarget", "ReadMaintenanceSwitch", "ReadParameter", "RestartTrails", "WriteTraces", "UseKmsKeys", "WriteLogs"]),
    ])
    error_message = "something is not passed on"
  }

  assert {
    condition = { for statement in jsondecode(output.kms_key_policy) : statement.Principal.Service => values(statement.Condition.ArnEquals)[0] } == {
      "logs.eu-west-1.amazonaws.com" = ["arn:aws:logs:eu-west-1:111122223333:log-group:/aws/lambda/cloudtrail-to-slack", "arn:aws:logs:eu-west-1:111122223333:log-group:/aws/lambda/cloudtrail-to-slack-restart-logging"]
      "events.amazonaws.com"         = [aws_cloudwatch_event_rule.restart_logging[0].arn]
    }
    error_message = "the key's policy differs: ${output.kms_key_policy}"
  }

  assert {
    condition = jsonencode({ for name, alarm in aws_cloudwatch_metric_alarm.this : name => [alarm.namespace, alarm.metric_name, alarm.dimensions, alarm.alarm_actions, alarm.period] if startswith(name, "restart-logging-") }) == jsonencode({
      restart-logging-errors       = ["AWS/Lambda", "Errors", { FunctionName = "cloudtrail-to-slack-restart-logging" }, ["arn:aws:sns:eu-west-1:111122223333:alarms"], 60]
      restart-logging-left-stopped = ["CloudTrailToSlack", "LoggingLeftStopped", { FunctionName = "cloudtrail-to-slack-restart-logging" }, ["arn:aws:sns:eu-west-1:111122223333:alarms"], 60]
    })
    error_message = "the alarms watch something else"
  }
}

run "the_default_webhook_speaks_where_there_is_no_bot" {
  variables {
    slack_bot_token_ssm_parameter     = null
    default_slack_channel_id          = null
    default_slack_hook_url_secret_arn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:hook-AbCdEf"
    slack_webhook_configuration       = [{ accounts = ["444455556666"], slack_hook_url_ssm_parameter = "/slack/other-hook" }]
    slack_api_url                     = "https://slack-gov.com/api/"
  }

  assert {
    condition = alltrue([
      aws_lambda_function.restart_logging[0].environment[0].variables["SLACK_WEBHOOK_URL_SECRET_ARN"] == "arn:aws:secretsmanager:eu-west-1:111122223333:secret:hook-AbCdEf",
      aws_lambda_function.restart_logging[0].environment[0].variables["SLACK_API_URL"] == "https://slack-gov.com/api/",
      !can(aws_lambda_function.restart_logging[0].environment[0].variables["SLACK_CHANNEL_ID"]),
      !can(aws_lambda_function.restart_logging[0].environment[0].variables["SLACK_WEBHOOK_ROUTES"]),
      !can(aws_lambda_function.restart_logging[0].environment[0].variables["CONFIG_PATH"]),
      one([for s in jsondecode(aws_iam_role_policy.restart_logging[0].policy).Statement : s.Resource if s.Sid == "ReadSecret"]) == "arn:aws:secretsmanager:eu-west-1:111122223333:secret:hook-AbCdEf",
      !contains(jsondecode(aws_iam_role_policy.restart_logging[0].policy).Statement[*].Sid, "ReadParameter"),
    ])
    error_message = "the webhook is missing in the environment, or there is more"
  }
}

run "a_dead_letter_target_that_is_given_is_used_by_the_function_alone" {
  command = plan
  variables {
    dead_letter_target_arn = "arn:aws:sns:eu-west-1:111122223333:dead"
  }

  assert {
    condition = alltrue([
      aws_lambda_function.restart_logging[0].dead_letter_config[0].target_arn == "arn:aws:sns:eu-west-1:111122223333:dead",
      length(aws_cloudwatch_event_target.restart_logging[0].dead_letter_config) == 0,
      length(aws_sqs_queue_policy.dead_letters) == 0,
    ])
    error_message = "EventBridge has a dead-letter target that it cannot use"
  }
}

run "without_a_table_there_is_nothing_to_count_in" {
  command = plan
  variables {
    slack_bot_token_ssm_parameter        = null
    default_slack_channel_id             = null
    default_slack_hook_url_ssm_parameter = "/slack/hook"
    deduplicate_deliveries               = false
  }

  expect_failures = [aws_lambda_function.restart_logging]
}

run "without_slack_no_one_would_be_notified" {
  command = plan
  variables {
    slack_bot_token_ssm_parameter    = null
    default_slack_channel_id         = null
    default_sns_topic_arn            = "arn:aws:sns:eu-west-1:111122223333:alerts"
    restart_logging_slack_channel_id = "C0SECURITY"
  }

  expect_failures = [aws_lambda_function.restart_logging]
}

run "more_trails_than_the_environment_holds_are_refused" {
  command = plan
  variables {
    restart_logging_trails = [for i in range(40) : "trail-of-a-rather-long-name-${i}"]
  }

  expect_failures = [aws_lambda_function.restart_logging]
}

run "names_that_no_trail_can_have_are_refused" {
  command = plan
  variables {
    restart_logging_trails                         = ["main", "my--trail", "ab"]
    restart_logging_max_per_hour                   = 0
    restart_logging_maintenance_ssm_parameter      = "2026-03-14T18:00:00Z"
    restart_logging_slack_channel_id               = "#security"
    restart_logging_reserved_concurrent_executions = 0
  }

  expect_failures = [
    var.restart_logging_trails, var.restart_logging_max_per_hour, var.restart_logging_maintenance_ssm_parameter,
    var.restart_logging_slack_channel_id, var.restart_logging_reserved_concurrent_executions,
  ]
}

run "more_wrong_names_and_numbers_are_refused" {
  command = plan
  variables {
    restart_logging_trails       = ["arn:aws:s3:::bucket", "trail*", ""]
    restart_logging_max_per_hour = 1.5
  }

  expect_failures = [var.restart_logging_trails, var.restart_logging_max_per_hour]
}
