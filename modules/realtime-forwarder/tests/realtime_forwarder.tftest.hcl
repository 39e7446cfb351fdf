# Which events go where, who may hand them on, and what is refused.

mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "111122223333" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_data "aws_region" {
    defaults = { id = "us-east-1" }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::111122223333:role/made" }
  }
  mock_resource "aws_cloudwatch_event_rule" {
    defaults = { arn = "arn:aws:events:us-east-1:111122223333:rule/made" }
  }
  mock_resource "aws_sqs_queue" {
    defaults = {
      arn = "arn:aws:sqs:us-east-1:111122223333:made"
      url = "https://sqs.us-east-1.amazonaws.com/111122223333/made"
    }
  }
}

variables {
  target_region = "eu-west-1"
}

run "by_default_to_the_default_bus_there" {
  assert {
    condition = alltrue([
      length(aws_cloudwatch_event_rule.this) == 2,
      alltrue([for rule in aws_cloudwatch_event_rule.this : length(rule.event_pattern) <= 2048]),
      alltrue([for target in aws_cloudwatch_event_target.bus : target.arn == "arn:aws:events:eu-west-1:111122223333:event-bus/default"]),
      alltrue([for target in aws_cloudwatch_event_target.bus : target.role_arn == aws_iam_role.forward.arn]),
      alltrue([for target in aws_cloudwatch_event_target.bus : target.dead_letter_config[0].arn == aws_sqs_queue.dead_letters.arn]),
      alltrue([for target in aws_cloudwatch_event_target.bus : target.retry_policy[0].maximum_event_age_in_seconds == 86400]),
      length(aws_cloudwatch_metric_alarm.dead_letters) == 0,
    ])
    error_message = "events do not go where they should, or get lost"
  }

  assert {
    condition = alltrue([
      aws_iam_role.forward.name == "cloudtrail-realtime-forwarder-us-east-1",
      jsondecode(aws_iam_role.forward.assume_role_policy).Statement[0].Condition == {
        ArnLike      = { "aws:SourceArn" = "arn:aws:events:us-east-1:111122223333:rule/cloudtrail-realtime-forwarder-*" }
        StringEquals = { "aws:SourceAccount" = "111122223333" }
      },
      jsonencode(jsondecode(aws_iam_role_policy.forward.policy).Statement) == jsonencode([{
        Action   = ["events:PutEvents"]
        Effect   = "Allow"
        Resource = ["arn:aws:events:eu-west-1:111122223333:event-bus/default"]
      }]),
      jsondecode(aws_sqs_queue_policy.dead_letters.policy).Statement[0].Condition.StringEquals["aws:SourceAccount"] == "111122223333",
    ])
    error_message = "others may use the role or the queue, or the role may do something else"
  }
}

run "own_patterns_to_another_bus_with_an_alarm" {
  variables {
    target_event_bus_arn = "arn:aws:events:eu-west-1:444455556666:event-bus/security"
    event_patterns       = ["{\"source\":[\"aws.ec2\"]}"]
    alarm_topic_arns     = ["arn:aws:sns:us-east-1:111122223333:on-call"]
    retry_hours          = 2
  }

  assert {
    condition = alltrue([
      length(aws_cloudwatch_event_rule.this) == 1,
      aws_cloudwatch_event_rule.this[0].event_pattern == var.event_patterns[0],
      output.event_patterns == tolist(var.event_patterns),
      aws_cloudwatch_event_target.bus[0].arn == var.target_event_bus_arn,
      aws_cloudwatch_event_target.bus[0].retry_policy[0].maximum_event_age_in_seconds == 7200,
      aws_cloudwatch_metric_alarm.dead_letters[0].alarm_actions == toset(var.alarm_topic_arns),
    ])
    error_message = "what was given is not used"
  }
}

run "to_its_own_region" {
  command = plan
  variables {
    target_region = "us-east-1"
  }
  expect_failures = [aws_cloudwatch_event_rule.this]
}

run "a_bus_of_another_region_than_was_said" {
  command = plan
  variables {
    target_event_bus_arn = "arn:aws:events:eu-central-1:111122223333:event-bus/default"
  }
  expect_failures = [aws_cloudwatch_event_rule.this]
}

run "an_alarm_topic_of_another_region" {
  command = plan
  variables {
    alarm_topic_arns = ["arn:aws:sns:eu-west-1:111122223333:on-call"]
  }
  expect_failures = [aws_cloudwatch_event_rule.this]
}

run "a_source_that_is_no_list" {
  command = plan
  variables {
    event_patterns = ["{\"source\":\"aws.iam\"}"]
  }
  expect_failures = [var.event_patterns]
}

run "no_pattern" {
  command = plan
  variables {
    event_patterns = []
  }
  expect_failures = [var.event_patterns]
}

run "a_pattern_that_is_no_object" {
  command = plan
  variables {
    event_patterns = ["[]"]
  }
  expect_failures = [var.event_patterns]
}

run "a_pattern_without_a_source" {
  command = plan
  variables {
    event_patterns = ["{\"detail-type\":[\"AWS API Call via CloudTrail\"]}"]
  }
  expect_failures = [var.event_patterns]
}

run "a_pattern_that_is_too_long" {
  command = plan
  variables {
    event_patterns = [jsonencode({ source = [for i in range(200) : "aws.service-${i}"] })]
  }
  expect_failures = [var.event_patterns]
}

run "wrong_values_one_by_one" {
  command = plan
  variables {
    target_region        = "Ireland"
    target_event_bus_arn = "default"
    name                 = "a name"
    retry_hours          = 0
    alarm_topic_arns     = ["on-call"]
    event_patterns       = ["{\"source\":[\"xoxb-123456789012-123456\"]}"]

    iam_role_permissions_boundary = "boundary"
  }
  expect_failures = [
    var.target_region, var.target_event_bus_arn, var.name, var.retry_hours, var.alarm_topic_arns, var.event_patterns,
    var.iam_role_permissions_boundary,
  ]
}
