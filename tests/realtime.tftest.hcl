# Events within seconds: which patterns there are, who may speak to the function, and what is refused.
# The patterns are derived for real: only AWS is a mock.

mock_provider "aws" {
  source = "./tests/mocks"
}
mock_provider "archive" {}

variables {
  cloudtrail_logs_s3_bucket_name = "trail-logs"
  default_sns_topic_arn          = "arn:aws:sns:eu-west-1:111122223333:alerts"
  # Any file will do for a package here, and no layer is built for it.
  lambda_package = "LICENSE"
}

run "nothing_of_it_by_default" {
  command = plan

  assert {
    condition     = length(aws_cloudwatch_event_rule.realtime) + length(aws_lambda_permission.realtime) + length(output.realtime_event_patterns) == 0
    error_message = "there are rules that were not asked for"
  }
}

run "what_the_rules_can_match" {
  variables {
    enable_realtime = true
    events_to_track = "DeleteConfigRule"
    detection_rules = [{ id = "scan", expression = "'secret' in str(event)" }]
  }

  assert {
    condition = alltrue([
      length(aws_cloudwatch_event_rule.realtime) == 1,
      aws_cloudwatch_event_rule.realtime[0].name == "cloudtrail-to-slack-realtime-1",
      strcontains(aws_cloudwatch_event_rule.realtime[0].event_pattern, "DeleteConfigRule"),
      strcontains(aws_cloudwatch_event_rule.realtime[0].event_pattern, "StopLogging"),
      jsondecode(aws_cloudwatch_event_rule.realtime[0].event_pattern).source[0].prefix == "aws.",
      one(output.realtime_event_patterns) == aws_cloudwatch_event_rule.realtime[0].event_pattern,
    ])
    error_message = "the rule does not ask for what the rules can match, or for what others put on the bus too"
  }

  assert {
    condition     = one(output.rules_without_event_pattern) == "scan"
    error_message = "the rule that no pattern can say is not named"
  }

  assert {
    condition = alltrue([
      aws_cloudwatch_event_target.realtime[0].arn == aws_lambda_function.this.arn,
      aws_lambda_permission.realtime[0].principal == "events.amazonaws.com",
      aws_lambda_permission.realtime[0].source_arn == "arn:aws:events:eu-west-1:111122223333:rule/cloudtrail-to-slack-realtime-*",
      aws_lambda_permission.realtime[0].source_account == "111122223333",
    ])
    error_message = "the rules cannot invoke the function, or others can"
  }

  assert {
    condition = alltrue([
      aws_cloudwatch_event_target.realtime[0].dead_letter_config[0].arn == aws_sqs_queue.dead_letters[0].arn,
      jsondecode(aws_sqs_queue_policy.dead_letters[0].policy).Statement[0].Condition == {
        ArnEquals    = { "aws:SourceArn" = aws_cloudwatch_event_rule.realtime[*].arn }
        StringEquals = { "aws:SourceAccount" = "111122223333" }
      },
    ])
    error_message = "events that EventBridge cannot deliver are lost"
  }
}

run "through_the_queue_before_the_function" {
  variables {
    enable_realtime  = true
    enable_sqs_queue = true
  }

  assert {
    condition = alltrue([
      aws_cloudwatch_event_target.realtime[0].arn == aws_sqs_queue.notifications[0].arn,
      length(aws_lambda_permission.realtime) == 0,
      one([for statement in jsondecode(aws_sqs_queue_policy.notifications[0].policy).Statement : statement if statement.Sid == "AllowEventBridge"]).Condition.ArnEquals["aws:SourceArn"][0] == aws_cloudwatch_event_rule.realtime[0].arn,
    ])
    error_message = "the rules cannot put events into the queue, or invoke the function beside it"
  }

  assert {
    condition = [for statement in jsondecode(aws_sqs_queue_policy.notifications[0].policy).Statement : statement if statement.Effect == "Deny"] == [{
      Sid       = "DenyUsers"
      Effect    = "Deny"
      Action    = "sqs:SendMessage"
      Resource  = aws_sqs_queue.notifications[0].arn
      Principal = "*"
      Condition = { StringEquals = { "aws:PrincipalType" = "User" } }
    }]
    error_message = "IAM users may send what looks like an event from EventBridge"
  }

  assert {
    condition     = jsondecode(output.rendered_config).enable_realtime == true
    error_message = "the function does not know that EventBridge delivers single events"
  }
}

run "very_many_rules_take_several_patterns" {
  command = plan

  variables {
    enable_realtime = true
    events_to_track = join(",", [for i in range(200) : "DeleteSomethingVeryImportant${i}"])
  }

  expect_failures = [check.rules]

  assert {
    condition     = length(aws_cloudwatch_event_rule.realtime) > 2 && alltrue([for pattern in output.realtime_event_patterns : length(pattern) <= 2048])
    error_message = "the patterns do not keep to EventBridge's limit"
  }
}

run "patterns_that_are_given" {
  command = plan

  variables {
    enable_realtime         = true
    realtime_event_patterns = ["{\"source\":[\"aws.iam\"]}", "{\"source\":[\"aws.signin\"]}"]
  }

  assert {
    condition     = aws_cloudwatch_event_rule.realtime[*].event_pattern == ["{\"source\":[\"aws.iam\"]}", "{\"source\":[\"aws.signin\"]}"]
    error_message = "the patterns given are not the ones in force"
  }
}

run "no_pattern_at_all" {
  command = plan

  variables {
    enable_realtime         = true
    realtime_event_patterns = []
  }

  expect_failures = [var.realtime_event_patterns]
}

run "a_pattern_that_is_no_object" {
  command = plan

  variables {
    enable_realtime         = true
    realtime_event_patterns = ["[]"]
  }

  expect_failures = [var.realtime_event_patterns]
}

run "a_pattern_without_a_source" {
  command = plan

  variables {
    enable_realtime         = true
    realtime_event_patterns = ["{\"detail-type\":[\"AWS API Call via CloudTrail\"]}"]
  }

  expect_failures = [var.realtime_event_patterns]
}

run "a_pattern_that_is_too_long" {
  command = plan

  variables {
    enable_realtime         = true
    realtime_event_patterns = [jsonencode({ source = [for i in range(300) : "aws.${i}"] })]
  }

  expect_failures = [var.realtime_event_patterns]
}

run "more_patterns_than_a_bus_has_room_for" {
  command = plan

  variables {
    enable_realtime         = true
    realtime_event_patterns = [for i in range(101) : jsonencode({ source = ["aws.s${i}"] })]
  }

  expect_failures = [terraform_data.settings]
}

run "patterns_that_nothing_uses" {
  command = plan

  variables {
    realtime_event_patterns = ["{\"source\":[\"aws.iam\"]}"]
  }

  expect_failures = [terraform_data.settings]
}

run "without_deduplication_everything_would_be_delivered_twice" {
  command = plan

  variables {
    enable_realtime        = true
    deduplicate_deliveries = false
  }

  expect_failures = [terraform_data.settings]
}
