# Single events within seconds: EventBridge delivers them, best effort. When the log file arrives with the same event,
# deduplication keeps it from alerting again.

locals {
  derive_realtime         = var.enable_realtime && var.realtime_event_patterns == null
  realtime_event_patterns = !var.enable_realtime ? [] : local.derive_realtime ? local.rule_check.patterns : var.realtime_event_patterns
  # Events of these rules arrive with the log files alone.
  rules_without_event_pattern = local.derive_realtime ? local.rule_check.rules_without_event_pattern : []
}

resource "aws_cloudwatch_event_rule" "realtime" {
  count = length(local.realtime_event_patterns)

  name          = "${local.short_name}-realtime-${count.index + 1}"
  description   = "Events that the rules of ${local.given.function_name} can match, within seconds"
  event_pattern = local.realtime_event_patterns[count.index]
  tags          = local.tags

  depends_on = [aws_cloudwatch_log_group.this]
}

resource "aws_cloudwatch_event_target" "realtime" {
  count = length(local.realtime_event_patterns)

  rule      = aws_cloudwatch_event_rule.realtime[count.index].name
  target_id = "function"
  # From the queue the function takes several at a time, and can summarize a flood of them.
  arn = var.enable_sqs_queue ? aws_sqs_queue.notifications[0].arn : aws_lambda_function.this.arn

  # After an hour the log file with the event has arrived.
  retry_policy {
    maximum_event_age_in_seconds = 3600
    maximum_retry_attempts       = 185
  }

  dynamic "dead_letter_config" {
    for_each = local.create_dead_letters ? aws_sqs_queue.dead_letters[*].arn : []
    content {
      arn = dead_letter_config.value
    }
  }

  depends_on = [aws_lambda_permission.realtime, aws_sqs_queue_policy.notifications, aws_sqs_queue_policy.dead_letters]
}

resource "aws_lambda_permission" "realtime" {
  count = var.enable_realtime && !var.enable_sqs_queue ? 1 : 0

  statement_id  = "AllowExecutionFromRealtimeRules"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.this.function_name
  principal     = "events.amazonaws.com"
  # One for all of them: a function's policy has little room.
  source_arn     = "arn:${local.partition}:events:${local.region}:${local.account_id}:rule/${local.short_name}-realtime-*"
  source_account = local.account_id

  # They go with the function: where it is replaced, they are created again. An update of it leaves them as they are.
  lifecycle {
    replace_triggered_by = [aws_lambda_function.this.id]
  }
}
