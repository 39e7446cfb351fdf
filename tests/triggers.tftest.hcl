# Each way in which the function is notified of log files: what is created, and who may send to whom.

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

run "directly_from_the_bucket_by_default" {
  assert {
    condition = alltrue([
      length(aws_s3_bucket_notification.bucket_notification) == 1,
      one(aws_s3_bucket_notification.bucket_notification[0].lambda_function).filter_prefix == "AWSLogs/",
      one(aws_s3_bucket_notification.bucket_notification[0].lambda_function).filter_suffix == ".json.gz",
      one(aws_s3_bucket_notification.bucket_notification[0].lambda_function).events == toset(["s3:ObjectCreated:*", "s3:ObjectRemoved:*"]),
      length(aws_s3_bucket_notification.bucket_notification[0].topic) == 0,
      length(aws_s3_bucket_notification.bucket_notification[0].queue) == 0,
      aws_s3_bucket_notification.bucket_notification[0].eventbridge == false,
    ])
    error_message = "the bucket does not notify the function, and it alone"
  }

  assert {
    condition = alltrue([
      aws_lambda_permission.s3[0].principal == "s3.amazonaws.com",
      aws_lambda_permission.s3[0].source_arn == "arn:aws:s3:::trail-logs",
      aws_lambda_permission.s3[0].source_account == "111122223333",
      length(aws_lambda_permission.sns) + length(aws_lambda_permission.eventbridge) == 0,
    ])
    error_message = "others than this bucket may invoke the function"
  }

  assert {
    condition     = length(aws_sqs_queue.notifications) + length(aws_sns_topic.s3_notifications) + length(aws_cloudwatch_event_rule.log_files) == 0
    error_message = "more is made than is needed"
  }
}

run "through_a_topic_that_is_made" {
  variables {
    enable_s3_sns_fanout = true
  }

  assert {
    condition = alltrue([
      aws_sns_topic.s3_notifications[0].name == "cloudtrail-s3-notifications",
      output.s3_sns_fanout_topic_name == "cloudtrail-s3-notifications",
      output.s3_sns_fanout_topic_arn == aws_sns_topic.s3_notifications[0].arn,
      one(aws_s3_bucket_notification.bucket_notification[0].topic).topic_arn == aws_sns_topic.s3_notifications[0].arn,
      length(aws_s3_bucket_notification.bucket_notification[0].lambda_function) == 0,
      length(aws_lambda_permission.s3) == 0,
    ])
    error_message = "the bucket does not notify the topic, and it alone"
  }

  assert {
    condition = jsondecode(aws_sns_topic_policy.s3_notifications[0].policy).Statement[0].Condition == {
      ArnEquals    = { "aws:SourceArn" = "arn:aws:s3:::trail-logs" }
      StringEquals = { "aws:SourceAccount" = "111122223333" }
    }
    error_message = "others than this bucket may publish"
  }

  assert {
    condition = alltrue([
      aws_sns_topic_subscription.trigger["fanout"].protocol == "lambda",
      aws_sns_topic_subscription.trigger["fanout"].endpoint == aws_lambda_function.this.arn,
      aws_lambda_permission.sns["fanout"].source_arn == aws_sns_topic.s3_notifications[0].arn,
      aws_lambda_permission.sns["fanout"].principal == "sns.amazonaws.com",
    ])
    error_message = "not exactly the topic invokes the function"
  }
}

run "through_a_topic_that_is_given" {
  command = plan
  variables {
    enable_s3_sns_fanout       = true
    create_s3_sns_fanout_topic = false
    s3_sns_fanout_topic_arn    = "arn:aws:sns:eu-west-1:111122223333:given"
  }

  assert {
    condition = alltrue([
      length(aws_sns_topic.s3_notifications) + length(aws_sns_topic_policy.s3_notifications) == 0,
      one(aws_s3_bucket_notification.bucket_notification[0].topic).topic_arn == "arn:aws:sns:eu-west-1:111122223333:given",
      aws_sns_topic_subscription.trigger["fanout"].topic_arn == "arn:aws:sns:eu-west-1:111122223333:given",
      output.s3_sns_fanout_topic_arn == "arn:aws:sns:eu-west-1:111122223333:given",
      output.s3_sns_fanout_topic_name == null,
    ])
    error_message = "the topic that was given is not used"
  }
}

run "through_a_queue" {
  variables {
    enable_sqs_queue        = true
    sqs_maximum_concurrency = 3
    lambda_timeout_seconds  = 60
  }

  assert {
    condition = alltrue([
      one(aws_s3_bucket_notification.bucket_notification[0].queue).queue_arn == aws_sqs_queue.notifications[0].arn,
      length(aws_s3_bucket_notification.bucket_notification[0].lambda_function) + length(aws_lambda_permission.s3) == 0,
      aws_sqs_queue.notifications[0].visibility_timeout_seconds == 360,
      aws_sqs_queue.notifications[0].sqs_managed_sse_enabled == true,
      jsondecode(aws_sqs_queue.notifications[0].redrive_policy) == { deadLetterTargetArn = aws_sqs_queue.dead_letters[0].arn, maxReceiveCount = 5 },
    ])
    error_message = "the queue is not made as it must be"
  }

  assert {
    condition = alltrue([
      aws_lambda_event_source_mapping.queue[0].event_source_arn == aws_sqs_queue.notifications[0].arn,
      aws_lambda_event_source_mapping.queue[0].function_response_types == toset(["ReportBatchItemFailures"]),
      aws_lambda_event_source_mapping.queue[0].batch_size == 10,
      aws_lambda_event_source_mapping.queue[0].scaling_config[0].maximum_concurrency == 3,
    ])
    error_message = "the function does not take from the queue as it must"
  }

  assert {
    condition = jsonencode([for s in jsondecode(aws_sqs_queue_policy.notifications[0].policy).Statement : [s.Principal.Service, s.Condition]]) == jsonencode([["s3.amazonaws.com", {
      ArnEquals    = { "aws:SourceArn" = "arn:aws:s3:::trail-logs" }
      StringEquals = { "aws:SourceAccount" = "111122223333" }
    }]])
    error_message = "others than this bucket may send to the queue"
  }
}

run "through_a_topic_and_a_queue" {
  variables {
    enable_s3_sns_fanout = true
    enable_sqs_queue     = true
  }

  assert {
    condition = alltrue([
      aws_sns_topic_subscription.trigger["fanout"].protocol == "sqs",
      aws_sns_topic_subscription.trigger["fanout"].endpoint == aws_sqs_queue.notifications[0].arn,
      aws_sns_topic_subscription.trigger["fanout"].raw_message_delivery == false,
      length(aws_lambda_permission.sns) == 0,
      length(aws_s3_bucket_notification.bucket_notification[0].queue) == 0,
    ])
    error_message = "not exactly the topic may send to the queue"
  }

  assert {
    condition = jsonencode([for s in jsondecode(aws_sqs_queue_policy.notifications[0].policy).Statement : [s.Principal.Service, s.Condition]]) == jsonencode([
      ["sns.amazonaws.com", { ArnEquals = { "aws:SourceArn" = [aws_sns_topic.s3_notifications[0].arn] } }],
    ])
    error_message = "others than this topic may send to the queue"
  }
}

run "from_eventbridge" {
  variables {
    enable_eventbridge_trigger = true
  }

  assert {
    condition = alltrue([
      aws_s3_bucket_notification.bucket_notification[0].eventbridge == true,
      length(aws_s3_bucket_notification.bucket_notification[0].lambda_function) == 0,
      aws_cloudwatch_event_target.log_files[0].arn == aws_lambda_function.this.arn,
      aws_lambda_permission.eventbridge[0].principal == "events.amazonaws.com",
      aws_lambda_permission.eventbridge[0].source_arn == aws_cloudwatch_event_rule.log_files[0].arn,
      length(aws_lambda_permission.s3) == 0,
    ])
    error_message = "not exactly EventBridge invokes the function"
  }

  assert {
    condition = jsonencode(jsondecode(aws_cloudwatch_event_rule.log_files[0].event_pattern)) == jsonencode({
      source      = ["aws.s3"]
      detail-type = ["Object Created", "Object Deleted"]
      detail      = { bucket = { name = ["trail-logs"] }, object = { key = [{ prefix = "AWSLogs/" }] } }
    })
    error_message = "the rule takes other events: ${aws_cloudwatch_event_rule.log_files[0].event_pattern}"
  }
}

run "from_eventbridge_through_a_queue" {
  variables {
    enable_eventbridge_trigger = true
    enable_sqs_queue           = true
  }

  assert {
    condition     = aws_cloudwatch_event_target.log_files[0].arn == aws_sqs_queue.notifications[0].arn && length(aws_lambda_permission.eventbridge) == 0
    error_message = "EventBridge does not send to the queue"
  }

  assert {
    condition = jsonencode([for s in jsondecode(aws_sqs_queue_policy.notifications[0].policy).Statement : [s.Principal.Service, s.Condition]]) == jsonencode([["events.amazonaws.com", {
      ArnEquals    = { "aws:SourceArn" = [aws_cloudwatch_event_rule.log_files[0].arn] }
      StringEquals = { "aws:SourceAccount" = "111122223333" }
    }]])
    error_message = "others than this rule may send to the queue"
  }
}

run "from_cloudtrails_own_topic" {
  command = plan
  variables {
    enable_cloudtrail_sns_topic = true
    cloudtrail_sns_topic_arn    = "arn:aws:sns:eu-west-1:999988887777:trail"
  }

  assert {
    condition = alltrue([
      aws_sns_topic_subscription.trigger["cloudtrail"].topic_arn == "arn:aws:sns:eu-west-1:999988887777:trail",
      aws_lambda_permission.sns["cloudtrail"].source_arn == "arn:aws:sns:eu-west-1:999988887777:trail",
      one(aws_s3_bucket_notification.bucket_notification[0].lambda_function).events == toset(["s3:ObjectRemoved:*"]),
    ])
    error_message = "CloudTrail's topic does not notify the function, or something else does too"
  }
}

run "from_cloudtrails_own_topic_without_removals_the_bucket_is_left_alone" {
  command = plan
  variables {
    enable_cloudtrail_sns_topic    = true
    cloudtrail_sns_topic_arn       = "arn:aws:sns:eu-west-1:999988887777:trail"
    s3_removed_object_notification = false
  }

  assert {
    condition     = length(aws_s3_bucket_notification.bucket_notification) + length(aws_lambda_permission.s3) == 0
    error_message = "the bucket's notification is changed for nothing"
  }
}

run "without_managing_the_notification_the_outputs_say_what_to_set" {
  variables {
    create_bucket_notification           = false
    cloudtrail_logs_s3_bucket_account_id = "999988887777"
    cloudtrail_logs_kms_key_id           = "arn:aws:kms:eu-west-1:999988887777:key/logs"
    s3_removed_object_notification       = false
    enable_eventbridge_notifications     = true
  }

  assert {
    condition     = length(aws_s3_bucket_notification.bucket_notification) == 0 && aws_lambda_permission.s3[0].source_account == "999988887777"
    error_message = "the notification is managed, or the bucket's owner may not invoke the function"
  }

  assert {
    condition = jsondecode(output.bucket_notification_configuration) == {
      EventBridgeConfiguration = {}
      LambdaFunctionConfigurations = [{
        Id                = "cloudtrail-to-slack"
        Events            = ["s3:ObjectCreated:*"]
        LambdaFunctionArn = aws_lambda_function.this.arn
        Filter            = { Key = { FilterRules = [{ Name = "prefix", Value = "AWSLogs/" }, { Name = "suffix", Value = ".json.gz" }] } }
      }]
    }
    error_message = "the output of what to merge differs: ${output.bucket_notification_configuration}"
  }

  assert {
    condition = jsonencode([for policy in [jsondecode(output.trail_bucket_policy).Statement[0], jsondecode(output.trail_key_policy)] : [policy.Principal.AWS, policy.Action, policy.Resource]]) == jsonencode([
      [aws_iam_role.this[0].arn, ["s3:GetObject", "s3:GetObjectVersion"], "arn:aws:s3:::trail-logs/AWSLogs/*"],
      [aws_iam_role.this[0].arn, "kms:Decrypt", "*"],
    ])
    error_message = "the output of what the owner must allow differs"
  }
}
