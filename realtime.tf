# Seconds, not minutes: EventBridge brings the function single events, best effort. When the log object brings the same
# event, the ledger keeps it from being told again.

locals {
  # What the rules are made of, and nothing that is known only after apply.
  rules_config = {
    function_name     = var.function_name
    use_default_rules = var.use_default_rules
    rules             = local.rules
    events_to_track   = local.events_to_track
    disabled_rules    = var.disabled_rules
  }
  derive_realtime         = var.enable_realtime && var.realtime_event_patterns == null
  realtime_event_patterns = !var.enable_realtime ? [] : local.derive_realtime ? jsondecode(data.external.realtime_event_patterns[0].result.patterns) : var.realtime_event_patterns
  # Their other events come with the log objects alone.
  rules_left_to_log_objects = local.derive_realtime ? jsondecode(data.external.realtime_event_patterns[0].result.left) : []

  pattern_program    = "${path.module}/src/cloudtrail_to_slack_build/realtime/program.py"
  no_pattern_program = "There is no python3 where Terraform runs, and it is needed to derive event patterns from the rules. Install Python 3.9 or newer, or set realtime_event_patterns."
}

data "external" "realtime_event_patterns" {
  count = local.derive_realtime ? 1 : 0

  program = local.on_windows ? ["python", local.pattern_program] : [
    "sh", "-c", "command -v python3 >/dev/null || { echo \"$1\" >&2; exit 1; }; exec python3 \"$0\"", local.pattern_program, local.no_pattern_program,
  ]
  query = { config = jsonencode(local.rules_config) }
}

resource "aws_cloudwatch_event_rule" "realtime" {
  count = length(local.realtime_event_patterns)

  name          = "${var.function_name}-realtime-${count.index + 1}"
  description   = "Events that the rules of ${var.function_name} can match, within seconds"
  event_pattern = local.realtime_event_patterns[count.index]
  tags          = var.tags

  depends_on = [aws_cloudwatch_log_group.this]
}

resource "aws_cloudwatch_event_target" "realtime" {
  count = length(local.realtime_event_patterns)

  rule      = aws_cloudwatch_event_rule.realtime[count.index].name
  target_id = "function"
  # From the queue the function takes several at a time, and can tell a flood of them together.
  arn = var.enable_sqs_queue ? aws_sqs_queue.notifications[0].arn : aws_lambda_function.this.arn

  # An hour later the log object has brought it.
  retry_policy {
    maximum_event_age_in_seconds = 3600
    maximum_retry_attempts       = 185
  }

  depends_on = [aws_lambda_permission.realtime, aws_sqs_queue_policy.notifications]
}

resource "aws_lambda_permission" "realtime" {
  count = var.enable_realtime && !var.enable_sqs_queue ? 1 : 0

  statement_id  = "AllowExecutionFromRealtimeRules"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.this.function_name
  principal     = "events.amazonaws.com"
  # One for all of them: a function's policy has little room.
  source_arn     = "arn:${local.partition}:events:${local.region}:${local.account_id}:rule/${var.function_name}-realtime-*"
  source_account = local.account_id

  # They go with the function: where it is replaced, they are created again. An update of it leaves them as they are.
  lifecycle {
    replace_triggered_by = [aws_lambda_function.this.id]
  }
}
