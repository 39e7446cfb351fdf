# Alarms on the function itself, to the topics that are given.

locals {
  # A queue that was given is watched too; its name is the last part of its ARN.
  dead_letter_queue_names = compact(concat(
    aws_sqs_queue.dead_letters[*].name,
    local.create_dead_letter_queue || !can(regex("^arn:[a-z-]+:sqs:", var.dead_letter_target_arn)) ? [] : [element(split(":", var.dead_letter_target_arn), 5)],
  ))

  alarms = merge(
    {
      errors = {
        description = "An invocation of ${var.function_name} failed: something was not told. Its log says what; Lambda tries it again."
        namespace   = "AWS/Lambda", metric = "Errors", dimensions = { FunctionName = var.function_name }
      }
      throttles = {
        description = "Lambda refused to run ${var.function_name}: the account's or the function's concurrency is used up, and alerts are late."
        namespace   = "AWS/Lambda", metric = "Throttles", dimensions = { FunctionName = var.function_name }
      }
      undelivered = {
        description = "An alert did not reach a destination it is routed to. The log of ${var.function_name} says which and why."
        namespace   = "CloudTrailToSlack", metric = "AlertsUndelivered", dimensions = { FunctionName = var.function_name }
      }
      rules-unusable = {
        description = "Rules of ${var.function_name} cannot be used as they are written: they are left out, or evaluated without what is wrong in them. Slack and the log say which and why; correct them and apply."
        namespace   = "CloudTrailToSlack", metric = "RulesUnusable", dimensions = { FunctionName = var.function_name }
      }
    },
    { for i, name in local.dead_letter_queue_names : i == 0 ? "dead-letters" : "dead-letters-${i}" => {
      description = "Work was given up and is kept in the queue ${name}: mend the cause, then send its messages again."
      namespace   = "AWS/SQS", metric = "ApproximateNumberOfMessagesVisible", dimensions = { QueueName = name }
    } },
  )
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = length(var.alarm_topic_arns) == 0 ? {} : local.alarms

  alarm_name          = "${var.function_name}-${each.key}"
  alarm_description   = each.value.description
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = each.value.namespace == "AWS/SQS" ? "Maximum" : "Sum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  period              = 300
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
  ok_actions          = var.alarm_topic_arns
  tags                = var.tags

  depends_on = [aws_cloudwatch_log_group.this]
}

# Trail stopped, notification overwritten, key forbidden: whatever the cause, no log object comes any more.
resource "aws_cloudwatch_metric_alarm" "silence" {
  count = length(var.alarm_topic_arns) > 0 && var.alarm_silence_hours > 0 ? 1 : 0

  alarm_name          = "${var.function_name}-silence"
  alarm_description   = "${var.function_name} has read no log object for ${var.alarm_silence_hours} hours: is the trail on, and does the bucket still tell of its objects?"
  namespace           = "CloudTrailToSlack"
  metric_name         = "ObjectsRead"
  dimensions          = { FunctionName = var.function_name }
  statistic           = "Sum"
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  period              = 3600
  evaluation_periods  = var.alarm_silence_hours
  treat_missing_data  = "breaching"
  alarm_actions       = var.alarm_topic_arns
  ok_actions          = var.alarm_topic_arns
  tags                = var.tags

  depends_on = [aws_cloudwatch_log_group.this]
}
